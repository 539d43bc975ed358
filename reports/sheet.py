"""A report laid out on A4: the two answers, why, who signed, what was trusted; a second page only for much to tell.

Millimetres from the top left corner, as everywhere in the page model. Nothing of a licence's artwork is here: a report
must not look like the thing that it reports on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from docgen.measure import TextStyle, TypesetError, measure
from docgen.page import Colour, Document, GlyphRun, Page, Path, Segment
from docgen.typeset import Line, break_lines, runs, single_line
from reports import words
from reports.words import Answer, Words

__all__ = ["lay_out"]

_WIDTH, _HEIGHT, _MARGIN, _FOOT = 210.0, 297.0, 18.0, 16.0
_COLUMN, _LABELS = _WIDTH - 2 * _MARGIN, 30.0
_MOST_PAGES: Final = 2
_INK, _SOFT, _RULE = Colour(28, 35, 32), Colour(85, 98, 93), Colour(211, 218, 214)
_TONES: Final = {
    "good": (Colour(18, 102, 63), Colour(230, 244, 236)), "bad": (Colour(163, 17, 28), Colour(253, 235, 236)),
    "unsure": (Colour(122, 74, 0), Colour(255, 243, 220)),
}
_ALREADY_SAID: Final = frozenset({"trust.demo"})       # by the report's notice
_MISSING: Final = "□"                    # for a character that no face draws: names come from strangers
_MOST_TEXT: Final = 600                  # characters of one paragraph


def _style(face: str, size_mm: float, colour: Colour = _INK, leading: float = 1.5) -> TextStyle:
    return TextStyle(face=face, size_mm=size_mm, colour=colour, leading=leading, gap_em=0.2)


_TITLE, _HEAD, _TEXT = _style("hei", 6.0, leading=1.3), _style("hei", 3.7, leading=1.4), _style("song", 3.5)
_DATA, _LABEL = _style("song", 2.8, _INK, 1.42), _style("song", 2.7, _SOFT, 1.4)
_SMALL, _NOTE = _style("song", 2.9, _SOFT, 1.4), _style("song", 2.6, _SOFT, 1.4)


def lay_out(report: Mapping[str, Any]) -> Document:
    """Lay out a report (plain values, :meth:`verify.report.Report.to_dict`)."""
    sheet = _Sheet()
    _heading(sheet, report)
    _answer(sheet, Words("文件", "File"), words.file_answer(report))
    if report["file"]["kind"] != "unknown":
        _answer(sheet, Words("证照", "Licence"), words.licence_answer(report))
    if report["notice"]:
        sheet.text(f"※ {report['notice']['zh']}  {report['notice']['en']}", _style("hei", 3.5, _TONES["bad"][0]))
    for title, reasons in words.told_reasons(report, but=_ALREADY_SAID):
        sheet.head(title)
        for reason in reasons:
            sheet.both(Words(reason["zh"], f"{reason['en']}  [{reason['code']}]"), _TEXT)
    _licence(sheet, report["licence"], photo=report["file"]["kind"] == "picture")
    _signatures(sheet, report)
    _checks(sheet, report["checks"], report["coverage"]["entries"])
    if report["anchors"]:
        sheet.head(Words("所信任的根", "Trusted roots"))
        for root in words.roots(report):
            sheet.pair(root.name, f"{root.purposes.zh} {root.purposes.en} · SM3 {root.fingerprint}")
    return sheet.document()


class _Sheet:
    """Pages that fill from the top; what does not fit on the last one is left out, and that is said."""

    def __init__(self) -> None:
        self._pages: list[list[GlyphRun | Path]] = [[]]
        self._y = _MARGIN
        self._full = False

    @property
    def items(self) -> list[GlyphRun | Path]:
        return self._pages[-1]

    def room(self, height_mm: float) -> bool:
        """See that so much stands free below, on a new page if there may be one."""
        if self._full:
            return False
        if self._y + height_mm <= _HEIGHT - _FOOT:
            return True
        if len(self._pages) == _MOST_PAGES:
            self._full = True
            return False
        self._pages.append([])
        self._y = _MARGIN
        return True

    def space(self, height_mm: float) -> None:
        """Leave some blank, but never at the top of a page."""
        if self._y > _MARGIN:
            self._y += height_mm

    def text(self, text: str, style: TextStyle, *, x_mm: float = _MARGIN, width_mm: float = _COLUMN) -> None:
        """A paragraph."""
        lines = _lines(text, style, width_mm)
        step = style.size_mm * style.leading
        for line in lines:
            if not self.room(step):
                return
            self._y += step
            self.items.extend(runs(line, x_mm, self._y - 0.3 * step, style))

    def both(self, text: Words, style: TextStyle) -> None:
        """A paragraph in Chinese, beneath it smaller in English."""
        if self.room(3 * style.size_mm * style.leading):
            self.text(text.zh, style)
            self.text(text.en, _SMALL)
            self.space(1.2)

    def head(self, title: Words, *, keep_mm: float = 18.0) -> None:
        """A title with a line below it, which so much of a page holds together with what follows."""
        self.space(2.0)
        if not self.room(keep_mm):
            return
        self.text(f"{title.zh}  {title.en}", _HEAD)
        self._y += 0.4
        self.items.append(_line(_MARGIN, self._y, _WIDTH - _MARGIN, self._y, _RULE, 0.2))
        self._y += 1.0

    def pair(self, label: str, value: str) -> None:
        """A label, and beside it over the whole width what it names."""
        self.row([(label, value, _MARGIN, _COLUMN)])

    def pairs(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Many labels with what they name, small, in two columns; what is long takes the whole width."""
        half = (_COLUMN - 6.0) / 2
        waiting: list[tuple[str, str, float, float]] = []
        for label, value in pairs:
            if _width(_drawable(value, _DATA), _DATA) > half - _LABELS:
                self.row(waiting)
                self.pair(label, value)
                waiting = []
                continue
            waiting.append((label, value, _MARGIN + len(waiting) * (half + 6.0), half))
            if len(waiting) == 2:
                self.row(waiting)
                waiting = []
        self.row(waiting)

    def row(self, cells: Sequence[tuple[str, str, float, float]]) -> None:
        """Cells beside one another: label, value, left edge, width; a row is never parted."""
        set_cells = [(x, _lines(label, _LABEL, _LABELS - 2), _lines(value, _DATA, width - _LABELS))
                     for label, value, x, width in cells]
        step = _DATA.size_mm * _DATA.leading
        count = max((max(len(labels), len(values)) for _, labels, values in set_cells), default=0)
        if not count or not self.room(count * step):
            return
        for x, labels, values in set_cells:
            for lines, left, own in ((labels, x, _LABEL), (values, x + _LABELS, _DATA)):
                for number, line in enumerate(lines, 1):
                    self.items.extend(runs(line, left, self._y + number * step - 0.3 * step, own))
        self._y += count * step

    def panel(self, height_mm: float, fill: Colour, bar: Colour) -> float:
        """A coloured ground with a bar at its left; its top edge, mm."""
        self.room(height_mm)
        top = self._y
        self.items.append(_box(_MARGIN, top, _COLUMN, height_mm, fill))
        self.items.append(_box(_MARGIN, top, 1.6, height_mm, bar))
        self._y = top + height_mm + 2.5
        return top

    def document(self) -> Document:
        """The finished pages."""
        if self._full:
            self._y = _HEIGHT - _FOOT
            self._pages[-1].extend(_placed("其余内容见 HTML、JSON 报告 / the rest stands in the HTML and JSON reports",
                                           _SMALL, _MARGIN, _HEIGHT - _FOOT + 1.2))
        for number, page in enumerate(self._pages, 1):
            page.append(_line(_MARGIN, _HEIGHT - 14.0, _WIDTH - _MARGIN, _HEIGHT - 14.0, _RULE, 0.2))
            page.extend(_placed(
                "本报告不是证照，只说明核验时所见；以发证机关的登记为准。 "
                "This report is no licence; the issuing authority's register decides.", _NOTE, _MARGIN, _HEIGHT - 9.5))
            count = f"{number} / {len(self._pages)}"
            page.extend(_placed(count, _NOTE, _WIDTH - _MARGIN - _width(count, _NOTE), _HEIGHT - 9.5))
        return Document(title="证照文件核验报告", pages=tuple(
            Page(role="报告", width_mm=_WIDTH, height_mm=_HEIGHT, artwork=None, items=tuple(page))
            for page in self._pages))


