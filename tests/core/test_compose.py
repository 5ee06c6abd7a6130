"""The way from a text to nodes."""

from services.core.compose import composer, of_file
from services.core.nodes import Mapping
from services.core.problems import Findings, Spot


def test_places_of_a_file_count_from_one() -> None:
    assert of_file(0, 0) == (1, 1)
    root = composer("a: 1\nb: 2", Findings()).compose()
    assert isinstance(root, Mapping)
    assert root.entries["b"][0] == Spot("b", 2, 1)


def test_places_of_a_block_are_those_of_the_document_around_it() -> None:
    findings = Findings()
    assert composer("a: [", findings, lambda line, column: (line + 40, column + 3)).compose() is None
    assert [(problem.line, problem.column) for problem in findings.listed()] == [(40, 6)]


def test_a_second_document_is_called_by_what_the_text_holds() -> None:
    findings = Findings()
    composer("a: 1\n---\nb: 2", findings, of="settings").compose()
    assert [problem.message for problem in findings.listed()] == [
        "A second YAML document starts here; settings are a single one."
    ]
