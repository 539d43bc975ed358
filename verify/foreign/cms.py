"""Plain digital signatures (type Sign) of any writer: GB/T 35275 and PKCS#7 / CMS SignedData, read leniently.

Forms that occur: signed attributes whose messageDigest is the digest of Signature.xml, without content; the digest of
Signature.xml as content and a signature over that content, also as a bare SignedData; the file itself signed. One
signer; what the signature does not cover must follow from what it covers, be verifiable, or be refused.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Final, NamedTuple

from certs.cms_attributes import read_attributes
from certs.der import OCTET_STRING, OID, SEQUENCE, SET, Reader, context
from certs.public_key import ALGORITHM_BY_OID
from certs.ses_info import ALGORITHM_OID, SM3_OID
from certs.sm3 import sm3
from certs.x509 import Certificate
from certs.x509_loose import loose_name
from verify.foreign.der_loose import LooseReader
from verify.foreign.ses_loose import load_certificate
from verify.foreign.signed_value import Forgiven, SignedValue
from verify.reasons import Refusal

__all__ = ["DIGESTS", "digest_of", "read_cms"]

_SIGNED_DATA: Final = {"1.2.156.10197.6.1.4.2.2": "GB/T 35275", "1.2.840.113549.1.7.2": "PKCS#7"}
_PLAIN_DATA: Final = "1.2.840.113549.1.7.1"
_DATA: Final = frozenset({"1.2.156.10197.6.1.4.2.1", _PLAIN_DATA})
_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_SIGNING_TIME: Final = "1.2.840.113549.1.9.5"
_SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"
_TIMESTAMP: Final = "1.2.840.113549.1.9.16.2.14"
_RSA_KEY: Final = "1.2.840.113549.1.1.1"
_SM2_NAMES: Final = frozenset({ALGORITHM_OID, "1.2.156.10197.1.301.1", "1.2.156.10197.1.301"})
_WEAK: Final = {
    "1.2.840.113549.2.5": "MD5", "1.3.14.3.2.26": "SHA-1", "1.2.840.113549.1.1.4": "MD5",
    "1.2.840.113549.1.1.5": "SHA-1", "1.2.840.10045.4.1": "SHA-1",
}
_DIGEST_OIDS: Final = {
    SM3_OID: "SM3", "2.16.840.1.101.3.4.2.1": "SHA-256", "2.16.840.1.101.3.4.2.2": "SHA-384",
    "2.16.840.1.101.3.4.2.3": "SHA-512",
}
DIGESTS: Final = {"SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
"""Digests beside SM3, by the name that is told, with the name of hashlib."""
_NULL: Final = b"\x05\x00"
MAX_CERTIFICATES: Final = 16


def digest_of(algorithm: str, message: bytes) -> bytes:
    """The digest by a name that a signature value states (``SM3``, ``SHA-256`` …)."""
    return sm3(message) if algorithm == "SM3" else hashlib.new(DIGESTS[algorithm], message).digest()


def read_cms(data: bytes, where: str) -> SignedValue:
    """Read a SignedData, with or without its ContentInfo around it.

    Raises:
        Refusal: ``value.form``, ``value.signature-form``, ``value.algorithm``, ``value.weak``, ``value.content``,
            ``value.certificate``, ``value.certificate-unbound``, ``value.several-signers``, ``value.unsigned``.
        DerError: a length or a tag is not as it must be.
    """
    outer = Reader(data)
    body = outer.enter(SEQUENCE)
    outer.done()
    return _Parser(LooseReader(where)).signed_data(body)


class _Content(NamedTuple):
    """EncapsulatedContentInfo: its type, and what is inside (None: the signature is detached)."""

    kind: str
    inside: bytes | None


@dataclass(slots=True)
class _Attributes:
    """Attributes by OID, each once with one value (encoded)."""

    values: dict[str, bytes]
    loose: LooseReader

    def __getitem__(self, oid: str) -> Reader:
        if oid not in self.values:
            raise self.loose.refusal(f"缺少签名属性 {oid}", f"the signed attribute {oid} is missing")
        return Reader(self.values[oid])

    def __contains__(self, oid: str) -> bool:
        return oid in self.values


class _Parser:
    """One pass over the structure."""

    def __init__(self, loose: LooseReader) -> None:
        self.loose = loose

    def signed_data(self, body: Reader) -> SignedValue:
        form = "GB/T 35275"
        if body.peek() == OID:
            oid = body.oid()
            if oid not in _SIGNED_DATA:
                raise self.loose.refusal(f"内容类型 {oid} 不是签名数据", f"the content type {oid} is no SignedData")
            form = _SIGNED_DATA[oid]
            wrapper = body.enter(context(0))
            body.done()
            body = wrapper.enter(SEQUENCE)
            wrapper.done()
        else:
            self.loose.forgive("form.value-bare")
        version = body.integer()
        algorithms = body.enter(SET)
        named = self.algorithm(algorithms)
        algorithms.done()
        content = self.content(body.enter(SEQUENCE))
        certificates = self.certificates(body.enter(context(0))) if body.peek() == context(0) else ()
        crls = self.crls(body.enter(context(1))) if body.peek() == context(1) else ()
        signers = body.enter(SET)
        body.done()
        signer_info = signers.enter(SEQUENCE)
        if signers.more():
            raise Refusal("value.several-signers", self.loose.where)
        return self.signer_info(signer_info, form, version, named, content, certificates, crls)

    def algorithm(self, reader: Reader) -> str:
        """The OID of an AlgorithmIdentifier; parameters are absent or NULL."""
        inner = reader.enter(SEQUENCE)
        oid = inner.oid()
        if inner.more() and inner.raw() != _NULL:
            raise self.loose.refusal(f"算法 {oid} 带有参数", f"the algorithm {oid} has parameters")
        inner.done()
        if oid in _WEAK:
            raise Refusal("value.weak", self.loose.where, method=_WEAK[oid])
        return oid

    def content(self, reader: Reader) -> _Content:
        kind, inside = reader.oid(), None
        if kind not in _DATA:
            raise self.loose.refusal(f"被签内容的类型 {kind} 不是数据",
                                     f"the signed content is of type {kind}, not data")
        if reader.more():
            holder = reader.enter(context(0))
            inside = holder.octets()
            holder.done()
        reader.done()
        return _Content(kind, inside)

    def certificates(self, bag: Reader) -> tuple[Certificate, ...]:
        found: list[bytes] = []
        while bag.more():
            found.append(bag.raw(SEQUENCE))
            if len(found) > MAX_CERTIFICATES:
                raise self.loose.refusal("证书过多", "there are too many certificates")
        if len(set(found)) != len(found):
            raise self.loose.refusal("有重复的证书", "there is a certificate twice")
        return tuple(self.certificate(each) for each in found)

    def certificate(self, der: bytes) -> Certificate:
        certificate, (zh, en) = load_certificate(self.loose, der)
        if certificate is None:
            raise Refusal("value.certificate", self.loose.where, zh=zh, en=en)
        return certificate

    def crls(self, bag: Reader) -> tuple[bytes, ...]:
        found: list[bytes] = []
        while bag.more():
            found.append(bag.raw(SEQUENCE))
            if len(found) > MAX_CERTIFICATES:
                raise self.loose.refusal("撤销列表过多", "there are too many revocation lists")
        return tuple(found)

    def signer_info(
        self, info: Reader, form: str, version: int, named: str, content: _Content,
        certificates: tuple[Certificate, ...], crls: tuple[bytes, ...],
    ) -> SignedValue:
        signer = self.signer(info, version, content.kind, certificates)
        digest_oid = self.algorithm(info)
        if digest_oid != named or digest_oid not in _DIGEST_OIDS:
            raise Refusal("value.algorithm", self.loose.where, method=digest_oid)
        name = _DIGEST_OIDS[digest_oid]
        raw = info.raw(context(0)) if info.peek() == context(0) else None
        algorithm = self.signature_algorithm(self.algorithm(info), name)
        octets = info.octets()
        timestamp = self.timestamp(info.enter(context(1))) if info.peek() == context(1) else None
        info.done()
        claimed_at: dt.datetime | None = None
        if raw is None:
            signed, digest = content.inside, self.digest(content, name)
        else:
            signed = bytes((SET,)) + raw[1:]
            attributes = self.attributes(Reader(signed).enter(SET))
            digest = self.bound_digest(attributes, content, name)
            self.check_certificate(attributes, signer)
            if _SIGNING_TIME in attributes:
                claimed_at = self.loose.time(attributes[_SIGNING_TIME])
        return SignedValue(
            form=form, signer=signer, extra=tuple(each for each in certificates if each is not signer), crls=crls,
            claimed_at=claimed_at, digest=digest, digest_algorithm=name, content=content.inside, timestamp=timestamp,
            signed=signed, signature=self.loose.sm2_signature(octets) if algorithm == "sm2-sm3" else octets,
            signature_value=octets, algorithm=algorithm,
            forgiven=tuple(Forgiven(code, facts) for code, facts in self.loose.forgiven))

    def signer(
        self, info: Reader, version: int, kind: str, certificates: tuple[Certificate, ...],
    ) -> Certificate:
        """The one certificate that the signer's identifier names."""
        number = info.integer()
        if info.peek() == SEQUENCE:
            identifier = info.enter(SEQUENCE)
            issuer, serial = loose_name(identifier.raw(SEQUENCE)), identifier.integer()
            identifier.done()
            named = [each for each in certificates if (each.issuer, each.serial) == (issuer, serial)]
            usual = 1
        else:
            key_id = info.body(context(0, constructed=False))
            named = [each for each in certificates if each.subject_key_id == key_id]
            usual = 3
        if number == usual == 1 and version == 3 and kind != _PLAIN_DATA:
            self.loose.forgive("form.value-cms-version")     # so RFC 5652 has it for content that is not plain data
        elif version != usual or number != usual:
            raise self.loose.refusal("版本号有误", "a version number is wrong")
        if len(named) != 1:
            raise Refusal("value.certificate", self.loose.where, zh="其中没有签名人的证书",
                          en="the signer's certificate is not inside")
        return named[0]

    def signature_algorithm(self, oid: str, digest: str) -> str:
        """The name in :mod:`certs.public_key`; it has to agree with the digest."""
        if oid in _SM2_NAMES and digest == "SM3":
            if oid == "1.2.156.10197.1.301":
                self.loose.forgive("form.value-algorithm", method=oid)
            return "sm2-sm3"
        tail = DIGESTS.get(digest, "")
        name = f"rsa-{tail}" if oid == _RSA_KEY else ALGORITHM_BY_OID.get(oid, "")
        if not tail or not name.endswith(f"-{tail}"):
            raise Refusal("value.algorithm", self.loose.where, method=oid)
        return name

    def attributes(self, reader: Reader) -> _Attributes:
        return _Attributes(read_attributes(
            reader, twice=lambda: self.loose.refusal("签名属性重复", "an attribute stands twice")), self.loose)

    def digest(self, content: _Content, name: str) -> bytes:
        """What a signature without attributes binds: nothing but its message, which may be the digest."""
        if content.inside is None:
            return b""
        size = len(digest_of(name, b""))
        return content.inside if len(content.inside) == size else digest_of(name, content.inside)

    def bound_digest(self, attributes: _Attributes, content: _Content, name: str) -> bytes:
        """The digest that the signed attributes bind, through the content where there is one."""
        if attributes[_CONTENT_TYPE].oid() not in _DATA:
            raise self.loose.refusal("签名属性中的内容类型有误", "the signed content type is another")
        stated = attributes[_MESSAGE_DIGEST].octets()
        if len(stated) != len(digest_of(name, b"")):
            raise self.loose.refusal("签名属性中的摘要长度有误", "the signed digest is of the wrong length")
        if content.inside is None:
            return stated
        if digest_of(name, content.inside) != stated:
            raise Refusal("value.content", self.loose.where)
        return self.digest(content, name)

    def check_certificate(self, attributes: _Attributes, signer: Certificate) -> None:
        """signing-certificate-v2 (RFC 5035), where present, names the signer's certificate first."""
        if _SIGNING_CERTIFICATE_V2 not in attributes:
            return
        first = attributes[_SIGNING_CERTIFICATE_V2].enter(SEQUENCE).enter(SEQUENCE).enter(SEQUENCE)
        oid = self.algorithm(first) if first.peek() == SEQUENCE else "2.16.840.1.101.3.4.2.1"
        if oid not in _DIGEST_OIDS:
            raise Refusal("value.algorithm", self.loose.where, method=oid)
        if first.body(OCTET_STRING) != digest_of(_DIGEST_OIDS[oid], signer.der):
            raise Refusal("value.certificate-unbound", self.loose.where)

    def timestamp(self, reader: Reader) -> bytes:
        """The signature timestamp, the one unsigned attribute that is taken: anyone can add others."""
        found = self.attributes(reader)
        if found.values.keys() != {_TIMESTAMP}:
            raise Refusal("value.unsigned", self.loose.where)
        return found.values[_TIMESTAMP]
