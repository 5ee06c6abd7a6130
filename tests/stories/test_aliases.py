"""Words of a repository's own for commands: `/lgtm` means something exactly where the settings say what."""

from tests.kit.story import FILES, Story

SETTINGS = (
    'checks: none\naliases:\n  "r+": approve\n  lgtm: approve\n  "r-": unapprove\n  status: cancel\n  go: launch\n'
)
ONE = "- [ ] **one** Write a file · run: echo 1 > one.txt\n"


async def planned(story: Story, settings: str) -> None:
    files = {**FILES, ".github/lockstep.yml": settings} if settings else FILES
    await story.begin({"acme/api": files}, roles={"ana": "maintain", "wim": "write"})
    await story.issue(ONE)
    await story.until("Waits for approval")


async def test_a_word_acts_with_the_senders_permission(story: Story) -> None:
    await planned(story, SETTINGS)
    assert await story.ask("/lgtm", by="wim") == "confused"
    await story.until("`/lockstep approve` needs the maintain permission on this repository; you have write.")
    assert await story.ask("Looks good to me:\n\n/lgtm") == "+1"
    await story.until("**Approved** by `ana`")
    assert await story.ask("/lockstep r-") == "+1"
    await story.until("Waits for approval")
    assert await story.ask("/r+\n/lockstep run") == "+1"
    await story.until("**Done.**")


async def test_without_settings_such_words_belong_to_other_bots(story: Story) -> None:
    await planned(story, "")
    comments = [await story.comment(text) for text in ("/lgtm", "/r+", "/approve", "/retest all")]
    said = await story.settled()
    assert "#### Answers" not in said
    assert [story.reactions(comment) for comment in comments] == [[]] * 4
    assert await story.ask("/lockstep r+") == "confused"
    await story.until("I don't know that command.")


async def test_a_verb_stays_what_it_is_and_a_word_for_no_verb_is_said(story: Story) -> None:
    await planned(story, SETTINGS)
    assert await story.ask("/lockstep status") == "+1"
    await story.until("Not started: 1 task.")
    assert await story.ask("/go") == "confused"
    await story.until("I don't know that command.")


async def test_an_edit_or_a_quote_of_a_word_never_acts(story: Story) -> None:
    await planned(story, SETTINGS)
    quotes = [await story.comment(text) for text in ("> /lgtm", "`/lgtm`", "- /lgtm", "lgtm")]
    comment = await story.comment("Fine.")
    path = f"/repos/acme/api/issues/comments/{comment}"
    await story.hub.ok("PATCH", path, {"body": "/lgtm"}, who="ana")
    assert "Waits for approval" in await story.settled()
    assert [story.reactions(each) for each in (*quotes, comment)] == [[]] * 5
