"""Git's own objects: refs, blobs, trees, commits."""

import base64
import binascii

from services.sandbox import committing, git_views, views
from services.sandbox.call import Call
from services.sandbox.git import ZERO, GitError
from services.sandbox.git_values import SHA, check_ref, safe_path
from services.sandbox.kernel import Json, Problem, Response, not_found, route
from services.sandbox.state import Repo

MODES = {"100644", "100755", "040000", "160000", "120000"}
MOST_ENTRIES = 100_000


def _ref_view(call: Call, repo: Repo, name: str, sha: str) -> Json:
    found = call.git.raw(repo.id, sha)
    kind = found[0] if found is not None else "commit"
    api = f"{call.base}/repos/{repo.full_name}/git"
    return {
        "ref": name,
        "node_id": f"REF_{repo.id:x}_{name}",
        "url": f"{api}/{views.quoted(name)}",
        "object": {"type": kind, "sha": sha, "url": f"{api}/{kind}s/{sha}"},
    }


def _all_refs(call: Call, repo: Repo) -> dict[str, str]:
    refs = call.git.refs(repo.id, "refs/")
    if not refs:
        raise Problem(409, "Git Repository is empty.")
    return refs


@route("GET", "/repos/{owner}/{repo}/git/ref/{ref}", need="contents:read")
def get_ref(call: Call) -> Json:
    repo = call.repo()
    name = f"refs/{call.params['ref']}"
    sha = _all_refs(call, repo).get(name)
    if sha is None:
        raise not_found()
    return _ref_view(call, repo, name, sha)


@route("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref}", need="contents:read")
def matching_refs(call: Call) -> Json:
    repo = call.repo()
    start = f"refs/{call.params['ref']}"
    return [_ref_view(call, repo, name, sha) for name, sha in call.git.refs(repo.id, start).items()]


@route("POST", "/repos/{owner}/{repo}/git/refs", need="contents:write")
def create_ref(call: Call) -> Json:
    repo = call.repo()
    name = call.text("ref", required=True, resource="Reference") or ""
    sha = call.text("sha", required=True, resource="Reference") or ""
    refs = _all_refs(call, repo)
    try:
        check_ref(name)
    except GitError:
        raise Problem(422, "Reference name must start with 'refs' and have at least two slashes.") from None
    if name.startswith("refs/pull/"):
        raise Problem(422, "Reference name is reserved.")
    if name in refs:
        raise Problem(422, "Reference already exists")
    if any(name.startswith(f"{other}/") or other.startswith(f"{name}/") for other in refs):
        raise Problem(422, "Reference cannot be created because a reference with a conflicting name exists.")
    _object(call, repo, sha)
    committing.move(call, repo, name, ZERO, sha)
    return Response(status=201, json=_ref_view(call, repo, name, sha))


def _object(call: Call, repo: Repo, sha: str) -> None:
    if not SHA.fullmatch(sha):
        raise Problem(422, "The sha parameter must be exactly 40 characters and contain only [0-9a-f].")
    if call.git.raw(repo.id, sha) is None:
        raise Problem(422, "Object does not exist")


@route("PATCH", "/repos/{owner}/{repo}/git/refs/{ref}", need="contents:write")
def update_ref(call: Call) -> Json:
    repo = call.repo()
    name = f"refs/{call.params['ref']}"
    before = call.git.refs(repo.id, "refs/").get(name)
    if before is None:
        raise Problem(422, "Reference does not exist")
    sha = call.text("sha", required=True, resource="Reference") or ""
    _object(call, repo, sha)
    if not call.body.get("force") and not call.git.contains(repo.id, sha, before):
        raise Problem(422, "Update is not a fast forward")
    committing.move(call, repo, name, before, sha)
    return _ref_view(call, repo, name, sha)


@route("DELETE", "/repos/{owner}/{repo}/git/refs/{ref}", need="contents:write")
def delete_ref(call: Call) -> Json:
    repo = call.repo()
    name = f"refs/{call.params['ref']}"
    before = call.git.refs(repo.id, "refs/").get(name)
    if before is None or name.startswith("refs/pull/"):
        raise Problem(422, "Reference does not exist")
    if name == f"refs/heads/{repo.default_branch}":
        raise Problem(422, "Cannot delete the default branch")
    committing.move(call, repo, name, before, ZERO)
    return Response(status=204)


@route("GET", "/repos/{owner}/{repo}/git/blobs/{file_sha}", need="contents:read")
def get_blob(call: Call) -> Json:
    repo = call.repo()
    sha = call.params["file_sha"]
    found = call.git.raw(repo.id, sha)
    if found is None or found[0] != "blob":
        raise not_found()
    if "raw" in call.request.headers.get("accept", ""):
        return Response(body=found[1], headers={"content-type": "application/vnd.github.raw; charset=utf-8"})
    return {
        "sha": sha,
        "node_id": f"B_{sha}",
        "size": len(found[1]),
        "url": f"{call.base}/repos/{repo.full_name}/git/blobs/{sha}",
        "content": base64.encodebytes(found[1]).decode(),
        "encoding": "base64",
    }


