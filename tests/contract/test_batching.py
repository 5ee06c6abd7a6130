"""What the client asks in GraphQL, held against GitHub's schema, and its answers against what REST says of the same."""

from typing import Any

import msgspec
import pytest

from services.github import shapes
from services.github.queries import Change, Reply, Wanted, change, check_bodies, issue_body, look_up, pull_body, results
from services.github.talk import MADE
from services.sandbox.state import Protection
from tests.contract.graphql import check_query
from tests.contract.hub import Hub, hub

__all__ = ["hub"]


def asked(hub: Hub, *wanted: Wanted) -> list[Any]:
    """What the look-up of these comes to; the hub holds query and answer against the schema."""
    answer = hub.api("POST", "/graphql", {"query": look_up(wanted)}).json
    found = results(msgspec.convert(answer, Reply), len(wanted), acts=False)
    assert found is not None
    return list(found)


def as_rest(hub: Hub, path: str, shape: type[Any]) -> Any:
    return msgspec.convert(hub.ok("GET", path), shape)


def pulls(hub: Hub) -> dict[str, int]:
    """Pull requests in all the states that matter, by what is the matter with them."""
    made = {name: hub.pull(head=name) for name in ("open", "merged", "closed", "draft", "labelled")}
    for name, pull in made.items():
        sha = pull["head"]["sha"]
        hub.check("ci", sha)
        hub.check("ci", sha, "failure")  # the newer one counts
        hub.ok("POST", "check-runs", {"name": f"slow {name}", "head_sha": sha, "status": "in_progress"})
        hub.ok("POST", f"statuses/{sha}", {"state": "pending", "context": "lint"})
        hub.ok("POST", f"statuses/{sha}", {"state": "error", "context": "docs", "target_url": "https://x.test"})
    numbers = {name: int(pull["number"]) for name, pull in made.items()}
    hub.ok("PUT", f"pulls/{numbers['merged']}/merge", {"merge_method": "squash"})
    hub.ok("PATCH", f"pulls/{numbers['closed']}", {"state": "closed"})
    hub.ok("POST", f"issues/{numbers['labelled']}/labels", {"labels": ["do-not-merge/hold"]})
    return numbers


def test_pull_requests_and_checks_say_the_same_in_both(hub: Hub) -> None:
    numbers = pulls(hub)
    for number in numbers.values():  # asking is what makes GitHub work mergeability out
        hub.ok("GET", f"pulls/{number}")
    found = asked(hub, *(Wanted("pull", "acme/api", number) for number in numbers.values()))
    for number, fields in zip(numbers.values(), found, strict=True):
        body = pull_body(fields)
        assert body is not None
        told = msgspec.json.decode(body, type=shapes.PullShape).info()
        rest_told = as_rest(hub, f"pulls/{number}", shapes.PullShape).info()
        # The base's tip now or when the pull request was opened: the two APIs differ, and nobody decides by it. The test
        # merge is asked of REST alone.
        assert told == msgspec.structs.replace(rest_told, base_sha=told.base_sha, test_merge="")
        bodies = check_bodies(fields)
        assert bodies is not None
        runs = [run.info() for run in msgspec.json.decode(bodies[0], type=shapes.CheckList).check_runs]
        rest = as_rest(hub, f"commits/{told.head_sha}/check-runs?filter=latest", shapes.CheckList)
        assert sorted(runs, key=repr) == sorted((run.info() for run in rest.check_runs), key=repr)
        statuses = [each.info() for each in msgspec.json.decode(bodies[1], type=shapes.StatusList).statuses]
        listed = as_rest(hub, f"commits/{told.head_sha}/status", shapes.StatusList)
        assert {_said(each) for each in statuses} == {_said(each.info()) for each in listed.statuses}
        assert len(statuses) == 2


def _said(check: Any) -> tuple[str, ...]:
    """All but the id, which GraphQL does not tell."""
    return check.name, check.app_slug, check.status, check.conclusion, check.url


