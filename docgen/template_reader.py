"""Reads a filled template, word by word, as strictly as ``template_words`` says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lxml import etree

from docgen import markup
from docgen.measure import TextStyle
from docgen.page import Colour
from docgen.template_errors import TemplateError, TemplateErrorCode
from docgen.template_layout import (
    Art,
    Column,
    Entry,
    Flow,
    Folio,
    Layout,
    PageLayout,
    Photo,
    QrPlace,
    Seal,
    Straddle,
    Style,
    Table,
    TableColumn,
)
from docgen.template_marks import SOURCE_LINE
from docgen.template_words import WORDS, Word
from layouts import Kind

__all__ = ["Reader"]

_SOURCE = re.compile(r"([0-9]{1,7})(?: ([0-9]{1,7}))?")
_LINES_TOO_MANY = 400       # that are still read, so that an error can name the first of them


@dataclass(slots=True)
class _Parts:
    """What stands on a page, as far as it was read."""

    art: list[Art] = field(default_factory=list)
    ornaments: list[Art] = field(default_factory=list)
    qr: QrPlace | None = None
    blocks: list[Entry | Photo | Column | Flow] = field(default_factory=list)
    seals: list[Seal] = field(default_factory=list)
    straddle: Straddle | None = None
    folio: Folio | None = None


class Reader:
    """Reads one filled template."""

    def __init__(self, file: str, kind: Kind) -> None:
        self.file = file
        self.kind = kind
        self.styles: dict[str, Style] = {}

    def refuse(self, node: etree._Element, code: TemplateErrorCode, zh: str, en: str) -> TemplateError:
        line, inside = _lines(node)
        if inside:
            zh, en = f"{zh}（宏内为第 {inside} 行）", f"{en} (line {inside} inside the macro)"
        return TemplateError(code, zh, en, file=self.file, line=line)

    def read(self, node: etree._Element, name: str) -> dict[str, str | float]:
        """Check one element against ``WORDS`` and return its attributes with their types."""
        if node.tag != name:
            raise self.refuse(node, TemplateErrorCode.UNKNOWN_WORD, f"此处应为 {name}，实为 {node.tag}",
                              f"expected {name} here, found {node.tag}")
        word = WORDS[name]
        for child in node:
            if child.tag not in word.children:
                allowed = "、".join(word.children) or "空"
                raise self.refuse(child, TemplateErrorCode.UNKNOWN_WORD,
                                  f"{name} 内应为{allowed}，实为 {child.tag}",
                                  f"expected {', '.join(word.children) or 'nothing'} in {name}, "
                                  f"found {child.tag}")
        if any(text and text.strip() for text in (node.text, *(child.tail for child in node))):
            raise self.refuse(node, TemplateErrorCode.UNKNOWN_WORD, f"{name} 内不应有文字",
                              f"expected no text in {name}")
        out: dict[str, str | float] = {}
        for key in map(str, node.attrib):
            if key != SOURCE_LINE and key not in word.attributes:
                raise self.refuse(node, TemplateErrorCode.UNKNOWN_WORD,
                                  f"{name} 没有属性 {key}，可用：{'、'.join(word.attributes)}",
                                  f"{name} has no attribute {key}; expected one of "
                                  f"{', '.join(word.attributes)}")
        for key in word.attributes:
            out[key] = self.attribute(node, name, word, key)
        return out

    def attribute(self, node: etree._Element, name: str, word: Word, key: str) -> str | float:
        kind, default = word.attributes[key]
        text = node.get(key)
        if text is None:
            if default is None:
                raise self.refuse(node, TemplateErrorCode.VALUE, f"{name} 缺少属性 {key}",
                                  f"{name} lacks the attribute {key}")
            return default
        value = kind.read(text)
        if value is None:
            raise self.refuse(node, TemplateErrorCode.VALUE, f"属性 {key} 应为{kind.zh}，实为“{text}”",
                              f"expected {kind.en} for {key}, found {text!r}")
        return value

    def template(self, root: etree._Element) -> Layout:
        attributes = self.read(root, "template")
        if attributes["kind"] != self.kind.code:
            raise self.refuse(root, TemplateErrorCode.VALUE, f"kind 应为 {self.kind.code}",
                              f"expected kind {self.kind.code}")
        for node in root.iterchildren("style"):
            self.style(node)
        pages: list[PageLayout] = []
        for node in root.iterchildren("page"):
            page = self.page(node)
            roles = [face.role for face in self.kind.faces]
            if page.role not in roles:
                raise self.refuse(node, TemplateErrorCode.FACE, f"role 应为{'、'.join(roles)}之一，实为“{page.role}”",
                                  f"expected one of {', '.join(roles)} for role, found {page.role}")
            if node.get("continues") != "yes":
                pages.append(page)
                continue
            if not pages or pages[-1].role != page.role or pages[-1].following:
                raise self.refuse(node, TemplateErrorCode.VALUE, "continues 的页应紧跟同一 role 的页，且只有一个",
                                  "expected a page that continues right after the one page of its role")
            pages[-1] = replace(pages[-1], following=page)
        return Layout(file=self.file, pages=tuple(pages))

    def style(self, node: etree._Element) -> None:
        a = self.read(node, "style")
        size, least = _f(a["size"]), _f(a["least"]) or _f(a["size"])
        red, green, blue = markup.colour(str(a["colour"])) or (0, 0, 0)
        text = TextStyle(
            face=str(a["face"]), size_mm=size, colour=Colour(red, green, blue), leading=_f(a["leading"]),
            gap_em=_f(a["gap"]), tracking_em=_f(a["tracking"]), justify=a["justify"] == "yes")
        if least > size:
            raise self.refuse(node, TemplateErrorCode.VALUE, "least 应不大于 size",
                              "expected least up to size")
        self.styles[str(a["name"])] = Style(text=text, least_mm=least)

    def named(self, node: etree._Element, name: str | float) -> Style:
        style = self.styles.get(str(name))
        if style is None:
            raise self.refuse(node, TemplateErrorCode.VALUE,
                              f"样式应为{'、'.join(self.styles)}之一，实为“{name}”",
                              f"expected one of the styles {', '.join(self.styles)}, found {name!r}")
        return style

    def page(self, node: etree._Element) -> PageLayout:
        a = self.read(node, "page")
        numbers = self.numbers(str(a["role"]), following=a["continues"] == "yes")
        parts = _Parts()
        count = 0
        for child in node:
            count += self.part(child, parts, numbers[count:])
        return PageLayout(
            role=str(a["role"]), width_mm=_f(a["width"]), height_mm=_f(a["height"]),
            artwork=str(a["artwork"]) or None, art=tuple(parts.art), ornaments=tuple(parts.ornaments),
            qr=parts.qr, blocks=tuple(parts.blocks), seals=tuple(parts.seals),
            straddle=parts.straddle, folio=parts.folio, source_line=_line(node))

    def numbers(self, role: str, *, following: bool) -> Sequence[int]:
        """The face's lines that a page holds, and numbers beyond for lines that should not be there."""
        lines = next((face.lines for face in self.kind.faces if face.role == role), ())
        kept = [index for index, line in enumerate(lines) if not following or line.on in ("each", "last")]
        return [*kept, *range(len(lines), len(lines) + _LINES_TOO_MANY)]

    def part(self, node: etree._Element, parts: _Parts, numbers: Sequence[int]) -> int:
        """Read one child of a page; return how many lines of the face it holds."""
        if node.tag in ("art", "slot"):
            parts.art.append(self.art(node))
        elif node.tag == "ornament":
            parts.ornaments.append(self.art(node))
        elif node.tag == "picture" and "field" not in node.attrib:
            parts.ornaments.append(self.picture(node))
        elif node.tag == "qr":
            q = self.read(node, "qr")
            parts.qr = QrPlace(x_mm=_f(q["x"]), y_mm=_f(q["y"]), size_mm=_f(q["size"]),
                               source_line=_line(node))
        elif node.tag == "seal":
            parts.seals.append(self.seal(node))
        elif node.tag == "straddle":
            parts.straddle = Straddle(y_mm=_f(self.read(node, "straddle")["y"]), source_line=_line(node))
        elif node.tag == "folio":
            f = self.read(node, "folio")
            parts.folio = Folio(text=str(f["text"]), style=self.named(node, f["style"]), x_mm=_f(f["x"]),
                                y_mm=_f(f["y"]), width_mm=_f(f["width"]), align=str(f["align"]))
        else:
            return self.block(node, parts, numbers)
        return 0

    def block(self, node: etree._Element, parts: _Parts, numbers: Sequence[int]) -> int:
        """Read a line, a photo, a column or a flow; return how many lines of the face it holds."""
        if max(len(node), 1) > len(numbers):
            raise self.refuse(node, TemplateErrorCode.FACE, "行数过多", "there are too many lines")
        if node.tag == "line":
            parts.blocks.append(self.entry(node, numbers[0], placed=True))
            return 1
        if node.tag == "picture":
            parts.blocks.append(self.photo(node, numbers[0]))
            return 1
        parts.blocks.append(self.column(node, numbers) if node.tag == "column" else self.flow(node, numbers))
        return len(node)

    def art(self, node: etree._Element) -> Art:
        a = self.read(node, str(node.tag))
        slot = node.tag == "slot"
        return Art(file=f"{a['name']}.svg" if slot else str(a["src"]), x_mm=_f(a["x"]), y_mm=_f(a["y"]),
                   width_mm=_f(a["width"]), slot=slot, fallback=str(a["default"]) or None if slot else None,
                   source_line=_line(node))

    def picture(self, node: etree._Element) -> Art:
        """A drawing in a box."""
        a = self.read(node, "picture")
        if not a["src"]:
            raise self.refuse(node, TemplateErrorCode.VALUE, "picture 应有 src 或 field 之一",
                              "expected either src or field for a picture")
        return Art(file=str(a["src"]), x_mm=_f(a["x"]), y_mm=_f(a["y"]), width_mm=_f(a["width"]),
                   height_mm=_f(a["height"]), source_line=_line(node))

    def photo(self, node: etree._Element, number: int) -> Photo:
        """The picture of a field in a box."""
        a = self.read(node, "picture")
        if a["src"]:
            raise self.refuse(node, TemplateErrorCode.VALUE, "picture 应有 src 或 field 之一",
                              "expected either src or field for a picture")
        photos = [field.label for field in self.kind.fields if field.format == "photo"]
        if a["field"] not in photos:
            raise self.refuse(node, TemplateErrorCode.VALUE,
                              f"field 应为照片字段（{'、'.join(photos) or '该种类没有'}），实为“{a['field']}”",
                              f"expected a photo field ({', '.join(photos) or 'this kind has none'}), "
                              f"found {a['field']!r}")
        return Photo(number=number, field=str(a["field"]), x_mm=_f(a["x"]), y_mm=_f(a["y"]),
                     width_mm=_f(a["width"]), height_mm=_f(a["height"]), source_line=_line(node))

    def entry(self, node: etree._Element, number: int, *, placed: bool) -> Entry:
        a = self.read(node, "line")
        if placed and not ("y" in node.attrib and "width" in node.attrib):
            raise self.refuse(node, TemplateErrorCode.VALUE, "column 之外的 line 应有 x、y、width",
                              "expected x, y and width for a line outside a column")
        style = self.named(node, a["style"])
        return Entry(
            number=number, label=str(a["label"]), text=str(a["text"]), style=style,
            label_style=self.named(node, a["label-style"]) if a["label-style"] else style,
            source_line=_line(node), x_mm=_f(a["x"]), y_mm=_f(a["y"]) if placed else None,
            width_mm=_f(a["width"]), align=str(a["align"]), label_width_mm=_f(a["label-width"]),
            label_gap_mm=_f(a["label-gap"]))

    def column(self, node: etree._Element, numbers: Sequence[int]) -> Column:
        a = self.read(node, "column")
        return Column(
            entries=tuple(self.entry(child, number, placed=False)
                          for child, number in zip(node, numbers, strict=False)),
            x_mm=_f(a["x"]), y_mm=_f(a["y"]), width_mm=_f(a["width"]), bottom_mm=_f(a["bottom"]),
            label_width_mm=_f(a["label-width"]), label_gap_mm=_f(a["label-gap"]), space_mm=_f(a["space"]),
            least_space_mm=min(_f(a["least-space"]), _f(a["space"])),
            source_line=_line(node), beside_whole_mm=_f(a["beside-whole"]))

    def flow(self, node: etree._Element, numbers: Sequence[int]) -> Flow:
        a = self.read(node, "flow")
        if _f(a["bottom"]) <= _f(a["y"]):
            raise self.refuse(node, TemplateErrorCode.VALUE, "flow 的 bottom 应大于 y",
                              "expected bottom below y for a flow")
        items = tuple(self.running(child, number) if child.tag == "text" else self.table(child, number, _f(a["width"]))
                      for child, number in zip(node, numbers, strict=False))
        return Flow(items=items, x_mm=_f(a["x"]), y_mm=_f(a["y"]), width_mm=_f(a["width"]), bottom_mm=_f(a["bottom"]),
                    source_line=_line(node))

    def running(self, node: etree._Element, number: int) -> Entry:
        """A line of the face that runs in a flow."""
        a = self.read(node, "text")
        style = self.named(node, a["style"])
        return Entry(
            number=number, label=str(a["label"]), text=str(a["text"]), style=style,
            label_style=self.named(node, a["label-style"]) if a["label-style"] else style, source_line=_line(node),
            align=str(a["align"]), label_width_mm=_f(a["label-width"]), label_gap_mm=_f(a["label-gap"]),
            indent_em=None if _f(a["indent"]) < 0 else _f(a["indent"]), hang_em=_f(a["hang"]), left_em=_f(a["left"]),
            right_em=_f(a["right"]), above_mm=_f(a["above"]), keep=a["keep"] == "yes", frame_mm=_f(a["frame"]),
            pad_mm=_f(a["pad"]) if _f(a["frame"]) else 0.0)

    def table(self, node: etree._Element, number: int, width_mm: float) -> Table:
        a = self.read(node, "table")
        style = self.named(node, a["style"])
        columns = tuple(self.table_column(child) for child in node)
        fixed = sum(column.width_mm or 0.0 for column in columns)
        if not columns or fixed > width_mm + 1e-6 or (
                fixed > width_mm - 0.1 and any(column.width_mm is None for column in columns)):
            raise self.refuse(node, TemplateErrorCode.VALUE, f"各列宽之和应不大于 {width_mm:g} mm，且至少有一列",
                              f"expected columns that are not wider than {width_mm:g} mm together, one at least")
        red, green, blue = markup.colour(str(a["rule-colour"])) or (0, 0, 0)
        head = markup.colour(str(a["head-fill"])) if a["head-fill"] else None
        return Table(
            entry=Entry(
                number=number, label=str(a["label"]), text=str(a["text"]), style=style,
                label_style=self.named(node, a["label-style"]) if a["label-style"] else style, source_line=_line(node),
                above_mm=_f(a["above"]), keep=a["keep"] == "yes"),
            columns=columns, head_style=self.named(node, a["head-style"]) if a["head-style"] else style,
            pad_mm=_f(a["pad"]), rule_mm=_f(a["rule"]), rule_colour=Colour(red, green, blue),
            head_fill=Colour(*head) if head else None)

    def table_column(self, node: etree._Element) -> TableColumn:
        a = self.read(node, "col")
        if ("width" in node.attrib) == ("share" in node.attrib) or ("share" in node.attrib and not a["share"]):
            raise self.refuse(node, TemplateErrorCode.VALUE, "col 应有 width 或 share 之一",
                              "expected either width or share for a col")
        return TableColumn(width_mm=_f(a["width"]) or None, share=_f(a["share"]), align=str(a["align"]),
                           style=self.named(node, a["style"]) if a["style"] else None)

    def seal(self, node: etree._Element) -> Seal:
        a = self.read(node, "seal")
        over = tuple(str(a["over"]).split())
        centre, edges = ({*pair} <= {*node.attrib} for pair in (("x", "y"), ("right", "bottom")))
        if [bool(over), centre, edges].count(True) != 1:
            raise self.refuse(node, TemplateErrorCode.VALUE, "seal 应有 over，或者 x 与 y，或者 right 与 bottom",
                              "expected one of over, x and y, right and bottom for a seal")
        return Seal(over=over, dx_mm=_f(a["dx"]), dy_mm=_f(a["dy"]), x_mm=_f(a["x"]) if centre else None,
                    y_mm=_f(a["y"]) if centre else None, source_line=_line(node), up=_f(a["up"]),
                    right_mm=_f(a["right"]) if edges else None, bottom_mm=_f(a["bottom"]) if edges else None)


def _f(value: str | float) -> float:
    return float(value)


def _line(node: etree._Element) -> int:
    return _lines(node)[0]


def _lines(node: etree._Element) -> tuple[int, int | None]:
    """The line of an element, and that inside the macro which wrote it; 1 where a template wrote the mark itself."""
    found = _SOURCE.fullmatch(node.get(SOURCE_LINE) or "")
    return (int(found[1]), int(found[2]) if found[2] else None) if found else (1, None)
