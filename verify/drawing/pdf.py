"""Pages of a PDF as pictures, drawn by PDFium; boxes of the widgets of its signatures."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final

from verify.drawing.budget import Budget, Spent
from verify.drawing.picture import encoded

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["draw_pdf"]

_MM_A_POINT: Final = 25.4 / 72
_DOTS_A_MM: Final = 6.0                 # 152 dots an inch
_LONGEST: Final = 2200                  # pixels
_LARGEST_PT: Final = 14_400
_ANNOTATIONS: Final = 500
_NAME_BYTES: Final = 2048


def draw_pdf(data: bytes, budget: Budget, limit: int, *, signed_bytes: int = 0) -> dict[str, Any]:
    """Draw the first pages.

    Args:
        signed_bytes: so much of the file is an earlier state, of which pages that looked otherwise are drawn too.
    """
    import pypdfium2 as pdfium

    document = _opened(data)
    if document is None:
        return {"count": 0, "pages": []}
    earlier = _opened(data[:signed_bytes]) if 0 < signed_bytes < len(data) else None
    pages: list[dict[str, Any]] = []
    try:
        count = len(document)
        for index in range(min(count, limit)):
            try:
                pages.append(_page(document, earlier, index, budget))
            except (pdfium.PdfiumError, ValueError):
                continue
            except Spent:
                break
    finally:
        if earlier is not None:
            earlier.close()
        document.close()
    return {"count": count, "pages": pages}


def _opened(data: bytes) -> Any:
    """A file with its form; None where it is none that can be drawn."""
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError:
        return None
    document.init_forms()
    return document


def _page(document: Any, earlier: Any, index: int, budget: Budget) -> dict[str, Any]:
    page = document[index]
    try:
        width, height = page.get_size()
        shown = _rendered(page, budget)
        picture = encoded(shown)
        budget.write(len(picture))
        seals = _seals(page, document.formenv, width, height)
    finally:
        page.close()
    return {"number": index + 1, "width_mm": width * _MM_A_POINT, "height_mm": height * _MM_A_POINT,
            "picture": picture, "seals": seals, "lacks": [], "before": _before(earlier, index, shown, budget)}


def _rendered(page: Any, budget: Budget) -> Image:
    width, height = page.get_size()
    if not (0 < width <= _LARGEST_PT and 0 < height <= _LARGEST_PT):
        raise ValueError("a page of no size")
    scale = min(_DOTS_A_MM * _MM_A_POINT, _LONGEST / max(width, height))
    budget.decode(round(width * scale), round(height * scale))
    made: Image = page.render(scale=scale, may_draw_forms=True).to_pil()
    return made


def _before(earlier: Any, index: int, shown: Image, budget: Budget) -> dict[str, Any] | None:
    """How a page looked earlier, and the box in which it looks otherwise now; None where that cannot be told."""
    import pypdfium2 as pdfium

    if earlier is None:
        return None
    if index >= len(earlier):
        return {"picture": "", "box": [0.0, 0.0, 1.0, 1.0]}
    try:
        page = earlier[index]
        try:
            was = _rendered(page, budget)
        finally:
            page.close()
        box = _differing(was, shown)
        if box is None:
            return None
        picture = encoded(was)
        budget.write(len(picture))
    except (pdfium.PdfiumError, ValueError, Spent):
        return None                                          # the page as it is now is shown all the same
    return {"picture": picture, "box": box}


def _differing(one: Image, two: Image) -> list[float] | None:
    """The box in which two pictures differ, in parts of width and height: left, top, width, height."""
    from PIL import ImageChops

    if one.size != two.size:
        return [0.0, 0.0, 1.0, 1.0]
    found = ImageChops.difference(one.convert("RGB"), two.convert("RGB")).getbbox()
    if found is None:
        return None
    (left, top, right, bottom), (width, height) = found, two.size
    return [left / width, top / height, (right - left) / width, (bottom - top) / height]


def _seals(page: Any, form: Any, width: float, height: float) -> list[dict[str, Any]]:
    """The visible widgets of signature fields: field name and box."""
    import pypdfium2.raw as raw

    found: list[dict[str, Any]] = []
    if page.get_rotation() or form is None:
        return found
    left, bottom = page.get_bbox()[:2]
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), _ANNOTATIONS)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            if raw.FPDFAnnot_GetFormFieldType(form, annotation) != raw.FPDF_FORMFIELD_SIGNATURE:
                continue
            rect = raw.FS_RECTF()
            if not raw.FPDFAnnot_GetRect(annotation, ctypes.byref(rect)):
                continue
            box = (rect.left - left, height - (rect.top - bottom), rect.right - rect.left, rect.top - rect.bottom)
            if all(side > 1 for side in box[2:]) and all(-width < each < 2 * (width + height) for each in box):
                name = ctypes.create_string_buffer(_NAME_BYTES)
                size = raw.FPDFAnnot_GetFormFieldName(
                    form, annotation, ctypes.cast(name, ctypes.POINTER(ctypes.c_ushort)), _NAME_BYTES)
                text = name.raw[:max(min(size, _NAME_BYTES) - 2, 0)].decode("utf-16-le", "replace")
                found.append({"id": text, "place": len(found), "box_mm": [each * _MM_A_POINT for each in box]})
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
    return found
