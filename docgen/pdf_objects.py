"""PDF syntax: values, objects, and the file that numbers them, on reportlab's document.

reportlab keeps the register of objects, references, the cross-reference table and the trailer. How a value
is spelt is decided here, so that no setting of that library changes a byte: plain names, lower-case hex, an
end of line before ``endstream`` (ISO 19005-3, 6.1.7.1), an ID that comes from the content.

A value is a ``dict``, a list, a number, a bool, a reference, or a ``str`` that is already a PDF token.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from reportlab.pdfbase import pdfdoc  # type: ignore[import-untyped]

from codes.china_time import CHINA_TIME

__all__ = ["PdfFile", "Ref", "Value", "date_string", "deflate", "name", "number", "text_string"]

Ref = pdfdoc.PDFObjectReference
Value = Any

_NAME_SAFE = frozenset(b"+-._ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_ID_FIELD = 32 * b"0"


def name(text: str) -> str:
    """Return TEXT as a PDF name, bytes beyond the regular ASCII characters as ``#xx``."""
    return "/" + "".join(chr(b) if b in _NAME_SAFE else f"#{b:02x}" for b in text.encode())


def number(value: float, places: int = 4) -> str:
    """Return VALUE in plain decimal notation with at most PLACES digits after the point."""
    text = f"{value:.{places}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def text_string(text: str) -> str:
    """Return TEXT as a PDF text string: ASCII as a literal, anything else as UTF-16BE in hex."""
    if text.isascii() and text.isprintable():
        escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        return f"({escaped})"
    return f"<feff{text.encode('utf-16-be').hex()}>"


def date_string(moment: datetime) -> str:
    """Return the aware MOMENT as a PDF date in China Standard Time."""
    return moment.astimezone(CHINA_TIME).strftime("(D:%Y%m%d%H%M%S+08'00')")


def deflate(data: bytes, level: int = 6) -> bytes:
    """Return DATA as a zlib stream."""
    return zlib.compress(data, level)


def _token(value: Value, document: PdfFile) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return "<<" + "".join(f"/{key} {_token(item, document)}\n" for key, item in value.items()) + ">>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, Ref):
        number_, generation = document.idToObjectNumberAndVersion[value.name]
        return f"{number_} {generation} R"
    if isinstance(value, Sequence):
        return "[" + " ".join(_token(item, document) for item in value) + "]"
    raise TypeError(f"no PDF value: {type(value)}")


class _Object(pdfdoc.PDFObject):  # type: ignore[misc]
    """An indirect object: a value, or a stream with its dictionary."""

    def __init__(self, value: Value, stream: bytes | None = None) -> None:
        self.value = value
        self.stream = stream

    def format(self, document: PdfFile) -> bytes:
        """Return the object's bytes, as reportlab asks for them."""
        if self.stream is None:
            return _token(self.value, document).encode("latin-1")
        head = _token({**self.value, "Length": len(self.stream)}, document).encode("latin-1")
        return b"%b\nstream\n%b\nendstream" % (head, self.stream)


class _RawId(pdfdoc.PDFObject):  # type: ignore[misc]
    """The trailer's ID, zeros until the file is complete."""

    def format(self, document: PdfFile) -> bytes:  # noqa: ARG002 - reportlab's interface
        """Return two fields of sixteen zero bytes."""
        return b"[<%b><%b>]" % (_ID_FIELD, _ID_FIELD)


class PdfFile(pdfdoc.PDFDocument):  # type: ignore[misc]
    """The objects of one file, numbered in the order in which they are first named."""

    def __init__(self) -> None:
        self._pdfVersion = (1, 7)
        self.objectcounter = 0
        self.idToObjectNumberAndVersion: dict[str, tuple[int, int]] = {}
        self.idToObject: dict[str, object] = {}
        self.idToOffset: dict[str, int] = {}
        self.numberToId: dict[int, str] = {}

    def reserve(self, key: str) -> Value:
        """Number an object that is defined later by ``define`` with the same KEY."""
        return self.Reference(_Object({}), key)

    def define(self, key: str, value: Value, stream: bytes | None = None) -> None:
        """Fill the object that ``reserve`` numbered."""
        target = self.idToObject[key]
        assert isinstance(target, _Object)  # noqa: S101 - only reserve() makes them
        target.value, target.stream = value, stream

    def add(self, value: Value) -> Value:
        """Add an object and return the reference to it."""
        return self.Reference(_Object(value))

    def add_stream(self, head: dict[str, Value], data: bytes, *, compressed: bool = False) -> Value:
        """Add a stream and return the reference to it; COMPRESSED says that DATA is a zlib stream."""
        if compressed:
            head = {**head, "Filter": "/FlateDecode"}
        return self.Reference(_Object(head, data))

    def write(self, *, catalog: Value, info: Value) -> bytearray:
        """Return the whole file, the ID still zero: see ``set_id``."""
        out = pdfdoc.PDFFile(self._pdfVersion)
        keys = [self.numberToId[index] for index in range(1, self.objectcounter + 1)]
        for key in keys:
            self.idToOffset[key] = out.add(pdfdoc.PDFIndirectObject(key, self.idToObject[key]).format(self))
        table = pdfdoc.PDFCrossReferenceTable()
        table.addsection(0, keys)
        start = out.add(table.format(self))
        trailer = pdfdoc.PDFTrailer(startxref=start, Size=len(keys) + 1, Root=catalog, Info=info, ID=_RawId())
        out.add(trailer.format(self))
        return bytearray(out.format(self))

    @staticmethod
    def set_id(data: bytearray) -> None:
        """Write the ID, made of SHA-256 of DATA, over the zeros in the trailer."""
        digest = hashlib.sha256(data).hexdigest()[:32].encode()
        at = data.rindex(b"<" + _ID_FIELD + b"><" + _ID_FIELD + b">")
        data[at + 1:at + 33] = digest
        data[at + 35:at + 67] = digest
