"""Issue search, as far as bots use it: words and the common qualifiers. GitHub's index lags; here it does not."""

import re

from services.sandbox import auth, issue_views
from services.sandbox.call import Call
from services.sandbox.kernel import Json, Problem, route
from services.sandbox.state import Issue, Repo

_TERM = re.compile(r'(-?)(?:([a-z-]+):)?("[^"]*"|\S+)')


@route("GET", "/search/issues", need="")
def search_issues(call: Call) -> Json:
    query = call.query.get("q", "")
    if not query.strip() or len(query) > 256:
        raise Problem(422, "Validation Failed", errors=[{"resource": "Search", "field": "q", "code": "missing"}])
    terms = [(sign == "-", key, value.strip('"').lower()) for sign, key, value in _TERM.findall(query)]
    rows = [issue for issue in call.state.issues.values() if _visible(call, issue) and _fits(call, issue, terms)]
    key = "updated_at" if call.query.get("sort") == "updated" else "created_at"
    rows.sort(key=lambda issue: (getattr(issue, key), issue.id), reverse=call.query.get("order", "desc") == "desc")
    items = [_item(call, issue) for issue in call.page(rows)]
    return {"total_count": len(rows), "incomplete_results": False, "search_type": "lexical", "items": items}


def _item(call: Call, issue: Issue) -> Json:
    """An issue as search shows it: without a `body` when it has none."""
    shown = {**issue_views.issue(call.state, call.base, issue), "score": 1.0}
    return {key: value for key, value in shown.items() if key != "body" or value is not None}


def _visible(call: Call, issue: Issue) -> bool:
    repo = call.state.repos.get(issue.repo_id)
    return (
        repo is not None and not issue.deleted and not issue.transferred_to and auth.can_see(call.state, call.who, repo)
    )


def _fits(call: Call, issue: Issue, terms: list[tuple[bool, str, str]]) -> bool:
    repo = call.state.repos[issue.repo_id]
    return all(_term(repo, issue, key, value) != negated for negated, key, value in terms)


def _term(repo: Repo, issue: Issue, key: str, value: str) -> bool:
    pull = issue.pull
    known = {
        "repo": [repo.full_name],
        "org": [repo.owner],
        "user": [repo.owner],
        "state": [issue.state],
        "author": [issue.user, f"app/{issue.user.removesuffix('[bot]')}"],
        "assignee": issue.assignees,
        "label": issue.labels,
        "is": [issue.state, "pr" if pull else "issue", *(["merged"] if pull and pull.merged else [])],
        "type": ["pr" if pull else "issue"],
        "head": [pull.head_ref] if pull else [],
        "base": [pull.base_ref] if pull else [],
    }
    if key in known:
        return value in {word.lower() for word in known[key]}
    text = f"{issue.title}\n{issue.body or ''}".lower()
    return value in (issue.title.lower() if (key, value) == ("in", "title") else text) or key == "in"