def _heading(sheet: _Sheet, report: Mapping[str, Any]) -> None:
    file = report["file"]
    title = "证照文件核验报告"
    sheet.text(title, _TITLE)
    sheet.items.extend(_placed("Verification report on a licence file", _SMALL,
                               _MARGIN + _width(title, _TITLE) + 4.0, _MARGIN + 5.5))
    sheet.space(1.5)
    sheet.pairs([("文件 file", file["name"] or "（未命名）"), ("SM3", file["sm3"] or "—"),
                 ("大小 size", f"{file['size']:,} 字节 bytes"), ("信任目录 trust folder", report["trust"] or "无 none"),
                 ("核验时间 checked at", words.moment(report["checked_at"]).zh)])
    sheet.space(2.5)


def _answer(sheet: _Sheet, title: Words, answer: Answer) -> None:
    """One of the two answers on its ground, with its sign."""
    colour, ground = _TONES[answer.tone]
    head = _style("hei", 5.6, colour)
    left, width = _MARGIN + 19.0, _COLUMN - 23.0
    zh, en = _lines(answer.sentence.zh, _TEXT, width), _lines(answer.sentence.en, _SMALL, width)
    height = 11.5 + len(zh) * 5.25 + len(en) * 4.06 + 2.0
    y = sheet.panel(height, ground, colour)
    sheet.items.extend(_sign(answer.sign, _MARGIN + 10.0, y + height / 2, colour))
    sheet.items.extend(_placed(f"{title.zh}：{answer.word.zh}", head, left, y + 8.4))
    english = f"{title.en}: {answer.word.en}"
    sheet.items.extend(_placed(english, _SMALL, left + _width(f"{title.zh}：{answer.word.zh}", head) + 3, y + 8.4))
    y += 11.5
    for lines, style, step in ((zh, _TEXT, 5.25), (en, _SMALL, 4.06)):
        for line in lines:
            y += step
            sheet.items.extend(runs(line, left, y - 1.5, style))


