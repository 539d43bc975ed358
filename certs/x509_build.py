"""Making X.509 certificates with SM2 or P-256 keys, signed by SM2 or P-256 issuers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from certs import der_build as build
from certs import x509
from certs.public_key import OID_BY_ALGORITHM, PublicKey
from certs.signer import SigningKey
from certs.x509 import Certificate
from certs.x509_errors import CertificateCode, CertificateError
from certs.x509_extensions import KEY_USAGES, OID_USCC

__all__ = ["DOCUMENT_SIGNING", "OCSP_SIGNING", "TIME_STAMPING", "algorithm_identifier", "build_certificate",
           "encode_name", "ext_key_usage_extension", "extension", "key_usage_extension", "uscc_extension"]

DOCUMENT_SIGNING: Final = "1.3.6.1.5.5.7.3.36"
TIME_STAMPING: Final = "1.3.6.1.5.5.7.3.8"
OCSP_SIGNING: Final = "1.3.6.1.5.5.7.3.9"
_OCSP_NOCHECK: Final = "1.3.6.1.5.5.7.48.1.5"
_AUTHORITY_INFO: Final = "1.3.6.1.5.5.7.1.1"
_AT_OCSP: Final = "1.3.6.1.5.5.7.48.1"

_STRING_KINDS: Final = {
    "C": build.printable, "serialNumber": build.printable, "emailAddress": build.ia5, "DC": build.ia5,
}
_OID_BY_SHORT: Final = {short: oid for oid, short in x509.SHORT_NAMES.items()}


def encode_name(attributes: Iterable[tuple[str, str]]) -> bytes:
    """An encoded Name from (short name, text) pairs, for example ``(("C", "CN"), ("O", "…"), ("CN", "…"))``.

    Country and serialNumber are PrintableString, e-mail and DC IA5String, all else UTF8String; no text is
    changed.
    """
    rdns: list[bytes] = []
    for short, text in attributes:
        if short not in _OID_BY_SHORT or not text:
            raise _bad_request(f"名称项 {short} 未知或为空", f"name attribute {short} is unknown or empty")
        value = _STRING_KINDS.get(short, build.utf8)(text)
        rdns.append(build.set_of([build.sequence(build.oid(_OID_BY_SHORT[short]), value)]))
    return build.sequence(*rdns)


def _bad_request(zh: str, en: str) -> CertificateError:
    return CertificateError(CertificateCode.BAD_REQUEST, f"无法签发证书：{zh}，请更正后重试",
                            f"cannot make a certificate: {en}; correct it and try again")


def algorithm_identifier(algorithm: str) -> bytes:
    """AlgorithmIdentifier of a signature algorithm; parameters absent (SM2, ECDSA) or NULL (RSA, RFC 4055)."""
    return build.sequence(build.oid(OID_BY_ALGORITHM[algorithm]), build.null() if algorithm.startswith("rsa") else b"")


def extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    """One Extension around an encoded value."""
    flag = build.boolean(True) if critical else b""
    return build.sequence(build.oid(oid), flag, build.octet_string(value))


def key_usage_extension(names: Iterable[str]) -> bytes:
    """Extension keyUsage, critical, from names of ``KEY_USAGES``."""
    return extension("2.5.29.15", build.named_bits(KEY_USAGES.index(name) for name in names), critical=True)


def ext_key_usage_extension(oids: Sequence[str]) -> bytes:
    """Extension extKeyUsage; critical when it is timeStamping alone (RFC 3161 clause 2.3)."""
    return extension("2.5.29.37", build.sequence(*map(build.oid, oids)), critical=tuple(oids) == (TIME_STAMPING,))


def uscc_extension(code: str) -> bytes:
    """Extension 1.2.156.10260.4.4, the 统一社会信用代码 (GM/T 0015-2023)."""
    return extension(OID_USCC, build.printable(code))


def build_certificate(
    *,
    subject: Sequence[tuple[str, str]],
    spki: bytes,
    issuer: Certificate | None,
    issuer_key: SigningKey,
    serial: int,
    not_before: datetime,
    not_after: datetime,
    key_usage: Iterable[str],
    ca: bool = False,
    path_len: int | None = None,
    ext_key_usage: Sequence[str] = (),
    uscc: str | None = None,
    crl_urls: Sequence[str] = (),
    ocsp_urls: Sequence[str] = (),
    ocsp_nocheck: bool = False,
) -> Certificate:
    """Make a certificate and read it back.

    Args:
        subject: (short name, text) pairs, kept exactly as given.
        spki: SubjectPublicKeyInfo of the subject (``key.spki``).
        issuer: the issuer's certificate; None makes a self-signed one, whose ``spki`` is ``issuer_key``'s.
        serial: 1 to 2^159-1, unique for the issuer.
        not_before, not_after: aware datetimes, both ends included.
        key_usage: names of ``KEY_USAGES``; the extension is critical.
        ext_key_usage: dotted OIDs.
        uscc: 统一社会信用代码.
        crl_urls: where the issuer's revocation list is to be had.
        ocsp_urls: where its answers on this certificate are.
        ocsp_nocheck: tell that nobody is to ask about this certificate, a responder's (RFC 6960 clause 4.2.2.2.1).

    Raises:
        CertificateError: ``certificate.bad-request`` when the parts contradict each other.
    """
    _check_request(spki, issuer, issuer_key, serial, not_before, not_after)
    subject_name = encode_name(subject)
    key = PublicKey.parse(spki)
    authority = key if issuer is None else issuer.public_key
    authority_id = authority.key_id if issuer is None or not issuer.subject_key_id else issuer.subject_key_id
    extensions = [
        extension("2.5.29.35", build.sequence(build.implicit(0, authority_id))),
        extension("2.5.29.14", build.octet_string(key.key_id)),
        key_usage_extension(key_usage),
    ]
    if ca:
        length = b"" if path_len is None else build.integer(path_len)
        extensions.append(extension("2.5.29.19", build.sequence(build.boolean(True), length), critical=True))
    if ext_key_usage:
        extensions.append(ext_key_usage_extension(ext_key_usage))
    if crl_urls:
        extensions.append(extension("2.5.29.31", _distribution_points(crl_urls)))
    if ocsp_urls:
        extensions.append(extension(_AUTHORITY_INFO, build.sequence(*(
            build.sequence(build.oid(_AT_OCSP), _url(url)) for url in ocsp_urls))))
    if ocsp_nocheck:
        extensions.append(extension(_OCSP_NOCHECK, build.null()))
    if uscc is not None:
        extensions.append(uscc_extension(uscc))
    algorithm = algorithm_identifier(issuer_key.algorithm)
    tbs = build.sequence(
        build.explicit(0, build.integer(2)), build.integer(serial), algorithm,
        subject_name if issuer is None else issuer.subject,
        build.sequence(build.x509_time(not_before), build.x509_time(not_after)),
        subject_name, spki, build.explicit(3, build.sequence(*extensions)))
    return Certificate.load(build.sequence(tbs, algorithm, build.bit_string(issuer_key.sign(tbs))))


def _distribution_points(urls: Sequence[str]) -> bytes:
    return build.sequence(*(build.sequence(build.explicit(0, build.explicit(0, _url(url)))) for url in urls))


def _url(url: str) -> bytes:
    """GeneralName with a URI."""
    return build.implicit(6, url.encode("ascii"))


def _check_request(spki: bytes, issuer: Certificate | None, issuer_key: SigningKey, serial: int,
                   not_before: datetime, not_after: datetime) -> None:
    signer = spki if issuer is None else issuer.public_key.spki
    if signer != issuer_key.spki:
        raise _bad_request("签发密钥与签发者证书不符", "the issuing key does not belong to the issuer")
    if not 0 < serial < 1 << 159:
        raise _bad_request("序列号超出范围", "the serial number is out of range")
    if not_before.tzinfo is None or not_after.tzinfo is None or not_before > not_after:
        raise _bad_request("有效期有误，时间须带时区", "the validity is wrong; times need a time zone")
