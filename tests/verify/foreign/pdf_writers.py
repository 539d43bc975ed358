"""Signed PDFs as other writers make them: pyHanko with many options, OpenSSL, rewritten by pypdf."""

from __future__ import annotations

import functools
import io
import re
import zlib
from collections.abc import Callable
from typing import Any

import pypdf
from asn1crypto import keys, tsp, x509  # type: ignore[import-untyped]
from pyhanko import stamp
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore
from reportlab.pdfgen.canvas import Canvas

from tests.verify.foreign import pdf_world
from tests.verify.foreign.pdf_world import Party, world

PADES, PKCS7 = fields.SigSeedSubFilter.PADES, fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED


class Authority(TimeStamper):
    """The local timestamp authority, for pyHanko."""

    async def async_request_tsa_response(self, req: Any) -> Any:
        """Answer a request."""
        return tsp.TimeStampResp.load(pdf_world.reply(req.dump()))


# -- unsigned files


def stream(number: int, head: bytes, data: bytes) -> bytes:
    """A stream object."""
    return b"%d 0 obj\n<<%b /Length %d>>\nstream\n%b\nendstream\nendobj\n" % (number, head, len(data), data)


@functools.cache
def plain(form: bool = False) -> bytes:
    """Two pages of text by reportlab, with a text field and a check box when asked for."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1, pageCompression=1)
    for number in (1, 2):
        canvas.drawString(100, 700, f"Contract, page {number}: 1000 yuan")
        if form and number == 1:
            canvas.acroForm.textfield(name="amount", x=100, y=600, width=200, height=20, value="1000")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


@functools.cache
def packed(form: bool = False) -> bytes:
    """The same with object streams and a cross-reference stream."""
    reader = pypdf.PdfReader(io.BytesIO(plain(form)))
    objects = {ref.idnum: ref.get_object() for ref in _all_refs(reader)}
    return _packed_file(objects, reader.trailer["/Root"].indirect_reference.idnum)  # type: ignore[union-attr]


def _all_refs(reader: pypdf.PdfReader) -> list[Any]:
    return [pypdf.generic.IndirectObject(number, 0, reader) for number in sorted(reader.xref[0])]


def _packed_file(objects: dict[int, Any], root: int) -> bytes:
    """Streams plain, all else in one object stream, one cross-reference stream with a predictor."""
    out = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
    rows: dict[int, tuple[int, int, int]] = {0: (0, 0, 65535)}
    head, body = [], b""
    size = max(objects) + 3
    pack, table = size - 2, size - 1
    index = 0
    for number, value in objects.items():
        text = io.BytesIO()
        value.write_to_stream(text)
        if isinstance(value, pypdf.generic.StreamObject):
            rows[number] = (1, len(out), 0)
            out += b"%d 0 obj\n%b\nendobj\n" % (number, text.getvalue())
        else:
            rows[number] = (2, pack, index)
            head.append(f"{number} {len(body)}")
            body += text.getvalue() + b"\n"
            index += 1
    first = " ".join(head).encode() + b"\n"
    data = zlib.compress(first + body)
    rows[pack] = (1, len(out), 0)
    out += stream(pack, b"/Type /ObjStm /N %d /First %d /Filter /FlateDecode" % (index, len(first)), data)
    rows[table] = (1, len(out), 0)
    lines, above = b"", bytes(7)
    for number in range(size):
        kind, one, two = rows.get(number, (0, 0, 0))
        line = bytes([kind]) + one.to_bytes(4, "big") + two.to_bytes(2, "big")
        lines += b"\2" + bytes((a - b) & 255 for a, b in zip(line, above, strict=True))
        above = line
    data, at = zlib.compress(lines), len(out)
    out += stream(table, b"/Type /XRef /Size %d /W [1 4 2] /Root %d 0 R /Filter /FlateDecode /DecodeParms "
                         b"<</Predictor 12 /Columns 7>>" % (size, root), data)
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % at


@functools.cache
def hybrid() -> bytes:
    """A hybrid file as word processors write it: an old table, then an empty section that names a stream."""
    data = plain()
    number = int(re.findall(rb"/Size (\d+)", data)[-1])
    root = re.findall(rb"/Root \d+ 0 R", data)[-1]
    previous = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    at = len(data)
    rows = b"\1" + at.to_bytes(4, "big") + b"\0\0"
    told = stream(number, b"/Type /XRef /Size %d /Index [%d 1] /W [1 4 2] %b" % (number + 1, number, root), rows)
    place = at + len(told)
    return data + told + (b"xref\n0 0\ntrailer\n<</Size %d %b /Prev %d /XRefStm %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        number + 1, root, previous, at, place))


@functools.cache
def hiding() -> bytes:
    """A hybrid file with an object that the table calls free and the stream names, as word processors hide some."""
    data = plain()
    number = int(re.findall(rb"/Size (\d+)", data)[-1])
    previous = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    hidden = b"%d 0 obj\n<</Type /Metadata2>>\nendobj\n" % number
    head, end = data[:previous], data[previous:]
    first = head + hidden + end.replace(b"startxref\n%d" % previous, b"startxref\n%d" % (previous + len(hidden)))
    root = re.findall(rb"/Root \d+ 0 R", data)[-1]
    at = len(first)
    rows = (b"\1" + previous.to_bytes(4, "big") + b"\0\0") + (b"\1" + at.to_bytes(4, "big") + b"\0\0")
    told = stream(number + 1, b"/Type /XRef /Size %d /Index [%d 2] /W [1 4 2] %b" % (number + 2, number, root), rows)
    return first + told + (b"xref\n0 0\ntrailer\n<</Size %d %b /Prev %d /XRefStm %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        number + 2, root, previous + len(hidden), at, at + len(told)))


@functools.cache
def linearized(bare: bool = False) -> bytes:
    """A linearized file: the section of the first page stands before the objects, the other one at the end.

    ``bare``: without a startxref of its own behind the first section, as some writers leave it out.
    """
    data = plain()
    numbers = [int(each) for each in re.findall(rb"(?m)^(\d+) 0 obj", data)]
    size = max(numbers) + 2
    head = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n" + b"%d 0 obj\n<</Linearized 1>>\nendobj\n" % (size - 1)
    first = b"xref\n%d 1\n%010d 00000 n \ntrailer\n<</Size %d /Root %d 0 R /Prev %010d>>\n"
    first += b"" if bare else b"startxref\n0\n%%%%EOF\n"
    room = len(first % (size - 1, 0, size, int(re.findall(rb"/Root (\d+)", data)[-1]), 0))
    out, rows = bytearray(), [b"0000000000 65535 f \n"]
    for number in range(1, size - 1):
        rows.append(b"%010d 00000 n \n" % (len(head) + room + len(out)))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, object_of(data, number))
    main = len(head) + room + len(out)
    begin = first % (size - 1, head.index(b"%d 0 obj" % (size - 1)), size,
                     int(re.findall(rb"/Root (\d+)", data)[-1]), main)
    table = b"xref\n0 %d\n%btrailer\n<</Size %d>>\n" % (size - 1, b"".join(rows), size - 1)
    return head + begin + bytes(out) + table + b"startxref\n%d\n%%%%EOF\n" % len(head)


# -- pyHanko


def signer_of(who: Party, **options: Any) -> signers.SimpleSigner:
    """A signer for pyHanko."""
    store = SimpleCertificateStore()
    store.register(x509.Certificate.load(world().ca.der))
    return signers.SimpleSigner(signing_cert=x509.Certificate.load(who.der),
                                signing_key=keys.PrivateKeyInfo.load(who.pkcs8()), cert_registry=store, **options)


def sign(data: bytes, who: Party | None = None, *, name: str = "Sig1", form: Any = PADES, stamped: bool = False,
         box: tuple[int, int, int, int] | None = None, page: int = 0, prefer_pss: bool = False, existing: bool = False,
         digest: str = "sha256", **meta: Any) -> bytes:
    """One more signature, as an incremental update."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
    signer = signer_of(who or world().p256, prefer_pss=prefer_pss)
    settings = signers.PdfSignatureMetadata(field_name=name, md_algorithm=digest, subfilter=form, **meta)
    spec = None if existing else fields.SigFieldSpec(name, box=box, on_page=page)
    style = stamp.TextStampStyle(stamp_text="signed") if box or existing else None
    out = signers.PdfSigner(settings, signer, timestamper=Authority() if stamped else None, stamp_style=style,
                            new_field_spec=spec).sign_pdf(writer)
    return bytes(out.getvalue())


