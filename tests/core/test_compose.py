"""compose: places as people are told them, and PyYAML only with the first text."""

import subprocess
import sys

from services.core.compose import composer
from services.core.nodes import Mapping
from services.core.problems import Findings


def test_a_file_counts_from_one_and_a_part_of_a_document_from_where_it_stands() -> None:
    found = Findings()
    root = composer("a: 1\nb: 2\n", found).compose()
    assert isinstance(root, Mapping)
    assert [(key.line, key.column) for key, _ in root.entries.values()] == [(1, 1), (2, 1)]
    inner = composer("a: 1\n", found, lambda line, column: (line + 10, column + 3)).compose()
    assert isinstance(inner, Mapping)
    assert [(key.line, key.column) for key, _ in inner.entries.values()] == [(10, 3)]
    assert not found.failed


def test_who_reads_nothing_loads_nothing() -> None:
    code = "import sys; import services.core.config, services.core.parse; print('yaml' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == "False"
