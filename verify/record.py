"""The record's XML inside a package, read strictly: what the licence says, for machines.

Form: root ``LicenceRecord`` (urn:zhengyin:licence-record:1) with ``Metadata``, ``Fields`` and ``Scope``. A field is
a text, ``Value`` children, or the ``Row`` children of a table with ``Cell`` children.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from lxml import etree

from layouts import KindError, Table, load_kind, printed
from verify.reasons import Refusal
from verify.xml import local_name, parse_xml

__all__ = ["NAMESPACE", "RecordData", "read_record"]

NAMESPACE: Final = "urn:zhengyin:licence-record:1"
Value = str | tuple[str, ...] | Table
_MAX_ROWS: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordData:
    """A record as the package holds it."""

    kind: str
    kind_version: str
    identifier: str
    metadata: tuple[tuple[str, str], ...]
    values: Mapping[str, Value]
    scope: tuple[tuple[str, tuple[str, ...]], ...]

    def text(self, label: str) -> str:
        """The value of a field as one text; "" when it has none."""
        value = self.values.get(label, "")
        if isinstance(value, Table):
            return printed(value, "table")
        return value if isinstance(value, str) else "/".join(value)


def read_record(data: bytes, where: str) -> RecordData:
    """Read the record's XML.

    Raises:
        Refusal: ``record.form``, or an ``xml.…`` code.
    """
    root = parse_xml(data, where)
    _expect(root, "LicenceRecord", where)
    if set(root.attrib) != {"kind", "kindVersion", "identifier"}:
        raise Refusal("record.form", where, element="LicenceRecord")
    parts: dict[str, etree._Element] = {}
    for child in root:
        name = local_name(child)
        if name in parts or name not in ("Metadata", "Fields", "Scope"):
            raise Refusal("record.form", where, element=name)
        _expect(child, name, where)
        parts[name] = child
    if "Metadata" not in parts or "Fields" not in parts:
        raise Refusal("record.form", where, element="Metadata, Fields")
    metadata = tuple((_name(item, "Item", "name", where), _text(item, where)) for item in parts["Metadata"])
    columns = _columns(root.get("kind", ""), root.get("kindVersion", ""))
    fields: dict[str, Value] = {}
    for field in parts["Fields"]:
        label = _name(field, "Field", "name", where)
        if label in fields:
            raise Refusal("record.form", where, element=label)
        rows = len(field) > 0 and local_name(field[0]) == "Row"
        fields[label] = _table(field, columns.get(label), where) if rows else _value(field, where)
    scope = parts.get("Scope")
    return RecordData(
        kind=root.get("kind", ""), kind_version=root.get("kindVersion", ""),
        identifier=root.get("identifier", ""), metadata=metadata, values=MappingProxyType(fields),
        scope=() if scope is None else tuple(_group(group, where) for group in scope))


def _expect(element: etree._Element, name: str, where: str) -> None:
    """The element must have this name in the record's name space."""
    if element.tag != f"{{{NAMESPACE}}}{name}":
        raise Refusal("record.form", where, element=name)


def _name(element: etree._Element, tag: str, attribute: str, where: str) -> str:
    """The one attribute of an element."""
    _expect(element, tag, where)
    if set(element.attrib) != {attribute} or not element.get(attribute):
        raise Refusal("record.form", where, element=tag)
    return element.get(attribute, "")


def _text(element: etree._Element, where: str) -> str:
    """The text of an element that has no children."""
    if len(element):
        raise Refusal("record.form", where, element=local_name(element))
    return element.text or ""


def _value(field: etree._Element, where: str) -> Value:
    """One text, or a list of ``Value`` children."""
    if not len(field):
        return field.text or ""
    if (field.text or "").strip():
        raise Refusal("record.form", where, element=field.get("name", ""))
    for child in field:
        _expect(child, "Value", where)
        if child.attrib or (child.tail or "").strip():
            raise Refusal("record.form", where, element="Value")
    return tuple(_text(child, where) for child in field)


def _columns(code: str, version: str) -> dict[str, tuple[str, ...]]:
    """The columns of each table of a kind; none where the kind is not known here."""
    try:
        kind = load_kind(code, version)
    except KindError:
        return {}
    return {field.label: tuple(column.label for column in field.columns) for field in kind.fields if field.columns}


def _table(field: etree._Element, columns: tuple[str, ...] | None, where: str) -> Table:
    """The rows of a table; its cells stand in the order of the columns, what is empty is left out."""
    label = field.get("name", "")
    if len(field) > _MAX_ROWS or (field.text or "").strip():
        raise Refusal("record.form", where, element=label)
    rows: list[dict[str, str]] = []
    for row in field:
        _expect(row, "Row", where)
        if row.attrib or (row.tail or "").strip() or (row.text or "").strip() or not len(row):
            raise Refusal("record.form", where, element=label)
        cells = [(_name(cell, "Cell", "name", where), _text(cell, where)) for cell in row]
        if any((cell.tail or "").strip() for cell in row) or not all(text for _, text in cells):
            raise Refusal("record.form", where, element=label)
        rows.append(dict(cells))
        order = [name for name in columns or rows[-1] if name in rows[-1]]
        if order != [name for name, _ in cells]:
            raise Refusal("record.form", where, element=label)
    known = columns or tuple(dict.fromkeys(name for row in rows for name in row))
    return Table(tuple(tuple(row.get(name) for name in known) for row in rows))


def _group(group: etree._Element, where: str) -> tuple[str, tuple[str, ...]]:
    """One 经营方式 with its items."""
    mode = _name(group, "Group", "mode", where)
    for item in group:
        _expect(item, "Item", where)
    return mode, tuple(_text(item, where) for item in group)
