"""Settings of the network: what can't be used is one sentence, and what can goes the same way for the API and for git."""

import subprocess
import sys
from pathlib import Path

import pytest

from bot.logs import Redactor
from bot.network import git_of, network_of
from bot.settings import Settings, read_settings, secrets
from services.errors import GitError, UserError
from tests.kit.fakehub import FakeHub, Reply
from tests.kit.relay import Proxy
from tests.kit.tls import identity


def given(**values: str) -> Settings:
    return read_settings({f"LOCKSTEP_{name.upper()}": value for name, value in values.items()})


def test_all_there_is_to_say_is_taken_over(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("# Autorité, not ASCII\n" + identity().chain + "\n" + identity().ca)
    network = network_of(
        given(
            github_http="1", github_connections="3", github_connect_timeout="2.5", ca_file=str(file), proxy="http://p:1"
        )
    )
    assert (network.version, network.connections, network.connect_timeout) == ("1", 3, 2.5)
    assert network.ca.count("BEGIN CERTIFICATE") == 2
    assert network.proxy_for("api.github.com") == "http://p:1"
    assert network.proxy_for("127.0.0.1") == ""
    assert network_of(Settings()).version == "auto"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("github_http", "3", "LOCKSTEP_GITHUB_HTTP can't be used; write `auto` or `2` or `1`."),
        (
            "github_connections",
            "0",
            "LOCKSTEP_GITHUB_CONNECTIONS can't be used; write a whole number, at least 1 and at most 1,000.",
        ),
        (
            "github_timeout",
            "soon",
            "LOCKSTEP_GITHUB_TIMEOUT can't be used; write a number, at least 1 and at most 600.",
        ),
        (
            "github_api_url",
            "api.github.com",
            "LOCKSTEP_GITHUB_API_URL is no address of an API; use https://HOST/api/v3.",
        ),
        ("proxy", "me:canary@host", "LOCKSTEP_PROXY can't be used; write it as http://USER:PASSWORD@HOST:PORT."),
        ("proxy", "socks5://canary@h", "LOCKSTEP_PROXY can't be used; write it as http://USER:PASSWORD@HOST:PORT."),
        ("proxy", "http://canary@h:x", "LOCKSTEP_PROXY can't be used; write it as http://USER:PASSWORD@HOST:PORT."),
        ("ca_file", "/nowhere/ca.pem", "LOCKSTEP_CA_FILE is no file of PEM certificates that I can read."),
        ("ca_file", __file__, "LOCKSTEP_CA_FILE is no file of PEM certificates that I can read."),
    ],
)
def test_a_bad_value_is_one_sentence(name: str, value: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        network_of(given(**{name: value}))
    assert str(caught.value) == said
    assert caught.value.__cause__ is None


def test_http2_needs_https() -> None:
    with pytest.raises(UserError, match="over https only; use auto"):
        network_of(given(github_http="2", github_api_url="http://127.0.0.1:1"))


def test_the_proxys_password_is_a_secret() -> None:
    settings = given(proxy="http://me:can%40ary@proxy:3128")
    told = Redactor(secrets(settings)).clean("can%40ary and can@ary and http://me:can%40ary@proxy:3128")
    assert "ary" not in told
    assert "can" not in repr([settings, network_of(settings), git_of(settings)])


async def test_git_goes_the_same_way(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(identity().ca)
    async with FakeHub(context=identity().context()) as host:
        host.script("GET", "/acme/api.git/info/refs", Reply(404))
        port = int(host.url.rpartition(":")[2])
        async with Proxy({"ghe.example": port}, "me:canary") as proxy:
            address, remote = f"http://me:canary@127.0.0.1:{proxy.port}", f"https://ghe.example:{port}"
            git = git_of(given(github_url=remote, proxy=address, ca_file=str(file)))
            with pytest.raises(GitError) as caught:
                await git.run("ls-remote", git.url("acme/api"), token="ghs_canary")
            assert set(proxy.asked) == {f"ghe.example:{port}"}
        assert {asked.path for asked in host.asked} == {"/acme/api.git/info/refs?service=git-upload-pack"}
        assert "canary" not in str(caught.value)
    assert git_of(Settings()).way == ()
    assert git_of(given(github_url="http://127.0.0.1:1", proxy="http://proxy:3128")).way == ()


def test_a_transport_is_imported_when_it_is_used() -> None:
    code = "import sys, services.github; print([m for m in ('pyreqwest', 'aiohttp.client') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
