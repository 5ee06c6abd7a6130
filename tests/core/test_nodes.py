"""Nodes as plain values, and the way back from a path to a place."""

import pytest

from services.core.nodes import Mapping, spot_at, value_of
from services.core.plan_yaml import Composer
from services.core.problems import Findings

TEXT = "key:\n  users:\n    - ann\n    - {name: bob, none: }\n  required: 2\n"


def root() -> Mapping:
    found = Composer(TEXT, Findings(), lambda line, column: (line + 1, column + 1), of="settings").compose()
    assert isinstance(found, Mapping)
    return found


def test_values_are_texts_and_what_is_empty_is_left_out() -> None:
    assert value_of(root()) == {"key": {"users": ["ann", {"name": "bob"}], "required": "2"}}


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", 1),
        (".required", 5),
        (".users[0]", 3),
        (".users[1].name", 4),
        (".users[7]", 2),
        (".nothing.here", 1),
        ("[0]", 1),
    ],
)
def test_a_path_leads_as_far_as_there_is_something(path: str, line: int) -> None:
    key, node = root().entries["key"]
    assert spot_at(path, key, node).line == line
