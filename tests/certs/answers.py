"""OCSP answers for tests: with any fault that a test asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from certs import der_build as build
from certs.crl import Revocation
from certs.ocsp import OID_OCSP_SIGNING, OcspResponse
from certs.ocsp_build import OcspAnswer, build_response
from certs.ocsp_id import CertId
from certs.x509 import Certificate
from certs.x509_build import algorithm_identifier
from tests.certs.core_pki import AT, DAY, Entity

HOUR = timedelta(hours=1)
OID_BASIC = "1.3.6.1.5.5.7.48.1.1"


def responder(ca: Entity, serial: int = 77, **changes: Any) -> Entity:
    """A responder that a CA has authorised, and that need not be checked."""
    fields: dict[str, Any] = {"ext_key_usage": (OID_OCSP_SIGNING,), "key_usage": ("digitalSignature",),
                              "ocsp_nocheck": True, **changes}
    return ca.leaf("试验 OCSP 应答者", serial, **fields)


def answer(leaf: Entity, ca: Entity, by: Entity | None = None, **wish: Any) -> OcspResponse:
    """An answer on ``leaf``, read back; by the CA itself when ``by`` is left out."""
    return OcspResponse.load(answer_der(leaf, ca, by, **wish))


def answer_der(
    leaf: Entity, ca: Entity, by: Entity | None = None, *, revoked: Revocation | None = None, unknown: bool = False,
    this_update: datetime = AT - HOUR, next_update: datetime | None = AT + DAY, produced_at: datetime | None = None,
    algorithm: str = "sha1", nonce: bytes | None = None, carries: Sequence[Certificate] | None = None,
    by_key: bool = False,
) -> bytes:
    """The bytes of such an answer."""
    signer = by or ca
    carried = ([] if by is None else [by.certificate]) if carries is None else carries
    said = OcspAnswer(
        certificate=CertId.of(leaf.certificate.serial, ca.certificate, algorithm), this_update=this_update,
        next_update=next_update, revocation=revoked, unknown=unknown)
    return build_response(
        responder=signer.certificate, key=signer.key, answers=[said], produced_at=produced_at or this_update,
        nonce=nonce, certificates=carried, by_key=by_key)


@dataclass(frozen=True)
class Parts:
    """The parts of an answer, to be put together wrongly."""

    responder: bytes
    produced_at: bytes
    single: bytes
    extensions: bytes = b""
    version: bytes = b""
    tail: bytes = b""

    def tbs(self) -> bytes:
        """ResponseData."""
        return build.sequence(self.version, self.responder, self.produced_at, build.sequence(self.single),
                              self.extensions, self.tail)


def parts_of(leaf: Entity, ca: Entity, *, status: bytes = b"\x80\x00", single_tail: bytes = b"") -> Parts:
    """A good answer in parts."""
    single = build.sequence(
        CertId.of(leaf.certificate.serial, ca.certificate).encode(), status, build.generalized_time(AT - HOUR),
        build.explicit(0, build.generalized_time(AT + DAY)), single_tail)
    return Parts(responder=build.explicit(1, ca.certificate.subject), produced_at=build.generalized_time(AT - HOUR),
                 single=single)


def assembled(parts: Parts, by: Entity, *, status: bytes = b"\0", certificates: bytes = b"", basic_tail: bytes = b"",
              tail: bytes = b"", kind: str = OID_BASIC,
              spoil: Callable[[bytes], bytes] = lambda signature: signature) -> bytes:
    """Sign and wrap them."""
    tbs = parts.tbs()
    basic = build.sequence(tbs, algorithm_identifier(by.key.algorithm),
                           build.bit_string(spoil(by.key.sign(tbs))), certificates, basic_tail)
    held = build.explicit(0, build.sequence(build.oid(kind), build.octet_string(basic)))
    return build.sequence(build.tlv(0x0A, status), held, tail)
