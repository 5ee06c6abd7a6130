"""`python -m bot diagnose`: verdicts, exit statuses, and what is shown to people and to programs."""

import gzip
import io
import json
import sys
import zipfile
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from bot.diagnose import main
from services.core.failures import MOST_EVIDENCE
from tests.core.logs import EXCERPTS

LINT = EXCERPTS["rubocop"][1].lstrip()


class Input:
    """Standard input with these bytes."""

    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "build.log"
    path.write_text(LINT)
    return path


def test_for_programs(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(log), "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == snapshot(
        {
            "class": "lint",
            "confidence": 0.88,
            "signature": "lint: # files inspected, # offense detected, # offense autocorrectable | <path> c: <path> prefer single-quoted strings",
            "evidence": [
                {"line": 1, "text": "lib/cart.rb:14:3: C: Style/StringLiterals: Prefer single-quoted strings"},
                {"line": 2, "text": "40 files inspected, 1 offense detected, 1 offense autocorrectable"},
            ],
            "strategy": "fix_format",
        }
    )


def test_for_people(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(log)]) == 0
    assert capsys.readouterr().out == snapshot(
        """\
lint: A linter or formatter found something.
Confidence: 88%
Signature: lint: # files inspected, # offense detected, # offense autocorrectable | <path> c: <path> prefer single-quoted strings
First: fix_format, run the repository's own fixer (`recovery.fixer`), or have the agent repair what the linter names
Then: fix_tests, stronger_model, manual
Evidence, 2 of 2 lines:
  1  lib/cart.rb:14:3: C: Style/StringLiterals: Prefer single-quoted strings
  2  40 files inspected, 1 offense detected, 1 offense autocorrectable
"""
    )


def test_what_is_unknown_is_a_no(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", Input(b"all is well\n"))
    assert main(["-"]) == 1
    assert capsys.readouterr().out == snapshot(
        """\
unknown: Nothing that is known was found.
Signature: unknown
First: manual, hand it to a person, with the evidence
No line of 1 looks like an error.
"""
    )


def test_an_empty_log_is_unknown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", Input(b""))
    assert main(["-", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["evidence"] == []


def test_standard_input_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    data = b"nothing to see here\n" * 1_000_000 + LINT.encode()
    monkeypatch.setattr(sys, "stdin", Input(data))
    assert main(["-", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["class"] == "lint"
    assert found["evidence"][-1] == {"line": 1_000_002, "text": LINT.splitlines()[1]}


def test_own_failures_of_a_settings_file(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "lockstep.yml"
    settings.write_text("failures:\n  - {text: '# files inspected', class: policy}\n")
    assert main([str(log), "--settings", str(settings), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["class"] == "policy"


def test_hostile_text_reaches_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log"
    path.write_bytes(
        b"\x1b]52;c;ZXZpbA==\x07\x9b31merror: \x1b[2J\xe2\x80\xae it broke\x00\r\x1b[1Afatal: gone\n" * 100
    )
    main([str(path)])
    told = capsys.readouterr().out
    assert "error:" in told
    assert not any((ord(char) < 32 and char != "\n") or char in "\x9b\u202e\x7f" for char in told)
    assert len(told.splitlines()) <= MOST_EVIDENCE + 6


HOSTILE = {
    "binary": bytes(range(256)) * 8_000,
    "ANSI": b"\x1b[31m\x1b]0;title\x07" * 100_000,
    "no newline": b"error " * 400_000,
    "invalid UTF-8": b"\xc3(\xff\xfe error: \xed\xa0\x80\n" * 50_000,
    "for expressions": (b"a" * 50_000 + b"!" + b"(" * 50_000 + b"E   " * 20_000 + b": " * 50_000 + b"\n") * 5,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_log_is_diagnosed(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log"
    path.write_bytes(HOSTILE[name] + b"\n" + LINT.encode())
    assert main([str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["class", "confidence", "signature", "evidence", "strategy"]
    assert (found["class"], [*found["evidence"][-1]]) == ("lint", ["line", "text"])
    assert len(found["evidence"]) <= MOST_EVIDENCE


def test_a_terminal_that_knows_no_unicode(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log.write_text("error: caf\u00e9 \u2717\n")
    written = io.BytesIO()
    out = io.TextIOWrapper(written, encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    assert main([str(log)]) == 1
    out.flush()
    assert b"error: caf\\xe9 \\u2717" in written.getvalue()


def archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("1_build.txt", LINT)


@pytest.mark.parametrize("kind", ["missing", "folder", "zip", "gzip", "name", "settings"])
def test_what_cannot_be_used_is_one_sentence(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, arguments = tmp_path / "log", list[str]()
    if kind == "folder":
        path.mkdir()
    elif kind == "zip":
        archive(path)
    elif kind == "gzip":
        path.write_bytes(gzip.compress(LINT.encode()))
    elif kind == "settings":
        path.write_text("failures:\n  - txt: x\n")
        arguments = ["-", "--settings"]
    assert main([*arguments, "a\0b" if kind == "name" else str(path)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("lockstep: ")
    assert told.err.count("\n") == 1
    expected = {"missing": "No such file", "folder": "Is a directory", "zip": "unpack it", "gzip": "unpack it"}
    assert expected.get(kind, {"name": "not a file name", "settings": "Did you mean `text`?"}.get(kind, "")) in told.err


def test_ctrl_c_ends_it_quietly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise KeyboardInterrupt

    slow = Input(b"")
    slow.buffer = Slow()
    monkeypatch.setattr(sys, "stdin", slow)
    assert main(["-"]) == 130
    assert capsys.readouterr() == ("", "")


def test_bad_usage() -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
