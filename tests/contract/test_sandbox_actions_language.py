"""The expression language and the filter patterns of workflow files, as GitHub documents them."""

import random
import string
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sandbox import actions_context, actions_steps
from services.sandbox.actions_file import Broken, parse
from services.sandbox.actions_match import fits, last_word
from services.sandbox.expressions import ExpressionError, condition, evaluate, interpolate, value

CONTEXT: dict[str, Any] = {
    "github": {"ref": "refs/heads/main", "event": {"issue": {"labels": [{"name": "bug"}, {"name": "p1"}]}}},
    "matrix": {"os": "linux", "n": 3},
    "env": {"A-B": "dash", "EMPTY": ""},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 == 1.0", True),
        ("'Main' == 'main'", True),
        ("'1' == 1", True),
        ("null == 0", True),
        ("'' == null", True),
        ("'a' == 0", False),
        ("!github.ref", False),
        ("!!github.ref", True),
        ("github.ref == 'refs/heads/main' && 'yes' || 'no'", "yes"),
        ("matrix.n > 2 && matrix.n <= 3", True),
        ("'abc' < 'ABD'", True),
        ("github['ref']", "refs/heads/main"),
        ("github.event.issue.labels[1].name", "p1"),
        ("github.event.issue.labels.*.name", ["bug", "p1"]),
        ("contains(github.event.issue.labels.*.name, 'BUG')", True),
        ("join(github.event.issue.labels.*.name, '-')", "bug-p1"),
        ("github.nothing.at.all", None),
        ("env.A-B", "dash"),
        ("startsWith(github.ref, 'REFS/') && endsWith(github.ref, 'main')", True),
        ("format('{0} {{x}} {1}', 'a', matrix.n)", "a {x} 3"),
        ("fromJSON('[1, {\"a\": true}]')[1].a", True),
        ("toJSON(matrix)", '{\n  "os": "linux",\n  "n": 3\n}'),
        ("'it''s'", "it's"),
        ("0xff", 255.0),
        ("(1 == 2) == false", True),
    ],
)
def test_expressions(text: str, expected: Any) -> None:
    assert evaluate(text, CONTEXT) == expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("nope.x", "Unrecognized named-value: 'nope'"),
        ("nope(1)", "Unrecognized function: 'nope'"),
        ("github.ref ==", "Unexpected end of expression"),
        ("1 2", "Unexpected symbol: '2'"),
        ("'open", "Unexpected symbol"),
        ("contains(1)", "Wrong number of arguments"),
        ("fromJSON('{')", "no JSON"),
        ("format('{3}', 1)", "no argument 3"),
        ("(" * 60, "nested deeper"),
        ("x" * 30_000, "longer than"),
        ("github.", "Expected a property name"),
        ("(1", "Expected ')'"),
    ],
)
def test_what_is_no_expression_is_told_in_one_line(text: str, line: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, CONTEXT)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_texts_with_expressions_in_them() -> None:
    assert interpolate("a ${{ matrix.os }}/${{ matrix.n }} ${{ '}}' }} $x", CONTEXT) == "a linux/3 }} $x"
    assert value("${{ matrix }}", CONTEXT) == CONTEXT["matrix"]
    assert value("n=${{ matrix.n }}", CONTEXT) == "n=3"
    with pytest.raises(ExpressionError, match="not closed"):
        interpolate("${{ 'a }}", CONTEXT)


@pytest.mark.parametrize(
    ("text", "ends", "expected"),
    [
        ("", ["success"], True),
        ("", ["failure"], False),
        ("always()", ["failure"], True),
        ("failure()", ["success", "failure"], True),
        ("github.ref == 'refs/heads/main'", ["failure"], False),
        ("${{ !cancelled() && matrix.n == 3 }}", ["failure"], True),
        ("!${{ matrix.n == 4 }}", [], True),
        ("''", [], False),
    ],
)
def test_conditions_ask_for_success_unless_they_name_a_status(text: str, ends: list[str], expected: bool) -> None:
    assert condition(text, CONTEXT, actions_context.functions(ends)) is expected


