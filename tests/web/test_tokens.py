"""The colours of the style sheet: every state can be read on everything it stands on, by day and by night."""

import re

import pytest

from services.core.task_state import STATES
from tests.web.stage import STATIC

CSS = (STATIC / "lockstep.css").read_text()
ENOUGH = 4.5


def schemes() -> dict[str, dict[str, str]]:
    """The tokens by name, as they are by day and by night."""
    found = re.findall(r"--([a-z_-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", CSS)
    return {
        "light": {name: light for name, light, _ in found},
        "dark": {name: dark for name, _, dark in found},
    }


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_a_state_can_be_read(state: str, scheme: str) -> None:
    colours = schemes()[scheme]
    for ground in ("bg", "panel", f"{state}-tint"):
        assert contrast(colours[state], colours[ground]) >= ENOUGH, ground


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_and_edges_seen(scheme: str) -> None:
    colours = schemes()[scheme]
    for ink in ("text", "muted", "link"):
        for ground in ("bg", "panel", "sunken"):
            assert contrast(colours[ink], colours[ground]) >= ENOUGH, (ink, ground)
    for state in STATES:
        assert contrast(colours["text"], colours[f"{state}-tint"]) >= ENOUGH, state
    assert min(contrast(colours["edge"], colours[ground]) for ground in ("bg", "panel")) >= 3


def test_every_state_has_its_class_and_its_icon() -> None:
    icons = (STATIC.parent / "templates" / "icons.svg").read_text()
    for state in STATES:
        assert f".{state} {{ --ink: var(--{state}); --tint: var(--{state}-tint); }}" in CSS
        assert f'id="_i-{state}"' in icons


def test_no_colour_is_used_that_is_no_token() -> None:
    rules = re.sub(r":root \{.*?\}", "", CSS, flags=re.DOTALL)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", rules) == []


def test_scripts_are_small_and_ask_nobody_else() -> None:
    scripts = [(STATIC / name).read_text() for name in ("lockstep.js", "charts.js")]
    assert sum(len(script.encode()) for script in scripts) < 12_000
    assert not re.search(r"https?://|innerHTML|eval\(|new Function|import ", "".join(scripts))


def test_the_style_sheet_is_small_and_asks_for_nothing() -> None:
    assert len(CSS.encode()) < 20_000
    assert "url(" not in CSS
    assert "@import" not in CSS
