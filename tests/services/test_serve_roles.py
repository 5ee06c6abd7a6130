"""`serve --role`: each role starts with what it needs and no more."""

import pytest

from bot.settings import ROLES, Role, Settings, check_for_serving
from services.errors import UserError

FULL = Settings(
    app_id="1", private_key="key", webhook_secret="sixteen letters!", database_url="postgresql://somewhere/lockstep"
)


@pytest.mark.parametrize("role", [role for role in ROLES if role != "all"])
def test_a_part_of_the_work_needs_a_database_that_is_shared(role: Role) -> None:
    with pytest.raises(UserError, match="set LOCKSTEP_DATABASE_URL, or start without --role"):
        check_for_serving(Settings(app_id="1", private_key="key", webhook_secret="sixteen letters!"), role)
    check_for_serving(FULL, role)


def test_a_web_needs_no_key_and_the_others_no_webhook_secret() -> None:
    """A secret that is not there can't leak."""
    url = "postgresql://somewhere/lockstep"
    check_for_serving(Settings(webhook_secret="sixteen letters!", database_url=url), "web")
    for role in ("conductor", "worker"):
        check_for_serving(Settings(app_id="1", private_key="key", database_url=url), role)
        with pytest.raises(UserError, match="Set LOCKSTEP_APP_ID and LOCKSTEP_PRIVATE_KEY first"):
            check_for_serving(Settings(webhook_secret="sixteen letters!", database_url=url), role)
    with pytest.raises(UserError, match="Set LOCKSTEP_WEBHOOK_SECRET first"):
        check_for_serving(Settings(app_id="1", private_key="key", database_url=url), "web")


def test_one_that_does_everything_needs_everything_and_no_server() -> None:
    check_for_serving(Settings(app_id="1", private_key="key", webhook_secret="sixteen letters!"))
    with pytest.raises(UserError, match="LOCKSTEP_WEBHOOK_SECRET"):
        check_for_serving(Settings(app_id="1", private_key="key"))
