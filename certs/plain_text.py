"""What a text shows to whoever reads it: names that are read alike, texts that say nothing, characters unseen."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["control_character", "no_name", "odd_character", "says_something", "seen_alike"]

_CONTROLS: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]")
"""Unicode's Default_Ignorable_Code_Point as far as assigned, and the blank of Braille."""


def seen_alike(text: str) -> str:
    """Return what texts have in common that readers take for the same: letters, marks and digits, case put aside.

    Width, compatibility forms, blanks, punctuation and invisible characters make no difference; a character that
    Python's Unicode does not know yet does.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(char for char in _INVISIBLE.sub("", folded)
                   if unicodedata.category(char)[0] in "LMN" or unicodedata.category(char) == "Cn")


def says_something(text: str) -> bool:
    """Say whether there is a letter or digit to be seen in a text."""
    return any(unicodedata.category(char)[0] in "LN" for char in _INVISIBLE.sub("", text))


def control_character(text: str) -> bool:
    """Say whether a text holds a control, format, private or unpaired character, or a separator of lines."""
    return any(unicodedata.category(char) in _CONTROLS for char in text)


def odd_character(text: str) -> bool:
    """Say whether a text holds such a character, an invisible one, or a blank that is not a space."""
    return bool(_INVISIBLE.search(text)) or control_character(text) or any(
        char.isspace() and char != " " for char in text)


def no_name(text: str) -> bool:
    """Say whether a text is empty or holds a blank or control character, as no organisation's name does."""
    return not text or control_character(text) or any(unicodedata.category(char) == "Zs" for char in text)
