"""Certificate requests (PKCS#10, RFC 2986): made for the three keys of an authority, and read strictly.

Reading is closed: strict DER, one attribute (extensionRequest) at most, and a signature by the very key that the
request names, so that whoever asks for a certificate is shown to hold its key. ::

    CertificationRequest     ::= SEQUENCE { certificationRequestInfo, signatureAlgorithm, signature BIT STRING }
    CertificationRequestInfo ::= SEQUENCE { version INTEGER (0), subject Name, subjectPKInfo,
                                            attributes [0] IMPLICIT SET OF Attribute }
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import enum
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal
from unicodedata import is_normalized

from certs import der_build as build
from certs import p256, sm2
from certs.config import Password
from certs.der import SEQUENCE, SET, DerError, Reader, context, require_der
from certs.files import read_file, write_atomic
from certs.key_reference import key_path, make_like, open_key
from certs.keystore import PrivateKey, ScryptCost, store_key
from certs.plain_text import no_name, odd_character, says_something
from certs.public_key import KeyKind, PublicKey, PublicKeyError, read_algorithm
from certs.signer import SigningKey
from certs.x509 import OID_COMMON_NAME, OID_ORGANISATION, name_attributes, name_text
from certs.x509_build import (
    DOCUMENT_SIGNING,
    algorithm_identifier,
    encode_name,
    ext_key_usage_extension,
    key_usage_extension,
    uscc_extension,
)
from certs.x509_errors import CertificateError
from certs.x509_extensions import Extensions, read_extensions
from codes.errors import EngineError
from codes.uscc import is_uscc

__all__ = [
    "KIND_NAMES", "PERSON", "PROFILES", "SERVICES", "SIGNING", "CertificateRequest", "KeyProfile", "RequestCode",
    "RequestError", "authority_request", "build_request", "keep_request", "new_key", "person_request",
]

SIGNING: Final = ("digitalSignature", "nonRepudiation")
"""Usages of a key that signs documents, seals or licence data."""
MAX_NAME: Final = 64                                # RFC 5280, upper bound of CN and O
_MAX_BYTES: Final = 64 * 1024
_VERSION: Final = 0
_EXTENSION_REQUEST: Final = "1.2.840.113549.1.9.14"
_BEGIN, _END = b"-----BEGIN CERTIFICATE REQUEST-----", b"-----END CERTIFICATE REQUEST-----"


class RequestCode(enum.StrEnum):
    """Codes of :class:`RequestError`."""

    MALFORMED = "request.malformed"
    TOO_LARGE = "request.too-large"
    SIGNATURE = "request.signature"
    KEY = "request.key-kind"
    NAME = "request.bad-name"
    USCC = "request.bad-uscc"


class RequestError(EngineError):
    """A certificate request cannot be made as asked, or the bytes are none that can be relied on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyProfile:
    """What the certificate of one of an authority's keys is asked for as; new keys are of ``kind``."""

    kind: Literal["sm2", "p256"]
    also: tuple[KeyKind, ...] = ()
    unit: str
    ext_key_usage: tuple[str, ...] = ()


PROFILES: Final[Mapping[str, KeyProfile]] = MappingProxyType({
    "sealing": KeyProfile(kind="sm2", unit="电子印章"),
    "data": KeyProfile(kind="sm2", unit="数据签名"),
    "pdf": KeyProfile(kind="p256", also=("rsa",), unit="版式文件签名", ext_key_usage=(DOCUMENT_SIGNING,)),
})
"""Role of an authority's key (:data:`certs.seal_folder.ROLES`) → its profile; the unit is the subject's OU."""
SERVICES: Final[Mapping[str, KeyProfile]] = MappingProxyType({
    "audit": KeyProfile(kind="sm2", unit="审计"),
    "status": KeyProfile(kind="sm2", unit="印章状态"),
    "seal-maker": KeyProfile(kind="sm2", unit="制章"),
    "report": KeyProfile(kind="p256", also=("rsa",), unit="核验报告", ext_key_usage=(DOCUMENT_SIGNING,)),
    "trust-list": KeyProfile(kind="sm2", unit="信任列表"),
})
"""Keys that act for a deployment as a whole: of the audit log, of the status list, of the seal maker, of reports, of
the trust list."""
PERSON: Final = "actor"
"""Role of the key with which a person signs acts and approvals."""
KIND_NAMES: Final[Mapping[str, str]] = {"sm2": "SM2", "p256": "P-256", "rsa": "RSA"}
_ALL: Final = {**PROFILES, **SERVICES, PERSON: KeyProfile(kind="sm2", unit="")}


