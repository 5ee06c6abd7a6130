"""Plans out of rows: one text is one plan, decoded once, and what is large is decoded each time."""

import msgspec

from services.core.plan import Parsed, Plan, Task
from services.store.decoded import SMALL, parsed_of, plan_of

PLAN = Plan(title="p", tasks=(Task(id="a", title="A", repo="acme/api"),))


def test_a_stored_plan_is_decoded_once() -> None:
    stored = msgspec.json.encode(PLAN)
    assert plan_of(stored) == PLAN
    assert plan_of(stored) is plan_of(bytes(bytearray(stored)))


def test_another_text_is_another_plan() -> None:
    other = msgspec.structs.replace(PLAN, title="q")
    assert plan_of(msgspec.json.encode(PLAN)) != plan_of(msgspec.json.encode(other)) == other


def test_what_was_read_of_a_text_is_decoded_once() -> None:
    stored = msgspec.json.encode(Parsed(plan=PLAN, tasks=PLAN.tasks)).decode()
    assert parsed_of(stored) is parsed_of(stored)
    assert parsed_of(stored).plan == PLAN


def test_what_is_large_is_not_kept() -> None:
    stored = msgspec.json.encode(msgspec.structs.replace(PLAN, title="p" * SMALL))
    assert plan_of(stored) == plan_of(stored)
    assert plan_of(stored) is not plan_of(stored)
