"""Earlier documents that a new one embeds: the very file that the record names, and no other.

The record names an earlier document by its identifier and the SM3 of its bytes. What is given must be that file;
whether it is genuine says the verifier, which looks at it again with every verification of the new document.
"""

from __future__ import annotations

import enum
import io
import lzma
import zipfile
import zlib
from collections.abc import Mapping
from typing import NoReturn

from lxml import etree

from certs.sm3 import sm3
from codes.errors import EngineError
from docgen.licence import Licence
from docgen.ofd_xml import OFD_NS
from layouts import Field, Table, Value, earlier_parts

__all__ = ["MAX_EARLIER_BYTES", "EarlierCode", "EarlierError", "require_earlier"]

MAX_EARLIER_BYTES = 16 * 1024 * 1024
"""Largest earlier document that is embedded."""

_MAX_ENTRY = 4 * 1024 * 1024
_RECORD = "Doc_0/Attachs/record.xml"


class EarlierCode(enum.StrEnum):
    """Codes of :class:`EarlierError`."""

    MISSING = "issue.earlier-missing"
    UNEXPECTED = "issue.earlier-unexpected"
    SIZE = "issue.earlier-too-large"
    DIGEST = "issue.earlier-digest"
    FORM = "issue.earlier-form"
    IDENTIFIER = "issue.earlier-identifier"
    KIND = "issue.earlier-kind"
    DISAGREES = "issue.earlier-disagrees"


_SENTENCES = {
    EarlierCode.MISSING: (
        "“{label}”引用了前件，请用 --attach {key}=文件 附上该 OFD 原件",
        "“{label}” refers to an earlier document: attach its OFD with --attach {key}=FILE",
    ),
    EarlierCode.UNEXPECTED: (
        "附件“{key}”不是本记录引用的前件，请不要附上",
        "the record refers to no earlier document “{key}”: do not attach it",
    ),
    EarlierCode.SIZE: (
        "附件“{key}”有{size}字节，超过上限{limit}字节",
        "the attachment “{key}” has {size} bytes, more than {limit}",
    ),
    EarlierCode.DIGEST: (
        "附件“{key}”的SM3摘要是{found}，与“{label}”所写不同，请核对文件",
        "the attachment “{key}” has the SM3 {found}, which is not the one in “{label}”: check the file",
    ),
    EarlierCode.FORM: (
        "附件“{key}”不是本系统颁发的 OFD 文件",
        "the attachment “{key}” is no OFD that this engine issued",
    ),
    EarlierCode.IDENTIFIER: (
        "附件“{key}”的证照标识是{found}，与“{label}”所写不同，请核对文件",
        "the attachment “{key}” has the identifier {found}, which is not the one in “{label}”: check the file",
    ),
    EarlierCode.KIND: (
        "附件“{key}”的证照种类是{found}，“{label}”只能引用{wanted}",
        "the attachment “{key}” is of the kind {found}; “{label}” can only refer to {wanted}",
    ),
    EarlierCode.DISAGREES: (
        "附件“{key}”中的“{its}”与本记录的“{own}”不同，请核对是否附错文件",
        "“{its}” in the attachment “{key}” is not “{own}” of this record: is it the right file?",
    ),
}


class EarlierError(EngineError):
    """The earlier documents that are given are not those that the record names; nothing was issued."""


def require_earlier(licence: Licence, given: Mapping[str, bytes]) -> tuple[tuple[str, bytes], ...]:
    """Check the earlier documents of a licence.

    Args:
        given: key of the kind's attachment → bytes of the OFD.

    Returns:
        Key and bytes of each, in the order of the kind's fields.

    Raises:
        EarlierError: ``issue.earlier-…``, the first thing that does not fit.

    Source: R-004-06 (the city's part stands on the county's, which is sealed).
    """
    wanted = {key: field.label for key, field in licence.kind.earlier.items()
              if licence.values[field.label] is not None}
    for key in given:
        if key not in wanted:
            _refuse(EarlierCode.UNEXPECTED, key=key)
    return tuple((key, _checked(licence, key, label, given)) for key, label in wanted.items())


def _checked(licence: Licence, key: str, label: str, given: Mapping[str, bytes]) -> bytes:
    if key not in given:
        _refuse(EarlierCode.MISSING, key=key, label=label)
    data, named = given[key], earlier_parts(licence.text(label) or "")
    if len(data) > MAX_EARLIER_BYTES:
        _refuse(EarlierCode.SIZE, key=key, size=len(data), limit=MAX_EARLIER_BYTES)
    digest = sm3(data).hex()
    if digest != named[1]:
        _refuse(EarlierCode.DIGEST, key=key, label=label, found=digest)
    identifier = _identifier(data)
    if identifier is None:
        _refuse(EarlierCode.FORM, key=key)
    if identifier != named[0]:
        _refuse(EarlierCode.IDENTIFIER, key=key, label=label, found=identifier[:200])
    _require_same(licence, key, licence.kind.field(label), data)
    return data


def _require_same(licence: Licence, key: str, field: Field, data: bytes) -> None:
    """The earlier document is of a kind that the field allows, and says the same where the kind demands it."""
    if not field.of and not field.same:
        return
    root = _read(data, _RECORD)
    if root is None:
        _refuse(EarlierCode.FORM, key=key)
    if field.of and root.get("kind") not in field.of:
        _refuse(EarlierCode.KIND, key=key, label=field.label, found=str(root.get("kind"))[:20],
                wanted="、".join(field.of))
    said = {item.get("name"): _said(item) for item in root.iter("{*}Field")}
    for own, its in field.same:
        if _plain(licence.kind.field(own), licence.values[own]) != said.get(its):
            _refuse(EarlierCode.DISAGREES, key=key, own=own, its=its)


def _said(item: etree._Element) -> object:
    """What a field of a record's XML says: a text, several texts, or rows of cells with their columns."""
    rows = item.findall("{*}Row")
    if rows:
        return tuple(tuple((cell.get("name"), cell.text or "") for cell in row) for row in rows)
    several = item.findall("{*}Value")
    return tuple(one.text or "" for one in several) if several else item.text or ""


def _plain(field: Field, value: Value) -> object:
    """The value of a field in the form of :func:`_said`; None where there is none."""
    if not isinstance(value, Table):
        return value
    return tuple(tuple((column.label, cell) for column, cell in zip(field.columns, row, strict=True)
                       if cell is not None) for row in value.rows)


def _read(data: bytes, name: str) -> etree._Element | None:
    """The root of an XML entry of an OFD; None for what cannot be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if archive.getinfo(name).file_size > _MAX_ENTRY:
                return None
            content = archive.read(name)
        return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, ValueError, OSError, EOFError,
            zlib.error, lzma.LZMAError, etree.XMLSyntaxError):
        return None


def _identifier(data: bytes) -> str | None:
    """ZZBS in the head of an OFD; None for what is none of ours."""
    root = _read(data, "OFD.xml")
    items = [] if root is None else list(root.iter(f"{{{OFD_NS}}}CustomData"))
    named = [item.text or "" for item in items if item.get("Name") == "ZZBS"]
    return named[0] if len(named) == 1 else None


def _refuse(code: EarlierCode, **facts: object) -> NoReturn:
    zh, en = _SENTENCES[code]
    raise EarlierError(code, zh.format(**facts), en.format(**facts))
