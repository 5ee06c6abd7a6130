"""The sandbox's GraphQL by example: what is asked and answered is held against GitHub's schema by the hub, here it is what is
meant.
"""

from typing import Any

import pytest

from services.sandbox import views
from services.sandbox.graphql_parse import SyntaxProblem, parse
from services.sandbox.state import Protection
from tests.contract.hub import Hub, hub

__all__ = ["hub"]


def ask(hub: Hub, query: str, who: str = "app", **variables: Any) -> dict[str, Any]:
    answer = hub.api("POST", "/graphql", {"query": query, "variables": variables}, who=who)
    assert answer.status == 200
    found: dict[str, Any] = answer.json
    return found


def data(hub: Hub, query: str, who: str = "app", **variables: Any) -> Any:
    answer = ask(hub, query, who, **variables)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


def refusal(hub: Hub, query: str, who: str = "app", **variables: Any) -> tuple[str, str]:
    errors = ask(hub, query, who, **variables)["errors"]
    assert len(errors) == 1
    return errors[0]["type"], errors[0]["message"]


def act(name: str, payload: str, kind: str = "") -> str:
    kind = kind or f"{name[0].upper()}{name[1:]}Input"
    return f"mutation($input: {kind}!) {{ {name}(input: $input) {{ clientMutationId {payload} }} }}"


def test_many_issues_are_looked_up_in_one_call_by_aliases(hub: Hub) -> None:
    numbers = [hub.issue(f"Issue {n}", labels=["bug"])["number"] for n in range(3)]
    aliases = "\n".join(f"i{n}: issue(number: {n}) {{ ...I }}" for n in [*numbers, 999])
    query = f"""
      query($owner: String!, $name: String = "api") {{
        repository(owner: $owner, name: $name) {{ {aliases} }}
        rateLimit {{ cost limit remaining used resetAt nodeCount }}
        viewer {{ login }}
      }}
      fragment I on Issue {{ number title state stateReason labels(first: 5) {{ nodes {{ name }} totalCount }} author {{ login }} }}
    """
    answer = ask(hub, query, owner="acme")
    found = answer["data"]["repository"]
    assert [found[f"i{n}"]["title"] for n in numbers] == ["Issue 0", "Issue 1", "Issue 2"]
    assert found[f"i{numbers[0]}"]["labels"]["nodes"] == [{"name": "bug"}]
    assert found["i999"] is None
    assert answer["errors"] == [
        {
            "type": "NOT_FOUND",
            "path": ["repository", "i999"],
            "locations": answer["errors"][0]["locations"],
            "message": "Could not resolve to an Issue with the number of 999.",
        }
    ]
    assert answer["data"]["viewer"] == {"login": "lockstep"}
    assert found[f"i{numbers[0]}"]["author"] == {"login": "lockstep"}


def test_a_pull_request_with_its_checks(hub: Hub) -> None:
    made = hub.pull(body="Closes #1")
    sha = made["head"]["sha"]
    query = """
      query($n: Int!) { repository(owner: "acme", name: "api") { pullRequest(number: $n) {
        id number state isDraft merged mergeable mergeStateStatus headRefName headRefOid baseRefName isCrossRepository
        reviewDecision changedFiles files(first: 10) { nodes { path changeType additions } }
        commits(last: 1) { nodes { commit { oid messageHeadline statusCheckRollup { state contexts(first: 10) {
          totalCount nodes { __typename ... on CheckRun { name conclusion status } ... on StatusContext { context state } }
        } } } } }
      } } }
    """

    def pull() -> Any:
        return data(hub, query, n=made["number"])["repository"]["pullRequest"]

    first = pull()
    while first["mergeable"] == "UNKNOWN":
        first = pull()
    assert (first["id"], first["mergeable"], first["mergeStateStatus"]) == (made["node_id"], "MERGEABLE", "CLEAN")
    assert first["files"]["nodes"] == [{"path": "topic.txt", "changeType": "ADDED", "additions": 1}]
    assert first["commits"]["nodes"][0]["commit"] == {
        "oid": sha,
        "messageHeadline": "Add topic",
        "statusCheckRollup": None,
    }
    hub.check("gate", sha, "failure")
    hub.ok("POST", f"statuses/{sha}", {"state": "success", "context": "ci"})
    rollup = pull()["commits"]["nodes"][0]["commit"]["statusCheckRollup"]
    assert rollup["state"] == "FAILURE"
    assert rollup["contexts"]["nodes"] == [
        {"__typename": "CheckRun", "name": "gate", "conclusion": "FAILURE", "status": "COMPLETED"},
        {"__typename": "StatusContext", "context": "ci", "state": "SUCCESS"},
    ]


