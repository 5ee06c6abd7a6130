"""What a person may do in somebody else's name, in one plan, and who may be meant by it at all."""

import re

import msgspec

_LOGIN = re.compile(r"@([A-Za-z0-9][A-Za-z0-9_-]{0,99})\Z")


class Delegation(msgspec.Struct, frozen=True, kw_only=True):
    """`login` may use these verbs in the name of `by`; at: ISO 8601 in UTC."""

    login: str
    by: str
    verbs: tuple[str, ...]
    at: str = ""


def login_of(word: str) -> str:
    """The account that `@login` names, "" for any other word; a bot's name is another word."""
    found = _LOGIN.match(word)
    return found[1] if found else ""
