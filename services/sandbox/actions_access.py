"""The token of a job whose workflow says `permissions: contents: write`, as GITHUB_TOKEN is: for its own repository,
for as long as the job runs, and what it does starts no other workflow.

A job that does not say so gets none: with it, a checkout is a clone that can push, as on GitHub.
"""

import base64
from typing import TYPE_CHECKING

from services.sandbox.actions_runs import BOT
from services.sandbox.credentials import Token

if TYPE_CHECKING:
    from services.sandbox.actions_context import JobOrder
    from services.sandbox.sandbox import Sandbox

RIGHTS = {"contents": "write", "metadata": "read", "actions": "read", "pull_requests": "read", "issues": "read"}


def grant(sandbox: "Sandbox", order: "JobOrder") -> str:
    """The job's token from now on, "" for one that may write nothing."""
    if not order.writes:
        return ""
    token = f"ghs_{sandbox.draw(144):036x}"
    sandbox.state.tokens[token] = Token(token=token, login=BOT, repo_ids=[order.repo_id], permissions=RIGHTS)
    order.contexts["github"]["token"] = token
    order.contexts["secrets"]["GITHUB_TOKEN"] = token
    return token


def take_back(sandbox: "Sandbox", token: str) -> None:
    """The job is over."""
    sandbox.state.tokens.pop(token, None)


def clone(order: "JobOrder", bare: str, token: str) -> list[list[str]]:
    """The commands of git that make a workspace with the files of a commit a clone which can push."""
    github = order.contexts["github"]
    branch, url = github["ref_name"], f"{github['server_url']}/{github['repository']}"
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    return [
        ["init", "--quiet"],
        ["fetch", "--quiet", "--no-tags", bare, f"+{order.sha}:refs/remotes/origin/{branch}"],
        ["symbolic-ref", "HEAD", f"refs/heads/{branch}"],
        ["update-ref", f"refs/heads/{branch}", order.sha],
        ["reset", "--quiet"],
        ["remote", "add", "origin", url],
        ["config", f"http.{github['server_url']}/.extraheader", f"AUTHORIZATION: basic {basic}"],
    ]
