"""The environment as settings: what is read, and that nothing is ignored that an operator may have meant."""

import msgspec
import pytest

from bot.settings import MIN_SECRET, Settings, check_for_serving, read_settings
from services.errors import UserError

GOOD = Settings(app_id="1", private_key="key", webhook_secret="x" * MIN_SECRET)
SHORT = "x" * (MIN_SECRET - 1)


def test_values_are_read_in_their_types() -> None:
    read = read_settings({"LOCKSTEP_WORKERS": "7", "LOCKSTEP_CHECKS_GRACE": "0.5", "LOCKSTEP_HOST": "", "PATH": "/bin"})
    assert (read.workers, read.checks_grace, read.host) == (7, 0.5, "127.0.0.1")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("LOCKSTEP_REQUIRE_OTHERS", "did you mean LOCKSTEP_REQUIRE_OTHER?"),
        ("LOCKSTEP_WEBHOOK_SECRT", "did you mean LOCKSTEP_WEBHOOK_SECRET?"),
        ("LOCKSTEP_workers", "did you mean LOCKSTEP_WORKERS?"),
        ("LOCKSTEP_XYZZY", "the settings page of the documentation lists all there are."),
    ],
)
def test_a_name_that_is_no_setting_is_refused_with_the_nearest(name: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        read_settings({name: "true"})
    assert str(caught.value) == f"{name} is no setting; {said}"


def test_a_value_that_cannot_be_used_is_named() -> None:
    with pytest.raises(UserError, match="LOCKSTEP_CHECKS_GRACE can't be used"):
        read_settings({"LOCKSTEP_CHECKS_GRACE": "-1"})


def test_serving_needs_the_app() -> None:
    check_for_serving(GOOD)
    with pytest.raises(UserError, match="LOCKSTEP_APP_ID and LOCKSTEP_PRIVATE_KEY and LOCKSTEP_WEBHOOK_SECRET"):
        check_for_serving(Settings())


def test_neither_secret_may_be_short() -> None:
    """The old one opens the same door while it is there."""
    with pytest.raises(UserError, match="LOCKSTEP_WEBHOOK_SECRET is too short"):
        check_for_serving(msgspec.structs.replace(GOOD, webhook_secret=SHORT))
    with pytest.raises(UserError, match="LOCKSTEP_WEBHOOK_SECRET_OLD is too short"):
        check_for_serving(msgspec.structs.replace(GOOD, webhook_secret_old=SHORT))
