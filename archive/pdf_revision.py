"""Revisions that an archive adds behind a signed PDF: evidence (DSS) and document timestamps, nothing else.

A rendition is certified with P = 1; ISO 32000-2 12.8.2.2.2 still allows these two. What is written here is one
incremental update each: the catalog anew, the objects that are new, a classic cross-reference section. No byte that
stood there before changes.

Source: ISO 32000-2 7.5.6, 12.8.4.3 (DSS), 12.8.5 (document timestamps); ETSI EN 319 142-1 5.4 and 5.5.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from archive.errors import ArchiveCode, ArchiveError
from archive.pdf_spelling import spelt
from verify.foreign.pdf_evidence import parts_of
from verify.foreign.pdf_store import Store
from verify.foreign.pdf_walk import read_pages
from verify.pdf_objects import Dict, Name, PdfString, Ref
from verify.pdf_reasons import PdfRefusal

__all__ = ["Evidence", "add_evidence", "add_timestamp", "evidence_in"]

_ROOM: Final = 12_288                    # bytes kept free for a token with its certificates and lists
_HIDDEN_LOCKED: Final = 132              # F of the widget: print, locked; its box is empty
_BYTE_RANGE: Final = b"[0 %010d %010d %010d]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a later reader needs to judge the signatures: certificates, revocation lists, OCSP responses, all DER."""

    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()

    def and_(self, other: Evidence) -> Evidence:
        """This and what ``other`` has beyond it, each part once."""
        return Evidence(
            certificates=_joined(self.certificates, other.certificates), crls=_joined(self.crls, other.crls),
            ocsps=_joined(self.ocsps, other.ocsps))


def _joined(one: Iterable[bytes], other: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys((*one, *other)))


_LISTS: Final = (("Certs", "certificates"), ("CRLs", "crls"), ("OCSPs", "ocsps"))


def evidence_in(pdf: bytes) -> Evidence:
    """Return what the last revision of a PDF holds as evidence.

    Raises:
        ArchiveError: ``archive.pdf-form``.
    """
    try:
        state = Store.read(pdf).states()[-1]
        return Evidence(**{field: tuple(parts_of(state, key)) for key, field in _LISTS})
    except (PdfRefusal, ValueError) as error:
        raise _unreadable(error) from error


def add_evidence(pdf: bytes, evidence: Evidence) -> bytes:
    """Return the PDF with a further revision whose DSS holds what was there and ``evidence``.

    Nothing is added when all of it is there.

    Raises:
        ArchiveError: ``archive.pdf-form``, the PDF cannot be read.
    """
    held = evidence_in(pdf)
    wanted = held.and_(evidence)
    if wanted == held:
        return pdf
    update = _Update(pdf)
    lists: Dict = {"Type": Name("DSS")}
    for key, field in _LISTS:
        known = list(update.state.list(update.state.dict(update.catalog.get("DSS")).get(key)))
        new = getattr(wanted, field)[len(known):]
        if known or new:
            lists[key] = [*known, *(update.stream(each) for each in new)]
    update.catalog["DSS"] = update.new(spelt(lists))
    return update.written()


def add_timestamp(pdf: bytes, token: Callable[[bytes], bytes], algorithm: str = "sha256") -> bytes:
    """Return the PDF with a further revision that is a document timestamp over all of it.

    Args:
        token: gives the DER of an RFC 3161 token over a digest.
        algorithm: of the digest, a name of hashlib.

    Raises:
        ArchiveError: ``archive.pdf-form``; ``archive.token-size`` where the token is longer than any usual one.
    """
    update = _Update(pdf)
    signature = update.new(
        b"<</Type/DocTimeStamp/Filter/Adobe.PPKLite/SubFilter/ETSI.RFC3161/ByteRange" + _BYTE_RANGE % (0, 0, 0)
        + b"/Contents<" + b"0" * (2 * _ROOM) + b">>>")
    update.sign(signature)
    data = bytearray(update.written())
    start = data.index(b"/Contents<", update.offsets[signature.number]) + len(b"/Contents")
    end = start + 2 * _ROOM + 2
    zeros = _BYTE_RANGE % (0, 0, 0)
    at = data.index(zeros, update.offsets[signature.number])
    data[at:at + len(zeros)] = _BYTE_RANGE % (start, end, len(data) - end)
    digest = hashlib.new(algorithm, data[:start])
    digest.update(data[end:])
    encoded = token(digest.digest())
    if len(encoded) > _ROOM:
        raise ArchiveError(
            ArchiveCode.TOKEN_SIZE, f"时间戳有 {len(encoded)} 字节，超出预留的 {_ROOM} 字节，请换用时间戳服务",
            f"the timestamp takes {len(encoded)} bytes, more than the {_ROOM} kept free; use another service")
    data[start + 1:end - 1] = encoded.hex().encode().ljust(2 * _ROOM, b"0")
    return bytes(data)


