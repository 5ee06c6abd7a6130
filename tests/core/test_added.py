"""Lines that both sides added to a sorted list."""

import pytest

from services.core.conflict import Conflict
from services.core.resolvers.added import resolve

BEFORE, AFTER = ("Ada\n", "Bob\n"), ("Zoe\n", "Zora\n")


def test_names_stand_in_order() -> None:
    conflict = Conflict((), ("Max\n",), ("Eve\n", "Kim\n"), BEFORE, AFTER, "AUTHORS")
    assert resolve(conflict) == ("Eve\n", "Kim\n", "Max\n") == resolve(conflict.turned())


def test_the_same_name_stands_once() -> None:
    assert resolve(Conflict((), ("Eve\n", "Max\n"), ("Eve\n",), BEFORE, AFTER, "AUTHORS")) == ("Eve\n", "Max\n")


@pytest.mark.parametrize(
    ("ours", "theirs"), [("C=1", "C=2"), ("ccc-x==1", "ccc_x==2"), ("Cc[a]>=1", "cc"), ("!cc", "cc")]
)
def test_one_key_with_two_values_is_left(ours: str, theirs: str) -> None:
    around = ("A=1\n", "Bb=1\n"), ("yy=1\n", "zz=1\n")
    assert resolve(Conflict((), (f"{ours}\n",), (f"{theirs}\n",), *around, ".env")) is None
    assert resolve(Conflict((), (f"{ours}\n",), ("dd\n",), *around, ".env")) == (f"{ours}\n", "dd\n")


def test_without_an_order_nothing_is_proved() -> None:
    assert resolve(Conflict((), ("Max\n",), ("Eve\n",), BEFORE[::-1], AFTER, "AUTHORS")) is None
    assert resolve(Conflict((), ("Max\n",), ("Eve\n",), (), (), "AUTHORS")) is None
    assert resolve(Conflict((), ("Max\n", "\n"), ("Eve\n",), BEFORE, AFTER, "AUTHORS")) is None
    assert resolve(Conflict(("Gil\n",), ("Max\n",), ("Eve\n",), BEFORE, AFTER, "AUTHORS")) is None
    assert resolve(Conflict((), ("Max\n",), ("Eve\n",), BEFORE, AFTER, "names.py")) is None
    assert resolve(Conflict((), (), ("Eve\n",), BEFORE, AFTER, "AUTHORS")) is None
