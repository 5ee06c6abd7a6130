"""tries: what is said of the merge that CI judges."""

from inline_snapshot import snapshot

from services.core.messages import tries
from tests.kit.constants import constants


def test_what_stands_against_it() -> None:
    assert constants(tries) == snapshot(
        {
            "NOT_HERE": "This instance tries nothing.",
            "NOT_STARTED": "Name a pull request as `owner/repo#n`; this plan has not been started.",
            "NOT_OPEN_ANY_MORE": "It is not open any more, so there is nothing to try.",
            "CONFLICTS": "It conflicts with its base, so there is no merge to try.",
            "NOT_KNOWN": "GitHub does not say whether it can be merged; `/lockstep try` asks again.",
        }
    )


def test_what_is_said_of_a_try() -> None:
    assert [
        tries.begun("acme/api#3"),
        tries.no_pull("api"),
        tries.is_none("acme/api#3"),
        tries.not_open("acme/api#3"),
        tries.from_fork("acme/api#3"),
        tries.too_many(10, "acme/api"),
        tries.refused("Resource not accessible, ask @ana"),
        tries.branch_stays("All checks pass.", "lockstep/try/3"),
        tries.commit("acme/api", 3, "a" * 40, "main"),
    ] == snapshot(
        [
            "Trying the merge of `acme/api#3` with its base; what comes of it stands there.",
            "`api` has no pull request yet, so there is nothing to try.",
            "`acme/api#3` is no pull request; name one, or a task that has one.",
            "`acme/api#3` is not open.",
            "`acme/api#3` comes from a fork, whose code would run with this repository's secrets. Push it to a branch here to have it tried.",
            "10 pull requests of `acme/api` are being tried; wait for one of them.",
            "GitHub does not let me try it: Resource not accessible, ask \\@\u2060ana",
            "All checks pass. GitHub does not let me delete `lockstep/try/3`; delete it yourself.",
            """\
Try acme/api#3

The merge of aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa with main; it is not merged.\
""",
        ]
    )
