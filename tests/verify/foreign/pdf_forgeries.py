"""What a forger does to the signed PDFs of other writers: by a later revision, in place, or before signing."""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Callable

from asn1crypto import cms as asn1_cms
from asn1crypto import core

from certs import der_build as build
from tests.verify.foreign import pdf_world
from tests.verify.foreign import pdf_writers as w
from tests.verify.foreign.pdf_world import Party, world
from tests.verify.pdf_forge import values_of

Edit = tuple[bytes, bytes]


@functools.cache
def approved() -> bytes:
    """An approval signature."""
    return w.sign(w.plain())


@functools.cache
def certified(level: int, form: bool = True) -> bytes:
    """A certification over a file with a text field."""
    return w.certify(w.plain(form), level)


@functools.cache
def with_form() -> bytes:
    """An approval signature over a file with a text field."""
    return w.sign(w.plain(True))


def swap(data: bytes, old: bytes, new: bytes, count: int = 1) -> bytes:
    """Replace what must be there exactly ``count`` times."""
    assert data.count(old) == count, (old, data.count(old))
    return data.replace(old, new)


# -- places


def page(data: bytes, number: int = 1) -> int:
    """The object of a page."""
    found = re.findall(rb"(?m)^(\d+) 0 obj\s*<<(?:(?!endobj).)*?/Type /Page\b", data, re.DOTALL)
    return [int(each) for each in dict.fromkeys(found)][number - 1]


def number_of(data: bytes, key: bytes, inside: int | None = None) -> int:
    """The object that a key refers to, the last time that it occurs, or inside one object."""
    text = data if inside is None else w.object_of(data, inside)
    return int(re.findall(rb"/%b \[?\s*(\d+) 0 R" % key, text)[-1])


def root(data: bytes) -> int:
    """The catalog."""
    return number_of(data, b"Root")


def size(data: bytes) -> int:
    """The first free number."""
    return max(map(int, re.findall(rb"/Size (\d+)", data)))


def signature(data: bytes) -> int:
    """The object of the last signature dictionary."""
    head = data[:data.rindex(b"/ByteRange")]
    return int(re.findall(rb"(?m)^(\d+) 0 obj", head)[-1])


def gap(data: bytes) -> tuple[int, int]:
    """Offsets of ``<`` and behind ``>`` of the last contents."""
    start = data.rindex(b"/Contents <") + len(b"/Contents ")
    return start, data.index(b">", start) + 1


# -- by a later revision


def changed(data: bytes, number: int, *edits: Edit) -> bytes:
    """One object written anew with edits."""
    text = w.object_of(data, number)
    for old, new in edits:
        assert old in text, (old, text)
        text = text.replace(old, new, 1)
    return w.update(data, [(number, text)])


def added(data: bytes, number: int, more: bytes, *objects: tuple[int, bytes]) -> bytes:
    """Keys added to a dictionary, with new objects."""
    return w.update(data, [(number, w.object_of(data, number)[:-2] + more + b">>"), *objects])


def content(text: bytes) -> bytes:
    """A content stream."""
    packed = zlib.compress(text)
    return b"<</Filter /FlateDecode /Length %d>>\nstream\n%b\nendstream" % (len(packed), packed)


FAKE = content(b"BT /F1 24 Tf 100 700 Td (Contract: 9000000 yuan) Tj ET")


def other_text(data: bytes, **options: object) -> bytes:
    """The first page's content replaced."""
    return w.update(data, [(number_of(data, b"Contents", page(data)), FAKE)], **options)  # type: ignore[arg-type]


def annotated(data: bytes, text: bytes = b"/Subtype /FreeText /DA (/Helv 20 Tf) /Contents (9000000 yuan)",
              flags: int = 4) -> bytes:
    """An annotation over the first page."""
    new, appearance = size(data), size(data) + 1
    note = b"<</Type /Annot %b /Rect [90 690 400 730] /F %d /AP <</N %d 0 R>>>>" % (text, flags, appearance)
    picture = swap(FAKE, b"<<", b"<</Type /XObject /Subtype /Form /BBox [0 0 310 40] ")
    number = page(data)
    shown = w.object_of(data, number)
    if b"/Annots" in shown:
        shown = re.sub(rb"/Annots \[", b"/Annots [%d 0 R " % new, shown)
    else:
        shown = shown[:-2] + b"/Annots [%d 0 R]>>" % new
    return w.update(data, [(new, note), (appearance, picture), (number, shown)])


def filled(data: bytes, value: bytes = b"9000000") -> bytes:
    """The text field filled in, with a picture to match."""
    number = int(re.findall(rb"(?m)^(\d+) 0 obj\s*<<(?:(?!endobj).)*?/T \(amount\)", data, re.DOTALL)[0])
    picture = number_of(data, b"N", number)
    old = w.object_of(data, picture)
    shown = b"BT /Helv 12 Tf 4 6 Td (%b) Tj ET" % value
    new = re.sub(rb"stream\r?\n.*endstream", b"stream\n" + shown.ljust(_length(old)) + b"endstream", old,
                 flags=re.DOTALL).replace(b"/Filter [ /FlateDecode ]", b"")
    text = re.sub(rb"/V \(\d+\)", b"/V (%b)" % value, w.object_of(data, number))
    return w.update(data, [(number, text), (picture, new)])


