"""The record's XML: the data of a licence for machines, attached to OFD and PDF alike.

::

    <LicenceRecord xmlns="urn:zhengyin:licence-record:1" kind="K0" kindVersion="1.0" identifier="1.2.156…">
      <Metadata><Item name="ZZMC">…</Item>…</Metadata>
      <Fields><Field name="企业名称">…</Field> <Field name="经营方式"><Value>…</Value>…</Field>
              <Field name="复审记录"><Row><Cell name="日期">…</Cell>…</Row>…</Field>…</Fields>
      <Scope><Group mode="无储存经营"><Item>…</Item>…</Group>…</Scope>
    </LicenceRecord>

Fields stand in the kind's order, what has no value is left out, ``Scope`` is there when the 许可范围 has
groups. Paragraphs are separated by LF; of a photo there stands ``sm3:`` and the hex digest of its bytes. The same
licence always gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator

from docgen.licence import Licence
from layouts import Field, Table, Value

__all__ = ["NAMESPACE", "record_xml"]

NAMESPACE = "urn:zhengyin:licence-record:1"
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def record_xml(licence: Licence) -> bytes:
    """The record of ``licence`` as XML: UTF-8, LF, no DTD, no entity beside the built-in ones.

    Source: R-003-02, R-003-29; GB/T 36903 short names in ``Metadata``.
    """
    return "\n".join(_lines(licence)).encode("utf-8") + b"\n"


def _lines(licence: Licence) -> Iterator[str]:
    kind = licence.kind
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        f'<LicenceRecord xmlns="{NAMESPACE}" kind="{_escaped(kind.code)}" '
        f'kindVersion="{_escaped(kind.version)}" identifier="{licence.identifier.text()}">'
    )
    yield "  <Metadata>"
    for name, value in licence.metadata:
        yield f'    <Item name="{_escaped(name)}">{_escaped(value)}</Item>'
    yield "  </Metadata>"
    yield "  <Fields>"
    for field in kind.fields:
        yield from _field(field, licence.values[field.label])
    yield "  </Fields>"
    if licence.scope:
        yield "  <Scope>"
        for mode, items in licence.scope:
            yield f'    <Group mode="{_escaped(mode)}">'
            for item in items:
                yield f"      <Item>{_escaped(item)}</Item>"
            yield "    </Group>"
        yield "  </Scope>"
    yield "</LicenceRecord>"


def _field(field: Field, value: Value) -> Iterator[str]:
    name = _escaped(field.label)
    if value is None:
        return
    if isinstance(value, str):
        yield f'    <Field name="{name}">{_escaped(value)}</Field>'
        return
    yield f'    <Field name="{name}">'
    if isinstance(value, Table):
        for row in value.rows:
            yield "      <Row>"
            for column, cell in zip(field.columns, row, strict=True):
                if cell is not None:
                    yield f'        <Cell name="{_escaped(column.label)}">{_escaped(cell)}</Cell>'
            yield "      </Row>"
    else:
        for text in value:
            yield f"      <Value>{_escaped(text)}</Value>"
    yield "    </Field>"


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)
