"""One request on its way through an endpoint: parameters, body, caller, and the lookups every endpoint needs.

Lookups answer GitHub's way: what the caller may not see is 404, an old name is 301, a missing permission is 403.
"""

from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

import msgspec

from services.sandbox import auth
from services.sandbox.clock import stamp
from services.sandbox.kernel import Json, Problem, Request, Response, Route, invalid, moved, not_found, read_json
from services.sandbox.state import Issue, Repo, State

if TYPE_CHECKING:
    from services.sandbox.repositories import Repositories
    from services.sandbox.sandbox import Sandbox

T = TypeVar("T")


class Call:
    """`params` from the path, `query`, `who` is calling.

    `base` is what URLs in the answer begin with (with /api/v3 if it was called so).
    """

    def __init__(
        self,
        sandbox: "Sandbox",
        request: Request,
        route: Route,
        params: dict[str, str],
        query: dict[str, str],
        who: auth.Principal,
    ) -> None:
        self.sandbox = sandbox
        self.request = request
        self.route = route
        self.params = params
        self.query = query
        self.who = who
        self.base = request.base + ("/api/v3" if request.path.startswith("/api/v3") else "")
        self._body: dict[str, Json] | None = None
        self._page_headers: dict[str, str] = {}

    @property
    def state(self) -> State:
        return self.sandbox.state

    @property
    def git(self) -> "Repositories":
        return self.sandbox.git

    @property
    def now(self) -> str:
        return stamp(self.sandbox.now())

    @property
    def actor(self) -> str:
        """The login things are done as: a person's, or `slug[bot]` for an installation."""
        return self.sandbox.login_of(self.who)

    @property
    def app_id(self) -> int:
        """The calling App's id, 0 for a person."""
        if self.who.app is not None:
            return self.who.app.id
        return self.who.installation.app_id if self.who.installation is not None else 0

    @property
    def body(self) -> dict[str, Json]:
        if self._body is None:
            self._body = read_json(self.request.body)
        return self._body

    def text(self, field: str, *, required: bool = False, resource: str = "Issue", limit: int = 65_536) -> str | None:
        """A string of the body; 422 when it has another type, is missing though required, or too long."""
        value = self.body.get(field)
        if value is None:
            if required:
                raise invalid(resource, field, "missing_field")
            return None
        if not isinstance(value, str):
            raise Problem(422, f"Invalid request.\n\nFor 'properties/{field}', {value!r} is not a string.")
        if len(value) > limit:
            raise invalid(resource, field, "custom", f"{field} is too long (maximum is {limit} characters)")
        return value

    def shaped(self, kind: type[T]) -> T:
        """The body as a msgspec Struct; 422 in words when a field has another type or is missing."""
        try:
            return msgspec.convert(self.body, kind)
        except msgspec.ValidationError as error:
            raise Problem(422, f"Invalid request.\n\n{error}") from None

    def repo(self, need: str = "") -> Repo:
        """The repository of the path, with the permission the route (or `need`) asks for."""
        full = f"{self.params['owner']}/{self.params['repo']}".lower()
        found = self.sandbox.repo_named(full)
        if found is None or not auth.can_see(self.state, self.who, found):
            raise not_found()
        if found.full_name.lower() != full:
            below, _, query = self.request.path.partition("?")
            tail = "/".join(below.removeprefix("/api/v3").split("/")[4:])
            place = (
                f"{self.base}/repositories/{found.id}" + (f"/{tail}" if tail else "") + (f"?{query}" if query else "")
            )
            raise moved(301 if self.request.method in {"GET", "HEAD"} else 307, place)
        wanted = need or (self.route.need if ":" in self.route.need else "metadata:read")
        if wanted != "metadata:read":
            auth.check(self.state, self.who, found, wanted)
        if found.archived and wanted.endswith((":write", ":admin")):
            raise Problem(403, "Repository was archived so is read-only.")
        return found

    def role(self, repo: Repo) -> int:
        """The caller's rank on a repository; an installation ranks as write."""
        return auth.rank_of(self.state, self.who, repo)

    def require(self, repo: Repo, role: str, message: str = "Must have admin rights to Repository.") -> None:
        if self.role(repo) < auth.rank(role):
            raise Problem(403, message)

    def issue(self, repo: Repo, param: str = "issue_number") -> Issue:
        """The issue (or pull request) of the path by its number; 410 when deleted, 301 when transferred."""
        found = self.sandbox.issue_numbered(repo, self.number(param))
        if found is None:
            raise not_found()
        if found.deleted:
            raise Problem(410, "This issue was deleted")
        if found.transferred_to:
            new = self.state.issues[found.transferred_to]
            target = self.state.repos[new.repo_id]
            raise Problem(
                301,
                "Moved Permanently",
                headers={"location": f"{self.base}/repositories/{target.id}/issues/{new.number}"},
            )
        return found

    def pull(self, repo: Repo, param: str = "pull_number") -> Issue:
        found = self.issue(repo, param)
        if found.pull is None:
            raise not_found()
        return found

    def number(self, param: str) -> int:
        """An integer of the path; anything else is a 404, as on GitHub."""
        try:
            return int(self.params[param])
        except ValueError:
            raise not_found() from None

    def page(self, rows: list[Json], *, default: int = 30) -> list[Json]:
        """The asked-for page of a list; the Link header is added to the answer.

        Rows may be records: render only what this returns.
        """
        size = max(1, min(_integer(self.query.get("per_page"), default), 100))
        page = max(1, _integer(self.query.get("page"), 1))
        last = max(1, -(-len(rows) // size))
        links = []
        if page > 1:
            links += [self._link(page - 1, "prev"), self._link(1, "first")]
        if page < last:
            links += [self._link(page + 1, "next"), self._link(last, "last")]
        if links:
            self._page_headers["link"] = ", ".join(links)
        return rows[(page - 1) * size : page * size]

    def link_cursor(self, cursor: str, name: str = "cursor") -> None:
        """The Link header of lists that are paged by cursor."""
        query = urlencode({**self.query, name: cursor})
        self._page_headers["link"] = f'<{self.request.base}{self.request.path.partition("?")[0]}?{query}>; rel="next"'

    def _link(self, page: int, rel: str) -> str:
        query = urlencode({**self.query, "page": str(page)})
        path = self.request.path.partition("?")[0]
        return f'<{self.request.base}{path}?{query}>; rel="{rel}"'

    def finish(self, result: Json) -> Response:
        """What an endpoint returned, as a Response with this call's extra headers."""
        response = result if isinstance(result, Response) else Response(json=result)
        response.headers.update(self._page_headers)
        return response


def _integer(text: str | None, default: int) -> int:
    try:
        return int(text) if text else default
    except ValueError:
        return default
