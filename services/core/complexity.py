"""How large a task looks, why, and which models people allow for it.

What a text says about whether a model will succeed is close to nothing: over 500 tasks with known results, length,
code blocks, words and the repository all came out between 0.50 and 0.59, where 0.50 is a coin
(`python -m benchmarks routing` measures this score the same way). So the size is shown, with its reasons, and routes
nothing. What does route is what people say: a label or a path that asks for a larger or a smaller model.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from services.core.plan_paths import overlap, tidy

LONG, LONGEST = 1_500, 6_000
"""Characters of text from which on a task counts as long, or very long."""
READ = 20_000
"""Characters that are looked at."""

Size = Literal["small", "medium", "large"]

_WIDE = re.compile(
    r"\b(?:refactor\w*|redesign\w*|rewrit\w+|migrat\w+|architectur\w+|concurren\w+|deadlock\w*|race condition\w*|"
    r"backwards?[- ]compatib\w+|deprecat\w+|security|performance)\b",
    re.IGNORECASE,
)
_NARROW = re.compile(r"\b(?:typos?|rename\w*|wording|comments?|changelog|docstrings?|bump\w*)\b", re.IGNORECASE)


class Complexity(msgspec.Struct, frozen=True, kw_only=True):
    """How large a task looks. score: 0 to 1; reasons: what speaks for it, each the end of a sentence."""

    size: Size
    score: float
    reasons: tuple[str, ...] = ()


class Bound(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What people ask for: tasks with this label, or that may change such a path, take at least, or at most, a tier."""

    label: Annotated[str, Meta(max_length=50, description="A label of the tracking issue.")] = ""
    path: Annotated[
        str, Meta(max_length=200, description="What a task's `paths` may reach, such as `security/**`.")
    ] = ""
    at_least: Annotated[str, Meta(max_length=64, description="The smallest tier that such a task takes.")] = ""
    at_most: Annotated[str, Meta(max_length=64, description="The largest one.")] = ""

    def reason(self, labels: Sequence[str], paths: Sequence[str]) -> str:
        """Why it holds for a task with these labels and `paths`; "" when it does not."""
        if self.label and self.label.lower() in {label.lower() for label in labels}:
            return f"the label {self.label}"
        if self.path and any(overlap(tidy(path), tidy(self.path)) for path in paths if tidy(path)):
            return f"the path {self.path}"
        return ""


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """The tiers that may be chosen, from small to large, and what narrowed them down."""

    tiers: tuple[str, ...]
    reasons: tuple[str, ...] = ()


def judge(title: str, body: str, paths: Sequence[str] = ()) -> Complexity:
    """How large a task looks by its words and by the paths it may change."""
    text = f"{title}\n{body}"[:READ]
    points, reasons = 0.3, list[str]()
    for is_so, weight, reason in (
        (len(text) > LONGEST, 0.2, "its text is very long"),
        (len(text) > LONG, 0.1, "its text is long"),
        (len(paths) > 3, 0.15, f"it may change {len(paths)} places"),
        (any(tidy(path) in {"**", "*"} for path in paths), 0.1, "it may change everything"),
        (text.count("```") >= 4, 0.05, "it shows several pieces of code"),
        (_first(_WIDE, text), 0.2, f"it speaks of “{_first(_WIDE, text)}”"),
        (_first(_NARROW, title), -0.2, f"its title speaks of “{_first(_NARROW, title)}”"),
    ):
        if is_so:
            points += weight
            reasons.append(reason)
    score = round(min(max(points, 0.0), 1.0), 2)
    return Complexity(
        size="small" if score < 0.3 else "medium" if score < 0.6 else "large", score=score, reasons=tuple(reasons)
    )


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[0].lower() if found else ""


def allowed(
    tiers: Sequence[str], bounds: Sequence[Bound], labels: Sequence[str] = (), paths: Sequence[str] = ()
) -> Allowed:
    """What is left of the tiers. Of two bounds that exclude each other, the one that asks for a larger tier counts;
    one that names no tier we have counts for nothing.
    """
    low, high, reasons = 0, len(tiers) - 1, list[str]()
    for bound in bounds:
        reason = bound.reason(labels, paths)
        if not reason:
            continue
        if bound.at_least in tiers:
            low = max(low, tiers.index(bound.at_least))
            reasons.append(f"{reason} asks for at least {bound.at_least}")
        if bound.at_most in tiers:
            high = min(high, tiers.index(bound.at_most))
            reasons.append(f"{reason} allows at most {bound.at_most}")
    return Allowed(tiers=tuple(tiers[low : max(low, high) + 1]), reasons=tuple(reasons))
