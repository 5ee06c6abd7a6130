"""parse: whole documents, the plans of this folder, and what must hold for any text."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core import graph
from services.core.parse import Form, looks_like_yaml, parse, parse_bytes
from services.core.plan import MAX_BYTES
from services.core.problems import KINDS
from tests.core.drawn import DOCUMENTS, HOME, INSTALLED, accepted, found, read

FOLDER = Path(__file__).parent / "plans"
INDEX = json.loads((FOLDER / "index.json").read_text())
TASK = "- [ ] **a** Title (acme/api)"


def form_of(name: str) -> Form:
    return "yaml" if name.endswith(".yaml") else "issue"


def named(prefix: str) -> list[str]:
    return [name for name in INDEX if name.startswith(prefix)]


def test_every_plan_of_the_folder_is_in_the_index() -> None:
    files = {str(path.relative_to(FOLDER)) for path in FOLDER.glob("*/*")}
    assert files == set(INDEX)


@pytest.mark.parametrize("name", named("valid/"))
def test_valid_plans(name: str) -> None:
    parsed = read((FOLDER / name).read_text(), form_of(name))
    assert parsed.plan is not None, parsed.errors
    assert {task.id: list(task.needs) for task in parsed.plan.tasks} == INDEX[name]["needs"]
    assert list(parsed.plan.repos) == INDEX[name]["repos"]
    assert [problem.kind for problem in parsed.problems] == INDEX[name]["warnings"]


@pytest.mark.parametrize("name", named("broken/"))
def test_broken_plans(name: str) -> None:
    assert [list(pair) for pair in found((FOLDER / name).read_text(), form_of(name))] == INDEX[name]["problems"]


def test_a_list_and_a_file_with_the_same_content_are_the_same_plan() -> None:
    listed = accepted((FOLDER / "valid/rename-column.md").read_text())
    filed = accepted((FOLDER / "valid/rename-column.yaml").read_text(), "yaml")
    assert listed.by_id["api"].body == "The old name stays in the answer for one release.\n\n- [ ] ask the mobile team"
    assert listed.hash == filed.hash


@pytest.mark.parametrize(
    "changed",
    [
        "**a** Title (acme/web)",
        "**b** Title (acme/api)",
        "**a** Other (acme/api)",
        "**a** Title (acme/api) · run: x",
        "**a** Title (acme/api)\n  note",
    ],
)
def test_every_change_of_meaning_changes_the_hash(changed: str) -> None:
    assert accepted(f"- [ ] {changed}").hash != accepted(TASK).hash


@pytest.mark.parametrize(
    "same",
    [f"{TASK}\r\n", f"\ufeff{TASK}", f"text\r\r{TASK}", TASK.replace("Title", " Title\u200b "), f"{TASK} · needs:"],
)
def test_spelling_does_not_change_the_hash(same: str) -> None:
    assert accepted(same).hash == accepted(TASK).hash


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_as_editors_do(end: str) -> None:
    text = "\ufeffIntro\n\n- [ ] **a** A · needs: gone\n".replace("\n", end)
    assert found(text) == [("unknown_dependency", 3)]


def test_lines_of_a_block_are_those_of_the_issue() -> None:
    text = 'Intro\n\n  ```yaml\n  tasks:\n    - {id: a, title: "A", needs: [gone]}\n  ```\n'
    (problem,) = read(text).errors
    assert (problem.line, problem.column) == (5, text.splitlines()[4].index("gone") + 1)


def test_a_title_comes_from_the_plan_or_the_first_top_heading() -> None:
    assert accepted(f"## Part\n\n# *Big* <!-- not --> plan #\n\n{TASK}").title == "*Big* plan"
    block = "```yaml\n{}tasks: [{{id: a, title: A}}]\n```"
    assert accepted(f"# Heading\n\n{block.format('')}").title == "Heading"
    assert accepted(f"# Heading\n\n{block.format('title: Own' + chr(10))}").title == "Own"


@pytest.mark.parametrize(
    ("text", "is_yaml"),
    [
        ("tasks:\n- id: a", True),
        ("# comment\n\ntitle: x\ntasks: []", True),
        ("---\ntasks:\n- a", True),
        ('{"tasks": []}', True),
        ("---\ntitle: front matter\n---\n" + TASK, False),
        (f"# Heading\n\n{TASK}", False),
        ("", False),
        ("The title: is\ntasks:", False),
    ],
)
def test_auto_looks_at_the_first_line_that_says_something(text: str, is_yaml: bool) -> None:
    assert looks_like_yaml(text) is is_yaml


def test_auto_reads_both_forms() -> None:
    for text in (TASK, "tasks: [{id: a, title: Title, repo: acme/api}]"):
        form: Form = "yaml" if text.startswith("tasks") else "issue"
        assert parse(text, home=HOME).plan == parse(text, home=HOME, form=form).plan


def test_empty_says_what_to_write() -> None:
    in_issue, in_file, unfenced = read("").errors, read("tasks: []", "yaml").errors, read("tasks: [a]").errors
    assert "- [ ] **id**" in in_issue[0].message
    assert "add `tasks:`" in in_file[0].message
    assert "```yaml" in unfenced[0].message


def test_size_is_bounded_in_bytes_and_lines() -> None:
    assert found("ä" * (MAX_BYTES // 2 + 1)) == [("too_large", 0)]
    assert found("\n" * 20_000) == [("too_large", 0)]
    assert found("\n" * 19_999) == [("empty", 0)]


def test_bytes_that_are_not_text_are_a_problem_of_the_plan() -> None:
    (problem,) = parse_bytes(b"tasks:\n- caf\xe9", home=HOME).errors
    assert (problem.kind, problem.line, problem.column) == ("not_text", 2, 6)
    (large,) = parse_bytes(b"\xff" * (MAX_BYTES + 1), home=HOME).errors
    assert large.kind == "too_large"
    assert parse_bytes(TASK.encode("utf-8-sig"), home=HOME).plan == parse(TASK, home=HOME).plan


def test_problems_are_capped_and_the_rest_is_counted() -> None:
    problems = read("".join(f"- [ ] **t{n}** T · needs: gone{n}\n" for n in range(80))).problems
    assert len(problems) == 51
    assert (problems[-1].kind, problems[-1].message[:2]) == ("more", "30")


def test_a_thousand_tasks_are_read_and_one_more_is_not() -> None:
    text = "".join(f"- [ ] **t{n}** T (acme/api)\n" for n in range(1001))
    assert found(text) == [("too_many_tasks", 1001)]
    assert len(accepted(text[: text.rindex("- [ ]")]).tasks) == 1000


def test_sec_46_ids_with_look_alikes_are_named_by_their_code_point() -> None:
    (problem,) = read("- [ ] **api** A\n- [ ] **web** W · needs: \u0430pi").errors
    assert "U+0430" in problem.message
    assert "Did you mean `api`?" in problem.message
    (hidden,) = read("- [ ] **a\u200bpi** A").errors
    assert hidden.kind == "bad_id"
    assert "a\\u200bpi" in hidden.message


ADVERSARIAL = [
    "- [ ] **a** " + "(" * 50_000,
    "- [ ] **a** T" + " ·" * 50_000,
    "- [ ] **a** T" + " " * 50_000 + "·",
    "- [ ] **a** " + "`" * 25_000 + " " + "` `` " * 10_000,
    "- [ ] **a** " + "<!--" * 25_000,
    "- [ ] **a** " + "\\" * 50_000,
    "- [ ] **a** T · needs: " + "a," * 50_000,
    "- [ ] **a** T · timeout: " + "1" * 50_000 + "h",
    "- [ ] **" + "a" * 50_000,
    "- [ ] **a** T · " + "-" * 50_000 + ":",
    "<!--" * 30_000,
    "> " * 40_000,
    "- " * 40_000 + "x",
    "```yaml\n" * 10_000,
    "```yaml\ntasks: " + "[" * 50_000,
    "```yaml\n" + " " * 50_000 + "tasks",
    "[a]: b\n" * 10_000,
    "* a\n" * 10_000,
]


@pytest.mark.parametrize("text", ADVERSARIAL, ids=lambda text: text[:24])
def test_sec_30_hostile_documents_end_in_a_verdict(text: str) -> None:
    """Each of these would take minutes with a quadratic pattern, so the suite's own patience is the limit."""
    parsed = read(text)
    assert (parsed.plan is None) == bool(parsed.errors)


