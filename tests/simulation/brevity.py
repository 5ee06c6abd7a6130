"""GitHub's answers and webhooks without what nobody here reads: most of each is addresses, and Lockstep follows none.

They are written, packed, stored and read again for every event of a life, so without them a plan takes a tenth less. That
the whole of them is understood too, stories and contracts show.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from unittest.mock import patch

from services.sandbox import views
from services.sandbox.kernel import Json
from services.sandbox.state import Account

READ = ("login", "id", "node_id", "type", "site_admin")
"""Of an account."""


@contextmanager
def brief() -> Iterator[None]:
    """As long as it lasts, repositories, people and organizations are shown in short."""
    whole, of_organization = views._user, views.organization

    @cache
    def user(base: str, number: int, login: str, kind: str) -> Json:
        return _short(whole(base, number, login, kind))

    def organization(base: str, who: Account) -> Json:
        return _short(of_organization(base, who))

    views._repo_links.cache_clear()
    try:
        with patch.multiple(views, _user=user, organization=organization, _REPO_URLS={}):
            yield
    finally:
        views._repo_links.cache_clear()


def _short(view: Json) -> Json:
    return {name: view[name] for name in READ if name in view}
