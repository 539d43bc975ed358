"""A child process with limits of time, memory and files, as its parent sees it: started, asked, ended, replaced.

A child that comes to a limit, or ends for whatever reason, gives no answer: its parent has a finding in place of one.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Protocol

from certs.process_limits import address_space_mb
from verify.child import FAILED, HEAD, serve_orders
from verify.model import Finding
from verify.reasons import finding

__all__ = ["Child", "Limits"]

_ANSWER_LIMIT: Final = 64 << 20
_ANSWER: Final = frozenset({"report", "text", "line"})
_LIGHT: Final = 2                                   # a copy begins with no more than this part of its memory
_GRACE_S: Final = 5.0                               # beyond a child's own alarm
_START: Final = "import sys; sys.path.insert(0, sys.argv[1]); from verify.child import serve; serve()"
_ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What judging one file may use: seconds on the clock, MB of address space."""

    seconds: float = 60.0
    memory_mb: int = 1536


class _Process(Protocol):
    """What a child is to its parent."""

    stdin: IO[bytes]
    stdout: IO[bytes]

    def kill(self) -> None:
        """End it."""

    def wait(self) -> int:
        """Its exit code; minus the signal that ended it."""

    def poll(self) -> int | None:
        """The same, None while it runs."""


class Child:
    """One child, started when it is first wanted, and again after it has ended."""

    def __init__(self, limits: Limits, starter: concurrent.futures.Executor) -> None:
        self._limits = limits
        self._starter = starter
        self._process: _Process | None = None

    def ask(self, order: Mapping[str, Any], data: bytes) -> dict[str, Any] | Finding:
        """The answer, or why there is none."""
        process = self.started()
        text = json.dumps({**order, "seconds": self._limits.seconds, "memory_mb": self._limits.memory_mb}).encode()
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        clock = threading.Timer(self._limits.seconds + _GRACE_S, stop)
        clock.start()
        try:
            answer = _exchange(process, text, data, {"drawing"} if "draw" in order else _ANSWER)
        except BaseException:
            self.end()
            raise
        finally:
            clock.cancel()
        if answer is None:
            if self.end() == -signal.SIGALRM or late.is_set():
                return finding("contained.time", seconds=self._limits.seconds)
            return finding("contained.ended", memory=self._limits.memory_mb)
        if answer.get("last"):
            self.end()
        return finding("file.failed", kind=answer[FAILED]) if FAILED in answer else answer

    def started(self) -> _Process:
        """The child, running; one that ended over nothing is replaced."""
        if self._process is not None and self._process.poll() is not None:
            self.end()
        if self._process is None:
            self._process = self._start()
        return self._process

    def _start(self) -> _Process:
        light = address_space_mb() <= self._limits.memory_mb // _LIGHT
        if light and threading.active_count() == 1 and hasattr(os, "fork"):
            return _Forked()                        # what is imported already need not be imported again
        # the system ends a child with the thread that started it: whoever asks may not live as long
        return self._starter.submit(self._opened).result()

    def _opened(self) -> _Process:
        return subprocess.Popen(  # type: ignore[return-value]  # noqa: S603 - this very program; its pipes are there
            [sys.executable, "-c", _START, str(_ROOT), str(os.getpid())], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)

    def end(self) -> int:
        """End the child, if there is one; its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.kill()
        status = process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):      # what was still to be written has no reader any more
                pipe.close()
        return status


class _Forked:
    """A copy of this process that serves; only taken where there is one thread."""

    def __init__(self) -> None:
        orders, to_child = os.pipe()
        from_child, answers = os.pipe()
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                kept = 2
                for own in sorted((orders, answers)):       # the pipes of other children among what is closed
                    os.closerange(kept + 1, own)
                    kept = own
                os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
                serve_orders(os.fdopen(orders, "rb"), os.fdopen(answers, "wb"), parent)
            finally:
                os._exit(1)
        os.close(orders)
        os.close(answers)
        self.stdin: IO[bytes] = os.fdopen(to_child, "wb")
        self.stdout: IO[bytes] = os.fdopen(from_child, "rb")
        self._status: int | None = None

    def kill(self) -> None:
        """End it."""
        if self._status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit code; minus the signal that ended it."""
        if self._status is None:
            self._status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return self._status

    def poll(self) -> int | None:
        """The same, None while it runs."""
        if self._status is None:
            ended, status = os.waitpid(self._pid, os.WNOHANG)
            if ended:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status


def _exchange(process: _Process, order: bytes, data: bytes, wanted: Set[str]) -> dict[str, Any] | None:
    """Send an order and read the answer, which has these values; None when the child ends before."""
    try:
        process.stdin.write(HEAD.pack(len(order), len(data)) + order)
        process.stdin.write(data)
        process.stdin.flush()
        head = process.stdout.read(8)
        length = int.from_bytes(head, "big")
        if len(head) < 8 or length > _ANSWER_LIMIT:
            return None
        text = process.stdout.read(length)
        answer = json.loads(text) if len(text) == length else None
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, dict) and (wanted <= set(answer) or FAILED in answer) else None
