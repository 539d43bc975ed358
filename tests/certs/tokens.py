"""A timestamp authority for tests: tokens with any fault that a test asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from certs import der_build as build
from certs.timestamp_token import DIGEST_BY_OID, OID_TST_INFO, digest
from tests.certs.core_pki import AT, Entity

OID_BY_DIGEST = {name: oid for oid, name in DIGEST_BY_OID.items()}
SIGNED_DATA = "1.2.840.113549.1.7.2"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
SIGNATURE_OID = {"sm2-sm3": "1.2.156.10197.1.501", "ecdsa-p256-sha256": "1.2.840.10045.4.3.2"}


def algorithm(name: str) -> bytes:
    """AlgorithmIdentifier of a digest, parameters absent."""
    return build.sequence(build.oid(OID_BY_DIGEST[name]))


def attribute(oid: str, *values: bytes) -> bytes:
    """One Attribute."""
    return build.sequence(build.oid(oid), build.set_of(values))


@dataclass(frozen=True)
class Recipe:
    """How a token is made; the defaults make a good one."""

    message: bytes = b"signature"
    gen_time: datetime = AT
    digest: str | None = None
    info_tail: bytes = b""
    signed_data: str = SIGNED_DATA
    content_type: str = OID_TST_INFO
    stated_digest: bytes | None = None
    certificate_id: bytes | None = None
    extra_signed: Sequence[bytes] = ()
    unsigned: bytes = b""
    by_key_id: bool = False
    carries: Sequence[bytes] | None = None
    crls: Sequence[bytes] = ()
    version: int = 3


def make_token(tsa: Entity, recipe: Recipe | None = None) -> bytes:
    """The DER of a TimeStampToken."""
    wish = recipe or Recipe()
    name = wish.digest or ("sm3" if tsa.key.algorithm == "sm2-sm3" else "sha256")
    imprint = build.sequence(algorithm(name), build.octet_string(digest(name, wish.message)))
    info = build.sequence(
        build.integer(1), build.oid("1.2.3.4.1"), imprint, build.integer(77),
        build.generalized_time(wish.gen_time), wish.info_tail)
    certificate = tsa.certificate
    certificate_id = wish.certificate_id or build.sequence(build.sequence(build.sequence(
        algorithm(name), build.octet_string(digest(name, certificate.der)))))
    signed = build.set_of([
        attribute(CONTENT_TYPE, build.oid(wish.content_type)),
        attribute(MESSAGE_DIGEST, build.octet_string(wish.stated_digest or digest(name, info))),
        attribute(SIGNING_CERTIFICATE_V2, certificate_id), *wish.extra_signed])
    if wish.by_key_id:
        assert certificate.subject_key_id
        version, sid = 3, build.implicit(0, certificate.subject_key_id)
    else:
        version, sid = 1, build.sequence(certificate.issuer, build.integer(certificate.serial))
    signer = build.sequence(
        build.integer(version), sid, algorithm(name), b"\xa0" + signed[1:],
        build.sequence(build.oid(SIGNATURE_OID[tsa.key.algorithm])),
        build.octet_string(tsa.key.sign(signed)), wish.unsigned)
    carried = [certificate.der] if wish.carries is None else wish.carries
    bags = build.tlv(0xA0, b"".join(carried)) if carried else b""
    lists = build.tlv(0xA1, b"".join(wish.crls)) if wish.crls else b""
    content = build.sequence(
        build.integer(wish.version), build.set_of([algorithm(name)]),
        build.sequence(build.oid(OID_TST_INFO), build.explicit(0, build.octet_string(info))),
        bags, lists, build.set_of([signer]))
    return build.sequence(build.oid(wish.signed_data), build.explicit(0, content))
