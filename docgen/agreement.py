"""The last look before the seal: the face, the metadata and the QR code must say what the licence says.

The faces are read from the page model that both writers draw, the QR code from its picture, the metadata
from the written bytes; none of it from the place where it was put in. Any difference refuses the seal.
"""

from __future__ import annotations

import enum
import functools
import io
from collections.abc import Iterable, Sequence

import zxingcpp
from lxml import etree
from PIL import Image as Pictures

from certs.sm2 import der_from_raw, verify
from certs.sm3 import sm3
from certs.trust import key_id
from certs.x509 import Certificate
from codes import qr_payload
from codes.errors import EngineError
from docgen.licence import Licence
from docgen.ofd_xml import OFD_NS
from docgen.page import Document, GlyphRun, Image, Page
from layouts import Face, Field, Line, cells, heads, line_text, stands, table_of
from layouts.folders import on_change
from layouts.loading import changed_since_release
from layouts.released import released_artwork, template_digest

__all__ = ["DisagreementError", "qr_claims", "require_metadata", "require_released", "require_same_face"]


class DisagreementCode(enum.StrEnum):
    """Codes of :class:`DisagreementError`."""

    FACE = "issue.face-differs"
    QR = "issue.qr-differs"
    METADATA = "issue.metadata-differs"
    RELEASED = "issue.kind-unreleased"


class DisagreementError(EngineError):
    """What was drawn or written is not what the licence says; it is a fault of the engine or a template."""


def qr_claims(licence: Licence) -> qr_payload.QrClaims:
    """Return what the QR code says of a licence: never a phone or an identity number (R-003-03)."""
    scope, address = licence.scope_text, licence.qr_address
    if address is None:
        raise LookupError("a document without QR code has no claims")
    return qr_payload.QrClaims(
        serial=licence.serial, uscc=licence.holder_code, holder=licence.holder_name,
        authority_code=licence.issuer_code, issued=licence.issued, valid_from=licence.valid_from,
        valid_to=licence.valid_to, extended_to=licence.extended_to, version=licence.version,
        scope_digest=None if scope is None else sm3(scope.encode("utf-8")),
        address_digest=sm3(address.encode("utf-8"))[:qr_payload.ADDRESS_DIGEST_BYTES])


def require_released(licence: Licence, templates: Iterable[bytes]) -> None:
    """Refuse to seal what verifiers would call not genuine: a kind that was changed after its version was released.

    Args:
        templates: the template pages of the OFD as written. Of a kind that was never released nothing is asked.

    Raises:
        DisagreementError: ``issue.kind-unreleased``.
    """
    kind = licence.kind
    what = None
    if changed_since_release(kind.code):
        what = "数据（kind.json）", "data (kind.json)"
    elif any(_unreleased(kind.code, kind.version, data) for data in templates):
        what = "边框或底纹", "border or ground"
    if what is not None:
        raise DisagreementError(
            DisagreementCode.RELEASED,
            f"证照种类{kind.code}的{what[0]}与已发布的版本 {kind.version} 不同，核验时会判为不真实，不予盖章；"
            f"请恢复原样，或提高 version 后用 zhengyin kinds release {kind.code} 发布",
            f"the {what[1]} of the kind {kind.code} is not what was released as version {kind.version}: verifiers "
            "would call the licence not genuine, so nothing is sealed; put it back, or raise the version and release "
            f"it with zhengyin kinds release {kind.code}")


@functools.lru_cache(maxsize=64)         # many documents share a template page
def _unreleased(code: str, version: str, data: bytes) -> bool:
    table = released_artwork(code, version)
    if table is None:
        return False
    digest = template_digest(data)
    return all(digest not in sheet.grounds for sheet in table.sheets)


on_change(_unreleased.cache_clear)


def require_same_face(document: Document, licence: Licence, certificate: Certificate) -> None:
    """Refuse to sign pages whose lines or QR code do not say what the licence says.

    Args:
        certificate: the data-signing certificate that the QR code must verify with.

    Raises:
        DisagreementError: ``issue.face-differs`` or ``issue.qr-differs``.

    Source: R-000-14, R-000-15, R-000-19, R-000-20.
    """
    for face in licence.kind.faces:
        pages = [page for page in document.pages if page.role == face.role]
        if not pages:
            raise _face(face.role, "缺页", "the page is missing")
        _require_face(face, pages, licence)
        for number, page in enumerate(pages, 1):
            _require_pictures(face, page, licence, document, first=number == 1, last=number == len(pages))
    if licence.kind.has_qr:
        _require_qr(document, licence, certificate)


def _require_pictures(
    face: Face, page: Page, licence: Licence, document: Document, *, first: bool, last: bool,
) -> None:
    """A page bears the photos of its lines, from the record's very bytes, and a QR code where the kind says so."""
    wanted = [
        label for line in face.lines for label in line.fields
        if label in licence.photos and stands(line, licence.values)
        and {"first": first, "last": last}.get(line.on, True)
    ]
    pictures = [item for item in page.items if isinstance(item, Image)]
    drawn = [item.tag or "" for item in pictures if item.role == "photo"]
    same = all(document.images[item.name] == licence.photos.get(item.tag or "")
               for item in pictures if item.role == "photo")
    if sorted(drawn) != sorted(wanted) or not same:
        raise _face(face.role, "的照片与数据不同", "the photo differs from the record")
    if sum(item.role == "qr" for item in pictures) != (licence.kind.has_qr and face.qr):
        raise _qr(f"{face.role}缺少二维码或有多余的二维码", f"{face.role} has no QR code or one too many")


