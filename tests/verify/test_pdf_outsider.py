"""Attacks on a finished file by somebody without the signer's key: none is called valid."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest
from asn1crypto import algos
from asn1crypto import cms as asn1_cms
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certs.signer import LocalSigner, Signer
from certs.x509 import Certificate
from certs.x509_build import DOCUMENT_SIGNING, build_certificate
from docgen.pades import sign_pdf
from tests.docgen import pdf_sample
from tests.verify import pdf_forge as forge
from verify.model import Verdict

INVALID, UNSURE = Verdict.INVALID, Verdict.INDETERMINATE
GONE = "pdf.signature-removed"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def at_gap(change: Callable[[bytes], bytes]) -> bytes:
    """The genuine file with the digits of its contents changed, the same number of them."""
    data = forge.genuine()
    start, end = forge.gap_of(data)
    digits = change(data[start + 1:end - 1])
    assert len(digits) == end - start - 2
    return data[:start + 1] + digits + data[end - 1:]


def resigned(change: Callable[[bytes], bytes], data: bytes | None = None) -> bytes:
    """A file, the genuine one if none is told, with its CMS replaced by a changed one, without the key."""
    data = data or forge.genuine()
    start, end = forge.gap_of(data)
    padded = bytes.fromhex(data[start + 1:end - 1].decode())
    length = 4 + int.from_bytes(padded[2:4], "big")
    built = change(padded[:length])
    return data[:start + 1] + built.hex().encode().ljust(end - start - 2, b"0") + data[end - 1:]


def with_length(value: bytes, extra: int) -> bytes:
    """A DER value of long form length 82 whose length grows."""
    assert value[1] == 0x82
    return value[:2] + (int.from_bytes(value[2:4], "big") + extra).to_bytes(2, "big") + value[4:]


def grown(cms: bytes, at: int, added: bytes, depth: int) -> bytes:
    """Insert bytes at an offset and mend the lengths of ContentInfo, [0] and SignedData (and no more)."""
    offsets = [0, cms.index(b"\xa0\x82"), cms.index(b"\x30\x82", cms.index(b"\xa0\x82"))][:depth]
    out = cms
    for offset in offsets:
        out = out[:offset] + with_length(out[offset:], len(added))
    return out[:at] + added + out[at:]


def extra_certificate(cms: bytes) -> bytes:
    """A stranger's certificate in the bag, in order; the bag's length is mended too."""
    world = forge.world()
    stranger: Certificate = world.stranger_root.certificate
    old = b"".join(sorted((world.signer.certificate.der, world.ca.certificate.der)))
    new = b"".join(sorted((world.signer.certificate.der, world.ca.certificate.der, stranger.der)))
    at = cms.index(old)
    made = grown(cms, at + len(old), b"\0" * (len(new) - len(old)), 3)
    made = made[:at] + new + made[at + len(new):]
    return made[:at - 4] + with_length(made[at - 4:], len(new) - len(old))


def swapped_certificates(cms: bytes) -> bytes:
    """The two certificates in the other order."""
    parts = sorted((forge.world().signer.certificate.der, forge.world().ca.certificate.der))
    return forge.swap(cms, parts[0] + parts[1], parts[1] + parts[0])


def unsigned_attribute(cms: bytes) -> bytes:
    """An unsigned attribute that nobody asked for, at the end of the one SignerInfo."""
    content = asn1_cms.ContentInfo.load(cms)
    content["content"]["signer_infos"][0]["unsigned_attrs"] = asn1_cms.CMSAttributes.load(
        forge.build.set_of([forge.attribute("1.2.3.4", forge.build.integer(1))]))
    made: bytes = content.dump(force=True)
    assert cms not in made and len(made) > len(cms)
    return made


def respelt(cms: bytes) -> bytes:
    """The same ECDSA signature as (r, n-s), which every curve equation accepts."""
    content = asn1_cms.ContentInfo.load(cms)
    signer = content["content"]["signer_infos"][0]
    values = algos.DSASignature.load(signer["signature"].native)
    signer["signature"] = algos.DSASignature({"r": values["r"].native, "s": P256_ORDER - values["s"].native}).dump()
    return content.dump(force=True)


def without_null(der: bytes) -> bytes:
    """Every identifier of SHA-256 without its parameter NULL, unsigned attributes left as they are."""
    made = b""
    for value, body in forge.values_of(der):
        if value[0] & 0x20 and value[0] != 0xA1:
            body = body[:-2] if body == forge.build.oid(forge.SHA256) + forge.build.null() else without_null(body)
        made += forge.build.tlv(value[0], body)
    return made


class RsaSigner:
    """A signer by RSA below the world's authority."""

    algorithm = "rsa-pkcs1-sha256"

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        authority = forge.world().ca
        self.certificate = build_certificate(
            subject=(("C", "CN"), ("O", forge.ORGANISATION), ("CN", forge.ORGANISATION)),
            spki=self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            issuer=authority.certificate, issuer_key=authority.key, serial=77, not_before=forge.NOW - forge.DAY,
            not_after=forge.NOW + 3650 * forge.DAY, key_usage=("digitalSignature", "nonRepudiation"),
            ext_key_usage=(DOCUMENT_SIGNING,), uscc=forge.USCC)

    def sign(self, data: bytes, **_: str) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256."""
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def signer_of(algorithm: str) -> Signer:
    """A signer of the world by one of the algorithms that renditions are signed with."""
    who = forge.world().signer
    return RsaSigner() if algorithm == RsaSigner.algorithm else LocalSigner(who.certificate, who.key)


def indefinite(cms: bytes) -> bytes:
    """The outermost length in BER's indefinite form."""
    return b"\x30\x80" + cms[4:] + b"\0\0"


