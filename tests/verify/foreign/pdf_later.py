"""Later revisions of a signed file: by somebody without a key, with evidence or a timestamp; or by a second signer."""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Callable

from tests.verify.foreign import pdf_forgeries as f
from tests.verify.foreign import pdf_world
from tests.verify.foreign import pdf_writers as w
from tests.verify.foreign.pdf_world import world

Objects = dict[int, bytes]
Way = Callable[[bytes, Objects], bytes]


# -- who appends


def evidence(data: bytes, objects: Objects) -> bytes:
    """A public revocation list as evidence, and these objects beside it; no key is needed."""
    return w.update(data, list(evident(data, objects, max(f.size(data), *objects, 0) + 1).items()))


def evident(data: bytes, objects: Objects, new: int) -> Objects:
    """These objects, with a revocation list under a new number and a catalog that names it as evidence."""
    der, root = pdf_world.crl(world().ca).der, f.root(data)
    catalog = objects.get(root, w.object_of(data, root))[:-2] + b"/DSS <</CRLs [%d 0 R]>>>>" % new
    return {new: b"<</Length %d>>\nstream\n%b\nendstream" % (len(der), der), **objects, root: catalog}


def timestamp(data: bytes, objects: Objects, **options: object) -> bytes:
    """A document timestamp, and these objects beside it; no key is needed."""
    return w.stamp_by_hand(data, **_split(data, objects), **options)  # type: ignore[arg-type]


def signer(data: bytes, objects: Objects, **options: object) -> bytes:
    """The signature of another signer who is trusted, and these objects beside it."""
    return w.by_openssl(data, world().second, name=b"Sig2", **_split(data, objects), **options)  # type: ignore[arg-type]


def _split(data: bytes, objects: Objects) -> dict[str, object]:
    """Objects that the signing program writes anyhow, and all others."""
    form = re.findall(rb"/AcroForm (\d+) 0 R", w.object_of(data, f.root(data)))
    own = {first_page(data), *map(int, form[:1])}
    return {"replaced": {number: body for number, body in objects.items() if number in own},
            "extra_objects": [(number, body) for number, body in objects.items() if number not in own]}


def written(who: str, data: bytes, section: Callable[[bytes], bytes]) -> bytes:
    """A revision whose cross-reference is written otherwise."""
    if who == "evidence":
        return section(evidence(data, {}))
    return {"timestamp": timestamp, "signer": signer}[who](data, {}, section=section)


WAYS: dict[str, Way] = {"evidence": evidence, "timestamp": timestamp, "signer": signer}


# -- what was signed


def first_page(data: bytes) -> int:
    """The object of the first page."""
    return int(re.findall(rb"(\d+) 0 obj\s*<<[^<>]*(?:<<[^<>]*>>[^<>]*)*/Type /Page\b", data)[0])


