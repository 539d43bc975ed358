"""A small document in the page model, for tests of the OFD writer, the seal and the package."""

from __future__ import annotations

from datetime import UTC, datetime

import fonts
from docgen.ofd import Attachment, OfdMeta
from docgen.page import Artwork, Colour, Document, GlyphRun, Image, Page, Path, Place, Segment, Stamp

BLACK = Colour(0, 0, 0)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010100000000376ef9240000000a4944415408d7636800000082"
    "008177cd72b60000000049454e44ae426082")
CREATED = datetime(2025, 8, 1, 2, 3, 4, tzinfo=UTC)


def run(text: str, *, x_mm: float, y_mm: float, size_mm: float = 5.0, face: str = "kai",
        tag: str | None = None) -> GlyphRun:
    """Set ``text`` solid in one face; it must draw every character."""
    font = fonts.face(face)
    glyphs = [font.glyph_id(char) for char in text]
    assert None not in glyphs, text
    xs, at = [], x_mm
    for glyph in glyphs:
        xs.append(round(at, 3))
        at += font.advance(glyph) * size_mm / font.units_per_em
    return GlyphRun(
        face=face, size_mm=size_mm, text=text, glyphs=tuple(glyphs), xs_mm=tuple(xs), y_mm=y_mm,
        width_mm=round(at - x_mm, 3), fill=BLACK, tag=tag)


def rule(x_mm: float, y_mm: float, length_mm: float) -> Path:
    return Path(
        segments=(Segment("M", (x_mm, y_mm)), Segment("L", (x_mm + length_mm, y_mm))),
        stroke=Colour(200, 30, 30), stroke_width_mm=0.3)


def blob() -> Path:
    return Path(
        segments=(Segment("M", (10.0, 10.0)), Segment("C", (20.0, 10.0, 20.0, 20.125, 10.0, 20.5)),
                  Segment("Z")),
        fill=Colour(10, 120, 90, 0.5), stroke=BLACK, stroke_width_mm=0.1, even_odd=True)


def document(name: str = "测试甲化工贸易有限公司") -> Document:
    """Two pages on one ground: fields, a rule, a QR picture, a seal place each."""
    artwork = Artwork(name="ground", digest="00" * 32, width_mm=297.0, height_mm=210.0,
                      paths=(rule(5, 5, 287), blob()))
    items = (
        run("危险化学品经营许可证", x_mm=90, y_mm=40, size_mm=10, face="song-bold"),
        run("企业名称", x_mm=30, y_mm=60, face="song"),
        run(name, x_mm=60, y_mm=60, tag="企业名称"),
        rule(30, 62, 150),
        run("许可证编号 14010013202590001", x_mm=30, y_mm=70, tag="许可证编号"),
        Image(name="qr", x_mm=240, y_mm=15, width_mm=36, height_mm=36, role="qr"),
    )
    page = Page(role="正本", width_mm=297.0, height_mm=210.0, artwork="ground", items=items,
                seals=(Stamp(place=Place(x_mm=200, y_mm=140, width_mm=42, height_mm=42)),))
    copy = Page(role="副本", width_mm=297.0, height_mm=210.0, artwork="ground", items=items[:4],
                seals=page.seals)
    return Document(title="危险化学品经营许可证", pages=(page, copy), artworks={"ground": artwork},
                    images={"qr": PNG})


META = OfdMeta(
    identifier="1.2.156.3005.2.11100000000013338W011.11140100MB9TEX0180.14010013202590001.001.X",
    title="危险化学品经营许可证", author="测试市应急管理局", created=CREATED,
    items=(("ZZMC", "危险化学品经营许可证"), ("ZZBH", "14010013202590001"),
           ("CZZT", "测试甲化工贸易有限公司")),
    short_names={"企业名称": "CZZT", "许可证编号": "ZZBH"}, creator_version="0.1.0")

ATTACHMENTS = (
    Attachment(name="record.xml", title="record.xml", format="xml", data=b"<a/>"),
    Attachment(name="rendition.pdf", title="rendition.pdf", format="pdf", data=b"%PDF-1.7\n"),
    Attachment(name="data-signing.cer", title="data-signing.cer", format="cer", data=b"0\x00", shown=False),
)
