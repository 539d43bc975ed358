"""PDF values as bytes, each in one spelling (ISO 32000-2, 7.3): what a revision of an archive is written in."""

from __future__ import annotations

from typing import Final

from verify.pdf_objects import Name, Object, PdfString, Ref

__all__ = ["spelt"]

_NAME_SAFE: Final = frozenset(b"+-._ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


def spelt(value: Object) -> bytes:
    """One PDF value; strings in hex."""
    if isinstance(value, dict):
        return b"<<" + b"".join(_name(key) + b" " + spelt(item) for key, item in value.items()) + b">>"
    if isinstance(value, list):
        return b"[" + b" ".join(map(spelt, value)) + b"]"
    if isinstance(value, Ref):
        return b"%d %d R" % value
    if isinstance(value, PdfString):
        return b"<" + value.value.hex().encode() + b">"
    if isinstance(value, Name):
        return _name(value)
    if value is None or isinstance(value, bool):
        return {None: b"null", True: b"true", False: b"false"}[value]
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".").encode()
    raise TypeError(f"no PDF value: {type(value)}")


def _name(text: str) -> bytes:
    return b"/" + b"".join(bytes((each,)) if each in _NAME_SAFE else b"#%02x" % each for each in text.encode("latin-1"))
