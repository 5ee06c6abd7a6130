"""Words of a text as a search compares them: identifiers split into their parts, all in lower case, without endings.

`parseURL`, `parse_url` and "parsing of URLs" meet in the words `pars` and `url`. The endings are cut off by Porter's
algorithm (1980), which knows English only and needs no list of words.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

MAX_WORD = 40
"""Characters; longer ones are hashes, and nobody looks for them."""

_IDENTIFIER = re.compile(r"[^\W_]+(?:_+[^\W_]+)*")
_PART = re.compile(r"[A-Z]+s?(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]+|\d+")

_SECOND = (
    ("ational", "ate"), ("ization", "ize"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"),
    ("tional", "tion"), ("biliti", "ble"), ("entli", "ent"), ("ousli", "ous"), ("ation", "ate"), ("alism", "al"),
    ("aliti", "al"), ("iviti", "ive"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("abli", "able"),
    ("alli", "al"), ("ator", "ate"), ("eli", "e"),
)  # fmt: skip
_THIRD = (
    ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ness", ""), ("ful", ""),
)  # fmt: skip
_FOURTH = (
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous", "ive", "ize", "ion",
    "al", "er", "ic", "ou",
)  # fmt: skip


def words(text: str) -> Iterator[str]:
    """The stems of a text in order; an identifier of several parts as a whole, then its parts."""
    for found in _IDENTIFIER.finditer(text):
        whole = found[0]
        parts = _PART.findall(whole)
        for word in [whole, *parts] if len(parts) > 1 else [whole]:
            if 1 < len(word) <= MAX_WORD:
                yield stem(word.lower())


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A word in lower case without its endings; what is not English letters stays as it is."""
    if len(word) < 3 or not (word.isascii() and word.isalpha()):
        return word
    word = _past(_plural(word))
    if word.endswith("y") and _has_vowel(word[:-1]):
        word = word[:-1] + "i"
    word = _replaced(_replaced(word, _SECOND), _THIRD)
    return _final(_fourth(word))


def _plural(word: str) -> str:
    if word.endswith(("sses", "ies")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _past(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    ending = next((each for each in ("ed", "ing") if word.endswith(each)), "")
    if not ending or not _has_vowel(word[: -len(ending)]):
        return word
    word = word[: -len(ending)]
    if word.endswith(("at", "bl", "iz")):
        return word + "e"
    if _ends_double(word) and word[-1] not in "lsz":
        return word[:-1]
    return word + "e" if _measure(word) == 1 and _ends_short(word) else word


def _replaced(word: str, endings: tuple[tuple[str, str], ...]) -> str:
    for ending, other in endings:
        if word.endswith(ending):
            rest = word[: -len(ending)]
            return rest + other if _measure(rest) > 0 else word
    return word


def _fourth(word: str) -> str:
    ending = next((each for each in _FOURTH if word.endswith(each)), "")
    rest = word[: -len(ending)] if ending else word
    is_cut = ending and _measure(rest) > 1 and (ending != "ion" or rest.endswith(("s", "t")))
    return rest if is_cut else word


def _final(word: str) -> str:
    if word.endswith("e"):
        rest = word[:-1]
        measure = _measure(rest)
        if measure > 1 or (measure == 1 and not _ends_short(rest)):
            word = rest
    return word[:-1] if word.endswith("ll") and _measure(word) > 1 else word


def _kinds(word: str) -> str:
    """`c` and `v` for its consonants and vowels; a `y` after a consonant is a vowel."""
    kinds = ""
    for letter in word:
        is_vowel = letter in "aeiou" or (letter == "y" and kinds.endswith("c"))
        kinds += "v" if is_vowel else "c"
    return kinds


def _measure(word: str) -> int:
    """How often a vowel is followed by a consonant."""
    return _kinds(word).count("vc")


def _has_vowel(word: str) -> bool:
    return "v" in _kinds(word)


def _ends_double(word: str) -> bool:
    return len(word) > 1 and word[-1] == word[-2] and _kinds(word).endswith("c")


def _ends_short(word: str) -> bool:
    return _kinds(word).endswith("cvc") and word[-1] not in "wxy"