def _checks(sheet: _Sheet, checks: Sequence[Mapping[str, Any]], entries: Sequence[Mapping[str, Any]]) -> None:
    """What was checked, with what result, and what is not protected; what is as it should be, in short."""
    if not checks and not entries:
        return
    sheet.head(Words("检查与保护范围", "Checks, and what is protected"), keep_mm=26.0)
    for result, told in words.RESULTS.items():
        names = [f"{each['zh']} {each['en']}" for each in checks if each["result"] == result]
        if names:
            sheet.pair(f"{told.zh} {told.en}", "；".join(names))
    if entries:
        inside = sum(entry["standing"] == "protected" for entry in entries)
        sheet.pair("部分 parts", f"{inside} / {len(entries)} 受保护 protected")
    sheet.pairs([(f"{entry['zh']} {entry['en']}", entry["name"]) for entry in entries
                 if entry["standing"] != "protected"])


def _licence(sheet: _Sheet, licence: Mapping[str, Any] | None, *, photo: bool) -> None:
    """What the licence says, in its own order."""
    if licence is None:
        return
    who = Words("二维码", "QR code") if photo else Words("文件", "file")
    sheet.head(Words("证照数据" + ("" if licence["proven"] else f"（{who.zh}自称，未经证实）"),
                     "The licence" + ("" if licence["proven"] else f" (as the {who.en} claims, unproven)")))
    identifier = [("证照标识 identifier", licence["identifier"])] if licence["identifier"] else []
    withheld = [("不予显示 withheld", "、".join(licence["withheld"]))] if licence["withheld"] else []
    sheet.pairs([*identifier, *((label, "；".join(_cells(value))) for label, value in licence["fields"].items()),
                 *withheld])


