"""Does an event start a workflow? The filters of `on:`: branches, tags, paths, types and names of other workflows.

Patterns are GitHub's (`*` stops at a slash, `**` does not, `?` and `+` repeat what is before them, `!` takes away) and
come from the repository, so they are matched position by position, in time that grows with pattern times text and never
worse.
"""

from collections.abc import Callable, Iterable

from services.sandbox.actions_file import Trigger

DEFAULT_TYPES = {
    "pull_request": ["opened", "synchronize", "reopened"],
    "pull_request_target": ["opened", "synchronize", "reopened"],
}
"""Without `types:`; any other event runs on all of its actions."""
PULLS = set(DEFAULT_TYPES)


def starts(
    trigger: Trigger, event: str, *, ref: str, base: str, action: str, files: Callable[[], list[str]], source: str = ""
) -> bool:
    """`ref` is full; `base` a pull request's base branch; `files` gives the changed paths.

    `source` the workflow that ended.
    """
    types = trigger.types if trigger.types is not None else DEFAULT_TYPES.get(event)
    if types is not None and action and action not in types:
        return False
    if event == "workflow_run":
        return source in (trigger.workflows or [])
    if event == "push" and not _push(trigger, ref):
        return False
    if event in PULLS and not chosen(base, trigger.branches, trigger.branches_ignore):
        return False
    if event == "push" or event in PULLS:
        return _paths(trigger, ref, files)
    return True


def _push(trigger: Trigger, ref: str) -> bool:
    """Branch filters alone keep tags out, and the other way round."""
    branches = trigger.branches is not None or trigger.branches_ignore is not None
    tags = trigger.tags is not None or trigger.tags_ignore is not None
    if ref.startswith("refs/tags/"):
        own, other, name = tags, branches, ref.removeprefix("refs/tags/")
        fits = chosen(name, trigger.tags, trigger.tags_ignore)
    else:
        own, other, name = branches, tags, ref.removeprefix("refs/heads/")
        fits = chosen(name, trigger.branches, trigger.branches_ignore)
    return fits if own else not other


def _paths(trigger: Trigger, ref: str, files: Callable[[], list[str]]) -> bool:
    if (trigger.paths is None and trigger.paths_ignore is None) or ref.startswith("refs/tags/"):
        return True
    changed = files()
    if trigger.paths is not None:
        return any(last_word(path, trigger.paths) for path in changed)
    return any(not last_word(path, trigger.paths_ignore or []) for path in changed)


def chosen(name: str, wanted: list[str] | None, ignored: list[str] | None) -> bool:
    if wanted is not None:
        return last_word(name, wanted)
    return not last_word(name, ignored or [])


def last_word(name: str, patterns: Iterable[str]) -> bool:
    """The last pattern that fits decides; one that begins with ! takes away."""
    found = False
    for pattern in patterns:
        if fits(name, pattern.removeprefix("!")):
            found = not pattern.startswith("!")
    return found


def fits(name: str, pattern: str) -> bool:
    """One pattern against a whole name: the set of places reachable in the name after each piece of the pattern."""
    if len(name) > 1_000 or len(pattern) > 256:
        return False
    places = {0}
    for accepts, least, many, whole in _pieces(pattern):
        start = set(places)
        reached = set(places) if least == 0 else set()
        while places := {at + 1 for at in places if at < len(name) and accepts(name[at])} - reached:
            reached |= places
            if not many:
                break
        places = {at for at in reached if at in start or name[at - 1] == "/"} if whole else reached
    return len(name) in places


Piece = tuple[Callable[[str], bool], int, bool, bool]
"""Which characters it takes, at least how many (0 or 1), whether more, and whether it ends with a slash (`**/`)."""


def _pieces(pattern: str) -> list[Piece]:
    pieces: list[Piece] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            double = pattern.startswith("*", at)
            at += double
            if double and pattern.startswith("/", at) and (at == 2 or pattern[at - 3] == "/"):
                at += 1
                pieces.append((lambda c: True, 0, True, True))
            else:
                pieces.append(((lambda c: True) if double else (lambda c: c != "/"), 0, True, False))
        elif char in "?+" and pieces:
            accepts, least, many, whole = pieces.pop()
            pieces.append((accepts, 0, many, whole) if char == "?" else (accepts, least, True, whole))
        elif char == "[" and "]" in pattern[at:]:
            end = pattern.index("]", at)
            pieces.append((_among(pattern[at:end]), 1, False, False))
            at = end + 1
        else:
            if char == "\\" and at < len(pattern):
                char, at = pattern[at], at + 1
            pieces.append((_only(char), 1, False, False))
    return pieces


def _among(text: str) -> Callable[[str], bool]:
    """A set like a-z0-9."""
    allowed: set[str] = set()
    at = 0
    while at < len(text):
        if text[at + 1 : at + 2] == "-" and at + 2 < len(text):
            allowed |= {chr(code) for code in range(ord(text[at]), min(ord(text[at + 2]), 0x2FF) + 1)}
            at += 3
        else:
            allowed.add(text[at])
            at += 1
    return lambda c: c in allowed


def _only(wanted: str) -> Callable[[str], bool]:
    return lambda c: c == wanted
