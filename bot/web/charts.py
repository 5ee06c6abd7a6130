"""Interactive charts, where plotly is installed: its script out of its own package, loaded by pages that have a chart.

A chart is data in the page that the script draws; the same figures stand in a table below it, which is all there is
where plotly is not installed.
"""

import asyncio
import gzip
import hashlib
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import msgspec
from aiohttp import web

BASE, LID = 88.0, 6.0
"""Percent of the height that the highest stack takes, and what stays free above it."""
SCRIPT = Path("package_data") / "plotly.min.js"


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Values of one name; `colour` is a token of the style sheet."""

    name: str
    values: tuple[float, ...]
    colour: str = "link"


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A bar as it is drawn where there is no plotly, in percent of the box."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    title: str


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """Bars over labels, stacked. unit: before each value."""

    name: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str = ""

    @property
    def data(self) -> str:
        """As JSON for the script. plotly reads some HTML in names, links too: so none is left in them."""
        return msgspec.json.encode(self).decode().replace("<", "\\u2039")

    @property
    def most(self) -> float:
        """The highest stack."""
        return max((sum(each.values[at] for each in self.series) for at in range(len(self.labels))), default=0.0)

    @property
    def top(self) -> str:
        """The highest stack in words."""
        return f"{self.unit}{self.most:,.2f}" if self.unit else f"{self.most:,.0f}"

    @property
    def bars(self) -> Iterator[Column]:
        """The same without script."""
        step, scale = 100 / max(len(self.labels), 1), BASE / self.most if self.most else 0.0
        for at, label in enumerate(self.labels):
            y = BASE + LID
            for each in self.series:
                height = round(each.values[at] * scale, 2)
                y = round(y - height, 2)
                if height:
                    title = f"{label}: {self.unit}{each.values[at]:,.2f} {each.name}"
                    width, x = round(step * 0.7, 2), round(step * (at + 0.15), 2)
                    yield Column(x=x, y=y, width=width, height=height, colour=each.colour, title=title)

    @property
    def marks(self) -> Iterator[tuple[float, str]]:
        """A few of the labels, and where they stand."""
        every = max(1, -(-len(self.labels) // 6))
        for at in range(0, len(self.labels), every):
            yield round(100 / len(self.labels) * (at + 0.15), 2), self.labels[at]


class Charts:
    """name: of the script, "" where there is none."""

    def __init__(self) -> None:
        self._path = _installed()
        self._packed: bytes | None = None
        self.name = f"plotly-{_mark(self._path)}.js" if self._path is not None else ""

    async def script(self, request: web.Request, headers: Mapping[str, str]) -> web.Response:
        """Packed once; whoever can't unpack gets it as it is."""
        assert self._path is not None  # noqa: S101 - there is no such name otherwise
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            text = await asyncio.to_thread(self._path.read_bytes)
            return web.Response(body=text, content_type="text/javascript", charset="utf-8", headers=headers)
        if self._packed is None:
            self._packed = await asyncio.to_thread(lambda path: gzip.compress(path.read_bytes(), 6), self._path)
        packed = {**headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return web.Response(body=self._packed, content_type="text/javascript", charset="utf-8", headers=packed)


def _installed() -> Path | None:
    """Where plotly's script lies; the package is not imported for that."""
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / SCRIPT
    return path if path.is_file() else None


def _mark(path: Path) -> str:
    """Another one for another version of the script."""
    about = path.stat()
    return hashlib.sha256(f"{about.st_size} {about.st_mtime_ns}".encode()).hexdigest()[:12]
