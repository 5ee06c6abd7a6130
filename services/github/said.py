"""GitHub's objects in which checks and people say something about lines of files, and issues as others name them."""

import msgspec

from services.github.infos import AnnotationInfo, AuthoredPull, PushInfo, RelatedInfo, RemarkInfo
from services.github.shapes import Account, ChangedFile, IssueShape, PullShape


class AnnotationShape(msgspec.Struct, frozen=True):
    path: str = ""
    start_line: int | None = None
    annotation_level: str | None = None
    title: str | None = None
    message: str | None = None

    def info(self) -> AnnotationInfo:
        return AnnotationInfo(
            path=self.path,
            line=self.start_line or 0,
            level=self.annotation_level or "notice",
            title=self.title or "",
            message=self.message or "",
        )


class RemarkShape(msgspec.Struct, frozen=True):
    id: int
    path: str = ""
    line: int | None = None
    body: str = ""
    user: Account | None = None

    def info(self) -> RemarkInfo:
        author = (self.user or Account()).login
        return RemarkInfo(id=str(self.id), path=self.path, line=self.line or 0, body=self.body, author=author)


class Compared(msgspec.Struct, frozen=True):
    files: list[ChangedFile]


class Children(msgspec.Struct, frozen=True):
    total: int = 0


class Dependencies(msgspec.Struct, frozen=True):
    total_blocked_by: int = 0


class RelatedShape(IssueShape, frozen=True):
    """An issue in a list of those that another is related to, which may be in any repository."""

    repository_url: str = ""
    sub_issues_summary: Children | None = None
    issue_dependencies_summary: Dependencies | None = None

    def related(self) -> RelatedInfo:
        owner, _, name = self.repository_url.rstrip("/").rpartition("/repos/")[2].partition("/")
        return RelatedInfo(
            repo=f"{owner}/{name}",
            number=self.number,
            title=self.title or "",
            body=self.body or "",
            is_open=self.state == "open",
            children=(self.sub_issues_summary or Children()).total,
            blockers=(self.issue_dependencies_summary or Dependencies()).total_blocked_by,
        )


class Membership(msgspec.Struct, frozen=True):
    """Somebody's place in a team; `pending` until they have accepted."""

    state: str = ""


class AuthoredShape(PullShape, frozen=True):
    user: Account | None = None

    def authored(self) -> AuthoredPull:
        who = self.user or Account()
        return AuthoredPull(pull=self.info(), author=who.login, kind=who.type)


class PusherShape(Account, frozen=True):
    type: str = ""  # who is not said to be a person is none


class PushShape(msgspec.Struct, frozen=True):
    before: str = ""
    after: str = ""
    activity_type: str = ""
    actor: PusherShape | None = None

    def info(self) -> PushInfo:
        who = self.actor or PusherShape()
        kind = self.activity_type
        return PushInfo(before=self.before, sha=self.after, kind=kind, actor=who.login, actor_type=who.type)


class HappenedShape(msgspec.Struct, frozen=True):
    event: str = ""
    id: int | None = None


class AssignedShape(msgspec.Struct, frozen=True):
    assignees: list[Account] = []


class SaidShape(msgspec.Struct, frozen=True):
    id: int


class JobShape(msgspec.Struct, frozen=True):
    run_id: int
    run_attempt: int = 1
    id: int = 0
    conclusion: str | None = None


class JobList(msgspec.Struct, frozen=True):
    jobs: list[JobShape] = []


class RunShape(msgspec.Struct, frozen=True):
    id: int
    status: str | None = None
    run_attempt: int = 1
    conclusion: str | None = None
    display_title: str = ""
    event: str = ""
    head_sha: str = ""
    path: str = ""


class RunList(msgspec.Struct, frozen=True):
    workflow_runs: list[RunShape] = []


class Started(msgspec.Struct, frozen=True):
    workflow_run_id: int = 0
