"""delegation: which words name an account."""

import pytest

from services.core.delegation import login_of


@pytest.mark.parametrize(("word", "login"), [("@ana", "ana"), ("@a-b-1", "a-b-1"), ("@octo_corp", "octo_corp")])
def test_logins(word: str, login: str) -> None:
    assert login_of(word) == login


@pytest.mark.parametrize("word", ["", "ana", "@", "@a/b", "@a#1", "@-a", "@a.b", "@bot[bot]", "@@ana", "@" + "a" * 101])
def test_other_words(word: str) -> None:
    assert login_of(word) == ""
