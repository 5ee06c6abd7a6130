"""A repository's own settings, `.github/lockstep.yml` on its default branch.

Read from the default branch only, never from a pull request, so a change of the rules takes effect once people have
merged it. An unknown key is an error that is said, not ignored: a misspelt safeguard is no safeguard. The same file in
an owner's `.github` repository holds defaults for all that owner's repositories; what a repository says itself counts.
"""

import re
from collections.abc import Mapping as Keys
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field

from services.core.complexity import Bound
from services.core.compose import composer
from services.core.failure_patterns import KnownFailure
from services.core.failures import CLASSES, FailureClass
from services.core.freeze import Freeze
from services.core.nodes import Mapping, Node, Sequence, entry_that, is_null, spot_at, value_of
from services.core.overlap import Mode
from services.core.plainly import either, plainly
from services.core.plan import Problem
from services.core.plan_text import nearest, quote
from services.core.problems import Findings, Spot, sentence
from services.core.strategies import MOST, Step
from services.errors import UserError

MAX_BYTES = 64_000
CONFIG_PATH = ".github/lockstep.yml"
_FREEZE = re.compile(r"^[\"']?freeze[\"']?[ \t]*:", re.MULTILINE)
Event = Literal["workflow_dispatch", "repository_dispatch"]
MergeMethod = Literal["merge", "squash", "rebase"]
Alias = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9+-]{0,31}$")]
Login = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")]
Team = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


class Approvals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who has to approve a plan before it may run."""

    required: Annotated[
        int, Meta(ge=1, le=10, description="How many different people have to approve the same text of a plan.")
    ] = 1
    own: Annotated[bool, Meta(description="`false`: the author of a plan can't approve it; somebody else has to.")] = (
        field(name="self", default=True)
    )
    users: Annotated[
        tuple[Login, ...],
        Meta(max_length=50, description="Only these people approve; everybody with the permission if left out."),
    ] = ()
    teams: Annotated[
        tuple[Team, ...],
        Meta(max_length=10, description="Only members of these teams, `organisation/team`, and `users` approve."),
    ] = ()


class Issues(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What tracking issues in a repository are given."""

    assign: Annotated[
        Literal["nobody", "codeowners"],
        Meta(
            description="`codeowners` assigns each to the people who own the task's `paths`, without any those who own "
            "`*`; five at most."
        ),
    ] = "nobody"
    labels: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^(?!lockstep:)[^,\x00-\x1f]{1,50}$")], ...],
        Meta(max_length=10, description="Labels that each has besides Lockstep's own; what is not there is made."),
    ] = ()
    text: Annotated[str, Meta(max_length=4_000, description="Markdown that stands at the end of each.")] = ""
    blocked_by: Annotated[
        bool,
        Meta(
            description="`true`: GitHub's own dependencies say what waits for what, too; it takes a call for each need."
        ),
    ] = False


Command = Annotated[str, Meta(max_length=2_000)]


