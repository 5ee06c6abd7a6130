"""Plans as they were last read, what was approved of them, and the one comment kept up to date on each issue.

Approval is stored as the hash it was given for; an edit changes the hash, so the approval is void without anybody
having to remember to take it back.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec

from services.core.clock import to_text
from services.core.plan import Parsed, Plan
from services.store.db import Connection, Database
from services.store.decoded import parsed_of
from services.store.news import EVENT, ring

ANSWERS_KEPT = 5


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """One person's word for one text of a plan."""

    hash: str
    by: str
    at: str


class PlanRow(msgspec.Struct, frozen=True, kw_only=True):
    """One plan issue. `hash` is "" while its text has errors; `approved_hash` is what was approved, which may be older.

    `changed_at` is when the hash was last seen to change, by GitHub's clock, which also dates the comments: an approval
    written before that was for another text. `file`: where in the repository the text stands, "" for the issue itself.
    `draft`: the model's draft that the text is, 0 for none, and `asked_by`: who asked for it.
    `related`: keys of the issues it was made of, only where it was just read.
    """

    id: str
    repo: str
    number: int
    title: str
    hash: str
    parsed: Parsed
    author: str
    issue_id: str
    approved_hash: str = ""
    approved_by: str = ""
    approved_at: str = ""
    changed_at: str = ""
    edits: int = 0
    approvals: tuple[Approval, ...] = ()
    file: str = ""
    draft: int = 0
    asked_by: str = ""
    related: tuple[str, ...] = ()

    @property
    def approvers(self) -> tuple[str, ...]:
        """Who has approved the text as it stands, oldest first; whether they are enough is another question."""
        return tuple(each.by for each in self.approvals if each.hash == self.hash)

    @property
    def is_approved(self) -> bool:
        return bool(self.hash) and self.hash == self.approved_hash


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to a command, as Markdown of ours."""

    to: str
    command: str
    text: str


class Sticky(msgspec.Struct, frozen=True, kw_only=True):
    """The comment the bot keeps on one issue or pull request; `comment_id` is "" until it exists.

    `wanted` counts the changes it has to show, `shown` how many it does: what is behind after a crash is caught up.
    """

    repo: str
    number: int
    comment_id: str = ""
    body_hash: str = ""
    answers: tuple[Answer, ...] = ()
    wanted: int = 0
    shown: int = 0


def want(c: Connection, repo: str, number: int) -> None:
    """Part of a transaction that changes what the sticky comment has to show."""
    c.execute(
        "INSERT INTO sticky (repo, number, comment_id, body_hash, answers, wanted) VALUES (?,?,'','',?,1)"
        " ON CONFLICT (repo, number) DO UPDATE SET wanted = sticky.wanted + 1",
        (repo, number, b"[]"),
    )


def add_answer(c: Connection, repo: str, number: int, answer: Answer) -> None:
    """Part of a transaction that comes to an answer; the oldest make room."""
    row = c.execute("SELECT answers FROM sticky WHERE repo = ? AND number = ?", (repo, number)).fetchone()
    kept = msgspec.json.decode(row[0], type=list[Answer]) if row else []
    want(c, repo, number)
    c.execute(
        "UPDATE sticky SET answers = ? WHERE repo = ? AND number = ?",
        (msgspec.json.encode([*kept, answer][-ANSWERS_KEPT:]), repo, number),
    )


_COLUMNS = (
    "id, repo, number, title, hash, parsed, author, issue_id, "
    "approved_hash, approved_by, approved_at, changed_at, edits, approvals, file, draft, asked_by"
)


_NAMES = tuple(_COLUMNS.split(", "))


def _plan(row: tuple[object, ...]) -> PlanRow:
    values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    values["parsed"] = parsed_of(values["parsed"])
    values["approvals"] = msgspec.json.decode(values["approvals"], type=tuple[Approval, ...])
    return PlanRow(**values)


def plan_row(c: Connection, plan_id: str) -> PlanRow | None:
    """Part of a look."""
    row = c.execute(f"SELECT {_COLUMNS} FROM plan WHERE id = ?", (plan_id,)).fetchone()  # noqa: S608 - our own column list
    return _plan(row) if row else None


def sticky_row(c: Connection, repo: str, number: int) -> Sticky:
    """Part of a look; one that does not exist is empty."""
    query = "SELECT comment_id, body_hash, answers, wanted, shown FROM sticky WHERE repo = ? AND number = ?"
    row = c.execute(query, (repo, number)).fetchone()
    if row is None:
        return Sticky(repo=repo, number=number)
    answers = msgspec.json.decode(row[2], type=tuple[Answer, ...])
    return Sticky(
        repo=repo,
        number=number,
        comment_id=row[0],
        body_hash=row[1],
        answers=answers,
        wanted=row[3],
        shown=row[4],
    )


def note(c: Connection, plan_id: str, kind: str, actor: str, text: str, now: datetime) -> None:
    """Part of a transaction: one line of the plan's history, which its comment shows too."""
    c.execute(
        "INSERT INTO event (plan_id, run_id, task, at, kind, before, after, actor, text)"
        " VALUES (?,'','',?,?,'','',?,?)",
        (plan_id, to_text(now), kind, actor, text),
    )
    ring(c, EVENT)
    repo, _, number = plan_id.rpartition("#")
    want(c, repo, int(number))


