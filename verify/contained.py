"""Verifying in child processes with limits of time, memory and files: what a parser does on hostile bytes stays there.

A child outlives many files. It takes an order on its standard input, judges the bytes that follow, and gives back the
report as plain values; it opens no file but those of trust folder and kinds, and writes none. One that comes to a
limit, or ends for whatever reason, is replaced, and the file that it was at cannot be called genuine.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime as dt
import json
import os
import queue
import resource
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Final, Protocol, Self

from verify import MAX_FILE_SIZE
from verify.entry import evidence_beside, load, unjudged
from verify.model import Finding
from verify.reasons import finding
from verify.trust_folder import TrustFolder

if TYPE_CHECKING:
    from certs.revocation_fetch import Inquiry
    from verify.online import Asked, Fresh

__all__ = ["Answer", "Limits", "Verifiers", "serve"]

_HEAD: Final = struct.Struct(">IQ")                 # lengths of the order (JSON) and of the bytes that follow
_ANSWER_LIMIT: Final = 64 << 20
_ANSWER: Final = frozenset({"report", "text", "line"})
_FAILED: Final = "failed"                           # in an answer: the kind of the error that the child came upon
_FILES: Final = 2000                                # that one child judges at most
_SHARE: Final = 4                                   # of its memory, the part beyond which it is replaced
_GRACE_S: Final = 5.0                               # beyond a child's own alarm
_START: Final = "import sys; sys.path.insert(0, sys.argv[1]); from verify.contained import serve; serve()"
_ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What judging one file may use: seconds on the clock, MB of address space."""

    seconds: float = 60.0
    memory_mb: int = 1536


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A report as plain values (:meth:`verify.report.Report.to_dict`), as text, and in one line."""

    report: Mapping[str, Any]
    text: str
    line: str

    @property
    def exit_code(self) -> int:
        """That of the report."""
        code: int = self.report["exit_code"]
        return code


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


class Verifiers:
    """Children that judge files, to be closed (a context manager); any thread may ask."""

    def __init__(self, *, trust: Path | None, kinds: Sequence[Path] = (), children: int = 1,
                 limits: Limits | None = None) -> None:
        """Start nothing yet: a child begins when it is first wanted.

        Args:
            trust: the trust folder; read by the children, anew when it changes. One that cannot be read is tried
                again with the next file.
            kinds: further folders of kinds.
            children: how many files are judged at a time.
        """
        self._order: dict[str, Any] = {"trust": None if trust is None else str(trust.absolute()),
                       "kinds": [str(one.absolute()) for one in kinds]}
        self._limits = limits or Limits()
        self._folder = TrustFolder()
        self._children = children
        self._free: queue.LifoQueue[_Child] = queue.LifoQueue()
        self._starter = concurrent.futures.ThreadPoolExecutor(1)
        for _ in range(children):
            self._free.put(_Child(self._limits, self._starter))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the children."""
        for _ in range(self._children):
            self._free.get().end()
        self._starter.shutdown()

    def start(self) -> None:
        """Start the children now: where there is one thread still, they begin at once."""
        for child in [self._free.get() for _ in range(self._children)]:
            child.started()
            self._free.put(child)

    def verify(self, source: bytes | Path, *, at: dt.datetime | None = None, require_status: bool = False,
               name: str = "", evidence: bytes | None = None, inquiry: Inquiry | None = None) -> Answer:
        """Judge one file; the arguments are those of :func:`verify.verify`.

        Args:
            inquiry: asks the CAs about the file's certificates, in this process; the children have no network.

        Raises:
            VerifyError: ``verify.unreadable``.
        """
        data, name, size = load(source, name)
        if data is None:
            return _told(unjudged(name, size, None, finding("file.too-large", limit=MAX_FILE_SIZE), at))
        order = {**self._order, "name": name, "at": None if at is None else at.isoformat(),
                 "require_status": require_status, "evidence": None if evidence is None else len(evidence)}
        contents = data + (evidence or b"")
        asked: Asked | None = None
        if inquiry is None:
            answer = self._ask(order, contents)
        else:
            answer, asked = self._ask_online(order, contents, inquiry)
        if isinstance(answer, Finding):
            return _told(unjudged(name, size, data, answer, at))
        report, text = answer["report"], answer["text"]
        if asked is not None:
            report, text = {**report, "online": asked.to_dict()}, "\n".join((text.rstrip("\n"), *asked.to_lines(), ""))
        return Answer(report=report, text=text, line=answer["line"])

    def _ask_online(self, order: Mapping[str, Any], data: bytes,
                    inquiry: Inquiry) -> tuple[dict[str, Any] | Finding, Asked]:
        """Have a file judged, and again by what its CAs say."""
        from verify.online import judge_online, read_paths, write_fresh

        def judged(fresh: Fresh) -> dict[str, Any] | Finding:
            answer = self._ask({**order, "fresh": write_fresh(fresh)}, data)
            read_paths({} if isinstance(answer, Finding) else answer, fresh)
            return answer

        trust = self._folder.read(self._order["trust"])
        return judge_online(judged, None if isinstance(trust, Path) else trust, inquiry, at=dt.datetime.now(dt.UTC))

    def draw(self, data: bytes, *, seconds: float = 15.0) -> dict[str, Any]:
        """Draw the first pages of a file, see :func:`verify.drawing.draw`; none where a child ends over it.

        Args:
            seconds: after so long no further page is begun.
        """
        child = _Child(self._limits, self._starter)     # of its own: what draws never ran where files are judged
        try:
            answer = child.ask({**self._order, "draw": seconds}, data) if len(data) <= MAX_FILE_SIZE else None
        finally:
            child.end()
        return answer["drawing"] if isinstance(answer, dict) else {"count": 0, "pages": []}

    def _ask(self, order: Mapping[str, Any], data: bytes) -> dict[str, Any] | Finding:
        """The answer of the first child that is free, or why there is none."""
        child = self._free.get()
        try:
            return child.ask(order, data)
        finally:
            self._free.put(child)

    def verify_many(self, paths: Iterable[Path], *, at: dt.datetime | None = None, require_status: bool = False,
                    inquiry: Inquiry | None = None) -> Iterator[tuple[Path, Answer | Exception]]:
        """Judge many files, as many at a time as there are children, each with the evidence beside it; answers come in
        the order of the paths.

        Yields:
            Each path with its answer, or with the :class:`verify.VerifyError` why it could not be read.
        """
        def one(path: Path) -> Answer | Exception:
            try:
                return self.verify(path, at=at, require_status=require_status, evidence=evidence_beside(path),
                                   inquiry=inquiry)
            except Exception as error:              # given to whoever asked, with its path
                return error

        self.start()                                # before there are threads, where that is so
        waiting: queue.SimpleQueue[tuple[Path, concurrent.futures.Future[Answer | Exception]]] = queue.SimpleQueue()
        with concurrent.futures.ThreadPoolExecutor(self._children) as threads:
            for path in paths:                      # a few ahead, so that a million paths are not kept
                waiting.put((path, threads.submit(one, path)))
                if waiting.qsize() > 4 * self._children:
                    first, future = waiting.get()
                    yield first, future.result()
            while not waiting.empty():
                first, future = waiting.get()
                yield first, future.result()


