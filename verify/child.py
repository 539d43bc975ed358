"""What a child process serves that verifies: orders on one pipe, answers as plain values on another.

A child outlives many files. It judges the bytes that follow an order, and gives back the report; it opens no file but
those of trust folder and kinds, and writes none. See :mod:`verify.child_process` for its parent's side.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import struct
import sys
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any, Final

from verify import entry
from verify.trust_folder import TrustFolder

if TYPE_CHECKING:
    from verify.online import Fresh

__all__ = ["FAILED", "HEAD", "serve", "serve_orders"]

HEAD: Final = struct.Struct(">IQ")
"""Lengths of an order (JSON) and of the bytes that follow it."""

FAILED: Final = "failed"
"""In an answer: the kind of the error that the child came upon."""

_FILES: Final = 2000                                # that one child judges at most
_SHARE: Final = 4                                   # of its memory, the part beyond which it is replaced


def serve() -> None:
    """Be a child that was started as a program of its own: orders on stdin, answers on what was stdout."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)                                   # nothing that a library prints may pass for an answer
    serve_orders(sys.stdin.buffer, answers, int(sys.argv[2]))


def serve_orders(orders: IO[bytes], answers: IO[bytes], parent: int) -> None:
    """Take orders until there are no more, or until what files leave behind could be felt by the next ones.

    Libraries keep things (libxml2 every name that it has read), so one stranger's files could fill a child and make it
    fail over everybody else's. It says so in its answer, and its parent replaces it.
    """
    from certs.process_limits import end_with_parent, resident_mb, set_limits

    end_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)    # the parent decides what becomes of the work
    sys.dont_write_bytecode = True
    judged = _Judging()
    limited, count = False, 0
    while True:
        head = orders.read(HEAD.size)
        if len(head) < HEAD.size:
            os._exit(0)
        size, length = HEAD.unpack(head)
        order, data = json.loads(orders.read(size)), orders.read(length)
        if not limited:
            set_limits(memory_mb=order["memory_mb"], file_mb=0)
            limited = True
        signal.setitimer(signal.ITIMER_REAL, order["seconds"])
        told = judged.answer(order, data)
        count += 1
        last = FAILED in told or count >= _FILES or resident_mb() > order["memory_mb"] // _SHARE
        answer = json.dumps({**told, "last": last}).encode("ascii")
        signal.setitimer(signal.ITIMER_REAL, 0)
        answers.write(len(answer).to_bytes(8, "big") + answer)
        answers.flush()


class _Judging:
    """What a child keeps from file to file: the trust folder as it was read, and which kinds are known."""

    def __init__(self) -> None:
        self._kinds: list[str] = []
        self._folder = TrustFolder()

    def answer(self, order: Mapping[str, Any], data: bytes) -> dict[str, Any]:
        """What is to be told of one file; of an error of this program its kind alone, which holds nothing of the file.

        Want of memory is no such error: it ends the process.
        """
        try:
            return self._answer(order, data)
        except MemoryError:
            raise
        except Exception as error:       # each check is guarded by itself; this is what is left
            return {FAILED: type(error).__name__}

    def _answer(self, order: Mapping[str, Any], data: bytes) -> dict[str, Any]:
        """Judge one file, or draw it."""
        if "draw" in order:
            from verify.drawing import draw

            return {"drawing": draw(data, seconds=order["draw"], signed_bytes=order["signed_bytes"])}
        from layouts import add_folder

        if order["kinds"] != self._kinds:
            for folder in order["kinds"]:
                add_folder(folder)
            self._kinds = order["kinds"]
        at = None if order["at"] is None else dt.datetime.fromisoformat(order["at"])
        end = len(data) - (order["evidence"] or 0)
        evidence = None if order["evidence"] is None else data[end:]
        fresh = _fresh(order.get("fresh"))
        report = entry.verify_source(data[:end], trust=self._folder.read(order["trust"]), at=at, clock_now=None,
                                     require_status=order["require_status"], name=order["name"],
                                     evidence=evidence, fresh=fresh)
        told = {"report": report.to_dict(), "text": report.to_text(), "line": report.to_line()}
        if fresh is None:
            return told
        from verify.online import write_paths

        return {**told, **write_paths(fresh)}


def _fresh(values: Any) -> Fresh | None:
    """What the parent fetched for a file; None where nobody is asked."""
    if values is None:
        return None
    from verify.online import read_fresh  # loads only where CAs are asked

    return read_fresh(values)