def test_files_refs_and_trees(hub: Hub) -> None:
    query = """{ repository(owner: "acme", name: "api") {
      file: object(expression: "main:src/main.py") { __typename oid ... on Blob { text byteSize isBinary } }
      tree: object(expression: "HEAD:src") { ... on Tree { entries { name type mode } } }
      gone: object(expression: "main:nothing") { oid }
      defaultBranchRef { name prefix target { oid ... on Commit { message parents(first: 1) { totalCount } } } }
      ref(qualifiedName: "refs/heads/none") { name }
      refs(refPrefix: "refs/heads/", first: 10) { nodes { name } }
    } }"""
    found = data(hub, query)["repository"]
    assert (found["file"]["__typename"], found["file"]["text"]) == ("Blob", "print(1)\n")
    assert found["tree"]["entries"] == [{"name": "main.py", "type": "blob", "mode": 0o100644}]
    assert (found["gone"], found["ref"]) == (None, None)
    assert found["defaultBranchRef"]["target"]["oid"] == hub.sandbox.git.resolve(hub.repo.id, "main")
    assert found["refs"]["nodes"] == [{"name": "main"}]


def test_lists_are_paged_and_must_say_how_many(hub: Hub) -> None:
    for n in range(5):
        hub.issue(f"{n}")
    query = """query($after: String) { repository(owner: "acme", name: "api") {
      issues(first: 2, after: $after, states: [OPEN], orderBy: {field: CREATED_AT, direction: ASC}) {
        totalCount pageInfo { hasNextPage endCursor } edges { cursor node { title } } } } }"""
    titles, after = [], None
    while True:
        page = data(hub, query, after=after)["repository"]["issues"]
        titles += [edge["node"]["title"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert titles == ["0", "1", "2", "3", "4"]
    bare = '{ repository(owner: "acme", name: "api") { issues { totalCount } } }'
    assert refusal(hub, bare)[0] == "MISSING_PAGINATION_BOUNDARIES"
    assert ask(hub, bare)["data"] == {"repository": None}
    many = '{ repository(owner: "acme", name: "api") { issues(first: 101) { totalCount } } }'
    assert refusal(hub, many)[0] == "EXCESSIVE_PAGINATION"


def test_what_may_not_be_seen_is_not_found(hub: Hub) -> None:
    secret = hub.scenario.repo("other/secret", private=True)
    query = '{ repository(owner: "other", name: "secret") { id } }'
    assert refusal(hub, query)[0] == "NOT_FOUND"
    by_id = "query($id: ID!) { node(id: $id) { id } }"
    assert refusal(hub, by_id, id=views.node_id("R", secret.id))[0] == "NOT_FOUND"
    assert refusal(hub, by_id, id="nonsense")[0] == "NOT_FOUND"
    issue = hub.issue()
    assert data(hub, "query($id: ID!) { node(id: $id) { ... on Issue { number } } }", id=issue["node_id"]) == {
        "node": {"number": issue["number"]}
    }


def test_a_field_that_is_not_there_is_an_error_beside_the_rest(hub: Hub) -> None:
    hub.recorder.expect("Cannot query field 'nope'")
    answer = ask(hub, '{ repository(owner: "acme", name: "api") { name nope } }')
    assert answer["data"] == {"repository": {"name": "api", "nope": None}}
    assert answer["errors"][0]["message"] == "Field 'nope' doesn't exist on type 'Repository'"


def test_introspection_tells_which_fields_there_are(hub: Hub) -> None:
    found = data(hub, '{ __type(name: "Issue") { fields(includeDeprecated: true) { name } } }')
    assert {"name": "subIssues"} in found["__type"]["fields"]


def test_comments_issues_and_labels_by_mutation(hub: Hub) -> None:
    made = data(
        hub,
        act("createIssue", "issue { id number title }"),
        input={"repositoryId": views.node_id("R", hub.repo.id), "title": "From GraphQL"},
    )["createIssue"]["issue"]
    hub.hear()
    payload = data(
        hub,
        act("addComment", "commentEdge { node { databaseId body author { login } } } subject { id }"),
        input={"subjectId": made["id"], "body": "Hello", "clientMutationId": "x"},
    )["addComment"]
    assert (payload["clientMutationId"], payload["subject"]["id"]) == ("x", made["id"])
    assert payload["commentEdge"]["node"]["body"] == "Hello"
    assert hub.hear() == ["issue_comment.created"]
    closing = {"issueId": made["id"], "stateReason": "NOT_PLANNED"}
    closed = data(hub, act("closeIssue", "issue { state stateReason }"), input=closing)
    assert closed["closeIssue"]["issue"] == {"state": "CLOSED", "stateReason": "NOT_PLANNED"}
    assert hub.hear() == ["issues.closed"]
    label = views.node_id("LA", hub.repo.labels["bug"].id)
    labelled = data(
        hub,
        act("addLabelsToLabelable", "labelable { labels(first: 3) { nodes { name } } }"),
        input={"labelableId": made["id"], "labelIds": [label]},
    )
    assert labelled["addLabelsToLabelable"]["labelable"]["labels"]["nodes"] == [{"name": "bug"}]


def test_sub_issues_by_mutation(hub: Hub) -> None:
    parent, child = hub.issue("parent"), hub.issue("child")
    hub.hear()
    link = act("addSubIssue", "issue { subIssuesSummary { total completed } subIssues(first: 5) { nodes { number } } }")
    given = {"issueId": parent["node_id"], "subIssueId": child["node_id"]}
    found = data(hub, link, input=given)["addSubIssue"]["issue"]
    assert found == {
        "subIssuesSummary": {"total": 1, "completed": 0},
        "subIssues": {"nodes": [{"number": child["number"]}]},
    }
    assert sorted(hub.hear()) == ["sub_issues.parent_issue_added", "sub_issues.sub_issue_added"]
    kind, text = refusal(hub, link, input=given)
    assert (kind, "may not contain duplicate sub-issues" in text) == ("UNPROCESSABLE", True)


def test_drafts_go_both_ways(hub: Hub) -> None:
    pull = hub.pull(draft=True)
    hub.hear()
    given = {"pullRequestId": pull["node_id"]}
    ready = data(hub, act("markPullRequestReadyForReview", "pullRequest { isDraft }"), input=given)
    assert ready["markPullRequestReadyForReview"]["pullRequest"] == {"isDraft": False}
    assert hub.hear() == ["pull_request.ready_for_review"]
    data(hub, act("convertPullRequestToDraft", "pullRequest { isDraft }"), input=given)
    assert hub.hear() == ["pull_request.converted_to_draft"]


@pytest.mark.parametrize(("method", "parents"), [("MERGE", 2), ("REBASE", 1)])
def test_a_branch_is_updated_by_merge_or_rebase(hub: Hub, method: str, parents: int) -> None:
    pull = hub.pull()
    hub.branch("main", {"moved.txt": "m"})
    update = act("updatePullRequestBranch", "pullRequest { headRefOid }")
    given = {"pullRequestId": pull["node_id"], "updateMethod": method, "expectedHeadOid": pull["head"]["sha"]}
    sha = data(hub, update, input=given)["updatePullRequestBranch"]["pullRequest"]["headRefOid"]
    commit = hub.sandbox.git.commit(hub.repo.id, sha)
    assert commit is not None
    assert len(commit.parents) == parents
    kind, _ = refusal(hub, update, input=given)
    assert kind == "UNPROCESSABLE"


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_what_was_merged_is_taken_back_whatever_way_it_was(hub: Hub, method: str) -> None:
    before = hub.sandbox.git.tree_of(hub.repo.id, "refs/heads/main")
    pull = hub.pull(head="one")
    hub.branch("one", {"two.txt": "2"})
    back = act("revertPullRequest", "revertPullRequest { number title headRefName }")
    given = {"pullRequestId": pull["node_id"], "title": "Back", "body": "It broke."}
    assert refusal(hub, back, input=given) == ("UNPROCESSABLE", "Pull request is not merged")
    hub.ok("PUT", f"pulls/{pull['number']}/merge", {"merge_method": method})
    found = data(hub, back, input=given)["revertPullRequest"]["revertPullRequest"]
    assert (found["title"], found["headRefName"]) == ("Back", f"revert-{pull['number']}-one")
    assert hub.sandbox.git.tree_of(hub.repo.id, "refs/heads/main") != before
    hub.ok("PUT", f"pulls/{found['number']}/merge", {})
    assert hub.sandbox.git.tree_of(hub.repo.id, "refs/heads/main") == before
    assert refusal(hub, back, input=given)[0] == "UNPROCESSABLE"


def test_auto_merge_waits_for_the_checks_and_is_refused_when_nothing_waits(hub: Hub) -> None:
    hub.repo.allow_auto_merge = True
    pull = hub.pull()
    given = {"pullRequestId": pull["node_id"], "mergeMethod": "SQUASH"}
    enable = act("enablePullRequestAutoMerge", "pullRequest { autoMergeRequest { mergeMethod enabledBy { login } } }")
    assert refusal(hub, enable, input=given) == ("UNPROCESSABLE", "Pull request is in clean status")
    hub.repo.protection["main"] = Protection(contexts=["gate"])
    found = data(hub, enable, input=given)["enablePullRequestAutoMerge"]["pullRequest"]["autoMergeRequest"]
    assert found == {"mergeMethod": "SQUASH", "enabledBy": {"login": "lockstep"}}
    assert hub.record(pull["number"]).state == "open"
    hub.check("gate", pull["head"]["sha"])
    assert hub.ok("GET", f"pulls/{pull['number']}")["merged"] is True


def test_merging_gives_rest_s_texts_without_its_statuses(hub: Hub) -> None:
    pull = hub.pull()
    given = {"pullRequestId": pull["node_id"], "expectedHeadOid": "0" * 40}
    merge = act("mergePullRequest", "pullRequest { state mergeCommit { oid } mergedBy { login } }")
    assert refusal(hub, merge, input=given)[1] == "Head branch was modified. Review and try the merge again."
    given["expectedHeadOid"] = pull["head"]["sha"]
    found = data(hub, merge, input=given)["mergePullRequest"]["pullRequest"]
    assert (found["state"], found["mergedBy"]) == ("MERGED", {"login": "lockstep"})
    assert refusal(hub, merge, who="eve", input=given)[0] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("{ viewer { login }", "Unexpected end of document at [1, 19]"),
        ("query { viewer(x: ) { login } }", 'Parse error on ")" at [1, 19]'),
        ("{ a(b: %) }", "Parse error on '%' at [1, 8]"),
        ("", "Unexpected end of document"),
        ("{a" * 60, "nested deeper"),
        ("{a(b: " + "[" * 60, "nested deeper"),
    ],
)
def test_what_is_no_query_is_told_where(query: str, text: str) -> None:
    with pytest.raises(SyntaxProblem) as caught:
        parse(query)
    assert text in str(caught.value)


