"""Pages of a PDF as pictures, drawn by PDFium; boxes of the widgets of its signatures."""

from __future__ import annotations

import ctypes
from typing import Any, Final

from verify.drawing.budget import Budget, Spent
from verify.drawing.picture import encoded

__all__ = ["draw_pdf"]

_MM_A_POINT: Final = 25.4 / 72
_DOTS_A_MM: Final = 6.0                 # 152 dots an inch
_LONGEST: Final = 2200                  # pixels
_LARGEST_PT: Final = 14_400
_ANNOTATIONS: Final = 500
_NAME_BYTES: Final = 2048


def draw_pdf(data: bytes, budget: Budget, limit: int) -> dict[str, Any]:
    """Draw the first pages."""
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError:
        return {"count": 0, "pages": []}
    pages: list[dict[str, Any]] = []
    try:
        document.init_forms()
        form = document.formenv
        count = len(document)
        for index in range(min(count, limit)):
            try:
                pages.append(_page(document, form, index, budget))
            except (pdfium.PdfiumError, ValueError):
                continue
            except Spent:
                break
    finally:
        document.close()
    return {"count": count, "pages": pages}


def _page(document: Any, form: Any, index: int, budget: Budget) -> dict[str, Any]:
    page = document[index]
    try:
        width, height = page.get_size()
        if not (0 < width <= _LARGEST_PT and 0 < height <= _LARGEST_PT):
            raise ValueError("a page of no size")
        scale = min(_DOTS_A_MM * _MM_A_POINT, _LONGEST / max(width, height))
        budget.decode(round(width * scale), round(height * scale))
        picture = encoded(page.render(scale=scale, may_draw_forms=True).to_pil())
        budget.write(len(picture))
        return {"number": index + 1, "width_mm": width * _MM_A_POINT, "height_mm": height * _MM_A_POINT,
                "picture": picture, "seals": _seals(page, form, width, height), "lacks": []}
    finally:
        page.close()


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
