"""Read the XML that a designer of licences writes (templates, artwork): strictly, and saying where.

No document type, no entity, no processing instruction, nothing fetched. Every error names the file, the
line and what was expected there.
"""

from __future__ import annotations

import enum
import re
from typing import Protocol

from lxml import etree

from codes.errors import EngineError

__all__ = [
    "LARGEST_NUMBER", "LONGEST_NUMBER", "NUMBER_EN", "NUMBER_ZH", "Fail", "Lines", "MarkupError", "Tell", "colour",
    "length", "line_of", "parse",
]

LONGEST_NUMBER = 32
"""Characters of a number, more than any program writes."""

LARGEST_NUMBER = 1e5
"""The largest magnitude of a number."""

NUMBER_ZH = f"数字（最多 {LONGEST_NUMBER} 个字符，绝对值不超过 {LARGEST_NUMBER:.0f}）"
NUMBER_EN = f"a number (at most {LONGEST_NUMBER} characters, up to {LARGEST_NUMBER:.0f} either way)"
"""What a message calls a number."""

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")
_MAX_BYTES = 4_000_000
_LONGEST = 600              # characters of an error, which may tell what stands in the file
_PLACE = re.compile(r", line \d+, column \d+.*$", re.DOTALL)        # of the parser's own words
_MISMATCH = re.compile(r"Opening and ending tag mismatch: (\S+) line (\d+) and (\S+)")
_TOLD = {                   # what the parser says most, in Chinese
    "AttValue": "属性值应加引号",
    "attributes construct error": "属性写法有误：引号没有关上、属性之间没有空格，或 & 没有写作 &amp;",
    "Unescaped '<'": "属性值内有 <：引号没有关上，或应写作 &lt;",
    "EntityRef": "& 应写作 &amp;",
    "EntityDeclaration": "& 应写作 &amp;",
    "redefined": "同一属性写了两次",
    "mandates value": "属性没有值",
    "Extra content": "根元素之后还有内容",
    "Double hyphen": "注释内不能有 --",
    "Start tag expected": "应以元素开始",
}
_UNENDED = re.compile(r"Premature end of data in tag (\S+) line (\d+)")


class MarkupError(EngineError):
    """Something in a template or an artwork file that cannot be used; ``facts``: ``file``, ``line``."""

    def __init__(self, code: enum.StrEnum, zh: str, en: str, *, file: str, line: int) -> None:
        zh, en = (words if len(words) <= _LONGEST else words[:_LONGEST] + "…" for words in (zh, en))
        super().__init__(code, f"{file} 第 {line} 行：{zh}", f"{file}, line {line}: {en}", file=file,
                         line=str(line))


class Fail(Protocol):
    """Makes the error of one kind of file for a line."""

    def __call__(self, line: int, zh: str, en: str) -> MarkupError: ...


class Tell(Protocol):
    """Takes note of a fault in a line."""

    def __call__(self, line: int, zh: str, en: str) -> None: ...


class Lines(Protocol):
    """From places in XML that was made of another text to the lines of that text."""

    def line(self, row: int, column: int) -> int:
        """The line behind a row and column."""

    def tag_line(self, row: int, name: str) -> int:
        """The line behind a start tag in a row."""


def parse(data: bytes, fail: Fail, lines: Lines | None = None, *, tell: Tell | None = None) -> etree._Element:
    """Parse XML and return its root.

    Args:
        lines: whose lines errors name; those of ``data`` when left out.
        tell: takes what is well-formed and not allowed, for a reader that tells all faults of a file at once; when left
            out it is raised.

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
        raise _malformed(exc, fail, lines) from exc
    refused: list[tuple[int, str, str]] = []
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]  # the stubs lack it
        refused.append((1, "不允许文档类型声明（DOCTYPE），请删去",
                        "a document type (DOCTYPE) is not allowed; delete it"))
    around = (*root.itersiblings(preceding=True), *root.itersiblings())
    refused += [(line_of(node), "不允许处理指令或实体引用，请删去",
                 "a processing instruction or entity reference is not allowed; delete it")
                for node in (*around, *root.iter()) if not isinstance(node.tag, str)]
    for one in refused:
        if tell is None:
            raise fail(*one)
        tell(*one)
    return root


def _malformed(error: etree.XMLSyntaxError, fail: Fail, lines: Lines | None) -> MarkupError:
    """The error with lines of the source alone; tags that do not match are named."""
    row, column = error.position
    words = _PLACE.sub("", error.msg or "")
    line = lines.line(row or 1, column or 1) if lines else row or 1
    found = _MISMATCH.fullmatch(words) or _UNENDED.fullmatch(words)
    begun = 0 if found is None else lines.tag_line(int(found[2]), found[1]) if lines else int(found[2])
    if found and found.re is _MISMATCH:
        opened, closed = found[1], found[3]
        return fail(line, f"第 {begun} 行的 <{opened}> 在此由 </{closed}> 结束；请核对两处的名称，或补上漏掉的结束标签",
                    f"the <{opened}> of line {begun} is ended by </{closed}> here; compare both names, or add the end "
                    "tag that is missing")
    if found:
        return fail(begun, f"此处的 <{found[1]}> 没有结束标签", f"the <{found[1]}> here has no end tag")
    zh = next((told for part, told in _TOLD.items() if part in words), words)
    return fail(line, f"不是合格的 XML（{zh}）", f"this is not well-formed XML ({words})")


def line_of(node: etree._Element) -> int:
    """The line of the file in which an element begins."""
    line = node.sourceline
    return line if isinstance(line, int) else 1


def length(text: str) -> float | None:
    """A number written plainly (``12.5``), of at most so many characters and so large; None for anything else."""
    written = text.strip()
    if len(written) > LONGEST_NUMBER or not _NUMBER.fullmatch(written):
        return None
    value = float(written)
    return value if abs(value) <= LARGEST_NUMBER else None


def colour(text: str) -> tuple[int, int, int] | None:
    """The channels of ``#rgb`` or ``#rrggbb``, None for anything else."""
    if not _HEX.fullmatch(text):
        return None
    digits = text[1:] if len(text) == 7 else "".join(2 * digit for digit in text[1:])
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
