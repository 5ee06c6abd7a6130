"""The prompts of this version, as they were shipped: services/agents/prompts, one file each."""

from functools import cache
from pathlib import Path

from services.core.prompts import Prompt, read_prompt

PROMPTS = Path(__file__).parent / "prompts"


@cache
def prompt(name: str) -> Prompt:
    """The prompt of that name."""
    return read_prompt((PROMPTS / f"{name}.md").read_text("utf-8"))
