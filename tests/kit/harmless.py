"""Judges every text the bot has posted: nothing in it may act on behalf of whoever wrote the plan.

What counts is what GitHub does with a text: a mention notifies somebody, a closing keyword closes an issue, a link or an
image is fetched or followed, HTML changes what a reader sees, and characters that turn the direction of writing hide
it. Code spans and fences are inert for all of these, so they are taken out first; titles and commit messages are not
Markdown, so there they are not.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from services.core.names import STICKY
from services.sandbox.sandbox import Sandbox
from services.sandbox.state import Issue, Repo

_FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1\s*$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"(?<![`\\])(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_HIDDEN = re.compile(r"<!--.*?-->", re.DOTALL)
_OURS = re.compile(r"</?(?:details|summary|sub)>")
_KEY = re.compile(r"<!-- lockstep:key=([^ ]+) -->")

MENTION = re.compile(r"(?<![A-Za-z0-9_/])@[A-Za-z0-9]")
CLOSING = re.compile(
    r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b:?\s+(?:[\w.-]+/[\w.-]+)?(?:#\d+|GH-\d+|https?:)", re.IGNORECASE
)
LINK = re.compile(r"\b(?:https?|ftp)://|\bwww\.|(?<!\\)\]\(|\bmailto:", re.IGNORECASE)
REFERENCE = re.compile(r"\bGH-\d", re.IGNORECASE)
HTML = re.compile(r"(?<!\\)<[a-z/!]", re.IGNORECASE)
TURNED = re.compile(r"[\u202a-\u202e\u2066-\u2069\u200e\u200f\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Text:
    """One thing the bot wrote. `closes`: the closing words that belong there."""

    where: str
    words: str
    markdown: bool = True
    closes: frozenset[str] = field(default_factory=frozenset)


def hazards(text: Text) -> list[str]:
    """What is live in a text, in words; nothing when it is harmless."""
    bare = text.words
    if text.markdown:
        bare = _OURS.sub(" ", _HIDDEN.sub(" ", _CODE.sub(" ", _FENCE.sub(" ", bare))))
    found = [f"mentions somebody: {hit}" for hit in _around(MENTION, bare)]
    found += [f"closes something: {hit[0]!r}" for hit in CLOSING.finditer(bare) if hit[0].lower() not in text.closes]
    found += [f"turns or hides characters: {hit}" for hit in _around(TURNED, text.words)]
    if text.markdown:
        found += [f"holds a link: {hit}" for hit in _around(LINK, bare)]
        found += [f"refers to an issue: {hit}" for hit in _around(REFERENCE, bare)]
        found += [f"holds HTML: {hit}" for hit in _around(HTML, bare)]
    return [f"{text.where} {what}" for what in found]


def _around(pattern: re.Pattern[str], text: str) -> list[str]:
    return [repr(text[max(0, hit.start() - 20) : hit.end() + 20]) for hit in pattern.finditer(text)]


def written(sandbox: Sandbox, login: str) -> Iterator[Text]:
    """Everything `login` has posted: issues, pull requests, comments, check runs and commits."""
    state = sandbox.state
    repos = state.repos
    for issue in state.issues.values():
        if issue.user == login:
            yield from _issue_texts(issue, repos[issue.repo_id])
    for comment in state.comments.values():
        if comment.user == login:
            issue = state.issues[comment.issue_id]
            yield Text(f"the comment on {_place(repos[issue.repo_id], issue)}", comment.body)
    for run in state.check_runs.values():
        if run.name.startswith("lockstep/"):
            yield Text(f"the check {run.name}", f"{run.title or ''}\n\n{run.summary or ''}")
    for repo in repos.values():
        for sha in set(sandbox.git.refs(repo.id).values()):
            for commit in sandbox.git.log(repo.id, sha):
                if "lockstep" in commit.author.name.lower() or login in commit.author.name:
                    yield Text(f"the commit {commit.sha[:7]} of {repo.full_name}", commit.message, markdown=False)


def _issue_texts(issue: Issue, repo: Repo) -> Iterator[Text]:
    place = _place(repo, issue)
    yield Text(f"the title of {place}", issue.title, markdown=False)
    own = re.search(r"^Closes #\d+$", issue.body or "", re.MULTILINE) if issue.pull is not None else None
    yield Text(f"the body of {place}", issue.body or "", closes=frozenset({own[0].lower()} if own else ()))


def _place(repo: Repo, issue: Issue) -> str:
    return f"{repo.full_name}#{issue.number}"


def doubled(sandbox: Sandbox, login: str) -> list[str]:
    """What `login` has made twice: two things with one key, two kept-up-to-date comments, two open pull requests of one
    branch."""
    state = sandbox.state
    there = [issue for issue in state.issues.values() if not (issue.deleted or issue.transferred_to)]
    issues = [issue for issue in there if issue.user == login]
    comments = [comment for comment in state.comments.values() if comment.user == login]
    bodies = [*(issue.body or "" for issue in issues), *(comment.body for comment in comments)]
    found = _twice("the key", (key for body in bodies for key in _KEY.findall(body)))
    found += _twice("the kept-up-to-date comment of issue", (c.issue_id for c in comments if STICKY in c.body))
    heads = [(i.repo_id, i.pull.head_ref) for i in issues if i.pull is not None and i.state == "open"]
    return found + _twice("an open pull request of", heads)


def _twice(what: str, things: Iterable[object]) -> list[str]:
    return [f"{what} {thing} is there {n} times" for thing, n in Counter(things).items() if n > 1]
