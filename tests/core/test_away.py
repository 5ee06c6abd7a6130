"""messages/away: what is said of work that is done on GitHub itself; what GitHub says is dead in it."""

from inline_snapshot import snapshot

from services.core.messages import away
from tests.kit.constants import constants


def test_the_same_words_every_time() -> None:
    assert constants(away) == snapshot(
        {
            "NO_WORKFLOW": "no workflow is named for it: set `workflow` in the task, or in the repository's `.github/lockstep.yml`, to a file of `.github/workflows`",
            "CHECK": "Before you end, run the command that has to succeed afterwards.",
            "NO_PERSON": "Copilot can only be asked in a person's name, and no token of one is set (`LOCKSTEP_COPILOT_TOKEN`): assign the task to somebody, or give it another agent",
            "ASSIGNED": "its issue is assigned to Copilot",
        }
    )
    assert [
        away.at_workflow("agent.yml", "77"),
        away.not_started("agent.yml", "No @team, ![x](https://e.example)"),
        away.not_followed("agent.yml", "GitHub could not be asked"),
        away.not_followed("", "GitHub could not be asked"),
        away.ended("agent.yml", "failure"),
        away.was_cancelled("agent.yml"),
        away.too_late(60, "GitHub Actions"),
        away.not_there("acme/web"),
        away.not_asked("Bad credentials"),
        away.works_in(7),
        away.works_again(7),
        away.closed(7),
        away.not_copilots(7),
        away.others_commit(7, "a" * 40),
        away.too_many(7),
        away.gave_up(7),
    ] == snapshot(
        [
            "`agent.yml` works on it in GitHub Actions, run 77",
            "`agent.yml` can't be started in GitHub Actions: No \\@\u2060team, \\!\\[x\\]\\(h\u2060ttps\\://e.example\\)",
            "whether `agent.yml` was started in GitHub Actions is not known: GitHub could not be asked",
            "whether the workflow that does it was started in GitHub Actions is not known: GitHub could not be asked",
            "The workflow agent.yml ended with failure.",
            "somebody has cancelled `agent.yml` in GitHub Actions",
            "GitHub Actions was not done in the task's 60 s.",
            "Copilot can't be assigned in `acme/web`: its coding agent is not enabled there, or the person whose token is set has none; assign the task to somebody, or give it another agent",
            "Copilot can't be asked: Bad credentials",
            "Copilot works on it in #7",
            "Copilot is asked for another attempt in #7",
            "Copilot's pull request #7 was closed without merging",
            "#7 is no pull request of Copilot's into the default branch",
            "#7 holds aaaaaaa, which is not Copilot's: look at it, then merge it yourself",
            "#7 has more commits than GitHub tells: look at it, then merge it yourself",
            "Copilot has given up in its pull request 7.",
        ]
    )


def test_what_copilot_is_told_quotes_and_escapes_what_others_said() -> None:
    note = "On the pull request a check failed.\n\n@team closes #3 <b>x</b> [x](https://e.example)\n" + "x\n" * 100
    said = away.another_attempt(note, "r1/a/2/attempt")
    assert said.splitlines()[:6] == snapshot(
        [
            "@copilot Another attempt is needed in this pull request.",
            "",
            "What was said about the last one:",
            "",
            "> On the pull request a check failed.",
            "> \\@\u2060team c\u2060loses \\#\u20603 \\<b\\>x\\</b\\> \\[x\\]\\(h\u2060ttps\\://e.example\\)",
        ]
    )
    assert said.count("\n> x") == away.SHOWN - 3
    assert said.endswith("<!-- lockstep:key=r1/a/2/attempt -->")
    assert away.another_attempt("", "k").splitlines() == snapshot(
        [
            "@copilot Another attempt is needed in this pull request.",
            "",
            "Change no more than that needs.",
            "",
            "<!-- lockstep:key=k -->",
        ]
    )
