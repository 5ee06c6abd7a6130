"""Connections to PostgreSQL beside the store's own: each does one thing, for as long as the process lives."""

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

PATIENCE = 2.0
"""Seconds after which what the other side does not confirm is taken for lost."""


async def connected(url: str, purpose: str, *, options: str = "") -> psycopg.AsyncConnection[Any]:
    """A connection in autocommit mode that notices soon when the server is cut off. options: beside the URL's own."""
    given = conninfo_to_dict(url)
    told = make_conninfo(
        url,
        application_name=f"lockstep {purpose}",
        connect_timeout=4,
        keepalives_idle=2,
        keepalives_interval=1,
        keepalives_count=2,
        tcp_user_timeout=round(PATIENCE * 1000),
        target_session_attrs=given.get("target_session_attrs") or "read-write",
        options=f"{given.get('options') or ''} {options}".strip(),
    )
    return await psycopg.AsyncConnection.connect(told, autocommit=True)
