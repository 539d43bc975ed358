"""What a revision did to the form: signed a field, filled one in, or something else."""

from __future__ import annotations

from typing import Final

from verify.foreign.pdf_annotations import is_widget
from verify.foreign.pdf_changes import Changes, Kind
from verify.foreign.pdf_fields import FormField, read_fields
from verify.foreign.pdf_pair import Pair, changed_keys, entries_of, grown
from verify.foreign.pdf_store import State, same
from verify.foreign.pdf_walk import reached
from verify.pdf_objects import Ref

__all__ = ["compare_form", "is_timestamp"]

_NEW_FORM: Final = frozenset({"Fields", "SigFlags", "DR", "DA"})
_DRAWING: Final = frozenset({"XFA", "NeedAppearances"})
_SIGNED_KEYS: Final = frozenset({"V", "AP", "F", "M", "MK", "AS", "Border", "BS"})
_FILLED_KEYS: Final = frozenset({"V", "AP", "AS", "M", "I", "RV", "MK", "DA"})
_WIDGET_KEYS: Final = frozenset({
    "Type", "Subtype", "FT", "T", "TU", "TM", "Ff", "V", "F", "P", "Rect", "AP", "Border", "BS", "MK", "DA", "Q", "M",
    "NM", "Lock", "SV", "Parent", "Kids", "H", "StructParent", "Contents", "C", "DR"})
_ACTING: Final = frozenset({"A", "AA", "PMD"})
_PLACED: Final = frozenset({"Subtype", "Rect", "AP"})    # what a field alone, whose widgets are its kids, has not


def compare_form(pair: Pair, found: Changes) -> None:
    """Look at the form and its fields; ``found.signed`` are those that got a value that did not exist before."""
    held, holds = pair.before.root.get("AcroForm"), pair.after.root.get("AcroForm")
    one, two = pair.before.dict(held), pair.after.dict(holds)
    for key in changed_keys(one, two):
        added = (key == "DR" and grown(pair.before, one.get(key), pair.after, two.get(key))) or (
            key == "DA" and key not in one)
        if key not in ({"Fields", "SigFlags"} if one else _NEW_FORM) and not added:
            found.other(f"表单的 {key} 被改动", f"{key} of the form changed", picture=key in _DRAWING)
    for ref in (held, one.get("Fields")):
        if isinstance(ref, Ref) and pair.plain(ref.number) and ref.number not in pair.shown:
            found.explained.add(ref.number)
    old, new = list(pair.before.list(one.get("Fields"))), list(pair.after.list(two.get("Fields")))
    if not same(old, new[:len(old)]):
        found.other("表单的域被删除或换位", "fields of the form removed or moved", picture=True)
        return
    after = {each.number: each for each in read_fields(pair.after)}
    for each in pair.fields:
        _existing_field(pair, found, each, after.get(each.number))
    known = {each.number for each in pair.fields}
    for each in after.values():
        if each.number not in known:
            _new_field(pair, found, each)


def _existing_field(pair: Pair, found: Changes, each: FormField, now: FormField | None) -> None:
    if now is None or (each.kind, each.name, each.numbers) != (now.kind, now.name, now.numbers):
        found.other(f"域 {each.name} 被删除或改名", f"field {each.name} removed or renamed", picture=True)
        return
    touched = {number for number in each.numbers if number in pair.differ and pair.plain(number)}
    names = {key for number in touched for key in pair.keys(number)}
    if each.is_signature:
        if touched:
            _signature_field(pair, found, each, now, touched, names)
        return
    drawn = [entries_of(pair.before, number).get(key) for number in each.numbers for key in ("AP", "V")]
    inside = reached(pair.before, drawn, stop=pair.field_stop) - pair.drawn - pair.field_stop
    hit = inside & pair.differ
    if names <= _FILLED_KEYS and (touched or hit):
        found.explained |= touched | hit
        _filled(found, each, f"域 {each.name} 的内容", f"content of field {each.name}")
    elif touched:
        _odd(found, each, touched, names)


def _signature_field(pair: Pair, found: Changes, each: FormField, now: FormField, touched: set[int],
                     names: set[str]) -> None:
    """A signature field that was empty may be signed, once; nothing else may happen to it."""
    empty = pair.before.deref(each.entries.get("V")) is None
    value = now.entries.get("V")
    if empty and "V" in names and names <= _SIGNED_KEYS and pair.is_new(value):
        found.explained |= touched | _own_picture(pair, each)
        _signed(pair, found, now)
    else:
        _odd(found, each, touched, names)


def _own_picture(pair: Pair, each: FormField) -> set[int]:
    """Objects that the field is drawn from, and that nothing but the field leads to."""
    drawn = [entries_of(pair.before, number).get("AP") for number in each.numbers]
    others = reached(pair.before, [pair.before.trailer.get("Root")], stop=frozenset(each.numbers))
    return reached(pair.before, drawn, stop=frozenset(each.numbers)) - others


def _odd(found: Changes, each: FormField, touched: set[int], names: set[str]) -> None:
    told = ", ".join(sorted(names))
    found.explained |= touched
    found.touched.setdefault(each.name)
    found.other(f"域 {each.name} 的 {told} 被改动", f"{told} of field {each.name} changed", picture=True)


def _filled(found: Changes, each: FormField, zh: str, en: str) -> None:
    found.touched.setdefault(each.name)
    found.add(Kind.FORM, zh, en)


def _new_field(pair: Pair, found: Changes, each: FormField) -> None:
    if any(number in pair.guarded for number in each.numbers):
        found.other(f"已有对象被列为域 {each.name}", f"an existing object became field {each.name}", picture=True)
    elif pair.names.meet(each.name):
        found.other(f"新增域 {each.name} 与已有的域同名", f"new field {each.name} takes the name of an existing one",
                    picture=True)
    elif not each.rooted:
        found.other(f"新增域 {each.name} 挂在别处", f"new field {each.name} hangs below something else", picture=True)
    elif not each.is_signature or pair.after.deref(each.entries.get("V")) is None:
        _filled(found, each, f"新增域 {each.name}", f"new field {each.name}")
    elif not pair.is_new(each.entries.get("V")):
        found.other(f"域 {each.name} 以先前的对象作签名", f"field {each.name} takes an earlier object as its signature",
                    picture=True)
    else:
        _signed(pair, found, each)


def _signed(pair: Pair, found: Changes, each: FormField) -> None:
    """A field with a new signature: it is seen as its widgets alone, may bring its picture, and nothing that acts."""
    found.signed.append(each)
    kind = Kind.TIMESTAMP if is_timestamp(pair.after, each) else Kind.SIGNATURE
    found.add(kind, f"签名域 {each.name}", f"signature field {each.name}")
    for number in each.numbers:
        entries = entries_of(pair.after, number)
        if not is_widget(pair.after, entries) and (number != each.number or entries.keys() & _PLACED):
            found.other(f"签名域 {each.name} 不是域的部件（Widget）", f"signature field {each.name} is no widget",
                        picture=False)
        odd = set(entries) - _WIDGET_KEYS
        if odd:
            told = ", ".join(sorted(odd))
            found.other(f"签名域 {each.name} 带有 {told}", f"signature field {each.name} has {told}",
                        picture=bool(odd & _ACTING))


def is_timestamp(state: State, each: FormField) -> bool:
    """Whether the value of a field is, by one of its two names, a document timestamp: anybody can have one."""
    value = state.dict(each.entries.get("V"))
    return value.get("Type") == "DocTimeStamp" or value.get("SubFilter") == "ETSI.RFC3161"
