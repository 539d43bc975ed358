"""Reads the pages of a rendition: size, text, pictures, seals, in millimetres from the top left corner."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Final

from verify.model import PageView, PictureBox, RectMm, TextRun
from verify.pdf_canvas import Box, PaintedImage, PaintedText, State, corners
from verify.pdf_content import MAX_CONTENT, MAX_TOKENS, Interpreter, rectangle_of
from verify.pdf_file import PdfFile, read_file
from verify.pdf_fonts import PdfFont
from verify.pdf_images import PdfImage
from verify.pdf_keys import check_keys
from verify.pdf_objects import Dict, Object, Ref, Stream
from verify.pdf_reasons import FindingList, PdfRefusal
from verify.pdf_resources import Resources

__all__ = ["MAX_PAGES", "PageReader", "grounds_of"]

MAX_PAGES: Final = 200
MAX_COMPARISONS: Final = 2_000_000      # text by covering area, a file
_MM: Final = 25.4 / 72
_SAME_PT: Final = 0.01


class PageReader:
    """Reads all pages; fonts, pictures and the limit on content are shared by them."""

    def __init__(self, file: PdfFile, findings: FindingList) -> None:
        self.file = file
        self.findings = findings
        self.fonts: dict[Ref, PdfFont] = {}
        self.images: dict[Ref, PdfImage] = {}
        self.tokens_left = MAX_TOKENS
        self.comparisons_left = MAX_COMPARISONS
        self.widgets_seen = 0

    def read(self, tree: Object, widget: Ref | None) -> tuple[PageView, ...]:
        """Read the page tree, which is one flat list of pages, and the one widget on it.

        Raises:
            PdfRefusal: a form that we do not write.
        """
        root = self.file.get(tree)
        check_keys(root, "Pages", "Pages")
        kids = self.file.get(root.get("Kids")) if isinstance(root, dict) else None
        if not isinstance(root, dict) or not isinstance(kids, list) or not isinstance(tree, Ref):
            raise PdfRefusal("pdf.type", "Pages", kind="Pages")
        distinct = len(set(map(repr, kids)))
        if not 0 < len(kids) <= MAX_PAGES or not root.get("Count") == len(kids) == distinct:
            raise PdfRefusal("pdf.pages", "Pages")
        views = tuple(self.page(number, ref, root, tree, widget) for number, ref in enumerate(kids, 1))
        if self.widgets_seen != 1:
            raise PdfRefusal("pdf.widget", "Annots", what="Annots")
        return views

    def page(self, number: int, ref: Object, root: Dict, tree: Ref, widget: Ref | None) -> PageView:
        where = f"page {number}"
        entries = self.file.get(ref)
        check_keys(entries, "Page", where)
        if not isinstance(entries, dict) or entries.get("Type") != "Page" or entries.get("Parent") != tree:
            raise PdfRefusal("pdf.type", where, kind="Page")
        box = self.page_box(entries, root, where)
        resources = Resources.read(self.file, entries.get("Resources", root.get("Resources")), where,
                                   self.fonts, self.images)
        interpreter = Interpreter(box, self.tokens_left)
        interpreter.run(self.content(entries, where), resources)
        shown = len(interpreter.images)
        for annotation in self.annotations(entries, where):
            if annotation != widget:
                raise PdfRefusal("pdf.annotation", where)
            self.widgets_seen += 1
            self.appearance(annotation, ref, interpreter, where)
        self.tokens_left = interpreter.tokens_left
        return self.view(number, box, interpreter, shown)

    def page_box(self, entries: Dict, root: Dict, where: str) -> Box:
        """The media box, from the origin; no other box, no rotation."""
        box = rectangle_of(entries.get("MediaBox", root.get("MediaBox")), where)
        if (box.left, box.bottom) != (0, 0) or not (20 < box.right < 5000 and 20 < box.top < 5000):
            raise PdfRefusal("pdf.pages", where)
        for key in ("CropBox", "TrimBox", "BleedBox", "ArtBox"):
            if key in entries and rectangle_of(entries[key], where) != box:
                raise PdfRefusal("pdf.pages", where)
        if entries.get("Rotate", 0) != 0:
            raise PdfRefusal("pdf.pages", where)
        return box

    def content(self, entries: Dict, where: str) -> bytes:
        stream = self.file.get(entries.get("Contents"))
        if not isinstance(stream, Stream):
            raise PdfRefusal("pdf.type", where, kind="Contents")
        check_keys(stream.entries, "Content", where)
        return self.file.decode(stream, where, MAX_CONTENT)

    def annotations(self, entries: Dict, where: str) -> list[Object]:
        found = self.file.get(entries.get("Annots", []))
        if not isinstance(found, list) or len(found) > 1:
            raise PdfRefusal("pdf.annotation", where)
        return found

    def appearance(self, widget: Object, page: Object, interpreter: Interpreter, where: str) -> None:
        """Paint the widget's appearance into its rectangle (12.5.5), over the page."""
        entries = self.file.get(widget)
        if not isinstance(entries, dict) or entries.get("P") != page:
            raise PdfRefusal("pdf.widget", where, what="P")
        rect = rectangle_of(entries.get("Rect"), where)
        if "AP" not in entries:
            if rect.right > rect.left and rect.top > rect.bottom:
                raise PdfRefusal("pdf.widget", where, what="AP")
            return
        look = self.file.get(entries["AP"])
        check_keys(look, "AP", where)
        form_ref = look.get("N") if isinstance(look, dict) else None
        form = self.file.get(form_ref)
        if not isinstance(form, Stream) or not isinstance(form_ref, Ref) or "Matrix" in form.entries:
            raise PdfRefusal("pdf.widget", where, what="AP")
        box = rectangle_of(form.entries.get("BBox"), where)
        width, height = box.right - box.left, box.top - box.bottom
        if width <= 0 or height <= 0:
            raise PdfRefusal("pdf.widget", where, what="BBox")
        across, up = (rect.right - rect.left) / width, (rect.top - rect.bottom) / height
        placed = (across, 0.0, 0.0, up, rect.left - box.left * across, rect.bottom - box.bottom * up)
        texts = len(interpreter.texts)
        interpreter.state = State(interpreter.page_box)
        interpreter.state.ctm = placed
        resources = Resources(self.file, {}, f"{form_ref.number} 0 R", self.fonts, self.images)
        check_keys(form.entries, "Form", resources.where)
        if interpreter.form(form, resources, resources.where):
            raise PdfRefusal("pdf.widget", where, what="AP")      # outlines, where only the seal's picture may be
        if len(interpreter.texts) != texts:
            raise PdfRefusal("pdf.widget", where, what="text")

    def view(self, number: int, box: Box, painted: Interpreter, shown: int) -> PageView:
        """What was painted, in page millimetres; text that cannot be seen is a finding."""
        where = f"page {number}"
        texts = [text.box for text in painted.texts]
        self.visible(painted, texts, box, where)
        self.pictures_whole(painted, texts, shown, where)
        pictures: list[PictureBox] = []
        seals: list[PictureBox] = []
        for index, image in enumerate(painted.images):
            picture = _picture(image, box)
            cut = image.seen if image.image.mask is not None else None
            if cut is not None and cut.right > cut.left and cut.top > cut.bottom:
                picture = dataclasses.replace(picture, clip=_rect(cut, box))
            elif image.clipped or not corners(image.matrix).inside(box, 0.5):
                self.findings.add("pdf.picture-cut", where)
            (seals if image.image.mask is not None or index >= shown else pictures).append(picture)
        return PageView(number=number, width_mm=box.right * _MM, height_mm=box.top * _MM,
                        runs=tuple(_run(text, box) for text in painted.texts),
                        pictures=tuple(pictures), seals=tuple(seals), grounds=tuple(painted.grounds),
                        shapes=tuple(painted.shapes or ()))

    def visible(self, painted: Interpreter, texts: Sequence[Box], box: Box, where: str) -> None:
        """Findings on text that is hidden, turned, covered, or off the page."""
        if painted.late:
            self.findings.add("pdf.text-covered", where, text="")
        first = min((text.order for text in painted.texts), default=0)
        covers = [(fill.box, fill.order) for fill in painted.fills if fill.order > first]
        covers += [(corners(image.matrix), image.order) for image in painted.images
                   if image.image.mask is None and image.order > first]
        self.comparisons_left -= len(covers) * len(painted.texts)
        if self.comparisons_left < 0:
            raise PdfRefusal("pdf.too-large", where)
        for text, own in zip(painted.texts, texts, strict=True):
            if text.turned:
                self.findings.add("pdf.text-turned", where, text=text.chars)
            if text.hidden or not own.inside(box, 0.5):
                self.findings.add("pdf.text-hidden", where, text=text.chars)
            for area, order in covers:
                if order > text.order and area.overlaps(own):
                    self.findings.add("pdf.text-covered", where, text=text.chars)
                    break

    def pictures_whole(self, painted: Interpreter, texts: Sequence[Box], shown: int, where: str) -> None:
        """Findings on pictures of the page on which anything is drawn later, were it a line."""
        pictures = [(corners(image.matrix), image.order) for image in painted.images[:shown]
                    if image.image.mask is None]
        later = [(fill.box, fill.order) for fill in (*painted.fills, *painted.over)]
        later += [(own, text.order) for own, text in zip(texts, painted.texts, strict=True)]
        later += pictures
        self.comparisons_left -= len(pictures) * len(later)
        if self.comparisons_left < 0:
            raise PdfRefusal("pdf.too-large", where)
        if any(order > own and area.overlaps(picture) for picture, own in pictures for area, order in later):
            self.findings.add("pdf.picture-covered", where)