def drawing(shown: bytes, font: bytes = b"") -> bytes:
    """An appearance with this content, and more keys for its font."""
    return (b"<</Type /XObject /Subtype /Form /BBox [0 0 200 20] /Resources <</Font <</F1 <</Type /Font /Subtype /Type1"
            b" /BaseFont /Helvetica %b>>>>>> /Length %d>>\nstream\n%b\nendstream" % (font, len(shown), shown))


def posed(keys: bytes, *objects: bytes, form: bytes = b"") -> bytes:
    """An unsigned first page with one more annotation: its keys, ``%1`` and on for the objects beside it.

    The first of those is an appearance that shows 1000; ``form`` makes it a field.
    """
    data = w.plain()
    new, number = size(data), page(data)
    note = b"<</Type /Annot /Rect [100 650 300 670] " + keys + b">>"
    for place in range(len(objects) + 1, 0, -1):
        note = note.replace(b"%%%d" % place, b"%d 0 R" % (new + place))
    drawn = drawing(b"BT /F1 12 Tf 2 5 Td (1000) Tj ET")
    made = [(new, note), (new + 1, drawn), *((new + 2 + place, each) for place, each in enumerate(objects))]
    if form:
        fields = b"/AcroForm <</Fields [%d 0 R] %b>>>>" % (new, form)
        made.append((root(data), w.object_of(data, root(data))[:-2] + fields))
    return added(data, number, b"/Annots [%d 0 R]" % new, *made)


def _length(text: bytes) -> int:
    return int(re.findall(rb"/Length (\d+)", text)[0])


def with_evidence(data: bytes, *objects: tuple[int, bytes], more: bytes = b"", **parts: list[bytes]) -> bytes:
    """A revision with a DSS of these parts (Certs, CRLs, OCSPs), by hand; ``more`` goes into the DSS."""
    new = size(data)
    made: list[tuple[int, bytes]] = list(objects)
    number = new + 1 + len(objects)
    told = b""
    for key, values in parts.items():
        told += b"/%b [%b] " % (key.encode(), b" ".join(b"%d 0 R" % (number + place) for place in range(len(values))))
        made += [(number + place, b"<</Length %d>>\nstream\n%b\nendstream" % (len(value), value))
                 for place, value in enumerate(values)]
        number += len(values)
    return added(data, root(data), b"/DSS %d 0 R" % new, (new, b"<<%b%b>>" % (told, more)), *made)


# -- in place


def at_gap(change: Callable[[bytes], bytes], data: bytes | None = None) -> bytes:
    """The digits of the contents changed, the same number of them."""
    data = data or approved()
    start, end = gap(data)
    digits = change(data[start + 1:end - 1])
    assert len(digits) == end - start - 2
    return data[:start + 1] + digits + data[end - 1:]


def resigned(change: Callable[[bytes], bytes], data: bytes | None = None) -> bytes:
    """The CMS replaced by a changed one, without the key."""
    data = data or approved()
    start, end = gap(data)
    padded = bytes.fromhex(data[start + 1:end - 1].decode())
    built = change(padded[:4 + int.from_bytes(padded[2:4], "big")])
    return data[:start + 1] + built.hex().encode().ljust(end - start - 2, b"0") + data[end - 1:]


def edited(edit: Callable[[asn1_cms.SignedData], object]) -> Callable[[bytes], bytes]:
    """A change of the CMS in the words of its structure."""
    def change(der: bytes) -> bytes:
        info = asn1_cms.ContentInfo.load(der)
        edit(info["content"])
        made: bytes = info.dump(force=True)
        return made
    return change


def with_certificate(data: asn1_cms.SignedData) -> None:
    """A stranger's certificate in the bag."""
    data["certificates"].append(asn1_cms.CertificateChoices.load(world().stranger_root.der))


def nested(der: bytes, depth: int, more: bytes) -> bytes:
    """Bytes put at the end of the last value of the last value of ..., all lengths mended."""
    count = der[1] & 0x7F if der[1] & 0x80 else 0
    body = der[2 + count:]
    if depth:
        last = len(body) - len(list(values_of(body))[-1][0])
        body = body[:last] + nested(body[last:], depth - 1, more)
    else:
        body += more
    return der[:1] + (bytes([len(body)]) if len(body) < 0x80 else b"\x82" + len(body).to_bytes(2, "big")) + body


def replaced(old: bytes, new: bytes, *, all_of_them: bool = False) -> Callable[[bytes], bytes]:
    """The first value that is ``old`` (or each), outside of certificates, exchanged for others, all lengths mended."""
    def within(der: bytes) -> bytes:
        made = b""
        for value, body in values_of(der):
            if value == old and (all_of_them or not done):
                done.append(value)
                made += new
            elif value[0] & 0x20 and body[4:9] != b"\xa0\x03\x02\x01\x02":
                made += build.tlv(value[0], within(body))
            else:
                made += value
        return made

    done: list[bytes] = []

    def change(der: bytes) -> bytes:
        done.clear()
        made = within(der)
        assert done
        return made
    return change


