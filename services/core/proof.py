"""What a resolved file is held against: it parses if the three texts do, and where the format has keys, each key says
what follows from the three.

Only formats that are read here without running anything: Python, JSON, TOML and YAML. Others hold by their rules alone.
"""

import ast
import json
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

MOST_CHARACTERS = 200_000
_NONE = object()


def holds(base: str, ours: str, theirs: str, merged: str, path: str) -> bool:
    """Whether nothing speaks against the merged text."""
    read = _READERS.get(path.rpartition(".")[2].lower())
    if read is None or max(map(len, (base, ours, theirs, merged))) > MOST_CHARACTERS:
        return True
    try:
        was, mine, other = read(base), read(ours), read(theirs)
    except _UNREADABLE:
        return True
    try:
        return follows(was, mine, other, read(merged))
    except _UNREADABLE:
        return False


def parses(text: str, path: str) -> bool:
    """Does a file parse, as far as its format is known here?"""
    read = _READERS.get(path.rpartition(".")[2].lower())
    if read is None or len(text) > MOST_CHARACTERS:
        return True
    try:
        read(text)
    except _UNREADABLE:
        return False
    return True


def undoes(was: str, now: str, made: str) -> bool:
    """Does what was made of a file lack lines that it has got meanwhile, or have lines again that were taken out?"""
    before, after, found = (Counter(filter(str.strip, text.splitlines())) for text in (was, now, made))
    return bool((after - before) - found) or any(found[line] > after[line] for line in before - after)


def follows(base: Any, ours: Any, theirs: Any, merged: Any) -> bool:
    """Key by key: what one side alone changed is as that side has it, and a value that both changed is that of one.

    Lists of one length are held item by item; of others, each value is to be of one of the sides.
    """
    if all(isinstance(one, dict) for one in (ours, theirs, merged)):
        was = base if isinstance(base, dict) else {}
        return all(
            follows(was.get(key, _NONE), ours.get(key, _NONE), theirs.get(key, _NONE), merged.get(key, _NONE))
            for key in {*was, *ours, *theirs, *merged}
        )
    if ours == theirs or theirs == base:
        return bool(merged == ours)
    if ours == base:
        return bool(merged == theirs)
    if all(isinstance(one, list) for one in (ours, theirs, merged)):
        if isinstance(base, list) and len(base) == len(ours) == len(theirs) == len(merged):
            return all(map(follows, base, ours, theirs, merged))
        return all(isinstance(item, dict | list) or item in ours or item in theirs for item in merged)
    return merged in (ours, theirs)


def _python(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ast.parse(text)


def _toml(text: str) -> Any:
    import tomllib

    return tomllib.loads(text)


def _yaml(text: str) -> Any:
    if "&" in text and "*" in text:
        raise ValueError("anchors: what is alike may be endless")
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506  # the safe one, in C where there is one
    except yaml.YAMLError as error:
        raise ValueError("no YAML") from error


_READERS: dict[str, Callable[[str], Any]] = {
    "py": _python,
    "pyi": _python,
    "json": json.loads,
    "toml": _toml,
    "yaml": _yaml,
    "yml": _yaml,
}
_UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
