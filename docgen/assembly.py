"""A checked licence and its authority in, the sealed package out: signed, drawn, compared, sealed, packed.

Nothing here asks whether this may be sealed, and nothing is kept: that is :mod:`docgen.issuing`.
"""

from __future__ import annotations

import functools
import io
import zipfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from certs.authority import Authority
from certs.sm2 import raw_from_der
from certs.sm3 import sm3
from certs.trust import key_id
from certs.tsa import MAX_TOKEN
from certs.x509 import Certificate
from codes import qr_payload
from docgen import pdf as pdf_writer
from docgen.agreement import qr_claims, require_metadata, require_released, require_same_face
from docgen.attempt import Attempt, ChangedError
from docgen.compose import compose
from docgen.legibility import require_legible
from docgen.licence import Licence
from docgen.ofd import Attachment, OfdMeta, write_ofd
from docgen.ofd_seal import seal_ofd
from docgen.package import pack
from docgen.pades import sign_pdf
from docgen.page import Document
from docgen.record_xml import record_xml

__all__ = ["Earlier", "assemble", "rendition_of"]

Earlier = tuple[tuple[str, bytes], ...]

_RECORD, _RENDITION = "record.xml", "rendition.pdf"
_TEMPLATES = "Doc_0/Tpls/"


def assemble(licence: Licence, authority: Authority, attempt: Attempt, earlier: Earlier) -> tuple[bytes, bytes]:
    """Return the sealed package and the rendition inside it.

    Args:
        attempt: signs and stamps; afterwards, whatever came of it, it holds what was signed.
        earlier: the documents that this one rests on, by the kind's keys.

    Raises:
        ComposeError, TemplateError, SvgError, QrError, TypesetError: as ``compose`` and ``require_legible``.
        DisagreementError: what was drawn is not what the record says.
        TsaError: no timestamp can be had.
    """
    try:
        return _assemble(licence, authority, attempt, earlier)
    except ChangedError:
        attempt.anew()
        return _assemble(licence, authority, attempt, earlier)


def _assemble(licence: Licence, authority: Authority, attempt: Attempt, earlier: Earlier) -> tuple[bytes, bytes]:
    qr_text = _signed_qr(licence, attempt)
    document = compose(licence, qr_text, seal_size_mm=authority.seal.width_mm)
    require_legible(document, licence)
    require_same_face(document, licence, authority.data_signer.certificate)
    record = record_xml(licence)
    rendition = _signed_pdf(document, licence, authority, record, attempt)
    parts = write_ofd(
        document,
        meta=OfdMeta(
            identifier=licence.identifier.text(), title=document.title, author=licence.issuer_name,
            created=attempt.sealed_at, items=licence.metadata,
            short_names={item.field: item.name for item in licence.kind.metadata if item.field},
            creator_version=_engine_version()),
        attachments=_attachments(licence, record, rendition, authority, earlier, attempt))
    require_released(licence, (data for name, data in parts.entries.items() if name.startswith(_TEMPLATES)))
    require_metadata(licence, ofd_xml=parts.entries["OFD.xml"], record=record)
    entries = seal_ofd(
        parts, seal=authority.seal.seal, signer=attempt.sealing,
        places=[page.seals for page in document.pages], signed_at=attempt.sealed_at, version=_engine_version(),
        approval=attempt.approval, timestamper=attempt.seal_time)
    return pack(entries, shared=parts.shared), rendition


def rendition_of(package: bytes) -> bytes:
    """Return the PDF inside a package of ours."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return archive.read(f"Doc_0/Attachs/{_RENDITION}")


def _signed_qr(licence: Licence, attempt: Attempt) -> str:
    """Return the text of the QR code: the address, and the claims signed by the data-signing key.

    Empty for a kind without QR code.
    """
    address = licence.qr_address
    if address is None:
        return ""
    message = qr_payload.message(qr_claims(licence), key_id(attempt.data.certificate))
    return qr_payload.text(address, message, raw_from_der(attempt.data.sign(message, approval=attempt.approval)))


def _room(authority: Authority, *, with_timestamp: bool) -> int:
    """Return the bytes to keep free for the CMS: its certificates, what is signed, the largest token that is taken."""
    own = authority.pdf_signer.certificate
    certificates = sum(len(one.der) for one in (own, *_below_root(authority.pdf_chain)))
    signature = len(own.public_key.bits) if own.key_kind == "rsa" else 0        # that of ECDSA is within the 1024
    needed = certificates + signature + 1024 + (MAX_TOKEN if with_timestamp else 0)
    return -(-needed // 1024) * 1024


def _signed_pdf(
    document: Document, licence: Licence, authority: Authority, record: bytes, attempt: Attempt,
) -> bytes:
    meta = pdf_writer.PdfMeta(
        identifier=licence.identifier.text(), title=document.title, author=licence.issuer_name,
        record_sm3=sm3(record).hex(), created=attempt.moment)
    unsigned = pdf_writer.write_pdf(
        document, meta=meta,
        attachments=[pdf_writer.Attachment(_RECORD, "application/xml", "Data", record)],
        seal_png=authority.seal.imprint,
        signature=pdf_writer.SignaturePlan(
            signer_name=licence.issuer_name, signed_at=attempt.moment,
            reserved=_room(authority, with_timestamp=attempt.pdf_time is not None)))
    return sign_pdf(
        unsigned, attempt.pdf, chain=_below_root(authority.pdf_chain), timestamper=attempt.pdf_time,
        approval=attempt.approval)


def _below_root(chain: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """The certificates that build a path; verifiers have the root, and nobody can take away what is not there."""
    return tuple(one for one in chain if not one.is_self_issued)


def _attachments(
    licence: Licence, record: bytes, rendition: bytes, authority: Authority, earlier: Earlier, attempt: Attempt,
) -> tuple[Attachment, ...]:
    """What rides in the package: data, rendition, earlier documents, and what a verifier needs years later."""
    titles = {key: field.label for key, field in licence.kind.earlier.items()}
    crls, answers = attempt.proof_of_validity()
    return (
        Attachment(name=_RECORD, title="证照数据.xml", format="xml", data=record),
        Attachment(name=_RENDITION, title="版式副本.pdf", format="pdf", data=rendition),
        *(Attachment(name=f"{key}.ofd", title=f"{titles[key]}.ofd", format="ofd", data=data)
          for key, data in earlier),
        *([Attachment(name="data-signing.cer", title="数据签名证书.cer", format="cer",
                      data=authority.data_signer.certificate.der, shown=False)] if licence.kind.has_qr else []),
        *(Attachment(name=f"crl_{index}.crl", title=f"证书撤销列表{index}.crl", format="crl", data=crl,
                     shown=False)
          for index, crl in enumerate(crls)),
        *(Attachment(name=f"ocsp_{index}.ors", title=f"证书状态应答{index}.ors", format="ors", data=answer,
                     shown=False)
          for index, answer in enumerate(answers)),
    )


@functools.cache
def _engine_version() -> str:
    """Return the version of the installed distribution; empty when there is none."""
    try:
        return version("zhengyin")
    except PackageNotFoundError:
        return ""
