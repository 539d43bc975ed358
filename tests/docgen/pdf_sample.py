"""A document of three pages, a seal and a small P-256 world, for the tests of the PDF writer."""

from __future__ import annotations

import functools
import io
import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from PIL import Image as Picture
from PIL import ImageDraw

import fonts
from certs import p256
from certs.signer import LocalSigner
from certs.x509 import Certificate
from certs.x509_build import DOCUMENT_SIGNING, build_certificate
from docgen.page import Artwork, Colour, Document, GlyphRun, Image, Page, Path, Place, Segment, Stamp
from docgen.pdf import Attachment, PdfMeta, SignaturePlan, UnsignedPdf, write_pdf

BLACK = Colour(20, 20, 20)
RED = Colour(200, 16, 30)
NOW = datetime(2025, 8, 1, 1, 30, tzinfo=UTC)
META = PdfMeta(
    identifier="1.2.156.3005.2.11100000000013338W011.11140100MB9TEX0180.14010013202590001.001.U",
    title="危险化学品经营许可证", author="测试市应急管理局", record_sm3="ab" * 32, created=NOW,
)
PLAN = SignaturePlan(signer_name="测试市应急管理局", signed_at=NOW)
RECORD = "<?xml version='1.0' encoding='UTF-8'?>\n<LicenceRecord>测试甲</LicenceRecord>\n".encode()
RECORD_FILE = Attachment("record.xml", "application/xml", "Data", RECORD)
VALUES = (
    ("企业名称", "测试甲化工贸易有限公司"), ("统一社会信用代码", "91140100MA9TEX0149"),
    ("许可证编号", "14010013202590001"), ("法定代表人", "𠮷㛃䶮"),
    ("许可范围", "一、无储存经营：1,2-二甲苯、N,N-二甲基甲酰胺、α-蒎烯、氨溶液[含氨＞10%]；"),
    ("有效期限", "2025年08月01日 至 2028年07月31日"), ("部首", "⼀一⼁丨"),
)


def run(text: str, x: float, y: float, size: float = 5.0, *, face: str = "kai", tag: str | None = None,
        spread: float = 0.0, fill: Colour = BLACK) -> Iterable[GlyphRun]:
    """Set TEXT at (X, Y) mm; characters that FACE lacks are taken from its chain, each piece one run."""
    pieces: list[tuple[str, list[str], list[int], list[float]]] = []
    for char in text:
        key = next(key for key in fonts.CHAINS[face] if fonts.face(key).glyph_id(char))
        if not pieces or pieces[-1][0] != key:
            pieces.append((key, [], [], []))
        glyph = fonts.face(key).glyph_id(char)
        assert glyph is not None
        pieces[-1][1].append(char)
        pieces[-1][2].append(glyph)
        pieces[-1][3].append(round(x, 3))
        x += fonts.face(key).advance(glyph) * size / 1000 + spread
    for key, chars, glyphs, xs in pieces:
        yield GlyphRun(face=key, size_mm=size, text="".join(chars), glyphs=tuple(glyphs), xs_mm=tuple(xs),
                       y_mm=y, width_mm=round(x - xs[0], 3), fill=fill, tag=tag)


def guilloche() -> Artwork:
    """Return 24 wavy lines and a border."""
    paths = []
    for turn in range(24):
        points = [
            (20 + t * 2.57, 105 + 60 * math.sin(t / 8 + turn * math.pi / 12) * math.cos(turn / 5))
            for t in range(101)
        ]
        segments = [Segment("M", tuple(round(v, 3) for v in points[0]))]
        segments += [Segment("L", tuple(round(v, 3) for v in point)) for point in points[1:]]
        paths.append(Path(segments=tuple(segments), stroke=Colour(150, 190, 170, 0.5), stroke_width_mm=0.1))
    border = (Segment("M", (8, 8)), Segment("L", (289, 8)), Segment("L", (289, 202)), Segment("L", (8, 202)),
              Segment("Z"), Segment("M", (10, 10)), Segment("C", (100, 10, 200, 10, 287, 10)),
              Segment("L", (287, 200)), Segment("L", (10, 200)), Segment("Z"))
    paths.append(Path(segments=border, fill=Colour(150, 60, 40), even_odd=True))
    return Artwork(name="ground", digest="00" * 32, width_mm=297, height_mm=210, paths=tuple(paths))


