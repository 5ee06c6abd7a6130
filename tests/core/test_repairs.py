"""What a task keeps of its repairs."""

from services.core.repairs import KEPT, Failure, Repair, ended, under_way, with_another


def repair(n: int, **more: object) -> Repair:
    made = {
        "strategy": "rerun_failed",
        "cls": "runner",
        "sha": "a" * 40,
        "attempt": 1,
        "about": ("9",),
        "checks": ("t",),
    }
    return Repair(n=n, **{**made, **more})  # type: ignore[arg-type]


def test_the_newest_is_under_way_until_something_is_known_of_it() -> None:
    assert under_way(()) is None
    first = with_another((), repair(1))
    assert under_way(first) == first[0]
    both = with_another(first, repair(2))
    assert [each.came for each in both] == ["failed", ""]
    over = ended(both, "worked")
    assert [each.came for each in over] == ["failed", "worked"]
    assert under_way(over) is None
    assert [each.past for each in ended(over, "superseded", past=True)] == [True, True]


def test_only_the_newest_are_kept() -> None:
    found: tuple[Repair, ...] = ()
    for n in range(KEPT + 5):
        found = with_another(found, repair(n))
    assert [each.n for each in found] == list(range(5, KEPT + 5))


def test_a_repair_knows_its_own_failure_by_check_and_signature() -> None:
    made = repair(1, checks=("test", "lint"), signatures=("x", "y"))
    assert made.knew(Failure(check="lint", id="1", signature="y"))
    assert not made.knew(Failure(check="lint", id="1", signature="x"))
