"""What webhooks tell goes into the cache: whole objects take the place of older ones, parts go into the lists they
belong to, and what can't be put in order only invalidates.

A payload is a hint like any other: it may be late, doubled, out of order, of another version of GitHub, or forged by
who knows the secret. So each part is decoded for itself and counts only if it has all that the answer would have; what
it changes is only what this very installation reads; and a decision to merge reads afresh and never looks at it.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

import msgspec
from cachetools import LRUCache

from services.core.clock import Clock
from services.errors import NotFound
from services.github import places, shapes
from services.github.cache import Cache
from services.github.exchange import Identity
from services.github.reads import Reads

Part = TypeVar("Part")
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

NOTHING = msgspec.Raw()
JUST = timedelta(seconds=60)
"""So young a pull request that nobody has reviewed it, as far as no webhook has said so."""
NEW = timedelta(minutes=5)
"""So soon after it was made a commit is pushed that was nowhere else before."""
FINAL = "DISMISSED"
MANY_HEADS = 10_000
"""Branches of pull requests that are remembered, of all repositories."""

Branches = LRUCache[tuple[str, str], int]
"""The pull request that was last told of, by repository and branch."""


class _Pull(shapes.PullShape, frozen=True, kw_only=True):
    head: shapes.End
    base: shapes.End
    state: str
    updated_at: Moment


class _Issue(shapes.IssueShape, frozen=True, kw_only=True):
    state: str
    updated_at: Moment


class _Comment(shapes.CommentShape, frozen=True, kw_only=True):
    user: shapes.Account
    created_at: Moment
    updated_at: Moment


class _Review(shapes.ReviewShape, frozen=True, kw_only=True):
    state: str
    user: shapes.Account
    commit_id: str | None
    submitted_at: Moment | None = None


class _End(msgspec.Struct, frozen=True):
    sha: str = ""


class _Head(msgspec.Struct, frozen=True):
    number: int = 0
    head: _End | None = None


class _Check(shapes.CheckShape, frozen=True, kw_only=True):
    app: shapes.App
    status: str
    head_sha: str
    pull_requests: list[_Head] = msgspec.field(default_factory=list)


class _Suite(msgspec.Struct, frozen=True, kw_only=True):
    head_sha: str
    status: str | None = None
    app: shapes.App


class _Status(shapes.StatusShape, frozen=True, kw_only=True):
    context: str
    state: str
    sha: str


class _Tip(msgspec.Struct, frozen=True):
    id: str = ""
    distinct: bool = False
    timestamp: Moment | None = None


class _Push(msgspec.Struct, kw_only=True):
    ref: str
    before: str
    after: str
    deleted: bool = False
    head: _Tip | None = None
    pushed_at: Annotated[int, msgspec.Meta(ge=0, le=2**35)] | Moment

    @property
    def at(self) -> datetime:
        """By GitHub's clock, which tells it now as a number and now as a time."""
        return datetime.fromtimestamp(self.pushed_at, UTC) if isinstance(self.pushed_at, int) else self.pushed_at


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a payload that answers are made of, each as its own JSON; `installation` is whose webhook it was."""

    event: str
    action: str = ""
    installation: str = ""
    pull: msgspec.Raw = NOTHING
    issue: msgspec.Raw = NOTHING
    comment: msgspec.Raw = NOTHING
    review: msgspec.Raw = NOTHING
    check: msgspec.Raw = NOTHING
    suite: msgspec.Raw = NOTHING
    status: msgspec.Raw = NOTHING
    push: msgspec.Raw = NOTHING


class Hearing:
    """Listens in the name of one App."""

    def __init__(self, cache: Cache, reads: Reads, clock: Clock) -> None:
        self._cache = cache
        self._reads = reads
        self._clock = clock
        self._branches: Branches = LRUCache(MANY_HEADS)

    def hear(self, repo: str, told: bytes) -> set[str]:
        """Take over what is told about this repository; the subjects that need not be invalidated any more."""
        found = _decoded(told, Told)
        try:
            who = self._reads.known_reader(repo) if found is not None else None
        except NotFound:
            return set()
        if found is None or who is None or who.installation != found.installation:
            return set()
        ear = _Ear(self._cache, self._clock, repo, who, found, self._branches)
        ear.suite()
        return set(ear.pull()) | set(ear.issue()) | set(ear.lists()) | set(ear.branch())


class _Ear:
    """One webhook, one repository, one reader. Each method yields the subjects it has answered for."""

    def __init__(self, cache: Cache, clock: Clock, repo: str, who: Identity, told: Told, branches: Branches) -> None:
        self._cache = cache
        self._branches = branches
        self._now = clock.now()
        self._repo = repo
        self._who = who
        self._told = told

    def pull(self) -> Iterable[str]:
        """The pull request of an event about it or about a review of it."""
        told = _decoded(self._told.pull, _Pull)
        if told is None or not told.head.sha or not told.base.ref:
            return
        if told.state == "open" and not told.is_from_fork:  # of these at most one has that branch
            self._branches[self._repo.lower(), told.head.ref] = told.number
        read = places.pull(self._who, self._repo, told.number)
        before = self._cache.known(read)
        if before is None or (before.head.sha, before.base.ref) != (told.head.sha, told.base.ref):
            self._cache.invalidate(self._repo, f"files:{told.number}")
        if self._cache.prime(read, _body(told), told.updated_at):
            yield read.subject
        if self._told.event == "pull_request" and self._told.action == "opened":
            self._no_reviews_yet(told)

    def _no_reviews_yet(self, told: _Pull) -> None:
        """A pull request that was opened just now has no reviews, unless a webhook about one was faster."""
        read = places.reviews(self._who, self._repo, told.number)
        if self._now - told.updated_at <= JUST and self._cache.is_news(read):
            self._cache.prime(read, b"[]", told.updated_at)

    def issue(self) -> Iterable[str]:
        """The issue of an event about it or about a comment on it, which counts as an update."""
        told = _decoded(self._told.issue, _Issue)
        if told is None or (self._told.event == "issues" and self._told.action in {"deleted", "transferred"}):
            return
        read = places.issue(self._who, self._repo, told.number)
        if self._cache.prime(read, _body(told), told.updated_at):
            yield read.subject
        if told.pull_request is not None:
            self._compare(told)
        comment = _decoded(self._told.comment, _Comment)
        if comment is not None and self._told.action in {"created", "edited"}:
            into = places.comments(self._who, self._repo, told.number)
            if self._cache.patch(into, lambda held, asof: _with_comment(held, asof, comment)):
                yield into.subject

    def _compare(self, told: _Issue) -> None:
        """A comment's issue is a pull request: what we hold of that is in doubt if they differ."""
        read = places.pull(self._who, self._repo, told.number)
        held = self._cache.known(read)
        if held is not None:
            one, other = held.info(), told.info()
            if (one.title, one.body, one.state, one.labels) != (other.title, other.body, other.state, other.labels):
                self._cache.invalidate(self._repo, read.subject)

    def lists(self) -> Iterable[str]:
        """A review, a check run or a status goes into the list it belongs to."""
        review, about = _decoded(self._told.review, _Review), _decoded(self._told.pull, _Head)
        if review is not None and about is not None and about.number:
            into = places.reviews(self._who, self._repo, about.number)
            if self._cache.patch(into, lambda held, _: _with_review(held, review)):
                yield into.subject
        check = _decoded(self._told.check, _Check)
        if check is not None and check.head_sha:
            runs = places.check_runs(self._who, self._repo, check.head_sha)
            is_new = self._told.action == "created"
            if self._cache.patch(runs, lambda held, _: _with_check(held, check, is_new=is_new)):
                yield runs.subject
            self._heads(check.pull_requests)
        status = _decoded(self._told.status, _Status)
        if status is not None and status.sha:
            statuses = places.statuses(self._who, self._repo, status.sha)
            if self._cache.patch(statuses, lambda held, _: _with_status(held, status)):
                yield statuses.subject

    def suite(self) -> None:
        """The runs of a suite are told one by one; when it is over, so are they all, or we have missed something."""
        told = _decoded(self._told.suite, _Suite)
        if told is None or not told.head_sha:
            return
        runs = places.check_runs(self._who, self._repo, told.head_sha)
        held = self._cache.known(runs)
        theirs = [run for run in held.check_runs if _app(run) == told.app.id] if held is not None else []
        unsaid = not theirs or any(run.status != "completed" for run in theirs)
        if self._told.action == "rerequested" or (self._told.action == "completed" and unsaid):
            self._cache.invalidate(self._repo, runs.subject)

    def _heads(self, told: Iterable[_Head]) -> None:
        """A check names the pull requests whose head it is on: who holds another head has missed something."""
        for each in told:
            held = self._cache.known(places.pull(self._who, self._repo, each.number)) if each.number else None
            if held is not None and each.head is not None and each.head.sha and held.head.sha != each.head.sha:
                self._cache.invalidate(self._repo, f"pull:{each.number}")
                self._cache.invalidate(self._repo, f"files:{each.number}")

    def branch(self) -> Iterable[str]:
        """A push moves a branch on from where we know it to be."""
        told = _decoded(self._told.push, _Push)
        if told is None or told.deleted or not told.ref.startswith("refs/heads/"):
            return
        self._no_checks_yet(told)
        self._head_moved(told)
        read = places.branch(self._who, self._repo, told.ref.removeprefix("refs/heads/"))
        if self._cache.patch(read, lambda held, asof: _moved(held, asof, told), version=told.at):
            yield read.subject

    def _head_moved(self, told: _Push) -> None:
        """A push onto the head of a pull request: until that is told too, what we hold of it is as it was before."""
        number = self._branches.get((self._repo.lower(), told.ref.removeprefix("refs/heads/")))
        held = self._cache.known(places.pull(self._who, self._repo, number)) if number is not None else None
        if held is not None and held.head.sha == told.before != told.after:
            self._cache.invalidate(self._repo, f"pull:{number}")
            self._cache.invalidate(self._repo, f"files:{number}")

    def _no_checks_yet(self, told: _Push) -> None:
        """A commit made just now that was nowhere before has no checks, unless a webhook about one was faster."""
        head = told.head
        if head is None or not head.distinct or head.id != told.after or head.timestamp is None:
            return
        if abs(told.at - head.timestamp) > NEW or self._now - told.at > JUST:
            return
        runs = places.check_runs(self._who, self._repo, told.after)
        statuses = places.statuses(self._who, self._repo, told.after)
        if self._cache.is_news(runs):
            self._cache.prime(runs, msgspec.json.encode(shapes.CheckList()), told.at)
        if self._cache.is_news(statuses):
            self._cache.prime(statuses, msgspec.json.encode(shapes.StatusList()), told.at)


