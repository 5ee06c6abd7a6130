"""Rows of the outbox: every effect is kept before it is tried, and settled together with what follows from it.

An effect's key is the primary key, so an action that was decided twice has one row. All this happens inside the
transaction of a decision: whoever begins it is `services.store.runs`.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from services.core.board import Action
from services.core.clock import from_text, to_text
from services.core.keyless import Trail
from services.store.db import Connection
from services.store.rows import read_with_keys, with_keys, write_rows

encode = msgspec.json.Encoder().encode
replace = msgspec.structs.replace
AGAIN_LATER = """
UPDATE outbox SET state = 'waiting', due = ?, note = ?, tries = CASE WHEN tries > 1 THEN tries - ? ELSE tries END
WHERE key = ?
"""
"""What was begun once never counts as not begun: a part of it may have been done before the rest was refused."""
KEEP_TRAIL = "UPDATE outbox SET trail = ? WHERE key = ?"
END_EFFECTS = "UPDATE outbox SET state = 'done', settled_at = ?, due = '' WHERE key IN {keys}"
"""Nothing is due any more; so a row keeps its size, and a page full of them is changed where it stands, not split."""
WAITING = """
SELECT seq, key, action, tries, trail, created_at FROM outbox
WHERE run_id = ? AND state <> 'done' AND state = 'waiting' AND key IN {keys}
"""
BEGIN_EFFECTS = """
INSERT INTO outbox (key, run_id, action, due, created_at, state, tries) VALUES {rows}
ON CONFLICT DO NOTHING RETURNING key
"""


class Due(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An outbox row to carry out. `tries` > 0: it was begun before, so look before doing it again. trail: what is known
    of that, where GitHub has no key for it.  since: when it was decided, once it was begun.
    """

    run_id: str
    action: Action
    tries: int
    trail: Trail | None = None
    since: datetime | None = None


class Settle(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How an effect ended. `again_at`: not yet, try then. `forget`: the key may be decided anew. Neither: done.

    free: the try does not count, because GitHub did not even look at it.  trail: what the next try has to know; None:
    what was known before.
    """

    key: str
    again_at: datetime | None = None
    forget: bool = False
    free: bool = False
    note: str = ""
    log: str = ""
    trail: Trail | None = None


def begin(c: Connection, run_id: str, actions: Sequence[Action], at: str) -> list[Action]:
    """Keep what was decided; the actions that are new count as begun. One whose key is there is under way, or done."""
    rows = [(action.key, run_id, encode(replace(action, key="")), at, at, "doing", 1) for action in actions]
    new = {row[0] for row in write_rows(c, BEGIN_EFFECTS, rows)}
    return [action for action in actions if action.key in new]


def due(c: Connection, run_id: str, now: datetime) -> list[tuple[Action, datetime]]:
    """What is to be carried out now of a run, oldest first, and since when."""
    query = (
        "SELECT key, action, due FROM outbox"
        " WHERE run_id = ? AND state <> 'done' AND state = 'waiting' AND due <= ? ORDER BY seq"
    )
    rows = c.execute(query, (run_id, to_text(now))).fetchall()
    return [(_action(key, stored), from_text(since)) for key, stored, since in rows]


def begin_again(c: Connection, run_id: str, keys: Collection[str]) -> list[Due]:
    """From now on these count as begun, oldest first, but for those that are already, or are done."""
    found = [
        Due(run_id=run_id, action=_action(key, stored), tries=tries, trail=_trail(trail), since=from_text(since))
        for _, key, stored, tries, trail, since in sorted(read_with_keys(c, WAITING, (run_id,), sorted(keys)))
    ]
    c.executemany(
        "UPDATE outbox SET state = 'doing', tries = tries + 1 WHERE key = ?",
        [(item.action.key,) for item in found],
    )
    return found


def settle(c: Connection, settles: Sequence[Settle], at: str) -> None:
    """Most effects end with nothing to say: those go together."""
    ended = []
    for each in settles:
        if each.forget:
            c.execute("DELETE FROM outbox WHERE key = ?", (each.key,))
        elif each.again_at is not None:
            row = (to_text(each.again_at), each.note, int(each.free), each.key)
            c.execute(AGAIN_LATER, row)
            if each.trail is not None:
                c.execute(KEEP_TRAIL, (encode(each.trail).decode(), each.key))
        else:
            ended.append(each.key)
            if each.note or each.log:
                said = (each.note, each.log, each.key)
                c.execute("UPDATE outbox SET note = ?, log = ? WHERE key = ?", said)
    with_keys(c, END_EFFECTS, (at,), ended)


def _action(key: str, stored: bytes) -> Action:
    """Its key is a column of its own, and not stored twice."""
    return replace(msgspec.json.decode(stored, type=Action), key=key)


def _trail(stored: str) -> Trail | None:
    return msgspec.json.decode(stored, type=Trail) if stored else None