def grounds_of(data: bytes) -> tuple[str, ...]:
    """The grounds that the first page of a PDF of ours draws, signed or not.

    Raises:
        PdfRefusal: a form that we do not write.
    """
    file = read_file(data)
    catalog = file.get(file.trailer["Root"])
    tree = catalog.get("Pages") if isinstance(catalog, dict) else None
    root = file.get(tree)
    kids = file.get(root.get("Kids")) if isinstance(root, dict) else None
    if not isinstance(tree, Ref) or not isinstance(root, dict) or not isinstance(kids, list) or not kids:
        raise PdfRefusal("pdf.type", "Pages", kind="Pages")
    return PageReader(file, FindingList()).page(1, kids[0], root, tree, None).grounds


def _run(text: PaintedText, box: Box) -> TextRun:
    start, across = text.x * _MM, text.across * _MM
    xs = tuple([start + across * place for place in text.places])
    return TextRun(                      # in the order of its fields: naming them takes longer
        text.chars, xs, (box.top - text.y) * _MM, text.size * _MM, text.end_x * _MM - xs[0], text.font.name,
        text.font_id, text.glyphs, _colour(text.rgb), text.order, text.font.program)


@functools.lru_cache(maxsize=256)
def _colour(rgb: tuple[float, float, float]) -> tuple[int, int, int]:
    red, green, blue = [round(255 * min(1.0, max(0.0, channel))) for channel in rgb]
    return red, green, blue


def _picture(painted: PaintedImage, box: Box) -> PictureBox:
    area = corners(painted.matrix)
    a, b, c, d, _, _ = painted.matrix
    image = painted.image
    return PictureBox(
        name=image.name, digest=image.digest, load=image.bitmap, width_px=image.plane.width,
        height_px=image.plane.height, order=painted.order,
        upright=abs(b) < _SAME_PT and abs(c) < _SAME_PT and a > 0 and d > 0, box=_rect(area, box), sm3=image.sm3)


def _rect(area: Box, page: Box) -> RectMm:
    """A box of the page in millimetres from its top left corner."""
    return RectMm(x_mm=area.left * _MM, y_mm=(page.top - area.top) * _MM,
                  width_mm=(area.right - area.left) * _MM, height_mm=(area.top - area.bottom) * _MM)