def _with_comment(held: list[shapes.CommentShape], asof: datetime | None, told: _Comment) -> bytes | None:
    """None for one that was not there when the list was read, though it had been made by then: it may be gone again."""
    known = next((comment for comment in held if comment.id == told.id), None)
    new = shapes.CommentShape(told.id, told.body, told.user, told.updated_at)
    if known is None:
        return _put(held, new) if asof is not None and told.created_at > asof else None
    if known == new:
        return b""
    if known.updated_at is None or known.updated_at.tzinfo is None or known.updated_at == told.updated_at:
        return None
    return _put(held, new) if known.updated_at < told.updated_at else b""


def _with_review(held: list[shapes.ReviewShape], told: _Review) -> bytes | None:
    """Reviews stay, and what was dismissed stays dismissed."""
    fields = {name: getattr(told, name) for name in shapes.ReviewShape.__struct_fields__}
    new = shapes.ReviewShape(**fields | {"state": told.state.upper()})
    known = next((review for review in held if review.id == told.id), None)
    if known is None or known.state.upper() == "PENDING":
        return _put(held, new)
    if known == new or known.state.upper() == FINAL:
        return b""
    return _put(held, new) if new.state == FINAL else None


def _with_check(held: shapes.CheckList, told: _Check, *, is_new: bool) -> bytes | None:
    """The list has the newest run of each name and App; a run goes on from queued to completed, or begins anew."""
    fields = {name: getattr(told, name) for name in shapes.CheckShape.__struct_fields__}
    new, runs = shapes.CheckShape(**fields), held.check_runs
    twins = [run for run in runs if (run.name, _app(run)) == (told.name, told.app.id)]
    known = next((run for run in runs if run.id == told.id), None)
    if any(run.id > told.id for run in twins) or known == new:
        return b""
    if known is None:
        kept = [run for run in runs if run not in twins]
        return msgspec.json.encode(shapes.CheckList(_by_id([*kept, new])))
    if is_new:  # whatever it has become since
        return b""
    forward = _rank(new) > _rank(known) or (_rank(new) == _rank(known) and _later(new, known))
    return msgspec.json.encode(shapes.CheckList(_put_items(runs, new))) if forward else None


