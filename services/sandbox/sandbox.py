"""The sandbox itself: state, git, clock and faults together, and the way of one request through them.

Order: fault -> credential -> rate limit -> route -> endpoint -> ETag. All of it is synchronous and without sockets.
"""

import hashlib
import random
from collections.abc import Callable, Mapping

from services.sandbox import auth, checks, rest
from services.sandbox.call import Call
from services.sandbox.clock import Now, system_now
from services.sandbox.faults import Faults
from services.sandbox.git_values import GitError
from services.sandbox.kernel import Json, Problem, Request, Response, match, split_path
from services.sandbox.limits import Limits
from services.sandbox.repositories import Repositories
from services.sandbox.state import Issue, Repo, State

rest.load()

JSON = "application/json; charset=utf-8"


class Sandbox:
    """GitHub without sockets.

    `git` keeps the objects, on disk (git.py) or in memory (git_memory.py); `now` is the clock and `seed` all chance:
    with a store in memory every answer and webhook is a function of these and of what was asked before. `public_url`
    begins the URLs in webhooks, where there is no caller to name a host.
    """

    def __init__(
        self,
        git: Repositories,
        *,
        state: State | None = None,
        now: Now = system_now,
        public_url: str = "http://127.0.0.1",
        seed: int = 0,
    ) -> None:
        self.state = state or State()
        self.git = git
        self.now = now
        self.public_url = public_url
        self.faults = Faults(seed)
        self.limits = Limits()
        self.on_event: list[Callable[[], None]] = []  # told when something waits in the outgoing queue
        self.on_jobs: list[Callable[[], None]] = []  # told when Actions has something to run or to stop
        self.odd_etags = False  # ETags by another formula than GitHub's: who computes them must notice
        self.copilots: dict[int, Callable[[Issue, str], Mapping[str, str | None] | None]] = {}  # by repository id
        self.counts: dict[str, int] = {}  # requests answered, by "METHOD template"
        checks.ensure_actions_app(self.state)
        self.proofs: dict[str, tuple[int, str, Json]] = {}  # App JWT with a good signature -> App, its key, claims
        self._names: dict[str, int] = {}  # owner/name in lower case -> repository id
        self._numbers: dict[tuple[int, int], int] = {}  # (repository id, number) -> issue id
        self._random = random.Random(f"{seed} {self.state.next_id}")  # noqa: S311 - a simulation must be able to repeat it
        self.link_key = hashlib.sha256(f"links {seed}".encode()).digest()  # signs the links to logs

    def handle(self, request: Request) -> Response:
        """Answer one API request. Never raises for what a client sent."""
        path, query = split_path(request.path)
        who = auth.Principal()
        now = self.now()
        try:
            if (fault := self.faults.before(request)) is not None:
                fault.headers.setdefault("content-type", JSON)
                return fault
            who = auth.identify(self, request.headers.get("authorization"))
            self.limits.spend(who, now, path)
            response = self._answer(request, path, query, who)
        except Problem as problem:
            response = problem.response()
        except GitError as error:
            response = Problem(
                422, f"Reference update failed: {error}" if "ref" in str(error) else "Invalid object"
            ).response()
        response.headers.update(self.limits.headers(who, now, path))
        response.headers.setdefault("content-type", JSON)
        response.headers["x-github-media-type"] = "github.v3; format=json"
        return self.faults.after(request, response)

    def _answer(self, request: Request, path: str, query: dict[str, str], who: auth.Principal) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        route, params = match(method, self._by_name(path))
        name = f"{route.method} {route.template}"
        self.counts[name] = self.counts.get(name, 0) + 1
        if route.need == "jwt" and who.app is None:
            raise Problem(401, "A JSON web token could not be decoded")
        if (
            route.need
            and route.need != "jwt"
            and who.is_anonymous
            and not (route.method == "GET" and route.need.endswith(":read"))
        ):
            raise Problem(401, "Requires authentication")
        call = Call(self, request, route, params, query, who)
        response = call.finish(route.run(call))
        return self._conditional(request, response, who) if request.method == "GET" else response

    def _by_name(self, path: str) -> str:
        """`/repositories/<id>/...`, where redirects lead, is the repository under its name now."""
        _, top, number, *rest = [*path.split("/"), "", ""] if path.count("/") < 2 else path.split("/")
        if top != "repositories" or not number.isdigit() or not rest:
            return path
        repo = self.state.repos.get(int(number))
        return "/".join(["", "repos", repo.full_name, *rest]) if repo is not None else path

    def _conditional(self, request: Request, response: Response, who: auth.Principal) -> Response:
        """ETags depend on the credential, as GitHub's do; a match is a 304 that costs nothing of the primary limit."""
        if response.status != 200:
            return response
        digest = hashlib.sha256()
        for name in ("accept", "authorization", "cookie"):
            if name in request.headers:
                digest.update(request.headers[name].encode() + b":")
        digest.update(response.encoded())
        if self.odd_etags:
            digest.update(b"made otherwise")
        tag = f'"{digest.hexdigest()}"'
        response.headers["etag"] = f"W/{tag}"
        asked = [item.strip().removeprefix("W/") for item in request.headers.get("if-none-match", "").split(",")]
        if tag in asked:
            self.limits.refund(who, split_path(request.path)[0])
            return Response(status=304, headers=dict(response.headers))
        return response

    # Lookups and acts that several endpoints, the git server and the Actions runner share.

    def login_of(self, who: auth.Principal) -> str:
        """Whom things are done as: a person, or `slug[bot]` for an installation."""
        if who.installation is not None:
            return f"{self.state.apps[who.installation.app_id].slug}[bot]"
        return who.login

    def repo_named(self, full_name: str) -> Repo | None:
        """A repository by owner/name (any case), also by a name it had before."""
        wanted = full_name.lower()
        known = self.state.repos.get(self._names.get(wanted, 0))
        if known is not None and known.full_name.lower() == wanted:
            return known
        for repo in self.state.repos.values():
            if repo.full_name.lower() == wanted:
                self._names[wanted] = repo.id
                return repo
        return next((repo for repo in self.state.repos.values() if wanted in repo.old_names), None)

    def issue_numbered(self, repo: Repo, number: int) -> Issue | None:
        """An issue or pull request by its number; found once, it is found at once."""
        known = self.state.issues.get(self._numbers.get((repo.id, number), 0))
        if known is not None and (known.repo_id, known.number) == (repo.id, number):
            return known
        for issue in reversed(self.state.issues.values()):
            if self._numbers.get((issue.repo_id, issue.number)) == issue.id:
                break
            self._numbers[issue.repo_id, issue.number] = issue.id
        return self.state.issues.get(self._numbers.get((repo.id, number), 0))

    def emit(self, event: str, action: str | None, repo: Repo | None, sender: str, **extra: Json) -> None:
        """Queue a webhook for every App and hook that subscribed; `extra` are the event's own keys, rendered."""
        from services.sandbox import events

        if events.queue(self, event, action, repo, sender, extra):
            self.tell()

    def tell(self) -> None:
        """Wake whoever sends webhooks."""
        for wake in self.on_event:
            wake()

    def draw(self, bits: int) -> int:
        """Chance, from the sandbox's seed: GUIDs and tokens."""
        return self._random.getrandbits(bits)