def _runs_of(page: Page, number: int) -> list[GlyphRun]:
    """Return what a page draws of one line of its face."""
    return [item for item in page.items if isinstance(item, GlyphRun) and item.line == number]


def _text_of(page: Page, number: int) -> str:
    """Return what a page says in one line of its face."""
    return "".join(run.text for run in _runs_of(page, number))


def _require_face(face: Face, pages: Sequence[Page], licence: Licence) -> None:
    """Compare each line of a face on all its pages."""
    for number, line in enumerate(face.lines):
        if not _agrees(line, number, face, pages, licence):
            raise _face(face.role, f"第 {number + 1} 行（{line.label or '无标签'}）与数据不同",
                        f"line {number + 1} ({line.label or 'no label'}) differs from the record")


def _agrees(line: Line, number: int, face: Face, pages: Sequence[Page], licence: Licence) -> bool:
    """Whether a line says what the record says, on the pages where it must stand and on no other."""
    kind, values = licence.kind, licence.values
    texts = [_text_of(page, number) for page in pages]
    if not stands(line, values):
        return not any(texts)
    table = table_of(kind, line)
    if table is not None:
        return _same_table(line, table, [_runs_of(page, number) for page in pages], licence)
    expected = _expected(line, licence, summary=face.summary)
    if kind.scope is not None and line.fields == (kind.scope.field,):
        read = "".join(text.removeprefix(line.label) for text in texts)
        return texts[0].startswith(line.label) and read in expected
    whole = line.label + expected[0]
    if line.on == "run":
        return "".join(texts) == whole
    last = len(texts) - 1
    shown = {"each": range(last + 1), "first": (0,), "last": (last,)}[line.on]
    return all(text == (whole if index in shown else "") for index, text in enumerate(texts))


def _same_table(line: Line, table: Field, pages: Sequence[Sequence[GlyphRun]], licence: Licence) -> bool:
    """Whether the cells say what the record says, and every page that has some begins with the heads."""
    found: dict[str, str] = {}
    for runs in pages:
        for run in runs:
            if run.tag is not None:
                found[run.tag] = found.get(run.tag, "") + run.text
    wanted = cells(table, licence.values.get(table.label))
    fixed = ["".join(run.text for run in runs if run.tag is None) for runs in pages if runs]
    over = "".join(heads(licence.kind, line)) if wanted else ""
    return tuple(found.items()) == wanted and fixed == [
        (line.label if not index else "") + over for index in range(len(fixed))] and bool(fixed or not over)


def _expected(line: Line, licence: Licence, *, summary: bool) -> tuple[str, ...]:
    """The texts that a line may print: its value, and for 许可范围 also the summary where that is allowed."""
    whole = line_text(licence.kind, line, licence.values)
    short = licence.scope_summary
    return (whole, short) if summary and short is not None else (whole,)


def _require_qr(document: Document, licence: Licence, certificate: Certificate) -> None:
    """Decode the drawn picture; its address, claims and signature must be this licence's."""
    names = {item.name for page in document.pages for item in page.items
             if isinstance(item, Image) and item.role == "qr"}
    if not names:
        raise _qr("没有二维码", "there is no QR code")
    for name in names:
        codes = zxingcpp.read_barcodes(
            Pictures.open(io.BytesIO(document.images[name])).convert("L"),
            formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode), is_pure=True)
        if len(codes) != 1:
            raise _qr("二维码读不出来", "the QR code cannot be read")
        payload = qr_payload.parse(codes[0].text)
        if payload.address != licence.qr_address or payload.claims != qr_claims(licence):
            raise _qr("二维码内容与数据不同", "the QR code says something else than the record")
        if payload.key_id != key_id(certificate) or not verify(
                certificate.public_key.bits, payload.message, der_from_raw(payload.signature)):
            raise _qr("二维码签名不成立", "the signature of the QR code does not hold")


def require_metadata(licence: Licence, *, ofd_xml: bytes, record: bytes) -> None:
    """Refuse to seal a package whose written metadata differ from each other or from the licence.

    Args:
        ofd_xml: OFD.xml as written; record: the record's XML as written.

    Raises:
        DisagreementError: ``issue.metadata-differs``.

    Source: R-000-14.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    in_ofd = tuple((item.get("Name"), item.text or "")
                   for item in etree.fromstring(ofd_xml, parser).iter(f"{{{OFD_NS}}}CustomData"))
    metadata = etree.fromstring(record, parser).find("{*}Metadata")
    in_record = tuple((item.get("name"), item.text or "") for item in (() if metadata is None else metadata))
    values = dict(in_ofd)
    same = in_ofd == in_record and all(
        values.get(item.name) == licence.joined(item.field)
        for item in licence.kind.metadata if item.field is not None and item.form is None)
    if not same or values.get("ZZBS") != licence.identifier.text():
        raise DisagreementError(
            DisagreementCode.METADATA, "元数据与证照数据不一致，不予盖章，请报告此问题",
            "the metadata do not agree with the record, so nothing is sealed; report this")


def _face(role: str, zh: str, en: str) -> DisagreementError:
    return DisagreementError(
        DisagreementCode.FACE, f"{role}{zh}，不予盖章，请检查该证照种类的模板",
        f"{role}: {en}, so nothing is sealed; check the template of the kind", role=role)


def _qr(zh: str, en: str) -> DisagreementError:
    return DisagreementError(
        DisagreementCode.QR, f"{zh}，不予盖章，请报告此问题", f"{en}, so nothing is sealed; report this")
