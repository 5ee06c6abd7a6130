"""Who owns what a task may change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.codeowners import MOST, owners_of

TEXT = """\
# Everything
*            @ana @acme/team mail@example.com
*.js         @jo  # scripts
/docs/       @dee
docs/api/*   @api-writer @dee
/build/logs/
apps/        @app
/secret[1]   @nobody
"""


@pytest.mark.parametrize(
    ("paths", "owners"),
    [
        ((), ("ana",)),
        (("src/**",), ("ana",)),
        (("src/main.py",), ("ana",)),
        (("web/**/*.js",), ("jo",)),
        (("docs/**",), ("dee",)),
        (("docs",), ("dee",)),
        (("docs/api/a.md",), ("api-writer", "dee")),
        (("docs/api/deep/a.md",), ("dee",)),
        (("build/logs/**",), ()),
        (("x/apps/y.txt",), ("app",)),
        (("apps/**", "docs/**", "src/**"), ("app", "dee", "ana")),
        (("secret1",), ("ana",)),
    ],
)
def test_the_last_line_that_fits_counts(paths: tuple[str, ...], owners: tuple[str, ...]) -> None:
    assert owners_of(TEXT, paths) == owners


def test_there_are_only_so_many() -> None:
    text = "* " + " ".join(f"@p{n}" for n in range(20))
    assert owners_of(text, ()) == tuple(f"p{n}" for n in range(MOST))


@given(st.text(), st.lists(st.text(min_size=1, max_size=20), max_size=5))
def test_whatever_it_is_given_it_answers(text: str, paths: list[str]) -> None:
    assert len(owners_of(text, paths)) <= MOST
