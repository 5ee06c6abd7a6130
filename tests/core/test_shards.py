"""Shards: everything of an owner in one, each held by one conductor, none without, shared fairly after any change."""

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from services.core.shards import SHARDS, fair_share, shard_of, shard_of_payload, step

OWNERS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", min_size=1, max_size=39)


@given(OWNERS, st.integers(1, 10**6))
def test_an_owner_has_one_shard_however_it_is_written(owner: str, number: int) -> None:
    shard = shard_of(owner)
    assert 0 <= shard < SHARDS
    assert {shard_of(owner.upper()), shard_of(f"{owner}/api"), shard_of(f"{owner.lower()}/web#{number}")} == {shard}


def test_shards_do_not_change_from_release_to_release() -> None:
    """Two versions conduct side by side while one is being replaced, and rows of the inbox keep theirs."""
    assert [shard_of(owner) for owner in ("acme", "globex", "initech", "umbrella", "")] == [62, 58, 16, 22, 0]


def test_a_thousand_owners_spread_over_all_shards() -> None:
    counts = Counter(shard_of(f"owner-{number}") for number in range(1_000))
    assert len(counts) == SHARDS
    assert max(counts.values()) < 3 * 1_000 / SHARDS


@given(st.integers(1, 200))
def test_fair_shares_leave_nothing_over(conductors: int) -> None:
    assert SHARDS <= conductors * fair_share(conductors) < SHARDS + conductors


class Held:
    """Who holds what, as the database knows it; one name may hold a shard at a time."""

    def __init__(self) -> None:
        self.by_shard: dict[int, str] = {}
        self.live: list[str] = []

    def of(self, name: str) -> set[int]:
        return {shard for shard, holder in self.by_shard.items() if holder == name}

    def go(self, name: str, live: int) -> None:
        """One conductor looks and acts; `live` is how many it counts."""
        does = step(name, self.of(name), self.by_shard, live)
        assert set(does.release) <= self.of(name)
        assert not set(does.take) & self.of(name)
        for shard in does.release:
            del self.by_shard[shard]
        got = [shard for shard in does.take if shard not in self.by_shard][: does.room]
        self.by_shard |= dict.fromkeys(got, name)

    def end(self, name: str) -> None:
        self.live.remove(name)
        self.by_shard = {shard: holder for shard, holder in self.by_shard.items() if holder != name}


@given(st.data())
def test_after_any_coming_and_going_two_rounds_share_everything_fairly(data: st.DataObject) -> None:
    held = Held()
    for number in range(data.draw(st.integers(1, 12))):
        if len(held.live) > 1 and data.draw(st.booleans()):
            held.end(data.draw(st.sampled_from(held.live)))
        else:
            held.live.append(f"conductor {number}")
        for name in data.draw(st.lists(st.sampled_from(held.live), max_size=4)):
            held.go(name, len(held.live))
    for _ in range(2):  # in the first, some let go after others looked for what is free
        for name in data.draw(st.permutations(held.live)):
            held.go(name, len(held.live))
    assert len(held.by_shard) == SHARDS
    assert max(len(held.of(name)) for name in held.live) <= fair_share(len(held.live))
    before = dict(held.by_shard)
    for name in held.live:
        held.go(name, len(held.live))
    assert held.by_shard == before


@given(st.integers(1, 9), st.integers(1, 9))
def test_wrong_counts_make_nobody_hold_what_another_holds(first: int, second: int) -> None:
    """A conductor may count one that has just gone or miss one that has just come."""
    held = Held()
    for name, count in (("a", first), ("b", second), ("a", second), ("b", first)):
        held.go(name, count)
    assert not held.of("a") & held.of("b")


def test_two_newcomers_like_different_shards() -> None:
    first, second = step("one", (), (), 2).take[:32], step("two", (), (), 2).take[:32]
    assert len(set(first) & set(second)) < 24


def test_a_delivery_is_in_the_shard_of_its_repositorys_owner_else_of_its_installation() -> None:
    acme, globex = shard_of("acme"), shard_of("globex")
    assert acme != globex
    payload = {"repository": {"full_name": "ACME/api"}, "installation": {"id": 1, "account": {"login": "globex"}}}
    assert shard_of_payload(json.dumps(payload).encode()) == acme
    del payload["repository"]
    assert shard_of_payload(json.dumps(payload).encode()) == globex
    assert shard_of_payload(b'{"organization": {"login": "acme"}, "installation": {"id": 1}}') == acme


@given(
    st.binary(max_size=200)
    | st.sampled_from([b'{"repository": null}', b'{"repository": {"full_name": 3}}', b"[" * 9_000])
)
def test_whatever_a_body_is_it_has_a_shard(body: bytes) -> None:
    assert 0 <= shard_of_payload(body) < SHARDS
