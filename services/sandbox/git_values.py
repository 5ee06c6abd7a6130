"""What git's objects look like as values, and how they are spelled in git's own bytes.

Parsing and writing the bytes here, and not by a process for each object, is what makes a commit cost 0.2 ms and not
15: most of what the API does to a repository is reading and writing a few small objects.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

ZERO = "0" * 40
"""Stands for "no commit" before a ref is made and after it is deleted."""

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
EMPTY_BLOB = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"

SHA = re.compile(r"[0-9a-f]{40}")
Side = tuple[str, str]
"""(mode, sha) of what lies at a path."""
_BAD_REF = re.compile(r"\.\.|[\x00-\x20~^:?*\[\\\x7f]|//|@\{|\.lock(/|\Z)|/\.|[./]\Z")
_PERSON = re.compile(r"(.*?) ?<([^>]*)> (-?\d+) [+-]\d{4}")


class GitError(Exception):
    """git refused: a ref that is no name, a lost race for a ref, objects that are not there."""


class Person(msgspec.Struct, frozen=True):
    """Who and when; `date` in GitHub's spelling, UTC."""

    name: str
    email: str
    date: str


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    sha: str
    tree: str
    parents: list[str]
    message: str
    author: Person
    committer: Person


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a tree; `size` in bytes, None for what is no blob."""

    path: str
    mode: str
    type: str
    sha: str
    size: int | None = None


class FileChange(msgspec.Struct, frozen=True, kw_only=True):
    """`status`: added, removed, modified, renamed; `patch` from the first @@ on, None for binary or large files."""

    filename: str
    status: str
    additions: int
    deletions: int
    patch: str | None
    blob_sha: str
    previous: str | None = None


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """`tree` is None when the two sides conflict, and then `conflicts` names the paths."""

    tree: str | None
    conflicts: list[str] = []


def check_ref(ref: str) -> str:
    """A full ref name that git accepts and that is no option; GitError else."""
    if not ref.startswith("refs/") or ref.count("/") < 2 or len(ref) > 255 or _BAD_REF.search(ref):
        raise GitError(f"{ref!r} is not a ref name")
    return ref


def safe_path(path: str) -> bool:
    """Is this a file's path inside a tree, and nothing that a checkout could be harmed by?"""
    parts = path.split("/")
    return (
        bool(path)
        and "\0" not in path
        and all(part not in {"", ".", ".."} and part.lower() != ".git" for part in parts)
    )


def encode_commit(tree: str, parents: list[str], message: str, author: Person, committer: Person) -> bytes:
    lines = [
        f"tree {tree}",
        *(f"parent {sha}" for sha in parents),
        _line("author", author),
        _line("committer", committer),
    ]
    return ("\n".join(lines) + "\n\n" + message.replace("\0", "")).encode(errors="surrogateescape")


def decode_commit(sha: str, raw: bytes) -> Commit:
    head, _, message = raw.decode(errors="replace").partition("\n\n")
    fields: dict[str, list[str]] = {}
    for line in head.split("\n"):
        key, _, value = line.partition(" ")
        fields.setdefault(key, []).append(value)
    return Commit(
        sha=sha,
        tree=fields["tree"][0],
        parents=fields.get("parent", []),
        message=message.rstrip("\n"),
        author=_person(fields["author"][0]),
        committer=_person(fields["committer"][0]),
    )


def decode_tree(raw: bytes) -> Iterator[tuple[str, str, str]]:
    """(mode, name, sha) of each entry, in git's order."""
    at = 0
    while at < len(raw):
        space, end = raw.index(b" ", at), raw.index(b"\0", at)
        yield (
            raw[at:space].decode().zfill(6),
            raw[space + 1 : end].decode(errors="surrogateescape"),
            raw[end + 1 : end + 21].hex(),
        )
        at = end + 21


def encode_tree(entries: dict[str, tuple[str, str]]) -> bytes:
    """Name -> (mode, sha), sorted as git wants it: a directory as if its name ended with a slash."""

    def order(item: tuple[str, tuple[str, str]]) -> bytes:
        return (item[0] + ("/" if kind(item[1][0]) == "tree" else "")).encode(errors="surrogateescape")

    return b"".join(
        f"{mode.lstrip('0')} {name}".encode(errors="surrogateescape") + b"\0" + bytes.fromhex(sha)
        for name, (mode, sha) in sorted(entries.items(), key=order)
    )


def kind(mode: str) -> str:
    """The type of object a tree entry's mode stands for."""
    return {"040000": "tree", "160000": "commit"}.get(mode.zfill(6), "blob")


def _line(role: str, who: Person) -> str:
    name, email = (re.sub(r"[<>\n\0]", "", text).strip() for text in (who.name, who.email))
    seconds = int(datetime.fromisoformat(who.date).timestamp())
    return f"{role} {name or 'unknown'} <{email}> {seconds} +0000"


def _person(text: str) -> Person:
    found = _PERSON.match(text)
    if found is None:
        return Person("unknown", "", "1970-01-01T00:00:00Z")
    date = datetime.fromtimestamp(max(0, int(found[3])), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Person(found[1], found[2], date)
