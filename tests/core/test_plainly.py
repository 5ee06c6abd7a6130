"""plainly: msgspec's own messages come out as advice, whatever it says."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from msgspec import Meta

from services.core.plainly import plainly


class Thing(msgspec.Struct, kw_only=True):
    name: str
    on: bool = False
    count: Annotated[int, Meta(ge=1, le=10)] = 1
    share: float = 0.0
    many: Annotated[tuple[str, ...], Meta(min_length=1, max_length=2)] = ("a",)
    short: Annotated[str, Meta(max_length=3)] = ""
    kind: Literal["one", "two", "three"] = "one"
    more: dict[str, int] = {}


def said(**of: Any) -> str:
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.convert({"name": "x", **of}, Thing, strict=False)
    return plainly(str(raised.value).partition(" - at ")[0], ("one", "two", "three"))


def test_what_msgspec_says() -> None:
    assert [
        said(on="maybe"),
        said(count="many"),
        said(count=0),
        said(count=11),
        said(share="x"),
        said(many="x"),
        said(many=[]),
        said(many=["a", "b", "c"]),
        said(short="long"),
        said(kind="four"),
        said(more=[]),
        said(more={"a": "b"}),
        said(name=[]),
        plainly("Object missing required field `name`"),
        plainly("Invalid enum value '`x`'"),
        plainly("Something `else`"),
    ] == snapshot(
        [
            "write `true` or `false`",
            "write a whole number",
            "write a number, at least 1",
            "write a number, at most 10",
            "write a number",
            "write a list, such as `[a, b]`",
            "write at least 1 entry",
            "write at most 2 entries",
            "write at most 3 characters",
            "'four' is none of its values; write `one`, `two` or `three`",
            "write its keys below it",
            "write a whole number",
            "write a text",
            "it has no `name`; add it",
            "''x'' is none of its values",
            "something 'else'",
        ]
    )


@given(st.text())
def test_any_message(message: str) -> None:
    assert isinstance(plainly(message), str)
