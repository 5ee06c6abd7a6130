"""Which database it is, and `python -m bot migrate`: one sentence when it can't be used, never the password."""

import sys
from pathlib import Path

import pytest

from bot import migrate
from bot.settings import Settings, secrets
from services.errors import UserError
from services.store.migrate import SQLITE
from services.store.opening import database_at
from services.store.postgres import PostgresDatabase
from services.store.sqlite import SqliteDatabase
from tests.kit.store import Place

NEWEST = max(int(file.name[:3]) for file in SQLITE.iterdir())


@pytest.fixture
def settings(place: Place, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment says where the database is; the data directory isn't there yet."""
    folder = place.path.parent / "data"
    monkeypatch.setenv("LOCKSTEP_DATA_DIR", str(folder))
    monkeypatch.setenv("LOCKSTEP_DATABASE_URL", place.url)
    return folder


def test_migrate_makes_the_database_and_says_its_number(
    settings: Path, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert migrate.main([]) == 0
        assert capsys.readouterr().out == f"The database has schema {NEWEST}, the newest this version knows.\n"
    assert settings.exists() == (not place.url), "a server needs no data directory"


def test_migrate_says_in_one_sentence_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOCKSTEP_DATABASE_URL", "postgresql://ana:s3cr3t-word@127.0.0.1:1/lockstep")
    assert migrate.main([]) == 2
    said = capsys.readouterr().err
    assert said.startswith("lockstep: The database lockstep at 127.0.0.1 can't be used")
    assert said.count("\n") == 1
    assert "s3cr3t" not in said
    monkeypatch.setenv("LOCKSTEP_DATABASE_URL", "")
    monkeypatch.setenv("LOCKSTEP_DATA_DIR", str(tmp_path / "file"))
    (tmp_path / "file").write_text("in the way")
    assert migrate.main([]) == 2
    assert "can't write in the data directory" in capsys.readouterr().err


def test_the_url_decides(tmp_path: Path) -> None:
    file = database_at("", tmp_path)
    assert isinstance(file, SqliteDatabase)
    assert file.path == tmp_path / "lockstep.sqlite"
    for scheme in ("postgresql", "postgres"):
        assert isinstance(database_at(f"{scheme}://127.0.0.1/lockstep", tmp_path), PostgresDatabase)
    with pytest.raises(UserError, match="LOCKSTEP_DATABASE_URL must begin with postgresql://") as caught:
        database_at("mysql://ana:s3cr3t-word@127.0.0.1/x", tmp_path)
    assert "s3cr3t" not in str(caught.value)


def test_without_the_library_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "services.store.postgres")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UserError, match=r"needs psycopg, which isn't installed; .*\[postgres\]"):
        database_at("postgresql://127.0.0.1/lockstep", tmp_path)


def test_the_password_is_among_what_is_never_shown() -> None:
    url = "postgresql://ana:s3cr3t%40word@127.0.0.1/x"
    settings = Settings(database_url=url)
    assert {url, "s3cr3t%40word", "s3cr3t@word"} <= set(secrets(settings))
    assert "s3cr3t" not in repr(settings)
    assert secrets(Settings(database_url="postgresql://[no"))
