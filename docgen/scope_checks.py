"""Checks of the 许可范围: its text, its groups, and that both say the same (R-000-08, decision 17)."""

from __future__ import annotations

from collections.abc import Mapping

from codes.errors import Fault
from docgen.characters import check_text
from docgen.fault_codes import RecordCode
from docgen.faults import fault
from docgen.field_checks import type_fault
from docgen.shown import shown
from layouts import Groups, ScopeError, parse_scope, scope_text
from layouts.kind import ScopeRule
from layouts.scope import COLON, END, SEPARATOR, brackets_close, separators_outside_brackets

__all__ = ["check_scope"]


def check_scope(
    rule: ScopeRule, *, text: str | None, groups: object, chosen: tuple[str, ...] | None, required: bool,
    max_length: int,
) -> tuple[Groups | None, list[Fault], list[Fault]]:
    """Read and check the 许可范围 of a record.

    Args:
        rule: the kind's rule.
        text: the text form, its characters checked; None when not given.
        groups: what the record holds under ``rule.items``; None when not given.
        chosen: the 经营方式 of the record; None when they are wrong themselves, then nothing is compared.
        required: whether one of both forms must be given.
        max_length: of the text, characters.

    Returns:
        The groups (None when there are faults or nothing is given), the faults, the warnings.
    """
    faults: list[Fault] = []
    found: Groups | None = None
    if groups is not None:
        found = _read_groups(rule, groups, faults)
    if text is not None and len(text) <= max_length:
        found = _read_text(rule, text, found, faults, compare=groups is not None)
    if text is None and groups is None:
        if required:
            faults.append(fault(RecordCode.MISSING, rule.field))
        return None, faults, []
    if found is None:
        return None, faults, []
    label = rule.field if groups is None else rule.items
    warnings = _check_groups(rule, label, found, faults)
    if chosen is not None:
        warnings += _check_modes(rule, label, found, chosen, faults)
    whole = scope_text(found) if len(found) <= min(rule.max_groups, 99) else ""
    if len(whole) > max_length:
        faults.append(fault(RecordCode.TEXT_LENGTH, label, length=len(whole), limit=max_length))
    return (None if faults else found), faults, warnings


def _read_text(
    rule: ScopeRule, text: str, found: Groups | None, faults: list[Fault], *, compare: bool,
) -> Groups | None:
    """Groups of the text form; when groups are given too, only whether both agree."""
    if compare:
        if found is not None and len(found) <= min(rule.max_groups, 99):
            _compare(rule, text, scope_text(found), faults)
        return found
    try:
        return parse_scope(text, rule.lists)
    except ScopeError as error:
        faults.append(Fault(field=rule.field, code=error.code.value, zh=error.zh, en=error.en))
        return None


def _compare(rule: ScopeRule, text: str, wanted: str, faults: list[Fault]) -> None:
    if text == wanted:
        return
    place = next(
        (place for place, (one, other) in enumerate(zip(text, wanted, strict=False)) if one != other),
        min(len(text), len(wanted)),
    )
    faults.append(fault(
        RecordCode.SCOPE_DISAGREES, rule.field, other=rule.items, place=place + 1,
        value=shown(text[place:place + 12]), wanted=shown(wanted[place:place + 12]),
    ))


def _read_groups(rule: ScopeRule, raw: object, faults: list[Fault]) -> Groups | None:
    """The groups as a record holds them: an object of lists, in the order of the file."""
    if not isinstance(raw, Mapping):
        faults.append(type_fault(
            rule.items, raw, "对象（经营方式→品种数组）", "an object, a list of items for each mode",
        ))
        return None
    if not raw:
        faults.append(fault(RecordCode.MISSING, rule.items))
        return None
    before = len(faults)
    groups: list[tuple[str, tuple[str, ...]]] = []
    for mode, items in raw.items():
        path = f"{rule.items}.{shown(str(mode))}"
        clean, bad = check_text(path, str(mode))
        faults += bad
        if not isinstance(items, list):
            faults.append(type_fault(path, items, "文本的数组", "a list of texts"))
        elif not items or not clean:
            faults.append(fault(RecordCode.MISSING, path))
        else:
            groups.append((clean, _read_items(path, items, faults)))
    return tuple(groups) if len(faults) == before else None


