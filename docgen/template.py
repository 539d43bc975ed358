"""The template language of licence pages: XML of few words, filled in by Jinja2, lengths in millimetres.

.. code-block:: xml

    <template kind="K0">
      <style name="value" face="kai" size="4.6" least="3.175" colour="#161616" leading="1.5"/>
      <page role="正本" width="297" height="210" artwork="original">
        <art src="border.svg" x="0" y="0" width="297"/>
        <slot name="official" default="ornament.svg" x="128.5" y="23" width="40"/>
        <qr x="237" y="24" size="36"/>
        <line text="{证件类型名称}" style="title" x="20" y="50" width="257" align="center"/>
        <column x="34" y="70" width="229" bottom="144" label-width="33" label-gap="6" space="4">
          <line label="企业名称" text="{企业名称}" style="value" label-style="label"/>
        </column>
        <seal over="发证机关 发证日期" dx="4"/>
        <folio text="{n}/{m}" style="small" x="20" y="190" width="257" align="center"/>
      </page>
    </template>

``art`` and ``slot`` make the ground that the pages of one ``artwork`` share; ``slot`` is the place of a
department's official artwork (``art/official.svg``), with a drawing that stands there until one is given.
``ornament`` is a small drawing of one page alone.

Lines stand in the order of the kind's face and say the same words, or the template is refused (R-000-15).
Jinja2 (sandboxed, undefined names are errors, output escaped) sees ``kind`` and ``values``: label →
printed text. What it writes is read as strictly as what a designer writes. Every error names the file, the
line in it, and what was expected there.
"""

from __future__ import annotations

import enum
import functools
import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import StrictUndefined, TemplateSyntaxError
from jinja2 import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import etree

from docgen import markup
from docgen.memo import Memo
from docgen.page import Colour
from docgen.template_words import WORDS, Word
from docgen.typeset import TextStyle
from layouts import Kind, Line, load_kind, resource

__all__ = [
    "Art", "Column", "Entry", "Folio", "Layout", "PageLayout", "QrPlace", "Seal", "Style", "Template",
    "TemplateError", "TemplateErrorCode", "load_template",
]

_MAX_OUTPUT = 1_000_000
_START_TAGS = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<!--.*?-->|<([A-Za-z][\w.-]*)", re.DOTALL)
_LINE = "source-line"
_MARK = re.compile(_LINE + r'="(\d+)"')


class TemplateErrorCode(enum.StrEnum):
    """Why a template cannot be used."""

    MALFORMED = "template.malformed"
    UNKNOWN_WORD = "template.unknown-word"
    VALUE = "template.value"
    FACE = "template.face"
    FILLING = "template.filling"


class TemplateError(markup.MarkupError):
    """A template that cannot be used; ``facts`` hold ``file`` and ``line``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """A named style. ``least_mm`` is the size below which text in it is never set."""

    text: TextStyle
    least_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Art:
    """A drawing. A slot's may be missing: then ``fallback``, if named, is drawn in its place."""

    file: str
    x_mm: float
    y_mm: float
    width_mm: float
    slot: bool = False
    fallback: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QrPlace:
    """Where the QR code stands."""

    x_mm: float
    y_mm: float
    size_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the face: label, value, and where it stands (``y_mm`` baseline; None inside a column)."""

    number: int
    label: str
    text: str
    style: Style
    label_style: Style
    source_line: int
    x_mm: float = 0.0
    y_mm: float | None = None
    width_mm: float = 0.0
    align: str = "left"
    label_width_mm: float = 0.0
    label_gap_mm: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Lines that share a column: distributed labels on the left, values that wrap on the right.

    ``y_mm`` is the top edge, ``bottom_mm`` what may not be passed; ``space_mm`` and ``least_space_mm`` the
    widest and the narrowest space between two lines of the face.
    """

    entries: tuple[Entry, ...]
    x_mm: float
    y_mm: float
    width_mm: float
    bottom_mm: float
    label_width_mm: float
    label_gap_mm: float
    space_mm: float
    least_space_mm: float
    source_line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """Where the seal's centre stands: over the values of the lines ``over``, moved; or at a point."""

    over: tuple[str, ...]
    dx_mm: float
    dy_mm: float
    x_mm: float | None
    y_mm: float | None
    source_line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Folio:
    """Page number: ``{n}`` is the number among the pages of this role, ``{m}`` how many there are."""

    text: str
    style: Style
    x_mm: float
    y_mm: float
    width_mm: float
    align: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLayout:
    """How the pages of one role look."""

    role: str
    width_mm: float
    height_mm: float
    artwork: str | None
    art: tuple[Art, ...]
    ornaments: tuple[Art, ...]
    qr: QrPlace | None
    blocks: tuple[Entry | Column, ...]
    seals: tuple[Seal, ...]
    folio: Folio | None
    source_line: int

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The lines of the face in the order in which they stand in the template."""
        return tuple(entry for block in self.blocks
                     for entry in (block.entries if isinstance(block, Column) else (block,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A template filled in: the pages in their order."""

    file: str
    pages: tuple[PageLayout, ...]


