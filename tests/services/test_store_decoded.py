"""Plans out of rows: one text is one plan, decoded once, and what is large is decoded each time."""

import msgspec

from services.core.plan import Parsed, Plan, Task
from services.store.decoded import KEPT, LEAST, SMALL, Decoded, parsed_of, plan_of

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


def test_many_that_are_nearly_large_are_not_all_kept() -> None:
    kept = Decoded(Plan)
    texts = [msgspec.json.encode(msgspec.structs.replace(PLAN, title=f"{n}" + "p" * 60_000)) for n in range(40)]
    found = [kept.of(text) for text in texts]
    assert KEPT - SMALL <= kept.size <= KEPT
    assert kept.of(texts[-1]) is found[-1]
    assert kept.of(texts[0]) is not found[0], "the one that was asked for longest ago has gone"


def test_many_short_ones_are_not_all_kept_either() -> None:
    kept = Decoded(Plan)
    for n in range(KEPT // LEAST + 10):
        kept.of(msgspec.json.encode(msgspec.structs.replace(PLAN, title=f"{n}")))
    assert KEPT - LEAST < kept.size <= KEPT
