"""Who is calling, and what may they do: App JWTs, installation tokens, people's tokens.

GitHub's texts and statuses for each way to be wrong are in its docs; the ones bots trip over are kept here word for
word. A private repository that the caller may not see is 404, never 403.
"""

import base64
import binascii
from datetime import datetime
from typing import TYPE_CHECKING

import jwt
import msgspec

from services.sandbox.clock import stamp
from services.sandbox.credentials import Token
from services.sandbox.kernel import Problem
from services.sandbox.state import ROLES, App, Installation, Repo, State

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

LEVELS = {"read": 1, "write": 2, "admin": 3}
MOST_PROOFS = 1_000
"""App JWTs whose signature is known to be good."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The caller.

    Exactly one of `app` (a JWT), `installation` (an installation's token) and `login` (a person) is set; none =
    anonymous.
    """

    app: App | None = None
    installation: Installation | None = None
    token: Token | None = None
    login: str = ""
    key: str = ""  # the raw credential: ETags depend on it, as GitHub's do

    @property
    def is_anonymous(self) -> bool:
        return self.app is None and self.installation is None and not self.login


def credential(header: str) -> str:
    """The secret in an Authorization header: `token X`, `Bearer X`, or Basic with it as password (or as user)."""
    kind, _, value = header.strip().partition(" ")
    if kind.lower() != "basic":
        return value.strip()
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return user if password in {"", "x-oauth-basic"} else password


def identify(sandbox: "Sandbox", header: str | None) -> Principal:
    """Resolve the Authorization header; raises 401 for anything that is not a live credential."""
    if not header:
        return Principal()
    secret = credential(header)
    if secret.count(".") == 2 and secret.startswith("eyJ"):
        return Principal(app=_app_of_jwt(sandbox, secret), key=secret)
    token = sandbox.state.tokens.get(secret)
    if token is None or token.revoked or (token.expires_at and token.expires_at <= stamp(sandbox.now())):
        raise Problem(401, "Bad credentials")
    if not token.installation_id:
        return Principal(token=token, login=token.login, key=secret)
    installation = sandbox.state.installations.get(token.installation_id)
    if installation is None:
        raise Problem(401, "Bad credentials")
    if installation.suspended_at:
        raise Problem(403, "This installation has been suspended")
    return Principal(installation=installation, token=token, key=secret)


def _app_of_jwt(sandbox: "Sandbox", secret: str) -> App:
    """Check an App's JWT: RS256, issuer = App id or client id, exp at most ten minutes ahead of the server's clock."""
    known = sandbox.proofs.get(secret)
    if known is not None and (app := sandbox.state.apps.get(known[0])) is not None and app.public_key == known[1]:
        _check_times(known[2], sandbox.now())
        return app
    try:
        claims = jwt.decode(secret, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise Problem(401, "A JSON web token could not be decoded") from None
    issuer = str(claims.get("iss", ""))
    app = next((a for a in sandbox.state.apps.values() if issuer in {str(a.id), a.client_id} and issuer), None)
    if app is None:
        raise Problem(404, "Integration not found")
    _check_times(claims, sandbox.now())
    try:
        jwt.decode(
            secret,
            app.public_key,
            algorithms=["RS256"],
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.PyJWTError:
        raise Problem(401, "A JSON web token could not be decoded") from None
    if len(sandbox.proofs) >= MOST_PROOFS:
        sandbox.proofs.clear()
    sandbox.proofs[secret] = app.id, app.public_key, claims
    return app


def _check_times(claims: dict[str, object], now: datetime) -> None:
    seconds = now.timestamp()
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or issued > seconds + 1:
        raise Problem(
            401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        )
    if not isinstance(expires, int | float) or expires <= seconds:
        raise Problem(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the "
            "assertion expires",
        )
    if expires > seconds + 600:
        raise Problem(401, "'Expiration time' claim ('exp') is too far in the future")


def role_of(state: State, repo: Repo, login: str) -> str:
    """A person's role: the owner and an organisation's admins are admin; everybody reads a public repository."""
    account = state.accounts.get(login.lower())
    if account is None:
        return "none"
    owner = state.accounts.get(repo.owner.lower())
    membership = {name.lower(): held for name, held in owner.members.items()} if owner is not None else {}
    if repo.owner.lower() == login.lower() or membership.get(login.lower()) == "admin":
        return "admin"
    granted = next((role for name, role in repo.collaborators.items() if name.lower() == login.lower()), "none")
    return granted if granted != "none" or (repo.private and login.lower() not in membership) else "read"


def rank(role: str) -> int:
    """Order of roles; a custom role counts as write."""
    return ROLES.index(role) if role in ROLES else ROLES.index("write")


def is_job(who: Principal) -> bool:
    """Is it a job of Actions, with the token that it was given?"""
    return who.token is not None and not who.token.installation_id and who.token.repo_ids is not None


def _is_jobs(who: Principal, repo: Repo) -> bool:
    return is_job(who) and who.token is not None and repo.id in (who.token.repo_ids or ())


def rank_of(state: State, who: Principal, repo: Repo) -> int:
    """The caller's rank on a repository; an installation ranks as write."""
    if is_job(who):
        return rank("write") if _is_jobs(who, repo) else rank("read")
    if who.installation is not None:
        return rank("write") if covers(who, repo) else rank("read")
    return rank(role_of(state, repo, who.login))


def can_see(state: State, who: Principal, repo: Repo) -> bool:
    """Is the repository there at all for this caller?"""
    if not repo.private or _is_jobs(who, repo):
        return True
    if who.installation is not None:
        return covers(who, repo)
    return bool(who.login) and role_of(state, repo, who.login) != "none"


def covers(who: Principal, repo: Repo) -> bool:
    """Does the caller's installation token reach this repository?"""
    installation, token = who.installation, who.token
    if installation is None or token is None or installation.account.lower() != repo.owner.lower():
        return False
    chosen = installation.repo_ids is None or repo.id in installation.repo_ids
    return chosen and (token.repo_ids is None or repo.id in token.repo_ids)


def check(state: State, who: Principal, repo: Repo, need: str) -> None:
    """Raise 403/404 unless the caller has `need` ("issues:write") on the repository.

    For people: read, or write for `:write`, admin for `:admin`.
    """
    name, _, level = need.partition(":")
    if is_job(who) and who.token is not None:
        have = LEVELS.get(who.token.permissions.get(name, ""), 0)
        if (_is_jobs(who, repo) and have >= LEVELS[level]) or (level == "read" and not repo.private):
            return
        raise Problem(403, "Resource not accessible by integration")
    if who.installation is not None and who.token is not None:
        have = LEVELS.get(who.token.permissions.get(name, ""), 0)
        public_read = level == "read" and not repo.private
        if (covers(who, repo) and have >= LEVELS[level]) or public_read:
            return
        raise Problem(
            403, "Resource not accessible by integration", headers={"x-accepted-github-permissions": f"{name}={level}"}
        )
    if who.app is not None:
        raise Problem(401, "Bad credentials")
    if level == "read":
        return
    if not who.login:
        raise Problem(401, "Requires authentication")
    wanted = {"write": "write", "admin": "admin"}[level]
    if name == "issues":
        wanted = "read"  # anyone who can read may open issues and comment; endpoints ask for more where GitHub does
    if rank(role_of(state, repo, who.login)) < rank(wanted):
        raise Problem(
            403,
            f"Must have {wanted} rights to Repository."
            if wanted == "admin"
            else "Resource not accessible by personal access token",
        )