def plain_file(objects: list[bytes]) -> bytes:
    """A file of these objects, the first its catalog, with a table."""
    out, rows = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        rows.append(b"%010d 00000 n \n" % len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    return bytes(out) + (b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<</Size %d /Root 1 0 R>>\nstartxref\n%d\n"
                         b"%%%%EOF\n" % (len(objects) + 1, b"".join(rows), len(objects) + 1, len(out)))


CONTENT = b"BT /F 24 Tf 72 700 Td (Contract: 1000 yuan) Tj ET"


@functools.cache
def pictured() -> bytes:
    """A page that shows a picture (object 5), signed."""
    show, picture = b"q 100 0 0 100 100 500 cm /I Do Q", bytes(range(3)) * 1600
    return f.signed_by(plain_file([
        b"<</Type /Catalog /Pages 2 0 R /AcroForm 6 0 R>>",
        b"<</Type /Pages /Kids [3 0 R] /Count 1 /Resources <</XObject <</I 5 0 R>>>>>>",
        b"<</Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Type /Page>>",
        b"<</Length %d>>\nstream\n%b\nendstream" % (len(show), show),
        b"<</Type /XObject /Subtype /Image /Width 40 /Height 40 /BitsPerComponent 8 /ColorSpace /DeviceRGB"
        b" /Length %d>>\nstream\n%b\nendstream" % (len(picture), picture), b"<</Fields []>>"]))


PALETTE = bytes((10, 255, 0, 255, 10, 0, 0, 0, 255, 255, 255, 10))
"""Four colours; 10 is a line feed."""


@functools.cache
def coloured(table: bytes) -> bytes:
    """A page that shows a picture whose four colours (object 5) are a string, signed."""
    show, picture = b"q 100 0 0 100 100 500 cm /I Do Q", bytes(range(4)) * 400
    return f.signed_by(plain_file([
        b"<</Type /Catalog /Pages 2 0 R /AcroForm 7 0 R>>",
        b"<</Type /Pages /Kids [3 0 R] /Count 1 /Resources <</XObject <</I 6 0 R>>>>>>",
        b"<</Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Type /Page>>",
        b"<</Length %d>>\nstream\n%b\nendstream" % (len(show), show), palette(table),
        b"<</Type /XObject /Subtype /Image /Width 40 /Height 40 /BitsPerComponent 8 /ColorSpace 5 0 R"
        b" /Length %d>>\nstream\n%b\nendstream" % (len(picture), picture), b"<</Fields []>>"]))


def palette(table: bytes) -> bytes:
    """A colour space of four colours."""
    return b"[/Indexed /DeviceRGB 3 %b]" % table


def literal(value: bytes, line_feed: bytes, other: bytes = b"\\%03o") -> bytes:
    """A string in parentheses, its line feeds and all other bytes written so."""
    return b"(%b)" % b"".join(line_feed if byte == 10 else other % byte for byte in value)


@functools.cache
def inheriting() -> bytes:
    """A page (object 3) that has its size, crop, rotation and resources from the node above, signed."""
    return f.signed_by(plain_file([
        b"<</Type /Catalog /Pages 2 0 R /AcroForm 6 0 R>>",
        b"<</Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 595 842] /CropBox [0 500 595 842] /Rotate 90"
        b" /Resources <</Font <</F 5 0 R>>>>>>",
        b"<</Parent 2 0 R /Contents 4 0 R /Type /Page>>",
        b"<</Length %d>>\nstream\n%b\nendstream" % (len(CONTENT), CONTENT),
        b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>", b"<</Fields []>>"]))


@functools.cache
def annotated(keys: bytes = b"") -> bytes:
    """A page (object 3) with a hidden stamp, with these keys more, in the list of its annotations itself, signed."""
    drawn = b"1 0 0 rg 0 0 300 100 re f"
    return f.signed_by(plain_file([
        b"<</Type /Catalog /Pages 2 0 R /AcroForm 6 0 R>>",
        b"<</Type /Pages /Kids [3 0 R] /Count 1 /Resources <</Font <</F 5 0 R>>>>>>",
        b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Annots [<</Type /Annot /Subtype /Stamp"
        b" /F 2 /Rect [50 550 550 750] /AP <</N 7 0 R>> %b>>]>>" % keys,
        b"<</Length %d>>\nstream\n%b\nendstream" % (len(CONTENT), CONTENT),
        b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>", b"<</Fields []>>",
        b"<</Type /XObject /Subtype /Form /BBox [0 0 300 100] /Length %d>>\nstream\n%b\nendstream" % (
            len(drawn), drawn)]))


@functools.cache
def measured(kind: str) -> bytes:
    """A signed file in which the length of a stream, of ``kind`` content, picture, or pack, is object 9."""
    out, rows = bytearray(b"%PDF-1.5\n"), dict[int, bytes]()
    void = b"1 0 0 RG 4 w 0 0 m 300 100 l S"

    def put(number: int, body: bytes) -> None:
        rows[number] = b"\1" + len(out).to_bytes(4, "big") + b"\0\0"
        out.extend(b"%d 0 obj\n%b\nendobj\n" % (number, body))

    def length(told: str, data: bytes) -> bytes:
        if told != kind:
            return b"/Length %d>>\nstream\n%b\nendstream" % (len(data), data)
        put(9, b"%d" % len(data))
        return b"/Length 9 0 R>>\nstream\n%b\nendstream" % data

    put(4, b"<<" + length("content", CONTENT))
    put(6, b"<</Type /XObject /Subtype /Form /BBox [0 0 300 100] " + length("picture", void))
    put(1, b"<</Type /Catalog /Pages 2 0 R /AcroForm 12 0 R>>")
    put(12, b"<</Fields []>>")
    put(2, b"<</Type /Pages /Kids [3 0 R] /Count 1 /Resources <</Font <</F 5 0 R>>>>>>")
    put(3, b"<</Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Annots [7 0 R] /Type /Page>>")
    held = [(5, b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>"), (10, b"<</Producer (x)>>"),
            (7, b"<</Type /Annot /Subtype /Stamp /Rect [100 400 400 500] /F 4 /AP <</N 6 0 R>>>>")]
    head = b" ".join(b"%d %d" % (number, sum(len(text) + 1 for _, text in held[:place]))
                     for place, (number, _) in enumerate(held)) + b" "
    for place, (number, _) in enumerate(held):
        rows[number] = b"\2" + (8).to_bytes(4, "big") + place.to_bytes(2, "big")
    put(8, b"<</Type /ObjStm /N 3 /First %d " % len(head) + length(
        "pack", head + b"".join(text + b"\n" for _, text in held)))
    at = len(out)
    rows[11] = b"\1" + at.to_bytes(4, "big") + b"\0\0"
    table = b"".join(rows.get(number, b"\0" * 7) for number in range(13))
    told = w.stream(11, b"/Type /XRef /Size 13 /W [1 4 2] /Root 1 0 R /Info 10 0 R", table)
    return f.signed_by(bytes(out) + told + b"startxref\n%d\n%%%%EOF\n" % at)


# -- object streams that say again what stood there


def repacked(data: bytes, number: int, inner: bytes, first: int, *, count: int = 1, keys: bytes = b"",
             told: bytes | None = None, generation: int = 0, extra: tuple[bytes, ...] = ()) -> bytes:
    """A revision of evidence, with an object stream, of these decoded bytes, in which an object stands now.

    ``told`` are its N and First; ``keys`` more keys; ``extra`` further rows of the table, kind to index, behind those
    of the object and its stream.
    """
    new, out = f.size(data), bytearray(data)
    rows = {number: b"\2" + new.to_bytes(4, "big") + b"\0\0", **{new + 2 + more: row for more, row in enumerate(extra)}}
    entries = (told or b"/N %d /First %d" % (count, first)) + keys
    pack = b"<</Type /ObjStm %b /Length %d>>\nstream\n%b\nendstream" % (entries, len(inner), inner)
    for each, body in {new: pack, **evident(data, {}, new + 2 + len(extra))}.items():
        own = generation if each == new else 0
        rows[each] = b"\1" + len(out).to_bytes(4, "big") + own.to_bytes(2, "big")
        out += b"%d %d obj\n%b\nendobj\n" % (each, own, body)
    at = len(out)
    rows[new + 1] = b"\1" + at.to_bytes(4, "big") + b"\0\0"
    out += w.stream(new + 1, b"/Type /XRef /Size %d /Index [%b] /W [1 4 2] %b /Prev %d" % (
        new + 3 + len(extra), b" ".join(b"%d 1" % each for each in rows), _known(data), w.last_section(data)),
        b"".join(rows.values()))
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % at


def _known(data: bytes) -> bytes:
    """The catalog and the information dictionary as the trailer names them."""
    return b" ".join(re.findall(rb"/%b \d+ 0 R" % key, data)[-1] for key in (b"Root", b"Info") if b"/%b " % key in data)


def predicted(data: bytes) -> bytes:
    """Bytes that are ``data`` once a PNG predictor, of eight columns, is undone."""
    data = data.ljust(-(-len(data) // 8) * 8)
    return b"".join(b"\0" + data[place:place + 8] for place in range(0, len(data), 8))


def packed_text(data: bytes) -> bytes:
    """Compressed as an object stream is."""
    return zlib.compress(data)


def predicted_text(data: bytes) -> bytes:
    """Compressed behind a predictor."""
    return packed_text(predicted(data))


# -- the last section written otherwise


def streamed(data: bytes, *, widths: tuple[int, int, int] = (1, 4, 2), keys: bytes = b"", free: int = 0,
             packed: bool = False, listed: bool = True, own: int | None = None, size: int = 0,
             run: bytes = b"", first: int = 0, parameters: bytes = b"") -> bytes:
    """The table at the end as a stream, ``listed`` in itself; ``free`` is a number that it calls free on top of that,
    ``own`` its number, ``size`` another size than that of its numbers, ``run`` one before its others; ``first`` is the
    first free number that its row 0 tells, where it has one; ``parameters`` those of a filter without a predictor."""
    at = w.last_section(data)
    table = data[at:]
    rows = {int(number): (1, int(place), int(generation)) for number, place, generation in re.findall(
        rb"(?m)^(\d+) 1\n(\d{10}) (\d{5}) n", table)}
    new = int(re.findall(rb"/Size (\d+)", table)[0]) if own is None else own
    rows = {**rows, **({new: (1, at, 0)} if listed else {}), **({free: (0, 0, 0)} if free else {}),
            **({0: (0, first, 65535)} if first else {})}
    lines = b"".join(b"".join(value.to_bytes(width, "big") for value, width in zip(row, widths, strict=True))
                     for row in rows.values())
    told = b"/Type /XRef /Size %d /Index [%b %b] /W [%d %d %d] %b /Prev %b %b" % (
        size or max(*rows, new) + 1, run, b" ".join(b"%d 1" % each for each in rows), *widths, _known(data),
        re.findall(rb"/Prev (\d+)", table)[0], keys)
    if packed:
        columns = sum(widths)
        rising = b"".join(b"\0" + lines[place:place + columns] for place in range(0, len(lines), columns))
        told += b" /Filter /FlateDecode /DecodeParms <</Predictor 12 /Columns %d>>" % columns
        lines = packed_text(rising)
    if parameters:
        told, lines = told + b" /Filter /FlateDecode /DecodeParms %b" % parameters, packed_text(lines)
    return data[:at] + w.stream(new, told, lines) + b"startxref\n%d\n%%%%EOF\n" % at


# -- hybrid sections


def hybrid(data: bytes, number: int, *, table: bytes, place: int = 0, body: bytes = b"") -> bytes:
    """A revision of evidence with a table and a stream: the stream has an object at ``place``, or where ``body`` stands
    behind the file; the table has these rows of it."""
    new, out = f.size(data) + 1, bytearray(data)
    rows = [table.replace(b"HERE", b"%010d" % len(out))]
    place = place or len(out)
    if body:
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    for each, more in evident(data, {}, new).items():
        rows.append(b"%d 1\n%010d 00000 n \n" % (each, len(out)))
        out += b"%d 0 obj\n%b\nendobj\n" % (each, more)
    at = len(out)
    out += w.stream(new + 1, b"/Type /XRef /Size %d /Index [%d 1 %d 1] /W [1 4 2] %b" % (
        new + 2, number, new + 1, _known(data)), b"".join(
            b"\1" + each.to_bytes(4, "big") + b"\0\0" for each in (place, at)))
    return bytes(out) + b"xref\n%btrailer\n<</Size %d %b /Prev %d /XRefStm %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        b"".join(rows), new + 2, _known(data), w.last_section(data), at, len(out))


def place_of(data: bytes, number: int) -> int:
    """Where an object stands for the last time."""
    return list(re.finditer(rb"(?m)^%d 0 obj" % number, data))[-1].start()
