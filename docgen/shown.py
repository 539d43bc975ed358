"""A text from elsewhere inside a message."""

from __future__ import annotations

import unicodedata

__all__ = ["shown"]


def shown(text: str, limit: int = 40) -> str:
    """A text fit for a message: what is invisible or cannot be encoded appears as U+XXXX, the rest is cut."""
    head = text if len(text) <= limit else text[:limit - 1] + "…"
    return "".join(
        character if character.isprintable() and unicodedata.category(character) not in ("Cn", "Co")
        else f"<U+{ord(character):04X}>"
        for character in head
    )
