"""Filling in a template that does not ship with the engine: in a child process with limits of time and memory.

Jinja2's sandbox bounds neither loops nor memory, and compiling a template reckons with its constants already. So the
template of a deployment's own kind is compiled and filled in by a child, which outlives one filling: it takes an order
a line on its standard input, answers a line, and ends when the input does. One that came to a limit is replaced.
Everything after the filling is bounded by the length of the text (:data:`docgen.filling.MAX_OUTPUT`).
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from certs.process_limits import limit_time, set_limits
from codes.others_words import system_words
from docgen.filling import MAX_OUTPUT, Filler, FillingError
from docgen.template_errors import TemplateErrorCode
from docgen.time_limit import TimeUp, time_limit

__all__ = ["FILLING_S", "MEMORY_MB", "Apart", "serve"]

FILLING_S = 10
"""Seconds of processor time for compiling and filling in a template; a usual one takes some milliseconds."""

MEMORY_MB = 512
"""Address space of the child."""

_CLOCK = 6                              # seconds on the clock for each: other programs want the machine too
_FILE_MB = 1
_WHOLE_LIFE_S = 1_000_000               # of processor time, for all fillings of one child
_LONGEST_ANSWER = 12 * MAX_OUTPUT + 65_536          # JSON in ASCII: twelve bytes for one character at most
_PIECE = 1 << 16
_START = "import sys; sys.path.insert(0, sys.argv[1]); from docgen.apart import serve; serve()"
_ROOT = Path(__file__).resolve().parent.parent


class Apart:
    """A template that a child compiles and fills in; used as :class:`docgen.filling.Filler` is."""

    def __init__(self, text: str, *, seconds: int = FILLING_S) -> None:
        """``seconds``: of processor time that compiling and filling in may take."""
        self._text = text
        self._seconds = seconds

    def fill(self, kind: str, values: Mapping[str, str]) -> str:
        """The text that the template makes of these values.

        Raises:
            FillingError: as :class:`docgen.filling.Filler` and its ``fill``; ``template.limit`` where the child used
                up its time or memory, or could not be started.
        """
        order = json.dumps({"text": self._text, "kind": kind, "values": dict(values),
                            "seconds": self._seconds}).encode("ascii")
        with _lock:
            answer = _child.ask(order, self._seconds)
        if "filled" in answer:
            filled: str = answer["filled"]
            return filled
        raise FillingError(answer["line"], answer["zh"], answer["en"], TemplateErrorCode(answer["code"]))


class _Child:
    """The child, started when it is first wanted."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, order: bytes, seconds: int) -> dict[str, Any]:
        """Give an order and return the answer; where none comes, an error.

        Args:
            seconds: of processor time that the order allows.
        """
        if self._process is not None and self._process.poll() is not None:
            self.end()                                      # ended by someone else while it had nothing to do
        try:
            process = self._process = self._process or _started()
        except OSError as error:
            zh, en = system_words(error)
            return _limit(1, f"不能启动填充模板的子进程（{zh}）",
                          f"the child process that fills in templates cannot be started ({en})")
        clock = threading.Timer(_CLOCK * seconds, process.kill)
        clock.start()
        try:
            data = _exchanged(process, order + b"\n")
        except BaseException:
            self.end()
            raise
        finally:
            clock.cancel()
        if data.endswith(b"\n"):
            answer: dict[str, Any] = json.loads(data)
            return answer
        self.end()
        if process.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            return _too_long(1, seconds)
        return _limit(1, f"填充模板的子进程意外结束（{process.returncode}），多为内存超过 {MEMORY_MB} MB；请检查模板",
                      f"the child process that fills in the template ended ({process.returncode}), mostly for want of "
                      f"more than {MEMORY_MB} MB of memory; look at the template")

    def end(self) -> None:
        """End the child, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()


_child, _lock = _Child(), threading.Lock()


def _after_fork() -> None:
    """A child belongs to the process that started it."""
    global _child, _lock
    _child, _lock = _Child(), threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(lambda: _child.end())


def _started() -> subprocess.Popen[bytes]:
    """A child with nothing of our environment; unbuffered, so that a fork never writes a half order once more."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module; the template comes as data
        [sys.executable, "-I", "-c", _START, str(_ROOT)], cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, env={"LANG": "C.UTF-8"}, bufsize=0)


def _exchanged(process: subprocess.Popen[bytes], order: bytes) -> bytes:
    """What the child answers; cut where it ended before."""
    if process.stdin is None or process.stdout is None:
        raise AssertionError("started with pipes")
    left = memoryview(order)
    pieces, size = [], 0
    with contextlib.suppress(OSError):
        while left:
            left = left[os.write(process.stdin.fileno(), left):]
        while size < _LONGEST_ANSWER and (piece := os.read(process.stdout.fileno(), _PIECE)):
            pieces.append(piece)
            size += len(piece)
            if piece.endswith(b"\n"):
                break
    return b"".join(pieces)


def _limit(line: int, zh: str, en: str) -> dict[str, Any]:
    return {"line": line, "zh": zh, "en": en, "code": TemplateErrorCode.LIMIT.value}


def _too_long(line: int, seconds: int) -> dict[str, Any]:
    return _limit(line, f"填充超过 {seconds} 秒，已停止；请检查此处的循环",
                  f"filling in took more than {seconds} s and was stopped; look at the loop here")


def serve() -> None:
    """Carry out the orders on standard input until it ends: the child's whole life."""
    set_limits(processor_s=_WHOLE_LIFE_S, memory_mb=MEMORY_MB, file_mb=_FILE_MB)
    for line in sys.stdin.buffer:
        order = json.loads(line)
        limit_time(order["seconds"] + 1)
        sys.stdout.buffer.write(json.dumps(_filled(order)).encode("ascii") + b"\n")
        sys.stdout.buffer.flush()


def _filled(order: dict[str, Any]) -> dict[str, Any]:
    try:
        with time_limit(order["seconds"]):
            return {"filled": _filler(order["text"]).fill(order["kind"], order["values"])}
    except TimeUp as up:
        return _too_long(up.line or 1, order["seconds"])
    except FillingError as error:
        return {"line": error.line, "zh": error.zh, "en": error.en, "code": error.code.value}


@functools.lru_cache(maxsize=16)
def _filler(text: str) -> Filler:
    return Filler(text)