def certify(data: bytes, level: int, **options: Any) -> bytes:
    """A certifying signature that permits 1 nothing, 2 filling forms, 3 annotations too."""
    permission = {1: fields.MDPPerm.NO_CHANGES, 2: fields.MDPPerm.FILL_FORMS, 3: fields.MDPPerm.ANNOTATE}[level]
    return sign(data, certify=True, docmdp_permissions=permission, **options)


def with_field(data: bytes, name: str, box: tuple[int, int, int, int] = (300, 100, 450, 150), page: int = 0,
               **options: Any) -> bytes:
    """An empty signature field."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    fields.append_signature_field(writer, fields.SigFieldSpec(name, box=box, on_page=page, **options))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def document_stamp(data: bytes) -> bytes:
    """A document timestamp."""
    out = signers.PdfTimeStamper(Authority()).timestamp_pdf(
        IncrementalPdfFileWriter(io.BytesIO(data)), "sha256", validation_context=None)
    return bytes(out.getvalue())


def long_term(data: bytes, *, stamp_it: bool = True) -> bytes:
    """A signature with a timestamp, its evidence (DSS), and a document timestamp: PAdES B-LTA."""
    w = world()
    trust = w.trust()
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(each.der) for each in (w.root, w.tsa_root)],
        other_certs=[x509.Certificate.load(w.ca.der), x509.Certificate.load(w.tsa.der)],
        crls=[each.der for each in trust.crls], allow_fetching=False)
    return sign(data, stamped=True, embed_validation_info=True, validation_context=context, use_pades_lta=stamp_it)


# -- OpenSSL


def by_openssl(data: bytes, who: Party | None = None, *options: str, subfilter: bytes = b"adbe.pkcs7.detached",
               name: bytes = b"Sig1", chain: tuple[Party, ...] = (), replaced: dict[int, bytes] | None = None,
               extra_objects: list[tuple[int, bytes]] | None = None, tail: bytes = b"\n",
               field_keys: bytes = b"", place: bytes = b"/F 132 /Rect [0 0 0 0]",
               cms: Callable[[bytes], bytes] | None = None, kind: bytes = b"Sig",
               section: Callable[[bytes], bytes] = bytes, annotation: bytes = b"/Type /Annot /Subtype /Widget",
               widget: int = 0) -> bytes:
    """An incremental update written by hand, its CMS by OpenSSL.

    ``replaced`` are objects that are to be written instead of what stands there, ``extra_objects`` come on top;
    ``cms`` makes the CMS instead of OpenSSL; ``field_keys`` are added to the field, ``place`` says where it is seen;
    ``kind`` is the type of the signature dictionary; ``section`` writes the cross-reference otherwise; ``annotation``
    says which kind of annotation the field itself is, ``widget`` which object the page lists in its place.
    """
    extras = extra_objects or []
    page = int(re.findall(rb"(\d+) 0 obj\s*<<[^<>]*(?:<<[^<>]*>>[^<>]*)*/Type /Page\b", data)[0])
    root = int(re.findall(rb"/Root (\d+) 0 R", data)[-1])
    size = max(map(int, re.findall(rb"/Size (\d+)", data))) + len(extras)
    gap = b"<" + b"0" * 12000 + b">"
    signature = (b"<</Type /%b /Filter /Adobe.PPKLite /SubFilter /%b /ByteRange [0 ********** ********** **********]"
                 b" /Contents %b>>" % (kind, subfilter, gap))
    field = b"<<%b /FT /Sig /T (%b) %b /P %d 0 R /V %d 0 R>>" % (annotation, name, place, page, size)
    objects = [*extras, (size, signature), (size + 1, field[:-2] + field_keys + b">>")]
    catalog, shown = object_of(data, root), (replaced or {}).get(page, object_of(data, page))
    form = re.findall(rb"/AcroForm (\d+) 0 R", catalog)
    if form:
        number = int(form[0])
        text = (replaced or {}).get(number, object_of(data, number))
        objects.append((number, re.sub(rb"(/Fields \[[^\]]*)\]", rb"\1 %d 0 R]" % (size + 1), text)))
    else:
        objects.append((root, catalog[:-2] + b"/AcroForm <</Fields [%d 0 R] /SigFlags 3>>>>" % (size + 1)))
    listed = widget or size + 1
    if b"/Annots [" in shown:
        objects.append((page, shown.replace(b"/Annots [", b"/Annots [%d 0 R " % listed)))
    else:
        objects.append((page, shown[:-2] + b"/Annots [%d 0 R]>>" % listed))
    out = section(update(data, objects)).rstrip() + tail
    start = out.rindex(gap)
    behind = start + len(gap)
    out = out.replace(b"********** ********** **********", b"%010d %010d %010d" % (start, behind, len(out) - behind))
    covered = out[:start] + out[behind:]
    made = cms(covered) if cms else pdf_world.openssl_cms(covered, who or world().rsa, *options, chain=chain)
    return out[:start + 1] + made.hex().encode().ljust(len(gap) - 2, b"0") + out[behind - 1:]


def stamp_by_hand(data: bytes, *, name: bytes = b"Stamp", kind: bytes = b"DocTimeStamp", **options: Any) -> bytes:
    """A document timestamp in an incremental update written by hand, as :func:`by_openssl` has it."""
    return by_openssl(data, name=name, subfilter=b"ETSI.RFC3161", kind=kind, cms=pdf_world.token, **options)


def object_of(data: bytes, number: int) -> bytes:
    """The text of a plain object, from ``<<`` to ``>>``."""
    begin = list(re.finditer(rb"(?:^|[\r\n])%d 0 obj" % number, data))[-1].end()
    return data[begin:data.index(b"endobj", begin)].strip()


def last_section(data: bytes) -> int:
    """Where the last cross-reference section stands."""
    return int(re.findall(rb"startxref\s+(\d+)", data)[-1])


def update(data: bytes, objects: list[tuple[int, bytes]], *, trailer: bytes = b"", free: tuple[int, ...] = (),
           previous: int | None = None, tabled: bool = False) -> bytes:
    """An incremental update in the form of the section before it, a table or a stream; ``trailer`` is added to the
    trailer, and that, free numbers, another place of the section before and ``tabled`` make it a table.
    """
    out, rows = bytearray(data), []
    if not data.endswith((b"\n", b"\r")):
        out += b"\n"
    for number, body in objects:
        rows.append(b"%d 1\n%010d 00000 n \n" % (number, len(out)))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    rows += [b"%d 1\n0000000000 00001 f \n" % number for number in free]
    at = len(out)
    before = last_section(data) if previous is None else previous
    tabled = tabled or bool(trailer or free) or previous is not None or data.startswith(b"xref", before)
    size = max([int(each) for each in re.findall(rb"/Size (\d+)", data)] + [number + 1 for number, _ in objects])
    kept = b" ".join(re.findall(rb"/%b \d+ 0 R" % key, data)[-1] for key in (b"Root", b"Info")
                     if b"/%b " % key in data)
    if tabled:
        out += b"xref\n%btrailer\n<</Size %d %b /Prev %d %b>>\nstartxref\n%d\n%%%%EOF\n" % (
            b"".join(rows), size, kept, before, trailer, at)
        return bytes(out)
    places = [(int(row.split()[0]), int(row.split()[2])) for row in rows] + [(size, at)]
    lines = b"".join(b"\1" + place.to_bytes(4, "big") + b"\0\0" for _, place in places)
    told = b"/Type /XRef /Size %d /Index [%b] /W [1 4 2] %b /Prev %d" % (
        size + 1, b" ".join(b"%d 1" % number for number, _ in places), kept, before)
    return bytes(out) + stream(size, told, lines) + b"startxref\n%d\n%%%%EOF\n" % at
