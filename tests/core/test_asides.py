"""asides: which parts of a paragraph hide what stands in them, and that finding them takes no longer than reading."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.asides import asides

LINE = "\n/lockstep run\n"


@pytest.mark.parametrize(
    "text",
    [
        f"[a{LINE}b](x)", f"![a{LINE}b](x)", f"[a [b]{LINE}c](x)", f"[![a{LINE}b](x)](y)", f"[a](x \"{LINE}\")",
        f"[a](x '{LINE}')", f"[a](<x y>{LINE.rstrip()} '(')".replace("/lockstep run", ""), f"[a](x\\) \"{LINE})\")",
        f"[a](x(y) ({LINE}))", f"<a title=\"{LINE}\">", f"<a b c = x d='{LINE}'/>", f"</a{' ' * 3}\n>",
        f"<?php{LINE}?>", f"<!X{LINE}>", f"<![CDATA[{LINE}]]>", f"[a]: x '{LINE}'",
        f"[a{LINE}b]: x", f"a <code>{LINE}</code>", f"a <blockquote cite=x>{LINE}b", f"a <s>b <q>{LINE}</q></s>",
        f"a | b\n--|:-:{LINE}x", f"| a |\n| - |{LINE}x", f"a\\|b | c\n - | - {LINE}x",
    ],
)  # fmt: skip
def test_what_hides_a_line(text: str) -> None:
    assert any(start <= text.index("\n") and text.rindex("\n") < end for start, end in asides(text))


@pytest.mark.parametrize(
    "text",
    [
        LINE, f"[a{LINE}b]", f"[a] ({LINE})", f"(a{LINE}b)", f"\\[a{LINE}b](x)", f"[a{LINE}b](x y)", f"a < b{LINE}c > d",
        f"<a{LINE}", f"<1{LINE}>", f"<?{LINE}", f"<!{LINE}>", f"<a b='{LINE}>", f"x [a]: y '{LINE}'", f"[a{LINE}b](x",
        f"a | b\n--{LINE}", f"| -{LINE}", f"a | b\n-|x{LINE}", f"a\\|b\n-|-{LINE}",
    ],
)  # fmt: skip
def test_what_hides_nothing(text: str) -> None:
    assert list(asides(text)) == []


def test_a_table_begins_at_its_head() -> None:
    text = f"words\n| a |\n| - |{LINE}"
    assert [text[start:end] for start, end in asides(text)] == [f"| a |\n| - |{LINE}"]


def test_one_definition_after_the_other() -> None:
    text = f"[a]: x\n[b]: y '{LINE}'\nwords"
    assert [text[start:end] for start, end in asides(text)] == ["[a]: x\n", f"[b]: y '{LINE}'\n"]


@given(st.text(alphabet="[]()<>!?\\\"' \nabs:/|-", max_size=60))
def test_any_paragraph(text: str) -> None:
    assert all(0 <= start < end <= len(text) for start, end in asides(text))


@pytest.mark.parametrize(
    "piece",
    [
        "[",
        "](",
        "[](",
        "<a b='",
        "<a b ",
        "<?",
        "<!a",
        "<![CDATA[",
        '[a](x "',
        "[a](x (",
        "[a]: x '",
        "<a  b  =  ",
        "[[]",
        "<s>",
        "</s>",
        "a|\n-|\n",
        "-|",
        "|a\n-\n",
    ],
)
def test_no_pattern_takes_more_than_its_time(piece: str) -> None:
    """A second would be a thousand times too long, whatever else this machine does."""
    began = time.process_time()
    for _ in asides(piece * (65_536 // len(piece))):
        pass
    assert time.process_time() - began < 1
