"""What jobs print: the text GitHub keeps per job, the zip per run, the annotations in it, and links that need no
credential.

Downloads are redirects to "another host": a path of the sandbox that takes a signature and, as the real blob store
does, refuses a request that brings an Authorization header along.
"""

import hmac
import io
import re
import zipfile
from datetime import datetime
from typing import Any

from services.sandbox.actions_records import Job
from services.sandbox.kernel import Problem, Request, Response
from services.sandbox.state import State

MOST_ANNOTATIONS = 50
PER_STEP = 10
LINK_SECONDS = 600
_COMMAND = re.compile(r"::(error|warning|notice)(?: ([^:\n]{0,1000}))?::(.{1,4000})")


def annotation(
    message: str, *, path: str = ".github", line: int = 1, level: str = "failure", title: str = ""
) -> dict[str, Any]:
    return {
        "path": path[:1_000],
        "start_line": line,
        "end_line": line,
        "annotation_level": level,
        "message": message[:4_000],
        **({"title": title[:255]} if title else {}),
    }


def annotations(output: str) -> list[dict[str, Any]]:
    """The workflow commands (`::error file=a.py,line=3::text`) of one step's output."""
    found: list[dict[str, Any]] = []
    for line in output.splitlines():
        command = _COMMAND.match(line.strip()) if "::" in line[:200] else None
        if command is None or len(found) == PER_STEP:
            continue
        fields = dict(part.partition("=")[::2] for part in (command[2] or "").split(","))
        fields = {key.strip(): value.strip() for key, value in fields.items()}
        number = fields.get("line", "")
        found.append(
            annotation(
                command[3],
                path=fields.get("file", "") or ".github",
                line=int(number) if number.isdecimal() and len(number) < 9 else 1,
                level={"error": "failure"}.get(command[1], command[1]),
                title=fields.get("title", ""),
            )
        )
    return found


def lines(text: str, now: datetime) -> str:
    """Each line behind the time it came, as GitHub's logs have it; commands look as they look there."""
    at = now.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
    shown = re.sub(r"(?m)^::(error|warning|notice|group|endgroup|debug)(?: [^:\n]*)?::", r"##[\1]", text)
    return "".join(f"{at} {line}\n" for line in shown.splitlines())


def archive(state: State, jobs: list[Job]) -> bytes:
    """A zip as GitHub lays it out: `0_build.txt`, and `build/2_Run tests.txt` for the steps that printed something."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for position, job in enumerate(jobs):
            text = state.logs.get(job.id)
            if text is None:
                continue
            name = _file_name(job.name)
            packed.writestr(_entry(f"{position}_{name}.txt"), text)
            for step in job.steps:
                if step.log_to > step.log_from:
                    inside = f"{name}/{step.number}_{_file_name(step.name)}.txt"
                    packed.writestr(_entry(inside), text[step.log_from : step.log_to])
    return out.getvalue()


def link(key: bytes, request: Request, kind: str, number: int, now: datetime) -> Response:
    """302 to where the log lies, signed with the key; good for ten minutes."""
    until = int(now.timestamp()) + LINK_SECONDS
    target = f"{request.base}/_sandbox/logs/{kind}/{number}?se={until}&sig={_sign(key, kind, number, until)}"
    return Response(status=302, headers={"location": target}, body=b"")


def check_link(key: bytes, request: Request, query: dict[str, str], kind: str, number: int, now: datetime) -> None:
    """403 as the blob store says it: wrong or old signature, or a credential that does not belong there."""
    until = query.get("se", "")
    good = (
        until.isdecimal()
        and len(until) < 12
        and hmac.compare_digest(query.get("sig", ""), _sign(key, kind, number, int(until)))
    )
    if not good or int(until) < now.timestamp() or "authorization" in request.headers:
        raise Problem(403, "AuthenticationFailed")


def _sign(key: bytes, kind: str, number: int, until: int) -> str:
    return hmac.new(key, f"{kind} {number} {until}".encode(), "sha256").hexdigest()


def _file_name(text: str) -> str:
    return re.sub(r"[^\w .()\-+,=@]", "", text).strip(" .")[:90] or "unnamed"


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))
