"""Words of a repository's own for commands that will never act: for no command at all, or in place of one.

What is wrong with the form of an alias is an error of the settings. Which commands there are is known only to whoever
carries them out, so this is a warning, given where somebody has just written the line.
"""

from collections.abc import Collection

from services.core.compose import composer
from services.core.nodes import Mapping, Scalar
from services.core.plan import Problem
from services.core.plan_text import nearest, quote
from services.core.problems import Findings, Spot


def idle_aliases(text: str, verbs: Collection[str]) -> tuple[Problem, ...]:
    """What to say of the aliases in the text of settings that are free of errors."""
    root = composer(text, Findings(), of="settings").compose()
    node = root.entries["aliases"][1] if isinstance(root, Mapping) and "aliases" in root.entries else None
    found: list[Problem] = []
    for word, (key, value) in node.entries.items() if isinstance(node, Mapping) else ():
        verb = value.spot.text if isinstance(value, Scalar) and not value.is_null else ""
        if word in verbs:
            said = f"{quote(word)} is a command itself and stays that one; choose another word."
            found.append(_warning(said, key))
        elif verb and verb not in verbs:
            near = nearest(verb, verbs)
            hint = f"Did you mean {quote(near)}?" if near else "`/lockstep help` lists them all."
            found.append(_warning(f"{quote(word)} stands for {quote(verb)}, which is no command. {hint}", value.spot))
    return tuple(found)


def _warning(said: str, spot: Spot) -> Problem:
    return Problem(kind="idle_alias", message=said, line=spot.line, column=spot.column, severity="warning")