@functools.cache
def qr_png() -> bytes:
    """Return a 1-bit picture, 37 modules of 8 pixels."""
    picture = Picture.new("1", (296, 296), 1)
    draw = ImageDraw.Draw(picture)
    for module in range(37 * 37):
        if module * 7919 % 3 == 0:
            x, y = module % 37 * 8, module // 37 * 8
            draw.rectangle((x, y, x + 7, y + 7), fill=0)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


@functools.cache
def seal_png() -> bytes:
    """Return a red ring on a clear ground."""
    picture = Picture.new("RGBA", (500, 500), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((6, 6, 494, 494), outline=(200, 16, 30, 230), width=16)
    draw.regular_polygon((250, 250, 80), 5, fill=(200, 16, 30, 230))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


@functools.cache
def sample() -> Document:
    """Return 正本, 副本 and 附页 with the lines of VALUES."""
    pages = []
    for number, role in enumerate(("正本", "副本", "附页"), 1):
        items: list[GlyphRun | Path | Image] = []
        items += run("危险化学品经营许可证", 90, 35, 10, face="song-bold", spread=2)
        for index, (label, value) in enumerate(VALUES):
            y = 60 + 12 * index
            items += run(label, 30, y, face="hei", spread=0.8)
            items += run(value, 80, y, face="song" if label == "部首" else "kai", tag=label)
        items.append(Image(name="qr", x_mm=240, y_mm=20, width_mm=36, height_mm=36, role="qr"))
        items += run(f"{number}/3", 145, 195, 3.5, face="song", fill=Colour(90, 90, 90, 0.8))
        seal = Place(x_mm=210, y_mm=140, width_mm=42, height_mm=42)
        pages.append(Page(role=role, width_mm=297, height_mm=210, artwork="ground", items=tuple(items),
                          seals=(Stamp(place=seal),)))
    return Document(title=META.title, pages=tuple(pages), artworks={"ground": guilloche()},
                    images={"qr": qr_png()})


def unsigned(plan: SignaturePlan = PLAN, attachments: tuple[Attachment, ...] = (RECORD_FILE,)) -> UnsignedPdf:
    """Return the sample as an unsigned PDF."""
    return write_pdf(sample(), meta=META, attachments=attachments, seal_png=seal_png(), signature=plan)


@functools.cache
def world() -> tuple[LocalSigner, Certificate, Certificate]:
    """Return a signer, its issuing CA and the root, all P-256, valid for a year around NOW."""
    start, end = NOW - timedelta(days=30), NOW + timedelta(days=3650)
    root_key, ca_key, key = (p256.PrivateKey.generate() for _ in range(3))
    root = build_certificate(
        subject=(("C", "CN"), ("CN", "演示根")), spki=root_key.spki,
        issuer=None, issuer_key=root_key, serial=1,
        not_before=start, not_after=end, key_usage=("keyCertSign", "cRLSign"), ca=True)
    ca = build_certificate(
        subject=(("C", "CN"), ("CN", "演示签发")), spki=ca_key.spki,
        issuer=root, issuer_key=root_key, serial=2,
        not_before=start, not_after=end, key_usage=("keyCertSign", "cRLSign"), ca=True, path_len=0)
    leaf = build_certificate(
        subject=(("C", "CN"), ("O", "测试市应急管理局"), ("CN", "测试市应急管理局")), spki=key.spki,
        issuer=ca, issuer_key=ca_key, serial=3, not_before=start, not_after=end,
        key_usage=("digitalSignature", "nonRepudiation"), ext_key_usage=(DOCUMENT_SIGNING,))
    return LocalSigner(leaf, key), ca, root
