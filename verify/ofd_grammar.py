"""Closed lists of elements: what an XML file of ours may hold, and the first thing in a file that is not on the list.

A list gives each element its attributes, the form of each value, its children in their order and the form of its text.
Most files are taken as a whole by one expression over their characters that is made of the list; what it does not take
is walked element by element, and that walk alone says what is odd.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from lxml import etree

from verify.xml import local_name

__all__ = ["OFD_SPACE", "Form", "Grammar", "form"]

OFD_SPACE: Final = "http://www.ofdspec.org/2016"
_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n<'
"""How each of ours begins: nothing stands before the root that a reader could believe."""
_EDGE_MM: Final = 0.002
_KNOWN_LENGTH: Final = 16 << 10         # characters of a path that is remembered: many documents have the same
_PATH: Final = f"{{{OFD_SPACE}}}PathObject"
_CHILD: Final = re.compile(r"([A-Za-z]+) ")
_REPEATED: Final = re.compile(r"\)([*+?]|\{[0-9]+,[0-9]+\})")
_UNESCAPED: Final = ((r"[^\x00-\x1f\x7f]", r'[^\x00-\x1f\x7f"<&]'), (r"[\s\S]", "[^<&]"))
"""Values of any characters, and the same where they stand in a file as they are."""


class Form(NamedTuple):
    """One element: its attributes with the form of each value, its children, its text; all are expressions."""

    attributes: Mapping[str, str]
    required: frozenset[str]
    children: str
    text: str


def form(attributes: Mapping[str, str] | None = None, children: str = "", text: str = "") -> Form:
    """An attribute whose name ends in ``?`` may be absent. ``children``: names, each followed by a space."""
    values = attributes or {}
    return Form({name.rstrip("?"): value for name, value in values.items()},
                frozenset(name for name in values if not name.endswith("?")), children, text)


class Grammar:
    """The list for one kind of file. The first of its forms is the root's.

    Args:
        space: the name space of its elements; those of OFD may stand among them.
        prefix: the one that ours have for it.
    """

    def __init__(self, forms: Mapping[str, Form], space: str = OFD_SPACE, prefix: str = "ofd") -> None:
        self.forms, self.space, self.prefix = forms, space, prefix
        self._spaces: Mapping[str | None, str] = {prefix: space, "ofd": OFD_SPACE}

    def odd(self, root: etree._Element, data: bytes) -> str:
        """The first thing in a file that ours do not have, "" when there is none.

        Args:
            root: of the file as it was read.
            data: the file.
        """
        if self.takes(data):
            return "" if all(map(_inside, root.iter(_PATH))) else "PathObject@Boundary"
        return self.walked(root, data)

    def takes(self, data: bytes) -> bool:
        """Whether a file, which can be read as XML, is as a whole of this form but for the extent of its paths."""
        return self._whole.fullmatch(data.decode()) is not None

    def walked(self, root: etree._Element, data: bytes) -> str:
        """The same as :meth:`odd`, element by element."""
        if b"<![CDATA[" in data:
            return "CDATA"
        if not data.startswith(_DECLARATION) or data[len(_DECLARATION):len(_DECLARATION) + 1] in (b"?", b"!"):
            return "xml"
        if root.getnext() is not None or not data.endswith(b">"):
            return "comment"             # or an instruction, or space, behind the root
        own, common = f"{{{self.space}}}", f"{{{OFD_SPACE}}}"
        if root.tag != f"{own}{next(iter(self.forms))}":
            return local_name(root)
        for element in root.iter():
            tag = element.tag
            if not isinstance(tag, str):
                return "comment"
            name = tag[len(own):] if tag.startswith(own) else tag[len(common):] if tag.startswith(common) else ""
            if name not in self.forms:
                return local_name(element) or "comment"
            if element.nsmap != self._spaces or element.prefix != (self.prefix if tag.startswith(own) else "ofd"):
                return "xmlns"
            odd = _odd_element(element, self.forms[name]) or (
                "@Boundary" if name == "PathObject" and not _inside(element) else "")
            if odd:
                return f"{name}{odd}"
        return ""

    @functools.cached_property
    def _whole(self) -> re.Pattern[str]:
        """Files of this kind, whole: without escapes, in the spelling of ours. No other name space can be in them."""
        told = "".join(f' xmlns:{prefix}="{re.escape(space)}"' for prefix, space in self._spaces.items())
        prefix = f"(?:{self.prefix}|ofd)" if self.prefix != "ofd" else "ofd"
        return re.compile(re.escape(_DECLARATION[:-1].decode()) + self._spelt(next(iter(self.forms)), prefix, told))

    def _spelt(self, name: str, prefix: str, told: str = "") -> str:
        """One element with all that it may hold, as an expression. Nothing in it is tried twice."""
        children, text = self.forms[name].children, self.forms[name].text
        attributes = "".join(
            f' {key}="(?:{_unescaped(value)})"' if key in self.forms[name].required
            else f'(?: {key}="(?:{_unescaped(value)})")?+' for key, value in self.forms[name].attributes.items())
        held = f"(?:{_unescaped(text)})" if text else _CHILD.sub(
            lambda child: f"(?:{self._spelt(child[1], prefix)})", _REPEATED.sub(r")\1+", children))
        start, end = f"<{prefix}:{name}{told}{attributes}", f">{held}</{prefix}:{name}>"
        empty = re.fullmatch(text or children, "") is not None
        return f"{start}(?:/>|{end})" if empty else start + end


def _unescaped(expression: str) -> str:
    """The same values, but none that ends an attribute or a text, or that stands for something else."""
    for anything, plain in _UNESCAPED:
        expression = expression.replace(anything, plain)
    return expression


@functools.cache
def _compiled(expression: str) -> re.Pattern[str]:
    """Expressions of single elements; they are needed where a file is not taken as a whole."""
    return re.compile(expression)


def _inside(path: etree._Element) -> bool:
    """Whether a path lies inside its boundary: what sticks out some readers cut off and others draw."""
    boundary, drawn = str(path.get("Boundary")), str(path[-1].text) if len(path) else ""
    return (_known_inside if len(boundary) + len(drawn) <= _KNOWN_LENGTH else _lies_inside)(boundary, drawn)


def _lies_inside(boundary: str, drawn: str) -> bool:
    try:
        _, _, width, height = map(float, boundary.split())
        values = [float(word) for word in drawn.split() if not word.isalpha()]
    except ValueError:
        return False                     # no path at all
    across, down = values[::2], values[1::2]
    return bool(down) and (
        min(values) >= -_EDGE_MM and max(across) <= width + _EDGE_MM and max(down) <= height + _EDGE_MM)


_known_inside = functools.lru_cache(maxsize=256)(_lies_inside)


def _odd_element(element: etree._Element, form: Form) -> str:
    """What is odd in one element: an attribute, a value, a child, a text."""
    given = element.items()
    for name, value in given:
        shape = form.attributes.get(str(name))
        if shape is None or not _compiled(shape).fullmatch(str(value)):
            return f"@{name!s}"
    if len(given) < len(form.attributes):
        missing = form.required.difference(str(name) for name, _ in given)
        if missing:
            return f"@{min(missing)}"
    if element.tail:
        return " text"
    if not form.children:
        if len(element):
            return f"/{local_name(element[0]) or 'comment'}"
    elif element.text or not _compiled(form.children).fullmatch("".join(f"{local_name(child)} " for child in element)):
        return "/"
    if not form.text:
        return " text" if element.text else ""
    return "" if _compiled(form.text).fullmatch(element.text or "") else " text"