def with_unsigned(oid: str, value: bytes) -> Callable[[bytes], bytes]:
    """An unsigned attribute that nobody asked for, in the one SignerInfo."""
    attribute = build.sequence(build.oid(oid), build.set_of([value]))
    return lambda der: nested(der, 4, b"\xa1" + build.set_of([attribute])[1:])


def with_crl(data: asn1_cms.SignedData) -> None:
    """A revocation list in the bag."""
    data["crls"] = [asn1_cms.RevocationInfoChoice.load(pdf_world.crl(world().ca).der)]


def with_signer_twice(data: asn1_cms.SignedData) -> None:
    """The one SignerInfo twice."""
    data["signer_infos"].append(data["signer_infos"][0].copy())


def with_content(data: asn1_cms.SignedData) -> None:
    """Content inside what should be detached."""
    data["encap_content_info"]["content"] = core.OctetString(b"other")


def without_attributes(data: asn1_cms.SignedData) -> None:
    """The signed attributes left out."""
    del data["signer_infos"][0]["signed_attrs"]


def token_of(data: bytes) -> bytes:
    """The timestamp token inside a signed file."""
    start, end = gap(data)
    info = asn1_cms.ContentInfo.load(bytes.fromhex(data[start + 1:end - 1].decode()), strict=False)
    for each in info["content"]["signer_infos"][0]["unsigned_attrs"]:
        if each["type"].native == "signature_time_stamp_token":
            made: bytes = each["values"][0].dump()
            return made
    raise AssertionError("no timestamp")


def swapped_certificates(der: bytes) -> bytes:
    """The certificates of the bag in the other order."""
    one, two = sorted((world().p256.der, world().ca.der))
    return swap(der, one + two, two + one)


def indefinite(der: bytes) -> bytes:
    """The outermost length in BER's indefinite form."""
    return b"\x30\x80" + der[4:] + b"\0\0"


def padded_length(der: bytes) -> bytes:
    """The outermost length with a leading zero."""
    return b"\x30\x83\x00" + der[2:]


def ranged(values: bytes, data: bytes | None = None) -> bytes:
    """The ByteRange replaced, in the same room."""
    data = data or approved()
    match = list(re.finditer(rb"/ByteRange \[[^\]]*\][ ]*", data))[-1]
    return data[:match.start()] + (b"/ByteRange " + values).ljust(len(match[0])) + data[match.end():]


@functools.cache
def by_hand() -> bytes:
    """An approval signature with room for more, its ByteRange before its value."""
    return w.by_openssl(w.plain(), world().p256, "-cades", subfilter=b"ETSI.CAdES.detached")


def wrapped(moved: bool) -> bytes:
    """The signed second part moved to the end, a catalog and a table of the forger's in its place.

    The end of the file still names the offset of the table, where the forger's now lies.
    """
    data = by_hand()
    start, end = gap(data)
    place = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    evil = b">>\nendobj\n900 0 obj\n%b\nendobj\n" % FAKE
    table = b"xref\n900 1\n%010d 00000 n \ntrailer\n<</Size 901 /Root %d 0 R /Prev %d>>\n" % (
        end + evil.index(b"900 0 obj"), root(data), int(re.findall(rb"startxref\s+(\d+)", data)[0]))
    fill = (evil + b"% ".ljust(place - end - len(evil) - 1) + b"\n" + table)
    made = data[:end] + fill + data[end:]
    return ranged(b"[0 %d %d %d]" % (start, end + len(fill), len(data) - end), made) if moved else made


# -- before signing: the signer's key is at hand, the file is built to be read in two ways


def signed_by(data: bytes, who: Party | None = None, tail: bytes = b"\n") -> bytes:
    """Signed as it lies, with no reader in between; ``tail`` ends the file."""
    return w.by_openssl(data, who or world().rsa, tail=tail)


def inserted(data: bytes, body: bytes, before: bytes = b"xref\n0 ") -> bytes:
    """Bytes put before the cross-reference, which is made to fit."""
    at = data.index(before)
    made = data[:at] + body + data[at:]
    return re.sub(rb"startxref\s+\d+", b"startxref\n%d" % (at + len(body)), made, count=1)


def entry(data: bytes, number: int, change: Callable[[bytes], bytes]) -> bytes:
    """One row of the table changed."""
    table = data.index(b"xref\n0 ")
    rows = data.index(b"\n", table + 5) + 1
    place = rows + 20 * number
    return data[:place] + change(data[place:place + 20]) + data[place + 20:]


def drawn(more: bytes, *objects: bytes) -> bytes:
    """An unsigned file whose catalog has more keys (``%d`` stands for the number of the first new object)."""
    data = w.plain()
    first = size(data)
    told = more % (first,) if b"%d" in more else more
    return added(data, root(data), told, *((first + place, each) for place, each in enumerate(objects)))
