"""统一社会信用代码 (unified social credit code), GB 32100-2015."""

from __future__ import annotations

__all__ = ["ALPHABET", "LENGTH", "check_character", "is_uscc"]

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 characters of GB 32100: digits and capitals without I, O, S, V, Z."""

LENGTH = 18
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_VALUE = {character: value for value, character in enumerate(ALPHABET)}


def check_character(body: str) -> str:
    """The check character that belongs behind the first 17 characters.

    Raises:
        ValueError: ``body`` is not 17 characters of the alphabet.

    Source: GB 32100-2015, weighted sum modulo 31.
    """
    if len(body) != LENGTH - 1 or any(character not in _VALUE for character in body):
        raise ValueError("a code has 17 characters of the GB 32100 alphabet before its check character")
    total = sum(_VALUE[character] * weight for character, weight in zip(body, _WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def is_uscc(code: str) -> bool:
    """Whether ``code`` is a well-formed code with the right check character; capitals only, no blanks.

    The region inside is not looked up: real codes carry regions that were abolished since, and letters.
    """
    if len(code) != LENGTH or any(character not in _VALUE for character in code):
        return False
    return check_character(code[:-1]) == code[-1]
