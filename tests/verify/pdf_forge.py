"""Makes signed PDFs, good and bad, without the program's own signing: a small PKI, a CMS builder, a forger.

An *insider* edits a file before it is signed, so that the signature holds; an *outsider* has only the
signed file. Both must never get a file called valid that is not in the one form.
"""

from __future__ import annotations

import functools
import hashlib
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from certs import der_build as build
from certs import p256
from certs.crl import Crl, Revocation, build_crl
from certs.trust import Trust
from certs.x509 import Certificate
from certs.x509_build import DOCUMENT_SIGNING, build_certificate
from docgen.page import Document
from docgen.pdf import write_pdf
from tests.docgen import pdf_sample
from verify.model import Verdict
from verify.pdf import PdfEvidence, check_pdf, judge

NOW = pdf_sample.NOW
DAY = timedelta(days=1)
AT = NOW + timedelta(hours=2)
ORGANISATION = "测试市应急管理局"
USCC = "11140100MB9TEX0180"

SHA256 = "2.16.840.1.101.3.4.2.1"
SHA1 = "1.3.14.3.2.26"
ECDSA_SHA256 = "1.2.840.10045.4.3.2"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_TIME, SIGNING_CERTIFICATE = "1.2.840.113549.1.9.5", "1.2.840.113549.1.9.16.2.47"
SIGNED_DATA, DATA = "1.2.840.113549.1.7.2", "1.2.840.113549.1.7.1"


@dataclass(frozen=True)
class Party:
    """A key with its certificate."""

    key: p256.PrivateKey
    certificate: Certificate


def party(name: str, issuer: Party | None, *, ca: bool = False, start: datetime = NOW - 30 * DAY,
          end: datetime = NOW + 3650 * DAY, serial: int = 7, usage: Sequence[str] = (),
          extended: Sequence[str] = (DOCUMENT_SIGNING,)) -> Party:
    """Certify a fresh key."""
    key = p256.PrivateKey.generate()
    rights = usage or (("keyCertSign", "cRLSign") if ca else ("digitalSignature", "nonRepudiation"))
    return Party(key, build_certificate(
        subject=(("C", "CN"), ("O", name), ("CN", name)), spki=key.spki,
        issuer=issuer.certificate if issuer else None, issuer_key=issuer.key if issuer else key,
        serial=serial, not_before=start, not_after=end, key_usage=rights, ca=ca,
        ext_key_usage=() if ca else extended, uscc=None if ca else USCC))


@dataclass(frozen=True)
class World:
    """Root, issuing CA, signer, and who else there is."""

    root: Party
    ca: Party
    signer: Party
    stranger_root: Party

    def crls(self, *, revoked: dict[int, Revocation] | None = None, stale: bool = False) -> tuple[Crl, ...]:
        """A list of each CA, around NOW."""
        first, last = (NOW - 60 * DAY, NOW - 31 * DAY) if stale else (NOW - DAY, NOW + 30 * DAY)
        return tuple(build_crl(
            issuer=each.certificate, issuer_key=each.key, this_update=first, next_update=last, number=1,
            revoked=revoked or {} if each is self.ca else {}) for each in (self.root, self.ca))

    def trust(self, **changes: object) -> Trust:
        """What the verifier believes."""
        plain = Trust(name="test", lookup_hosts=(), roots=(self.root.certificate,), data_signing={},
                      crls=self.crls())
        return replace(plain, **changes)  # type: ignore[arg-type]


@functools.cache
def world() -> World:
    """One world for a whole run."""
    root = party("演示根", None, ca=True, serial=1)
    ca = party("演示签发", root, ca=True, serial=2)
    return World(root, ca, party(ORGANISATION, ca, serial=3), party("陌生根", None, ca=True, serial=9))


# -- the CMS


def attribute(oid: str, value: bytes) -> bytes:
    """One attribute with one value."""
    return build.sequence(build.oid(oid), build.set_of([value]))


def algorithm(oid: str) -> bytes:
    """An AlgorithmIdentifier without parameters."""
    return build.sequence(build.oid(oid))


