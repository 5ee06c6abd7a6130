"""parse_yaml: shapes. What the texts mean is tested with the values, bounds and tricks with the nodes."""

import pytest

from services.core.plan import Task
from tests.core.drawn import accepted, found, read

HEAD = "tasks:\n  - id: a\n    title: A\n"


def test_every_key_and_the_defaults() -> None:
    text = (
        "title: P\ndefaults: {repo: acme/api, agent: coder, timeout: 1h, priority: 3, paths: [src], verify: v}\n"
        "tasks:\n"
        "- {id: a, title: A}\n"
        "- {id: b, title: B, repo: acme/web, needs: [a, a], agent: script, timeout: 5, priority: 0, paths: [],"
        " verify: '', group: g, rollback: r, body: d, run: x, prompt: p, budget: 2, model: m, done: true}\n"
    )
    a, b = accepted(text, "yaml").tasks
    shared = {"agent": "coder", "timeout": 3600, "priority": 3.0, "paths": ("src",), "verify": "v"}
    assert a == Task(id="a", title="A", repo="acme/api", line=4, **shared)  # type: ignore[arg-type]
    assert b == Task(
        id="b",
        title="B",
        repo="acme/web",
        needs=("a",),
        timeout=300,
        group="g",
        rollback="r",
        body="d",
        run="x",
        prompt="p",
        budget="2",
        model="m",
        done=True,
        line=5,
    )
    assert accepted(text, "yaml").title == "P"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", [("empty", 0)]),
        ("~", [("empty", 0)]),
        ("title: x", [("empty", 0)]),
        ("tasks:", [("empty", 0)]),
        ("tasks: []", [("empty", 0)]),
        ("just text", [("wrong_type", 1)]),
        ("[]", [("wrong_type", 1)]),
        ("tasks: 3", [("wrong_type", 1)]),
        ("tasks: [a, [b], {}]", [("wrong_type", 1), ("wrong_type", 1), ("missing_field", 1), ("missing_field", 1)]),
        (HEAD + "    needs: a", [("wrong_type", 4)]),
        (HEAD + "    needs: {a: b}", [("wrong_type", 4)]),
        (HEAD + "    needs: [[a], ~, {}]", [("wrong_type", 4)] * 3),
        (HEAD + "    paths: src", [("wrong_type", 4)]),
        (HEAD + "    agent: [coder]", [("wrong_type", 4)]),
        (HEAD + "    timeout: {minutes: 3}", [("wrong_type", 4)]),
        (HEAD + "    prioritty: 3", [("unknown_key", 4)]),
        (HEAD + "title: [x]", [("wrong_type", 4)]),
        (HEAD + "defaults: 3", [("wrong_type", 4)]),
        (HEAD + "defaults: {id: x, needs: [a], repo: nope}", [("unknown_key", 4)] * 2 + [("unknown_repo", 4)]),
        (HEAD + "version: 1", [("unknown_key", 4)]),
        (
            "tasks:\n  - id: [a]\n    title: ''\n    repo: [x]",
            [("wrong_type", 2), ("missing_field", 3), ("wrong_type", 4)],
        ),
    ],
)
def test_shapes(text: str, problems: list[tuple[str, int]]) -> None:
    assert found(text, "yaml") == problems


def test_nothing_means_left_out() -> None:
    text = HEAD + "    needs:\n    paths: ~\n    agent: null\n    timeout: Null\n    repo:\ndefaults:\ntitle:\n"
    assert accepted(text, "yaml").hash == accepted(HEAD, "yaml").hash


def test_a_refused_trick_is_the_only_thing_reported() -> None:
    assert found("tasks: *x\nzzz: 1", "yaml") == [("yaml_alias", 1)]


def test_messages_show_how_to_write_it() -> None:
    (problem,) = read(HEAD + "    needs: {a: yes, '`b|': no}", "yaml").errors
    assert problem.message.endswith("write `needs: [a, 'b¦]`.")
