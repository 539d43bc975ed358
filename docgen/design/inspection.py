"""Look at laid-out pages as a reader would: nothing clipped, nothing overlapping, nothing too small or too faint.

Works on the page model alone, which both writers draw; the template only says in which line of the file a text is made.
"""

from __future__ import annotations

from collections.abc import Iterable

from docgen.compose_errors import ComposeErrorCode
from docgen.design.findings import Finding, FindingCode
from docgen.design.qr_inspection import qr_faults
from docgen.ink import Box, ink_box
from docgen.legibility import unreadable
from docgen.page import Document, GlyphRun, Image, Page, Place
from docgen.template_layout import Column, Entry, Flow, Layout, PageLayout

__all__ = ["Inspector"]

_TOUCH_MM = 0.12                        # so much two boxes may share without ink meeting ink
_EDGE_MM = 0.35                         # so much a text may reach beyond its place (rounding, hanging blanks)
_UNREADABLE = {ComposeErrorCode.TOO_SMALL: FindingCode.TOO_SMALL, ComposeErrorCode.FAINT: FindingCode.CONTRAST}


def _rectangle(place: Place | Image) -> Box:
    return Box(place.x_mm, place.y_mm, place.x_mm + place.width_mm, place.y_mm + place.height_mm)


class Inspector:
    """Inspects documents of one kind."""

    def __init__(self, file: str) -> None:
        """``file``: the template's name, for the findings."""
        self._file = file

    def inspect(self, document: Document, layout: Layout, *, data: str, colours: bool = True) -> list[Finding]:
        """Everything that is wrong with the pages of a document, each fault once.

        Args:
            layout: the filled template that the document was laid out by.
            data: the name of the record, for the findings.
            colours: whether to look at sizes and colours too, which depend little on the record.
        """
        by_role = {page.role: page for page in layout.pages}
        found: dict[tuple[object, ...], Finding] = {}
        before: str | None = None
        for page in document.pages:
            places = _Places(page, by_role.get(page.role), first=page.role != before)
            before = page.role
            findings = [*self._places(page, places), *self._overlaps(page, places), *self._covered(page, places)]
            if colours:
                findings += self._unread(document, page)
                for code, zh, en in qr_faults(document, page):
                    found.setdefault((code, page.role, places.qr_line), Finding(
                        code=code.value, zh=f"{page.role}的{zh}", en=f"{en}, on {page.role}", file=self._file,
                        line=places.qr_line, data=data))
            for code, run, zh, en in findings:
                line = places.source_line(run)
                key = (code, page.role, line, run.tag)
                if key not in found:
                    found[key] = Finding(
                        code=code.value, zh=f"{page.role}的“{_short(run)}”{zh}",
                        en=f"{_short(run)} on {page.role} {en}", file=self._file, line=line, field=run.tag or "",
                        data=data)
        return list(found.values())

    def _places(self, page: Page, places: _Places) -> Iterable[_Found]:
        """Text beyond the page or beyond the place that the template gives it."""
        sheet = Box(0, 0, page.width_mm, page.height_mm)
        for run, box in places.runs:
            room = places.room(run)
            if not box.inside(sheet, 0):
                yield FindingCode.OVERFLOW, run, "超出页面", "leaves the page"
            elif room is not None and not box.inside(room, _EDGE_MM):
                yield FindingCode.OVERFLOW, run, "超出模板给它的位置", "leaves the place that the template gives it"

    def _overlaps(self, page: Page, places: _Places) -> Iterable[_Found]:
        """Text on text, or on a picture."""
        pictures = [_rectangle(item) for item in page.items if isinstance(item, Image) and item.role != "qr"]
        ordered = sorted(places.runs, key=lambda pair: pair[1].top)
        for index, (run, box) in enumerate(ordered):
            for other, other_box in ordered[index + 1:]:
                if other_box.top >= box.bottom:
                    break
                if box.meets(other_box, _TOUCH_MM):
                    yield (FindingCode.OVERLAP, run, f"与“{_short(other)}”重叠", f"overlaps {_short(other)}")
            if any(box.meets(picture, _TOUCH_MM) for picture in pictures):
                yield FindingCode.OVERLAP, run, "与图片重叠", "overlaps a picture"

    def _covered(self, page: Page, places: _Places) -> Iterable[_Found]:
        """Text under the QR code, or under a seal whose line it is not."""
        codes = [_rectangle(item) for item in page.items if isinstance(item, Image) and item.role == "qr"]
        seals = [(_rectangle(stamp.visible), stamp.clip is None) for stamp in page.seals]
        for run, box in places.runs:
            if any(box.meets(code) for code in codes):
                yield FindingCode.UNDER_QR, run, "在二维码之下", "lies under the QR code"
            for seal, whole in seals:
                if box.meets(seal, _TOUCH_MM) and not (whole and places.anchors(run)):
                    yield (FindingCode.UNDER_SEAL, run, "在印章之下，而它不是 over 所列的行",
                           "lies under the seal, and it is none of the lines in over")

    def _unread(self, document: Document, page: Page) -> Iterable[_Found]:
        """Text that cannot be read; of this nothing is ever issued."""
        for one in unreadable(document, page):
            yield _UNREADABLE[one.code], one.run, one.zh, one.en


