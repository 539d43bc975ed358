"""What a revision changed, object by object, and whether the change is one whose effect is known.

Known are: evidence (DSS), a signature in its own field, form filling, annotations, information about the
document. Whatever else differs may shape the picture. An object that nothing referred to before is harmless until
one of the known changes brings it in; one that something referred to, existing or not, is part of what was signed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verify.foreign.pdf_annotations import (
    has_picture,
    is_flat,
    is_framed,
    is_hidden,
    is_void,
    is_widget,
    normal_appearance,
)
from verify.foreign.pdf_catalog import is_later_version, only_extended
from verify.foreign.pdf_changes import Change, Changes, Kind, Stamp
from verify.foreign.pdf_compare_form import compare_form, is_timestamp
from verify.foreign.pdf_evidence import held, relations
from verify.foreign.pdf_metadata import SAVING_KEYS, only_saved_again
from verify.foreign.pdf_pair import PAINTED, Pair, came_to, changed_keys, entries_of, grown
from verify.foreign.pdf_reasons import ForeignRefusal
from verify.foreign.pdf_store import State, refs_of, same
from verify.foreign.pdf_walk import Page, annotations_of, box_mm, reached, read_pages
from verify.pdf_objects import Dict, Object, PdfString, Ref
from verify.pdf_signature import pdf_date

__all__ = ["compare"]

_MAX_STAMP: Final = 1 / 8               # of its page, for a field that was prepared
_MAX_STAMPS: Final = 10_000             # in one revision; seals may stand on every page
_UNDRAWN: Final = frozenset({"Annots", "StructParents", "Tabs", "LastModified"})
_BOXES: Final = frozenset({"MediaBox", "CropBox", "BleedBox", "TrimBox", "ArtBox"})
_UNSCALED: Final = 8 | 16                # flags: as large, as upright as the screen has it
_DETAILED: Final = 6                    # changed objects of which the pages are looked up


def compare(pair: Pair) -> Change:
    """What the revision between two states changed.

    Raises:
        PdfRefusal: one of the two cannot be read.
    """
    found = Changes()
    _trailer(pair, found)
    _catalog(pair, found)
    compare_form(pair, found)
    _page_tree(pair, found)
    _nowhere(pair, found)
    for place, number in enumerate(sorted((pair.differ & pair.guarded) - found.explained)):
        _other(pair, found, number, detailed=place < _DETAILED)
    return found.change(tuple(_stamps(pair, found)), tuple(sorted(pair.differ)))


def _other(pair: Pair, found: Changes, number: int, *, detailed: bool) -> None:
    """A change that is not on the list."""
    pages = pair.pages_of(number) if detailed else []
    verb_zh, verb_en = ("被删除", "removed") if pair.after.value(number) is None else ("被改动", "changed")
    if pair.before.value(number) is None:
        verb_zh, verb_en = "原缺，后来补入", "was referred to but absent, now added"
    told = f" {pair.told(number)}".rstrip()
    numbers = "、".join(map(str, pages)), ", ".join(map(str, pages))
    zh, en = (f"，第 {numbers[0]} 页", f", page {numbers[1]}") if pages else ("", "")
    found.other(f"{pair.name(number)} {verb_zh}{told}{zh}", f"{pair.name(number)} {verb_en}{told}{en}",
                picture=bool(pages) or pair.shapes(number))


def _nowhere(pair: Pair, found: Changes) -> None:
    """References that lead to nothing, as what was there has none: some readers take the object of the number for them,
    whatever its generation, and others repair the file."""
    walk = pair.before.store.walk
    for number in sorted(pair.after.section.entries):
        lost = {ref for ref in refs_of(pair.after.value(number), walk) if not pair.after.leads(ref)}
        lost -= set(refs_of(pair.before.value(number), walk)) if lost else set()
        if lost:
            told = f"{pair.name(number)}: " + ", ".join(f"{ref.number} {ref.generation} R" for ref in sorted(lost)[:4])
            found.other(f"引用了没有的对象（{told}）", f"references that lead to nothing ({told})", picture=False)


# -- trailer and catalog


def _trailer(pair: Pair, found: Changes) -> None:
    one, two = pair.before.trailer, pair.after.trailer
    if one.get("Root") != two.get("Root"):
        found.other("目录（Root）被换掉", "another catalog (Root)", picture=True)
    old, new = one.get("Info"), two.get("Info")
    if old != new or (isinstance(old, Ref) and old.number in pair.differ):
        now = pair.after.dict(new)
        keys = changed_keys(pair.before.dict(old), now)
        told = ", ".join(keys[:8])
        saved = keys and set(keys) <= SAVING_KEYS and pdf_date(now.get("ModDate")) is not None and all(
            isinstance(now.get(key), PdfString) for key in keys)
        found.add(Kind.SAVED if saved else Kind.METADATA, f"文档信息 {told}", f"document information {told}")
        if isinstance(old, Ref) and old.number not in pair.shown:
            found.explained.add(old.number)


def _catalog(pair: Pair, found: Changes) -> None:
    ref = pair.before.trailer.get("Root")
    if isinstance(ref, Ref) and pair.plain(ref.number):
        found.explained.add(ref.number)
    one, two = pair.before.root, pair.after.root
    keys = changed_keys(one, two)
    for key in keys:
        if key == "Extensions" and only_extended(pair, one.get(key), two.get(key)):
            found.add(Kind.SAVED, "扩展声明（Extensions）", "extension levels (Extensions)")
        elif key == "Version" and is_later_version(one.get(key), two.get(key)):
            found.add(Kind.SAVED, f"版本 {two[key]}", f"version {two[key]}")
        elif key not in ("AcroForm", "Metadata", "DSS"):
            found.other(f"目录的 {key} 被改动", f"{key} of the catalog changed",
                        picture=key in ("Pages", "OCProperties"))
    if "DSS" in keys or _in_dss(pair, one):
        _evidence(pair, found)
    old, new = one.get("Metadata"), two.get("Metadata")
    if not same(old, new) or (isinstance(old, Ref) and old.number in pair.differ):
        saved = only_saved_again(pair.before, old, pair.after, new)
        found.add(Kind.SAVED if saved else Kind.METADATA, "元数据（XMP）", "metadata (XMP)")
        if isinstance(old, Ref) and old.number not in pair.shown:
            found.explained.add(old.number)


def _evidence(pair: Pair, found: Changes) -> None:
    """Evidence comes to what there is; what a writer stores anew is held against what it unpacks to."""
    old, new = (held(state, unpacked=False) for state in (pair.before, pair.after))
    if not old <= new:
        old, new = (held(state, unpacked=True) for state in (pair.before, pair.after))
    if not old <= new:
        found.other("验证资料（DSS）被删减", "validation evidence (DSS) taken away", picture=False)
    elif old < new or relations(pair.after) - relations(pair.before):
        found.add(Kind.EVIDENCE, "验证资料（DSS）", "validation evidence (DSS)")
    else:
        found.add(Kind.SAVED, "验证资料（DSS）没有增加", "validation evidence (DSS) with nothing added")


def _in_dss(pair: Pair, root: Dict) -> bool:
    """Whether something that the DSS alone refers to has changed."""
    inside = reached(pair.before, [root.get("DSS")]) - pair.guarded
    return not inside.isdisjoint(pair.differ)


# -- pages and annotations


def _page_tree(pair: Pair, found: Changes) -> None:
    pages = read_pages(pair.after)
    if [page.ref for page in pages] != [page.ref for page in pair.pages]:
        found.other("页面被增删或换位", "pages added, removed or moved", picture=True)
        return
    signed = {number for each in found.signed for number in each.numbers}
    for page, now in zip(pair.pages, pages, strict=True):
        if page.ref.number in pair.differ and page.ref.number not in pair.drawn:
            _page(pair, found, page, now)
        listed = page.entries.get("Annots")
        if isinstance(listed, Ref) and pair.plain(listed.number):
            found.explained.add(listed.number)
        old = page.annotations(pair.before)
        more = came_to(old, now.annotations(pair.after))
        stood = {each for each in old if isinstance(each, Ref)} if more else set()
        if more is None:
            _annotated(found, page, "删除或换位", "removed or moved")
        elif any(not isinstance(each, Ref) or each.number not in signed or each in stood for each in more):
            _annotated(found, page, "新增", "added")
    _existing_annotations(pair, found)


def _page(pair: Pair, found: Changes, page: Page, now: Page) -> None:
    """A page dictionary: its list of annotations is looked at elsewhere; resources may only have grown."""
    keys = {key for key in pair.keys(page.ref.number) if key not in _UNDRAWN and not (
        key in _BOXES and _same_box(page.entries.get(key), now.entries.get(key)))}
    if keys <= {"Resources"} and now.entries:
        found.explained.add(page.ref.number)
        if keys and grown(pair.before, page.inherited.get("Resources"), pair.after, now.inherited.get("Resources")):
            found.other(f"第 {page.number} 页的资源增加", f"page {page.number} has more resources", picture=False)
        elif keys:
            found.other(f"第 {page.number} 页的资源被改动", f"resources of page {page.number} changed", picture=True)


def _same_box(one: Object, two: Object) -> bool:
    """Whether two boxes have the same sides, which readers take for fractions however they are written."""
    if not isinstance(one, list) or not isinstance(two, list):
        return False
    return one == two and all(type(side) in (int, float) for side in (*one, *two))


def _existing_annotations(pair: Pair, found: Changes) -> None:
    """Annotations that were there and have changed, with what they alone are drawn from."""
    differ = pair.differ - pair.drawn
    for page in pair.pages if differ else ():
        for each in page.annotations(pair.before):
            if not isinstance(each, Ref) or each.number in pair.field_stop:
                continue
            values = [pair.before.dict(each).get(key) for key in PAINTED]
            mine = {each.number} | reached(pair.before, values, stop=pair.field_stop)
            hit = (differ & mine) - found.explained - pair.field_stop
            if hit:
                found.explained |= hit
                _annotated(found, page, "改动", "changed")


def _annotated(found: Changes, page: Page, zh: str, en: str) -> None:
    found.add(Kind.ANNOTATION, f"第 {page.number} 页批注{zh}", f"annotation on page {page.number} {en}")


# -- signatures that can be seen


def _stamps(pair: Pair, found: Changes) -> Iterator[Stamp]:
    """Visible widgets of the fields that were signed in this revision, on every page that lists them."""
    known = {each.number for each in pair.fields}
    listing = _listing(pair, {number for each in found.signed for number in each.numbers})
    for each in found.signed:
        for number in each.numbers:
            widget = entries_of(pair.after, number)
            if is_void(pair.after, widget) or _draws_nothing(pair.after, widget):
                continue
            box = box_mm(pair.after, widget.get("Rect"))
            for page, stood in listing[number]:
                small = box is not None and 0 < box[2] * box[3] <= _MAX_STAMP * _area(pair, page)
                fits = small and not is_timestamp(pair.after, each) and _fits(pair.after, widget)
                yield Stamp(field=each.name, page=page.number, box=box or (0.0, 0.0, 0.0, 0.0),
                            prepared=each.number in known and stood and fits,
                            drawn=normal_appearance(pair.after, widget) is not None)


def _listing(pair: Pair, widgets: set[int]) -> dict[int, list[tuple[Page, bool]]]:
    """The pages that list each of these widgets now, and whether they did before."""
    found: dict[int, list[tuple[Page, bool]]] = {number: [] for number in widgets}
    count = 0
    for page in pair.pages if widgets else ():
        now = _numbers(annotations_of(pair.after, entries_of(pair.after, page.ref.number))) & widgets
        before = _numbers(page.annotations(pair.before)) if now else set()
        count += len(now)
        if count > _MAX_STAMPS:
            raise ForeignRefusal("fpdf.too-large", "Annots")
        for number in now:
            found[number].append((page, number in before))
    return found


def _numbers(listed: tuple[Object, ...]) -> set[int]:
    """The objects that a list refers to."""
    return {each.number for each in listed if isinstance(each, Ref)}


def _fits(state: State, widget: Dict) -> bool:
    """Whether every reader scales the appearance to the rectangle of the field."""
    picture, flags = normal_appearance(state, widget), state.deref(widget.get("F"))
    if picture is None:
        return True                     # told as undrawn
    box = box_mm(state, picture.entries.get("BBox"))
    matrix = [state.deref(each) for each in state.counted(picture.entries.get("Matrix"))] or [1, 0, 0, 1, 0, 0]
    sides = [float(each) for each in matrix if isinstance(each, (int, float))]
    return (type(flags) is int and not flags & _UNSCALED and box is not None and box[2] * box[3] > 0
            and len(sides) == len(matrix) == 6 and sides[0] * sides[3] != sides[1] * sides[2])


def _draws_nothing(state: State, widget: Dict) -> bool:
    """Whether no reader has anything to draw for a widget: it has no appearance, and no place or no leave."""
    return not has_picture(state, widget) and (
        is_hidden(state, widget) or (
            is_widget(state, widget) and is_flat(state, widget) and not is_framed(state, widget)))


def _area(pair: Pair, page: Page) -> float:
    """The area of a page in mm²."""
    box = box_mm(pair.before, page.inherited.get("CropBox", page.inherited.get("MediaBox")))
    return box[2] * box[3] if box else 0.0
