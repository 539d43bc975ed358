"""A photo or scan of a printed licence: its signed QR code is read, nothing else can be known.

Paper proves nothing (视同复印件): whoever has one genuine licence can print its code under other words. So the answer
on a picture is never "genuine". It says what data were issued, by whom, and whether they are within their dates; the
reader holds them against the paper.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from certs.sm3 import sm3
from codes.errors import EngineError
from codes.qr_payload import QrPayload, parse
from verify.finder_patterns import are_too_many
from verify.judge import Case, guarded
from verify.model import Severity
from verify.qr import check_host, signing_certificate
from verify.reasons import Refusal

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["CHECKS", "is_picture", "judge_photo"]

CHECKS: Final = ("picture", "trust")
_FORMATS: Final = ("JPEG", "PNG", "WEBP")
_MAX_PIXELS: Final = 120_000_000         # the largest sensors of telephones
_MAX_SIDE: Final = 20_000
_SIDES: Final = (2400, 1200, 600)        # longest sides, pixels, at which a code is looked for beside the picture's own
_LARGEST_SIDE: Final = 6000              # beyond it a picture is made smaller before a code is looked for
_MAX_MEMORY: Final = 400_000_000         # bytes, while a picture is decoded
_MAX_CODES: Final = 16


def is_picture(data: bytes) -> bool:
    """Whether the bytes begin as a JPEG, PNG or WebP file does."""
    return data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def judge_photo(case: Case) -> None:
    """Read the code of a picture and judge its signature by the trust folder."""
    payloads: list[QrPayload] = []
    guarded(case, "picture", lambda: payloads.append(_payload(case)))
    if not payloads:
        return
    guarded(case, "trust", lambda: _trust(case, payloads[0]))
    case.found.begin("picture")
    case.found.add("photo.paper" if case.claims_proven else "photo.unproven")


def _payload(case: Case) -> QrPayload:
    """The one signed payload in the picture."""
    texts = _texts(case.data)
    if not texts:
        raise Refusal("photo.no-code")
    read: dict[str, QrPayload] = {}
    fault: EngineError | None = None
    for text in texts:
        try:
            read[text] = parse(text)
        except EngineError as error:
            fault = error
    if not read:
        raise Refusal("photo.unsigned", address=texts[0], zh=fault.zh if fault else "", en=fault.en if fault else "")
    if len(read) > 1:
        raise Refusal("photo.several", count=len(read))
    return next(iter(read.values()))


def _trust(case: Case, payload: QrPayload) -> None:
    """Whose key signed the code, and for which address."""
    case.claims = payload.claims
    if sm3(payload.address.encode())[:len(payload.claims.address_digest)] != payload.claims.address_digest:
        case.found.add("photo.address", address=payload.address)
    case.without_trust()
    if case.trust is None:
        return
    check_host(payload, case.trust, case.found)
    certificate = signing_certificate(payload, case.trust, case.found)
    if certificate is None:
        return
    if certificate.uscc != payload.claims.authority_code:
        case.found.add("qr.signer", "", signer=certificate.subject_o or certificate.subject_text)
    case.judge.chain(certificate, "data")
    case.demonstration([certificate])
    if all(found.severity is Severity.NOTE for found in case.found.of("trust")):
        case.claims_proven = True
        case.found.add("photo.issued", "", authority=certificate.subject_o or certificate.subject_text,
                       serial=payload.claims.serial)


def _texts(data: bytes) -> list[str]:
    """The texts of all QR codes in the picture, each once.

    Raises:
        Refusal: ``photo.unreadable``, ``photo.too-large``; ``photo.too-busy`` where no code was found and not all
            could be looked at.
    """
    import zxingcpp

    wanted = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
    texts: dict[str, None] = {}
    busy = False
    for stretched, view in _views(data):
        if stretched and texts:
            break
        if are_too_many(view):
            busy = True
            continue
        pixels = memoryview(view.tobytes()).cast("B", [view.height, view.width])
        codes = zxingcpp.read_barcodes(pixels, formats=wanted, try_downscale=False)     # the views are its sizes
        texts.update(dict.fromkeys(code.text for code in codes[:_MAX_CODES] if code.valid))
    if busy and not texts:
        raise Refusal("photo.too-busy")
    return list(texts)


def _views(data: bytes) -> Iterator[tuple[bool, Image.Image]]:
    """What to look for a code in, each grey, and whether it is stretched to full contrast.

    Sizes differ in which codes they show, so each is looked at; stretched to full contrast, a dim picture shows
    codes that were not found before.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)    # the bounds below are stricter
            picture = Image.open(io.BytesIO(data), formats=_FORMATS)
        pixels = picture.width * picture.height
        if pixels > _MAX_PIXELS or max(picture.size) > _MAX_SIDE or pixels * _bytes_a_pixel(picture) > _MAX_MEMORY:
            raise Refusal("photo.too-large")
        picture.draft("L", picture.size)
        grey = picture.convert("L")
        picture.close()
    except Image.DecompressionBombError as error:
        raise Refusal("photo.too-large") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise Refusal("photo.unreadable") from error
    grey = grey.reduce(-(-max(grey.size) // _LARGEST_SIDE))
    sizes = [grey] + [ImageOps.contain(grey, (side, side), Image.Resampling.BOX)
                      for side in _SIDES if side < max(grey.size)]
    for view in sizes:
        yield False, view
    for view in sizes:
        yield True, ImageOps.autocontrast(view, cutoff=2)


def _bytes_a_pixel(picture: Image.Image) -> int:
    """What decoding takes at its peak, the grey picture included, as measured with Pillow and its libraries."""
    if picture.format == "WEBP":
        return 17
    if picture.format == "JPEG":         # a progressive one is held as coefficients until its end
        coefficients = 2 * len(picture.getbands()) if "progressive" in picture.info else 0
        return coefficients + (2 if picture.mode in ("L", "RGB") else 9)
    return 5
