"""Figures, one module each: `python -m benchmarks NAME`.

A module has `measure(say) -> Report` and its docstring says what is measured against what. Its `OPTIONS`, if it has
any, are handed to `measure` by name. Everything is measured in the same run, side by side with its peer or its limit,
and given as a median; no test asserts on time.
"""

import os
import platform
from collections.abc import Callable, Mapping

import msgspec

Say = Callable[[str], None]
"""Tells people how far it is."""
Number = float | int
Options = Mapping[str, tuple[int, str]]
"""Options of a benchmark's own: name -> (default, meaning)."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured. figures: ours; peers: the same keys for what we compare with; conditions: of the machine."""

    name: str
    figures: Mapping[str, Number]
    peers: Mapping[str, Mapping[str, Number]]
    conditions: Mapping[str, str | Number]


class MissingData(Exception):
    """The data a benchmark needs is not on this machine; one sentence says which and where to get it."""


class WentWrong(Exception):
    """What was to be measured did not work, so there is no figure; one sentence says what happened."""


def machine() -> dict[str, str | Number]:
    """The conditions that every report names."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count() or 1,
        "load": round(os.getloadavg()[0], 1),
    }
