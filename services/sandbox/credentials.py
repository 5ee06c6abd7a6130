"""The rows of who may call: tokens of installations and of people, and the codes that Apps come for those with.

Like all rows they are part of the state (see state.py), so a token outlives a restart.
"""

import msgspec


class Token(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A credential: an installation's (with expiry and scope) or a person's."""

    token: str
    login: str = ""  # a person's
    installation_id: int = 0
    repo_ids: list[int] | None = None
    permissions: dict[str, str] = {}
    expires_at: str = ""
    revoked: bool = False


class OAuthCode(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Somebody has signed in, and the App has not come for the token yet."""

    client_id: str
    login: str
    redirect_uri: str
    challenge: str = ""
    expires_at: str = ""
