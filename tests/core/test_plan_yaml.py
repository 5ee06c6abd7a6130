"""plan_yaml: nodes with places, and every trick of YAML refused before it costs anything."""

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from services.core import plan_yaml
from services.core.nodes import Mapping, Node, Scalar, Sequence
from services.core.plan import Plan, Problem
from services.core.plan_render import render_yaml
from services.core.plan_yaml import MAX_DEPTH, Composer
from services.core.problems import Findings
from tests.core.drawn import DOCUMENTS, plans


def problems(text: str) -> tuple[Problem, ...]:
    findings = Findings()
    Composer(text, findings, lambda line, column: (line + 1, column + 1)).compose()
    return findings.listed()


def messages(text: str) -> list[str]:
    return [problem.message for problem in problems(text)]


def compose(text: str) -> tuple[Node | None, list[tuple[str, int, int]]]:
    findings = Findings()
    root = Composer(text, findings, lambda line, column: (line + 1, column + 1)).compose()
    return root, [(problem.kind, problem.line, problem.column) for problem in findings.listed()]


def plain(node: Node | None) -> object:
    if isinstance(node, Mapping):
        return {key: plain(value) for key, (_, value) in node.entries.items()}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return node.spot.text if isinstance(node, Scalar) else None


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (
            "a: no\nb: 1e3\nc: 0o7\nd: 12:30\ne: 2026-01-01",
            {"a": "no", "b": "1e3", "c": "0o7", "d": "12:30", "e": "2026-01-01"},
        ),
        ("- a\n- [b, {c: d}]\n-", ["a", ["b", {"c": "d"}], ""]),
        ("a: |\n  x\n\n   y\nb: >-\n  x\n  y", {"a": "x\n\n y\n", "b": "x y"}),
        ("a: 'it''s'\nb: \"\\u00e4\"", {"a": "it's", "b": "ä"}),
        ("{a: {}, b: []}", {"a": {}, "b": []}),
        ("%YAML 1.1\n---\na: b\n...\n", {"a": "b"}),
        ("", None),
    ],
)
def test_scalars_stay_text(text: str, content: object) -> None:
    assert (plain(compose(text)[0]), compose(text)[1]) == (content, [])


def test_places_are_counted_in_characters() -> None:
    root, _ = compose("ä: 'ü'\n😀:\n  - é: x")
    assert isinstance(root, Mapping)
    key, value = root.entries["😀"]
    assert (key.line, key.column) == (2, 1)
    assert isinstance(value, Sequence)
    inner = value.items[0]
    assert isinstance(inner, Mapping)
    assert (inner.entries["é"][1].spot.line, inner.entries["é"][1].spot.column) == (3, 8)


