"""The log of a signer process: a line of JSON for each event, never more of a message than its SM3."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, TextIO

from certs.canonical_json import JSON
from certs.moments import write_moment

__all__ = ["Log"]

_NOISY: Final = frozenset({"cut", "stranger"})
_NOISE_A_MINUTE: Final = 60


class Log:
    """Writes events; of what strangers do, so many lines a minute, then a count."""

    def __init__(self, stream: TextIO, clock: Callable[[], datetime], *,
                 monotonic: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock, self._monotonic = stream, clock, monotonic
        self._lock = threading.Lock()
        self._minute, self._noise = -1, 0

    def __call__(self, event: str, facts: Mapping[str, JSON]) -> None:
        """Write an event; a log that cannot be written stops nobody."""
        with self._lock:
            if event in _NOISY:
                minute = int(self._monotonic() // 60)
                if minute != self._minute:
                    if self._noise > _NOISE_A_MINUTE:
                        self._write("left-out", {"events": self._noise - _NOISE_A_MINUTE})
                    self._minute, self._noise = minute, 0
                self._noise += 1
                if self._noise > _NOISE_A_MINUTE:
                    return
            self._write(event, facts)

    def _write(self, event: str, facts: Mapping[str, JSON]) -> None:
        # in ASCII: what a client names must not steer the terminal or turn the text of whoever reads the log
        line = json.dumps({"at": write_moment(self._clock()), "event": event, **facts})
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(line + "\n")
            self._stream.flush()
