"""The keys of a signer are opened when it begins, so that one that cannot sign says so before anybody asks.

A wrong password, a token that is not there: where every key was tried and none opens, the signer does not begin; where
some do not, it says which. Many keys take long, for a key file is slow to decrypt on purpose, and a token or a service
that does not answer takes longer: so several are opened at once, and after a few seconds the signer serves those that
are open, as soon as there is one, and opens the others meanwhile.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from certs.canonical_json import JSON
from certs.remote_wire import RemoteCode, RemoteError
from codes.errors import EngineError

__all__ = ["open_keys"]

_Log = Callable[[str, Mapping[str, JSON]], None]
_AT_ONCE: Final = 8


def open_keys(
    names: Sequence[str], open_key: Callable[[str], EngineError | None], log: _Log, *, within_s: float,
    monotonic: Callable[[], float] = time.monotonic,
) -> Mapping[str, JSON]:
    """Open keys for so long at most once one is open; the others meanwhile, until ``opened`` in the log.

    Args:
        open_key: opens one; returns what is wrong with it, None for nothing, and raises nothing.
        log: takes ``unusable`` with the reason for each key that does not open; none where the error says as much.

    Returns:
        What is known then: ``keys``, how many are open; ``unusable``, name → code of those that do not open;
        ``opening``, whether others are being opened still.

    Raises:
        RemoteError: ``signer.key-failed``: all keys were tried, and none opens.
    """
    end, tally = monotonic() + within_s, _Tally(len(names), _started(names, open_key), log)
    late = False
    while tally.waits:
        try:
            tally.take(timeout_s=None if late and not tally.open else max(end - monotonic(), 0))
        except queue.Empty:
            late = True
            tally.tell()
            if tally.open:
                told = tally.told()
                threading.Thread(target=tally.finish, name="opening", daemon=True).start()
                return {**told, "opening": True}
    tally.require_one()
    return {**tally.told(), "opening": False}


_Found = queue.SimpleQueue[tuple[str, EngineError | None]]


def _started(names: Sequence[str], open_key: Callable[[str], EngineError | None]) -> _Found:
    """Begin to open keys, a few at once; returns where they are put. A key that hangs does not keep a process alive."""
    left, found = queue.SimpleQueue[str](), _Found()
    for name in names:
        left.put(name)

    def work() -> None:
        while True:
            try:
                name = left.get_nowait()
            except queue.Empty:
                return
            found.put((name, open_key(name)))

    for number in range(min(_AT_ONCE, len(names))):
        threading.Thread(target=work, name=f"opening-{number}", daemon=True).start()
    return found


class _Tally:
    """What has been found so far: ``open`` and ``waits``, how many keys are open, and how many are not tried yet.

    What is wrong with keys is held back while it may be wrong with all of them alike, as without a password.
    """

    def __init__(self, number: int, found: _Found, log: _Log) -> None:
        self.waits, self.open = number, 0
        self._found, self._log, self._errors = found, log, dict[str, EngineError]()
        self._held: list[str] | None = []                    # None: nothing is held back any more

    def take(self, *, timeout_s: float | None = None) -> None:
        """Take in the next key that was tried; raises ``queue.Empty`` where there is none in time."""
        name, error = self._found.get(timeout=timeout_s)
        self.waits -= 1
        if error is None:
            self.open += 1
            self.tell()
            return
        self._errors[name] = error
        if self._held is None:
            self._note(name)
        else:
            self._held.append(name)

    def tell(self) -> None:
        """Log what was held back, and from now on each key when it is tried."""
        for name in self._held or ():
            self._note(name)
        self._held = None

    def _note(self, name: str) -> None:
        error = self._errors[name]
        self._log("unusable", {"key": name, "code": error.code.value, "reason": error.en})

    def told(self) -> dict[str, JSON]:
        return {"keys": self.open, "unusable": {name: error.code.value for name, error in self._errors.items()}}

    def require_one(self) -> None:
        if self.open or not self._errors:
            return
        if len({error.code for error in self._errors.values()}) > 1:
            self.tell()
        name, error = min(self._errors.items(), key=lambda one: one[0])
        number = len(self._errors)
        raise RemoteError(
            RemoteCode.KEY_FAILED,
            f"密钥 {name} 打不开（{error.code.value}）：{error.zh}；已试 {number} 把密钥，无一能用，签名进程没有启动",
            f"key {name} does not open ({error.code.value}): {error.en}; {number} keys were tried, none can be "
            "used, and the signer does not start", key=name) from error

    def finish(self) -> None:
        while self.waits:
            self.take()
        self._log("opened", self.told())
