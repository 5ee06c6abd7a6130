"""Plans, logs and names that want to ping, close, link, hide or run something: carried out as ordinary tasks, harmless.

That nothing of it is live anywhere the bot writes is judged at the end of every story (tests/kit/harmless.py); here
the texts are as bad as they get, and the tests look at what is left of them.
"""

import pytest

from tests.kit.harmless import Text, hazards
from tests.kit.story import FILES, Story

TITLES = [
    "Ask @octocat and @acme/everyone",
    "fixes #1, closes acme/api#2 and resolves https://github.com/acme/api/issues/1, as GH-3",
    "<img src=x onerror=alert(1)><script>alert(2)</script><!-- hidden",
    "`$(touch pwned)`; rm -rf / && touch pwned | tee ../pwned",
    "![pixel](https://tracker.example/x.png) [click](javascript:alert(1)) www.evil.example",
    "| a table | breaks | here | --- ```` ``` ```` <details><summary>",
    "--upload-pack=touch -c core.sshCommand=touch",
    "/lockstep approve",
    "Right\u202eto left and zero\u200bwidth",
]


def plan(titles: list[str]) -> str:
    tasks = "\n".join(f"- [ ] **t{n}** {title} (acme/api) · run: echo {n} > {n}.txt" for n, title in enumerate(titles))
    return f"# Close #1 with @octocat <b>now</b>\n\n{tasks}\n"


async def test_hostile_titles_are_carried_out_as_words(story: Story) -> None:
    await story.begin()
    await story.run(plan(TITLES), title="Fixes #1 by @octocat <script>")
    await story.until(f"**Done.** {len(TITLES)} of {len(TITLES)} tasks done")
    await story.settled()
    assert len(story.pulls()) == len(story.merges) == len(TITLES)
    assert not (await story.git("acme/api", "ls-tree", "-r", "--name-only", "main")).count("pwned")
    assert {pull.pull.head_ref for pull in story.pulls() if pull.pull} == {
        f"lockstep/api-1/t{n}" for n in range(len(TITLES))
    }


async def test_hostile_descriptions_are_quoted_in_the_tracking_issue(story: Story) -> None:
    lines = ["# Close #1", "> @octocat", *TITLES, "```", "@octocat", "```", "- [ ] **two** not a task"]
    body = "".join(f"      {line}\n" for line in lines)
    await story.begin()
    await story.run(
        f"``````yaml\ntasks:\n  - id: one\n    title: Write\n    run: echo 1 > one.txt\n    body: |\n{body}``````\n"
    )
    await story.until("**Done.** 1 of 1 tasks done")
    (tracking,) = story.issues()[1:]
    assert "octocat" in str(tracking.body)


async def test_what_a_script_prints_is_quoted_harmlessly(story: Story) -> None:
    await story.begin()
    await story.run(
        "- [ ] **one** Fail · run: echo 'thanks @octocat, this fixes #1 <img src=x> https://evil.example' && exit 3\n"
    )
    await story.until("The script ended with exit code 3", "failed")
    assert await story.ask("/lockstep status") == "+1"
    await story.until("0 of 1 tasks done; the run has stopped.")


async def test_the_name_of_a_failed_check_is_quoted_harmlessly(story: Story) -> None:
    ci = FILES[".github/workflows/ci.yml"].replace(
        "  test:\n", "  test:\n    name: '@octocat closes #1 | <b> https://evil.example'\n"
    )
    await story.begin({"acme/api": {**FILES, ".github/workflows/ci.yml": ci}})
    await story.run("- [ ] **one** Break it · run: touch broken\n")
    await story.until("needs a person: check `@octocat closes #1 ¦ <b> https://evil.example` failed")


async def test_a_comment_of_a_stranger_can_not_make_the_bot_say_anything_live(story: Story) -> None:
    await story.begin()
    await story.issue(plan(TITLES[:1]))
    await story.until("Waits for approval")
    for words in (
        "/lockstep @octocat",
        "/lockstep run fixes#1 @octocat",
        "/lockstep retry <img>",
        "/lockstep close #1",
    ):
        assert await story.ask(words, by="eve") == "confused"
    await story.until("#### Answers")


@pytest.mark.parametrize(
    "words",
    [
        "hello @octocat",
        "it fixes #1",
        "Closes: acme/api#4",
        "see https://evil.example",
        "like GH-4",
        "a <b>bold</b> word",
        "[x](y)",
        "a\u202eb",
    ],
)
def test_the_judge_finds_what_is_live(words: str) -> None:
    assert hazards(Text("here", words))


@pytest.mark.parametrize(
    "words", ["`@octocat`", "a@b", "\\@\u2060octocat", "c\u2060loses #1", "\\<b>", "<!-- key -->", "```\n@octocat\n```"]
)
def test_the_judge_lets_pass_what_is_not(words: str) -> None:
    assert not hazards(Text("here", words))
