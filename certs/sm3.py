"""SM3 (GB/T 32905-2016): the digest of every Chinese signature in this project.

Python's own ``hashlib`` is used where its OpenSSL has SM3; otherwise ``cryptography``. A known answer is
checked once before the first use.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from typing import Final, Protocol

__all__ = ["SIZE", "Hasher", "new", "sm3"]

SIZE: Final = 32

_ABC: Final = bytes.fromhex("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")


class Hasher(Protocol):
    """A digest that takes its message in pieces."""

    def update(self, data: bytes, /) -> None:
        """Take the next piece."""

    def digest(self) -> bytes:
        """The 32 bytes of the digest so far."""


class _CryptographyHasher:
    """SM3 from ``cryptography`` behind the shape of hashlib."""

    __slots__ = ("_hash",)

    def __init__(self, data: bytes = b"") -> None:
        from cryptography.hazmat.primitives import hashes

        self._hash = hashes.Hash(hashes.SM3())
        self._hash.update(data)

    def update(self, data: bytes, /) -> None:
        self._hash.update(data)

    def digest(self) -> bytes:
        return self._hash.copy().finalize()


def _hashlib_factory() -> Callable[[bytes], Hasher] | None:
    """The hasher of ``hashlib``, None where its OpenSSL lacks SM3. OpenSSL is asked for the algorithm once: that
    takes longer than digesting a certificate, and a copy of a fresh digest is as good.
    """
    try:
        fresh = hashlib.new("sm3")
    except ValueError:
        return None

    def hasher(data: bytes = b"") -> Hasher:
        made = fresh.copy()
        made.update(data)
        return made

    return hasher if hasher(b"abc").digest() == _ABC else None


@functools.cache
def _factory() -> Callable[[bytes], Hasher]:
    """The hasher of this machine, its known answer checked (GB/T 32905-2016 A.1)."""
    if (of_hashlib := _hashlib_factory()) is not None:
        return of_hashlib
    if _CryptographyHasher(b"abc").digest() != _ABC:
        raise RuntimeError("SM3 known answer test failed; the installed cryptography is broken")
    return _CryptographyHasher


def new(data: bytes = b"") -> Hasher:
    """A hasher that has taken ``data`` and takes more by ``update``."""
    return _factory()(data)


def sm3(data: bytes) -> bytes:
    """The SM3 digest of ``data``, 32 bytes."""
    return _factory()(data).digest()
