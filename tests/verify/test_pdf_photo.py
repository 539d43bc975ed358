"""Photos in a rendition: baseline JPEGs, byte by byte; every other use of DCTDecode is refused."""

from __future__ import annotations

import io
from typing import Any, cast

import pytest
from PIL import Image

from certs.sm3 import sm3
from tests.support.running_kind import photo
from verify.pdf_file import PdfFile
from verify.pdf_images import read_image
from verify.pdf_objects import Stream, parse_object
from verify.pdf_reasons import PdfRefusal


class _File:
    """Nothing is referred to: every value stands where it is used."""

    def get(self, value: Any) -> Any:
        return value


HEAD = ("<</Type /XObject /Subtype /Image /Width 150 /Height 200 /BitsPerComponent 8 /ColorSpace /DeviceRGB "
        "/Filter /DCTDecode /Length 1>>")


def saved(mode: str = "RGB", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((150, 200)).convert(mode).save(out, "JPEG", **options)
    return out.getvalue()


def image(raw: bytes, head: str = HEAD) -> Any:
    entries, _ = parse_object(head.encode(), 0)
    return read_image(cast(PdfFile, _File()), Stream(entries, raw), "1 0 R")  # type: ignore[arg-type]


def test_a_photo_is_read_with_its_digest_and_pixels() -> None:
    found = image(photo())
    assert found.sm3 == sm3(photo()).hex()
    with Image.open(io.BytesIO(photo())) as picture:
        assert found.bitmap().data == picture.tobytes()
    grey = image(saved("L"), HEAD.replace("DeviceRGB", "DeviceGray"))
    assert grey.bitmap().mode == "L"


@pytest.mark.parametrize(("raw", "old", "new"), [
    (saved(), "/Width 150", "/Width 151"), (saved(), "/Height 200", "/Height 100"),
    (saved(), "/DeviceRGB", "/DeviceGray"), (saved("L"), "", ""), (saved("CMYK"), "", ""),
    (saved(progressive=True), "", ""), (saved() + b"more", "", ""), (saved()[:-2], "", ""), (b"\x89PNG", "", ""),
    (saved(), "/BitsPerComponent 8", "/BitsPerComponent 1"),
    (saved(), "/Filter", "/DecodeParms <</ColorTransform 0>> /Filter"),
    (saved(), "/DCTDecode", "[/FlateDecode /DCTDecode]"), (saved(), "/DCTDecode", "/JPXDecode"),
], ids=range(13))
def test_what_is_no_plain_photo_is_refused(raw: bytes, old: str, new: str) -> None:
    with pytest.raises(PdfRefusal):
        image(raw, HEAD.replace(old, new, 1) if old else HEAD)