def digest_algorithm(oid: str) -> bytes:
    """An AlgorithmIdentifier of a digest, as our writer makes it."""
    return build.sequence(build.oid(oid), build.null())


@dataclass(frozen=True, kw_only=True)
class Cms:
    """What goes into a CMS; every part can be replaced by another."""

    signer: Party
    certificates: Sequence[bytes]
    digest_oid: str = SHA256
    attributes: Sequence[bytes] = ()
    unsigned: Sequence[bytes] = ()
    bind: bytes | None = None           # certificate that signing-certificate-v2 names
    sort: bool = True
    wrong_digest: bool = False
    leave_out: str = ""
    stamp: Callable[[bytes], bytes] | None = None   # gives the timestamp token of a signature

    def build(self, covered: bytes) -> bytes:
        """The DER of the CMS over ``covered``."""
        name = {SHA256: "sha256", SHA1: "sha1"}[self.digest_oid]
        digest = hashlib.new(name, covered + (b"!" if self.wrong_digest else b"")).digest()
        bound = hashlib.sha256(self.bind or self.signer.certificate.der).digest()
        signed = {
            CONTENT_TYPE: build.oid(DATA), MESSAGE_DIGEST: build.octet_string(digest),
            SIGNING_CERTIFICATE: build.sequence(build.sequence(build.sequence(build.octet_string(bound)))),
        }
        parts = [attribute(oid, value) for oid, value in signed.items() if oid != self.leave_out]
        attributes = build.set_of([*parts, *self.attributes])
        signature = p256.canonical_signature(self.signer.key.sign(attributes))
        loose = list(self.unsigned)
        if self.stamp is not None:
            loose.append(attribute("1.2.840.113549.1.9.16.2.14", self.stamp(signature)))
        info = build.sequence(
            build.integer(1),
            build.sequence(self.signer.certificate.issuer, build.integer(self.signer.certificate.serial)),
            digest_algorithm(self.digest_oid), b"\xa0" + attributes[1:], algorithm(ECDSA_SHA256),
            build.octet_string(signature),
            b"\xa1" + build.set_of(loose)[1:] if loose else b"")
        bag = b"".join(sorted(self.certificates) if self.sort else self.certificates)
        return build.sequence(build.oid(SIGNED_DATA), build.explicit(0, build.sequence(
            build.integer(1), build.set_of([digest_algorithm(self.digest_oid)]), build.sequence(build.oid(DATA)),
            build.explicit(0, bag), build.set_of([info]))))


def cms(signer: Party | None = None, **changes: object) -> Cms:
    """The CMS of the world's signer, changed as asked."""
    who = signer or world().signer
    plain = Cms(signer=who, certificates=(who.certificate.der, world().ca.certificate.der))
    return replace(plain, **changes)  # type: ignore[arg-type]


# -- the file


@functools.cache
def plain_unsigned() -> bytes:
    """The sample rendition, not signed."""
    return pdf_sample.unsigned().data


def unsigned_of(document: Document) -> bytes:
    """Another document as an unsigned rendition."""
    return write_pdf(document, meta=pdf_sample.META, attachments=(pdf_sample.RECORD_FILE,),
                     seal_png=pdf_sample.seal_png(), signature=pdf_sample.PLAN).data


def values_of(der: bytes) -> Iterator[tuple[bytes, bytes]]:
    """DER values that follow each other: each whole, and its content."""
    place = 0
    while place < len(der):
        wide = der[place + 1] & 0x7F if der[place + 1] & 0x80 else 0
        begin = place + 2 + wide
        end = begin + (int.from_bytes(der[place + 2:begin], "big") if wide else der[place + 1])
        yield der[place:end], der[begin:end]
        place = end


def swap(data: bytes, old: bytes, new: bytes, count: int = 1) -> bytes:
    """Replace what must be there exactly ``count`` times."""
    assert data.count(old) == count, (old, data.count(old))
    return data.replace(old, new)


