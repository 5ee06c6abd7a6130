"""plan_render: what is written gives the same plan again."""

import msgspec
import yaml
from hypothesis import given, settings

from services.core.parse import parse
from services.core.plan import Plan, Task
from services.core.plan_render import duration, render_task_list, render_yaml
from tests.core.drawn import plan, plans, task


def without_lines(found: Plan | None) -> list[Task]:
    assert found is not None
    return [msgspec.structs.replace(one, line=0) for one in found.tasks]


@given(plans())
@settings(max_examples=80)
def test_a_plan_comes_back_from_either_form(found: Plan) -> None:
    for text, form in ((render_task_list(found), "issue"), (render_yaml(found), "yaml")):
        again = parse(text, home="", form="issue" if form == "issue" else "yaml").plan
        assert without_lines(again) == without_lines(found), text
        assert again is not None
        assert (again.hash, again.title) == (found.hash, found.title)


def test_a_task_list_as_people_write_it() -> None:
    found = plan(
        task("a", body="Look here:\n\n- one\n- two", done=True),
        task("b", "a", repo="acme/web", paths=("src/**", "a,b"), timeout=5400, priority=2.0, verify="make `x`"),
        title="Release 3",
    )
    assert render_task_list(found) == (
        "# Release 3\n\n"
        "- [x] **a** Do a (acme/api)\n\n  Look here:\n\n  - one\n  - two\n\n"
        "- [ ] **b** Do b (acme/web) · needs: a · paths: `src/**`, `a,b` · priority: 2"
        " · timeout: 90m · verify: `` make `x` ``\n"
    )


def test_what_a_list_can_not_hold_is_written_as_a_block() -> None:
    found = plan(task("a", run="one\n```\ntwo"))
    text = render_task_list(found)
    assert text.startswith("````yaml\n")
    assert without_lines(parse(text, home="").plan) == without_lines(found)


def test_yaml_is_plain() -> None:
    content = yaml.safe_load(render_yaml(plan(task("no", "1e3", verify="x"), task("1e3"))))
    assert content == {
        "tasks": [
            {"id": "no", "title": "Do no", "repo": "acme/api", "needs": ["1e3"], "verify": "x"},
            {"id": "1e3", "title": "Do 1e3", "repo": "acme/api"},
        ]
    }


def test_durations() -> None:
    assert [duration(seconds) for seconds in (60, 5400, 90)] == ["1m", "90m", "1.5"]
