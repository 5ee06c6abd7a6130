"""A repository's own settings, `.github/lockstep.yml` on its default branch.

Read from the default branch only, never from a pull request, so a change of the rules takes effect once people have
merged it. An unknown key is an error that is said, not ignored: a misspelt safeguard is no safeguard.
"""

import difflib
from functools import lru_cache
from typing import Literal

import msgspec
import yaml

from services.errors import UserError

MAX_BYTES = 64_000
MergeMethod = Literal["merge", "squash", "rebase"]


class RepoConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """checks: `required` waits for the repository's checks, `none` for none.  merge: how pull requests are
    merged.
    """

    checks: Literal["required", "none"] = "required"
    merge: MergeMethod = "squash"


@lru_cache(maxsize=256)
def read_config(text: str, place: str = ".github/lockstep.yml") -> RepoConfig:
    """The settings in `text`; UserError names the key and the fix."""
    if len(text.encode()) > MAX_BYTES:
        raise UserError(f"{place} is larger than {MAX_BYTES} bytes; keep only Lockstep's own settings in it.")
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        raise UserError(f"{place} is not valid YAML; check its indentation and quotes.") from None
    if value is None:
        return RepoConfig()
    if not isinstance(value, dict):
        raise UserError(f"{place} must be a list of `key: value` lines.")
    known = RepoConfig.__struct_fields__
    for key in value:
        if key not in known:
            near = difflib.get_close_matches(str(key)[:64], known, n=1)
            hint = (
                f"did you mean `{near[0]}`?" if near else f"known keys are {', '.join(f'`{name}`' for name in known)}."
            )
            raise UserError(f"{place} has an unknown key; {hint}")
    try:
        return msgspec.convert(value, RepoConfig)
    except msgspec.ValidationError as error:
        raise UserError(f"{place}: {error}.") from None
