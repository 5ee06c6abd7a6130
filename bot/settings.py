"""The environment as one frozen value. This is the only module that reads it.

Every setting is a field with its meaning beside it; the reference page is made from these, and a test keeps the two
alike. Names in the environment are `LOCKSTEP_` + the field in capitals. A value that can't be used is refused at
start with one sentence.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin, get_type_hints
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Meta

from bot.choices import Choices
from services.core.loopback import is_loopback
from services.errors import UserError

PREFIX = "LOCKSTEP_"
MIN_SECRET = 16
PROVIDER_KEYS = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY", "google": "GEMINI_API_KEY"}
"""Where providers' own tools look for their keys."""


class Settings(Choices, frozen=True, kw_only=True):
    """What an operator decides. Secrets never appear in its repr."""

    cache: Annotated[
        bool, Meta(description="`false` turns every saving of API calls off, cache and batches, to compare.")
    ] = True
    cache_mb: Annotated[
        int, Meta(description="Megabytes of GitHub's answers that are kept in memory.", ge=1, le=65536)
    ] = 64
    cache_disk_mb: Annotated[
        int,
        Meta(
            description="Megabytes of GitHub's answers that are kept in the database, compressed, so that a restart "
            "costs no calls; 0 keeps none.",
            ge=0,
            le=65536,
        ),
    ] = 256
    cache_seconds: Annotated[
        int,
        Meta(
            description="How long an answer is used without asking when no event says otherwise. What a merge is "
            "decided on is always asked for.",
            ge=0,
            le=86400,
        ),
    ] = 1800
    cache_seconds_rights: Annotated[
        int,
        Meta(
            description="The same for people's permissions and for the list of repositories, which may change without "
            "an event.",
            ge=0,
            le=86400,
        ),
    ] = 900
    keep_answers: Annotated[
        float,
        Meta(
            description="Days for which an answer of GitHub's is kept in the database after it was last known to hold.",
            ge=0,
            le=36500,
        ),
    ] = 7.0
    batch: Annotated[
        int,
        Meta(description="Look-ups that share one call of GitHub's GraphQL API; 0 reads one by one.", ge=0, le=50),
    ] = 50
    write_batch: Annotated[
        int,
        Meta(
            description="Changes (issues, sub-issues, labels, checks) that share one call of the GraphQL API; 0 makes "
            "each by a call of its own.",
            ge=0,
            le=50,
        ),
    ] = 20
    api_concurrency: Annotated[
        int, Meta(description="Calls to GitHub at a time for one installation.", ge=1, le=100)
    ] = 20
    api_concurrency_app: Annotated[
        int, Meta(description="Calls to GitHub at a time in all, in one process.", ge=1, le=1000)
    ] = 80
    api_points: Annotated[
        int,
        Meta(
            description="Points a minute that REST calls of one installation may use; reading is 1, writing 5.",
            ge=15,
            le=100000,
        ),
    ] = 900
    api_graphql_points: Annotated[int, Meta(description="The same for GraphQL calls.", ge=15, le=100000)] = 2000
    api_write_gap: Annotated[
        float, Meta(description="Seconds between two writes of one installation.", ge=0, le=60)
    ] = 1.0
    api_content_minute: Annotated[
        int,
        Meta(
            description="Issues, comments and pull requests that may be made a minute in one installation.",
            ge=1,
            le=100000,
        ),
    ] = 80
    api_content_hour: Annotated[int, Meta(description="The same, an hour.", ge=1, le=1000000)] = 500
    api_reserve: Annotated[
        float,
        Meta(
            description="Percent of every budget left for what is more urgent; the last of it is for merges and "
            "checks.",
            ge=0,
            le=30,
        ),
    ] = 10.0
    api_patience: Annotated[
        float,
        Meta(
            description="Seconds a call waits for a limit; what would wait longer is put off, and something else is "
            "done meanwhile.",
            ge=1,
            le=600,
        ),
    ] = 30.0
    api_pacing: Annotated[
        bool,
        Meta(description="`false` sends as fast as it can, for a GitHub of your own that has no limits of this kind."),
    ] = True

    def __repr__(self) -> str:
        return f"Settings(app_id={self.app_id!r}, github_api_url={self.github_api_url!r}, data_dir={self.data_dir!r})"


def secrets(settings: Settings) -> list[str]:
    """What is never shown, also not in a log."""
    urls = (settings.database_url, settings.proxy if "@" in settings.proxy else "")
    passwords = [_password(url) for url in urls]
    hooks = (settings.webhook_secret, settings.webhook_secret_old)
    own = (
        settings.private_key,
        settings.client_secret,
        settings.model_key,
        settings.embeddings_key,
        settings.copilot_token,
    )
    keys = (*own, *provider_keys(settings).values())
    return [*hooks, *keys, *urls, *passwords, *map(unquote, passwords)]


def provider_keys(settings: Settings) -> dict[str, str]:
    """The key for each provider that has one."""
    keys = {provider: str(getattr(settings, f"{provider}_key")) for provider in PROVIDER_KEYS}
    provider = settings.model.partition(":")[0]
    if provider in keys and settings.model_key:
        keys[provider] = settings.model_key
    return {provider: key for provider, key in keys.items() if key}


