"""Reads the CMS of a PAdES signature (RFC 5652, ETSI EN 319 142-1 6.3) in its one DER form.

Exactly one signer; signed attributes contentType, messageDigest and signing-certificate-v2, at most also
CMSAlgorithmProtection; unsigned attributes at most one signature timestamp. Everything that the signature
does not cover must be in the form that follows from what it covers, so no byte can be changed unseen.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from certs.cms_attributes import read_attributes
from certs.der import SEQUENCE, SET, DerCode, Reader, context, require_der
from certs.p256 import canonical_signature
from certs.public_key import read_algorithm
from certs.x509 import Certificate
from codes.errors import EngineError
from verify.pdf_reasons import PdfRefusal
from verify.reasons import Both

__all__ = ["CmsSignature", "read_cms"]

MAX_CERTIFICATES: Final = 16

_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
_DATA: Final = "1.2.840.113549.1.7.1"
_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_SIGNING_TIME: Final = "1.2.840.113549.1.9.5"
_ALGORITHM_PROTECTION: Final = "1.2.840.113549.1.9.52"
_SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"
_TIMESTAMP: Final = "1.2.840.113549.1.9.16.2.14"
_RSA: Final = "1.2.840.113549.1.1.1"
_DIGESTS: Final = {
    "2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_NULL: Final = b"\x05\x00"
_BROKEN_DIGESTS: Final = {"1.2.840.113549.2.5": "MD5", "1.3.14.3.2.26": "SHA-1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CmsSignature:
    """What the CMS says. ``signed`` are the bytes that ``signature`` covers; nothing is verified yet."""

    digest_name: str                   # a name of hashlib
    message_digest: bytes
    algorithm: str                     # a name of certs.public_key
    signature: bytes
    signed: bytes
    signer: Certificate
    certificates: tuple[Certificate, ...]   # all of them, the signer's included
    certificate_bound: bool            # signing-certificate-v2 names the signer's certificate
    timestamp: bytes | None            # RFC 3161 token
    deviations: tuple[Both, ...]       # how it differs from our form

    def covers(self, data: bytes, ranges: tuple[tuple[int, int], ...]) -> bool:
        """Whether the digest is that of the given ranges (start, length) of ``data``."""
        digest = hashlib.new(self.digest_name)
        view = memoryview(data)
        for start, length in ranges:
            digest.update(view[start:start + length])
        return digest.digest() == self.message_digest

    @property
    def respelt(self) -> bool:
        """Whether this is the other spelling of an ECDSA signature: anybody can make it from ours."""
        return self.signer.key_kind == "p256" and canonical_signature(self.signature) != self.signature

    def holds(self) -> bool:
        """Whether the signer's key made the signature over the signed attributes."""
        return self.signer.verify(self.signed, self.signature, self.algorithm)


def read_cms(der: bytes, where: str) -> CmsSignature:
    """Read one CMS SignedData.

    Raises:
        PdfRefusal: ``pdf.cms`` when it is not this structure, ``pdf.cms-not-der`` when it is not in its one
            form, ``pdf.weak-digest``.
    """
    try:
        require_der(der)
        return _Parser(where).content_info(der)
    except EngineError as error:
        code = "pdf.cms-not-der" if error.code is DerCode.NOT_CANONICAL else "pdf.cms"
        raise PdfRefusal(code, where, what=error.en, was=error.zh) from None


