"""Canonical JSON (RFC 8785) of what is signed and chained: one value, one spelling, whole numbers only.

UTF-8, members sorted by UTF-16 code units, no blanks, nothing escaped that need not be. There are no fractions,
because two programs seldom print them alike; numbers stay within ±(2^53-1), so that every reader keeps them.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn, TypeGuard

from codes.errors import EngineError

__all__ = ["JSON", "MAX_BYTES", "MAX_DEPTH", "JsonCode", "JsonError", "decode", "encode", "is_object", "members_once"]

JSON = str | int | bool | None | Sequence["JSON"] | Mapping[str, "JSON"]
"""A value that canonical JSON holds."""

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 32
_MAX_INTEGER: Final = 2**53 - 1


class JsonCode(enum.StrEnum):
    """Codes of :class:`JsonError`."""

    MALFORMED = "json.malformed"
    NOT_CANONICAL = "json.not-canonical"
    TOO_LARGE = "json.too-large"
    UNSUPPORTED = "json.unsupported"


class JsonError(EngineError):
    """A value has no canonical JSON, or bytes are not canonical JSON."""


def is_object(value: JSON) -> TypeGuard[Mapping[str, JSON]]:
    """Whether ``value`` is a JSON object."""
    return isinstance(value, Mapping)


def encode(value: JSON, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the one spelling of ``value``.

    Raises:
        JsonError: ``json.unsupported`` (a fraction, a whole number beyond ±(2^53-1), half a surrogate pair, a key
            that is no text, anything else that is not JSON, nesting beyond 32), ``json.too-large``.
    """
    data = json.dumps(_sorted(value, MAX_DEPTH), ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    if len(data) > max_bytes:
        raise _too_large(max_bytes)
    return data


def decode(data: bytes, *, max_bytes: int = MAX_BYTES) -> JSON:
    """Read canonical JSON; any other spelling of the same value is refused.

    Raises:
        JsonError: ``json.malformed``, ``json.not-canonical``, ``json.too-large``.
    """
    if len(data) > max_bytes:
        raise _too_large(max_bytes)
    try:
        text = data.decode("utf-8")
        value: JSON = json.loads(text, object_pairs_hook=members_once, parse_float=_refuse, parse_constant=_refuse)
        if _is_plain(value, MAX_DEPTH) and _written_plainly(value, text):
            return value
        again = encode(value, max_bytes=max_bytes)
    except (ValueError, RecursionError):
        raise JsonError(
            JsonCode.MALFORMED, "内容不是 UTF-8 的 JSON（或含小数、重复的键、过深的嵌套），请取得原件",
            "the content is not JSON in UTF-8 (or holds fractions, twin keys or too deep a nesting); get the original",
        ) from None
    except JsonError as error:
        raise error if error.code is JsonCode.TOO_LARGE else _not_canonical() from error
    if again != data:
        raise _not_canonical()
    return value


def _is_plain(value: JSON, depth: int) -> bool:
    """Whether what was read holds no number beyond the bounds and no nesting beyond ``depth``.

    A list of ten thousand seals is judged by this and by :func:`_written_plainly`, at the speed of C; where one of
    the two says no, the slow road decides.
    """
    if isinstance(value, dict | list):
        if depth == 0:
            return False
        depth -= 1
        for item in value.values() if isinstance(value, dict) else value:
            if type(item) is not str and item is not None and not _is_plain(item, depth):
                return False
        return True
    return type(value) is not int or -_MAX_INTEGER <= value <= _MAX_INTEGER


def _written_plainly(value: JSON, text: str) -> bool:
    """Whether ``text`` is the canonical spelling of what was read from it, keys being in order by code points too."""
    again = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return again == text and (text.isascii() or max(text) <= "\ud7ff")


def _sorted(value: JSON, depth: int) -> JSON:
    """Return ``value`` with its members in order, after seeing that it has a canonical form."""
    kind = type(value)
    if kind is str:
        return _text(value)
    if value is None or kind is bool:
        return value
    if isinstance(value, int):
        if not -_MAX_INTEGER <= value <= _MAX_INTEGER:
            raise _unsupported("整数超出 ±(2^53-1)", "a whole number is beyond ±(2^53-1)")
        return int(value)
    if depth == 0:
        raise _unsupported("嵌套过深", "the nesting is too deep")
    if isinstance(value, dict):
        return {key: _sorted(value[key], depth - 1) for key in _order(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item, depth - 1) for item in value]
    if isinstance(value, Mapping):
        return _sorted(dict(value), depth)
    if isinstance(value, str):
        return _text(str(value))
    raise _unsupported(f"{kind.__name__} 不能写成 JSON", f"{kind.__name__} is not written as JSON")


def _order(members: Mapping[str, JSON]) -> list[str]:
    """Return the keys by UTF-16 code units, which is by code point but where a key goes beyond U+D7FF."""
    for key in members:
        _text(key)
    keys = sorted(members)
    together = "".join(keys)
    if not together.isascii() and max(together) > "\ud7ff":
        keys.sort(key=lambda key: key.encode("utf-16-be"))
    return keys


def _text(value: object) -> str:
    if type(value) is not str:
        raise _unsupported("键不是文字", "a key is no text")
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise _unsupported("文字含半个代理对", "a text holds half a surrogate pair") from None
    return value


def members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Take the members of an object, each key once: an ``object_pairs_hook``.

    Raises:
        ValueError: a key is given twice.
    """
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a key is given twice")
    return content


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is no whole number")


def _unsupported(zh: str, en: str) -> JsonError:
    return JsonError(
        JsonCode.UNSUPPORTED, f"内容没有规范的 JSON 写法：{zh}，请更正",
        f"the content has no canonical JSON: {en}; correct it")


def _not_canonical() -> JsonError:
    return JsonError(
        JsonCode.NOT_CANONICAL, "JSON 不是规范写法（键的顺序、空白或转义不同），请取得原件",
        "the JSON is not in its canonical spelling (order of keys, blanks or escapes); get the original")


def _too_large(max_bytes: int) -> JsonError:
    return JsonError(
        JsonCode.TOO_LARGE, f"JSON 超过 {max_bytes} 字节，请检查来源",
        f"the JSON exceeds {max_bytes} bytes; check where it comes from")