class Template:
    """A template of one kind, compiled once and filled in for each licence.

    Raises:
        TemplateError: ``template.malformed``: not UTF-8, or a fault in the Jinja2 parts.
    """

    def __init__(self, source: bytes, *, file: str, kind: Kind) -> None:
        self.file = file
        self.kind = kind
        try:
            text = source.decode("utf-8")
            environment = ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
            self._jinja = environment.from_string(_with_line_numbers(text))
        except UnicodeDecodeError as exc:
            raise self._fail(1, "应为 UTF-8 文本", "expected UTF-8 text") from exc
        except TemplateSyntaxError as exc:
            raise self._fail(exc.lineno, f"Jinja2 语法有误（{exc.message}）",
                             f"the Jinja2 syntax is wrong ({exc.message})") from exc
        self._layouts: Memo[str, Layout] = Memo(16)

    def _fail(self, line: int, zh: str, en: str) -> TemplateError:
        return TemplateError(TemplateErrorCode.MALFORMED, zh, en, file=self.file, line=line)

    def layout(self, values: Mapping[str, str]) -> Layout:
        """Fill in the template.

        Args:
            values: label → printed text of every field of the kind.

        Raises:
            TemplateError: with file and line.
        """
        filled = self._fill(values)
        return self._layouts.get(filled, lambda: self._read(filled))

    def _fill(self, values: Mapping[str, str]) -> str:
        pieces, size = [], 0
        try:
            for piece in self._jinja.generate(kind=self.kind.code, values=values):
                size += len(piece)
                if size > _MAX_OUTPUT:
                    raise self._fail(1, f"填充后超过 {_MAX_OUTPUT} 个字符",
                                     f"the filled template is longer than {_MAX_OUTPUT} characters")
                pieces.append(piece)
        except (JinjaError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError,
                MemoryError) as exc:
            lines = [frame.lineno for frame in traceback.extract_tb(exc.__traceback__)
                     if frame.filename == "<template>"]
            raise TemplateError(TemplateErrorCode.FILLING, f"填充失败（{exc}）", f"filling in failed ({exc})",
                                file=self.file, line=(lines[-1] if lines else None) or 1) from exc
        return "".join(pieces)

    def _read(self, filled: str) -> Layout:
        def fail(line: int, zh: str, en: str) -> TemplateError:
            marks = _MARK.findall("\n".join(filled.split("\n")[:line]))
            return self._fail(int(marks[-1]) if marks else 1, zh, en)
        layout = _Reader(self.file, self.kind).template(markup.parse(filled.encode("utf-8"), fail))
        _check_faces(layout, self.kind)
        return layout


@functools.cache
def load_template(kind_code: str) -> Template:
    """The template of a kind (``pages.xml`` in its folder), compiled once a process.

    Raises:
        TemplateError: with file and line.
        KindError: the kind is not there or has no template.
    """
    source = resource(kind_code, "pages.xml")
    return Template(source, file=f"{kind_code}/pages.xml", kind=load_kind(kind_code))


def _with_line_numbers(text: str) -> str:
    """Give every start tag the number of its line, so that it survives loops and conditions."""
    text = text.replace("\r\n", "\n")
    out, at, line = [], 0, 1
    for match in _START_TAGS.finditer(text):
        out.append(text[at:match.end()])
        line += text.count("\n", at, match.start())
        if match[1]:
            out.append(f' {_LINE}="{line}"')
        line += match[0].count("\n")
        at = match.end()
    return "".join(out) + text[at:]


def _check_faces(layout: Layout, kind: Kind) -> None:
    """Lines must be those of the kind, word for word and in order (R-000-15)."""
    def refuse(line: int, zh: str, en: str) -> TemplateError:
        return TemplateError(TemplateErrorCode.FACE, zh, en, file=layout.file, line=line)

    roles, expected = [page.role for page in layout.pages], [face.role for face in kind.faces]
    if roles != expected:
        raise refuse(1, f"各页应依次为{'、'.join(expected)}，实为{'、'.join(roles)}",
                     f"expected the pages {', '.join(expected)} in this order, found {', '.join(roles)}")
    for page, face in zip(layout.pages, kind.faces, strict=True):
        entries = page.entries
        for index, wanted in enumerate(face.lines):
            words = (wanted.label, _pattern(wanted))
            found = (entries[index].label, entries[index].text) if index < len(entries) else None
            if found != words:
                line = entries[index].source_line if index < len(entries) else page.source_line
                shown = f"“{found[0]}”“{found[1]}”" if found else "没有"
                raise refuse(line, f"{page.role}第 {index + 1} 行应为“{words[0]}”“{words[1]}”，实为{shown}",
                             f"line {index + 1} of {page.role} should be {words}, found {found}")
        if len(entries) > len(face.lines):
            extra = entries[len(face.lines)]
            raise refuse(extra.source_line, f"{page.role}多出一行“{extra.label}”“{extra.text}”",
                         f"{page.role} has one line too many: {(extra.label, extra.text)}")


