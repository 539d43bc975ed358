"""The keys of a signer are opened when it begins, so that one that cannot sign says so before anybody asks.

A wrong password, a token that is not there: where no key opens, the signer does not begin; where some do not, it says
which. Many keys take long, for a key file is slow to decrypt on purpose: after a few seconds the signer serves those
that are open, and opens the others meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping

from certs.canonical_json import JSON
from certs.remote_wire import RemoteCode, RemoteError
from codes.errors import EngineError

__all__ = ["open_keys"]

_Log = Callable[[str, Mapping[str, JSON]], None]


def open_keys(
    opening: Iterator[tuple[str, EngineError | None]], log: _Log, *, within_s: float,
    monotonic: Callable[[], float] = time.monotonic,
) -> Mapping[str, JSON]:
    """Open keys for so long at most, the others in a thread that ends with ``opened`` in the log.

    Args:
        opening: opens one key after the other; name → what is wrong with it, None for nothing.
        log: takes ``unusable`` with the reason for each key that does not open.

    Returns:
        What is known then: ``keys``, how many are open; ``unusable``, name → code of those that do not open;
        ``opening``, whether others are being opened still.

    Raises:
        RemoteError: ``signer.key-failed``: keys were tried, and none opens.
    """
    end, tally = monotonic() + within_s, _Tally(log)
    for name, error in opening:
        tally.add(name, error)
        if monotonic() >= end:
            tally.require_one()
            told = tally.told()
            threading.Thread(target=tally.finish, args=(opening,), name="opening", daemon=True).start()
            return {**told, "opening": True}
    tally.require_one()
    return {**tally.told(), "opening": False}


class _Tally:
    """What has been found so far."""

    def __init__(self, log: _Log) -> None:
        self._log, self._open, self._errors = log, 0, dict[str, EngineError]()

    def add(self, name: str, error: EngineError | None) -> None:
        if error is None:
            self._open += 1
            return
        self._errors[name] = error
        self._log("unusable", {"key": name, "code": error.code.value, "reason": error.en})

    def told(self) -> dict[str, JSON]:
        return {"keys": self._open, "unusable": {name: error.code.value for name, error in self._errors.items()}}

    def require_one(self) -> None:
        if self._open or not self._errors:
            return
        name, error = next(iter(self._errors.items()))
        number = len(self._errors)
        raise RemoteError(
            RemoteCode.KEY_FAILED,
            f"密钥 {name} 打不开（{error.code.value}）：{error.zh}；已试 {number} 把密钥，无一能用，签名进程没有启动",
            f"key {name} does not open ({error.code.value}): {error.en}; {number} keys were tried, none can be "
            "used, and the signer does not start", key=name) from error

    def finish(self, opening: Iterator[tuple[str, EngineError | None]]) -> None:
        for name, error in opening:
            self.add(name, error)
        self._log("opened", self.told())
