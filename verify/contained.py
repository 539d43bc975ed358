"""Verifying in child processes with limits of time, memory and files: what a parser does on hostile bytes stays there.

One that comes to a limit, or ends for whatever reason, is replaced, and the file that it was at cannot be called
genuine. :mod:`verify.child_process` has the process and its limits, :mod:`verify.child` what it serves.
"""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import queue
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from verify import MAX_FILE_SIZE
from verify.child_process import Child, Limits
from verify.entry import evidence_beside, load, unjudged
from verify.model import Finding
from verify.reasons import finding
from verify.trust_folder import TrustFolder

if TYPE_CHECKING:
    from certs.revocation_fetch import Inquiry
    from verify.online import Asked, Fresh

__all__ = ["Answer", "Limits", "Verifiers"]


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
        self._free: queue.LifoQueue[Child] = queue.LifoQueue()
        self._starter = concurrent.futures.ThreadPoolExecutor(1)
        for _ in range(children):
            self._free.put(Child(self._limits, self._starter))

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

    def draw(self, data: bytes, *, seconds: float = 15.0, signed_bytes: int = 0) -> dict[str, Any]:
        """Draw the first pages of a file, see :func:`verify.drawing.draw`; none where a child ends over it."""
        order = {**self._order, "draw": seconds, "signed_bytes": signed_bytes}
        child = Child(self._limits, self._starter)     # of its own: what draws never ran where files are judged
        try:
            answer = child.ask(order, data) if len(data) <= MAX_FILE_SIZE else None
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
