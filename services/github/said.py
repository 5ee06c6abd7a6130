"""GitHub's objects in which checks and people say something about lines of files."""

import msgspec

from services.github.infos import AnnotationInfo, RemarkInfo
from services.github.shapes import Account


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
