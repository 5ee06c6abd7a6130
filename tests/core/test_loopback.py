"""Which hosts are the machine itself."""

import pytest

from services.core.loopback import is_loopback


@pytest.mark.parametrize("host", ["localhost", "api.localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]"])
def test_the_machine_itself(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "example.com", "localhost.example.com", "128.0.0.1", "[::2]", "::ffff:1.2.3.4"])
def test_somewhere_else(host: str) -> None:
    assert not is_loopback(host)
