"""The set of repositories as a value: what goes before what, what is closed, and its schema."""

from services.core.reposet import NOTHING, Flow, Member, RepoSet, closed_to, set_schema, work_of
from services.core.reposet_read import KEYS

SET = RepoSet(
    members=(
        Member(name="schema", repo="acme/schema"),
        Member(name="lib", repo="acme/lib", depends_on=("schema",)),
        Member(name="api", repo="acme/API", depends_on=("lib",)),
        Member(name="web", repo="acme/web", depends_on=("api", "schema"), enabled=False),
    ),
    flows=(Flow(name="Full", repositories=("schema", "api")),),
)


def test_what_goes_before_is_found_by_way_of_those_that_are_not_asked_about() -> None:
    assert SET.before("api", ("schema", "api")) == ("schema",)
    assert SET.before("api", ("schema", "lib", "api")) == ("lib",)
    assert SET.before("web", ("web", "lib", "schema")) == ("schema", "lib")
    assert SET.before("schema", ("api", "web")) == ()


def test_names_on_github_are_found_whatever_their_case() -> None:
    assert SET.by_repo["acme/api"].name == "api"
    assert [member.name for member in closed_to(SET, ["Acme/Web", "acme/api", "acme/other"])] == ["web"]


def test_only_in_the_owners_own_repository_is_the_primary_one_meant() -> None:
    main = Member(name="main", repo="acme/main", primary=True)
    whole = RepoSet(members=(*SET.members, main))
    assert work_of(whole, "acme/.GitHub") == "acme/main"
    assert work_of(whole, "acme/api") == "acme/api"
    assert work_of(NOTHING, "acme/.github") == "acme/.github"
    assert (
        work_of(RepoSet(members=(Member(name="m", repo="a/m", primary=True, enabled=False),)), "a/.github")
        == "a/.github"
    )


def test_a_flow_is_found_by_its_name() -> None:
    assert SET.flow("full") == SET.flows[0]
    assert SET.flow("fool") is None


def test_the_schema_has_the_keys_that_are_read() -> None:
    schema = set_schema()
    assert set(schema["properties"]) == set(KEYS)
    parts = schema["$defs"]
    assert set(parts) == {"Automation", "Repository", "Workflow"}
    for part in parts.values():
        assert part["additionalProperties"] is False
        assert all(key["description"] for key in part["properties"].values())
