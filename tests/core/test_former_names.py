"""services/core/former_names.py: what repositories were called before."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.former_names import FormerNames
from services.core.names import base_key, check_key, pull_key


def test_keys_are_looked_for_under_every_name() -> None:
    former = FormerNames()
    former.add("acme/Web", "acme/site")
    former.add("acme/site", "acme/shop")
    assert former.all_of("Acme/Shop") == ("Acme/Shop", "acme/site", "acme/Web")
    assert former.keys([pull_key("acme/shop", 4), check_key("acme/api", "ab"), base_key("acme/site")]) == (
        "pull:acme/shop#4", "pull:acme/site#4", "pull:acme/web#4", "check:acme/api@ab", "base:acme/site",
        "base:acme/web",
    )  # fmt: skip


def test_a_repository_that_gets_its_old_name_back() -> None:
    former = FormerNames()
    former.add("acme/web", "acme/site")
    former.add("acme/site", "acme/web")
    assert former.all_of("acme/web") == ("acme/web", "acme/site")
    assert former.all_of("acme/site") == ("acme/site", "acme/web")


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), max_size=12))
def test_no_order_of_names_leads_round_for_ever(renames: list[tuple[str, str]]) -> None:
    former = FormerNames()
    for old, new in renames:
        former.add(f"acme/{old}", f"acme/{new}")
    for name in "abcd":
        found = former.all_of(f"acme/{name}")
        assert len(found) == len(set(found)) <= 4