def _cells(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    else:
        for row in value:
            yield row if isinstance(row, str) else " · ".join(row.values())


def _signatures(sheet: _Sheet, report: Mapping[str, Any]) -> None:
    for each in report["signatures"]:
        sheet.head(words.what_is_signed(report, each))
        result = words.INDICATIONS[each["indication"]]
        proof = words.proof(report, each)
        sub = f" / {each['sub_indication']}" if each["sub_indication"] else ""
        rows = [("签署单位 signed by", each["organisation"] or each["signer"] or "—"),
                ("代码 code", each["organisation_code"] or "—"),
                ("结论 result", f"{result.zh} {each['indication']}{sub}"),
                ("形式 form", " · ".join(filter(None, (each["kind"], each["algorithm"])))),
                ("自称时间 claimed", words.moment(each["claimed_at"]).zh if each["claimed_at"] else "无 none"),
                (f"{proof.zh} {proof.en}", words.moment(each["proven_at"]).zh if each["proven_at"] else "无 none")]
        if each["seal"]:
            rows.append(("印章状态 seal", f"{each['seal']['zh']} {each['seal']['en']}"))
        sheet.pairs([*rows, ("证书 certificate, SM3", each["certificate_sm3"] or "—")])


# -- small things


def _drawable(text: str, style: TextStyle) -> str:
    """The text with a mark for each character that no face draws."""
    try:
        measure(text, style)
    except TypesetError:
        return "".join(char if _draws(char, style) else _MISSING for char in text)
    return text


def _draws(char: str, style: TextStyle) -> bool:
    try:
        measure(char, style)
    except TypesetError:
        return False
    return True


def _lines(text: str, style: TextStyle, width_mm: float) -> tuple[Line, ...]:
    shown = _drawable(text if len(text) <= _MOST_TEXT else text[:_MOST_TEXT - 1] + "…", style)
    return break_lines(measure(shown, style), width_mm / style.size_mm) if shown else ()


def _placed(text: str, style: TextStyle, x_mm: float, y_mm: float) -> list[GlyphRun]:
    return runs(single_line(measure(_drawable(text, style), style)), x_mm, y_mm, style)


def _width(text: str, style: TextStyle) -> float:
    return measure(text, style).width_em * style.size_mm


def _line(x1: float, y1: float, x2: float, y2: float, colour: Colour, width_mm: float) -> Path:
    return Path(segments=(Segment("M", (x1, y1)), Segment("L", (x2, y2))), stroke=colour, stroke_width_mm=width_mm)


def _box(x_mm: float, y_mm: float, width_mm: float, height_mm: float, fill: Colour) -> Path:
    right, bottom = round(x_mm + width_mm, 3), round(y_mm + height_mm, 3)
    return Path(segments=(Segment("M", (x_mm, y_mm)), Segment("L", (right, y_mm)), Segment("L", (right, bottom)),
                          Segment("L", (x_mm, bottom)), Segment("Z")), fill=fill)


def _sign(sign: str, x_mm: float, y_mm: float, colour: Colour) -> list[GlyphRun | Path]:
    """A tick, a cross, a dash as strokes, or a question mark, around a centre."""
    strokes = {"✓": ((-4.0, 0.3), (-1.2, 3.2), (4.0, -3.4)), "–": ((-3.2, 0.0), (3.2, 0.0))}.get(sign)
    if sign == "✗":
        return [_strokes(((-3.2, -3.2), (3.2, 3.2)), x_mm, y_mm, colour),
                _strokes(((3.2, -3.2), (-3.2, 3.2)), x_mm, y_mm, colour)]
    if strokes:
        return [_strokes(strokes, x_mm, y_mm, colour)]
    style = _style("hei", 11.0, colour)
    return [*_placed(sign, style, x_mm - _width(sign, style) / 2, y_mm + 3.9)]


def _strokes(points: tuple[tuple[float, float], ...], x_mm: float, y_mm: float, colour: Colour) -> Path:
    return Path(segments=tuple(
        Segment("L" if index else "M", (round(x_mm + x, 3), round(y_mm + y, 3)))
        for index, (x, y) in enumerate(points)), stroke=colour, stroke_width_mm=1.3)
