"""Cryptographic devices after GM/T 0018 (SDF), called through the library that their vendor gives.

Only what signing with an internal SM2 key needs: the device, a session, the right to use a private key, its public
key, and the signature over a digest. The structures are those of the standard for ECCref_MAX_BITS = 512, numbers
right-aligned in 64 bytes.

Source: GM/T 0018-2012 and -2023, chapters 5 (structures, codes) and 6.
"""

from __future__ import annotations

import ctypes
import enum
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from codes.errors import EngineError

__all__ = ["DeviceCode", "DeviceError", "Failure", "Library", "Session"]

_BYTES: Final = 64
_SDR_BASE: Final = 0x01000000


class DeviceCode(enum.StrEnum):
    """Codes of :class:`DeviceError`."""

    NO_LIBRARY = "device.no-library"
    OUT_OF_REACH = "device.out-of-reach"
    NO_KEY = "device.no-key"
    PASSWORD_NEEDED = "device.password-needed"  # noqa: S105 (an error code)
    UNSUPPORTED = "device.unsupported"
    FAILED = "device.failed"


class DeviceError(EngineError):
    """A device or its key cannot be used."""


class Failure(enum.IntEnum):
    """Codes of GM/T 0018 that are told apart here (SDR_…)."""

    NOTSUPPORT = _SDR_BASE + 0x02
    COMMFAIL = _SDR_BASE + 0x03
    HARDFAIL = _SDR_BASE + 0x04
    OPENDEVICE = _SDR_BASE + 0x05
    OPENSESSION = _SDR_BASE + 0x06
    PARDENY = _SDR_BASE + 0x07
    KEYNOTEXIST = _SDR_BASE + 0x08
    ALGNOTSUPPORT = _SDR_BASE + 0x09
    STEPERR = _SDR_BASE + 0x10
    KEYTYPEERR = _SDR_BASE + 0x14


SAYS_NOTHING_OF_THE_PASSWORD: Final = frozenset({
    Failure.NOTSUPPORT, Failure.COMMFAIL, Failure.HARDFAIL, Failure.OPENDEVICE, Failure.OPENSESSION,
    Failure.KEYNOTEXIST, Failure.STEPERR, Failure.KEYTYPEERR})
"""Codes with which a device answers a password without having looked at it; any other counts as a refusal."""


class _PublicKey(ctypes.Structure):
    _fields_ = [("bits", ctypes.c_uint), ("x", ctypes.c_ubyte * _BYTES), ("y", ctypes.c_ubyte * _BYTES)]


class _Signature(ctypes.Structure):
    _fields_ = [("r", ctypes.c_ubyte * _BYTES), ("s", ctypes.c_ubyte * _BYTES)]


class SdfFailureError(Exception):
    """A function of the library answered with another code than SDR_OK."""

    def __init__(self, function: str, code: int) -> None:
        super().__init__(f"{function}: 0x{code:08x}")
        self.function, self.code = function, code


class Library:
    """The library of a vendor."""

    def __init__(self, path: str) -> None:
        """Load it.

        Raises:
            DeviceError: ``device.no-library``.
        """
        try:
            if not Path(path).is_file():
                raise OSError("not there")
            library = ctypes.CDLL(path)
            handle, index = ctypes.c_void_p, ctypes.c_uint
            self._open_device = _function(library, "SDF_OpenDevice", ctypes.POINTER(handle))
            self._close_device = _function(library, "SDF_CloseDevice", handle)
            self._open_session = _function(library, "SDF_OpenSession", handle, ctypes.POINTER(handle))
            self._close_session = _function(library, "SDF_CloseSession", handle)
            self._get_right = _function(
                library, "SDF_GetPrivateKeyAccessRight", handle, index, ctypes.c_char_p, index)
            self._public_key = _function(
                library, "SDF_ExportSignPublicKey_ECC", handle, index, ctypes.POINTER(_PublicKey))
            self._sign = _function(
                library, "SDF_InternalSign_ECC", handle, index, ctypes.c_char_p, index, ctypes.POINTER(_Signature))
        except (OSError, AttributeError) as error:
            raise DeviceError(
                DeviceCode.NO_LIBRARY,
                f"密码设备的库 {path} 无法加载，或缺少 GM/T 0018 的函数（{error}），请安装厂商的库或更正密钥引用",
                f"the library {path} of the device cannot be loaded or lacks functions of GM/T 0018 ({error}): install "
                "the vendor's, or correct the key reference", path=path) from None

    def session(self) -> Session:
        """Open device and session.

        Raises:
            SdfFailureError: one of them cannot be opened.
        """
        device, session = ctypes.c_void_p(), ctypes.c_void_p()
        self._open_device(ctypes.byref(device))
        try:
            self._open_session(device, ctypes.byref(session))
        except SdfFailureError:
            self.close(self._close_device, device)
            raise
        return Session(self, device, session)

    def close(self, function: Callable[..., None], handle: ctypes.c_void_p) -> None:
        """Close what may be broken already."""
        try:
            function(handle)
        except SdfFailureError:
            return


class Session:
    """An open session; used by one thread at a time."""

    def __init__(self, library: Library, device: ctypes.c_void_p, session: ctypes.c_void_p) -> None:
        self._library, self._device, self._session = library, device, session

    def close(self) -> None:
        """Close session and device."""
        self._library.close(self._library._close_session, self._session)
        self._library.close(self._library._close_device, self._device)

    def get_right(self, index: int, password: bytes) -> None:
        """Ask for the right to use a private key, once a session."""
        self._library._get_right(self._session, index, password, len(password))

    def public_key(self, index: int) -> bytes:
        """Return the public key of a signing key, the 65 bytes of its point."""
        key = _PublicKey()
        self._library._public_key(self._session, index, ctypes.byref(key))
        return b"\x04" + bytes(key.x)[-32:] + bytes(key.y)[-32:]

    def sign(self, index: int, digest: bytes) -> tuple[int, int]:
        """Return the signature (r, s) over the 32 bytes of a digest."""
        signature = _Signature()
        self._library._sign(self._session, index, digest, len(digest), ctypes.byref(signature))
        return int.from_bytes(bytes(signature.r), "big"), int.from_bytes(bytes(signature.s), "big")


def _function(library: ctypes.CDLL, name: str, *types: Any) -> Callable[..., None]:
    function = getattr(library, name)
    function.argtypes, function.restype = types, ctypes.c_uint

    def call(*arguments: Any) -> None:
        if (code := function(*arguments)) != 0:
            raise SdfFailureError(name, code)

    return call
