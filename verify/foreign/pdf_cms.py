"""Reads the CMS of a foreign PDF signature (RFC 5652): PAdES, or plain adbe.pkcs7.detached of any writer.

Lenient where writers differ (further signed attributes, the way the signer is named), strict about what binds: DER in
everything that is not signed, one signer, signed content type and digest. What nobody signed is listed in
``loose``: certificates are looked at later, anything else keeps the file from being called genuine. What the
standards spell otherwise, and what changes nothing that is signed, is listed in ``odd``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from certs.cms_attributes import read_attributes
from certs.der import OCTET_STRING, SEQUENCE, SET, DerCode, DerError, Reader, context
from certs.public_key import ALGORITHM_BY_OID
from certs.x509 import Certificate
from codes.errors import EngineError
from verify.foreign.pdf_digests import digest_of, holds_pss
from verify.foreign.pdf_reasons import ForeignRefusal
from verify.reasons import Both

__all__ = ["Binding", "ForeignCms", "read_cms"]

MAX_CERTIFICATES: Final = 24

_SIGNED_DATA: Final = frozenset({"1.2.840.113549.1.7.2", "1.2.156.10197.6.1.4.2.2"})
_DATA: Final = frozenset({"1.2.840.113549.1.7.1", "1.2.156.10197.6.1.4.2.1"})
_NATIONAL: Final = frozenset({"1.2.156.10197.6.1.4.2.1", "1.2.156.10197.6.1.4.2.2"})     # GB/T 35275
_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_SIGNING_TIME: Final = "1.2.840.113549.1.9.5"
_ALGORITHM_PROTECTION: Final = "1.2.840.113549.1.9.52"
_BINDING_V1: Final = "1.2.840.113549.1.9.16.2.12"
_BINDING_V2: Final = "1.2.840.113549.1.9.16.2.47"
_TIMESTAMP: Final = "1.2.840.113549.1.9.16.2.14"
_RSA_KEY: Final = "1.2.840.113549.1.1.1"
_EC_KEY: Final = "1.2.840.10045.2.1"
_PSS: Final = "1.2.840.113549.1.1.10"
_MGF1: Final = "1.2.840.113549.1.1.8"
_SM2: Final = frozenset({"1.2.156.10197.1.501", "1.2.156.10197.1.301", "1.2.156.10197.1.301.1"})
_DIGESTS: Final = {
    "2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384", "2.16.840.1.101.3.4.2.3": "sha512",
    "1.2.156.10197.1.401": "sm3",
}
_BROKEN: Final = {
    "1.2.840.113549.2.5": "MD5", "1.3.14.3.2.26": "SHA-1", "1.2.840.113549.1.1.5": "SHA-1",
    "1.2.840.113549.1.1.4": "MD5", "1.2.840.10045.4.1": "SHA-1", "2.16.840.1.101.3.4.2.4": "SHA-224",
}
_NULL: Final = b"\x05\x00"


@dataclass(frozen=True, slots=True)
class Binding:
    """How the signed attributes name the certificate: not at all, by SHA-1, or well; and whether it fits."""

    present: bool
    weak: bool = False
    fits: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignCms:
    """What the CMS says; nothing is verified yet.

    ``algorithm`` is a name of ``certs.public_key``, or ``pss-<digest>`` with ``salt`` bytes of salt. ``signed`` are
    the octets under ``signature``. ``loose`` names what nobody signed, ``odd`` what is spelt as no standard has it.
    """

    digest_name: str                   # of hashlib, or sm3
    message_digest: bytes
    algorithm: str
    salt: int
    signature: bytes
    signed: bytes
    signer: Certificate
    certificates: tuple[Certificate, ...]
    binding: Binding
    timestamp: bytes | None
    claimed_at: object                 # datetime of the signed attribute, or None
    loose: tuple[Both, ...]
    odd: tuple[Both, ...]

    def covers(self, *parts: memoryview) -> bool:
        """Whether the digest is that of the parts."""
        return digest_of(self.digest_name, *parts) == self.message_digest

    def holds(self) -> bool:
        """Whether the signer's key made the signature over the signed attributes."""
        if self.algorithm.startswith("pss-"):
            return holds_pss(self.signer.public_key.spki, self.signed, self.signature, self.digest_name, self.salt)
        return self.signer.verify(self.signed, self.signature, self.algorithm)