def _rank(run: shapes.CheckShape) -> int:
    return {"completed": 2, "in_progress": 1}.get(run.status, 0)


def _later(one: shapes.CheckShape, other: shapes.CheckShape) -> bool:
    return None not in {one.completed_at, other.completed_at} and str(one.completed_at) > str(other.completed_at)


def _app(run: shapes.CheckShape) -> int:
    return run.app.id if run.app is not None else 0


def _with_status(held: shapes.StatusList, told: _Status) -> bytes | None:
    """The list has the newest status of each context, and statuses never change."""
    known = next((status for status in held.statuses if status.context == told.context), None)
    if known is not None and known.id < 0:
        return None  # it came without a number, so nobody can say which is newer
    if known is not None and known.id >= told.id:
        return b""
    new = shapes.StatusShape(told.id, told.context, told.state, told.target_url)
    kept = [status for status in held.statuses if status.context != told.context]
    return msgspec.json.encode(shapes.StatusList(_by_id([*kept, new])))


def _moved(held: shapes.Ref, asof: datetime | None, told: _Push) -> bytes | None:
    """None for a push that may be older than what is held."""
    if held.object.sha == told.after:
        return b""
    if asof is None or held.object.sha != told.before or told.at <= asof:
        return None
    return msgspec.json.encode({"ref": told.ref, "object": {"sha": told.after}})


def _put(held: list[Any], new: Any) -> bytes:
    return msgspec.json.encode(_put_items(held, new))


def _put_items(held: list[Any], new: Any) -> list[Any]:
    return _by_id([*(each for each in held if each.id != new.id), new])


def _by_id(items: list[Any]) -> list[Any]:
    by_id: Callable[[Any], int] = lambda each: each.id  # noqa: E731
    return sorted(items, key=by_id)


def _body(told: msgspec.Struct) -> bytes:
    return msgspec.json.encode(told)


def _decoded(part: msgspec.Raw | bytes, kind: type[Part]) -> Part | None:
    """A part of a payload, if it has what the answer would have."""
    if part == NOTHING:  # most parts of most payloads
        return None
    try:
        return msgspec.json.decode(part, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
