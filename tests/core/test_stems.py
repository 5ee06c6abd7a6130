"""stems: identifiers in parts, English endings cut off as Porter does, anything else left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.core.stems import MAX_WORD, stem, words


@pytest.mark.parametrize(
    ("word", "cut"),
    [
        ("caresses", "caress"), ("ponies", "poni"), ("cats", "cat"), ("feed", "feed"), ("agreed", "agre"),
        ("plastered", "plaster"), ("bled", "bled"), ("motoring", "motor"), ("sing", "sing"), ("conflated", "conflat"),
        ("troubled", "troubl"), ("sized", "size"), ("hopping", "hop"), ("falling", "fall"), ("filing", "file"),
        ("happy", "happi"), ("sky", "sky"), ("relational", "relat"), ("conditional", "condit"), ("valenci", "valenc"),
        ("digitizer", "digit"), ("vietnamization", "vietnam"), ("operator", "oper"), ("decisiveness", "decis"),
        ("triplicate", "triplic"), ("formative", "form"), ("hopefulness", "hope"), ("goodness", "good"),
        ("electrical", "electr"), ("revival", "reviv"), ("allowance", "allow"), ("adjustable", "adjust"),
        ("replacement", "replac"), ("adoption", "adopt"), ("communism", "commun"), ("effective", "effect"),
        ("probate", "probat"), ("rate", "rate"), ("cease", "ceas"), ("controlling", "control"), ("roll", "roll"),
        ("is", "is"), ("http2", "http2"), ("größen", "größen"),
    ],
)  # fmt: skip
def test_endings_as_porter_cuts_them(word: str, cut: str) -> None:
    assert stem(word) == cut


def test_an_identifier_is_itself_and_its_parts() -> None:
    assert " ".join(words("parseURLs in url_parser.py")) == "parseurl pars url in url_parser url parser py"
    assert list(words("HTTPServer2 über-größe x")) == ["httpserver2", "http", "server", "über", "größe"]
    assert list(words("__init__ a_1 snake__case")) == ["init", "a_1", "snake__case", "snake", "case"]


def test_what_nobody_looks_for_is_left_out() -> None:
    assert list(words("a " + "f" * (MAX_WORD + 1))) == []


@given(st.text(max_size=300))
def test_any_text_gives_words_in_lower_case_that_can_be_stored(text: str) -> None:
    for word in words(text):
        assert 0 < len(word) <= MAX_WORD * 3
        assert word == word.lower()
        assert "\0" not in word


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=20))
def test_a_stem_is_never_longer_by_more_than_a_letter_and_the_plural_meets_it(word: str) -> None:
    assert len(stem(word)) <= len(word) + 1
    if len(word) > 2 and word[-1] not in "sieyhxz":
        assert stem(word + "s") == stem(word)
