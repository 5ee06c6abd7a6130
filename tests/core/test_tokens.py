"""Tokens foretold: what is counted, and that replies are learned from."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.tokens import Counts, Weights, count


def test_what_is_counted() -> None:
    assert count("def hello():\n    return 42  # größer") == Counts(
        words=5, long=1, digits=2, signs=4, lines=2, other=2
    )
    assert count("") == Counts()


def test_replies_are_learned_from() -> None:
    """A tokenizer that is half as fine again as the usual one."""
    texts = [f"def name{n}(one, two):\n    return {'abcdefgh' * (n % 5)} + {n}\n" * (1 + n % 7) for n in range(40)]
    usual, weights = Weights(), Weights()
    for text in texts[:20]:
        weights = weights.learn(count(text), round(1.5 * usual.of(count(text))))
    errors = [abs(weights.of(count(text)) / (1.5 * usual.of(count(text))) - 1) for text in texts[20:]]
    assert weights.seen == 20
    assert max(errors) < 0.06


@settings(max_examples=40)
@given(st.lists(st.tuples(st.text(max_size=200), st.integers(-5, 2_000)), max_size=15))
def test_nothing_that_is_told_makes_it_useless(replies: list[tuple[str, int]]) -> None:
    weights = Weights()
    for text, tokens in replies:
        weights = weights.learn(count(text), tokens)
        assert all(0 <= each < 1e6 for each in weights.values)
        assert weights.of(count(text)) >= 0
