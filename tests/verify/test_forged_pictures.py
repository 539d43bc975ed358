"""Pictures of QR codes that other readers would show otherwise, and more pictures than anybody can look at."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace

import pytest
from PIL import Image as Pillow

from docgen.page import Document, Image
from tests.support.bounds import not_hanging
from tests.verify.clerk import issue
from tests.verify.packages import Forger, check, codes, entries
from verify.model import Verdict

PICTURE = "Doc_0/Res/Image_0.png"


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">L", len(body)) + name + body + struct.pack(">L", zlib.crc32(name + body))


def with_chunks(*more: tuple[bytes, bytes]) -> bytes:
    """The true QR code as one of a palette, with more chunks before its pixels."""
    picture = Pillow.open(io.BytesIO(entries()[PICTURE])).convert("1")
    width, height = picture.size
    stride, raw = (width + 7) // 8, picture.tobytes()
    rows = b"".join(b"\0" + raw[at:at + stride] for at in range(0, len(raw), stride))
    return b"".join((b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", struct.pack(">2L5B", width, height, 1, 3, 0, 0, 0)),
                     chunk(b"PLTE", b"\0\0\0\xff\xff\xff"), *(chunk(*each) for each in more),
                     chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")))


@pytest.mark.req("R-003-31")
@pytest.mark.parametrize("more", [(b"tRNS", b"\0\0"), (b"tRNS", b"\0"), (b"gAMA", struct.pack(">L", 1)),
                                  (b"sBIT", b"\1\1\1"), (b"pHYs", bytes(9))])
def test_a_code_that_could_look_otherwise_is_not_read(more: tuple[bytes, bytes]) -> None:
    assert check(Forger().apply({**entries(), PICTURE: with_chunks()})).verdict is Verdict.VALID
    report = check(Forger().apply({**entries(), PICTURE: with_chunks(more)}))
    assert report.verdict is Verdict.INVALID and codes(report) & {"qr.missing", "rendition.page"}


def many(document: Document) -> Document:
    """150 pages, each with a large picture of its own as its code."""
    last = document.pages[-1]
    code = Pillow.open(io.BytesIO(document.images["qr"])).convert("1")
    images, pages = dict(document.images), list(document.pages)
    for number in range(150):
        file = io.BytesIO()
        code.resize((1000 + number, 1000 + number)).save(file, "PNG")
        images[f"q{number}"] = file.getvalue()
        pages.append(replace(last, items=tuple(replace(item, name=f"q{number}") if isinstance(item, Image) else item
                                               for item in last.items)))
    return replace(document, pages=tuple(pages), images=images)


def test_many_pages_with_codes_of_their_own_take_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    from docgen import assembly

    monkeypatch.setattr(assembly, "require_same_face", lambda *_, **__: None)
    forged = issue(many)
    for data in (forged.ofd, forged.pdf):
        with not_hanging():
            assert check(data).verdict is Verdict.INVALID
