"""npm says by a code what is the matter, in its old words and in its new ones."""

import pytest

from services.core.classify import diagnose
from services.core.failures import FailureClass
from services.core.log_lines import read_log


@pytest.mark.parametrize("words", ["npm ERR!", "npm error"])
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ERESOLVE", "missing_dependency"),
        ("EINTEGRITY", "missing_dependency"),
        ("EBADENGINE", "configuration"),
        ("EJSONPARSE", "configuration"),
        ("E401", "permission"),
        ("E429", "rate_limited"),
        ("E503", "transient_api"),
        ("ECONNRESET", "runner"),
        ("EAGAIN", "unknown"),
    ],
)
def test_codes(words: str, code: str, expected: FailureClass) -> None:
    assert (
        diagnose(read_log(f"{words} code {code}\n{words} A complete log of this run is in /x\n".encode())).cls
        == expected
    )
