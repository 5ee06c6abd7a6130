"""Lines that both sides added to a sorted list."""

from services.core.conflict import Conflict
from services.core.resolvers.added import resolve

BEFORE, AFTER = ("Ada\n", "Bob\n"), ("Zoe\n", "Zora\n")


def test_names_stand_in_order() -> None:
    conflict = Conflict((), ("Max\n",), ("Eve\n", "Kim\n"), BEFORE, AFTER, "AUTHORS")
    assert resolve(conflict) == ("Eve\n", "Kim\n", "Max\n") == resolve(conflict.turned())


def test_the_same_name_stands_once() -> None:
    assert resolve(Conflict((), ("Eve\n", "Max\n"), ("Eve\n",), BEFORE, AFTER, "AUTHORS")) == ("Eve\n", "Max\n")


def test_without_an_order_nothing_is_proved() -> None:
    assert resolve(Conflict((), ("Max\n",), ("Eve\n",), BEFORE[::-1], AFTER, "AUTHORS")) is None
    assert resolve(Conflict((), ("Max\n",), ("Eve\n",), (), (), "AUTHORS")) is None
    assert resolve(Conflict((), ("Max\n", "\n"), ("Eve\n",), BEFORE, AFTER, "AUTHORS")) is None
    assert resolve(Conflict(("Gil\n",), ("Max\n",), ("Eve\n",), BEFORE, AFTER, "AUTHORS")) is None
    assert resolve(Conflict((), ("Max\n",), ("Eve\n",), BEFORE, AFTER, "names.py")) is None
    assert resolve(Conflict((), (), ("Eve\n",), BEFORE, AFTER, "AUTHORS")) is None
