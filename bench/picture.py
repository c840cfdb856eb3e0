"""The two pictures, as SVG: bars for the contest, lines for cost per row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from xml.sax.saxutils import escape

__all__ = ["Bar", "Line", "bars", "lines"]

_OURS, _OTHER, _LIMIT = "#1f6feb", "#9aa4b2", "#57606a"
_COLOURS = ("#1f6feb", "#0a9396", "#c2410c", "#7c3aed")
_WIDTH = 860
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2328}"
    ".title{font-size:16px;font-weight:600}.small{font-size:11px;fill:#57606a}"
    ".axis{stroke:#d0d7de;stroke-width:1}"
)


@dataclass(frozen=True)
class Bar:
    """One bar: `note` is written beside its value."""

    name: str
    value: float
    note: str
    ours: bool


@dataclass(frozen=True)
class Line:
    """One line through (x, y) points, in order of x."""

    name: str
    points: tuple[tuple[float, float], ...]


def bars(title: str, subtitle: str, entries: Sequence[Bar], unit: str) -> str:
    """Horizontal bars on one linear axis that starts at 0, in the order given."""
    left, right, top, step = 130, 250, 64, 30
    scale = (_WIDTH - left - right) / max(entry.value for entry in entries)
    parts = []
    for place, entry in enumerate(entries):
        y = top + place * step
        colour = _OURS if entry.ours else _LIMIT if entry.name == "limit" else _OTHER
        width = max(entry.value * scale, 1.0)
        parts += [
            _text(left - 10, y + 15, entry.name, "end"),
            f'<rect x="{left}" y="{y}" width="{width:.1f}" height="20" fill="{colour}" rx="2"/>',
            _text(left + width + 8, y + 15, f"{entry.value:.1f} {unit}, {entry.note}"),
        ]
    return _page(top + len(entries) * step + 14, title, subtitle, parts)


def lines(title: str, subtitle: str, entries: Sequence[Line]) -> str:
    """Lines over linear axes that both start at 0, under a legend; lines may lie on each other."""
    left, right, top, height = 60, 40, 96, 300
    furthest = max(x for entry in entries for x, _ in entry.points)
    highest = max(y for entry in entries for _, y in entry.points)
    step = _step(highest)
    ceiling = step * max(1, ceil(highest / step))
    across, up = (_WIDTH - left - right) / furthest, height / ceiling
    parts = []
    for number in range(round(ceiling / step) + 1):
        y = top + height - number * step * up
        parts += [
            f'<line class="axis" x1="{left}" y1="{y:.1f}" x2="{_WIDTH - right}" y2="{y:.1f}"/>',
            _text(left - 8, y + 4, f"{number * step:g}", "end", "small"),
        ]
    for x in sorted({x for entry in entries for x, _ in entry.points}):
        parts.append(_text(left + x * across, top + height + 18, f"{x:,.0f}", "middle", "small"))
    for place, (entry, colour) in enumerate(zip(entries, _COLOURS, strict=False)):
        dots = [(left + x * across, top + height - y * up) for x, y in entry.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in dots]
        x = left + place * 200
        parts.append(f'<rect x="{x}" y="66" width="14" height="4" fill="{colour}"/>')
        parts.append(_text(x + 20, 72, entry.name))
    return _page(top + height + 36, title, subtitle, parts)


def _page(height: float, title: str, subtitle: str, parts: Sequence[str]) -> str:
    body = "\n".join(
        [_text(16, 26, title, style="title"), _text(16, 46, subtitle, style="small"), *parts]
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" '
        f'width="{_WIDTH}" height="{height:.0f}" role="img">\n<title>{escape(title)}</title>\n'
        f'<style>{_STYLE}</style>\n<rect width="100%" height="100%" fill="#ffffff"/>\n'
        f"{body}\n</svg>\n"
    )


def _text(x: float, y: float, text: str, anchor: str = "start", style: str = "") -> str:
    named = f' class="{style}"' if style else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{escape(text)}</text>'


def _step(highest: float) -> float:
    """A round distance that divides the axis into 4 to 10 parts."""
    unit = 10.0 ** floor(log10(highest))
    share: float = highest / unit
    return float(unit * (0.2 if share < 2 else 0.5 if share < 5 else 1.0))
