"""Look at where the drawings of a template lie: on their pages, and over all of it where they begin at its corner."""

from __future__ import annotations

from collections.abc import Iterator

from docgen.artwork import extent
from docgen.design.findings import Finding, FindingCode
from docgen.page import Place
from docgen.template_layout import Art, Layout, PageLayout

__all__ = ["art_findings"]

_SLACK_MM = 0.5             # so much a drawing may differ from its page


def art_findings(kind_code: str, layout: Layout, *, data: str) -> list[Finding]:
    """A finding for each drawing that leaves its page, or begins at its corner and does not cover it.

    Args:
        data: the name of the record that the template was filled in with.
    """
    pages = [one for page in layout.pages for one in (page, page.following) if one is not None]
    return [Finding(code=FindingCode.ART.value, zh=zh, en=en, file=layout.file, line=art.source_line, data=data)
            for page in pages for art, zh, en in _faults(kind_code, page)]


def _faults(kind_code: str, page: PageLayout) -> Iterator[tuple[Art, str, str]]:
    for art in (*page.art, *page.ornaments):
        place = extent(kind_code, art)
        if place is None:
            continue
        size_zh = (f"{art.file} 占 {place.width_mm:g}×{place.height_mm:.4g} mm，页面为 {page.width_mm:g}×"
                   f"{page.height_mm:g} mm")
        size_en = (f"{art.file} takes {place.width_mm:g} by {place.height_mm:.4g} mm of a page of {page.width_mm:g} by "
                   f"{page.height_mm:g} mm")
        if _leaves(place, page):
            yield art, f"{page.role}的图案超出页面：{size_zh}", f"the drawing leaves the page {page.role}: {size_en}"
        elif art in page.art and _at_corner(place) and not _covers(place, page):
            yield (art, f"{page.role}的底图自左上角起却没有铺满页面：{size_zh}",
                   f"the ground of {page.role} begins at its corner and does not cover it: {size_en}")


def _leaves(place: Place, page: PageLayout) -> bool:
    return (place.x_mm < -_SLACK_MM or place.y_mm < -_SLACK_MM
            or place.x_mm + place.width_mm > page.width_mm + _SLACK_MM
            or place.y_mm + place.height_mm > page.height_mm + _SLACK_MM)


def _at_corner(place: Place) -> bool:
    return abs(place.x_mm) <= _SLACK_MM and abs(place.y_mm) <= _SLACK_MM


def _covers(place: Place, page: PageLayout) -> bool:
    return place.width_mm >= page.width_mm - _SLACK_MM and place.height_mm >= page.height_mm - _SLACK_MM
