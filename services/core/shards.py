"""How runs are shared out among conductors: by the owner of the plan's repository, in 64 shards.

An owner is an installation of the App, so everything about one installation is decided in one place at a time. Who
holds which shard is not decided here: a conductor asks how many there are, and from that alone knows its fair share.
Nobody has to agree on anything, because only one can hold a shard.
"""

import hashlib
from collections.abc import Collection, Iterable
from zlib import crc32

import msgspec

from services.core.names import is_hidden

SHARDS = 64


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What one conductor does next: try to take these, in this order, at most `room` of them; let go of those."""

    take: tuple[int, ...] = ()
    room: int = 0
    release: tuple[int, ...] = ()


def shard_of(place: str) -> int:
    """The shard of an owner, a repository `owner/name` or a plan `owner/name#12`, by its owner; "" is in shard 0."""
    owner = place.partition("/")[0].lower()
    return crc32(owner.encode()) % SHARDS if owner else 0


def are_about(key: str, shards: Collection[int]) -> bool:
    """Is what begins so, as the keys of effects and runs do, of one of these shards, or may it be? Of a hidden run that
    is not told by its name.
    """
    return is_hidden(key) or shard_of(key) in shards


class _Account(msgspec.Struct):
    login: str = ""


class _Repository(msgspec.Struct):
    full_name: str = ""


class _Installation(msgspec.Struct):
    account: _Account = msgspec.field(default_factory=_Account)


class _Payload(msgspec.Struct):
    """The three places where a payload says whose it is; nothing else of it is read."""

    repository: _Repository = msgspec.field(default_factory=_Repository)
    installation: _Installation = msgspec.field(default_factory=_Installation)
    organization: _Account = msgspec.field(default_factory=_Account)


_read = msgspec.json.Decoder(_Payload).decode


def shard_of_payload(body: bytes) -> int:
    """The shard of a delivery, by its repository's owner, else its installation's account; 0 when it tells neither."""
    try:
        payload = _read(body)
    except (ValueError, RecursionError):
        return 0
    return shard_of(payload.repository.full_name or payload.installation.account.login or payload.organization.login)


def fair_share(conductors: int) -> int:
    """The most that one of so many conductors holds; rounded up, so that no shard is left over."""
    return -(-SHARDS // max(1, conductors))


def step(name: str, held: Iterable[int], taken: Iterable[int], conductors: int) -> Step:
    """What the conductor `name` does, who holds `held` while somebody holds `taken`, among so many conductors.

    Each has an order of its own in which it likes shards, so two that come at once seldom want the same, and what one
    lets go is what it liked least.
    """
    liked = sorted(range(SHARDS), key=lambda shard: hashlib.sha256(f"{name}/{shard}".encode()).digest())
    mine, busy, share = set(held), set(taken), fair_share(conductors)
    kept = [shard for shard in liked if shard in mine]
    return Step(
        take=tuple(shard for shard in liked if shard not in mine and shard not in busy),
        room=max(0, share - len(mine)),
        release=tuple(kept[share:]),
    )
