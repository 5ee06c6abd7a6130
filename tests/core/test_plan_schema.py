"""plan_schema: the schema and the parser agree about what a plan in YAML looks like."""

from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from hypothesis import given, settings

from services.core.plan import Plan
from services.core.plan_fields import KEYS
from services.core.plan_render import render_yaml
from services.core.plan_schema import plan_schema
from tests.core.drawn import plans

VALID = jsonschema_rs.validator_for(plan_schema())
FOLDER = Path(__file__).parent / "plans"


def test_every_key_is_described() -> None:
    tasks = plan_schema()["properties"]["tasks"]["items"]["properties"]  # type: ignore[index]
    assert set(tasks) == set(KEYS)
    assert all(key["description"].endswith(".") for key in tasks.values())


def test_a_valid_plan_fits() -> None:
    VALID.validate(yaml.safe_load((FOLDER / "valid" / "rename-column.yaml").read_text()))


def test_a_command_that_yaml_takes_for_something_else_fits() -> None:
    VALID.validate(yaml.safe_load("tasks: [{id: a, title: A, repo: a/b, run: true, body: 5}]"))


@given(plans())
@settings(max_examples=40)
def test_written_plans_fit(found: Plan) -> None:
    VALID.validate(yaml.safe_load(render_yaml(found)))


@pytest.mark.parametrize(
    "text",
    [
        "tasks: []",
        "title: x",
        "tasks: [{id: a}]",
        "tasks: [{id: a/b, title: A}]",
        "tasks: [{id: a, title: A, needs: b}]",
        "tasks: [{id: a, title: A, zzz: 1}]",
        "tasks: [{id: a, title: A, priority: high}]",
        "tasks: [{id: a, title: A, done: maybe}]",
        "{tasks: [{id: a, title: A}], defaults: {id: b}}",
    ],
)
def test_broken_shapes_do_not_fit(text: str) -> None:
    assert not VALID.is_valid(yaml.safe_load(text))