def padded_length(cms: bytes) -> bytes:
    """The outermost length with a leading zero."""
    return b"\x30\x83\x00" + cms[2:]


PAGE = (b"<</Type /Page\n/Parent 3 0 R\n/MediaBox [0 0 841.8897 595.2755]\n/Resources 4 0 R\n"
        b"/Contents 36 0 R\n/Annots [8 0 R]\n>>")
CATALOG = b"<</Type /Catalog\n/Pages 42 0 R\n>>"


def wrapped() -> bytes:
    """The signed second part moved to the end, other bytes in its old place."""
    data = forge.genuine()
    _, end = forge.gap_of(data)
    return data[:end] + b"/Fake (content)\n>>\nendobj\n" + data[end:]


def wrapped_with_range() -> bytes:
    """Wrapping with a second signature dictionary whose ByteRange follows the moved part."""
    data = forge.genuine()
    start, end = forge.gap_of(data)
    fake = b"\n>>\nendobj\n50 0 obj\n<</Type /Sig\n/ByteRange [0 %d %d %d]\n/Contents %b\n>>\nendobj\n"
    inner = fake % (start, end + 90, len(data) - end, data[start:end])
    return data[:end] + inner + data[end:]


def told(pattern: bytes, new: bytes) -> bytes:
    """The genuine file with the ByteRange replaced, the same length."""
    data = forge.genuine()
    match = re.search(pattern, data)
    assert match is not None
    return data[:match.start()] + new.ljust(len(match[0])) + data[match.end():]


RANGE = rb"/ByteRange \[0 [ 0-9]{32}\]"


def rewritten(*edits: tuple[bytes, bytes]) -> bytes:
    """A complete rewriting, table in order, of the signed file: the signature cannot hold."""
    data = forge.genuine()
    for old, new in edits:
        data = forge.swap(data, old, new)
    return forge.with_table(data)


def contents_as(new: bytes) -> bytes:
    """The file rewritten with other contents."""
    data = forge.genuine()
    start, end = forge.gap_of(data)
    return forge.with_table(data[:start] + new + data[end:])


