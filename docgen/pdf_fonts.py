"""Fonts of a PDF: one composite font a face, one CID for each character of the subset.

CID = glyph id of the subset = rank of the character in code point order, so the text maps back to
exactly the characters that were set, above the BMP too.

Source: ISO 32000-2 9.7 (composite fonts), 9.10.3 (ToUnicode); ISO 19005-3 6.2.11.
"""

from __future__ import annotations

import fonts
from docgen.page import Document, GlyphRun
from docgen.pdf_objects import PdfFile, Value, deflate, name

__all__ = ["PdfFont", "embed_fonts"]

_CMAP_HEAD = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <ffff>
endcodespacerange
"""
_CMAP_TAIL = """endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""
_SYMBOLIC = 4
_SERIF = 2


class PdfFont:
    """An embedded face: its reference, the code of each character, and widths in thousandths of the size."""

    def __init__(self, face: fonts.Face, subset: fonts.Subset) -> None:
        self.face = face
        self.subset = subset
        self.codes = {char: f"{glyph:04x}" for char, glyph in subset.glyphs.items()}
        self.widths = {
            char: round(subset.advances[glyph] * 1000 / face.units_per_em)
            for char, glyph in subset.glyphs.items()
        }

    def _width_array(self) -> tuple[int, list[Value]]:
        """Return the default width and the exceptions, in runs of consecutive CIDs."""
        by_code = [(glyph, self.widths[char]) for char, glyph in self.subset.glyphs.items()]
        default = 1000
        runs: list[Value] = []
        last = -2
        for glyph, width in by_code:
            if width == default:
                continue
            if glyph != last + 1:
                runs += [glyph, []]
            runs[-1].append(width)
            last = glyph
        return default, runs

    def _to_unicode(self) -> bytes:
        lines = [f"<{code}> <{char.encode('utf-16-be').hex()}>" for char, code in self.codes.items()]
        parts = [_CMAP_HEAD]
        for start in range(0, len(lines), 100):
            block = lines[start:start + 100]
            parts.append(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar\n")
        parts.append(_CMAP_TAIL)
        return "".join(parts).encode("ascii")

    def embed(self, pdf: PdfFile) -> Value:
        """Add the font's objects to PDF and return the reference to the Type0 font."""
        face, scale = self.face, 1000 / self.face.units_per_em
        base = name(f"{self.subset.tag}+{face.postscript_name}")
        file = pdf.add_stream({"Length1": len(self.subset.data)}, self.subset.compressed, compressed=True)
        descriptor = pdf.add({
            "Type": "/FontDescriptor", "FontName": base,
            "Flags": _SYMBOLIC | (_SERIF if face.serif else 0),
            "FontBBox": [round(edge * scale) for edge in face.bbox], "ItalicAngle": 0,
            "Ascent": round(face.ascent * scale), "Descent": round(face.descent * scale),
            "CapHeight": 700, "StemV": 120 if face.bold else 80, "FontFile2": file,
        })
        default, widths = self._width_array()
        cid_font: dict[str, Value] = {
            "Type": "/Font", "Subtype": "/CIDFontType2", "BaseFont": base,
            "CIDSystemInfo": {"Registry": "(Adobe)", "Ordering": "(Identity)", "Supplement": 0},
            "FontDescriptor": descriptor, "DW": default, "W": widths, "CIDToGIDMap": "/Identity",
        }
        unicode_map = pdf.add_stream({}, deflate(self._to_unicode()), compressed=True)
        return pdf.add({
            "Type": "/Font", "Subtype": "/Type0", "BaseFont": base, "Encoding": "/Identity-H",
            "DescendantFonts": [pdf.add(cid_font)], "ToUnicode": unicode_map,
        })


def embed_fonts(pdf: PdfFile, document: Document) -> tuple[dict[str, PdfFont], dict[str, Value]]:
    """Embed every face that DOCUMENT uses; return the fonts by face key and the font resources.

    Raises:
        FontError: ``font.unknown-face``, ``font.missing-glyph``.
    """
    chars: dict[str, set[str]] = {}
    for page in document.pages:
        for item in page.items:
            if isinstance(item, GlyphRun):
                chars.setdefault(item.face, set()).update(item.text)
    used: dict[str, PdfFont] = {}
    resources: dict[str, Value] = {}
    for key in sorted(chars):
        face = fonts.face(key)
        used[key] = PdfFont(face, face.subset(frozenset(chars[key])))
        resources[resource_name(key)] = used[key].embed(pdf)
    return used, resources


def resource_name(face: str) -> str:
    """Return the name under which a page's resources hold FACE."""
    return "F-" + face