class _Parser:
    """One pass over the structure; ``deviations`` collects forms that are sound but not ours."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.deviations: list[Both] = []

    def content_info(self, der: bytes) -> CmsSignature:
        outer = Reader(der).enter(SEQUENCE)
        if outer.oid() != _SIGNED_DATA:
            raise self.refusal("不是 SignedData", "no SignedData")
        wrapper = outer.enter(context(0))
        body = wrapper.enter(SEQUENCE)
        wrapper.done()
        outer.done()
        version = body.integer()
        digests = body.enter(SET)
        digest_algorithm = digests.raw(SEQUENCE)
        digests.done()
        content = body.enter(SEQUENCE)
        if content.oid() != _DATA or content.more():
            raise self.refusal("内含正文", "content inside")
        if body.peek() != context(0):
            raise self.refusal("没有证书", "no certificates")
        certificates = self.certificates(body.enter(context(0)))
        if body.peek() == context(1):
            raise self.refusal("内含撤销列表", "CRLs inside")
        signers = body.enter(SET)
        body.done()
        signer_info = signers.enter(SEQUENCE)
        signers.done()
        if version != 1:
            raise self.refusal("版本有误", "version")
        return self.signer_info(signer_info, certificates, digest_algorithm)

    def certificates(self, bag: Reader) -> tuple[Certificate, ...]:
        """The certificates; a SET OF in DER stands in the order of its encodings, none twice."""
        encoded: list[bytes] = []
        while bag.more():
            encoded.append(bag.raw(SEQUENCE))
            if len(encoded) > MAX_CERTIFICATES:
                raise self.refusal("证书过多", "too many certificates")
        if len(set(encoded)) != len(encoded):
            raise self.refusal("同一证书出现两次", "a certificate twice")
        if encoded != sorted(encoded):
            self.deviations.append(Both("证书没有按 DER 的次序排列", "certificates not in DER order"))
        return tuple(Certificate.load(each) for each in encoded)

    def signer_info(self, info: Reader, certificates: tuple[Certificate, ...],
                    digest_algorithm: bytes) -> CmsSignature:
        if info.integer() != 1:
            raise self.refusal("签名者版本有误", "signer version")
        identifier = info.enter(SEQUENCE)
        issuer, serial = identifier.raw(SEQUENCE), identifier.integer()
        identifier.done()
        named = [each for each in certificates if each.issuer == issuer and each.serial == serial]
        if len(named) != 1:
            raise self.refusal("找不到签名者的证书", "signer certificate")
        if info.raw(SEQUENCE) != digest_algorithm:
            raise self.refusal("有两种摘要算法", "two digest algorithms")
        digest_name = self.digest(digest_algorithm)
        if not digest_algorithm.endswith(_NULL):
            self.deviations.append(Both("摘要算法没有空参数（NULL）", "a digest algorithm without its parameter NULL"))
        attributes_raw = info.raw(context(0))
        signed = bytes((SET,)) + attributes_raw[1:]
        require_der(signed)
        attributes = self.attributes(Reader(signed).enter(SET))
        signature_algorithm = info.raw(SEQUENCE)
        algorithm = self.algorithm(signature_algorithm, digest_name)
        signature = info.octets()
        timestamp = self.unsigned(info.enter(context(1))) if info.peek() == context(1) else None
        info.done()
        self.protection(attributes, digest_algorithm, signature_algorithm)
        message_digest = self.signed_attributes(attributes)
        bound = self.binds(attributes[_SIGNING_CERTIFICATE_V2], named[0])
        return CmsSignature(
            digest_name=digest_name, message_digest=message_digest, algorithm=algorithm, signature=signature,
            signed=signed, signer=named[0], certificates=certificates, certificate_bound=bound,
            timestamp=timestamp, deviations=tuple(self.deviations))

    def digest(self, algorithm: bytes) -> str:
        reader = Reader(algorithm).enter(SEQUENCE)
        oid = reader.oid()
        if reader.more():
            reader.null()
        reader.done()
        if oid in _BROKEN_DIGESTS:
            raise PdfRefusal("pdf.weak-digest", self.where, what=_BROKEN_DIGESTS[oid])
        if oid not in _DIGESTS:
            raise self.refusal(f"摘要算法 {oid}", f"digest algorithm {oid}")
        return _DIGESTS[oid]

    def algorithm(self, encoded: bytes, digest_name: str) -> str:
        reader = Reader(encoded).enter(SEQUENCE)
        if reader.oid() == _RSA:
            reader.null()
            reader.done()
            self.deviations.append(Both("签名算法 rsaEncryption", "signature algorithm rsaEncryption"))
            return f"rsa-{digest_name}"
        name = read_algorithm(Reader(encoded))
        if not name.endswith(f"-{digest_name}"):
            raise self.refusal("签名与摘要的算法不一致", "signature and digest algorithm disagree")
        return name

    def attributes(self, reader: Reader) -> dict[str, bytes]:
        """Attributes by OID; each occurs once and has exactly one value."""
        return read_attributes(reader, twice=lambda: self.refusal("同一属性出现两次", "an attribute twice"))

    def signed_attributes(self, found: dict[str, bytes]) -> bytes:
        """Check which there are and give the message digest."""
        demanded = {_CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_CERTIFICATE_V2}
        if not demanded <= found.keys():
            raise self.refusal("缺少签名属性", "a signed attribute is missing")
        if _SIGNING_TIME in found:
            self.deviations.append(Both("签名属性 signingTime", "signed attribute signingTime"))
        for oid in sorted(found.keys() - demanded - {_ALGORITHM_PROTECTION, _SIGNING_TIME}):
            self.deviations.append(Both(f"签名属性 {oid}", f"signed attribute {oid}"))
        if Reader(found[_CONTENT_TYPE]).oid() != _DATA:
            raise self.refusal("内容类型有误", "content type")
        return Reader(found[_MESSAGE_DIGEST]).octets()

    def protection(self, found: dict[str, bytes], digest: bytes, signature: bytes) -> None:
        """CMSAlgorithmProtection (RFC 6211), where present, names the algorithms used."""
        if _ALGORITHM_PROTECTION not in found:
            return
        reader = Reader(found[_ALGORITHM_PROTECTION]).enter(SEQUENCE)
        told_digest, told_signature = reader.raw(SEQUENCE), reader.raw(context(1))
        reader.done()
        if told_digest != digest or told_signature[1:] != signature[1:]:
            raise self.refusal("CMSAlgorithmProtection 所列算法不一致", "CMSAlgorithmProtection disagrees")

    def binds(self, attribute: bytes, signer: Certificate) -> bool:
        """Whether the first ESSCertIDv2 (RFC 5035) is the signer's certificate."""
        reader = Reader(attribute).enter(SEQUENCE)
        first = reader.enter(SEQUENCE).enter(SEQUENCE)
        name = "sha256"
        if first.peek() == SEQUENCE:
            name = self.digest(first.raw(SEQUENCE))
        digest = first.octets()
        if first.more():
            issuer_serial = first.enter(SEQUENCE)
            general_names = issuer_serial.enter(SEQUENCE)
            directory = general_names.enter(context(4))
            general_names.done()
            if directory.raw(SEQUENCE) != signer.issuer or issuer_serial.integer() != signer.serial:
                return False
            issuer_serial.done()
        first.done()
        return hashlib.new(name, signer.der).digest() == digest

    def unsigned(self, reader: Reader) -> bytes | None:
        """The signature timestamp. Any other unsigned attribute is refused: anyone can add it."""
        found = self.attributes(reader)
        if found.keys() != {_TIMESTAMP}:
            raise self.refusal("带有未签名的属性", "unsigned attribute")
        return found[_TIMESTAMP]

    def refusal(self, zh: str, en: str) -> PdfRefusal:
        return PdfRefusal("pdf.cms", self.where, what=en, was=zh)