def test_line_ends_that_only_yaml_knows_are_not_counted() -> None:
    assert compose("a: 'x\u2028y\x85z'\nb: *c")[1] == [("yaml_alias", 2, 4)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &x 1", ("yaml_alias", 1, 4)),
        ("a: *x", ("yaml_alias", 1, 4)),
        ("a:\n  <<: {b: c}", ("yaml_alias", 2, 3)),
        ("a: !!str b", ("yaml_unsafe", 1, 4)),
        ("a: ! b", ("yaml_unsafe", 1, 4)),
        ("!!python/object/apply:os.system [x]", ("yaml_unsafe", 1, 1)),
        ("%TAG !e! tag:e,2000:\n---\na: !e!x b", ("yaml_unsafe", 3, 4)),
        ("a: 1\nb: 2\na: 3", ("duplicate_key", 3, 1)),
        ("a: {b: 1, 'b': 2}", ("duplicate_key", 1, 11)),
        ("? [a]\n: b", ("wrong_type", 1, 3)),
        ("a: 1\n---\nb: 1", ("two_plans", 2, 1)),
        ("a: x\x07", ("yaml_syntax", 1, 5)),
        ("a: 'x", ("yaml_syntax", 1, 4)),
        ("a: b: c", ("yaml_syntax", 1, 5)),
        ("a:\n\t- b", ("yaml_syntax", 2, 1)),
        ("a: [b\n\n", ("yaml_syntax", 1, 5)),
        ('a: "\\q"', ("yaml_syntax", 1, 4)),
        ("%YAML 9.0\n---\na", ("yaml_syntax", 1, 1)),
        ("a: fix #12", ("yaml_comment", 1, 8)),
    ],
)
def test_sec_31_what_is_refused_has_its_place(text: str, problem: tuple[str, int, int]) -> None:
    assert compose(text)[1] == [problem]


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("a: * b", "scanning an alias", "A value that begins with `*` needs quotes around it."),
        ("a: & b", "scanning an anchor", "A value that begins with `&` needs quotes around it."),
        (
            "a: b: c",
            "mapping values are not",
            "A value that holds `: ` needs quotes, or the indentation does not fit the line above.",
        ),
        (
            "a: @b",
            "cannot start any token",
            "A value can't start like this; put it in quotes, and indent with blanks, not tabs.",
        ),
        (
            "- a\nb: c",
            "block collection",
            "This line does not fit the list above; check its indentation and its `-`.",
        ),
    ],
)
def test_what_yaml_says_is_said_in_other_words(text: str, words: str, said: str) -> None:
    with pytest.raises(yaml.MarkedYAMLError, match=words):
        list(yaml.parse(text, Loader=plan_yaml.LOADER))
    assert messages(text) == [said]


def test_a_character_that_yaml_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_yaml, "LOADER", yaml.SafeLoader)  # the other one says what is wrong with the quote
    assert messages('a: "\\U00110000"') == ["The YAML cannot be read: it holds a character that YAML does not know."]


def test_a_comment_without_a_number_is_a_comment() -> None:
    assert compose("a: b # see 12")[1] == []
    assert compose("a: 'b' #12")[1] == []


def test_a_second_key_does_not_replace_the_first() -> None:
    assert plain(compose("a: [x]\na: [y]")[0]) == {"a": ["x"]}


def test_sec_31_an_alias_is_named_once_and_never_followed() -> None:
    text = "a: &a [x, x]\n" + "\n".join(f"b{n}: [*a, *a, *a]" for n in range(9))
    assert compose(text)[1] == [("yaml_alias", 1, 4), ("yaml_alias", 2, 6)]


def test_sec_31_depth_and_size_are_bounded_while_reading() -> None:
    assert compose("[" * MAX_DEPTH + "]" * MAX_DEPTH)[1] == []
    assert compose("[" * 100_000)[1] == [("too_deep", 1, MAX_DEPTH + 1)]
    assert compose("- " * 5_000)[1][0][0] == "too_deep"
    large = "a:\n" + "- x\n" * 50_000
    assert [(each.kind, each.message, each.line, each.column) for each in problems(large)] == [
        ("too_large", "The plan has more than 50,000 YAML values; split it into several plans.", 49_999, 3)
    ]
    assert compose("tasks:\n" + "- x\n" * 1_001)[1] == [("too_many_tasks", 1_002, 3)]
    assert compose("a:\n  tasks:\n" + "  - x\n" * 1_001)[1] == []


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_yaml, "LOADER", getattr(yaml, request.param))


@pytest.mark.usefixtures("loader")
@given(DOCUMENTS)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_breaks_either_loader(text: str) -> None:
    root, problems = compose(text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff"))
    assert root is None or isinstance(root, Node)
    assert len(problems) < 100


@pytest.mark.usefixtures("loader")
@given(plans())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_loaders_read_a_written_plan(found: Plan) -> None:
    root, problems = compose(render_yaml(found))
    content = plain(root)
    assert problems == []
    assert isinstance(content, dict)
    assert [entry["title"] for entry in content["tasks"]] == [task.title for task in found.tasks]
