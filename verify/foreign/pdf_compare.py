"""What a revision changed, object by object, and whether the change is one whose effect is known.

Known are: evidence (DSS), a signature in its own field, form filling, annotations, information about the
document. Whatever else differs may shape the picture. An object that nothing referred to before is harmless until
one of the known changes brings it in; one that something referred to, existing or not, is part of what was signed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verify.foreign.pdf_annotations import is_flat, is_framed, is_hidden, is_point, normal_appearance
from verify.foreign.pdf_changes import Change, Changes, Kind, Stamp
from verify.foreign.pdf_compare_form import compare_form
from verify.foreign.pdf_evidence import held, relations
from verify.foreign.pdf_metadata import SAVING_KEYS, only_saved_again
from verify.foreign.pdf_pair import PAINTED, Pair, changed_keys, entries_of, grown
from verify.foreign.pdf_reasons import ForeignRefusal
from verify.foreign.pdf_store import State, same
from verify.foreign.pdf_walk import Page, box_mm, reached, read_pages
from verify.pdf_objects import Dict, Name, Object, Ref, Stream
from verify.pdf_signature import pdf_date

__all__ = ["compare"]

_MAX_STAMP: Final = 1 / 8               # of its page, for a field that was prepared
_UNDRAWN: Final = frozenset({"Annots", "StructParents", "Tabs", "LastModified"})
_EXTENSION: Final = frozenset({"Type", "BaseVersion", "ExtensionLevel", "URL", "ExtensionRevision"})
_VERSIONS: Final = ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "2.0")
_MAX_PAIRS: Final = 4_000_000           # annotations before times annotations after
_DETAILED: Final = 6                    # changed objects of which the pages are looked up


def compare(before: State, after: State) -> Change:
    """What the revision that ends ``after`` changed.

    Raises:
        PdfRefusal: one of the two cannot be read.
    """
    pair, found = Pair(before, after), Changes()
    _trailer(pair, found)
    _catalog(pair, found)
    compare_form(pair, found)
    _page_tree(pair, found)
    rest = [number for number in pair.differ if number in pair.guarded and number not in found.explained]
    for place, number in enumerate(rest):
        _other(pair, found, number, detailed=place < _DETAILED)
    return found.change(tuple(_stamps(pair, found)), pair.differ, _unused(pair))


def _unused(pair: Pair) -> tuple[int, ...]:
    """Objects that came and that nothing leads to, the containers of the file's own form left out."""
    used = reached(pair.after, [pair.after.trailer.get("Root"), pair.after.trailer.get("Info")])
    return tuple(number for number in pair.differ if number not in used and not _container(pair.after.value(number)))


def _container(value: Object) -> bool:
    return value is None or (isinstance(value, Stream) and value.entries.get("Type") in ("XRef", "ObjStm"))


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
        saved = keys and set(keys) <= SAVING_KEYS and pdf_date(now.get("ModDate")) is not None
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
        if key == "Extensions" and _plain_extensions(pair, one.get(key), two.get(key)):
            found.add(Kind.SAVED, "扩展声明（Extensions）", "extension levels (Extensions)")
        elif key == "Version" and _later_version(one.get(key), two.get(key)):
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
    return any(number in inside for number in pair.differ)


def _plain_extensions(pair: Pair, old: Object, new: Object) -> bool:
    """Whether extension levels were only added, each in the form that cannot act (ISO 32000-2, 7.12)."""
    one, two = pair.before.deref(old), pair.after.deref(new)
    kept = one if isinstance(one, dict) else {}
    if not isinstance(two, dict) or any(not same(value, two.get(key)) for key, value in kept.items()):
        return False
    added = [value for key, value in two.items() if key not in kept and key != "Type"]
    levels = [level for value in added for level in (value if isinstance(value, list) else [value])]
    return all(isinstance(level, dict) and level.keys() <= _EXTENSION
               and level.get("Type", "DeveloperExtensions") == "DeveloperExtensions"
               and not any(isinstance(part, (Ref, list, dict)) for part in level.values()) for level in levels)


