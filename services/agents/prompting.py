"""The prompts of this version, as they were shipped: services/agents/prompts, one file each."""

from functools import cache
from importlib.resources import files

from services.core.prompts import Prompt, read_prompt


@cache
def prompt(name: str) -> Prompt:
    """The prompt of that name."""
    return read_prompt((files("services.agents") / "prompts" / f"{name}.md").read_text("utf-8"))
