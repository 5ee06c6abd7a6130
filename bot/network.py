"""How GitHub is reached, from the settings: what can't be used is refused at start with one sentence."""

import re
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from bot.settings import PREFIX, Settings
from services.errors import UserError
from services.git.command import Git
from services.github import Network

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?")


def network_of(settings: Settings) -> Network:
    """UserError names the variable and what it accepts, and never a proxy's password."""
    if not _is_address(settings.github_api_url):
        raise UserError(f"{PREFIX}GITHUB_API_URL is no address of an API; use https://HOST/api/v3.")
    if settings.github_http == "2" and not settings.github_api_url.lower().startswith("https:"):
        raise UserError(f"{PREFIX}GITHUB_HTTP is 2, which is spoken over https only; use auto.")
    if settings.proxy and not _is_address(settings.proxy):
        raise UserError(f"{PREFIX}PROXY can't be used; write it as http://USER:PASSWORD@HOST:PORT.")
    return Network(
        version=settings.github_http,
        connections=settings.github_connections,
        connect_timeout=settings.github_connect_timeout,
        proxy=settings.proxy,
        ca=authorities(settings),
    )


def git_of(settings: Settings) -> Git:
    """git on the same way as the API. With a file of authorities it trusts nobody else: it has one list at a time."""
    host = urlsplit(settings.github_url).hostname or ""
    proxy = network_of(settings).proxy_for(host)
    way = (("http.proxy", proxy), ("http.sslCAInfo", settings.ca_file and str(Path(settings.ca_file).resolve())))
    return Git(settings.github_url, way=tuple((name, value) for name, value in way if value))


def authorities(settings: Settings) -> str:
    """PEM text of what is trusted beside the machine's own authorities."""
    if not settings.ca_file:
        return ""
    try:
        text = Path(settings.ca_file).read_text(errors="replace")
        certificates = "\n".join(_CERTIFICATE.findall(text))
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificates)
    except (OSError, ValueError):  # an ssl.SSLError is an OSError
        raise UserError(f"{PREFIX}CA_FILE is no file of PEM certificates that I can read.") from None
    return certificates


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and url.isprintable()
    except ValueError:
        return False