def approve(
    c: Connection, plan_id: str, plan_hash: str, actor: str, now: datetime, *, required: int = 1, since: str = ""
) -> tuple[str, ...]:
    """Part of a transaction: `actor` approves exactly `plan_hash`, which is approved once so many different people have
    said so after `since`. Who they are by now.
    """
    row = c.execute("SELECT approvals FROM plan WHERE id = ?", (plan_id,)).fetchone()
    kept = [
        each
        for each in msgspec.json.decode(row[0], type=list[Approval])
        if each.hash == plan_hash and each.by.lower() != actor.lower() and each.at > since
    ]
    kept.append(Approval(hash=plan_hash, by=actor, at=to_text(now)))
    c.execute("UPDATE plan SET approvals = ? WHERE id = ?", (msgspec.json.encode(kept), plan_id))
    enough = len(kept) >= required
    if enough:
        c.execute(
            "UPDATE plan SET approved_text = CASE WHEN hash = ? THEN parsed ELSE approved_text END,"
            " approved_hash = ?, approved_by = ?, approved_at = ? WHERE id = ?",
            (plan_hash, plan_hash, actor, to_text(now), plan_id),
        )
    note(c, plan_id, "approved" if enough else "approval", actor, plan_hash, now)
    return tuple(each.by for each in kept)