def new_key(role: str) -> PrivateKey:
    """Make a key of the kind that ``role`` of :data:`PROFILES` or :data:`SERVICES`, or :data:`PERSON`, takes."""
    return sm2.PrivateKey.generate() if _ALL[role].kind == "sm2" else p256.PrivateKey.generate()


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRequest:
    """A request whose signature is good.

    Attributes:
        der: its bytes; ``subject`` the encoded Name in them.
        key_usage, ext_key_usage, uscc: what it asks for; None where it does not say.
    """

    der: bytes
    subject: bytes
    public_key: PublicKey
    key_usage: frozenset[str] | None
    ext_key_usage: tuple[str, ...] | None
    uscc: str | None

    def __repr__(self) -> str:
        return f"<certificate request for {name_text(self.subject)!r}>"

    @property
    def subject_cn(self) -> str | None:
        """Common name asked for."""
        return self._attribute(OID_COMMON_NAME)

    @property
    def subject_o(self) -> str | None:
        """Organisation asked for."""
        return self._attribute(OID_ORGANISATION)

    def _attribute(self, wanted: str) -> str | None:
        return next((text for oid, text in reversed(name_attributes(self.subject)) if oid == wanted), None)

    def asks_for(self) -> tuple[object, ...]:
        """Return all that the certificate would be made from: equal for two requests of one wording by one key."""
        return self.subject, self.public_key.spki, self.key_usage, self.ext_key_usage, self.uscc

    def to_pem(self) -> bytes:
        """Return the file that certification authorities take."""
        body = "\n".join(textwrap.wrap(base64.b64encode(self.der).decode(), 64)).encode()
        return b"%b\n%b\n%b\n" % (_BEGIN, body, _END)

    @classmethod
    def load(cls, data: bytes) -> CertificateRequest:
        """Read a request, DER or PEM, and verify that its key signed it.

        Raises:
            RequestError: ``request.malformed``, ``request.too-large``, ``request.signature``.
        """
        if len(data) > _MAX_BYTES:
            raise RequestError(RequestCode.TOO_LARGE, "证书请求超过 64 KiB，请检查文件",
                               "the certificate request exceeds 64 KiB; check the file")
        try:
            return _load(_unwrap(data))
        except (DerError, PublicKeyError, CertificateError, binascii.Error) as error:
            raise _malformed() from error


def _malformed() -> RequestError:
    return RequestError(RequestCode.MALFORMED, "不是规范的证书请求（PKCS#10），请用 zhengyin certs request 重新生成",
                        "this is no proper certificate request (PKCS#10); make it anew with `zhengyin certs request`")


def _unwrap(data: bytes) -> bytes:
    """Return the DER inside a PEM file; anything else as it is."""
    text = data.strip()
    if not text.startswith(b"-----"):
        return data
    lines = [line.strip() for line in text.splitlines()]
    if lines[0] != _BEGIN or lines[-1] != _END:
        raise _malformed()
    return base64.b64decode(b"".join(lines[1:-1]), validate=True)


def _load(der: bytes) -> CertificateRequest:
    require_der(der)
    body = Reader(der).enter(SEQUENCE)
    signed = body.raw(SEQUENCE)
    algorithm, signature = read_algorithm(body), body.bits()
    body.done()
    info = Reader(signed).enter(SEQUENCE)
    if info.integer() != _VERSION:
        raise _malformed()
    subject = info.raw(SEQUENCE)
    name_attributes(subject)
    public_key = PublicKey.parse(info.raw(SEQUENCE))
    asked = _read_attributes(info.enter(context(0)))
    info.done()
    if asked.unknown_critical:
        raise _malformed()
    if not public_key.verify(signed, signature, algorithm):
        raise RequestError(
            RequestCode.SIGNATURE, "证书请求不是由其中的公钥对应的私钥签名，请用该密钥重新生成",
            "the certificate request is not signed by the key that it names; make it anew with that key")
    return CertificateRequest(
        der=der, subject=subject, public_key=public_key, key_usage=asked.key_usage,
        ext_key_usage=asked.ext_key_usage, uscc=asked.uscc)


def _read_attributes(reader: Reader) -> Extensions:
    """Return the requested extensions; there is no other attribute."""
    if not reader.more():
        return Extensions()
    attribute = reader.enter(SEQUENCE)
    if attribute.oid() != _EXTENSION_REQUEST:
        raise _malformed()
    values = attribute.enter(SET)
    attribute.done()
    asked = read_extensions(values.enter(SEQUENCE))
    values.done()
    reader.done()
    return asked


def build_request(
    key: SigningKey, *, subject: Sequence[tuple[str, str]], key_usage: Iterable[str] = SIGNING,
    ext_key_usage: Sequence[str] = (), uscc: str | None = None,
) -> CertificateRequest:
    """Make a request for the certificate of ``key`` and read it back.

    Args:
        subject: (short name, text) pairs as :func:`certs.x509_build.encode_name` takes them.
        key_usage, ext_key_usage, uscc: as :func:`certs.x509_build.build_certificate` takes them.
    """
    extensions = [key_usage_extension(key_usage)]
    if ext_key_usage:
        extensions.append(ext_key_usage_extension(ext_key_usage))
    if uscc is not None:
        extensions.append(uscc_extension(uscc))
    attribute = build.sequence(build.oid(_EXTENSION_REQUEST), build.set_of([build.sequence(*extensions)]))
    info = build.sequence(build.integer(_VERSION), encode_name(subject), key.spki, build.explicit(0, attribute))
    return CertificateRequest.load(build.sequence(
        info, algorithm_identifier(key.algorithm), build.bit_string(key.sign(info))))


