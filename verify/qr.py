"""The licence's QR code: read from the page's own picture, verified, and compared with the record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from certs.sm2 import der_from_raw
from certs.sm3 import sm3
from certs.trust import Trust, key_id
from certs.x509 import Certificate
from codes.errors import EngineError
from codes.identifier import Identifier
from codes.qr_payload import QrClaims, QrPayload, parse
from layouts import Kind, scope_text
from verify.agree import role_value
from verify.chains import Judge
from verify.face import page_roles
from verify.model import Bitmap, PageView, PictureBox
from verify.pictures import QrPage, check_photos
from verify.reasons import Findings
from verify.record import RecordData
from verify.status import parse_date

__all__ = ["check_attached", "check_host", "check_qr", "read_code", "signing_certificate"]

_SMALLEST_MM: Final = 20.0
_LARGEST_PX: Final = 1024
_QUIET_MODULES: Final = 4               # around a code (ISO/IEC 18004, 9.1)


def read_code(bitmap: Bitmap) -> str | None:
    """The text of the one QR code in a picture; None when there is none or more than one."""
    small = _a_pixel_a_module(bitmap)
    codes = _codes_in(small or bitmap)
    if small is not None and not codes:
        codes = _codes_in(bitmap)
    return codes[0] if len(codes) == 1 else None


def _codes_in(bitmap: Bitmap) -> list[str]:
    """The texts of all QR codes in a picture."""
    import zxingcpp  # a large library, only needed when a page has a picture

    shape = [bitmap.height, bitmap.width] + ([3] if bitmap.mode == "RGB" else [])
    pixels = memoryview(bitmap.data).cast("B", shape)
    wanted = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
    return [code.text for code in zxingcpp.read_barcodes(
        pixels, formats=wanted, try_rotate=False, try_downscale=False, try_invert=False)]


def _a_pixel_a_module(bitmap: Bitmap) -> Bitmap | None:
    """The same grey picture without repetition, where it is made of equal squares: read in a fifth of the time.

    None where it is not; the side of a square is told by the first dark row, above which the quiet zone of four
    modules is.
    """
    wide, data = bitmap.width, bitmap.data
    clear = data[:1] * wide
    above = next((row for row in range(bitmap.height) if not data.startswith(clear, row * wide)), 0)
    side, rest = divmod(above, _QUIET_MODULES)
    if bitmap.mode != "L" or side < 2 or rest or wide % side or bitmap.height % side:
        return None
    starts = range(0, len(data), side * wide)
    rows = [data[at:at + wide] for at in starts]
    joined = b"".join(rows)
    small = joined[::side]
    if not all(data.startswith(row * side, at) for row, at in zip(rows, starts, strict=True)) or any(
            joined[step::side] != small for step in range(1, side)):
        return None
    return Bitmap(width=wide // side, height=bitmap.height // side, mode="L", data=small)


def _text_of(picture: PictureBox, known: dict[tuple[str, int, int], str | None]) -> str | None:
    """What a picture's code says; the same picture on several pages of a file is decoded once."""
    key = (picture.digest, picture.width_px, picture.height_px)
    if key not in known:
        try:
            known[key] = read_code(picture.load())
        except ValueError:
            known[key] = None
    return known[key]


def check_qr(kind: Kind, record: RecordData, identifier: Identifier, pages: Sequence[PageView],
             judge: Judge) -> QrPayload | None:
    """Check photos and codes of all pages: one code a page that has one, all the same, each claim as recorded.

    For a kind without QR code no page has one, and there is nothing to return.
    """
    found = judge.found
    faces = page_roles(kind, len(pages))
    if faces is None:                    # named where pages are counted
        to_read: list[QrPage] = [(page, page.pictures) for page in pages]
    else:
        to_read = check_photos(kind, record, faces, pages, found)
    if not kind.has_qr:
        return None
    text: str | None = None
    first = ""
    known: dict[tuple[str, int, int], str | None] = {}
    for page, pictures in to_read:
        readable = [picture for picture in pictures if picture.upright
                    and min(picture.box.width_mm, picture.box.height_mm) >= _SMALLEST_MM
                    and max(picture.width_px, picture.height_px) <= _LARGEST_PX]
        here = _text_of(readable[0], known) if len(readable) == 1 == len(pictures) else None
        first = first or pictures[0].digest if pictures else first
        if pictures and pictures[0].digest != first:         # the same picture on all pages of ours
            found.add("qr.several", "", page=page.number)
            return None
        if not readable or here is None:
            found.add("qr.missing" if len(pictures) <= 1 else "page.picture", "", page=page.number)
            return None
        if text is not None and here != text:
            found.add("qr.several", "", page=page.number)
            return None
        text = here
    try:
        payload = parse(text or "")
    except EngineError as error:
        found.add("qr.payload", "", zh=error.zh, en=error.en)
        return None
    expected = _expected(kind, record, identifier)
    for name, wanted in expected.items():
        if getattr(payload.claims, name) != wanted:
            found.add("qr.claim", name, field=name)
    if payload.address != role_value(kind, record, "qr"):
        found.add("qr.claim", "address", field=kind.roles["qr"])
    _check_signature(kind, record, payload, judge)
    return payload


