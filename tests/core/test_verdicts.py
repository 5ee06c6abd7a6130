"""verdicts: what a check run says of settings, plans and a merge queue's commit."""

import msgspec
from inline_snapshot import snapshot

from services.core.config import CONFIG_PATH, read_file
from services.core.messages import verdicts
from services.core.parse import parse
from services.core.report import CheckReport
from services.core.reposet import SET_PATH
from services.core.reposet_read import read_set
from tests.kit.constants import constants

GOOD = "- [ ] **a** Write"
WARNED = "tasks: [{id: a, title: A, repo: acme/api, group: alone}]"
BAD = "- [ ] **a** Write · needs: b"


def shown(report: CheckReport) -> object:
    return msgspec.to_builtins(report)


def test_what_errors_lead_to() -> None:
    assert constants(verdicts) == snapshot(
        {
            "MEANS": {
                ".github/lockstep.yml": "Until this is corrected, plans of this repository can't be approved, and for everything else Lockstep goes by what is set where nothing is said.",
                "repositories.yaml": "Until the set of repositories is corrected, no flow can be started, and where it has plans inherit its order, plans over several repositories can't be approved.",
            }
        }
    )


def test_plans_that_can_be_read() -> None:
    read = {"good.md": parse(GOOD, home="acme/api"), "warned.yaml": parse(WARNED, home="acme/api", form="yaml")}
    assert shown(verdicts.plans_report(read, 1)) == snapshot(
        {
            "status": "completed",
            "conclusion": "success",
            "title": "The plans can be read",
            "summary": """\
- `good.md`: 1 task, 0 warnings
- `warned.yaml`: 1 task, 1 warning
- 1 more file was not looked at\
""",
            "notes": (
                {
                    "path": "warned.yaml",
                    "line": 1,
                    "text": "`a` is alone in its group `alone`, so the group changes nothing.",
                    "level": "warning",
                },
            ),
            "buttons": (),
        }
    )
    assert verdicts.plans_report(read, -3).summary.count("\n") == 1


def test_plans_that_can_not() -> None:
    read = {"warned.yaml": parse(WARNED, home="acme/api", form="yaml"), "bad.md": parse(BAD, home="acme/api")}
    assert shown(verdicts.plans_report(read)) == snapshot(
        {
            "status": "completed",
            "conclusion": "failure",
            "title": "1 error in plans",
            "summary": """\
- `warned.yaml`: 1 task, 1 warning
- `bad.md`: 1 to correct\
""",
            "notes": (
                {
                    "path": "bad.md",
                    "line": 1,
                    "text": "`a` needs `b`, which is not a task here. Add such a task, or remove the need.",
                    "level": "failure",
                },
                {
                    "path": "warned.yaml",
                    "line": 1,
                    "text": "`a` is alone in its group `alone`, so the group changes nothing.",
                    "level": "warning",
                },
            ),
            "buttons": (),
        }
    )


def test_settings() -> None:
    assert shown(verdicts.settings_report({CONFIG_PATH: read_file("merge: squash\n").problems})) == snapshot(
        {
            "status": "completed",
            "conclusion": "success",
            "title": "The settings are valid",
            "summary": "`.github/lockstep.yml` is valid.",
            "notes": (),
            "buttons": (),
        }
    )
    broken = {CONFIG_PATH: read_file("merge: sqash\n").problems, SET_PATH: read_set("a", "acme").problems}
    assert shown(verdicts.settings_report(broken)) == snapshot(
        {
            "status": "completed",
            "conclusion": "failure",
            "title": "2 errors in .github/lockstep.yml and repositories.yaml",
            "summary": """\
Until this is corrected, plans of this repository can't be approved, and for everything else Lockstep goes by what is set where nothing is said.

Until the set of repositories is corrected, no flow can be started, and where it has plans inherit its order, plans over several repositories can't be approved.\
""",
            "notes": (
                {
                    "path": ".github/lockstep.yml",
                    "line": 1,
                    "text": "`merge`: 'sqash' is none of its values; write `merge`, `rebase` or `squash`.",
                    "level": "failure",
                },
                {
                    "path": "repositories.yaml",
                    "line": 1,
                    "text": "The file is `repositories:` and what belongs to it; this is something else.",
                    "level": "failure",
                },
            ),
            "buttons": (),
        }
    )


def test_the_gate_of_a_merge_queue() -> None:
    assert shown(verdicts.group_report(4, is_green=True)) == snapshot(
        {
            "status": "completed",
            "conclusion": "success",
            "title": "All it needs has merged",
            "summary": "As on the head of #4.",
            "notes": (),
            "buttons": (),
        }
    )
    assert shown(verdicts.group_report(4, is_green=False)) == snapshot(
        {
            "status": "completed",
            "conclusion": "failure",
            "title": "What it needs has not merged",
            "summary": "As on the head of #4.",
            "notes": (),
            "buttons": (),
        }
    )
