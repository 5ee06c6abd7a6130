"""Writes the generated pages of the reference from what is registered: settings, commands, and the JSON schemas.

Usage: python docs/generate.py [--check]. With --check nothing is written and the exit status says whether the pages are up to date.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

import handlers.commands
from bot.api import PREFIX
from bot.api.app import description, endpoints
from bot.settings import reference
from services.core.config import config_schema
from services.core.durations import lasting
from services.core.failure_table import BY_TOOL
from services.core.failures import CLASSES
from services.core.plan_schema import plan_schema
from services.core.recovery import summaries
from services.core.reposet import set_schema
from services.core.resolvers import ranked
from services.core.strategies import POLICY, Step
from texts import API, COMMANDS, FAILURES, REPOSITORY, RULES, SET

PAGES = Path(__file__).parent / "reference"
NOTE = "<!-- Made by docs/generate.py; edit the code, not this page. -->\n"


def settings() -> str:
    rows = [
        f"| `{name}` | {accepted} | {f'`{default}`' if default else ''} | {meaning} |"
        for name, accepted, default, meaning in reference()
    ]
    head = "| Variable | Accepts | Default | Meaning |\n| --- | --- | --- | --- |\n"
    return (
        f"{NOTE}\n# Settings\n\nThe bot is set through its environment.\n\n{head}"
        + "\n".join(rows)
        + f"\n{REPOSITORY}"
        + "\n".join(_keys(config_schema()))
        + f"\n{SET}"
        + "\n".join(_keys_of_sets(set_schema()))
        + "\n"
    )


def commands() -> str:
    handlers.commands.load()
    rows = [
        f"| `/lockstep {entry.usage.replace('|', ' or ')}` | {entry.summary} | {entry.needs} |"
        for _, entry in handlers.commands.COMMANDS
    ]
    return f"{NOTE}\n{COMMANDS}" + "\n".join(rows) + "\n"


def rules() -> str:
    rows = [f"| `{name}` | {rule.summary} |" for name, rule in ranked()]
    return f"{NOTE}\n{RULES}" + "\n".join(rows) + "\n"


def _keys(schema: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """The rows of a repository's own settings, from their schema."""
    for name, key in schema["properties"].items():
        if "$ref" in key.get("items", {}):
            entry = schema["$defs"][key["items"]["$ref"].rpartition("/")[2]]
            *most, last = [f"`{each}`" for each in entry["properties"]]
            yield f"| `{before}{name}` | a list of {', '.join(most)} and {last} | `none` | {key['description']} |"
            continue
        if name in _NESTED:
            yield f"| `{before}{name}` | {_NESTED[name]} | `none` | {key['description']} |"
            continue
        if "$ref" in str(key):
            part = re.search(r"#/\$defs/(\w+)", str(key))
            yield from _keys(schema["$defs"][part[1]], f"{name}.") if part else ()
            continue
        accepts = " or ".join(f"`{value}`" for value in key["enum"]) if "enum" in key else _accepts(name, key["type"])
        default = key["default"] if key["default"] not in ([], (), {}, "") else "none"
        default = str(default).lower() if isinstance(default, bool) else default
        yield f"| `{before}{name}` | {accepts} | `{default}` | {key['description']} |"


_NESTED = {
    "generated": "for a file, a command",
    "policy": "for a class, a list of `strategy`, `most`, `first` and `longest`",
}
_NAMED = {
    "labels": "a list of labels",
    "text": "Markdown, up to 4,000 characters",
    "integration": "a file's name",
    "workflow": "a file's name",
    "most": "0 to 50",
    "fixer": "a command",
    "verify": "a command",
}


def _accepts(name: str, kind: str) -> str:
    return _NAMED.get(name) or _ACCEPTS[kind]


def _keys_of_sets(schema: Mapping[str, Any]) -> Iterator[str]:
    """The rows of `repositories.yaml`, from its schema."""
    parts = schema["$defs"]
    for name, key in schema["properties"].items():
        part = {"repositories": "Repository", "cross_repo_workflows": "Workflow"}.get(name)
        accepts = "a list" if part else "a name" if key.get("type") == "string" else "`true` or `false`"
        yield f"| `{name}` | {accepts} | {key['description']} |"
        yield from _keys_of_part(parts, part, f"{name}[]") if part else ()


def _keys_of_part(parts: Mapping[str, Any], part: str, before: str) -> Iterator[str]:
    for name, key in parts[part]["properties"].items():
        if "$ref" in str(key):
            yield from _keys_of_part(parts, "Automation", f"{before}.{name}")
            continue
        words = {"array": "a list of names", "boolean": "`true` or `false`", "string": "a word"}
        accepts = " or ".join(f"`{value}`" for value in key["enum"]) if "enum" in key else words[key["type"]]
        yield f"| `{before}.{name}` | {accepts} | {key['description']} |"


def failures() -> str:
    classes = [f"| `{cls}` | {meaning} | {_steps(POLICY[cls])} |" for cls, meaning in CLASSES.items()]
    ways = [f"| `{strategy}` | {meaning} |" for strategy, meaning in summaries().items()]
    tools = []
    for tool, rows in BY_TOOL.items():
        found = [f"| `{text.replace('|', chr(92) + '|')}` | `{cls}` | {weight} |" for cls, weight, text in rows]
        tools.append(
            f"\n### {tool.capitalize()}\n\n| Pattern | Class | Weight |\n| --- | --- | --- |\n"
            + "\n".join(found)
            + "\n"
        )
    head, strategies, patterns = FAILURES
    return (
        f"{NOTE}\n{head}" + "\n".join(classes) + f"\n{strategies}" + "\n".join(ways) + f"\n{patterns}" + "".join(tools)
    )


def _steps(steps: tuple[Step, ...]) -> str:
    """`retry` ×6 (2 s to 5 min), `manual`."""
    plain = Step("manual")
    return ", ".join(
        f"`{step.strategy}`"
        + (f" ×{step.most}" if step.most > 1 else "")
        + (f" ({lasting(step.first)} to {lasting(step.longest)})" if step.first != plain.first else "")
        for step in steps
    )


def api() -> str:
    rows = [
        f"| `{each.method} {PREFIX}{each.path}` | {each.summary} | `{each.scope}` |"
        for each in sorted(endpoints(), key=lambda each: (each.path, each.method))
    ]
    return f"{NOTE}\n{API}" + "\n".join(rows) + "\n"


def schema(value: Mapping[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"


_ACCEPTS = {
    "integer": "1 to 10",
    "boolean": "`true` or `false`",
    "array": "a list of logins",
    "object": "`word: verb` lines",
}


def main(arguments: list[str]) -> int:
    """0 when the pages are written, or with --check up to date; 1 when they are not."""
    pages = {
        "settings.md": settings(),
        "commands.md": commands(),
        "failures.md": failures(),
        "rules.md": rules(),
        "api.md": api(),
        "openapi.json": schema(description()),
        "plan.schema.json": schema(plan_schema()),
        "config.schema.json": schema(config_schema()),
        "repositories.schema.json": schema(set_schema()),
    }
    if "--check" in arguments:
        stale = [
            name for name, text in pages.items() if not (PAGES / name).is_file() or (PAGES / name).read_text() != text
        ]
        sys.stderr.write("".join(f"{name} is out of date: run make docs\n" for name in stale))
        return 1 if stale else 0
    for name, text in pages.items():
        (PAGES / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