def gap_of(data: bytes) -> tuple[int, int]:
    """Offsets of ``<`` and behind ``>`` of the contents."""
    match = re.search(rb"/Contents (<[0-9a-fA-F]*>)", data)
    assert match is not None
    return match.start(1), match.end(1)


def with_table(data: bytes) -> bytes:
    """The file with a cross-reference table that fits its objects."""
    body = data[:data.rindex(b"xref\n0 ")]
    trailer = data[data.rindex(b"trailer"):data.rindex(b"startxref")]
    places = {int(match[1]): match.start() for match in re.finditer(rb"(?m)^(\d+) 0 obj\b", body)}
    assert sorted(places) == list(range(1, len(places) + 1))
    rows = "".join(f"{places[number]:010d} 00000 n \n" for number in sorted(places))
    table = f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n{rows}".encode()
    trailer = re.sub(rb"/Size \d+", f"/Size {len(places) + 1}".encode(), trailer)
    return body + table + trailer + f"startxref\n{len(body)}\n%%EOF\n".encode()


def with_range(data: bytes) -> bytes:
    """The file with the ByteRange that fits it."""
    start, end = gap_of(data)
    told = f"/ByteRange [0 {start:10d} {end:10d} {len(data) - end:10d}]".encode()
    return re.sub(rb"/ByteRange \[0 [ 0-9]{32}\]", told, data)


def sign(data: bytes, maker: Cms | None = None, *, change: Callable[[bytes], bytes] = bytes) -> bytes:
    """Sign a file whose table and range are right; ``change`` turns the CMS into what goes in."""
    start, end = gap_of(data)
    built = change((maker or cms()).build(data[:start] + data[end:]))
    room = end - start - 2
    return data[:start + 1] + built.hex().encode().ljust(room, b"0") + data[end - 1:]


def insider(*edits: tuple[bytes, bytes], maker: Cms | None = None, data: bytes | None = None) -> bytes:
    """A file edited before signing, table and range made to fit."""
    data = data or plain_unsigned()
    for old, new in edits:
        data = swap(data, old, new)
    return sign(with_range(with_table(data)), maker)


def with_object(data: bytes, body: bytes) -> tuple[bytes, int]:
    """The file with one more object at its end, and that object's number."""
    number = int(re.findall(rb"/Size (\d+)", data)[-1])
    at = data.rindex(b"xref\n0 ")
    return with_table(data[:at] + b"%d 0 obj\n%b\nendobj\n" % (number, body) + data[at:]), number


@functools.cache
def genuine() -> bytes:
    """The sample, properly signed."""
    return sign(plain_unsigned())


def stream(content: bytes, head: bytes = b"") -> bytes:
    """A deflated stream object."""
    packed = zlib.compress(content)
    return b"<<%b/Filter /FlateDecode\n/Length %d\n>>\nstream\n%b\nendstream" % (head, len(packed), packed)


def later_revision(data: bytes, objects: Iterable[tuple[int, bytes]]) -> bytes:
    """An incremental update of a finished file."""
    out, places = bytearray(data), []
    for number, body in objects:
        places.append((number, len(out)))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    at = len(out)
    previous = int(re.findall(rb"startxref\n(\d+)", data)[-1])
    size = int(re.findall(rb"/Size (\d+)", data)[-1])
    out += b"xref\n" + b"".join(b"%d 1\n%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size %d\n/Root 1 0 R\n/Prev %d\n>>\nstartxref\n%d\n%%%%EOF\n" % (size, previous, at)
    return bytes(out)


# -- the answer


def verdict_of(data: bytes, *, trust: Trust | None = None, at: datetime = AT) -> tuple[Verdict, set[str]]:
    """The verdict and the reason codes of a file."""
    evidence = check_pdf(data, trust or world().trust(), at)
    verdict, reasons = judge(evidence)
    return verdict, {reason.code for reason in reasons}


def evidence_of(data: bytes) -> PdfEvidence:
    """All that is found in a file."""
    return check_pdf(data, world().trust(), AT)
