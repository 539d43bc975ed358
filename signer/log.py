"""The log of a signer process: a line of JSON for each event, never more of a message than its SM3.

Lines wait in a queue and one thread writes them, so that whoever does not read the log holds up nobody. What the queue
has no room for, and what one client is refused more than so often a minute, is left out and counted; a line says so.
"""

from __future__ import annotations

import json
import os
import select
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from certs.canonical_json import JSON
from certs.moments import write_moment

__all__ = ["Log"]

_LIMITED: Final = frozenset({"cut", "failed", "refused", "stranger"})
_MINUTE_S: Final = 60
_LIMITED_A_MINUTE: Final = 60
_WAITING: Final = 4096                  # lines


class Log:
    """Writes events to a file descriptor; safe to share between threads, none of which waits for the writing.

    Of the events that others bring about, so many lines a minute are written, of one client and kind; then a count.
    """

    def __init__(self, descriptor: int, clock: Callable[[], datetime], *, waiting: int = _WAITING,
                 monotonic: Callable[[], float] = time.monotonic) -> None:
        """Begin to write.

        Args:
            descriptor: of an open file, which stays open; clock: the present (aware).
            waiting: how many lines may wait to be written.
        """
        self._descriptor, self._clock, self._most, self._monotonic = descriptor, clock, waiting, monotonic
        self._changed = threading.Condition()
        self._lines: list[bytes] = []
        self._unread = 0                                    # lines that found no room after those in the queue
        self._minute, self._seen = self._this_minute(), Counter[tuple[str, str]]()
        self._closed = False
        self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)
        self._thread.start()

    def __call__(self, event: str, facts: Mapping[str, JSON]) -> None:
        """Have an event written, if there is room for it."""
        with self._changed:
            self._end_minute()
            if event in _LIMITED:
                of = event, str(facts.get("client", ""))
                self._seen[of] += 1
                if self._seen[of] > _LIMITED_A_MINUTE:
                    return
            self._put(self._line(event, facts))

    def close(self, *, within_s: float) -> None:
        """Write what waits, for so long at most; call it once, after the last event."""
        with self._changed:
            self._end_minute(early=True)
            self._closed = True
            self._changed.notify()
        self._thread.join(within_s)

    def _this_minute(self) -> int:
        return int(self._monotonic() // _MINUTE_S)

    def _end_minute(self, *, early: bool = False) -> None:
        """Say what the minute that is over has left out; call it with the lock held."""
        minute = self._this_minute()
        if minute == self._minute and not early:
            return
        for (event, client), seen in self._seen.items():
            if seen > _LIMITED_A_MINUTE:
                self._put(self._line("left-out", {
                    "events": seen - _LIMITED_A_MINUTE, "of": event, **({"client": client} if client else {})}))
        self._minute = minute
        self._seen.clear()

    def _put(self, line: bytes) -> None:
        if len(self._lines) >= self._most:
            self._unread += 1
            return
        self._lines.append(line)
        self._changed.notify()

    def _line(self, event: str, facts: Mapping[str, JSON]) -> bytes:
        # in ASCII: what a client names must not steer the terminal or turn the text of whoever reads the log
        return json.dumps({"at": write_moment(self._clock()), "event": event, **facts}).encode("ascii") + b"\n"

    def _write_all(self) -> None:
        """Write line after line until the log is closed: the work of its thread."""
        while True:
            with self._changed:
                while not self._lines and not self._closed:
                    self._changed.wait(_MINUTE_S)
                    self._end_minute()
                lines, unread, closed = self._lines, self._unread, self._closed
                self._lines, self._unread = [], 0
            unread += sum(not self._written(line) for line in lines)
            if unread:
                self._written(self._line("left-out", {"events": unread, "of": "all"}))
            if closed and not self._lines:
                return

    def _written(self, line: bytes) -> bool:
        """Write a line, waiting until there is room for it; a log that cannot be written stops nobody."""
        while line:
            try:
                line = line[os.write(self._descriptor, line):]
            except BlockingIOError:                         # whoever shares the file has it not block
                select.select([], [self._descriptor], [])
            except OSError:
                return False
        return True
