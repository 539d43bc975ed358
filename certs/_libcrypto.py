"""SM2 through the libcrypto that Python itself has loaded (OpenSSL 3), by ctypes.

Only what SM2 needs: signing and verifying a 32-byte digest and multiplying the generator. Callers check
keys before they come here, because libcrypto does not: it signs with d = 0, hangs with d = n-1 and accepts
a public key that does not belong to d. The thread's error queue, which Python's ``ssl`` shares, is left as
it was found.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["Backend", "BackendError", "Key", "load"]

# SEQUENCE { SEQUENCE { id-ecPublicKey, sm2p256v1 }, BIT STRING (65 bytes) } up to the point.
SPKI_PREFIX: Final = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
_PKCS8_HEAD: Final = bytes.fromhex("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420")
_PKCS8_MIDDLE: Final = bytes.fromhex("a144034200")
_SIGNATURE_ROOM: Final = 80


class BackendError(Exception):
    """libcrypto refused; the caller falls back or reports in its own words."""


class Key:
    """An EVP_PKEY, freed with the object."""

    __slots__ = ("_free", "handle")

    def __init__(self, handle: int, library: ctypes.CDLL) -> None:
        self.handle = handle
        self._free = library.EVP_PKEY_free

    def __del__(self) -> None:
        self._free(self.handle)


_POINTER = ctypes.c_void_p
_INT = ctypes.c_int
_SIZE = ctypes.c_size_t
_BYTES = ctypes.c_char_p
# name: (result, arguments)
_PROTOTYPES: Final[dict[str, tuple[type | None, tuple[type, ...]]]] = {
    "OBJ_txt2nid": (_INT, (_BYTES,)),
    "ERR_set_mark": (_INT, ()),
    "ERR_pop_to_mark": (_INT, ()),
    "d2i_PUBKEY": (_POINTER, (_POINTER, _POINTER, ctypes.c_long)),
    "d2i_AutoPrivateKey": (_POINTER, (_POINTER, _POINTER, ctypes.c_long)),
    "EVP_PKEY_free": (None, (_POINTER,)),
    "EVP_PKEY_CTX_new": (_POINTER, (_POINTER, _POINTER)),
    "EVP_PKEY_CTX_free": (None, (_POINTER,)),
    "EVP_PKEY_sign_init": (_INT, (_POINTER,)),
    "EVP_PKEY_sign": (_INT, (_POINTER, _POINTER, _POINTER, _BYTES, _SIZE)),
    "EVP_PKEY_verify_init": (_INT, (_POINTER,)),
    "EVP_PKEY_verify": (_INT, (_POINTER, _BYTES, _SIZE, _BYTES, _SIZE)),
    "EC_GROUP_new_by_curve_name": (_POINTER, (_INT,)),
    "EC_GROUP_free": (None, (_POINTER,)),
    "EC_POINT_new": (_POINTER, (_POINTER,)),
    "EC_POINT_free": (None, (_POINTER,)),
    "EC_POINT_mul": (_INT, (_POINTER, _POINTER, _POINTER, _POINTER, _POINTER, _POINTER)),
    "EC_POINT_point2oct": (_SIZE, (_POINTER, _POINTER, _INT, _POINTER, _SIZE, _POINTER)),
    "BN_bin2bn": (_POINTER, (_BYTES, _INT, _POINTER)),
    "BN_set_flags": (None, (_POINTER, _INT)),
    "BN_clear_free": (None, (_POINTER,)),
}
_BN_FLG_CONSTTIME: Final = 4
_UNCOMPRESSED: Final = 4


class Backend:
    """The functions of one loaded libcrypto."""

    def __init__(self, library: ctypes.CDLL) -> None:
        for name, (result, arguments) in _PROTOTYPES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        self._lib = library
        self._nid = library.OBJ_txt2nid(b"SM2")
        if not self._nid:
            raise BackendError("this libcrypto has no SM2")

    @contextmanager
    def _clean_errors(self) -> Iterator[None]:
        self._lib.ERR_set_mark()
        try:
            yield
        finally:
            self._lib.ERR_pop_to_mark()

    def _decode(self, function: str, encoded: bytes) -> Key:
        buffer = ctypes.create_string_buffer(encoded, len(encoded))
        cursor = ctypes.c_void_p(ctypes.addressof(buffer))
        with self._clean_errors():
            handle = getattr(self._lib, function)(None, ctypes.byref(cursor), len(encoded))
        ctypes.memset(buffer, 0, len(encoded))
        if not handle:
            raise BackendError("libcrypto does not take the key")
        return Key(handle, self._lib)

    def public_key(self, public: bytes) -> Key:
        """A key from 65 bytes that are known to be a point on the curve."""
        return self._decode("d2i_PUBKEY", SPKI_PREFIX + public)

    def private_key(self, d: int, public: bytes) -> Key:
        """A key from 1 <= d <= n-2 and the public key derived from it."""
        encoded = _PKCS8_HEAD + d.to_bytes(32, "big") + _PKCS8_MIDDLE + public
        return self._decode("d2i_AutoPrivateKey", encoded)

    def multiply_generator(self, d: int) -> bytes:
        """``d*G`` as 65 bytes, in constant time."""
        lib = self._lib
        with self._clean_errors():
            group = lib.EC_GROUP_new_by_curve_name(self._nid)
            point = lib.EC_POINT_new(group) if group else None
            scalar = lib.BN_bin2bn(d.to_bytes(32, "big"), 32, None)
            out = ctypes.create_string_buffer(65)
            try:
                if not point or not scalar:
                    raise BackendError("libcrypto is out of memory")
                lib.BN_set_flags(scalar, _BN_FLG_CONSTTIME)
                if (lib.EC_POINT_mul(group, point, scalar, None, None, None) != 1
                        or lib.EC_POINT_point2oct(group, point, _UNCOMPRESSED, out, 65, None) != 65):
                    raise BackendError("libcrypto cannot derive the public key")
            finally:
                lib.BN_clear_free(scalar)
                lib.EC_POINT_free(point)
                lib.EC_GROUP_free(group)
        return out.raw

    def sign_digest(self, key: Key, digest: bytes) -> bytes:
        """DER ``{r, s}`` over SM3(Z || M); the random k is libcrypto's."""
        lib = self._lib
        with self._clean_errors():
            context = lib.EVP_PKEY_CTX_new(key.handle, None)
            try:
                room = ctypes.create_string_buffer(_SIGNATURE_ROOM)
                size = ctypes.c_size_t(_SIGNATURE_ROOM)
                if (not context or lib.EVP_PKEY_sign_init(context) != 1
                        or lib.EVP_PKEY_sign(context, room, ctypes.byref(size), digest, len(digest)) != 1):
                    raise BackendError("libcrypto cannot sign")
            finally:
                lib.EVP_PKEY_CTX_free(context)
        return room.raw[:size.value]

    def verify_digest(self, key: Key, digest: bytes, signature: bytes) -> bool:
        """Whether the DER ``{r, s}`` holds over SM3(Z || M)."""
        lib = self._lib
        with self._clean_errors():
            context = lib.EVP_PKEY_CTX_new(key.handle, None)
            try:
                if not context or lib.EVP_PKEY_verify_init(context) != 1:
                    raise BackendError("libcrypto cannot verify")
                return bool(
                    lib.EVP_PKEY_verify(context, signature, len(signature), digest, len(digest)) == 1)
            finally:
                lib.EVP_PKEY_CTX_free(context)


def _candidates() -> Iterator[str]:
    """Where libcrypto may be: in what Python's own modules are linked with, then by name."""
    for name in ("_hashlib", "_ssl"):
        try:
            path = getattr(importlib.import_module(name), "__file__", None)
        except ImportError:
            continue
        if path:
            yield path
    if sys.platform == "darwin":
        return      # macOS ends a process that loads its system's libcrypto by name
    yield "libcrypto.so.3"
    found = ctypes.util.find_library("crypto")
    if found:
        yield found


@functools.cache
def load() -> Backend | None:
    """The first libcrypto that has SM2, or None. Whether it computes rightly is for the caller to test."""
    for path in _candidates():
        try:
            return Backend(ctypes.CDLL(path))
        except (OSError, AttributeError, BackendError):
            continue
    return None
