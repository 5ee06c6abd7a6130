"""The lines that are shown: the error, what belongs to it, a little around it, never more than a person reads."""

from hypothesis import given
from hypothesis import strategies as st

from services.core.classify import diagnose
from services.core.failure_evidence import base_score, chosen, scores
from services.core.failure_patterns import words_of
from services.core.failures import MOST_EVIDENCE, Shown
from services.core.log_lines import Line, read_log


def score(text: str) -> float:
    low = text.lower()
    return base_score(low, words_of(low))


def test_an_error_looks_like_one_and_a_passing_line_does_not() -> None:
    assert score("fatal: it broke") > score("it took 3 s") == 0.0
    assert score("java.lang.NullPointerException: x") >= 3.0
    assert score("[INFO] error handling is on") < score("error handling is off")
    assert score("0 errors, 0 warnings") < 1.0
    assert score("Downloading: https://example.org/error-1.0.jar") < 1.0


def test_a_stack_belongs_to_its_error() -> None:
    stack = [f"\tat org.example.Cart.total(Cart.java:{number})" for number in range(20)]
    text = "\n".join(["calm"] * 200 + ["java.lang.IllegalStateException: no currency", *stack] + ["calm"] * 200)
    shown = {line.line for line in diagnose(read_log(text.encode())).evidence}
    assert set(range(201, 222)) <= shown


def test_what_is_around_is_shown_while_there_is_room() -> None:
    text = "\n".join([f"line {number}" for number in range(1, 101)] + ["error: it broke"])
    shown = [line.line for line in diagnose(read_log(text.encode())).evidence]
    assert shown == list(range(95, 102))


def test_one_error_a_thousand_times_leaves_room_for_others() -> None:
    text = "fatal: the first cause\n" + "error: 12 of 40 is wrong\n" * 1_000
    shown = diagnose(read_log(text.encode())).evidence
    assert shown[0] == Shown(1, "fatal: the first cause")
    assert len(shown) == MOST_EVIDENCE


def test_what_was_left_out_is_not_beside() -> None:
    lines = [Line(1, "calm"), Line(50, "error: it broke"), Line(90, "calm")]
    assert [line.line for line in chosen(lines, scores(lines, [0.0, 5.0, 0.0], [1.0] * 3))] == [50]


@given(st.lists(st.tuples(st.text(max_size=30), st.floats(0, 30)), max_size=150))
def test_evidence_is_in_order_and_bounded(drawn: list[tuple[str, float]]) -> None:
    lines = [Line(number, text) for number, (text, _) in enumerate(drawn, 1)]
    found = chosen(lines, scores(lines, [told for _, told in drawn], [1.0] * len(lines)))
    numbers = [shown.line for shown in found]
    assert numbers == sorted(set(numbers))
    assert len(numbers) <= MOST_EVIDENCE
    assert all(lines[shown.line - 1].text == shown.text for shown in found)
