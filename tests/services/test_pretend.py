"""The model `test` writes its file, and writes on where that is there already, so that any try changes something."""

import json
from pathlib import Path

from services.agents.files import Files, Unusable
from services.agents.pretend import DRAFT, pretended


def test_each_try_changes_something(tmp_path: Path) -> None:
    files = Files(tmp_path)
    for attempt in range(4):
        results: list[str] = []
        while isinstance(said := pretended(["edit", "read"], results), tuple):
            try:
                results.append(files.edit(**json.loads(said[1])))
            except Unusable as error:
                results.append(f"error: {error}")
        assert len(results) == 1 + bool(attempt)
        found = (tmp_path / "lockstep-coder.txt").read_text()
        assert found == f"The test model {'wrote and ' * attempt}wrote this.\n"


def test_it_gives_up_when_that_does_not_help() -> None:
    assert pretended([], []) == DRAFT
    for results in (["error: no"], ["a is there already", "error: no"]):
        assert isinstance(pretended(["edit"], results), str)