def _pattern(line: Line) -> str:
    return "".join(part.text if part.field is None else f"{{{part.field}}}" for part in line.parts)


class _Reader:
    """Reads the filled template, word by word."""

    def __init__(self, file: str, kind: Kind) -> None:
        self.file = file
        self.kind = kind
        self.styles: dict[str, Style] = {}

    def refuse(self, node: etree._Element, code: TemplateErrorCode, zh: str, en: str) -> TemplateError:
        return TemplateError(code, zh, en, file=self.file, line=int(node.get(_LINE) or 1))

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
            if key != _LINE and key not in word.attributes:
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
        return Layout(file=self.file, pages=tuple(self.page(node) for node in root.iterchildren("page")))

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
        art: list[Art] = []
        ornaments: list[Art] = []
        blocks: list[Entry | Column] = []
        seals: list[Seal] = []
        qr: QrPlace | None = None
        folio: Folio | None = None
        count = 0
        for child in node:
            if child.tag in ("art", "slot"):
                art.append(self.art(child))
            elif child.tag == "ornament":
                ornaments.append(self.art(child))
            elif child.tag == "qr":
                q = self.read(child, "qr")
                qr = QrPlace(x_mm=_f(q["x"]), y_mm=_f(q["y"]), size_mm=_f(q["size"]))
            elif child.tag == "line":
                blocks.append(self.entry(child, count, placed=True))
                count += 1
            elif child.tag == "column":
                blocks.append(self.column(child, count))
                count += len(child)
            elif child.tag == "seal":
                seals.append(self.seal(child))
            else:
                f = self.read(child, "folio")
                folio = Folio(text=str(f["text"]), style=self.named(child, f["style"]), x_mm=_f(f["x"]),
                              y_mm=_f(f["y"]), width_mm=_f(f["width"]), align=str(f["align"]))
        return PageLayout(
            role=str(a["role"]), width_mm=_f(a["width"]), height_mm=_f(a["height"]),
            artwork=str(a["artwork"]) or None, art=tuple(art), ornaments=tuple(ornaments), qr=qr,
            blocks=tuple(blocks), seals=tuple(seals), folio=folio, source_line=int(node.get(_LINE) or 1))

    def art(self, node: etree._Element) -> Art:
        a = self.read(node, str(node.tag))
        slot = node.tag == "slot"
        return Art(file=f"{a['name']}.svg" if slot else str(a["src"]), x_mm=_f(a["x"]), y_mm=_f(a["y"]),
                   width_mm=_f(a["width"]), slot=slot, fallback=str(a["default"]) or None if slot else None)

    def entry(self, node: etree._Element, number: int, *, placed: bool) -> Entry:
        a = self.read(node, "line")
        if placed and not ("y" in node.attrib and "width" in node.attrib):
            raise self.refuse(node, TemplateErrorCode.VALUE, "column 之外的 line 应有 x、y、width",
                              "expected x, y and width for a line outside a column")
        style = self.named(node, a["style"])
        return Entry(
            number=number, label=str(a["label"]), text=str(a["text"]), style=style,
            label_style=self.named(node, a["label-style"]) if a["label-style"] else style,
            source_line=int(node.get(_LINE) or 1), x_mm=_f(a["x"]), y_mm=_f(a["y"]) if placed else None,
            width_mm=_f(a["width"]), align=str(a["align"]), label_width_mm=_f(a["label-width"]),
            label_gap_mm=_f(a["label-gap"]))

    def column(self, node: etree._Element, first: int) -> Column:
        a = self.read(node, "column")
        return Column(
            entries=tuple(self.entry(child, first + index, placed=False) for index, child in enumerate(node)),
            x_mm=_f(a["x"]), y_mm=_f(a["y"]), width_mm=_f(a["width"]), bottom_mm=_f(a["bottom"]),
            label_width_mm=_f(a["label-width"]), label_gap_mm=_f(a["label-gap"]), space_mm=_f(a["space"]),
            least_space_mm=min(_f(a["least-space"]), _f(a["space"])),
            source_line=int(node.get(_LINE) or 1))

    def seal(self, node: etree._Element) -> Seal:
        a = self.read(node, "seal")
        over = tuple(str(a["over"]).split())
        if bool(over) == ("x" in node.attrib and "y" in node.attrib):
            raise self.refuse(node, TemplateErrorCode.VALUE, "seal 应有 over，或者 x 与 y",
                              "expected either over, or x and y, for a seal")
        return Seal(over=over, dx_mm=_f(a["dx"]), dy_mm=_f(a["dy"]), x_mm=None if over else _f(a["x"]),
                    y_mm=None if over else _f(a["y"]), source_line=int(node.get(_LINE) or 1))


def _f(value: str | float) -> float:
    return float(value)