def test_texts_numbers_and_blocks_are_read() -> None:
    document = parse(
        '{ a(t: "x\\n\\u00e9 \\"q\\"", n: -1.5e2, b: """\n  two\n""", l: [1, E, null, true], o: {k: $v}) }'
    )
    args = document.operations[0].selections[0].args  # type: ignore[union-attr]
    assert (args["t"], args["n"], args["l"]) == ('x\né "q"', -150.0, [1, "E", None, True])
    assert args["b"].strip() == "two"


def test_wrong_variables_and_requests_are_refused(hub: Hub) -> None:
    hub.recorder.expect("Variable '$n'")
    query = 'query($n: Int!) { repository(owner: "acme", name: "api") { issue(number: $n) { id } } }'
    assert "invalid value" in ask(hub, query, n="1")["errors"][0]["message"]
    assert "invalid value" in ask(hub, query)["errors"][0]["message"]
    assert hub.api("POST", "/graphql", {"query": "{ viewer { login } }"}, who="").status == 401
    assert hub.api("POST", "/api/graphql", {"query": "{ viewer { login } }"}, who="bob").json == {
        "data": {"viewer": {"login": "bob"}}
    }


ENQUEUE = act("enqueuePullRequest", "mergeQueueEntry { state position enqueuer { login } headCommit { oid } }")