def authority_request(role: str, key: SigningKey, *, name: str, code: str) -> CertificateRequest:
    """Make the request for one of an authority's three certificates, or for that of a service.

    Args:
        role: of :data:`PROFILES` or :data:`SERVICES`.
        key: of the role's kind (:func:`new_key`).
        name: the authority's full name; it becomes O and CN, character by character. A service's CN is the name
            followed by what it does, so that its certificate is nobody's for sealing.
        code: its 统一社会信用代码, for the extension 1.2.156.10260.4.4.

    Raises:
        RequestError: ``request.bad-name``, ``request.bad-uscc``, ``request.key-kind``.

    Source: 003 B第7条 (the certificate's name is the imprint's), GM/T 0015-2023 (code in the certificate).
    """
    _check_organisation(name, code)
    profile = _ALL[role]
    if PublicKey.parse(key.spki).kind not in (profile.kind, *profile.also):
        kinds = [KIND_NAMES[kind] for kind in (profile.kind, *profile.also)]
        raise RequestError(
            RequestCode.KEY, f"“{profile.unit}”的密钥（{role}.key）应为 {'、'.join(kinds)}，请换用",
            f"the key of {role} must be of kind {' or '.join(kinds)}: use such a one")
    return build_request(
        key, subject=(("C", "CN"), ("O", name), ("OU", profile.unit),
                      ("CN", name + profile.unit if role in SERVICES else name)),
        ext_key_usage=profile.ext_key_usage, uscc=code)


def person_request(key: SigningKey, *, person: str, name: str, code: str) -> CertificateRequest:
    """Make the request for the certificate with which a person signs acts: CN the person, O the unit.

    Args:
        key: an SM2 key; person: the name, as the person's papers have it.
        name, code: the unit's full name and its 统一社会信用代码.

    Raises:
        RequestError: ``request.bad-name``, ``request.bad-uscc``.
    """
    _check_organisation(name, code)
    if person != person.strip() or person == name or odd_character(person) or not says_something(person) \
            or not is_normalized("NFC", person) or len(person) > MAX_NAME:
        raise RequestError(
            RequestCode.NAME,
            f"姓名为空、与单位同名、超过 {MAX_NAME} 字，或首尾有空白、含看不见的或非规范的字符，请更正",
            f"the person's name is empty, the unit's, longer than {MAX_NAME}, or has blanks at its ends, characters "
            "that cannot be seen or are not in normal form (NFC); correct it")
    return build_request(key, subject=(("C", "CN"), ("O", name), ("CN", person)), uscc=code)


def _check_organisation(name: str, code: str) -> None:
    if no_name(name) or len(name) > MAX_NAME:
        raise RequestError(
            RequestCode.NAME, f"机构名称“{name!r}”为空、超过 {MAX_NAME} 字，或含空白、控制字符，请更正",
            f"the organisation's name {name!r} is empty, longer than {MAX_NAME}, or has white space or control "
            "characters; correct it")
    if not is_uscc(code):
        raise RequestError(
            RequestCode.USCC, f"统一社会信用代码 {code} 校验不通过，请核对",
            f"the USCC {code} fails its check; compare it with the certificate of registration")


def keep_request(
    folder: Path, role: str, *, name: str, code: str, password: Callable[[], Password], person: str = "",
    cost: ScryptCost | None = None, elsewhere: Mapping[str, Any] | None = None, label: str = "",
) -> CertificateRequest:
    """See that ``folder`` (which must exist) holds the key of a role and ``<role>.csr``, and return the request.

    A key that is there is kept, so that a run that was cut short is taken up by the next; a request that asks for
    something else is made anew from it.

    Args:
        password: encrypts a key file; asked for only where there is one.
        person: whose key it is, where ``role`` is :data:`PERSON`.
        elsewhere: reference to a key in the store where a new one is made under ``label``; None for a key file.

    Raises:
        RequestError: as :func:`authority_request` and :func:`person_request`.
        KeyStoreError, KeyReferenceError: the key that is there cannot be had, or none can be made.
        FileError: a file cannot be read or written.
    """
    path, new = folder / f"{role}.csr", None
    key: SigningKey
    if key_path(folder, role) is not None:
        key = open_key(folder, role, password)
    elif elsewhere is not None:
        key = make_like(elsewhere, folder, role, label=label)
    else:
        key = new = new_key(role)
    request = (person_request(key, person=person, name=name, code=code) if role == PERSON
               else authority_request(role, key, name=name, code=code))
    if new is not None:
        store_key(folder / f"{role}.key", new, password(), cost=cost)
    if path.exists():
        with contextlib.suppress(RequestError):
            there = CertificateRequest.load(read_file(path, max_bytes=_MAX_BYTES))
            if there.asks_for() == request.asks_for():
                return there
    write_atomic(path, request.to_pem(), mode=0o644)
    return request
