"""The data of the streams that a foreign PDF is built with: cross-reference and object streams.

Source: ISO 32000-2 7.4.4 (FlateDecode and its predictors).
"""

from __future__ import annotations

from typing import Final

from verify.foreign.pdf_reasons import ForeignRefusal
from verify.pdf_file import Budget
from verify.pdf_objects import Dict, Object, Ref

__all__ = ["inflate", "integer"]

_SHORT: Final = frozenset({"F", "DP"})


def integer(value: Object, where: str) -> int:
    """A whole number that is not negative.

    Raises:
        ForeignRefusal: ``fpdf.xref`` for anything else.
    """
    if type(value) is not int or value < 0:
        raise ForeignRefusal("fpdf.xref", where)
    return value


def inflate(raw: bytes, entries: Dict, budget: Budget, where: str) -> bytes:
    """The data of a cross-reference or object stream: no filter, or FlateDecode with or without a predictor.

    Raises:
        ForeignRefusal: ``fpdf.unsupported`` for another filter.
        PdfRefusal: ``pdf.stream``, ``pdf.too-large``.
    """
    filters, parameters = entries.get("Filter"), entries.get("DecodeParms")
    if entries.keys() & _SHORT:                      # some readers know them outside inline images too
        raise ForeignRefusal("fpdf.unsupported", where, what="Filter")
    if isinstance(filters, list):
        if len(filters) > 1 or (isinstance(parameters, list) and len(parameters) > 1):
            raise ForeignRefusal("fpdf.unsupported", where, what="Filter")
        filters = filters[0] if filters else None
        parameters = parameters[0] if isinstance(parameters, list) and parameters else parameters
    if filters is None:
        return raw
    if filters != "FlateDecode" or isinstance(parameters, Ref):
        raise ForeignRefusal("fpdf.unsupported", where, what="Filter")
    data = budget.inflate(raw, where=where)
    if not isinstance(parameters, dict) or parameters.get("Predictor", 1) == 1:
        return data
    return _unpredicted(data, parameters, where)


def _unpredicted(data: bytes, parameters: Dict, where: str) -> bytes:
    """Undo the PNG predictors (ISO 32000-2, 7.4.4.4), one byte a sample."""
    columns = integer(parameters.get("Columns", 1), where)
    plain = (parameters.get("Colors", 1), parameters.get("BitsPerComponent", 8)) == (1, 8)
    predictor = parameters.get("Predictor")
    if type(predictor) is not int or not 10 <= predictor <= 15 or not plain or not 1 <= columns <= 64:
        raise ForeignRefusal("fpdf.unsupported", where, what="Predictor")
    if len(data) % (columns + 1):
        raise ForeignRefusal("fpdf.xref", where)
    out, above = bytearray(), bytes(columns)
    for start in range(0, len(data), columns + 1):
        above = _line(data[start], data[start + 1:start + 1 + columns], above, where)
        out += above
    return bytes(out)


def _line(kind: int, line: bytes, above: bytes, where: str) -> bytes:
    if kind == 0:
        return line
    if kind == 2:
        return bytes((one + up) & 0xFF for one, up in zip(line, above, strict=True))
    done = bytearray()
    for place, one in enumerate(line):
        left, corner = (done[-1], above[place - 1]) if place else (0, 0)
        up = above[place]
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + up) // 2
        elif kind == 4:
            guess = min((left, up, corner), key=lambda each: abs(left + up - corner - each))
        else:
            raise ForeignRefusal("fpdf.xref", where)
        done.append((one + guess) & 0xFF)
    return bytes(done)
