"""How branches, their protection and the rules of rulesets look in answers."""

from services.sandbox import views
from services.sandbox.kernel import Json
from services.sandbox.state import Protection, Repo


def _url(base: str, repo: Repo, name: str) -> str:
    return f"{base}/repos/{repo.full_name}/branches/{views.quoted(name)}"


def branch(base: str, repo: Repo, name: str, commit: Json) -> Json:
    """A branch with its tip and a summary of what protects it."""
    rules = repo.protection.get(name)
    contexts = rules.contexts if rules is not None else []
    url = _url(base, repo, name)
    return {
        "name": name,
        "commit": commit,
        "_links": {"self": url, "html": f"{base.removesuffix('/api/v3')}/{repo.full_name}/tree/{views.quoted(name)}"},
        "protected": rules is not None,
        "protection": {
            "enabled": rules is not None,
            "required_status_checks": {
                "enforcement_level": "off"
                if not contexts
                else "everyone"
                if rules and rules.enforce_admins
                else "non_admins",
                "contexts": contexts,
                "checks": _checks(rules) if rules is not None else [],
            },
        },
        "protection_url": f"{url}/protection",
    }


def _checks(rules: Protection) -> Json:
    return [{"context": name, "app_id": rules.app_ids.get(name)} for name in rules.contexts]


def status_checks(base: str, repo: Repo, name: str, rules: Protection) -> Json:
    url = f"{_url(base, repo, name)}/protection/required_status_checks"
    return {
        "url": url,
        "strict": rules.strict,
        "contexts": rules.contexts,
        "contexts_url": f"{url}/contexts",
        "checks": _checks(rules),
    }


def protection(base: str, repo: Repo, name: str, rules: Protection) -> Json:
    """GitHub's "branch protection"; parts that are not switched on are absent, as there."""
    url = f"{_url(base, repo, name)}/protection"
    out: dict[str, Json] = {
        "url": url,
        "required_signatures": {"url": f"{url}/required_signatures", "enabled": False},
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": rules.enforce_admins},
        "required_linear_history": {"enabled": rules.linear},
    }
    switches = ("allow_force_pushes", "allow_deletions", "block_creations", "required_conversation_resolution")
    out |= {switch: {"enabled": False} for switch in (*switches, "lock_branch", "allow_fork_syncing")}
    if rules.contexts or rules.strict:
        out["required_status_checks"] = status_checks(base, repo, name, rules)
    if rules.approvals or rules.code_owners or rules.dismiss_stale:
        out["required_pull_request_reviews"] = {
            "url": f"{url}/required_pull_request_reviews",
            "dismiss_stale_reviews": rules.dismiss_stale,
            "require_code_owner_reviews": rules.code_owners,
            "require_last_push_approval": False,
            "required_approving_review_count": rules.approvals,
        }
    return out


def ruleset_id(repo: Repo, name: str) -> int:
    """A number for the ruleset of one branch that stays the same."""
    return repo.id * 100 + sorted(repo.protection).index(name)


def ruleset(base: str, repo: Repo, name: str) -> Json:
    number = ruleset_id(repo, name)
    return {
        "id": number,
        "name": f"protect {name}",
        "target": "branch",
        "source_type": "Repository",
        "source": repo.full_name,
        "enforcement": "active",
        "node_id": views.node_id("RRS", number),
        "_links": {"self": {"href": f"{base}/repos/{repo.full_name}/rulesets/{number}"}},
        "conditions": {"ref_name": {"include": [f"refs/heads/{name}"], "exclude": []}},
        "bypass_actors": [],
        "current_user_can_bypass": "never",
        "created_at": repo.created_at,
        "updated_at": repo.created_at,
    }


def rules(repo: Repo, wanted: Protection) -> list[Json]:
    """The rules of a branch one by one, each with the ruleset it comes from."""
    name = next(branch for branch, rules in repo.protection.items() if rules is wanted)
    source = {
        "ruleset_source_type": "Repository",
        "ruleset_source": repo.full_name,
        "ruleset_id": ruleset_id(repo, name),
    }
    out: list[dict[str, Json]] = [{"type": "deletion"}, {"type": "non_fast_forward"}]
    if wanted.linear:
        out.append({"type": "required_linear_history"})
    if wanted.contexts:
        checks = [
            {"context": c} | ({"integration_id": wanted.app_ids[c]} if c in wanted.app_ids else {})
            for c in wanted.contexts
        ]
        parameters = {
            "required_status_checks": checks,
            "strict_required_status_checks_policy": wanted.strict,
            "do_not_enforce_on_create": True,
        }
        out.append({"type": "required_status_checks", "parameters": parameters})
    if wanted.approvals or wanted.code_owners:
        out.append({"type": "pull_request", "parameters": _review_rule(wanted)})
    if wanted.merge_queue:
        out.append({"type": "merge_queue", "parameters": _QUEUE})
    return [{**rule, **source} for rule in out]


def _review_rule(wanted: Protection) -> Json:
    return {
        "required_approving_review_count": wanted.approvals,
        "dismiss_stale_reviews_on_push": wanted.dismiss_stale,
        "require_code_owner_review": wanted.code_owners,
        "require_last_push_approval": False,
        "required_review_thread_resolution": False,
        "allowed_merge_methods": ["merge", "squash", "rebase"],
    }


_QUEUE: Json = {
    "check_response_timeout_minutes": 60,
    "grouping_strategy": "ALLGREEN",
    "max_entries_to_build": 5,
    "max_entries_to_merge": 5,
    "merge_method": "MERGE",
    "min_entries_to_merge": 1,
    "min_entries_to_merge_wait_minutes": 5,
}
