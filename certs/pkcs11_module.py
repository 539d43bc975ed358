"""PKCS#11 modules and their tokens, as a process has them open.

A module is used by one thread at a time: python-pkcs11 starts it without the locks that it would need for more. A
forked child starts it anew, since what its parent opened is not its own. After a fault everything is closed and the
module is started again, so that a token that was away, and is there again, is found by the next call.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from certs.config import Password
from certs.fork_guard import guard
from certs.pin import PinError, PinMemory, PinRefusedError, PinUntriedError
from certs.token_errors import TokenCode, TokenError, last_try, locked, not_there, told
from codes.errors import EngineError

__all__ = ["Module", "Token", "identity", "module_at"]

_Result = TypeVar("_Result")
_modules: dict[str, Module] = {}
_inherited: list[Any] = []
"""What a fork copied into this process: kept, for closing it would disturb the parent's."""


class Module:
    """A module; everything about it happens while :attr:`lock` is held.

    ``generation`` grows when what was opened is open no more.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.lock = threading.RLock()
        self.generation = 0
        self._lib: Any = None
        self._running = False
        self._parents: Any = None
        self._sessions: dict[tuple[str, ...], Any] = {}
        guard(self)

    def started(self) -> Any:
        """Return the module, loaded and started in this process.

        Raises:
            TokenError: ``token.no-library`` (python-pkcs11 is not installed), ``token.no-module``.
        """
        if not self._running:
            library, faults = _library(self.path)
            try:
                if self._lib is None:
                    self._lib = self._start(library, faults)
                self._lib.initialize()                      # nothing where loading has started it
                self._running = True
            except faults as error:
                why = str(error) or type(error).__name__
                raise TokenError(
                    TokenCode.NO_MODULE,
                    f"PKCS#11 模块 {self.path} 无法加载或启动（{why}），请检查驱动及其设置",
                    f"the PKCS#11 module {self.path} cannot be loaded or started ({why}): "
                    "check the driver and its settings", path=self.path) from None
        return self._lib

    def _start(self, library: Any, faults: type[Exception]) -> Any:
        try:
            return library.lib(self.path)
        except faults:
            if self._parents is None:
                raise
            with contextlib.suppress(faults):               # a module that did not notice the fork still runs
                self._parents.finalize()
            return library.lib(self.path)

    def forget(self) -> None:
        """Close everything; the next call starts anew."""
        _, faults = _library(self.path)
        self.generation += 1
        self._sessions = {}
        if self._running:
            with contextlib.suppress(faults):               # it had stopped by itself
                self._lib.finalize()
            self._running = False

    def leave_to_parent(self) -> None:
        """Forget, in a forked child, what is the parent's, without closing it."""
        self.generation += 1
        _inherited.extend([self._parents, self._sessions])
        if self._lib is not None:
            self._parents = self._lib
        self._lib, self._running, self._sessions = None, False, {}

    @contextlib.contextmanager
    def telling(self, name: str) -> Iterator[None]:
        """Tell a fault of the block as one of ``name``, a token's or the module's; then everything is closed."""
        _, faults = _library(self.path)
        try:
            yield
        except faults as error:
            self.forget()
            raise told(error, name, away=False) from None

    def tokens(self) -> list[Any]:
        """Return the tokens that are there now, initialised ones alone."""
        return [token for token in self.started().get_tokens() if token.label or token.serial]

    def session(self, token: Any, login: Callable[[Any], Any]) -> Any:
        """Return the session of a token, opened and logged in once."""
        known = identity(token)
        if known not in self._sessions:
            self._sessions[known] = login(token)
        return self._sessions[known]