def _told(report: Any) -> Answer:
    return Answer(report=report.to_dict(), text=report.to_text(), line=report.to_line())


class _Child:
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
        return finding("file.failed", kind=answer[_FAILED]) if _FAILED in answer else answer

    def started(self) -> _Process:
        """The child, running; one that ended over nothing is replaced."""
        if self._process is not None and self._process.poll() is not None:
            self.end()
        if self._process is None:
            self._process = self._start()
        return self._process

    def _start(self) -> _Process:
        if threading.active_count() == 1 and hasattr(os, "fork"):
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
                _serve(os.fdopen(orders, "rb"), os.fdopen(answers, "wb"), parent)
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
        process.stdin.write(_HEAD.pack(len(order), len(data)) + order)
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
    return answer if isinstance(answer, dict) and (wanted <= set(answer) or _FAILED in answer) else None


# -- the child


def serve() -> None:
    """Be a child that was started as a program of its own: orders on stdin, answers on what was stdout."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)                                   # nothing that a library prints may pass for an answer
    _serve(sys.stdin.buffer, answers, int(sys.argv[2]))


def _serve(orders: IO[bytes], answers: IO[bytes], parent: int) -> None:
    """Take orders until there are no more, or until what files leave behind could be felt by the next ones.

    Libraries keep things (libxml2 every name that it has read), so one stranger's files could fill a child and make it
    fail over everybody else's. It says so in its answer, and its parent replaces it.
    """
    from certs.process_limits import end_with_parent, set_limits

    end_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)    # the parent decides what becomes of the work
    sys.dont_write_bytecode = True
    judged = _Judging()
    limited, count = False, 0
    while True:
        head = orders.read(_HEAD.size)
        if len(head) < _HEAD.size:
            os._exit(0)
        size, length = _HEAD.unpack(head)
        order, data = json.loads(orders.read(size)), orders.read(length)
        if not limited:
            set_limits(memory_mb=order["memory_mb"], file_mb=0)
            limited = True
        signal.setitimer(signal.ITIMER_REAL, order["seconds"])
        told = judged.answer(order, data)
        count += 1
        last = _FAILED in told or count >= _FILES or _resident_mb() > order["memory_mb"] // _SHARE
        answer = json.dumps({**told, "last": last}).encode("ascii")
        signal.setitimer(signal.ITIMER_REAL, 0)
        answers.write(len(answer).to_bytes(8, "big") + answer)
        answers.flush()


def _resident_mb() -> int:
    """The memory that this process holds now; 0 where the system does not tell. (The peak would count its parent's.)"""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize() >> 20
    except (OSError, ValueError, IndexError):
        return 0


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
            return {_FAILED: type(error).__name__}

    def _answer(self, order: Mapping[str, Any], data: bytes) -> dict[str, Any]:
        """Judge one file, or draw it."""
        if "draw" in order:
            from verify.drawing import draw

            return {"drawing": draw(data, seconds=order["draw"])}
        from layouts import add_folder
        from verify.entry import verify_source

        if order["kinds"] != self._kinds:
            for folder in order["kinds"]:
                add_folder(folder)
            self._kinds = order["kinds"]
        at = None if order["at"] is None else dt.datetime.fromisoformat(order["at"])
        end = len(data) - (order["evidence"] or 0)
        evidence = None if order["evidence"] is None else data[end:]
        fresh = _fresh(order.get("fresh"))
        report = verify_source(data[:end], trust=self._folder.read(order["trust"]), at=at, clock_now=None,
                               require_status=order["require_status"], name=order["name"], evidence=evidence,
                               fresh=fresh)
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