@route("POST", "/repos/{owner}/{repo}/git/blobs", need="contents:write")
def create_blob(call: Call) -> Json:
    repo = call.repo()
    _all_refs(call, repo)
    text = call.text("content", required=True, resource="Blob", limit=100_000_000) or ""
    try:
        content = base64.b64decode(text) if call.body.get("encoding") == "base64" else text.encode()
    except (binascii.Error, ValueError):
        raise Problem(422, "content is not valid Base64") from None
    sha = call.git.write_blob(repo.id, content)
    return Response(status=201, json={"sha": sha, "url": f"{call.base}/repos/{repo.full_name}/git/blobs/{sha}"})


@route("GET", "/repos/{owner}/{repo}/git/trees/{tree_sha}", need="contents:read")
def get_tree(call: Call) -> Json:
    repo = call.repo()
    _all_refs(call, repo)
    top = call.git.tree_of(repo.id, call.params["tree_sha"])
    if not top:
        raise not_found()
    return _tree(call, repo, top, recursive=bool(call.query.get("recursive")))


def _tree(call: Call, repo: Repo, sha: str, *, recursive: bool) -> Json:
    api = f"{call.base}/repos/{repo.full_name}/git"
    rows = []
    for entry in call.git.tree(repo.id, sha, "", recursive)[:MOST_ENTRIES]:
        row: dict[str, Json] = {"path": entry.path, "mode": entry.mode, "type": entry.type, "sha": entry.sha}
        if entry.size is not None:
            row["size"] = entry.size
        if entry.type != "commit":
            row["url"] = f"{api}/{entry.type}s/{entry.sha}"
        rows.append(row)
    return {"sha": sha, "url": f"{api}/trees/{sha}", "truncated": len(rows) == MOST_ENTRIES, "tree": rows}


@route("POST", "/repos/{owner}/{repo}/git/trees", need="contents:write")
def create_tree(call: Call) -> Json:
    repo = call.repo()
    _all_refs(call, repo)
    entries = call.body.get("tree")
    if not isinstance(entries, list) or not entries:
        raise Problem(422, "Invalid tree info")
    base = str(call.body.get("base_tree") or "")
    top = call.git.tree_of(repo.id, base) if base else ""
    if base and not top:
        raise Problem(422, "base_tree is not a valid tree oid")
    changes = dict(_change(call, repo, entry) for entry in entries)
    sha = call.git.write_tree(repo.id, top, changes)
    return Response(status=201, json=_tree(call, repo, sha, recursive=False))


def _change(call: Call, repo: Repo, entry: Json) -> tuple[str, tuple[str, str] | None]:
    """One entry of a new tree: content inline, an object by sha, or a deletion (sha null)."""
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
        raise Problem(422, "Invalid tree info")
    path, mode, sha = entry["path"], entry.get("mode", "100644"), entry.get("sha")
    if not safe_path(path):
        raise Problem(422, "tree.path contains a malformed path component")
    if mode not in MODES:
        raise Problem(422, "tree.mode is not a valid mode")
    if isinstance(entry.get("content"), str):
        return path, (mode, call.git.write_blob(repo.id, entry["content"].encode()))
    if sha is None and "sha" in entry:
        return path, None
    if not isinstance(sha, str) or (mode != "160000" and call.git.raw(repo.id, sha) is None):
        raise Problem(422, f"tree.sha {sha} is not a valid object")
    return path, (mode, sha)


@route("GET", "/repos/{owner}/{repo}/git/commits/{commit_sha}", need="contents:read")
def get_commit(call: Call) -> Json:
    repo = call.repo()
    found = call.git.commit(repo.id, call.params["commit_sha"])
    if found is None:
        raise not_found()
    return git_views.git_commit(call.base, repo, found)


@route("POST", "/repos/{owner}/{repo}/git/commits", need="contents:write")
def create_commit(call: Call) -> Json:
    repo = call.repo()
    message = call.text("message", required=True, resource="Commit") or ""
    tree = call.text("tree", required=True, resource="Commit") or ""
    found = call.git.raw(repo.id, tree)
    if found is None or found[0] != "tree":
        raise Problem(422, "Tree SHA does not exist")
    parents = call.body.get("parents") or []
    if not isinstance(parents, list) or any(call.git.commit(repo.id, str(sha)) is None for sha in parents):
        raise Problem(422, "Parent SHA does not exist or is not a commit object")
    author = committing.person(call, "author")
    committer = committing.person(call, "committer") if call.body.get("committer") else author
    sha = call.git.commit_tree(repo.id, tree, [str(p) for p in parents], message, author, committer)
    made = call.git.commit(repo.id, sha)
    return Response(status=201, json=git_views.git_commit(call.base, repo, made) if made is not None else None)