class Token:
    """A token that a reference names by label or serial number; ``name`` is how it is called."""

    def __init__(self, module: Module, *, label: str, serial: str, pin: Callable[[], Password], folder: Path) -> None:
        """Name the token; it is looked for when it is used.

        Args:
            label, serial: what it is called, at least one; "" for any.
            pin: reads the PIN; asked for when the token wants it.
            folder: in which the reference lies (:class:`certs.pin.PinMemory`).
        """
        self.module, self.name = module, label or serial
        self._label, self._serial, self._pin, self._folder = label, serial, pin, folder
        self._was_there, self._opened = False, -1
        self._session: Any = None

    def run(self, work: Callable[[Any], _Result]) -> _Result:
        """Return what ``work`` makes of the token's session, which it has for itself.

        Where a session that was opened before has broken, because the token was away or the module was started anew,
        it is opened once more.

        Raises:
            TokenError, PinError: the fault; then everything is closed, and the next call begins anew.
        """
        _, faults = _library(self.module.path)
        with self.module.lock:
            if self._opened == self.module.generation:
                try:
                    return work(self._session)
                except faults:
                    self.module.forget()
            try:
                return work(self._open())
            except faults as error:
                self.module.forget()
                raise self._told(error) from None
            except PinError:                                # python-pkcs11 leaves the session open that was refused
                self.module.forget()
                raise

    def _open(self) -> Any:
        self._session = self.module.session(self.found(), self._login)
        self._opened = self.module.generation
        return self._session

    def found(self) -> Any:
        """Return the token itself, as it is now; call it with the module's lock held.

        Raises:
            TokenError: ``token.not-found``, ``token.removed`` (it was there before), ``token.ambiguous``.
        """
        there = self._there()
        if not there:
            self.module.forget()                            # some modules see what was put in only when they start
            there = self._there()
        if len(there) > 1:
            raise TokenError(
                TokenCode.AMBIGUOUS,
                f"有 {len(there)} 个名为 {self.name} 的令牌，无法判断用哪一个；请在密钥引用中写明 serial",
                f"{len(there)} tokens are called {self.name}, so it is not known which counts: give the serial in the "
                "key reference", token=self.name)
        if not there:
            raise not_there(self.name, away=self._was_there)
        self._was_there = True
        return there[0]

    def _there(self) -> list[Any]:
        return [one for one in self.module.tokens() if self._label in ("", one.label)
                and self._serial in ("", _text(one.serial))]

    def _told(self, error: Exception) -> EngineError:
        """Return our error; whatever the module says, a token that is not there any more was removed."""
        _, faults = _library(self.module.path)
        try:
            gone = not self._there()
        except (faults, TokenError):
            gone = True
        return not_there(self.name, away=self._was_there) if gone else told(error, self.name, away=self._was_there)

    def pin_text(self) -> str:
        """Return the PIN as the module takes it."""
        return self._pin().value.decode("utf-8")

    def _login(self, token: Any) -> Any:
        from pkcs11 import exceptions as told_by
        from pkcs11.constants import TokenFlag

        if not token.flags & TokenFlag.LOGIN_REQUIRED:
            return token.open()
        if token.flags & TokenFlag.USER_PIN_LOCKED:
            raise locked(self.name)
        if token.flags & TokenFlag.USER_PIN_FINAL_TRY:
            raise last_try(self.name)
        pin = self._pin()
        token.open().close()                                # a token that is out of order says so before the PIN does
        name = f"{token.label} ({_text(token.serial)})"
        with PinMemory(self._folder, "\n".join(identity(token)), name=name).trying(pin):
            try:
                return token.open(user_pin=pin.value.decode("utf-8"))
            except told_by.UserAlreadyLoggedIn:             # by somebody else in this process
                return token.open()
            except (told_by.PinIncorrect, told_by.PinInvalid, told_by.PinLenRange):
                raise PinRefusedError from None
            except (told_by.DeviceRemoved, told_by.TokenNotPresent, told_by.SessionCount) as error:
                raise PinUntriedError from error


def module_at(path: str) -> Module:
    """Return the module at an absolute path; one for each path and process."""
    return _modules.get(path) or _modules.setdefault(path, Module(path))


def identity(token: Any) -> tuple[str, ...]:
    """Return what tells a token from all others and stays: manufacturer, model, and serial number.

    Serial numbers are each maker's own (PKCS#11 v2.40, CK_TOKEN_INFO). The label, which whoever has the token may
    change, stands in for one that is missing.
    """
    return token.manufacturer_id, token.model, _text(token.serial) or token.label


def _library(path: str) -> tuple[Any, type[Exception]]:
    """Return the binding of python-pkcs11 and its faults, if it is installed and the module is there."""
    try:
        from pkcs11 import _pkcs11
        from pkcs11.exceptions import PKCS11Error
    except ImportError:
        raise TokenError(
            TokenCode.NO_LIBRARY, "没有安装 python-pkcs11，不能使用令牌；请执行 pip install 'zhengyin[pkcs11]'",
            "python-pkcs11 is not installed, so no token can be used: pip install 'zhengyin[pkcs11]'") from None
    if not Path(path).is_file():
        raise TokenError(
            TokenCode.NO_MODULE, f"找不到 PKCS#11 模块 {path}，请安装令牌厂商的驱动，或更正模块路径",
            f"the PKCS#11 module {path} is not there: install the token's driver, or correct the path of the module",
            path=path)
    return _pkcs11, PKCS11Error


def _text(serial: bytes) -> str:
    return serial.decode("utf-8", "replace")