def _read_items(path: str, items: list[object], faults: list[Fault]) -> tuple[str, ...]:
    texts: list[str] = []
    for place, item in enumerate(items, 1):
        if not isinstance(item, str):
            faults.append(type_fault(f"{path}[{place}]", item, "文本", "text"))
            continue
        text, bad = check_text(f"{path}[{place}]", item)
        faults += bad
        texts.append(text)
    return tuple(texts)


def _check_groups(rule: ScopeRule, label: str, groups: Groups, faults: list[Fault]) -> list[Fault]:
    """Form, lists, repetition and number of the items; adds to ``faults``, returns warnings."""
    warnings: list[Fault] = []
    for count, limit, zh, en in (
        (len(groups), min(rule.max_groups, 99), "组", "groups"),
        (sum(len(items) for _, items in groups), rule.max_items, "项", "items"),
    ):
        if count > limit:
            faults.append(fault(
                RecordCode.SCOPE_TOO_MANY, label, length=count, limit=limit, what_zh=zh, what_en=en,
            ))
    for mode, items in groups:
        listed = rule.lists.get(mode)
        seen: set[str] = set()
        for place, item in enumerate(items, 1):
            path = f"{label}.{shown(mode)}[{place}]"
            if listed is not None:
                if item not in listed:
                    faults.append(fault(RecordCode.SCOPE_UNLISTED, path, value=shown(item), mode=shown(mode)))
            else:
                _check_item(rule, path, item, faults, warnings)
            if item in seen:
                warnings.append(fault(RecordCode.SCOPE_ITEM_TWICE, path, value=shown(item), mode=shown(mode)))
            seen.add(item)
        if listed is None:
            warnings.append(fault(RecordCode.SCOPE_NO_LIST, label, mode=shown(mode), length=len(items)))
    return warnings


def _check_item(
    rule: ScopeRule, path: str, item: str, faults: list[Fault], warnings: list[Fault],
) -> None:
    def wrong(why_zh: str, why_en: str) -> None:
        faults.append(fault(
            RecordCode.SCOPE_ITEM_FORM, path, value=shown(item), why_zh=why_zh, why_en=why_en,
        ))

    if not item or item != item.strip(" \u3000"):
        wrong("为空，或首尾有空格", "it is empty, or begins or ends with blanks")
    elif len(item) > rule.max_item_length:
        wrong(f"超过{rule.max_item_length}个字符", f"more than {rule.max_item_length} characters")
    elif not brackets_close(item):
        wrong("括号不成对", "its brackets do not match")
    else:
        outside = separators_outside_brackets(item)
        if END in outside or COLON in outside:
            wrong(
                "括号之外不能有“；”或“：”，是否漏写了下一组的序号",
                "“；” or “：” stands outside brackets; is the numeral of the next group lost?",
            )
        elif SEPARATOR in outside:
            warnings.append(fault(RecordCode.SCOPE_SEPARATOR, path, value=shown(item)))


def _check_modes(
    rule: ScopeRule, label: str, groups: Groups, chosen: tuple[str, ...], faults: list[Fault],
) -> list[Fault]:
    """Each group belongs to one chosen mode, once; a chosen mode without a group is a warning."""
    modes = [mode for mode, _ in groups]
    for mode in dict.fromkeys(modes):
        if mode not in chosen:
            faults.append(fault(
                RecordCode.SCOPE_OTHER_MODE, label, value=shown(mode), other=rule.modes,
                wanted="、".join(chosen),
            ))
        if modes.count(mode) > 1:
            faults.append(fault(RecordCode.SCOPE_MODE_TWICE, label, value=shown(mode)))
    return [
        fault(RecordCode.SCOPE_MODE_EMPTY, label, value=mode, other=rule.modes)
        for mode in chosen if mode not in modes
    ]
