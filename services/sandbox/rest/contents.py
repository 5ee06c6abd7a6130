"""Files by path: read them, and change one at a time with a commit."""

import base64
import binascii

from services.sandbox import auth, committing, git_views, views
from services.sandbox.call import Call
from services.sandbox.git import Entry
from services.sandbox.git_values import safe_path
from services.sandbox.kernel import Json, Problem, Response, invalid, not_found, route
from services.sandbox.state import Repo

LARGEST_INLINE = 1024 * 1024
"""Bytes of a file above which `content` is empty and `encoding` is none."""


@route("GET", "/repos/{owner}/{repo}/contents/{path}", need="contents:read")
def get_contents(call: Call) -> Json:
    return _at(call, call.params["path"].strip("/"))


@route("GET", "/repos/{owner}/{repo}/contents", need="contents:read")
@route("GET", "/repos/{owner}/{repo}/contents/", need="contents:read")
def get_top(call: Call) -> Json:
    return _at(call, "")


@route("GET", "/repos/{owner}/{repo}/readme", need="contents:read")
def readme(call: Call) -> Json:
    repo = call.repo()
    names = [e.path for e in call.git.tree(repo.id, _rev(call, repo)) if e.path.lower().startswith("readme")]
    if not names:
        raise not_found()
    return _at(call, min(names))


def _rev(call: Call, repo: Repo) -> str:
    rev = call.git.resolve(repo.id, call.query.get("ref", repo.default_branch))
    if rev is None:
        if not call.git.refs(repo.id):
            raise Problem(404, "This repository is empty.")
        raise Problem(404, f"No commit found for the ref {call.query.get('ref', repo.default_branch)}")
    return rev


def _at(call: Call, path: str) -> Json:
    repo = call.repo()
    rev = _rev(call, repo)
    found = call.git.entry(repo.id, rev, path) if path else Entry(path="", mode="040000", type="tree", sha=rev)
    if found is None:
        raise not_found()
    if found.type == "tree":
        rows = call.git.tree(repo.id, rev, path)
        prefix = f"{path}/" if path else ""
        return [_brief(call, repo, rev, prefix + row.path, row) for row in rows]
    if found.type == "commit":
        return _brief(call, repo, rev, path, found) | {"type": "submodule", "submodule_git_url": None}
    content = call.git.blob(repo.id, found.sha)
    if "raw" in call.request.headers.get("accept", ""):
        return Response(body=content, headers={"content-type": "application/vnd.github.raw; charset=utf-8"})
    out = _brief(call, repo, rev, path, found) | {"size": len(content)}
    if found.mode == "120000":
        return out | {"type": "symlink", "target": content.decode(errors="replace")}
    small = len(content) <= LARGEST_INLINE
    text = base64.encodebytes(content).decode() if small else ""
    return out | {"encoding": "base64" if small else "none", "content": text}


def _brief(call: Call, repo: Repo, rev: str, path: str, entry: Entry) -> dict[str, Json]:
    """A file or directory without its content, with URLs that keep the asked-for ref."""
    api = f"{call.base}/repos/{repo.full_name}"
    html = f"{call.base.removesuffix('/api/v3')}/{repo.full_name}"
    ref, name = call.query.get("ref", repo.default_branch), views.quoted(path)
    is_file = entry.type == "blob"
    url = f"{api}/contents/{name}?ref={views.quoted(ref)}"
    git_url = f"{api}/git/{'blobs' if is_file else 'trees'}/{entry.sha}"
    page = f"{html}/{'blob' if is_file else 'tree'}/{views.quoted(ref)}/{name}"
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "type": {"blob": "file", "tree": "dir"}.get(entry.type, "file"),
        "url": url,
        "git_url": git_url,
        "html_url": page,
        "download_url": f"{html}/raw/{views.quoted(ref)}/{name}" if is_file else None,
        "_links": {"self": url, "git": git_url, "html": page},
    }


@route("PUT", "/repos/{owner}/{repo}/contents/{path}", need="contents:write")
def put_file(call: Call) -> Json:
    """Make or replace a file by a commit; replacing needs the blob's sha as it is now."""
    repo = call.repo()
    path = _writable(call, repo)
    content = _decoded(call)
    before, exists = _before(call, repo, path)
    mode = exists.mode if exists is not None else "100644"
    change = {path: (mode, call.git.write_blob(repo.id, content))}
    sha = committing.commit(call, repo, before, change)
    shown = _brief(call, repo, sha, path, call.git.entry(repo.id, sha, path) or _missing(path)) | {"size": len(content)}
    return Response(
        status=200 if exists is not None else 201, json={"content": shown, "commit": _commit(call, repo, sha)}
    )


@route("DELETE", "/repos/{owner}/{repo}/contents/{path}", need="contents:write")
def delete_file(call: Call) -> Json:
    repo = call.repo()
    path = _writable(call, repo)
    before, exists = _before(call, repo, path, deleting=True)
    if exists is None:
        raise not_found()
    sha = committing.commit(call, repo, before, {path: None})
    return {"content": None, "commit": _commit(call, repo, sha)}


def _missing(path: str) -> Entry:
    return Entry(path=path, mode="100644", type="blob", sha="")


def _commit(call: Call, repo: Repo, sha: str) -> Json:
    found = call.git.commit(repo.id, sha)
    return git_views.git_commit(call.base, repo, found) if found is not None else None


def _writable(call: Call, repo: Repo) -> str:
    """The path to write, if it is one and the caller may: workflow files need a permission of their own."""
    path = call.params["path"].strip("/")
    if not safe_path(path):
        raise Problem(422, "path contains a malformed path component")
    if path.startswith(".github/workflows/") and call.who.installation is not None:
        auth.check(call.state, call.who, repo, "workflows:write")
    return path


def _decoded(call: Call) -> bytes:
    text = call.text("content", required=True, resource="Content", limit=100_000_000) or ""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Problem(422, "content is not valid Base64") from None


def _before(call: Call, repo: Repo, path: str, *, deleting: bool = False) -> tuple[committing.Place, Entry | None]:
    """The branch as it is, and the file there; 409 when the caller's sha is not the file's, 422 when it is missing."""
    place = committing.place(call, repo)
    found = call.git.entry(repo.id, place.tip, path) if place.tip else None
    if found is not None and found.type != "blob":
        found = None
    given = call.text("sha", resource="Content")
    if found is not None and given is None:
        raise (
            invalid("Content", "sha", "missing_field")
            if deleting
            else Problem(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
        )
    if given is not None and (found is None or given != found.sha):
        raise Problem(
            409, f"{path} does not match {given}" if found is not None else f"{path} does not exist at {given}"
        )
    return place, found
