"""The environment as one frozen value. This is the only module that reads it.

Every setting is a field with its meaning beside it; the reference page is made from these, and a test keeps the two
alike. Names in the environment are `LOCKSTEP_` + the field in capitals. A value that can't be used is refused at
start with one sentence.
"""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin, get_type_hints
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Meta

from services.errors import UserError

PREFIX = "LOCKSTEP_"
MIN_SECRET = 16
PROVIDER_KEYS = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}
"""Where providers' own tools look for their keys."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator decides. Secrets never appear in its repr."""

    app_id: Annotated[str, Meta(description="The GitHub App's id.")] = ""
    private_key: Annotated[
        str, Meta(description="The App's private key: PEM text, or the path of a file that holds it.")
    ] = ""
    webhook_secret: Annotated[str, Meta(description="The App's webhook secret.")] = ""
    webhook_secret_old: Annotated[str, Meta(description="The previous secret, accepted too while you rotate it.")] = ""
    github_api_url: Annotated[str, Meta(description="GitHub's API; for Enterprise Server `https://HOST/api/v3`.")] = (
        "https://api.github.com"
    )
    github_url: Annotated[str, Meta(description="Where git clones from; for Enterprise Server `https://HOST`.")] = (
        "https://github.com"
    )
    github_http: Annotated[
        Literal["auto", "2", "1"],
        Meta(description="Version of HTTP spoken with the API; `auto` is 2 over https where it can be had, else 1.1."),
    ] = "auto"
    github_connections: Annotated[
        int, Meta(description="Connections at a time over HTTP/1.1; over HTTP/2 one carries all.", ge=1, le=1000)
    ] = 20
    github_timeout: Annotated[float, Meta(description="Seconds for one call of the API, all in all.", ge=1, le=600)] = (
        30.0
    )
    github_connect_timeout: Annotated[
        float, Meta(description="Seconds in which a connection to GitHub must stand.", ge=0.1, le=600)
    ] = 10.0
    proxy: Annotated[
        str,
        Meta(
            description="`http://USER:PASSWORD@HOST:3128` of the proxy through which the API and git's host are "
            "reached; what is on this machine is reached without it."
        ),
    ] = ""
    ca_file: Annotated[
        str,
        Meta(
            description="PEM file of authorities to trust as well, for an Enterprise Server or a proxy with a "
            "certificate of its own."
        ),
    ] = ""
    data_dir: Annotated[str, Meta(description="Folder for the database file and the git mirrors.")] = "lockstep-data"
    database_url: Annotated[
        str,
        Meta(
            description="`postgresql://USER:PASSWORD@HOST:5432/DATABASE` for a database on a server; empty for a file "
            "in the data directory."
        ),
    ] = ""
    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(description="Port to listen on; 0 takes a free one.", ge=0, le=65535)] = 8080
    public_url: Annotated[str, Meta(description="Where people reach the pages; links in checks point there.")] = ""
    workers: Annotated[int, Meta(description="Attempts that run at the same time.", ge=1, le=256)] = 4
    workers_per_installation: Annotated[
        int, Meta(description="Attempts at a time for one owner; 0 sets no limit of its own.", ge=0, le=256)
    ] = 0
    workers_per_repo: Annotated[
        int, Meta(description="Attempts at a time in one repository; 0 sets no limit of its own.", ge=0, le=256)
    ] = 0
    workers_per_agent: Annotated[
        int, Meta(description="Attempts at a time of one agent; 0 sets no limit of its own.", ge=0, le=256)
    ] = 0
    workers_per_group: Annotated[
        int,
        Meta(description="Attempts at a time in one `group` of a run; 0 sets no limit of its own.", ge=0, le=256),
    ] = 0
    task_patience: Annotated[
        float,
        Meta(
            description="Days from its first start on in which a task must come to its pull request; then a person is "
            "asked. 0 sets no bound.",
            ge=0,
            le=3650,
        ),
    ] = 3.0
    review_patience: Annotated[
        float,
        Meta(
            description="Days a pull request may wait for checks and reviewers until a person is asked; 0 sets no "
            "bound.",
            ge=0,
            le=3650,
        ),
    ] = 30.0
    sandbox: Annotated[
        Literal["bwrap", "none"],
        Meta(
            description="`bwrap` runs agents in bubblewrap and refuses without it; `none` runs them unprotected, "
            "for your own scripts only."
        ),
    ] = "bwrap"
    checks: Annotated[
        Literal["required", "none"],
        Meta(
            description="`none` merges without checks in repositories that have no workflows; a repository can say in "
            "its .github/lockstep.yml that it waits for none."
        ),
    ] = "required"
    checks_grace: Annotated[
        float,
        Meta(
            description="Seconds in which Actions must have begun on a pull request of a repository with workflows; "
            "then the checks that are there decide.",
            ge=0,
            le=86400,
        ),
    ] = 60.0
    require_other: Annotated[bool, Meta(description="`true`: a plan's author can't approve it.")] = False
    comment_interval: Annotated[float, Meta(description="Seconds between two edits of one comment.", ge=0, le=3600)] = (
        10.0
    )
    sweep_seconds: Annotated[
        float, Meta(description="How often every live run is looked at even when no event came.", ge=1, le=86400)
    ] = 300.0
    keep_delivery_bodies: Annotated[
        float,
        Meta(
            description="Days for which the bodies of handled webhooks are kept. The default is a little longer than "
            "GitHub's delivery log reaches back.",
            ge=0,
            le=36500,
        ),
    ] = 4.0
    keep_deliveries: Annotated[
        float,
        Meta(
            description="Days for which it is known that a webhook or a command was handled, so that one that comes "
            "again is left alone.",
            ge=0,
            le=36500,
        ),
    ] = 90.0
    keep_work: Annotated[
        float,
        Meta(description="Days for which what an attempt left is kept after it has ended.", ge=0, le=36500),
    ] = 1.0
    keep_logs: Annotated[
        float, Meta(description="Days for which logs of attempts are kept after their run is over.", ge=0, le=36500)
    ] = 30.0
    keep_steps: Annotated[
        float,
        Meta(description="Days for which steps and effects are kept after their run is over.", ge=0, le=36500),
    ] = 90.0
    model: Annotated[
        str,
        Meta(
            description="The model that is asked: `anthropic:NAME`, `openai:NAME`, or `test`, which asks nobody; empty "
            "for none."
        ),
    ] = ""
    model_url: Annotated[
        str,
        Meta(description="Another address of the provider's API, also of a server that speaks as OpenAI's does."),
    ] = ""
    model_key: Annotated[
        str,
        Meta(description="The provider's key; where it is empty, `ANTHROPIC_API_KEY` or `OPENAI_API_KEY` is taken."),
    ] = ""
    model_timeout: Annotated[float, Meta(description="Seconds for one call of the model.", ge=1, le=3600)] = 300.0
    model_prices: Annotated[
        str,
        Meta(
            description="Prices of your own, in US dollars for a million tokens of input and output: "
            "`openai:NAME=0.1/0.4,…`; a third one is for input from the provider's cache. Other prices are those of "
            "genai-prices."
        ),
    ] = ""
    model_unpriced: Annotated[
        Literal["refuse", "allow"],
        Meta(description="`allow` uses a model although nobody knows its price, so that no budget can hold."),
    ] = "refuse"
    budget_task: Annotated[
        float, Meta(description="US dollars for one task in a run, where the plan has no `budget` for it.", ge=0)
    ] = 5.0
    budget_plan: Annotated[float, Meta(description="US dollars for one run of a plan, and for its drafts.", ge=0)] = (
        25.0
    )
    budget_day: Annotated[float, Meta(description="US dollars within any 24 hours, for all.", ge=0)] = 50.0
    log_style: Annotated[Literal["json", "console"], Meta(description="Form of the log lines.")] = "json"
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Meta(description="Least important lines that are logged.")
    ] = "INFO"
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
            description="Changes (issues, sub-issues, checks) that share one call of the GraphQL API; 0 makes each "
            "by a call of its own.",
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
    return [*hooks, settings.private_key, settings.model_key, *urls, *passwords, *map(unquote, passwords)]


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
        except msgspec.ValidationError as error:
            raise UserError(f"{PREFIX}{name.upper()} can't be used: {str(error).partition(' - ')[0]}.") from None
    key = PROVIDER_KEYS.get(str(values.get("model", "")).partition(":")[0], "")
    if "model_key" not in values and source.get(key):
        values["model_key"] = source[key]
    return Settings(**values)  # type: ignore[arg-type]


def _refuse_unknown(source: Mapping[str, str]) -> None:
    """A misspelt setting would leave its default in force without anybody noticing."""
    known = [name.upper() for name in Settings.__struct_fields__]
    for name in source:
        rest = name.removeprefix(PREFIX)
        if rest != name and rest not in known:
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
    missing = [PREFIX + name.upper() for name in _NEEDED[role] if not getattr(settings, name)]
    if missing:
        raise UserError(
            f"Set {' and '.join(missing)} first; the installation page of the documentation says where to find them."
        )
    for name in ("webhook_secret", "webhook_secret_old"):
        if 0 < len(getattr(settings, name)) < MIN_SECRET:
            raise UserError(
                f"{PREFIX}{name.upper()} is too short to be safe; use at least {MIN_SECRET} random characters."
            )


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
        accepted = (
            " or ".join(f"`{value}`" for value in get_args(kind)) if get_origin(kind) is Literal else _WORDS[kind]
        )
        default = str(defaults[name]).lower() if isinstance(defaults[name], bool) else str(defaults[name])
        rows.append((PREFIX + name.upper(), accepted, default, str(meta.description)))
    return rows


_WORDS = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`"}