ATTACKS: list[tuple[str, Callable[[], bytes], Verdict, str]] = [
    # what follows the signed bytes
    ("a line end appended", lambda: forge.genuine() + b"\n", INVALID, "pdf.changed-after-signing"),
    ("a space appended", lambda: forge.genuine() + b" ", INVALID, "pdf.changed-after-signing"),
    ("a second end of file", lambda: forge.genuine() + b"%%EOF\n", INVALID, "pdf.changed-after-signing"),
    ("a comment appended", lambda: forge.genuine() + b"% hello\n", INVALID, "pdf.changed-after-signing"),
    ("incremental saving: a page replaced", lambda: forge.later_revision(forge.genuine(), [(5, PAGE)]),
     INVALID, "pdf.changed-after-signing"),
    ("incremental saving: another catalog", lambda: forge.later_revision(forge.genuine(), [(1, CATALOG)]),
     INVALID, "pdf.changed-after-signing"),
    ("shadow, hide: the annotation over the page goes",
     lambda: forge.later_revision(forge.genuine(), [(5, PAGE.replace(b"/Annots [8 0 R]\n", b""))]),
     INVALID, "pdf.changed-after-signing"),
    ("shadow, replace: another font file",
     lambda: forge.later_revision(forge.genuine(), [(10, forge.stream(b"\0\1\0\0"))]),
     INVALID, "pdf.changed-after-signing"),
    ("shadow, hide and replace: a table that brings back another object",
     lambda: forge.later_revision(forge.genuine(), [(3, b"<</Type /Pages\n/Count 1\n/Kids [6 0 R]\n>>")]),
     INVALID, "pdf.changed-after-signing"),
    ("certification attack: an annotation added (EAA)",
     lambda: forge.later_revision(forge.genuine(), [
         (42, b"<</Type /Annot\n/Subtype /FreeText\n/Rect [0 0 500 500]\n/Contents (fake)\n>>"),
         (5, PAGE.replace(b"[8 0 R]", b"[8 0 R 42 0 R]"))]), INVALID, "pdf.changed-after-signing"),
    ("certification attack: a signature added over it (SSA)",
     lambda: forge.later_revision(forge.genuine(), [(42, b"<</FT /Sig\n/T (x)\n>>")]),
     INVALID, "pdf.changed-after-signing"),
    ("later evidence is not judged yet",
     lambda: forge.later_revision(forge.genuine(), [(42, b"<</Type /DSS\n>>"), (1, b"<</DSS 42 0 R>>")]),
     UNSURE, "pdf.later-revision"),
    ("cut off in the middle", lambda: forge.genuine()[:40_000], INVALID, "pdf.byte-range"),
    ("the last byte cut off", lambda: forge.genuine()[:-1], INVALID, "pdf.byte-range"),
    ("garbage before the header", lambda: b"\n" + forge.genuine(), INVALID, "pdf.byte-range"),
    # wrapping and ranges
    ("wrapping: bytes between gap and second part", wrapped, INVALID, "pdf.digest"),
    ("wrapping: a second dictionary", wrapped_with_range, INVALID, "pdf.byte-range"),
    ("range of nothing", lambda: told(RANGE, b"/ByteRange [0 0 0 0]"), INVALID, "pdf.byte-range"),
    ("range with a negative number", lambda: told(RANGE, b"/ByteRange [0 1934 34704 -1]"),
     INVALID, "pdf.byte-range"),
    ("range of two numbers", lambda: told(RANGE, b"/ByteRange [0 1934]"), INVALID, "pdf.byte-range"),
    ("range of six numbers", lambda: told(RANGE, b"/ByteRange [0 1934 34704 5 6 7]"),
     INVALID, "pdf.byte-range"),
    ("range that starts later", lambda: told(RANGE, b"/ByteRange [1 1933 34704 54471]"),
     INVALID, "pdf.byte-range"),
    ("range of real numbers", lambda: told(RANGE, b"/ByteRange [0 1934.0 34704.0 54471.]"),
     INVALID, "pdf.byte-range"),
    ("range that is null", lambda: told(RANGE, b"/ByteRange null"), INVALID, "pdf.byte-range"),
    ("range that is missing", lambda: told(RANGE, b""), INVALID, "pdf.byte-range"),
    ("range by a reference", lambda: told(RANGE, b"/ByteRange 2 0 R"), INVALID, "pdf.byte-range"),
    # universal forgery: the contents
    ("contents null", lambda: contents_as(b"null"), INVALID, "pdf.no-contents"),
    ("contents empty", lambda: contents_as(b"<>"), INVALID, "pdf.no-contents"),
    ("contents one zero byte", lambda: contents_as(b"<00>"), INVALID, "pdf.no-contents"),
    ("contents all zeros", lambda: at_gap(lambda digits: b"0" * len(digits)), INVALID, "pdf.no-contents"),
    ("contents a literal string", lambda: contents_as(b"(0\\202)"), INVALID, "pdf.no-contents"),
    ("contents missing", lambda: rewritten((b"/Contents <30", b"/Contemts <30")), INVALID, "pdf.no-contents"),
    ("contents by a reference", lambda: contents_as(b"2 0 R"), INVALID, "pdf.no-contents"),
    # the digits of the contents: outside the signature, in their one form
    ("upper-case hex", lambda: at_gap(bytes.upper), UNSURE, "pdf.contents-form"),
    ("one upper-case digit", lambda: at_gap(
        lambda digits: re.sub(b"[a-f]", lambda hit: hit[0].upper(), digits, count=1)),
     UNSURE, "pdf.contents-form"),
    ("padding not zero", lambda: at_gap(lambda digits: digits[:-1] + b"1"), UNSURE, "pdf.contents-form"),
    ("bytes behind the CMS", lambda: resigned(lambda cms: cms + b"\x05\x00"), UNSURE, "pdf.contents-form"),
    ("spaces in the padding", lambda: at_gap(lambda digits: digits[:-2] + b"  "),
     UNSURE, "pdf.contents-form"),
    ("line ends in the padding", lambda: at_gap(lambda digits: digits[:-2] + b"\r\n"),
     UNSURE, "pdf.contents-form"),
    # the CMS
    ("BER: indefinite length", lambda: resigned(indefinite), INVALID, "pdf.cms"),
    ("BER: a padded length", lambda: resigned(padded_length), UNSURE, "pdf.cms-not-der"),
    ("the ECDSA signature in its other spelling", lambda: resigned(respelt), UNSURE, "pdf.cms-form"),
    ("the digests without parameters", lambda: resigned(without_null), UNSURE, "pdf.cms-form"),
    ("a certificate added", lambda: resigned(extra_certificate), UNSURE, "pdf.cms-form"),
    ("certificates swapped", lambda: resigned(swapped_certificates), UNSURE, "pdf.cms-form"),
    ("an unsigned attribute added", lambda: resigned(unsigned_attribute), INVALID, "pdf.cms"),
    ("the signature value changed", lambda: resigned(lambda cms: cms[:-1] + bytes((cms[-1] ^ 1,))),
     INVALID, "pdf.signature"),
    ("another key's CMS for the same bytes",
     lambda: forge.sign(forge.plain_unsigned(), forge.cms(
         forge.party(forge.ORGANISATION, forge.world().stranger_root))),
     UNSURE, "chain.no-anchor"),
    # rewriting the whole file
    ("the holder's record replaced", lambda: rewritten((b"/Size 80", b"/Size 81")), INVALID, "pdf.digest"),
    ("certification taken away", lambda: rewritten((b"/Perms <<", b"/Nothin<<")), INVALID, "pdf.digest"),
    ("the signature field taken away", lambda: rewritten((b"/AcroForm <<", b"/AcroNone <<")),
     INVALID, "pdf.digest"),
    ("a table entry that points elsewhere",
     lambda: re.sub(rb"(\d{9})(\d)( 00000 n \n0{0})", lambda hit: hit[1] + b"%d" % (9 - int(hit[2])) + hit[3],
                    forge.genuine(), count=1), INVALID, "pdf.digest"),
    ("the claimed time changed", lambda: rewritten((b"/M (D:2025080109", b"/M (D:2025080108")),
     INVALID, "pdf.digest"),
]


