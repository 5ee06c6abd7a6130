"""Agents' programs that are none: each asks its model as the real one does, tries to get out, and prints what the real
one prints.
"""

import os
from pathlib import Path

BODY = r"""#!/usr/bin/env python3
import json, os, socket, sys, urllib.error, urllib.request

NAME, PATH, WANTED, PRINTS = {name!r}, {path!r}, {wanted!r}, {prints!r}

def base():
    found = [value for name, value in os.environ.items() if "URL" in name or "API_BASE" in name]
    found += [os.environ.get("OPENCODE_CONFIG_CONTENT", "")] + sys.argv
    for each in found:
        if "http://127.0.0.1:" in each:
            return "http://127.0.0.1:" + each.split("http://127.0.0.1:")[1].split("/")[0].split('"')[0]

def ask(path, body, method="POST"):
    data = json.dumps(body).encode()
    request = urllib.request.Request(base() + path, data, {{"content-type": "application/json"}}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)

def reaches(host, port):
    try:
        socket.create_connection((host, port), timeout=2).close()
        return True
    except OSError:
        return False

def reads(path):
    try:
        return open(path).read()[:200]
    except OSError:
        return ""

said = dict(argv=sys.argv[1:], env=dict(os.environ))
said["answers"] = [ask(PATH, {{"model": WANTED, "max_tokens": 100}}) for _ in range({times})]
said["other model"] = ask(PATH.replace(WANTED, "another"), {{"model": "another"}})[0]
said["searches"] = ask(PATH, {{"model": WANTED, "tools": [{{"type": "web_search_20250305", "name": "web_search"}}]}})[0]
said["other path"] = ask("/v1/files", {{"model": WANTED}})[0]
said["absolute"] = ask("//evil.example/v1/messages", {{"model": WANTED}})[0]
said["read"] = ask("/v1/models", {{}}, "GET")[0]
said["direct"] = reaches("127.0.0.1", {port})
said["files"] = [each for each in {secrets!r} if reads(each)]
json.dump(said, open("said.json", "w"))
print(PRINTS)
"""


def fake(
    folder: Path,
    name: str,
    *,
    path: str,
    model: str,
    prints: str,
    port: int = 1,
    secrets: tuple[str, ...] = (),
    times: int = 1,
) -> None:
    """Put a program of that name into a folder that the box can see."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    program = folder / name
    text = BODY.format(name=name, path=path, wanted=model, prints=prints, port=port, secrets=secrets, times=times)
    program.write_text(text)
    program.chmod(0o755)
    assert os.access(program, os.X_OK)