def read_cms(der: bytes, where: str) -> ForeignCms:
    """Read one CMS SignedData without content.

    Raises:
        ForeignRefusal: ``fpdf.cms``, ``fpdf.cms-not-der``, ``fpdf.weak-digest``.
    """
    try:
        return _Parser(where).content_info(der)
    except DerError as error:
        code = "fpdf.cms-not-der" if error.code is DerCode.NOT_CANONICAL else "fpdf.cms"
        raise ForeignRefusal(code, where, what=error.en, was=error.zh) from None
    except EngineError as error:
        raise ForeignRefusal("fpdf.cms", where, what=error.en, was=error.zh) from None


class _Parser:
    """One pass over the structure."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.loose: list[Both] = []
        self.odd: list[Both] = []
        self.unread: EngineError | None = None      # why a certificate inside cannot be read

    def content_info(self, der: bytes) -> ForeignCms:
        whole = Reader(der)
        outer = whole.enter(SEQUENCE)
        whole.done()
        kind = outer.oid()
        if kind not in _SIGNED_DATA:
            raise self.refusal("不是 SignedData", "no SignedData")
        wrapper = outer.enter(context(0))
        outer.done()
        body = wrapper.enter(SEQUENCE)
        wrapper.done()
        version = body.integer()
        digests = body.enter(SET)
        named: list[bytes] = []
        while digests.more():
            named.append(digests.raw(SEQUENCE))
        content = body.enter(SEQUENCE)
        content_type = content.oid()
        if content_type not in _DATA or content.more():
            raise self.refusal("内含正文", "content inside")
        if (kind in _NATIONAL) != (content_type in _NATIONAL):
            self.odd.append(Both("国标与国际的内容标识混用", "identifiers of GB/T 35275 and of PKCS#7 mixed"))
        certificates = self.certificates(body.enter(context(0))) if body.peek() == context(0) else ()
        if body.peek() == context(1):
            body.raw()
            self.loose.append(Both("撤销列表", "a CRL"))
        signers = body.enter(SET)
        body.done()
        info = signers.enter(SEQUENCE)
        if signers.more():
            raise self.refusal("签名者不止一个", "several signers")
        return self.signer_info(info, certificates, named, version, content_type)

    def certificates(self, bag: Reader) -> tuple[Certificate, ...]:
        """The certificates that can be read; a SET OF in DER stands in the order of its encodings."""
        encoded: list[bytes] = []
        while bag.more():
            encoded.append(bag.raw())
            if len(encoded) > MAX_CERTIFICATES:
                raise self.refusal("证书过多", "too many certificates")
        if len(set(encoded)) != len(encoded):
            self.loose.append(Both("重复的证书", "a certificate twice"))
        if encoded != sorted(encoded):
            self.loose.append(Both("次序有误的证书", "certificates out of order"))
        found: list[Certificate] = []
        for each in dict.fromkeys(encoded):
            try:
                found.append(Certificate.load(each))
            except EngineError as error:
                self.loose.append(Both("无法读取的证书", "a certificate that cannot be read"))
                self.unread = error
        return tuple(found)

    def signer_info(self, info: Reader, certificates: tuple[Certificate, ...], named: list[bytes],
                    version: int, content_type: str) -> ForeignCms:
        own = info.integer()
        if own != (1 if info.peek() == SEQUENCE else 3) or version not in (1, own):
            self.loose.append(Both(f"版本 {version}，{own}", f"version {version}, {own}"))
        elif version != own:
            self.odd.append(Both(f"版本写作 {version}，应为 {own}", f"version {version} where {own} belongs"))
        signer = self.signer(info, certificates)
        digest_algorithm = info.raw(SEQUENCE)
        digest_name = self.digest(digest_algorithm)
        if [self.digest(each) for each in named] != [digest_name]:
            raise self.refusal("摘要算法前后不一", "digest algorithms disagree")
        if named != [digest_algorithm]:
            self.odd.append(Both("摘要算法前后两种写法", "the digest algorithm spelt in two ways"))
        if info.peek() != context(0):
            raise self.refusal("没有签名属性", "it has no signed attributes")
        attributes = info.raw(context(0))
        signed = bytes((SET,)) + attributes[1:]
        found = self.attributes(Reader(signed).enter(SET))
        signature_algorithm = info.raw(SEQUENCE)
        algorithm, salt = self.algorithm(signature_algorithm, digest_name, signer)
        signature = info.octets()
        timestamp = self.unsigned(info.enter(context(1))) if info.peek() == context(1) else None
        info.done()
        self.protection(found, digest_algorithm, signature_algorithm)
        signed_type = Reader(found[_CONTENT_TYPE]).oid() if _CONTENT_TYPE in found else ""
        if signed_type not in _DATA:
            raise self.refusal("内容类型有误", "content type")
        if signed_type != content_type:
            self.odd.append(Both("内容类型与签名属性所写不同", "another content type than the signed attribute names"))
        if _MESSAGE_DIGEST not in found:
            raise self.refusal("没有摘要", "no message digest")
        claimed = Reader(found[_SIGNING_TIME]).time() if _SIGNING_TIME in found else None
        return ForeignCms(
            digest_name=digest_name, message_digest=Reader(found[_MESSAGE_DIGEST]).octets(), algorithm=algorithm,
            salt=salt, signature=signature, signed=signed, signer=signer, certificates=certificates,
            binding=self.binding(found, signer), timestamp=timestamp, claimed_at=claimed,
            loose=tuple(self.loose), odd=tuple(self.odd))

    def signer(self, info: Reader, certificates: tuple[Certificate, ...]) -> Certificate:
        """The certificate that the signer's identifier names."""
        if info.peek() == SEQUENCE:
            identifier = info.enter(SEQUENCE)
            issuer, serial = identifier.raw(SEQUENCE), identifier.integer()
            identifier.done()
            fit = [each for each in certificates if (each.issuer, each.serial) == (issuer, serial)]
        else:
            key_id = info.body(context(0, constructed=False))
            fit = [each for each in certificates if each.subject_key_id == key_id]
        if len(fit) != 1 and self.unread is not None:
            raise ForeignRefusal("fpdf.cms", self.where, what=f"signer certificate: {self.unread.en}",
                                 was=f"签名者证书：{self.unread.zh}")
        if len(fit) != 1:
            raise self.refusal("签名者的证书不在其中", "the signer's certificate is not inside")
        return fit[0]

    def digest(self, algorithm: bytes) -> str:
        reader = Reader(algorithm).enter(SEQUENCE)
        oid = reader.oid()
        if reader.more() and reader.raw() != _NULL:
            raise self.refusal("摘要算法的参数有误", "digest parameters")
        reader.done()
        if oid in _BROKEN:
            raise ForeignRefusal("fpdf.weak-digest", self.where, what=_BROKEN[oid])
        if oid not in _DIGESTS:
            raise self.refusal(f"摘要算法 {oid}", f"digest algorithm {oid}")
        return _DIGESTS[oid]

    def algorithm(self, encoded: bytes, digest_name: str, signer: Certificate) -> tuple[str, int]:
        """The signature algorithm and, for PSS, the length of its salt."""
        reader = Reader(encoded).enter(SEQUENCE)
        oid = reader.oid()
        if oid == _PSS:
            return f"pss-{digest_name}", self.pss(reader, digest_name)
        parameters = reader.raw() if reader.more() else b""
        reader.done()
        if parameters not in (b"", _NULL):
            raise self.refusal("签名算法的参数有误", "signature parameters")
        if oid in _BROKEN:
            raise ForeignRefusal("fpdf.weak-digest", self.where, what=_BROKEN[oid])
        if oid in _SM2 and digest_name == "sm3":
            return "sm2-sm3", 0
        if oid == _RSA_KEY:
            name = f"rsa-{digest_name}"
        elif oid == _EC_KEY and signer.key_kind != "sm2":
            name = f"ecdsa-{digest_name}"
        else:
            name = ALGORITHM_BY_OID.get(oid, "")
        if name not in ALGORITHM_BY_OID.values() or not name.endswith(f"-{digest_name}"):
            raise self.refusal(f"签名算法 {oid}", f"signature algorithm {oid}")
        if oid == _EC_KEY or parameters != (_NULL if name.startswith("rsa-") else b""):
            self.odd.append(Both("签名算法的写法", "the spelling of the signature algorithm"))
        return name, 0

    def pss(self, reader: Reader, digest_name: str) -> int:
        """RSASSA-PSS-params (RFC 4055): the same digest twice; the default of SHA-1 is refused."""
        parameters = reader.enter(SEQUENCE)
        reader.done()
        if digest_name == "sm3" or parameters.peek() != context(0):
            raise ForeignRefusal("fpdf.weak-digest", self.where, what="SHA-1 (PSS)")
        hashed = parameters.enter(context(0)).raw(SEQUENCE)
        if parameters.peek() != context(1):
            raise ForeignRefusal("fpdf.weak-digest", self.where, what="SHA-1 (PSS)")
        mask = parameters.enter(context(1)).enter(SEQUENCE)
        mask_oid, masked = mask.oid(), mask.raw(SEQUENCE)
        if mask_oid != _MGF1 or {self.digest(hashed), self.digest(masked)} != {digest_name}:
            raise self.refusal("PSS 参数有误", "PSS parameters")
        salt = parameters.enter(context(2)).integer() if parameters.peek() == context(2) else 20
        trailer = parameters.enter(context(3)).integer() if parameters.more() else None
        if trailer not in (None, 1):
            raise self.refusal("PSS 参数有误", "PSS parameters")
        if hashed != masked or trailer is not None:
            self.odd.append(Both("PSS 参数的写法", "the spelling of the PSS parameters"))
        if not 0 <= salt <= 1024:
            raise self.refusal("PSS 参数有误", "PSS parameters")
        return salt

    def attributes(self, reader: Reader) -> dict[str, bytes]:
        """Attributes by OID; each occurs once. Only the first value of one that nobody reads here is kept."""
        return read_attributes(
            reader, twice=lambda: self.refusal("同一属性出现两次", "an attribute twice"), single=_READ)

    def unsigned(self, reader: Reader) -> bytes | None:
        """The signature timestamp; whatever else nobody signed is named."""
        found = self.attributes(reader)
        if not found:
            self.odd.append(Both("空的未签名属性表", "an empty list of unsigned attributes"))
        self.loose += [Both(f"未签名的属性 {oid}", f"unsigned attribute {oid}")
                       for oid in sorted(found.keys() - {_TIMESTAMP})]
        return found.get(_TIMESTAMP)

    def protection(self, found: dict[str, bytes], digest: bytes, signature: bytes) -> None:
        """CMSAlgorithmProtection (RFC 6211), where present, names the algorithms used."""
        if _ALGORITHM_PROTECTION not in found:
            return
        reader = Reader(found[_ALGORITHM_PROTECTION]).enter(SEQUENCE)
        if reader.raw(SEQUENCE) != digest or reader.raw(context(1))[1:] != signature[1:]:
            raise self.refusal("CMSAlgorithmProtection 所列算法不一致", "CMSAlgorithmProtection disagrees")

    def binding(self, found: dict[str, bytes], signer: Certificate) -> Binding:
        """Whether signing-certificate-v2, or its old form, names the signer's certificate (RFC 5035)."""
        oid = _BINDING_V2 if _BINDING_V2 in found else _BINDING_V1
        if oid not in found:
            return Binding(present=False)
        first = Reader(found[oid]).enter(SEQUENCE).enter(SEQUENCE).enter(SEQUENCE)
        weak, name = oid == _BINDING_V1, "sha1" if oid == _BINDING_V1 else "sha256"
        if not weak and first.peek() == SEQUENCE:
            name = self.digest(first.raw(SEQUENCE))
        fits = first.body(OCTET_STRING) == digest_of(name, signer.der)
        return Binding(present=True, weak=weak, fits=fits and (not first.more() or self.names(first, signer)))

    def names(self, entry: Reader, signer: Certificate) -> bool:
        """Whether the issuer and serial number in ESSCertID are the signer's."""
        issuer_serial = entry.enter(SEQUENCE)
        directory = issuer_serial.enter(SEQUENCE).enter(context(4))
        return directory.raw(SEQUENCE) == signer.issuer and issuer_serial.integer() == signer.serial

    def refusal(self, zh: str, en: str) -> ForeignRefusal:
        return ForeignRefusal("fpdf.cms", self.where, what=en, was=zh)


_READ: Final = frozenset({
    _CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_TIME, _ALGORITHM_PROTECTION, _BINDING_V1, _BINDING_V2, _TIMESTAMP})
