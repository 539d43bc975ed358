"""The data of the streams that a foreign PDF is built with: cross-reference and object streams.

Source: ISO 32000-2 7.4.4 (FlateDecode and its predictors).
"""

from __future__ import annotations

from typing import Final

from verify.foreign.pdf_reasons import ForeignRefusal
from verify.pdf_file import Budget
from verify.pdf_objects import Dict, Object

__all__ = ["inflate", "integer"]

_SHORT: Final = frozenset({"F", "DP"})
_PARAMETERS: Final = frozenset({"Predictor", "Colors", "BitsPerComponent", "Columns", "EarlyChange"})
_LARGEST: Final = 65_535


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
    unsupported = ForeignRefusal("fpdf.unsupported", where, what="Filter")
    if entries.keys() & _SHORT:                      # some readers know them outside inline images too
        raise unsupported
    if filters is None or filters == []:
        return raw
    if isinstance(filters, list) != isinstance(parameters, list) and parameters is not None:
        raise unsupported                            # some readers pair a list with a list alone
    told, *more = filters if isinstance(filters, list) else [filters]
    given, *further = parameters if isinstance(parameters, list) else [parameters]
    if told != "FlateDecode" or more or further:
        raise unsupported
    numbers = _numbers(given)
    if numbers is None:
        raise unsupported                            # some readers repair the file
    data = budget.inflate(raw, where=where)
    return data if numbers.get("Predictor", 1) == 1 else _unpredicted(data, numbers, where)


def _numbers(parameters: Object) -> dict[str, int] | None:
    """The parameters of a filter, which are all whole numbers of the usual size; None where they are not."""
    told = {} if parameters is None else parameters
    if not isinstance(told, dict) or not told.keys() <= _PARAMETERS:
        return None
    numbers = {key: value for key, value in told.items() if type(value) is int and 0 < value <= _LARGEST}
    return numbers if len(numbers) == len(told) else None


def _unpredicted(data: bytes, parameters: dict[str, int], where: str) -> bytes:
    """Undo the PNG predictors (ISO 32000-2, 7.4.4.4), one byte a sample."""
    columns = parameters.get("Columns", 1)
    plain = (parameters.get("Colors", 1), parameters.get("BitsPerComponent", 8)) == (1, 8)
    if not 10 <= parameters["Predictor"] <= 15 or not plain or columns > 64:
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
