"""Where each glyph of a page stands, read by programs and in ways that are not the writer's.

The PDF through poppler's ``pdftocairo``, which writes a page as SVG with the place of every glyph; the OFD straight
from its XML by the words of GB/T 33190 (TextCode X, Y, DeltaX).
"""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path
from typing import NamedTuple

from lxml import etree

_MM = 25.4 / 72
_OFD = "{http://www.ofdspec.org/2016}"
_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"


class Glyph(NamedTuple):
    """A glyph: millimetres from the page's top left corner to its origin; ``name`` is the reader's own."""

    x_mm: float
    y_mm: float
    name: str


def pdf_glyphs(pdf: Path, page: int, folder: Path) -> list[Glyph]:
    """The glyphs of page ``page`` (from 1) of a PDF as poppler places them; a name is one shape of one font."""
    svg = folder / f"places-{page}.svg"
    command = ["pdftocairo", "-svg", "-noshrink", "-nocenter", "-f", str(page), "-l", str(page), pdf, svg]
    subprocess.run(command, check=True)
    glyphs = []
    for use in etree.parse(svg, etree.XMLParser(huge_tree=True)).getroot().iter(f"{_SVG}use"):
        name = use.get(_LINK) or ""
        if name.startswith("#glyph"):
            glyphs.append(Glyph(float(use.get("x") or 0) * _MM, float(use.get("y") or 0) * _MM, name))
    return glyphs


def ofd_glyphs(ofd: Path) -> list[list[Glyph]]:
    """The characters of each page of an OFD, blanks left out; a name is font number and character."""
    pages = []
    with zipfile.ZipFile(ofd) as package:
        count = sum(name.startswith("Doc_0/Pages/") for name in package.namelist())
        for number in range(count):
            root = etree.fromstring(package.read(f"Doc_0/Pages/Page_{number}/Content.xml"))
            pages.append([glyph for text in root.iter(f"{_OFD}TextObject") for glyph in _text(text)])
    return pages


def _text(element: etree._Element) -> list[Glyph]:
    left, top = (float(word) for word in (element.get("Boundary") or "").split()[:2])
    glyphs = []
    for code in element.iter(f"{_OFD}TextCode"):
        x, y = left + float(code.get("X") or 0), top + float(code.get("Y") or 0)
        steps = _steps(code.get("DeltaX") or "")
        for index, character in enumerate(code.text or ""):
            if not character.isspace():
                glyphs.append(Glyph(x, y, f"{element.get('Font')} {character}"))
            x += steps[index] if index < len(steps) else 0
    return glyphs


def _steps(text: str) -> list[float]:
    """DeltaX with its ``g count step``."""
    words, steps, at = text.split(), [], 0
    while at < len(words):
        if words[at] == "g":
            steps += [float(words[at + 2])] * int(words[at + 1])
            at += 3
        else:
            steps.append(float(words[at]))
            at += 1
    return steps


def same_places(ofd: list[Glyph], pdf: list[Glyph], tolerance_mm: float) -> list[str]:
    """What differs: a character without a glyph at its place, or one shape for two characters."""
    cells: dict[tuple[int, int], list[Glyph]] = {}
    for glyph in pdf:
        cells.setdefault((round(glyph.x_mm), round(glyph.y_mm)), []).append(glyph)
    wrong, shapes = [], {}
    for glyph in ofd:
        near = [other for dx in (-1, 0, 1) for dy in (-1, 0, 1)
                for other in cells.get((round(glyph.x_mm) + dx, round(glyph.y_mm) + dy), ())
                if max(abs(other.x_mm - glyph.x_mm), abs(other.y_mm - glyph.y_mm)) <= tolerance_mm]
        if not near:
            wrong.append(f"no glyph at {glyph}")
        elif len(near) == 1 and shapes.setdefault(near[0].name, glyph.name) != glyph.name:
            wrong.append(f"{glyph} has the shape of {shapes[near[0].name]}")
    return wrong
