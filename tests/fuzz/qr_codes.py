"""QR codes whose text or signed message is changed, drawn as pictures."""

from __future__ import annotations

import io
import random

from codes import qr_payload
from codes.errors import EngineError
from tests.fuzz.raw import damage

__all__ = ["drawn", "mutate"]

_MOST_CHARACTERS = 2000                 # what a code of the largest size holds of digits and letters


def mutate(text: str, dice: random.Random) -> str:
    """Another address, other digits, or a changed message under the old signature."""
    address, digits = qr_payload.split(text)
    payload = qr_payload.parse(text)
    message, signature = payload.message, payload.signature
    kind = dice.randrange(8)
    if kind < 4:
        if kind == 3:
            signature = damage(signature, dice)
        else:
            message = damage(message, dice, signature)
        try:
            return qr_payload.text(address, message, signature)
        except (EngineError, ValueError):
            digits = damage(digits.encode(), dice).decode("latin-1")
    elif kind < 6:
        place = dice.randrange(len(digits))
        digits = digits[:place] + dice.choice("0123456789") + digits[place + dice.randrange(3):]
    elif kind == 6:
        address = damage(address.encode(), dice).decode("latin-1")
    else:
        return damage(text.encode(), dice).decode("latin-1")
    return f"{address}#{digits}"


def drawn(text: str) -> bytes:
    """A PNG of a code that says this; a text that is too long is cut."""
    import qrcode

    kept = io.BytesIO()
    code = qrcode.make(text[:_MOST_CHARACTERS], error_correction=qrcode.ERROR_CORRECT_L, box_size=4)
    code.get_image().save(kept, "PNG")
    return kept.getvalue()