def _later_version(old: Object, new: Object) -> bool:
    """Whether the catalog names a later version of the standard, as programs do that add a signature."""
    told = [str(each) for each in (old, new) if isinstance(each, Name)]
    known = all(each in _VERSIONS for each in told) and isinstance(new, Name)
    return known and (old is None or _VERSIONS.index(told[0]) < _VERSIONS.index(told[-1]))


# -- pages and annotations


def _page_tree(pair: Pair, found: Changes) -> None:
    if [page.ref for page in read_pages(pair.after)] != [page.ref for page in pair.pages]:
        found.other("页面被增删或换位", "pages added, removed or moved", picture=True)
        return
    signed = {number for each in found.signed for number in each.numbers}
    for page in pair.pages:
        number, now = page.ref.number, entries_of(pair.after, page.ref.number)
        if number in pair.differ and number not in pair.drawn:
            _page(pair, found, page)
        listed = page.entries.get("Annots")
        if isinstance(listed, Ref) and pair.plain(listed.number):
            found.explained.add(listed.number)
        old, new = list(page.annotations(pair.before)), list(pair.after.list(now.get("Annots")))
        if old == new:
            continue
        if len(old) * len(new) > _MAX_PAIRS:
            raise ForeignRefusal("fpdf.too-large", f"Annots, page {page.number}")
        if [each for each in new if each in old] != old:
            _annotated(found, page, "删除或换位", "removed or moved")
        if any(not (isinstance(each, Ref) and each.number in signed) for each in new if each not in old):
            _annotated(found, page, "新增", "added")
    _existing_annotations(pair, found)


def _page(pair: Pair, found: Changes, page: Page) -> None:
    """A page dictionary: its list of annotations is looked at elsewhere; resources may only have grown."""
    now, keys = entries_of(pair.after, page.ref.number), set(pair.keys(page.ref.number)) - _UNDRAWN
    if keys <= {"Resources"} and now:
        found.explained.add(page.ref.number)
        if keys and grown(pair.before, page.entries.get("Resources"), pair.after, now.get("Resources")):
            found.other(f"第 {page.number} 页的资源增加", f"page {page.number} has more resources", picture=False)
        elif keys:
            found.other(f"第 {page.number} 页的资源被改动", f"resources of page {page.number} changed", picture=True)


def _existing_annotations(pair: Pair, found: Changes) -> None:
    """Annotations that were there and have changed, with what they alone are drawn from."""
    differ = set(pair.differ) - pair.drawn
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
    for each in found.signed:
        for number in each.numbers:
            widget = entries_of(pair.after, number)
            drawn = normal_appearance(pair.after, widget) is not None
            if is_point(pair.after, widget) or (not drawn and _draws_nothing(pair.after, widget)):
                continue
            box = box_mm(pair.after, widget.get("Rect"))
            for page in pair.pages:
                now = entries_of(pair.after, page.ref.number)
                if all(ref.number != number for ref in pair.after.list(now.get("Annots")) if isinstance(ref, Ref)):
                    continue
                stood = each.number in known and any(
                    ref.number == number for ref in page.annotations(pair.before) if isinstance(ref, Ref))
                small = box is not None and box[2] * box[3] <= _MAX_STAMP * _area(pair, page)
                yield Stamp(field=each.name, page=page.number, box=box or (0.0, 0.0, 0.0, 0.0),
                            prepared=stood and small, drawn=drawn)


def _draws_nothing(state: State, widget: Dict) -> bool:
    """Whether no reader has anything to draw for a widget without an appearance."""
    return is_hidden(state, widget) or (is_flat(state, widget) and not is_framed(state, widget))


def _area(pair: Pair, page: Page) -> float:
    """The area of a page in mm²."""
    box = box_mm(pair.before, page.inherited.get("CropBox", page.inherited.get("MediaBox")))
    return box[2] * box[3] if box else 0.0