class _Update:
    """One incremental update in the making."""

    def __init__(self, pdf: bytes) -> None:
        try:
            self.state = Store.read(pdf).states()[-1]
            self.catalog: Dict = dict(self.state.root)
        except PdfRefusal as error:
            raise _unreadable(error) from error
        self.pdf = pdf if pdf.endswith((b"\n", b"\r")) else pdf + b"\n"
        self.trailer = self.state.trailer
        root, size = self.trailer.get("Root"), self.trailer.get("Size")
        if not isinstance(root, Ref) or not isinstance(size, int):
            raise _unreadable("Root, Size")
        self.root, self.next = root, size
        self.objects: dict[int, bytes] = {}
        self.offsets: dict[int, int] = {}

    def new(self, body: bytes) -> Ref:
        """Add an object that is spelt already."""
        ref = Ref(self.next, 0)
        self.next += 1
        self.objects[ref.number] = body
        return ref

    def stream(self, data: bytes) -> Ref:
        """Add a plain stream."""
        return self.new(b"<</Length %d>>\nstream\n%b\nendstream" % (len(data), data))

    def sign(self, value: Ref) -> None:
        """Put a signature value into a new field that is not seen; the first page lists its widget."""
        try:
            page = next(iter(read_pages(self.state)))
        except (PdfRefusal, StopIteration) as error:
            raise _unreadable("Pages") from error
        held = self.catalog.get("AcroForm")
        form = self.state.dict(held)
        fields = list(self.state.list(form.get("Fields")))
        widget = self.new(spelt({
            "Type": Name("Annot"), "Subtype": Name("Widget"), "FT": Name("Sig"),
            "T": PdfString(f"archive-timestamp-{len(fields)}".encode(), 0, 0, False),
            "F": _HIDDEN_LOCKED, "Rect": [0, 0, 0, 0], "P": page.ref, "V": value}))
        changed: Dict = {**form, "Fields": [*fields, widget]}
        if isinstance(held, Ref):
            self.objects[held.number] = spelt(changed)
        else:
            self.catalog["AcroForm"] = changed
        self.objects[page.ref.number] = spelt(
            {**page.entries, "Annots": [*page.annotations(self.state), widget]})

    def written(self) -> bytes:
        """The file with the update behind it."""
        if self.catalog != self.state.root:
            self.objects[self.root.number] = spelt(self.catalog)
        parts, at = [self.pdf], len(self.pdf)
        for number, body in sorted(self.objects.items()):
            self.offsets[number] = at
            parts.append(b"%d 0 obj\n%b\nendobj\n" % (number, body))
            at += len(parts[-1])
        first = self.state.list(self.trailer.get("ID"))
        if not first or not isinstance(first[0], PdfString):
            raise _unreadable("ID")
        trailer = {key: value for key, value in self.trailer.items() if key in ("Root", "Info")}
        trailer |= {"Size": self.next, "Prev": self.state.section.at, "ID": [first[0], PdfString(
            hashlib.sha256(self.pdf).digest()[:16], 0, 0, True)]}
        parts += [_table(self.offsets), b"trailer\n", spelt(trailer), b"\nstartxref\n%d\n%%%%EOF\n" % at]
        return b"".join(parts)


def _table(offsets: dict[int, int]) -> bytes:
    """A cross-reference section in runs of successive numbers."""
    runs: list[list[int]] = []
    for number in sorted(offsets):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    lines = [b"xref\n"]
    for run in runs:
        lines.append(b"%d %d\n" % (run[0], len(run)))
        lines += [b"%010d 00000 n\r\n" % offsets[number] for number in run]
    return b"".join(lines)


def _unreadable(why: object) -> ArchiveError:
    return ArchiveError(
        ArchiveCode.PDF_FORM, f"PDF 的结构无法读取（{why}），不能在其后附加证据",
        f"the structure of the PDF cannot be read ({why}), so no evidence is added behind it")

