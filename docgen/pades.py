"""Sign the PDF rendition: PAdES B-B, or B-T with a time-stamping authority.

pyHanko builds the CMS; its signed attributes are those that PAdES asks for and no other (content type,
message digest, signing-certificate-v2); the claimed time stands in the signature dictionary alone.

Source: ETSI EN 319 142-1 5.3 and 6.3 (B-B, B-T), EN 319 122-1 5.2.2 (signing-certificate-v2),
RFC 5652 (CMS), RFC 5753 (ECDSA in CMS), RFC 5754 (RSA with SHA-256 in CMS).
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asn1crypto import algos, cms, x509  # type: ignore[import-untyped]
from pyhanko.sign.general import as_signing_certificate_v2
from pyhanko.sign.signers.pdf_cms import Signer as CmsSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from certs.der import DerError, require_der
from certs.der_build import set_of
from certs.p256 import canonical_signature
from docgen.pdf import UnsignedPdf
from docgen.pdf_errors import PdfError, PdfErrorCode

if TYPE_CHECKING:
    from certs.signer import Signer
    from certs.tsa import Timestamper
    from certs.x509 import Certificate

__all__ = ["sign_pdf"]

_DIGEST = "sha256"
_MECHANISMS = {"ecdsa-p256-sha256": "sha256_ecdsa", "rsa-pkcs1-sha256": "sha256_rsa"}
"""Algorithm of a signer → pyHanko's name of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    """What all signatures of one certificate share."""

    certificate: Any
    store: SimpleCertificateStore
    fixed: tuple[bytes, ...]
    mechanism: Any


def _attribute(kind: str, value: Any) -> bytes:
    encoded: bytes = cms.CMSAttribute({"type": kind, "values": (value,)}).dump()
    return encoded


def _attributes(*encoded: bytes) -> Any:
    """Return the SET OF attributes; read from its DER, so that it is not encoded again and again."""
    return cms.CMSAttributes.load(set_of(encoded))


@functools.lru_cache(maxsize=64)
def _material(certificate: bytes, chain: tuple[bytes, ...], algorithm: str) -> _Material:
    loaded = x509.Certificate.load(certificate)
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register_multiple([x509.Certificate.load(der) for der in chain])
    return _Material(
        certificate=loaded, store=store,
        fixed=(
            _attribute("content_type", "data"),
            _attribute("signing_certificate_v2", as_signing_certificate_v2(loaded)),
        ),
        mechanism=algos.SignedDigestAlgorithm.load(
            algos.SignedDigestAlgorithm({"algorithm": _MECHANISMS[algorithm]}).dump()),
    )


class _EngineSigner(CmsSigner):
    """pyHanko's CMS builder over a signer and a time-stamping authority of ours."""

    def __init__(self, material: _Material, signer: Signer, timestamper: Timestamper | None, approval: str) -> None:
        super().__init__(signing_cert=material.certificate, cert_registry=material.store,
                         signature_mechanism=material.mechanism)
        self._signer = signer
        self._timestamper = timestamper
        self._approval = approval

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """Return the signature over DATA, that of ECDSA in its one spelling; the digest is always SHA-256."""
        if digest_algorithm != _DIGEST or dry_run:
            raise NotImplementedError
        signature = self._signer.sign(data, approval=self._approval)
        return canonical_signature(signature) if self._signer.algorithm == "ecdsa-p256-sha256" else signature

    async def unsigned_attrs(
        self, digest_algorithm: str, signature: bytes, *_: Any, **__: Any  # noqa: ARG002 - pyHanko's interface
    ) -> Any:
        """Return the signature timestamp, None without an authority."""
        if self._timestamper is None:
            return None
        token = cms.ContentInfo.load(self._timestamper.token(hashlib.sha256(signature).digest(), _DIGEST))
        return _attributes(_attribute("signature_time_stamp_token", token))


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    """Return what WORK returns; it must not wait, so it needs no event loop and runs inside any."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    work.close()
    raise RuntimeError("the CMS builder waited for an event loop")


def sign_pdf(
    unsigned: UnsignedPdf,
    signer: Signer,
    *,
    chain: Sequence[Certificate] = (),
    timestamper: Timestamper | None = None,
    approval: str = "",
) -> bytes:
    """Return the signed PDF: ``unsigned`` with its ``/Contents`` filled in, nothing else changed.

    Args:
        signer: P-256 or RSA; its certificate goes into the CMS together with CHAIN.
        timestamper: gives the signature timestamp that makes it B-T.
        approval: identifier of the approval under which a licence is issued.

    Raises:
        PdfError: ``pdf.signer-unfit`` (neither P-256 nor RSA, or its certificate not valid at the claimed time),
            ``pdf.signature-too-long`` for the room that was planned.
        TsaError: no timestamp can be had.
    """
    certificate = signer.certificate
    if signer.algorithm not in _MECHANISMS:
        raise PdfError(PdfErrorCode.SIGNER_UNFIT, "PDF 只能用 P-256 或 RSA 证书签名，请换用版式文件签名证书",
                       "a PDF is signed with a P-256 or RSA certificate only; use the PDF-signing certificate")
    if not certificate.not_before <= unsigned.signed_at <= certificate.not_after:
        raise PdfError(PdfErrorCode.SIGNER_UNFIT, "版式文件签名证书在签名时不在有效期内，请更换证书",
                       "the PDF-signing certificate is not valid at the time of signing; renew it")
    digest = hashlib.sha256(unsigned.data[:unsigned.start])
    digest.update(unsigned.data[unsigned.end:])
    material = _material(certificate.der, tuple(one.der for one in chain), signer.algorithm)
    attributes = _attributes(*material.fixed, _attribute("message_digest", digest.digest()))
    builder = _EngineSigner(material, signer, timestamper, approval)
    built: bytes = _run(builder.async_sign_prescribed_attributes(_DIGEST, attributes)).dump()
    try:
        require_der(built)
    except DerError as exc:
        raise PdfError(PdfErrorCode.SIGNER_UNFIT, "签名数据不是规范的 DER 编码，请检查证书链",
                       "the signature is not strict DER; check the certificates of the chain") from exc
    room = unsigned.end - unsigned.start - 2
    if 2 * len(built) > room:
        raise PdfError(
            PdfErrorCode.SIGNATURE_TOO_LONG,
            f"签名数据有 {len(built)} 字节，超出预留的 {room // 2} 字节，请加大预留空间",
            f"the signature takes {len(built)} bytes, more than the {room // 2} reserved; reserve more")
    digits = built.hex().encode().ljust(room, b"0")
    return b"".join((unsigned.data[:unsigned.start + 1], digits, unsigned.data[unsigned.end - 1:]))
