"""Which characters a licence may hold: everything that a person sees as written, and nothing else.

A licence is read by eye, by copying and by machine; all three must get the same text. So what is invisible,
turns text round, belongs to one machine only, or merely looks like another character is refused and named.
Nothing is ever repaired silently: the record belongs to the issuing system (R-003-02).
"""

from __future__ import annotations

import re
import unicodedata

from codes.errors import Fault
from docgen.fault_codes import RecordCode
from docgen.faults import fault
from docgen.shown import shown

__all__ = ["check_text", "code_points", "undrawable_fault"]

_LISTED = 8         # so many different characters are named in one sentence

# Ideographs that are newer than the character tables of some Python in use (Extensions G, H, I).
_NEW_IDEOGRAPHS = ((0x30000, 0x323AF), (0x2EBF0, 0x2EE5D))
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_REPLACEMENT = frozenset("\ufffc\ufffd")
_BY_CATEGORY = {
    "Cc": RecordCode.TEXT_CONTROL, "Cf": RecordCode.TEXT_INVISIBLE, "Co": RecordCode.TEXT_PRIVATE,
    "Cn": RecordCode.TEXT_UNASSIGNED, "Cs": RecordCode.TEXT_SURROGATE, "Zl": RecordCode.TEXT_CONTROL,
    "Zp": RecordCode.TEXT_CONTROL, "Mn": RecordCode.TEXT_COMBINING, "Mc": RecordCode.TEXT_COMBINING,
    "Me": RecordCode.TEXT_COMBINING,
}
# What nearly all texts consist of; a text of these alone needs no closer look.
_PLAIN = re.compile(r"[!-~\u4e00-\u9fff\u3400-\u4dbf\u3001-\u3011\uff01-\uff5e\u03b1-\u03c9·—“”‘’…℃％]*")


def check_text(label: str, text: str) -> tuple[str, list[Fault]]:
    """Find the characters that must not stand in ``text``.

    Args:
        label: field (or path into it) for the faults.
        text: the value as given.

    Returns:
        The text without the offending characters, so that further checks can go on, and the faults.
    """
    if _PLAIN.fullmatch(text):
        return text, []
    faults: list[Fault] = []
    composed = unicodedata.normalize("NFC", text)
    if composed != text:
        changed = [character for character in text if character not in composed]
        faults.append(fault(
            RecordCode.TEXT_NFC, label, points=code_points(changed or list(text)), better=shown(composed),
        ))
    found: dict[RecordCode, list[str]] = {}
    for character in composed:
        code = _class(character)
        if code is not None:
            found.setdefault(code, []).append(character)
    faults += [_character_fault(code, label, characters) for code, characters in found.items()]
    bad = {character for characters in found.values() for character in characters}
    clean = "".join(character for character in composed if character not in bad)
    stripped = clean.strip(" \u3000")
    if stripped != clean and stripped:
        faults.append(fault(RecordCode.TEXT_EDGES, label))
    return stripped, faults


def undrawable_fault(label: str, characters: set[str]) -> Fault:
    """The fault that names the characters which no font here can draw."""
    return fault(RecordCode.TEXT_UNDRAWABLE, label, points=code_points(sorted(characters)))


def code_points(characters: list[str]) -> str:
    """``隆（U+F9DC）、U+200B``: each different character once, invisible ones by code point alone."""
    different = list(dict.fromkeys(characters))
    named = [
        f"{character}（U+{ord(character):04X}）" if character.isprintable() and _class(character) is None
        else f"U+{ord(character):04X}"
        for character in different[:_LISTED]
    ]
    return "、".join(named) + ("…" if len(different) > _LISTED else "")


def _class(character: str) -> RecordCode | None:
    """The code under which a character is refused; None when it may stand."""
    if character in _BIDI:
        return RecordCode.TEXT_BIDI
    if character in _INVISIBLE_LETTERS:
        return RecordCode.TEXT_INVISIBLE
    if character in _REPLACEMENT:
        return RecordCode.TEXT_REPLACEMENT
    point = ord(character)
    if 0x2E80 <= point <= 0x2FDF:
        return RecordCode.TEXT_RADICAL
    category = unicodedata.category(character)
    if category == "Zs" and character not in " \u3000":
        return RecordCode.TEXT_BLANK
    if category == "Cn" and any(first <= point <= last for first, last in _NEW_IDEOGRAPHS):
        return None
    return _BY_CATEGORY.get(category)


def _character_fault(code: RecordCode, label: str, characters: list[str]) -> Fault:
    facts: dict[str, object] = {"points": code_points(characters)}
    if code is RecordCode.TEXT_RADICAL:
        facts["better"] = "、".join(
            unicodedata.normalize("NFKC", character) for character in dict.fromkeys(characters)
        )
    return fault(code, label, **facts)
