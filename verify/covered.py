"""What the signatures of a file protect, entry by entry, and how that is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from verify.model import RectMm
from verify.reasons import clean

__all__ = ["PARTS", "STANDINGS", "Coverage", "CoveredEntry", "LoosePart", "plain_box"]

STANDINGS: Final = {
    "protected": ("受保护", "protected"),
    "harmless": ("未受保护，不影响画面", "unprotected, harmless"),
    "picture": ("未受保护，可能改变画面", "unprotected, able to change the picture"),
}
_LAPSED: Final = ("签名未通过，不受保护", "unprotected: its signature does not pass")
_LISTING: Final = ("未受保护，只列出签名", "unprotected, only lists the signatures")
_STATES: Final = {"changed": ("已被改动", "changed"), "removed": ("已被删除", "removed")}
PARTS: Final = {
    "root": ("入口", "entrance"), "document": ("文档", "document"), "version": ("版本", "version"),
    "page": ("页面", "page"), "template": ("模板", "template"), "resource": ("资源", "resources"),
    "font": ("字体", "font"), "image": ("图片", "picture"), "annotation": ("注释", "annotation"),
    "attachment": ("附件", "attachment"), "tags": ("标引", "tags"), "extension": ("扩展", "extension"),
    "signature": ("签名", "signature"), "signatures": ("签名列表", "list of signatures"), "other": ("其他", "other"),
}
_NAMED: Final = 8                       # entries named of one standing under one signature
_SHOWN: Final = 40                      # lines of one kind in the terminal report


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredEntry:
    """One part of the file: an entry of an OFD, a revision of a PDF.

    ``state``: protected (by a digest under a signature), signature (a signature's own data), unprotected, changed
    (its digest is not the signed one) or removed. ``role`` says what it does in the file: picture (it can change
    what is seen), harmless, signature, unreached (nothing leads to it); "" where it was not asked. ``part`` names
    it more closely (page, font, annotation, …), ``by`` holds the ids of the signatures that protect it.
    """

    name: str
    state: str
    digest: str = ""                     # found, hex: SM3, unless the signature names another
    expected: str = ""                   # under the signature, hex
    role: str = ""
    part: str = ""
    by: tuple[str, ...] = ()

    @property
    def standing(self) -> str:
        """protected, harmless (unprotected, changes no picture) or picture (unprotected, can change the picture)."""
        if self.state in ("protected", "signature"):
            return "protected"
        return "harmless" if self.role in ("harmless", "signature") and self.state == "unprotected" else "picture"

    @property
    def lapsed(self) -> bool:
        """Whether its bytes are the signed ones, and no signature over them passes."""
        return self.state == "unprotected" and bool(self.expected) and self.expected == self.digest

    @property
    def words(self) -> tuple[str, str]:
        """How it stands, in Chinese and English."""
        if self.lapsed:
            return _LAPSED
        return _LISTING if self.state == "unprotected" and self.role == "signature" else STANDINGS[self.standing]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoosePart:
    """What a page shows from an entry that no signature protects; ``box`` None: anywhere on the page."""

    page: int                            # from 1
    part: str                            # page, template, annotation, image, font, …
    entry: str
    box: RectMm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What the signatures cover. ``complete`` only when nothing of the file is left out."""

    complete: bool
    entries: tuple[CoveredEntry, ...] = ()
    loose: tuple[LoosePart, ...] = ()

    def under(self, signature: str) -> dict[str, list[CoveredEntry]]:
        """The entries as the signature of this id has them: protected by it, or not, by their standing."""
        apart: dict[str, list[CoveredEntry]] = {standing: [] for standing in STANDINGS}
        for entry in self.entries:
            if signature in entry.by:
                apart["protected"].append(entry)
            elif entry.role in ("harmless", "picture", "unreached"):
                apart["harmless" if entry.role == "harmless" else "picture"].append(entry)
        return apart

    def lines_under(self, signature: str) -> list[str]:
        """For a terminal: how many entries stand how under one signature, and the first of them."""
        lines = []
        for standing, entries in self.under(signature).items():
            zh, en = STANDINGS[standing]
            names = ", ".join(clean(entry.name) for entry in entries[:_NAMED]) + (", …" if entries[_NAMED:] else "")
            lines.append(f"  {zh} / {en}: {len(entries)}" + (f" ({names})" if names else ""))
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"complete": self.complete, "entries": [_plain_entry(entry) for entry in self.entries],
                "loose": [{"page": part.page, "part": part.part, "entry": clean(part.entry),
                           "box_mm": plain_box(part.box)} for part in self.loose]}

    def text_lines(self) -> list[str]:
        """For a terminal: what no signature protects, and where it shows on the pages."""
        if not self.entries:
            return []
        covered = sum(entry.standing == "protected" for entry in self.entries)
        head = (f"保护范围 coverage: {covered}/{len(self.entries)}"
                + ("，全部 / complete" if self.complete else "，不完整 / incomplete"))
        lapsed = {entry.name for entry in self.entries if entry.lapsed}
        told = [_entry_line(entry) for entry in self.entries
                if entry.standing != "protected" and entry.name not in lapsed]
        if not covered and all(entry.state == "unprotected" for entry in self.entries):
            told = []                    # nothing was signed: the names say no more than the count
        if lapsed:
            told.append(f"  ✗ {_LAPSED[0]} / {_LAPSED[1]}: {len(lapsed)}")
        return [head, *_some(told + [_loose_line(part) for part in self.loose if part.entry not in lapsed])]


def plain_box(box: RectMm | None) -> list[float] | None:
    """A box as ``[x, y, width, height]`` in millimetres."""
    return None if box is None else [box.x_mm, box.y_mm, box.width_mm, box.height_mm]


def _plain_entry(entry: CoveredEntry) -> dict[str, Any]:
    zh, en = entry.words
    return {"name": clean(entry.name), "state": entry.state, "digest": entry.digest, "expected": entry.expected,
            "role": entry.role, "part": entry.part, "by": [clean(each) for each in entry.by],
            "standing": entry.standing, "zh": zh, "en": en}


def _loose_line(part: LoosePart) -> str:
    zh, en = PARTS.get(part.part, PARTS["other"])
    box = part.box
    place = f" ({box.x_mm:g} {box.y_mm:g} {box.width_mm:g} {box.height_mm:g} mm)" if box else ""
    return f"  ✗ 第{part.page}页的{zh} / {en} on page {part.page}{place}: {clean(part.entry)}"


def _entry_line(entry: CoveredEntry) -> str:
    zh, en = _STATES.get(entry.state, entry.words)
    if not entry.role:
        if entry.state == "unprotected":                        # what it does was not asked
            zh, en = "未受保护", "unprotected"
        return f"  ✗ {clean(entry.name)} ({zh} / {en})"
    part_zh, part_en = PARTS.get(entry.part, PARTS["other"])
    line = f"  {'·' if entry.standing == 'harmless' else '✗'} {clean(entry.name)}: {zh} / {en} ({part_zh} / {part_en})"
    if entry.state == "changed":
        line += f"\n      应为 signed {entry.expected}\n      现为 found  {entry.digest}"
    return line


def _some(lines: list[str]) -> list[str]:
    """At most so many lines, and how many more there are."""
    more = len(lines) - _SHOWN
    return lines if more <= 0 else [*lines[:_SHOWN], f"  … 还有 {more} 项 / {more} more"]
