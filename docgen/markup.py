"""Read the XML that a designer of licences writes (templates, artwork): strictly, and saying where.

No document type, no entity, no processing instruction, nothing fetched. Every error names the file, the
line and what was expected there.
"""

from __future__ import annotations

import enum
import math
import re
from typing import Protocol

from lxml import etree

from codes.errors import EngineError

__all__ = ["Fail", "MarkupError", "colour", "length", "line_of", "parse"]

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)")
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")
_MAX_BYTES = 4_000_000


class MarkupError(EngineError):
    """Something in a template or an artwork file that cannot be used; ``facts``: ``file``, ``line``."""

    def __init__(self, code: enum.StrEnum, zh: str, en: str, *, file: str, line: int) -> None:
        super().__init__(code, f"{file} 第 {line} 行：{zh}", f"{file}, line {line}: {en}", file=file,
                         line=str(line))


class Fail(Protocol):
    """Makes the error of one kind of file for a line."""

    def __call__(self, line: int, zh: str, en: str) -> MarkupError: ...


def parse(data: bytes, fail: Fail) -> etree._Element:
    """Parse XML and return its root.

    Raises:
        MarkupError: as ``fail`` makes it, for anything ill-formed or not allowed.
    """
    if len(data) > _MAX_BYTES:
        raise fail(1, f"文件超过 {_MAX_BYTES} 字节", f"the file is larger than {_MAX_BYTES} bytes")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
                             remove_comments=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as exc:
        line = exc.lineno or 1
        raise fail(line, f"不是合格的 XML（{exc.msg}）", f"this is not well-formed XML ({exc.msg})") from exc
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]  # the stubs lack it
        raise fail(1, "不允许文档类型声明（DOCTYPE）", "a document type (DOCTYPE) is not allowed")
    around = (*root.itersiblings(preceding=True), *root.itersiblings())
    for node in (*around, *root.iter()):
        if not isinstance(node.tag, str):
            raise fail(line_of(node), "不允许处理指令或实体引用",
                       "a processing instruction or entity reference is not allowed")
    return root


def line_of(node: etree._Element) -> int:
    """The line of the file in which an element begins."""
    line = node.sourceline
    return line if isinstance(line, int) else 1


def length(text: str) -> float | None:
    """A number of millimetres written plainly (``12.5``), None for anything else."""
    if not _NUMBER.fullmatch(text.strip()):
        return None
    value = float(text)
    return value if math.isfinite(value) and abs(value) <= 1e5 else None


def colour(text: str) -> tuple[int, int, int] | None:
    """The channels of ``#rgb`` or ``#rrggbb``, None for anything else."""
    if not _HEX.fullmatch(text):
        return None
    digits = text[1:] if len(text) == 7 else "".join(2 * digit for digit in text[1:])
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
