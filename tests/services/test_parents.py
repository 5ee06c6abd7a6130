"""services/engine/parents.py: the issues between a large plan's own and its tasks' (the stories make them)."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from services.core.shards import shard_of
from services.engine.parents import Parents
from tests.kit.fakehub import HandClock
from tests.kit.plans import run, task


def test_only_of_a_run_that_another_process_has_conducted_a_part_may_be_there_already() -> None:
    clock, here = HandClock(), run(task("a"))
    parents = Parents(cast("Any", SimpleNamespace(clock=clock)))
    begun = msgspec.structs.replace(here, started_at=clock.now())
    assert not parents._is_inherited(begun), "nobody else was ever there"
    parents.inherit({shard_of(here.repo)})
    assert parents._is_inherited(begun)
    assert not parents._is_inherited(msgspec.structs.replace(here, started_at=clock.now() + timedelta(seconds=1)))
