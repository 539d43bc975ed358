"""What is laid over the drawn pages: seals that can be chosen, parts that no signature protects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reports.words import Words

__all__ = ["Before", "Loose", "Seal", "Sheet", "sheets"]

_TONES: Final = {"TOTAL-PASSED": ("good", "✓"), "TOTAL-FAILED": ("bad", "✗")}
_LOOSE_LIMIT: Final = 60
_PARTS: Final = {
    "page": Words("页面", "page"), "template": Words("模板", "template"), "resource": Words("资源", "resources"),
    "font": Words("字体", "font"), "image": Words("图片", "picture"), "annotation": Words("注释", "annotation"),
    "attachment": Words("附件", "attachment"),
}
_OTHER: Final = Words("内容", "content")
_LACKS: Final = {
    "font": Words("有的文字所用字体没有嵌入或不能读取，以相近字体代替，字形可能不同。",
                  "Some text is set in fonts that are not embedded or cannot be read; a like face stands for them."),
    "picture": Words("有图片不能显示，以灰块代替。", "Some pictures cannot be shown; a grey box stands for them."),
    "pattern": Words("有底纹不能显示，以灰色代替。", "Some patterns cannot be shown; grey stands for them."),
    "object": Words("有的内容不能显示。", "Some content cannot be shown."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A seal on a page: number of its signature in the report (from 1), box in mm, tone and sign, who sealed."""

    signature: int
    box: Sequence[float]
    tone: str
    sign: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loose:
    """An unprotected part of a page; without a box it may be anywhere on it."""

    part: Words
    box: Sequence[float]
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """A page when the file was genuine ("" where it was not there then), and the box that looks otherwise now, mm."""

    picture: str
    box: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One page as it is shown."""

    number: int
    width: float
    height: float
    picture: str
    seals: Sequence[Seal]
    loose: Sequence[Loose]
    lacks: Sequence[Words]
    before: Before | None


def sheets(report: Mapping[str, Any], drawing: Mapping[str, Any]) -> list[Sheet]:
    """The drawn pages with what the report says of their places."""
    return [_sheet(report, page) for page in drawing["pages"]]


def _sheet(report: Mapping[str, Any], page: Mapping[str, Any]) -> Sheet:
    width, height = float(page["width_mm"]), float(page["height_mm"])
    seals = [seal for each in page["seals"] if (seal := _seal(report, each)) is not None]
    loose: list[Loose] = []
    parts: set[tuple[str, tuple[float, ...]]] = set()
    for each in report["coverage"]["loose"]:
        key = each["part"], tuple(each["box_mm"] or ())
        if each["page"] == page["number"] and key not in parts and len(loose) < _LOOSE_LIMIT:
            parts.add(key)
            box = each["box_mm"]
            loose.append(Loose(part=_PARTS.get(each["part"], _OTHER), whole=box is None,
                               box=box or [1, 1, max(width - 2, 1), max(height - 2, 1)]))
    return Sheet(number=page["number"], width=width, height=height, picture=page["picture"], seals=seals,
                 loose=loose, lacks=[_LACKS[each] for each in page["lacks"]], before=_before(page, width, height))


def _before(page: Mapping[str, Any], width: float, height: float) -> Before | None:
    """The page when the file was genuine, the box a little wider than what differs."""
    told = page.get("before")
    if told is None:
        return None
    left, top = max(told["box"][0] * width - 1, 0), max(told["box"][1] * height - 1, 0)
    return Before(picture=told["picture"], box=[
        left, top, min(told["box"][2] * width + 2, width - left), min(told["box"][3] * height + 2, height - top)])


def _seal(report: Mapping[str, Any], placed: Mapping[str, Any]) -> Seal | None:
    """The seal with what the report says of its signature; None where the report has none to which it belongs."""
    signatures = report["signatures"]
    found = [index for index, each in enumerate(signatures) if each["id"] and each["id"] == placed["id"]]
    if not found and all(not each["id"] for each in signatures):
        wanted = "PAdES" if report["file"]["kind"] == "pdf" else "SES"
        found = [index for index, each in enumerate(signatures) if each["kind"].startswith(wanted)]
        found = found[placed["place"]:placed["place"] + 1]
    if not found:
        return None
    signature = signatures[found[0]]
    tone, sign = _TONES.get(signature["indication"], ("unsure", "?"))
    return Seal(signature=found[0] + 1, box=placed["box_mm"], tone=tone, sign=sign,
                who=signature["organisation"] or signature["signer"])
