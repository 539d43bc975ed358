"""SM2 keys in cryptographic devices after GM/T 0018 (SDF).

Reference (``<role>.key.json``)::

    {"store": "sdf",
     "library": "/opt/vendor/libsdf.so",        absolute path of the vendor's library
     "key": 1,                                  index of the signing key in the device
     "access": 1,                               optional: its index for the access right, where that differs
     "pin_file": "/run/secrets/pin",            absolute; else the file that ZHENGYIN_PIN_FILE names; neither where
                                                the key needs no password
     "public_key": "MFkw…"}                     optional: base64 of the SubjectPublicKeyInfo

The digest SM3(Z ‖ M) is made here, the signature in the device. Keys are made with the device's own tools.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, TypeVar

from certs import sm2
from certs.der_build import signature_value
from certs.fork_guard import guard
from certs.key_reference import malformed, require_members, require_same_key
from certs.pin import PIN_FILE_VARIABLE, PinMemory, PinRefusedError, PinUntriedError, read_pin
from certs.sdf_device import (
    SAYS_NOTHING_OF_THE_PASSWORD,
    DeviceCode,
    DeviceError,
    Failure,
    Library,
    SdfFailureError,
    Session,
)

__all__ = ["SdfKey"]

_Result = TypeVar("_Result")
_NUMBERS: Final = frozenset({"key", "access"})
_UNREACHABLE: Final = frozenset({Failure.COMMFAIL, Failure.HARDFAIL, Failure.OPENDEVICE, Failure.OPENSESSION})
_UNSUPPORTED: Final = frozenset({Failure.NOTSUPPORT, Failure.ALGNOTSUPPORT, Failure.KEYTYPEERR})


class SdfKey:
    """An internal signing key of a device; a :class:`certs.signer.SigningKey`."""

    algorithm: ClassVar[Literal["sm2-sm3"]] = "sm2-sm3"

    def __init__(self, library: Library, reference: Mapping[str, Any], folder: Path) -> None:
        """Open the device and read the public key.

        Raises:
            DeviceError, PinError: device or key cannot be had.
            KeyReferenceError: ``key-reference.other-key``.
        """
        self._library, self._reference, self._folder = library, reference, folder
        self.lock = threading.RLock()
        self._session: Session | None = None
        self._name = f"{reference['library']} {reference['key']}"
        self._public = self._run(lambda session: session.public_key(reference["key"]))
        if not sm2.is_public_key(self._public):
            raise self._told(SdfFailureError("SDF_ExportSignPublicKey_ECC", Failure.KEYTYPEERR))
        self.spki = sm2.spki(self._public)
        require_same_key(self.spki, reference)
        guard(self)

    @classmethod
    def open(cls, reference: Mapping[str, Any], folder: Path) -> SdfKey:
        """Open the key that ``reference``, which lies in ``folder``, names.

        Raises:
            KeyReferenceError: ``key-reference.malformed``, ``key-reference.other-key``.
            DeviceError, PinError, FileError: library, device, password or key cannot be had.
        """
        require_members(reference, required=frozenset({"library", "key"}), numbers=_NUMBERS,
                        optional=frozenset({"access", "pin_file", "public_key"}))
        for name in ("library", "pin_file"):
            if not Path(reference.get(name, "/")).is_absolute():
                raise malformed(reference, f"的 {name} 应为绝对路径", f"takes an absolute path for {name}")
        return cls(Library(reference["library"]), reference, folder)

    def sign(self, message: bytes, *, approval: str = "") -> bytes:  # noqa: ARG002 - the device does not ask for it
        """The DER signature over ``message``; see :meth:`certs.signer.SigningKey.sign`.

        Raises:
            DeviceError, PinError: the device cannot be used; the next call tries anew.
        """
        digest = sm2.signed_digest(self._public, message)
        return signature_value(*self._run(lambda session: session.sign(self._reference["key"], digest)))

    def _run(self, work: Callable[[Session], _Result]) -> _Result:
        """Return what ``work`` makes of the session; one that has broken since it was opened is opened once more."""
        with self.lock:
            if self._session is not None:
                try:
                    return work(self._session)
                except SdfFailureError:
                    self._close()
            try:
                self._session = self._library.session()
                self._get_right(self._session)
                return work(self._session)
            except SdfFailureError as error:
                self._close()
                raise self._told(error) from None
            except BaseException:
                self._close()
                raise

    def _get_right(self, session: Session) -> None:
        named = self._reference.get("pin_file", "")
        if not named and not os.environ.get(PIN_FILE_VARIABLE):
            return                                          # a key that needs no password, or sign() will tell
        pin = read_pin(named)
        index = self._reference.get("access", self._reference["key"])
        with PinMemory(self._folder, self._name).trying(pin):
            try:
                session.get_right(index, pin.value)
            except SdfFailureError as error:
                if error.code in SAYS_NOTHING_OF_THE_PASSWORD:
                    raise PinUntriedError from error
                raise PinRefusedError from None

    def leave_to_parent(self) -> None:
        """Forget, in a forked child, the session of the parent: a child opens the device itself."""
        self._session = None

    def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _told(self, error: SdfFailureError) -> DeviceError:
        what = f"{error.function}: 0x{error.code:08x}"
        if error.code in _UNREACHABLE:
            return DeviceError(
                DeviceCode.OUT_OF_REACH, f"密码设备 {self._name} 无法访问（{what}），未签名；请检查设备与线路后重试",
                f"the device {self._name} is out of reach ({what}), nothing was signed: check device and line, then "
                "repeat", device=self._name)
        if error.code == Failure.KEYNOTEXIST:
            return DeviceError(
                DeviceCode.NO_KEY, f"密码设备中没有签名密钥 {self._name}，请更正密钥引用中的 key",
                f"there is no signing key {self._name} in the device: correct key in the key reference",
                device=self._name)
        if error.code == Failure.PARDENY:
            return DeviceError(
                DeviceCode.PASSWORD_NEEDED, f"使用密钥 {self._name} 须先出示口令，请在密钥引用中写明 pin_file",
                f"the key {self._name} wants its password: give pin_file in the key reference", device=self._name)
        if error.code in _UNSUPPORTED:
            return DeviceError(
                DeviceCode.UNSUPPORTED, f"密码设备 {self._name} 不支持用内部 SM2 密钥签名（{what}），请换用设备或密钥",
                f"the device {self._name} does not sign with an internal SM2 key ({what}): take another device or key",
                device=self._name)
        return DeviceError(
            DeviceCode.FAILED, f"密码设备 {self._name} 报告错误（{what}），未签名；请对照厂商说明检查后重试",
            f"the device {self._name} reports a fault ({what}), nothing was signed: look it up with the vendor, then "
            "repeat", device=self._name)

    def __repr__(self) -> str:
        return f"<SM2 key in device {self._name}>"
