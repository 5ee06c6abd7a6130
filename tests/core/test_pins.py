"""Sorted lists of requirements."""

import pytest

from services.core.conflict import Conflict
from services.core.resolvers.pins import resolve

AROUND = ("attrs==1.0\n", "black==2.0\n"), ("zope==3.0\n",)
PATH = "requirements/dev.txt"


def test_each_package_by_itself() -> None:
    base = ("mypy==1.0\n", "pytest==7.0\n")
    conflict = Conflict(base, ("mypy==1.1\n", "pytest==7.0\n"), ("mypy==1.0\n", "numpy==2\n"), *AROUND, PATH)
    assert resolve(conflict) == ("mypy==1.1\n", "numpy==2\n") == resolve(conflict.turned())


@pytest.mark.parametrize(
    "conflict",
    [
        Conflict(("mypy==1.0\n",), ("mypy==1.1\n",), ("mypy<1\n",), *AROUND, PATH),
        Conflict((), ("mypy\n", "# why\n"), ("numpy\n",), *AROUND, PATH),
        Conflict((), ("mypy\n", "mypy\n"), ("numpy\n",), *AROUND, PATH),
        Conflict((), ("mypy\n",), ("numpy\n",), AROUND[1], AROUND[0], PATH),
        Conflict((), ("mypy\n",), ("numpy\n",), (), (), PATH),
        Conflict((), ("mypy\n",), ("numpy\n",), *AROUND, "notes.txt"),
    ],
    ids=["both moved it", "a comment", "twice", "no order", "nothing around", "another file"],
)
def test_what_is_not_proved_is_left(conflict: Conflict) -> None:
    assert resolve(conflict) is None
