"""Do the attachments of a package call themselves what they are? Names, forms, order, sizes, dates, and what says that
its certificates were good: revocation lists and OCSP answers.

A name is all that a person sees of an attachment: no other file may ride under it.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from lxml import etree

from certs.crl import Crl
from certs.ocsp import OcspResponse
from codes.errors import EngineError
from layouts import Kind
from verify.reasons import Findings
from verify.xml import children, local_name, only_child, text_of
from verify.zip import Archive

__all__ = ["carried_answers", "carried_lists", "check_attachments", "is_carried"]

_LIST: Final = "Doc_0/Attachs/Attachments.xml"
_FOLDER: Final = "/Doc_0/Attachs/"
_CRL: Final = re.compile(r"crl_(0|[1-9][0-9]{0,2})\.crl")
_OCSP: Final = re.compile(r"ocsp_(0|[1-9][0-9]{0,2})\.ors")
_READ: Final = 32                        # of each kind that are read
_T = TypeVar("_T")
_DAY: Final = dt.timedelta(days=1)
_FIXED: Final = {"record.xml": ("证照数据.xml", "true"), "rendition.pdf": ("版式副本.pdf", "true"),
                 "data-signing.cer": ("数据签名证书.cer", "false")}


def check_attachments(archive: Archive, kind: Kind | None, identifier: str, *, sealed_at: dt.datetime | None,
                      issuers: Sequence[bytes] | None, found: Findings) -> None:
    """Hold each attachment against what the writer of our packages calls it.

    Args:
        sealed_at: the claimed moment of sealing; the document was made on the same day.
        issuers: names that may issue a revocation list or be answered for; None where nothing is trusted.
        found: gets ``data.attachment``, ``data.crl`` and ``data.head``.
    """
    if _LIST not in archive.entries:
        return                           # said where the structure is read
    listed = children(archive.xml(_LIST), "Attachment")
    files = [text_of(only_child(each, "FileLoc", _LIST)).removeprefix(_FOLDER) for each in listed]
    names = _names(kind, files)
    crls, answers = ([name for name in files if shape.fullmatch(name)] for shape in (_CRL, _OCSP))
    numbered = [f"crl_{index}.crl" for index in range(len(crls))], [
        f"ocsp_{index}.ors" for index in range(len(answers))]
    if len(set(files)) != len(files) or (crls, answers) != numbered:
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
        elif file in answers:
            _check_answer(held.data, file, issuers, found)
    _check_head(archive, identifier, sealed_at, found)


def _names(kind: Kind | None, files: Sequence[str]) -> dict[str, tuple[str, str]]:
    """What each file is called, and whether readers list it."""
    names = dict(_FIXED)
    if kind is not None:
        names |= {f"{key}.ofd": (f"{field.label}.ofd", "true") for key, field in kind.earlier.items()}
    for shape, title in ((_CRL, "证书撤销列表{}.crl"), (_OCSP, "证书状态应答{}.ors")):
        names |= {file: (title.format(match[1]), "false") for file in files if (match := shape.fullmatch(file))}
    return names


def _check_list(data: bytes, file: str, issuers: Sequence[bytes] | None, found: Findings) -> None:
    """Name what is no revocation list, or none of a body in the chains."""
    try:
        crl = Crl.load(data)
    except EngineError:
        found.add("data.attachment", file)
        return
    if issuers is not None and crl.issuer not in issuers:
        found.add("data.crl", file, issuer=crl.issuer_text)


def _check_answer(data: bytes, file: str, issuers: Sequence[bytes] | None, found: Findings) -> None:
    """Name what is no OCSP answer, or one on certificates of no body in the chains."""
    try:
        answer = OcspResponse.load(data)
    except EngineError:
        found.add("data.attachment", file)
        return
    if issuers is not None and not all(
            any(each.cert_id.is_of_name(name) for name in issuers) for each in answer.answers):
        found.add("data.ocsp", file)


def is_carried(file: str) -> bool:
    """Whether a file is called as a revocation list or an OCSP answer is."""
    return bool(_CRL.fullmatch(file) or _OCSP.fullmatch(file))


def carried_lists(archive: Archive) -> tuple[Crl, ...]:
    """The revocation lists that ride in a package; what cannot be read is told by :func:`check_attachments`."""
    return tuple(_carried(archive, "crl_{}.crl", Crl.load))


def carried_answers(archive: Archive) -> tuple[OcspResponse, ...]:
    """The OCSP answers that ride in it."""
    return tuple(_carried(archive, "ocsp_{}.ors", OcspResponse.load))


def _carried(archive: Archive, name: str, load: Callable[[bytes], _T]) -> Iterator[_T]:
    for index in range(_READ):
        held = archive.entries.get(_FOLDER[1:] + name.format(index))
        if held is not None:
            with suppress(EngineError):
                yield load(held.data)


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
