"""services/core/overlap.py: which tasks would get in each other's way."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.overlap import Neighbour, Rivals, among, concerned, settled, shared_files, told_of
from services.core.plan import Parsed, Plan, Task
from services.core.task_state import STATES, State, TaskState
from tests.kit.plans import plan, task

REPO = "acme/api"


def apart(*tasks: Task) -> Plan:
    parsed = settled(Parsed(plan=plan(*tasks)), {REPO: "serialise"})
    assert parsed.plan is not None
    return parsed.plan


def keeps(whole: Plan, task_id: str, **states: TaskState) -> tuple[str, str] | None:
    return Rivals(whole).keeps(task_id, lambda each: states.get(each) or TaskState(id=each, state="ready"))


def at(task_id: str, state: State, *changed: str, held: bool = False) -> TaskState:
    return TaskState(id=task_id, state=state, changed=changed, held=held)


ONE, OTHER = task("one", paths=("src/**",)), task("other", paths=("src/a.py", "docs/**"))


def test_what_is_at_work_keeps_what_may_change_the_same_files() -> None:
    whole = apart(ONE, OTHER, task("far", paths=("web/**",)))
    assert keeps(whole, "other", one=at("one", "running")) == ("one", "src/**")
    assert keeps(whole, "one", other=at("other", "in_review")) == ("other", "src/a.py")
    assert keeps(whole, "far", one=at("one", "running"), other=at("other", "running")) is None


def test_what_stands_still_keeps_nobody_back() -> None:
    whole = apart(ONE, OTHER)
    for state in STATES:
        if state not in {"running", "in_review"}:
            assert keeps(whole, "other", one=at("one", state)) is None
    assert keeps(whole, "other", one=at("one", "in_review", held=True)) is None
    grouped = apart(task("one", paths=("src/**",), group="g"), OTHER)
    assert keeps(grouped, "other", one=at("one", "in_review")) is None
    assert keeps(grouped, "other", one=at("one", "running")) is not None


def test_what_a_pull_request_really_changes_counts_more_than_what_was_declared() -> None:
    whole = apart(ONE, OTHER, task("silent"))
    assert keeps(whole, "other", one=at("one", "in_review", "src/b.py")) is None
    assert keeps(whole, "other", one=at("one", "in_review", "src/b.py", "src/a.py")) == ("one", "src/a.py")
    assert keeps(whole, "other", silent=at("silent", "in_review", "docs/x")) == ("silent", "docs/x")
    assert keeps(whole, "other", silent=at("silent", "running")) is None
    assert keeps(whole, "silent", one=at("one", "running")) is None
    assert shared_files(at("a", "in_review", "x", "y"), at("b", "in_review", "z", "y")) == ("y",)


def test_it_is_foreseen_whom_each_keeps_waiting_and_until_when() -> None:
    whole = Rivals(apart(ONE, OTHER, task("silent"), task("far", paths=("web/**",))))
    assert whole.holds({}) == {"one": [("other", "one rest")], "other": [("one", "other rest")]}
    assert whole.holds({"one": at("one", "running")}) == {"one": [("other", "one rest")]}, (
        "who is at work waits no more"
    )
    assert whole.holds({"one": at("one", "in_review", "src/b.py")}) == {}
    assert whole.holds({"silent": at("silent", "in_review", "web/x")})["silent"] == [("far", "silent rest")]
    grouped = Rivals(apart(task("one", paths=("src/**",), group="g"), OTHER))
    assert grouped.holds({})["one"] == [("other", "one")], "as one of a group it keeps nobody back once it is in review"
    stacked = settled(Parsed(plan=plan(ONE, OTHER)), {REPO: "stack"}).plan
    assert stacked is not None
    assert Rivals(stacked).holds({}) == {"one": [("other", "one")], "other": [("one", "other")]}


def test_a_repository_that_only_wants_to_be_told() -> None:
    parsed = settled(Parsed(plan=plan(ONE, OTHER)), {REPO: "warn"})
    assert parsed.plan is not None
    assert keeps(parsed.plan, "other", one=at("one", "running")) is None
    assert "at the same time" in parsed.problems[0].message
    (told,) = settled(parsed, {REPO: "serialise"}).problems
    assert told.message.endswith("(`src/**` and `src/a.py`), so they are worked on one after the other.")
    (told,) = settled(parsed, {REPO: "stack"}).problems
    assert told.message.endswith(
        "(`src/**` and `src/a.py`), so the later is stacked on the earlier, and merges after it."
    )
    assert parsed.plan.hash == plan(ONE, OTHER).hash == apart(ONE, OTHER).hash


def test_what_another_plan_has_under_way() -> None:
    there = Neighbour(place="acme/home#3", task=task("there", paths=("src/a.py",)))
    ((mine, other, path),) = among([ONE, task("far", paths=("web/**",)), task("silent")], [there])
    assert told_of(mine, other, path) == (
        "`one` may change the same files as `there` of the plan acme/home#3, which is under way (`src/**`)."
    )
    hidden = Neighbour(place="", task=task("there"), changed=("docs/x", "src/b.py"))
    ((mine, other, path),) = among([ONE], [hidden])
    assert told_of(mine, other, path) == (
        "`one` may change the same files as a task of another plan, which is under way (`src/b.py`)."
    )
    assert list(among([ONE], [Neighbour(place="", task=task("web", repo="acme/web", paths=("src/**",)))])) == []


def test_settings_are_asked_for_only_where_they_matter() -> None:
    assert concerned(plan(ONE)) == ()
    assert concerned(plan(task("a"), task("b"))) == ()
    assert concerned(plan(ONE, task("b"), task("c", repo="acme/web", paths=("x",)))) == (REPO,)


PATHS = st.lists(st.sampled_from(["src/**", "src/a", "src/b", "docs/*", "**/b"]), max_size=2).map(tuple)
FILES = st.lists(st.sampled_from(["src/a", "src/b", "docs/b"]), max_size=2).map(tuple)
TASKS = st.lists(st.tuples(PATHS, st.sampled_from(["", "g"])), min_size=2, max_size=6)


@settings(max_examples=60)
@given(TASKS, st.lists(st.tuples(st.booleans(), FILES), min_size=6, max_size=6), st.permutations(range(6)))
def test_however_they_start_no_two_overlap_and_somebody_always_may(
    drawn: list[tuple[tuple[str, ...], str]], ends: list[tuple[bool, tuple[str, ...]]], order: list[int]
) -> None:
    """Tasks start whenever they may, and come to review or merge: at no time are two at work that declared the same
    file, and all of them get their turn."""
    tasks = [task(f"t{n}", paths=paths, group=group) for n, (paths, group) in enumerate(drawn)]
    rivals, specs = Rivals(apart(*tasks)), {each.id: each for each in tasks}
    states = {each.id: TaskState(id=each.id, state="ready") for each in tasks}
    for _ in range(3 * len(tasks)):
        for number in order:
            name = f"t{number}"
            if name in states and states[name].state == "ready" and rivals.keeps(name, states.__getitem__) is None:
                running = [each for each in states if states[each].state == "running"]
                assert not any(each in rivals.of(name) and specs[each].paths for each in running if specs[name].paths)
                states[name] = TaskState(id=name, state="running")
        moved = next((each for each in states if states[each].state in {"running", "in_review"}), None)
        if moved is None:
            break
        to_review, files = ends[int(moved[1:])]
        is_running = states[moved].state == "running" and to_review
        states[moved] = TaskState(id=moved, state="in_review" if is_running else "done", changed=files)
    assert {each.state for each in states.values()} == {"done"}