def queued(hub: Hub, pull: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = data(hub, ENQUEUE, input={"pullRequestId": pull["node_id"]})["enqueuePullRequest"][
        "mergeQueueEntry"
    ]
    return entry


def group_sha(hub: Hub, number: int) -> str:
    found = hub.sandbox.git.refs(hub.repo.id, "refs/heads/gh-readonly-queue/")
    return next(sha for name, sha in found.items() if f"/pr-{number}-" in name)


def test_a_merge_queue_tries_each_on_top_of_the_base(hub: Hub) -> None:
    hub.repo.protection["main"] = Protection(contexts=["gate"], merge_queue=True)
    one, two = hub.pull(head="one"), hub.pull(head="two")
    given = {"pullRequestId": one["node_id"]}
    assert refusal(hub, ENQUEUE, input=given)[1] == 'Required status check "gate" is expected.'
    merge = act("mergePullRequest", "pullRequest { state }")
    for pull in (one, two):
        hub.check("gate", pull["head"]["sha"])
    assert refusal(hub, merge, input=given) == ("UNPROCESSABLE", "Changes must be made through the merge queue")
    hub.hear()
    assert queued(hub, one)["state"] == "AWAITING_CHECKS"
    assert hub.hear() == [
        "pull_request.enqueued",
        "create",
        "push",
        "check_suite.requested",
        "merge_group.checks_requested",
    ]
    assert hub.payload("merge_group.checks_requested")["merge_group"]["head_sha"] == group_sha(hub, one["number"])
    assert (queued(hub, two)["state"], queued_position(hub, two)) == ("QUEUED", 2)
    hub.hear()
    first = group_sha(hub, one["number"])
    hub.check("gate", first)
    assert hub.sandbox.git.resolve(hub.repo.id, "main") == first
    assert [name for name in hub.hear() if not name.startswith("check_")] == [
        *("pull_request.dequeued", "pull_request.closed", "push"),
        *("create", "push", "merge_group.checks_requested"),
        *("merge_group.destroyed", "delete", "push"),
    ]
    assert hub.ok("GET", f"pulls/{one['number']}")["merged"] is True
    hub.check("gate", group_sha(hub, two["number"]), "failure")
    assert "pull_request.dequeued" in hub.hear()
    assert hub.payload("pull_request.dequeued")["reason"] == "CI_FAILURE"
    assert hub.ok("GET", f"pulls/{two['number']}")["merged"] is False
    assert hub.sandbox.git.refs(hub.repo.id, "refs/heads/gh-readonly-queue/") == {}


def queued_position(hub: Hub, pull: dict[str, Any]) -> int:
    query = "query($id: ID!) { node(id: $id) { ... on PullRequest { isInMergeQueue mergeQueueEntry { position } } } }"
    found: int = data(hub, query, id=pull["node_id"])["node"]["mergeQueueEntry"]["position"]
    return found


def test_a_queue_without_required_checks_merges_at_once(hub: Hub) -> None:
    hub.repo.protection["main"] = Protection(merge_queue=True)
    pull = hub.pull(head="one")
    queued(hub, pull)
    assert hub.ok("GET", f"pulls/{pull['number']}")["merged"] is True
    assert hub.hear()[-3:] == ["merge_group.destroyed", "delete", "push"]
    assert refusal(hub, ENQUEUE, input={"pullRequestId": pull["node_id"]})[1] == "Pull request is closed"


def test_a_conflict_leaves_the_queue_and_a_moved_base_builds_anew(hub: Hub) -> None:
    hub.repo.protection["main"] = Protection(contexts=["gate"], merge_queue=True)
    one = hub.pull(head="one")
    hub.check("gate", one["head"]["sha"])
    queued(hub, one)
    before = group_sha(hub, one["number"])
    hub.hear()
    hub.branch("main", {"other.txt": "o"})
    assert group_sha(hub, one["number"]) != before
    assert hub.hear().count("merge_group.checks_requested") == 1
    hub.branch("main", {"one.txt": "clash\n"})
    assert "pull_request.dequeued" in hub.hear()
    assert hub.payload("pull_request.dequeued")["reason"] == "MERGE_CONFLICT"


def test_a_push_takes_a_pull_request_out_of_the_queue(hub: Hub) -> None:
    hub.repo.protection["main"] = Protection(contexts=["gate"], merge_queue=True)
    pull = hub.pull(head="one")
    hub.check("gate", pull["head"]["sha"])
    queued(hub, pull)
    hub.hear()
    hub.branch("one", {"more.txt": "m"})
    assert {"pull_request.dequeued", "merge_group.destroyed"} <= set(hub.hear())
    gone = act("dequeuePullRequest", "mergeQueueEntry { id }")
    assert refusal(hub, gone, input={"id": pull["node_id"]})[0] == "UNPROCESSABLE"


def test_places_in_a_query_are_counted_from_one() -> None:
    fields = [parse(text).operations[0].selections[-1] for text in ("{ a }", "{ a\n\n  b }", "\n{a}")]
    assert [(field.line, field.column) for field in fields] == [(1, 3), (3, 3), (2, 2)]  # type: ignore[union-attr]
