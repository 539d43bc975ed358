"""公民身份号码 (identity numbers of persons), GB 11643-1999: found, to keep them out."""

from __future__ import annotations

import datetime as dt
import re

__all__ = ["holds_identity_number", "is_identity_number"]

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_SHAPE = re.compile(r"[0-9]{17}[0-9X]")


def is_identity_number(text: str) -> bool:
    """Whether ``text`` is 18 characters with a real date of birth and the right check character."""
    if not _SHAPE.fullmatch(text):
        return False
    try:
        born = dt.date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False))
    return born.year >= 1850 and _CHECKS[total % 11] == text[17]


def holds_identity_number(text: str) -> bool:
    """Whether any 18 neighbouring characters of ``text`` are an identity number."""
    return any(is_identity_number(text[start:start + 18]) for start in range(len(text) - 17))