class Recovery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done about failures in this repository."""

    fixer: Annotated[
        Command,
        Meta(
            description="A command that puts right what the linter or formatter finds, such as `ruff check --fix . && "
            "ruff format .`; it runs in the box, on what the last attempt has made."
        ),
    ] = ""
    verify: Annotated[
        Command,
        Meta(
            description="A command that has to pass before something is pushed that was resolved or fixed without the "
            "task's agent; the task's own `verify` goes before it."
        ),
    ] = ""
    generated: Annotated[
        dict[Annotated[str, Meta(max_length=400)], Command],
        Meta(
            max_length=20,
            description="Files that a tool writes, such as lock files, and the command that makes each anew, in the "
            "box: what is done where such a file conflicts.",
        ),
    ] = {}
    most: Annotated[int, Meta(ge=0, le=50, description="Repairs of one task before a person is asked; 0 for none.")] = (
        MOST
    )
    policy: Annotated[
        dict[FailureClass, Annotated[tuple[Step, ...], Meta(max_length=10)]],
        Meta(description="For a class of failures, the strategies to try, in this order, in place of the usual ones."),
    ] = {}


class RepoConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a repository wants of Lockstep; the descriptions are those of the schema and of the reference."""

    checks: Annotated[
        Literal["required", "none"],
        Meta(description="`none` merges without waiting for a check; those that have begun still count."),
    ] = "required"
    merge: Annotated[MergeMethod, Meta(description="How pull requests are merged, if the repository allows it.")] = (
        "squash"
    )
    approvals: Annotated[Approvals, Meta(description="Who has to approve a plan of this repository.")] = Approvals()
    aliases: Annotated[
        dict[Alias, Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]],
        Meta(max_length=20, description="Short words for commands in comments, such as `r+: approve`."),
    ] = {}
    issues: Annotated[Issues, Meta(description="What tracking issues are given.")] = Issues()
    integration: Annotated[
        str,
        Meta(
            pattern=r"^([A-Za-z0-9_-][A-Za-z0-9._-]{0,95}\.ya?ml)?$",
            description="A workflow in `.github/workflows` that tries each pull request together with the other heads "
            "of its run before it merges.",
        ),
    ] = ""
    workflow: Annotated[
        str,
        Meta(
            pattern=r"^([A-Za-z0-9_-][A-Za-z0-9._-]{0,95}\.ya?ml)?$",
            description="The workflow in `.github/workflows` that does tasks of the agent `actions`, where a task "
            "names no other.",
        ),
    ] = ""
    integration_event: Annotated[
        Event,
        Meta(
            description="How that workflow is started: `workflow_dispatch` with inputs, or `repository_dispatch` of "
            "the type `lockstep-integration`, with the same in its `client_payload`."
        ),
    ] = "workflow_dispatch"
    overlap: Annotated[
        Mode,
        Meta(
            description="Tasks of a plan that may change the same files here: `serialise` works on one after the "
            "other, `stack` lets the later begin on the pull request of the earlier, `warn` only says so."
        ),
    ] = "serialise"
    freeze: Annotated[tuple[Freeze, ...], Meta(max_length=20, description="When nothing is merged.")] = ()
    failures: Annotated[
        tuple[KnownFailure, ...],
        Meta(max_length=50, description="Failures in the logs of this repository's CI that Lockstep does not know."),
    ] = ()
    models: Annotated[
        tuple[Bound, ...],
        Meta(max_length=20, description="Which models tasks with a label, or with such paths, may take."),
    ] = ()
    recovery: Annotated[Recovery, Meta(description="What is done about failures before a person is asked.")] = (
        Recovery()
    )


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One file, read. written: what it says, key by key, as far as that is free of errors."""

    written: Keys[str, Any]
    problems: tuple[Problem, ...] = ()


@lru_cache(maxsize=512)
def read_file(text: str) -> Read:
    """One file's settings and everything that is wrong with it, each with its line."""
    findings = Findings()
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        findings.add(
            "too_large", f"The file is larger than {MAX_BYTES} bytes; keep only Lockstep's own settings in it."
        )
        return Read(written={}, problems=findings.listed())
    root = composer(text.replace("\r\n", "\n").replace("\r", "\n"), findings, of="settings").compose()
    written: dict[str, Any] = {}
    if isinstance(root, Mapping):
        for key, node in root.entries.values():
            _take(key, node, written, findings)
    elif root is not None and not is_null(root):
        findings.add("wrong_type", "Settings are `key: value` lines; this is something else.", root.spot)
    return Read(written=written, problems=findings.listed())


def is_freeze_unread(text: str) -> bool:
    """Does the file speak of a freeze that its errors hide?"""
    read = read_file(text)
    return bool(read.problems) and "freeze" not in read.written and _FREEZE.search(text) is not None


def read_config(text: str, place: str = CONFIG_PATH, defaults: str = "") -> RepoConfig:
    """The settings in `text` over those in `defaults`; UserError names the first error of `text`, its line and the fix.

    Errors in the defaults are not this repository's: of what they say, that counts which is free of them.
    """
    own = read_file(text)
    if own.problems:
        raise UserError(f"{place}: {sentence(own.problems[0])}")
    return combined(read_file(defaults).written, own.written)


def combined(defaults: Keys[str, Any], own: Keys[str, Any]) -> RepoConfig:
    """What a repository says over its owner's defaults; of `approvals`, `aliases`, `issues` and `recovery`, key by
    key, of `failures` and `models` its own before the owner's; a freeze of the owner's holds too.
    """
    merged = {**defaults, **own}
    for key in ("failures", "models"):
        if key in defaults and key in own:
            merged[key] = [*own[key], *defaults[key]]
    for key in ("approvals", "aliases", "issues", "recovery"):
        if key in defaults and key in own:
            merged[key] = {**defaults[key], **own[key]}
    try:
        config = msgspec.convert(merged, RepoConfig, strict=False)
    except msgspec.ValidationError:  # together they have more entries than one may have
        config = msgspec.convert({**defaults, **own}, RepoConfig, strict=False)
    if "freeze" not in defaults or "freeze" not in own:
        return config
    owners = msgspec.convert({"freeze": defaults["freeze"]}, RepoConfig, strict=False)
    return msgspec.structs.replace(config, freeze=(*config.freeze, *owners.freeze))  # however many that makes


