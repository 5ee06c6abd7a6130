"""A few plain pages behind the `html_url`s, so that a link of the demo's leads to something a person can read.

They show what is there without asking who looks, private repositories too, and so are served only when asked for
(`start(pages=True)`); the sandbox listens on the loopback. All text is escaped, none is interpreted.
"""

import re
from html import escape
from typing import TYPE_CHECKING

from services.sandbox.state import Issue, Repo

if TYPE_CHECKING:
    from services.sandbox.sandbox import Sandbox

PATH = re.compile(
    r"/(?P<owner>[\w.-]+)/(?P<name>[\w.-]+)(?:/(?P<kind>issues|pull|commit|actions/runs|tree|blob)(?:/(?P<rest>.+))?)?/?"
)
_HIDDEN = re.compile(r"<!--.*?-->", re.DOTALL)
_STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}
body{color:#1f2328;background:#fff}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f6f8fa;padding:1rem;border-radius:6px}a{color:#0969da}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}pre{background:#161b22}a{color:#4493f8}}"""


def page(sandbox: "Sandbox", path: str) -> str | None:
    """The page for a path, None when it is not one of these or shows nothing that exists."""
    found = PATH.fullmatch(path)
    repo = sandbox.repo_named(f"{found['owner']}/{found['name']}") if found is not None else None
    if found is None or repo is None:
        return None
    rest = found["rest"] or ""
    if found["kind"] in {"issues", "pull"} and rest:
        number = re.match(r"\d{1,9}", rest)
        issue = sandbox.issue_numbered(repo, int(number[0])) if number else None
        return _issue(sandbox, repo, issue) if issue is not None and not issue.deleted else None
    if found["kind"] == "commit":
        return _commit(sandbox, repo, rest)
    if found["kind"] == "actions/runs":
        return _run(sandbox, repo, rest.split("/")[0])
    if found["kind"] in {"tree", "blob"}:
        return _files(sandbox, repo, rest)
    return _overview(sandbox, repo)


def _html(title: str, *parts: str) -> str:
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title><style>{_STYLE}</style>"
    return f"{head}<main><h1>{escape(title)}</h1>{''.join(parts)}</main></html>"


def _link(repo: Repo, tail: str, text: str) -> str:
    return f'<a href="/{escape(repo.full_name)}/{escape(tail)}">{escape(text)}</a>'


def _text(body: str | None) -> str:
    shown = _HIDDEN.sub("", body or "").strip()
    return f"<pre>{escape(shown)}</pre>" if shown else ""


def _overview(sandbox: "Sandbox", repo: Repo) -> str:
    rows = [i for i in sandbox.state.issues.values() if i.repo_id == repo.id and not i.deleted]
    shown = "".join(f"<li>{_row(repo, issue)}</li>" for issue in reversed(rows[-200:]))
    heads = "".join(f"<li>{_link(repo, f'tree/{ref[11:]}', ref[11:])}</li>" for ref in sandbox.git.refs(repo.id))
    return _html(repo.full_name, f"<h2>Issues and pull requests</h2><ul>{shown}</ul><h2>Branches</h2><ul>{heads}</ul>")


def _row(repo: Repo, issue: Issue) -> str:
    kind = "pull" if issue.pull is not None else "issues"
    return f"{_link(repo, f'{kind}/{issue.number}', f'#{issue.number} {issue.title}')} {escape(_state(issue))}"


def _state(issue: Issue) -> str:
    return "merged" if issue.pull is not None and issue.pull.merged else issue.state


def _issue(sandbox: "Sandbox", repo: Repo, issue: Issue) -> str:
    about = f"<p>{escape(_state(issue))} · {escape(issue.user)} · {escape(', '.join(issue.labels))}</p>"
    parts = [f"<p>{_link(repo, '', repo.full_name)}</p>", about, _text(issue.body)]
    if (pull := issue.pull) is not None:
        ends = f"{pull.base_ref} ← {pull.head_ref}"
        parts.append(f"<p>{escape(ends)} · {_link(repo, f'commit/{pull.head_sha}', pull.head_sha[:7])}</p>")
        runs = [r for r in sandbox.state.check_runs.values() if r.repo_id == repo.id and r.head_sha == pull.head_sha]
        parts += [f"<p>{escape(r.name)}: {escape(r.conclusion or r.status)} {escape(r.title or '')}</p>" for r in runs]
    said = [comment for comment in sandbox.state.comments.values() if comment.issue_id == issue.id]
    parts += [f"<h2>{escape(comment.user)}</h2>{_text(comment.body)}" for comment in said]
    return _html(f"#{issue.number} {issue.title}", *parts)


def _commit(sandbox: "Sandbox", repo: Repo, rev: str) -> str | None:
    sha = sandbox.git.resolve(repo.id, rev)
    found = sandbox.git.commit(repo.id, sha) if sha is not None else None
    if found is None:
        return None
    parts = [f"<p>{_link(repo, '', repo.full_name)} · {escape(found.author.name)}</p>", _text(found.message)]
    changes = sandbox.git.diff(repo.id, found.parents[0] if found.parents else "", found.sha)
    parts += [f"<h2>{escape(c.filename)}</h2>{_text(c.patch or c.status)}" for c in changes]
    return _html(found.sha[:7], *parts)


def _run(sandbox: "Sandbox", repo: Repo, number: str) -> str | None:
    run = sandbox.state.runs.get(int(number)) if number.isdigit() and len(number) < 16 else None
    if run is None or run.repo_id != repo.id:
        return None
    parts = [f"<p>{_link(repo, '', repo.full_name)} · {escape(run.conclusion or run.status)}</p>"]
    for job in (sandbox.state.jobs[number] for number in run.jobs):
        title = f"{job.name}: {job.conclusion or job.status}"
        parts.append(f"<h2>{escape(title)}</h2>{_text(sandbox.state.logs.get(job.id))}")
    return _html(f"{run.name} #{run.run_number}", *parts)


def _files(sandbox: "Sandbox", repo: Repo, rest: str) -> str | None:
    """A directory or file at `<branch or sha>/<path>`.

    A branch's name may hold slashes, so the longest that exists wins.
    """
    words = rest.split("/")
    for cut in range(len(words), 0, -1):
        rev, path = sandbox.git.resolve(repo.id, "/".join(words[:cut])), "/".join(words[cut:])
        if rev is None:
            continue
        file = sandbox.git.file(repo.id, rev, path) if path else None
        if file is not None:
            return _html(path, f"<p>{_link(repo, '', repo.full_name)}</p>", _text(file[1].decode(errors="replace")))
        below = f"{rest}/"
        rows = [
            f"<li>{_link(repo, f'tree/{below}{e.path}', e.path)}</li>" for e in sandbox.git.tree(repo.id, rev, path)
        ]
        return _html(path or repo.full_name, f"<ul>{''.join(rows)}</ul>")
    return None