@pytest.mark.req("R-003-33")
@pytest.mark.parametrize(("attack", "made", "expected", "code"), ATTACKS, ids=[each[0] for each in ATTACKS])
def test_an_attack_without_the_key_is_never_valid(attack: str, made: Callable[[], bytes], expected: Verdict,
                                                  code: str) -> None:
    data = made()
    assert data != forge.genuine()
    verdict, codes = forge.verdict_of(data)
    assert verdict is expected, (attack, codes)
    assert code in codes, attack


@pytest.mark.req("R-003-33")
@pytest.mark.parametrize("algorithm", ["ecdsa-p256-sha256", "rsa-pkcs1-sha256"])
def test_the_digests_of_what_our_writer_signs_have_one_spelling(algorithm: str) -> None:
    signed = sign_pdf(pdf_sample.unsigned(), signer_of(algorithm), chain=(forge.world().ca.certificate,))
    assert forge.verdict_of(signed) == (Verdict.VALID, {"pdf.copy"})
    verdict, codes = forge.verdict_of(resigned(without_null, signed))
    assert verdict is not Verdict.VALID
    assert "pdf.cms-form" in codes


@pytest.mark.req("R-003-33")
def test_one_bit_changed_anywhere_is_never_valid() -> None:
    chance = random.Random(20250801)  # noqa: S311 - places, no secrets
    data = forge.genuine()
    start, end = forge.gap_of(data)
    places = [chance.randrange(len(data)) for _ in range(80)]
    places += [chance.randrange(start, start + 2400) for _ in range(60)]     # the CMS itself
    places += [chance.randrange(start + 2400, end) for _ in range(20)]       # its padding
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1 << chance.randrange(8)
        assert forge.verdict_of(bytes(changed))[0] is not Verdict.VALID, place


def test_every_hex_digit_of_the_signature_counts() -> None:
    data = forge.genuine()
    start, _ = forge.gap_of(data)
    padded = data[start + 1:]
    length = 2 * (4 + int(padded[4:8], 16))
    for place in range(start + 1, start + 1 + length, 29):
        digit = data[place:place + 1]
        other = b"0" if digit != b"0" else b"1"
        changed = data[:place] + other + data[place + 1:]
        assert forge.verdict_of(changed)[0] is not Verdict.VALID, place


@pytest.mark.req("R-000-22")
def test_an_unsigned_rendition_is_no_issued_licence() -> None:
    verdict, codes = forge.verdict_of(forge.plain_unsigned())
    assert verdict is INVALID
    assert "pdf.no-contents" in codes


def test_a_rendition_whose_form_was_taken_away_is_not_genuine() -> None:
    data = re.sub(rb"/AcroForm <<.*?\n>>\n/Perms <<.*?\n>>\n", b"", forge.plain_unsigned(), flags=re.DOTALL)
    data = re.sub(rb"/ByteRange \[[^]]*\]|/Contents <0+>", b"", data)
    verdict, codes = forge.verdict_of(forge.with_table(data))
    assert verdict is INVALID
    assert GONE in codes