_Found = tuple[FindingCode, GlyphRun, str, str]


def _short(run: GlyphRun) -> str:
    return run.text if len(run.text) <= 16 else run.text[:15] + "…"


def _room(block: Column | Flow) -> Box:
    return Box(block.x_mm, block.y_mm, block.x_mm + block.width_mm, block.bottom_mm)


class _Places:
    """The runs of a page with their boxes, and what the template says of the lines they belong to."""

    def __init__(self, page: Page, layout: PageLayout | None, *, first: bool) -> None:
        """``first``: whether this is the first page of its role; those after it may look different."""
        self.runs = [(item, ink_box(item)) for item in page.items if isinstance(item, GlyphRun)]
        self._rooms: dict[int, Box] = {}
        self._lines: dict[int, int] = {}
        self._anchored: frozenset[int] = frozenset()
        self._page_line = layout.source_line if layout is not None else 1
        own = layout if layout is None or first else layout.following or layout
        self.qr_line = own.qr.source_line if own is not None and own.qr is not None else self._page_line
        if layout is not None:
            self._lines = {entry.number: entry.source_line for entry in layout.entries}
            self._read(layout, page)
            if layout.following is not None and not first:
                self._read(layout.following, page)
                self._continue(layout, layout.following)
            over = {label for seal in layout.seals for label in seal.over}
            self._anchored = frozenset(entry.number for entry in layout.entries
                                       if isinstance(entry, Entry) and over & entry.names)

    def _read(self, layout: PageLayout, page: Page) -> None:
        """The rooms that the blocks of a page give their lines."""
        for block in layout.blocks:
            if isinstance(block, Column | Flow):
                room = _room(block)
                self._rooms |= {entry.number: room for entry in block.entries}
            elif isinstance(block, Entry):
                self._lines.setdefault(block.number, block.source_line)
                self._rooms[block.number] = Box(block.x_mm, 0, block.x_mm + block.width_mm, page.height_mm)

    def _continue(self, layout: PageLayout, following: PageLayout) -> None:
        """On a continuing page what runs over pages has the box of the continuing flow."""
        if layout.flow is not None and following.flow is not None:
            room = _room(following.flow)
            self._rooms |= {entry.number: room for entry in layout.flow.entries}

    def room(self, run: GlyphRun) -> Box | None:
        """The place of the line that a run belongs to; None where the template gives none."""
        return None if run.line is None else self._rooms.get(run.line)

    def source_line(self, run: GlyphRun) -> int:
        """The line of the template that made a run."""
        return self._page_line if run.line is None else self._lines.get(run.line, self._page_line)

    def anchors(self, run: GlyphRun) -> bool:
        """Whether the seal may stand over this run."""
        return run.line in self._anchored