def config_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the file, for editors."""
    found = msgspec.json.schema(RepoConfig)
    parts = found["$defs"]
    parts["Recovery"]["properties"]["policy"]["propertyNames"] = {"enum": list(CLASSES)}
    for part in parts.values():
        part.pop("description", None)  # its docstring, which speaks to programmers
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Lockstep settings"}
    return {**parts.pop("RepoConfig"), **head, "$defs": parts}


def _take(key: Spot, node: Node, written: dict[str, Any], findings: Findings) -> None:
    """One top-level key: kept if its value fits, else what is wrong with it is noted where it stands."""
    known = tuple(RepoConfig.__struct_fields__)
    if key.text not in known:
        _unknown(key, known, findings)
        return
    if is_null(node):
        return
    if key.text in _PARTS:
        fields = _PARTS[key.text].__struct_encode_fields__
        parts = node.items if isinstance(node, Sequence) else [node]
        entries = [inner for part in parts if isinstance(part, Mapping) for inner, _ in part.entries.values()]
        wrong = [inner for inner in entries if inner.text not in fields]
        for inner in wrong:
            _unknown(inner, fields, findings)
        if wrong:
            return
    value = value_of(node)
    message, path = _wrong(key.text, value)
    if message:
        below = path.removeprefix(f"$.{key.text}").removesuffix(_KEY)
        entry = entry_that(lambda alone: bool(_wrong(key.text, alone)[0]), below, node)
        where = f"{key.text}.{entry}" if below == "[...]" and entry else key.text
        findings.add("bad_value", f"{quote(where)}: {_said(message, path)}.", spot_at(below, key, node, entry))
    else:
        written[key.text] = value


_KEY = "(key)"
_STRATEGY = "$.recovery.policy[...][0].strategy"
_STEP = re.compile(r"\$\.recovery\.policy\[\.\.\.\](\[\d+\])?")
"""The strategies of a class of failures, or one of them."""
_SHAPE = re.compile("Expected `(?:array|object)`, got")
MANY = 12
"""Values of a choice that are not all named."""


def _wrong(key: str, value: Any) -> tuple[str, str]:
    """What does not fit in a setting, and where, such as `$.recovery.policy[...]`; (key) behind that says that it is
    not the entry but its name. Both are "" where all of it fits.
    """
    try:
        msgspec.convert({key: value}, RepoConfig, strict=False)
    except msgspec.ValidationError as error:
        message, _, place = str(error).rpartition(" - at ")
        path = place.rpartition("`$")[2].rstrip("`")
        return message, f"${path}[...]{_KEY}" if place.startswith("`key`") else f"${path}"
    return "", ""


def _values(path: str) -> tuple[str, ...]:
    """What may be written at a place such as `$.issues.assign`, where that is a choice, or its keys."""
    schema = config_schema()
    at: Any = schema
    for name, inner in re.findall(r"\.(\w+)|\[(\d+|\.\.\.)\]", path.removesuffix(_KEY)):
        if name:
            at = at.get("properties", {}).get(name, {})
        elif inner.isdigit():
            at = at.get("items", {})
        else:
            at = at.get("propertyNames" if path.endswith(_KEY) else "additionalProperties", {})
        at = schema["$defs"][at["$ref"].rpartition("/")[2]] if "$ref" in at else at
    return tuple(str(value) for value in at.get("enum") or at.get("properties", ()))


_PARTS: Keys[str, type[msgspec.Struct]] = {
    "approvals": Approvals,
    "issues": Issues,
    "recovery": Recovery,
    "failures": KnownFailure,
    "freeze": Freeze,
    "models": Bound,
}
"""Settings that have keys of their own."""


def _unknown(key: Spot, known: tuple[str, ...], findings: Findings) -> None:
    near = nearest(key.text, known)
    hint = f"Did you mean `{near}`?" if near else f"Keys are {', '.join(f'`{name}`' for name in known)}."
    findings.add("unknown_key", f"{quote(key.text)} is not a setting. {hint}", key)


def _said(message: str, path: str) -> str:
    """In plain words; but a pattern or a long list is no help to people."""
    key, values = path.split(".")[1].partition("[")[0], _values(path)
    if len(values) > MANY and message.startswith("Invalid enum value"):
        near = nearest(message.split("'")[1], values)
        return f"{message[:1].lower()}{message[1:]}; did you mean '{near}'" if near else "there is no such class"
    if _STEP.fullmatch(path) and _SHAPE.match(message):
        return f"write a list such as `[{{strategy: retry}}]`; a strategy is {either(_values(_STRATEGY))}"
    if "matching regex" not in message:
        return plainly(message, values)
    return {
        "aliases": "an alias is a word such as 'r+' or 'lgtm', and stands for a command's word such as 'approve'",
        "approvals": "'users' are logins and 'teams' are 'organisation/team', both without an @",
        "issues": "a label has 1 to 50 characters and no comma; those that begin with 'lockstep:' are Lockstep's own",
        "failures": "a 'text' has a word of three letters or more, five '*' at most, and not both '#' and digits",
    }.get(key, "its value does not have the allowed form")
