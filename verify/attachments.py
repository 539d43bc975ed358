"""Do the attachments of a package call themselves what they are? Names, forms, order, sizes, revocation lists, dates.

A name is all that a person sees of an attachment: no other file may ride under it.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Sequence
from typing import Final

from lxml import etree

from certs.crl import Crl
from codes.errors import EngineError
from layouts import Kind
from verify.reasons import Findings
from verify.xml import children, local_name, only_child, text_of
from verify.zip import Archive

__all__ = ["check_attachments"]

_LIST: Final = "Doc_0/Attachs/Attachments.xml"
_FOLDER: Final = "/Doc_0/Attachs/"
_CRL: Final = re.compile(r"crl_(0|[1-9][0-9]{0,2})\.crl")
_DAY: Final = dt.timedelta(days=1)
_FIXED: Final = {"record.xml": ("证照数据.xml", "true"), "rendition.pdf": ("版式副本.pdf", "true"),
                 "data-signing.cer": ("数据签名证书.cer", "false")}


def check_attachments(archive: Archive, kind: Kind | None, identifier: str, *, sealed_at: dt.datetime | None,
                      issuers: Sequence[bytes] | None, found: Findings) -> None:
    """Hold each attachment against what the writer of our packages calls it.

    Args:
        sealed_at: the claimed moment of sealing; the document was made on the same day.
        issuers: names that may issue a revocation list; None where nothing is trusted.
        found: gets ``data.attachment``, ``data.crl`` and ``data.head``.
    """
    if _LIST not in archive.entries:
        return                           # said where the structure is read
    listed = children(archive.xml(_LIST), "Attachment")
    files = [text_of(only_child(each, "FileLoc", _LIST)).removeprefix(_FOLDER) for each in listed]
    names = _names(kind, files)
    crls = [name for name in files if _CRL.fullmatch(name)]
    if len(set(files)) != len(files) or crls != [f"crl_{index}.crl" for index in range(len(crls))]:
        found.add("data.attachment", _LIST)
    for index, (element, file) in enumerate(zip(listed, files, strict=True)):
        held = archive.entries.get(f"Doc_0/Attachs/{file}")
        title, shown = names.get(file, ("", ""))
        expected = {"ID": f"att{index}", "Name": title, "Format": file.rpartition(".")[2], "Visible": shown,
                    "Size": f"{len(held.data) / 1024:.3f}" if held else ""}
        if held is None or any(element.get(name) != value for name, value in expected.items()) or (
                not _same_day(str(element.get("CreationDate")), sealed_at)):
            found.add("data.attachment", file)
        elif file in crls:
            _check_list(held.data, file, issuers, found)
    _check_head(archive, identifier, sealed_at, found)


def _names(kind: Kind | None, files: Sequence[str]) -> dict[str, tuple[str, str]]:
    """What each file is called, and whether readers list it."""
    names = dict(_FIXED)
    if kind is not None:
        names |= {f"{key}.ofd": (f"{field.label}.ofd", "true") for key, field in kind.earlier.items()}
    return names | {file: (f"证书撤销列表{match[1]}.crl", "false") for file in files if (match := _CRL.fullmatch(file))}


def _check_list(data: bytes, file: str, issuers: Sequence[bytes] | None, found: Findings) -> None:
    """Name what is no revocation list, or none of a body in the chains."""
    try:
        crl = Crl.load(data)
    except EngineError:
        found.add("data.attachment", file)
        return
    if issuers is not None and crl.issuer not in issuers:
        found.add("data.crl", file, issuer=crl.issuer_text)


def _same_day(text: str, moment: dt.datetime | None) -> bool:
    """Whether a date, of whatever zone, is that of a moment."""
    try:
        day = dt.date.fromisoformat(text[:10])
    except ValueError:
        return False
    return moment is None or abs(day - moment.date()) <= _DAY


def _check_head(archive: Archive, identifier: str, sealed_at: dt.datetime | None, found: Findings) -> None:
    """The document was made on the day of sealing, and its id is that of the licence's identifier."""
    for element in _info(archive):
        name, text = local_name(element), text_of(element)
        if name in ("CreationDate", "ModDate") and not _same_day(text, sealed_at):
            found.add("data.head", "OFD.xml", name=name)
        if name == "DocID" and text != uuid.uuid5(uuid.NAMESPACE_OID, identifier).hex:
            found.add("data.head", "OFD.xml", name=name)


def _info(archive: Archive) -> list[etree._Element]:
    root = archive.xml("OFD.xml")
    return [element for body in children(root, "DocBody") for info in children(body, "DocInfo") for element in info]