def largest_of(settings: Settings) -> str:
    """The name of the largest model to choose among; "" where there is none. Whether it can be used is not asked."""
    named = [entry.partition("=")[0].strip() for entry in settings.models.split(",") if entry.strip()]
    return named[-1] if named else ""


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:  # it is refused when it is used
        return ""


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; UserError names the variable and what it accepts."""
    source = os.environ if environ is None else environ
    _refuse_unknown(source)
    given = {
        name: source[PREFIX + name.upper()]
        for name in Settings.__struct_fields__
        if source.get(PREFIX + name.upper(), "") != ""
    }
    values: dict[str, object] = {}
    hints = get_type_hints(Settings, include_extras=True)
    for name, text in given.items():
        try:
            values[name] = msgspec.convert(text, hints[name], strict=False)
        except msgspec.ValidationError:
            raise UserError(f"{PREFIX}{name.upper()} can't be used; write {_in_words(hints[name])}.") from None
    own = str(values.get("model", "")).partition(":")[0]
    for provider, variable in PROVIDER_KEYS.items():
        field = "model_key" if provider == own else f"{provider}_key"
        is_asked = provider == own or f"{provider}:" in str(values.get("models", ""))
        if is_asked and field not in values and source.get(variable):
            values[field] = source[variable]
    return Settings(**values)  # type: ignore[arg-type]


def _refuse_unknown(source: Mapping[str, str]) -> None:
    """A misspelt setting would leave its default in force without anybody noticing."""
    known = [name.upper() for name in Settings.__struct_fields__]
    for name in source:
        rest = name.removeprefix(PREFIX)
        if rest != name and rest not in known:
            import difflib

            near = difflib.get_close_matches(rest.upper(), known, n=1)
            hint = (
                f"did you mean {PREFIX}{near[0]}?"
                if near
                else "the settings page of the documentation lists all there are."
            )
            raise UserError(f"{name} is no setting; {hint}")


Role = Literal["all", "web", "conductor", "worker"]
ROLES: tuple[Role, ...] = get_args(Role)
_GITHUB_APP = ("app_id", "private_key")
_NEEDED: Mapping[Role, tuple[str, ...]] = {
    "all": (*_GITHUB_APP, "webhook_secret"),
    "web": ("webhook_secret",),
    "conductor": _GITHUB_APP,
    "worker": _GITHUB_APP,
}
"""What a role can't do without; a process is given no more secrets than its role needs."""


def check_for_serving(settings: Settings, role: Role = "all") -> None:
    """Refuse to start without what a GitHub App needs; UserError names all that is missing."""
    if role != "all" and not settings.database_url:
        raise UserError(
            f"The role {role} shares its work with other processes through PostgreSQL: set {PREFIX}DATABASE_URL, or "
            "start without --role to have one process do everything."
        )
    _check_sign_in(settings)
    needed = _GITHUB_APP if role == "web" and settings.client_id else ()
    missing = [PREFIX + name.upper() for name in (*_NEEDED[role], *needed) if not getattr(settings, name)]
    if missing:
        raise UserError(
            f"Set {' and '.join(missing)} first; the installation page of the documentation says where to find them."
        )
    for name in ("webhook_secret", "webhook_secret_old"):
        if 0 < len(getattr(settings, name)) < MIN_SECRET:
            raise UserError(
                f"{PREFIX}{name.upper()} is too short to be safe; use at least {MIN_SECRET} random characters."
            )


def _check_sign_in(settings: Settings) -> None:
    if not (settings.client_id or settings.client_secret):
        return
    names = ("client_id", "client_secret", "public_url")
    if missing := [PREFIX + name.upper() for name in names if not getattr(settings, name)]:
        raise UserError(f"Signing in needs {' and '.join(missing)} too.")
    parts = urlsplit(settings.public_url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise UserError(f"{PREFIX}PUBLIC_URL must begin with https:// where people sign in.")


def admins_of(settings: Settings) -> frozenset[str]:
    """Their logins, in lower case."""
    return frozenset(login.strip().lower() for login in settings.admins.split(",") if login.strip())


def private_key_pem(settings: Settings) -> str:
    """The key's PEM text, read from its file if the setting is a path."""
    if settings.private_key.lstrip().startswith("-----BEGIN"):
        return settings.private_key.replace("\\n", "\n")
    try:
        return Path(settings.private_key).read_text()
    except (OSError, ValueError):
        raise UserError(f"{PREFIX}PRIVATE_KEY is neither PEM text nor a file I can read.") from None


def reference() -> list[tuple[str, str, str, str]]:
    """(variable, accepted values, default, meaning) of every setting, for the documentation."""
    hints = get_type_hints(Settings, include_extras=True)
    defaults = dict(zip(Settings.__struct_fields__, Settings.__struct_defaults__, strict=True))
    rows = []
    for name in Settings.__struct_fields__:
        kind, meta = get_args(hints[name])
        default = str(defaults[name]).lower() if isinstance(defaults[name], bool) else str(defaults[name])
        rows.append((PREFIX + name.upper(), _accepted(kind), default, str(meta.description)))
    return rows


def _accepted(kind: object) -> str:
    return " or ".join(f"`{value}`" for value in get_args(kind)) if get_origin(kind) is Literal else _WORDS[kind]


def _in_words(hint: object) -> str:
    """What a setting takes, with its bounds."""
    kind, meta = get_args(hint)
    bounds = [("at least", meta.ge), ("more than", meta.gt), ("at most", meta.le)]
    said = " and ".join(f"{word} {bound:,.10g}" for word, bound in bounds if bound is not None)
    return f"{'a ' if kind in {int, float} else ''}{_accepted(kind)}{f', {said}' if said else ''}"


_WORDS: dict[object, str] = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`"}