def _expected(kind: Kind, record: RecordData, identifier: Identifier) -> dict[str, object]:
    """Each claim as the record makes it."""
    def date(role: str) -> dt.date | None:
        return parse_date(role_value(kind, record, role))

    scope = scope_text(record.scope) if kind.scope is not None else role_value(kind, record, "scope")
    claims: dict[str, object] = {
        "serial": identifier.serial,
        "uscc": None if kind.holder_is_person else role_value(kind, record, "holder_code") or None,
        "holder": role_value(kind, record, "holder_name"),
        "authority_code": role_value(kind, record, "issuer_code"), "issued": date("issued"),
        "valid_from": date("valid_from"), "valid_to": date("valid_to"), "extended_to": date("extended_to"),
        "version": identifier.version, "scope_digest": sm3(scope.encode()) if scope else None,
        "address_digest": sm3(role_value(kind, record, "qr").encode())[:16],
    }
    if set(claims) != set(QrClaims.__dataclass_fields__):
        raise AssertionError("a claim of the QR code is not compared")
    return claims


def _check_signature(kind: Kind, record: RecordData, payload: QrPayload, judge: Judge) -> None:
    """The signing key is a trusted data-signing certificate of the issuing authority."""
    if judge.trust is None:
        judge.found.add("qr.no-trust")
        return
    certificate = signing_certificate(payload, judge.trust, judge.found)
    if certificate is None:
        return
    _check_signer(kind, record, certificate, judge)
    check_host(payload, judge.trust, judge.found)


def signing_certificate(payload: QrPayload, trust: Trust, found: Findings) -> Certificate | None:
    """The trusted data-signing certificate whose signature the payload bears; None when that is a finding."""
    certificate = trust.data_signing.get(payload.key_id.hex())
    if certificate is None:
        found.add("qr.unknown-key", "", key=payload.key_id.hex())
        return None
    try:
        signed = certificate.verify(payload.message, der_from_raw(payload.signature), "sm2-sm3")
    except EngineError:
        signed = False
    if signed:
        return certificate
    found.add("qr.signature")
    return None


def _check_signer(kind: Kind, record: RecordData, certificate: Certificate, judge: Judge) -> None:
    """The certificate is the issuing authority's, and its chain holds."""
    name, code = role_value(kind, record, "issuer_name"), role_value(kind, record, "issuer_code")
    if name not in (certificate.subject_cn, certificate.subject_o) or certificate.uscc != code:
        judge.found.add("qr.signer", "", signer=certificate.subject_o or certificate.subject_text)
    judge.chain(certificate, "data")


def check_host(payload: QrPayload, trust: Trust, found: Findings) -> None:
    """The address opens a lookup site that the trust folder names, over https."""
    try:
        parts = urlsplit(payload.address)
        host = parts.hostname or ""
        plain = parts.scheme == "https" and parts.username is None and parts.port in (None, 443)
    except ValueError:
        host, plain = "", False
    if host.lower() not in trust.lookup_hosts:
        found.add("qr.host", "", host=host or payload.address)
    elif not plain:
        found.add("qr.scheme", "", address=payload.address)


def check_attached(data: bytes | None, payload: QrPayload | None, found: Findings) -> None:
    """The data-signing certificate that rides in the file is the one whose key id the code names."""
    if data is None:
        return
    try:
        certificate = Certificate.load(data)
    except EngineError:
        found.add("qr.certificate")
        return
    if payload is not None and key_id(certificate) != payload.key_id:
        found.add("qr.certificate")
