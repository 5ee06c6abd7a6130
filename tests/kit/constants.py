"""The texts that a module of messages holds as constants, to be shown in a snapshot as a whole."""

import ast
import inspect
from types import ModuleType


def constants(module: ModuleType) -> dict[str, object]:
    """Its own texts, and mappings to texts, by name."""
    body = ast.parse(inspect.getsource(module)).body
    assigned = [name for each in body if isinstance(each, ast.Assign) for name in each.targets]
    assigned += [each.target for each in body if isinstance(each, ast.AnnAssign)]
    own = [name.id for name in assigned if isinstance(name, ast.Name)]
    return {name: text for name in own if isinstance(text := vars(module)[name], str | dict)}