@given(DOCUMENTS, st.sampled_from(["auto", "issue", "yaml"]))
@settings(max_examples=300)
def test_any_text_gives_a_plan_or_problems_inside_it(text: str, form: Form) -> None:
    parsed = parse(text, home=HOME, installed=INSTALLED, form=form)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert (parsed.plan is None) == bool(parsed.errors)
    for problem in parsed.problems:
        assert problem.kind in KINDS
        assert 0 <= problem.line <= len(lines)
        assert problem.line == 0 or 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert len(problem.message) < 2_000
        assert problem.message.isprintable()
    if parsed.plan:
        needs = graph.needs_of(parsed.plan.tasks)
        assert len(graph.order(needs)) == len(parsed.plan.tasks)
        assert all(set(wanted) <= set(needs) for wanted in needs.values())


@given(DOCUMENTS)
@settings(max_examples=50)
def test_the_same_text_gives_the_same_answer(text: str) -> None:
    assert read(text) == read(text)


@given(
    st.permutations(
        [
            "- [ ] **a** A (acme/api)",
            "- [ ] **b** B · needs: a, c",
            "- [ ] **c** C · paths: x, y",
            "- [x] **d** D · needs: c, a",
        ]
    )
)
@settings(max_examples=10)
def test_the_order_of_tasks_and_needs_does_not_change_the_hash(entries: list[str]) -> None:
    other = "\n".join(entries).replace("a, c", "c,a").replace("x, y", "y, x, x")
    assert accepted("\n".join(sorted(entries))).hash == accepted(other).hash
