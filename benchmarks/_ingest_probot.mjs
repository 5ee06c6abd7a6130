// Probot with an empty handler: the peer of `ingest`. Arguments: secret, port, a file with a private key, perhaps an
// address of an API, which it asks once who it is.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
const require = createRequire(`${process.cwd()}/`);
const { Probot, Server } = await import(pathToFileURL(require.resolve("probot")));
const [secret, port, key, api] = process.argv.slice(2);
const server = new Server({
  port: Number(port),
  host: "127.0.0.1",
  webhookPath: "/webhook",
  Probot: Probot.defaults({ appId: 1, privateKey: readFileSync(key, "utf8"), secret, logLevel: "warn", baseUrl: api }),
});
await server.load((app) => {
  app.on("issue_comment.created", async () => {});
  if (api) app.auth().then((octokit) => octokit.request("GET /app"));
});
await server.start();