@given(st.text(max_size=200))
def test_any_text_is_a_value_or_an_expression_error(text: str) -> None:
    with suppress(ExpressionError):
        evaluate(text, CONTEXT)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("feature/*", "feature/my-branch", True),
        ("feature/*", "feature/a/b", False),
        ("feature/**", "feature/a/b", True),
        ("**", "all/the/branches", True),
        ("*feature", "my-feature", True),
        ("v2*", "v2.9", True),
        ("v[12].[0-9]+.[0-9]+", "v1.10.1", True),
        ("v[12].[0-9]+.[0-9]+", "v3.10.1", False),
        ("*.jsx?", "page.js", True),
        ("*.jsx?", "dir/page.js", False),
        ("**.js", "src/js/app.js", True),
        ("docs/**/*.md", "docs/hello.md", True),
        ("docs/**/*.md", "docs/a/markdown/file.md", True),
        ("**/docs/**", "docs/hello.md", True),
        ("**/docs/**", "dir/docs/my-file.txt", True),
        ("**/docs/**", "mydocs/x", False),
        ("**/README.md", "README.md", True),
        ("**/*src/**", "a/src/app.js", True),
        ("**/*-post.md", "path/their-post.md", True),
        (r"\*.md", "*.md", True),
        (r"\*.md", "a.md", False),
        ("", "", True),
        ("a+", "aaa", True),
        ("[", "[", True),
    ],
)
def test_patterns(pattern: str, name: str, expected: bool) -> None:
    assert fits(name, pattern) is expected


def test_the_last_pattern_that_fits_decides() -> None:
    patterns = ["releases/**", "!releases/**-alpha", "releases/keep-alpha"]
    names = ["releases/10", "releases/beta/3-alpha", "releases/keep-alpha", "main"]
    assert [last_word(name, patterns) for name in names] == [True, False, True, False]


def test_a_hostile_pattern_costs_no_more_than_its_length() -> None:
    assert fits("a" * 1_000, "a*" * 120 + "b") is False
    assert fits("a" * 1_000, "**+" * 80 + "b") is False


def test_a_matrix_expands_as_documented() -> None:
    raw = {
        "fruit": ["apple", "pear"],
        "animal": ["cat", "dog"],
        "include": [
            {"color": "green"},
            {"color": "pink", "animal": "cat"},
            {"fruit": "apple", "shape": "circle"},
            {"fruit": "banana"},
            {"fruit": "banana", "animal": "cat"},
        ],
    }
    assert actions_context.expand(raw, {}) == [
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "pear", "animal": "dog", "color": "green"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]
    out = {"a": [1, 2], "b": [1, 2], "exclude": [{"a": 1, "b": 2}, {"a": 2}]}
    assert actions_context.expand(out, {}) == [{"a": 1, "b": 1}]
    only = {"include": [{"x": 1}, {"x": 2}]}
    assert actions_context.expand(only, {}) == [{"x": 1}, {"x": 2}]
    listed = {"n": "${{ fromJSON(inputs.list) }}"}
    assert actions_context.expand(listed, {"inputs": {"list": "[1, 2]"}}) == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize("raw", [{"a": list(range(300))}, {"a": []}, {"a": 1}, [1], {"a": [1], "exclude": [{"a": 1}]}])
def test_what_is_no_matrix_is_refused(raw: Any) -> None:
    with pytest.raises(ExpressionError):
        actions_context.expand(raw, {})


def test_on_is_no_boolean_and_versions_stay_as_yaml_has_them() -> None:
    text = "on: [push]\nenv: {A: yes, B: 3.10, C: true, D: 2024-01-02}\njobs: {on: {runs-on: x, steps: [{run: a}]}}"
    spec = parse("w.yml", text)
    assert spec.env == {"A": "yes", "B": "3.1", "C": "true", "D": "2024-01-02"}
    assert list(spec.jobs) == ["on"]


def test_no_text_makes_the_reader_fall() -> None:
    """Files cut and mixed at random, from one seed: a workflow or Broken, never anything else."""
    chance = random.Random(7)
    whole = "on: {push: {branches: [a]}}\njobs:\n  a:\n    runs-on: [x]\n    strategy: {matrix: {n: [1]}}\n    steps:\n    - run: |\n        b\n"
    outcomes = set()
    for _ in range(300):
        cut = [chance.choice([whole[:n], whole[n:], whole]) for n in (chance.randrange(len(whole)),)]
        text = "".join(cut) + "".join(chance.choices(string.printable + "&*<:{}[]", k=chance.randrange(12)))
        try:
            parse("w.yml", text)
            outcomes.add("read")
        except Broken as problem:
            outcomes.add("broken" if "\n" not in str(problem) else str(problem))
    assert outcomes == {"read", "broken"}


def test_what_a_step_leaves_behind_is_read() -> None:
    text = "a=1\nb<<X\ntwo\nlines=2\nX\nbroken\n1bad=x\nc=a<<b\nd<<never\nended"
    assert actions_steps.pairs(text) == {"a": "1", "b": "two\nlines=2", "c": "a<<b", "d": "ended"}
