"""messages/away: what is said of work that is done on GitHub itself; what GitHub says is dead in it."""

from inline_snapshot import snapshot

from services.core.messages import away
from tests.kit.constants import constants


def test_the_same_words_every_time() -> None:
    assert constants(away) == snapshot(
        {
            "NO_WORKFLOW": "no workflow is named for it: set `workflow` in the task, or in the repository's `.github/lockstep.yml`, to a file of `.github/workflows`",
            "CHECK": "Before you end, run the command that has to succeed afterwards.",
        }
    )
    assert [
        away.at_workflow("agent.yml", "77"),
        away.not_started("agent.yml", "No @team, ![x](https://e.example)"),
        away.ended("agent.yml", "failure"),
        away.was_cancelled("agent.yml"),
        away.too_late(60, "GitHub Actions"),
    ] == snapshot(
        [
            "`agent.yml` works on it in GitHub Actions, run 77",
            "`agent.yml` can't be started in GitHub Actions: No \\@\u2060team, \\!\\[x\\]\\(h\u2060ttps\\://e.example\\)",
            "The workflow agent.yml ended with failure.",
            "somebody has cancelled `agent.yml` in GitHub Actions",
            "GitHub Actions was not done in the task's 60 s.",
        ]
    )
