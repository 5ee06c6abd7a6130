"""A GitHub client that is its own reads and writes: a plain record in a test says what it answers."""

from typing import Self


class Oneself:
    """Of whatever rank."""

    @property
    def reads(self) -> Self:
        return self

    @property
    def writes(self) -> Self:
        return self

    def ranked(self, rank: str) -> Self:
        return self
