"""A repository's settings as they stand on its default branch, over the defaults of its owner.

The defaults are read with the rights the repository's own installation has: a private `.github` counts only where the
App is installed on it too.
"""

import msgspec

from services.core.config import CONFIG_PATH, RepoConfig, combined, is_freeze_unread, read_config, read_file
from services.core.freeze import UNREAD
from services.core.messages import refusals
from services.errors import NotFound, Refused, UserError
from services.github.reads import Reads


async def config_of(reads: Reads, repo: str) -> RepoConfig:
    """A file that has errors counts as empty but for its freezes, as that is strictest, and a freeze that can't be read
    holds; said they are by `lockstep/config`.
    """
    own, defaults = await _texts(reads, repo)
    read = read_file(own)
    kept = {key: value for key, value in read.written.items() if key == "freeze" or not read.problems}
    config = combined(read_file(defaults).written, kept)
    if is_freeze_unread(own) or is_freeze_unread(defaults):
        return msgspec.structs.replace(config, freeze=(*config.freeze, UNREAD))
    return config


async def strict_config_of(reads: Reads, repo: str) -> RepoConfig:
    """Read now; UserError when a file has errors: what it would have asked for must not be passed over."""
    own, defaults = await _texts(reads, repo, fresh=True)
    if read_file(defaults).problems:  # which may lie where readers of this repository can't look
        raise UserError(refusals.DEFAULTS_BROKEN)
    return read_config(own, defaults=defaults)


async def _texts(reads: Reads, repo: str, *, fresh: bool = False) -> tuple[str, str]:
    own = await reads.file(repo, CONFIG_PATH, fresh=fresh)
    home = f"{repo.partition('/')[0]}/.github"
    if home.lower() == repo.lower():
        return own or "", ""
    try:
        defaults = await reads.file(home, CONFIG_PATH, fresh=fresh, through=repo)
    except (NotFound, Refused):
        defaults = None
    return own or "", defaults or ""