class Plans:
    """Reads and writes of plan, sticky and command rows."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, plan_id: str) -> PlanRow | None:
        return await self._db.read(lambda c: plan_row(c, plan_id))

    async def are_any(self) -> bool:
        """Has any plan ever been read?"""
        return await self._db.read(lambda c: c.execute("SELECT 1 FROM plan LIMIT 1").fetchone() is not None)

    async def kept_in_files(self, repo: str) -> list[tuple[int, str]]:
        """(issue, file) of the plans of a repository that stand in files."""
        query = "SELECT number, file FROM plan WHERE lower(repo) = ? AND file <> '' ORDER BY number"
        return await self._db.read(lambda c: [(int(row[0]), str(row[1])) for row in c.execute(query, (repo.lower(),))])

    async def kept_elsewhere(self) -> list[tuple[str, int]]:
        """(repo, number) of the plans whose text does not stand in their issue, and that are not done."""
        query = (
            "SELECT repo, number FROM plan WHERE file <> '' AND (NOT EXISTS"
            " (SELECT 1 FROM run WHERE plan_id = plan.id AND state = 'done') OR EXISTS"
            " (SELECT 1 FROM run WHERE plan_id = plan.id AND state IN ('running', 'paused'))) ORDER BY repo, number"
        )
        return await self._db.read(lambda c: [(str(row[0]), int(row[1])) for row in c.execute(query)])

    async def relate(self, plan_id: str, keys: Collection[str]) -> None:
        """These issues (names.issue_key) are what the plan is made of."""

        def write(c: Connection) -> None:
            c.execute("DELETE FROM relation WHERE plan_id = ?", (plan_id,))
            for key in sorted({*keys}):
                c.execute("INSERT INTO relation (plan_id, key) VALUES (?,?)", (plan_id, key))

        query = "SELECT key FROM relation WHERE plan_id = ?"
        if {*keys} != await self._db.read(lambda c: {str(row[0]) for row in c.execute(query, (plan_id,))}):
            await self._db.write(write)

    async def related(self, key: str) -> list[tuple[str, int]]:
        """(repo, number) of the plans that this issue is a part of."""
        query = "SELECT repo, number FROM plan JOIN relation ON plan_id = id WHERE key = ? ORDER BY id LIMIT 20"
        return await self._db.read(lambda c: [(str(row[0]), int(row[1])) for row in c.execute(query, (key,))])

    async def newest(self, limit: int = 50) -> list[PlanRow]:
        def read(c: Connection) -> list[PlanRow]:
            rows = c.execute(f"SELECT {_COLUMNS} FROM plan ORDER BY changed_at DESC LIMIT ?", (limit,))  # noqa: S608 - our own column list
            return [_plan(row) for row in rows]

        return await self._db.read(read)

    async def going(self, owner: str, limit: int) -> list[PlanRow]:
        """The newest plans of an owner that are not over: those whose run is not, and those that had none."""
        query = (
            f"SELECT {_COLUMNS} FROM plan WHERE lower(substr(repo, 1, ?)) = ?"  # noqa: S608 - our own column list
            " AND (EXISTS (SELECT 1 FROM run WHERE run.plan_id = plan.id"
            " AND run.state IN ('running', 'paused', 'failed'))"
            " OR NOT EXISTS (SELECT 1 FROM run WHERE run.plan_id = plan.id)) ORDER BY changed_at DESC, id LIMIT ?"
        )
        values = (len(owner) + 1, f"{owner.lower()}/", limit)
        return await self._db.read(lambda c: [_plan(row) for row in c.execute(query, values)])

    async def save(self, plan: PlanRow, now: datetime) -> None:
        """Insert or renew what was read; what was approved stays as it was."""

        def write(c: Connection) -> None:
            parsed = msgspec.json.encode(plan.parsed)
            row = (
                plan.id,
                plan.repo,
                plan.number,
                plan.title,
                plan.hash,
                parsed,
                plan.author,
                plan.issue_id,
                plan.file,
                plan.draft,
                plan.asked_by,
            )
            c.execute(
                "INSERT INTO plan (id, repo, number, title, hash, parsed, author, issue_id, file, draft, asked_by,"
                " changed_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET"
                " title = excluded.title, parsed = excluded.parsed, hash = excluded.hash, file = excluded.file,"
                " draft = excluded.draft, asked_by = excluded.asked_by,"
                " changed_at = CASE WHEN plan.hash = excluded.hash THEN plan.changed_at ELSE excluded.changed_at END,"
                " edits = plan.edits + CASE WHEN plan.hash IN ('', excluded.hash) THEN 0 ELSE 1 END",
                (*row, plan.changed_at or to_text(now)),
            )
            want(c, plan.repo, plan.number)

        await self._db.write(write)

    async def approve(
        self, plan_id: str, plan_hash: str, actor: str, now: datetime, *, required: int = 1, since: str = ""
    ) -> tuple[str, ...]:
        """Note that `actor` approves exactly `plan_hash`, which is approved once so many different people have said so
        after `since`. Who they are by now; () when the plan's text has changed in the meantime.
        """

        def write(c: Connection) -> tuple[str, ...]:
            if c.execute("SELECT 1 FROM plan WHERE id = ? AND hash = ?", (plan_id, plan_hash)).fetchone() is None:
                return ()
            return approve(c, plan_id, plan_hash, actor, now, required=required, since=since)

        return await self._db.write(write)

    async def unapprove(self, plan_id: str, actor: str, now: datetime) -> bool:
        """Take the approval back, also one that only some of those have given who have to; False when there was
        none.
        """

        def write(c: Connection) -> bool:
            done = c.execute(
                "UPDATE plan SET approved_hash = '', approved_by = '', approved_at = '', approved_text = NULL,"
                " approvals = ?"
                " WHERE id = ? AND (approved_hash <> '' OR approvals <> ?)",
                (b"[]", plan_id, b"[]"),
            )
            if done.rowcount:
                note(c, plan_id, "unapproved", actor, "", now)
            return bool(done.rowcount)

        return await self._db.write(write)

    async def approved_text(self, plan_id: str) -> Plan | None:
        """The text that was approved last, whatever the plan says by now; None where there is none."""
        query = "SELECT approved_text FROM plan WHERE id = ? AND approved_hash <> ''"
        row = await self._db.read(lambda c: c.execute(query, (plan_id,)).fetchone())
        return parsed_of(row[0]).plan if row is not None and row[0] is not None else None

    async def is_taken_back(self, plan_id: str, plan_hash: str) -> bool:
        """Was the approval of that text taken back and not given again since?"""
        query = (
            "SELECT kind FROM event WHERE plan_id = ? AND (kind = 'unapproved' OR (kind = 'approved' AND text = ?))"
            " ORDER BY seq DESC LIMIT 1"
        )
        row = await self._db.read(lambda c: c.execute(query, (plan_id, plan_hash)).fetchone())
        return row is not None and row[0] == "unapproved"

    async def sticky(self, repo: str, number: int) -> Sticky:
        return await self._db.read(lambda c: sticky_row(c, repo, number))

    async def behind(self) -> list[tuple[str, int]]:
        """(repo, number) of sticky comments that do not show everything yet."""
        query = "SELECT repo, number FROM sticky WHERE shown < wanted"
        return await self._db.read(lambda c: [(row[0], row[1]) for row in c.execute(query)])

    async def posted(self, sticky: Sticky, comment_id: str, body_hash: str) -> None:
        """The sticky comment exists and shows this body, made of what `sticky` was, unless it was overwritten since."""

        def write(c: Connection) -> None:
            c.execute(
                "INSERT INTO sticky (repo, number, comment_id, body_hash, answers, shown) VALUES (?,?,?,?,?,?)"
                " ON CONFLICT (repo, number) DO UPDATE SET"
                " comment_id = excluded.comment_id, shown = excluded.shown,"
                " body_hash = CASE WHEN sticky.body_hash = ? THEN excluded.body_hash ELSE sticky.body_hash END",
                (sticky.repo, sticky.number, comment_id, body_hash, b"[]", sticky.wanted, sticky.body_hash),
            )

        await self._db.write(write)

    async def overwritten(self, repo: str, number: int) -> None:
        """What the comment shows is no longer what was posted, so it is posted again whatever it says."""

        def write(c: Connection) -> None:
            query = (
                "UPDATE sticky SET body_hash = 'overwritten ' || wanted, wanted = wanted + 1"
                " WHERE repo = ? AND number = ?"
            )
            c.execute(query, (repo, number))

        await self._db.write(write)

    async def answer(self, repo: str, number: int, answer: Answer) -> None:
        """Add an answer to the sticky comment; the oldest make room."""

        await self._db.write(lambda c: add_answer(c, repo, number, answer))

    async def was_heard(self, comment_id: str) -> bool:
        """Have the commands of this comment been carried out?"""
        query = "SELECT 1 FROM command WHERE comment_id = ?"
        return await self._db.read(lambda c: c.execute(query, (comment_id,)).fetchone() is not None)

    async def heard(self, comment_id: str, now: datetime) -> None:
        """The commands of this comment have been carried out."""
        values = (comment_id, to_text(now))
        await self._db.write(
            lambda c: (
                c.execute("INSERT INTO command (comment_id, at) VALUES (?,?) ON CONFLICT DO NOTHING", values).rowcount
            )
        )