def test_what_is_blocked_is_left_to_rest(hub: Hub) -> None:
    hub.repo.protection["main"] = Protection(contexts=["gate"])
    pull = hub.pull(head="one")
    hub.ok("GET", f"pulls/{pull['number']}")
    (fields,) = asked(hub, Wanted("pull", "acme/api", int(pull["number"])))
    assert fields["mergeStateStatus"] == "BLOCKED"
    assert pull_body(fields) is None


def test_issues_say_the_same_in_both(hub: Hub) -> None:
    numbers = [int(hub.issue(f"Issue {n}", body="ä\n", labels=["bug"] * n)["number"]) for n in range(2)]
    numbers.append(int(hub.ok("POST", "issues", {"title": "A person's"}, who="ada")["number"]))
    hub.ok("PATCH", f"issues/{numbers[0]}", {"state": "closed"})
    for number, fields in zip(numbers, asked(hub, *(Wanted("issue", "acme/api", n) for n in numbers)), strict=True):
        told = msgspec.json.decode(issue_body(fields), type=shapes.IssueShape).info()
        assert told == as_rest(hub, f"issues/{number}", shapes.IssueShape).info()


def test_fifty_of_several_repositories_are_a_query_github_would_run() -> None:
    wanted = [Wanted("pull" if n % 2 else "issue", f"acme/repo.{n % 7}", n + 1) for n in range(50)]
    assert check_query(look_up(wanted)) == []
    assert check_query(look_up(wanted[:1])) == []


CHECK = {
    "headSha": "a" * 40,
    "name": "lockstep/gate",
    "externalId": "r/t",
    "status": "COMPLETED",
    "conclusion": "SUCCESS",
    "output": {"title": "T", "summary": "s"},
    "detailsUrl": "https://lockstep.test/x",
}
CHANGES = [
    Change("createIssue", {"repositoryId": "R_1", "title": "T", "body": "B"}, MADE, 1),
    Change("addSubIssue", {"issueId": "I_1", "subIssueId": "I_2"}, "subIssue { id }"),
    Change("createCheckRun", {"repositoryId": "R_1", **CHECK}, "checkRun { databaseId }"),
    Change(
        "updateCheckRun",
        {"repositoryId": "R_1", "checkRunId": "CR_1", **{k: v for k, v in CHECK.items() if k != "headSha"}},
        "checkRun { databaseId }",
    ),
    Change("dequeuePullRequest", {"id": "PR_1"}, "mergeQueueEntry { id }"),
    Change(
        "revertPullRequest", {"pullRequestId": "PR_1", "title": "T", "body": "B"}, "revertPullRequest { number }", 1
    ),
    Change("closeIssue", {"issueId": "I_1", "stateReason": "NOT_PLANNED"}, MADE),
    Change("addLabelsToLabelable", {"labelableId": "I_1", "labelIds": ["LA_1"]}, "clientMutationId"),
]


@pytest.mark.parametrize("changes", [CHANGES, *([each] for each in CHANGES)], ids=lambda c: f"{len(c)} {c[0].name}")
def test_changes_are_mutations_github_would_run(changes: list[Change]) -> None:
    assert check_query(*change(changes)) == []


def test_a_check_run_made_in_graphql_is_the_one_rest_shows(hub: Hub) -> None:
    sha = hub.pull(head="one")["head"]["sha"]
    hub.hear()
    node = hub.ok("GET", "/repos/acme/api")["node_id"]
    given = {"repositoryId": node, **CHECK, "headSha": sha}
    both = [
        Change("createCheckRun", {**given, **more}, "checkRun { databaseId }") for more in ({}, {"headSha": "b" * 40})
    ]
    query, variables = change(both)
    answer = hub.api("POST", "/graphql", {"query": query, "variables": variables}).json
    found = results(msgspec.convert(answer, Reply), 2, acts=True)
    assert found is not None
    made, refused = found
    assert isinstance(made, dict)
    assert "No commit found" in str(refused)
    (run,) = hub.ok("GET", f"commits/{sha}/check-runs")["check_runs"]
    assert run["id"] == made["checkRun"]["databaseId"]
    assert (run["external_id"], run["conclusion"], run["output"]["title"]) == ("r/t", "success", "T")
    assert hub.hear()[:2] == ["check_run.created", "check_run.completed"]
