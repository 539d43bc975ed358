"""Runs whole files through ``verify.verify``, and parts through their readers, in one process; counts what is said.

What must not be is kept.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import resource
import shutil
import signal
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final, TypeVar

from tests.fuzz.corpus import Corpus
from tests.fuzz.inputs import Input, make_input
from tests.fuzz.oracle import Oracle
from tests.fuzz.readers import Part, collect_parts, make_part, read_part
from verify import verify
from verify.report import Report

__all__ = ["Fault", "Result", "run", "run_parts"]

SECONDS: Final = 5.0
"""Processor time that one input may take."""
MEMORY_KB: Final = 500 * 1024
"""Peak of the process's memory while one input is looked at."""


_T = TypeVar("_T")


class _Hangs(BaseException):
    """No ``except Exception`` of the verifier may take it for a finding."""


@dataclass(frozen=True)
class Fault:
    """An input that broke a rule, and where it is kept."""

    number: int
    kind: str                            # raises, hangs, memory, genuine
    what: str
    file: str


@dataclass
class Result:
    """What a run counted. ``unexpected``: errors of readers that became a finding only by the last net beneath them."""

    seed: int
    inputs: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    unexpected: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    peak_kb: int = 0
    slowest_s: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values, the most frequent codes first."""
        return {"seed": self.seed, "inputs": self.inputs, "peak_kb": self.peak_kb,
                "slowest_s": round(self.slowest_s, 3), "verdicts": dict(sorted(self.verdicts.items())),
                "codes": dict(self.codes.most_common()), "unexpected": dict(self.unexpected.most_common()),
                "faults": [dataclasses.asdict(fault) for fault in self.faults]}


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    def stop(_: int, frame: FrameType | None) -> None:
        raise _Hangs("".join(traceback.format_stack(frame, limit=4)))

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _peak_kb() -> int:
    """Peak of the process's memory since it was last set back."""
    try:
        return int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0])
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def run(corpus: Corpus, seed: int, numbers: range, keep: Path) -> Result:
    """Look at the inputs of these numbers; those that break a rule are kept in the folder ``keep``."""
    result, oracle = Result(seed), Oracle(corpus)
    memory = _Memory(result)
    for number in numbers:
        made = make_input(corpus, seed, number)
        done = _within(result, made, keep, lambda made=made: _told(made, corpus))   # type: ignore[misc]
        if done is None:
            continue
        report, plain = done
        result.verdicts[f"{made.family} {report.verdict.value}"] += 1
        result.codes.update({reason.code for reason in report.reasons})
        _unexpected(result, made, report, keep)
        if report.verdict.value == "valid":
            why = oracle.why_not(made.family, made.data, insider=made.insider)
            if why:
                _fault(result, made, "genuine", why, keep)
        if plain["licence"] and plain["licence"]["proven"] and made.family == "photo":
            _photo(result, made, plain, corpus, keep)
        if made.family == "status":
            _status(result, made, plain, keep)
        memory.look(made, keep)
    return result


def run_parts(corpus: Corpus, seed: int, numbers: range, keep: Path) -> Result:
    """Put the parts of these numbers before their readers; those that break a rule are kept in ``keep``."""
    result, parts = Result(seed), collect_parts(corpus)
    memory = _Memory(result)
    for number in numbers:
        part = make_part(parts, seed, number)
        _within(result, part, keep, lambda part=part: read_part(part, result.codes))  # type: ignore[misc]
        result.verdicts[f"part {part.shape}"] += 1
        memory.look(part, keep)
    return result


class _Memory:
    """Watches the peak of the process's memory."""

    def __init__(self, result: Result) -> None:
        self._result, self._last = result, _peak_kb()

    def look(self, made: Input | Part, keep: Path) -> None:
        peak = _peak_kb()
        if peak > MEMORY_KB >= self._last:
            _fault(self._result, made, "memory", f"{peak} kB", keep)
        self._result.peak_kb, self._last = max(self._result.peak_kb, peak), peak


def _within(result: Result, made: Input | Part, keep: Path, work: Callable[[], _T]) -> _T | None:
    """What WORK returns within the time that one input may take; None where it broke a rule, which is kept."""
    result.inputs += 1
    began = _spent()
    try:
        with _bounded():
            done = work()
    except _Hangs as hang:
        _fault(result, made, "hangs", str(hang), keep)
        return None
    except Exception:                    # that is what is looked for
        _fault(result, made, "raises", traceback.format_exc(limit=-6), keep)
        return None
    result.slowest_s = max(result.slowest_s, _spent() - began)
    return done


def _told(made: Input, corpus: Corpus) -> tuple[Report, dict[str, Any]]:
    report = _looked_at(made, corpus)
    plain = report.to_dict()
    report.to_text()
    return report, plain


def _looked_at(made: Input, corpus: Corpus) -> Report:
    family = made.family
    at = corpus.moment(family)
    if family not in ("status", "trust"):
        return verify(made.data, trust=corpus.trust(family), at=at, clock_now=at)
    genuine = corpus.seeds["own-ofd"][0].data
    if family == "status":
        return verify(genuine, trust=dataclasses.replace(corpus.trust(family), seal_status=made.data, folder=None),
                      at=at, clock_now=at)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "trust"
        shutil.copytree(corpus.folder / "trust" / "home", folder)
        (folder / made.seed.name.replace("__", "/")).write_bytes(made.data)
        return verify(genuine, trust=folder, at=at, clock_now=at)


def _unexpected(result: Result, made: Input, report: Report, keep: Path) -> None:
    """Count what only the last net beneath a reader caught; the first input of each kind is kept."""
    for each in report.findings:
        if each.reason.code in ("file.unreadable-part", "file.failed"):
            told = f"{made.family}: {each.reason.en}"
            if told not in result.unexpected:
                _keep(result, made, "net", keep)
            result.unexpected[told] += 1


def _photo(result: Result, made: Input, plain: dict[str, Any], corpus: Corpus, keep: Path) -> None:
    """Data that are said to be issued are those of the genuine code."""
    at, trust = corpus.moment("photo"), corpus.trust("photo")
    genuine = [verify(seed.data, trust=trust, at=at, clock_now=at).to_dict()["licence"]
               for seed in corpus.seeds["photo"] if seed.name == "photo.png"]
    if plain["licence"] not in genuine:
        _fault(result, made, "genuine", "data are said to be issued that nobody issued", keep)


def _status(result: Result, made: Input, plain: dict[str, Any], keep: Path) -> None:
    """A list that is believed says what the genuine one says."""
    seals = [each["seal"] for each in plain["signatures"] if each["seal"] and each["seal"]["list"]]
    if seals and json.loads(made.data) != json.loads(made.seed.data):
        _fault(result, made, "genuine", "a status list is believed that nobody published", keep)


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _fault(result: Result, made: Input | Part, kind: str, what: str, keep: Path) -> None:
    file = _keep(result, made, kind, keep)
    of = f"part {made.shape}" if isinstance(made, Part) else f"{made.family} {made.seed.name} {made.how}"
    result.faults.append(Fault(made.number, kind, f"{of}: {what}", str(file)))


def _keep(result: Result, made: Input | Part, kind: str, keep: Path) -> Path:
    keep.mkdir(parents=True, exist_ok=True)
    name = f"part.{made.shape}" if isinstance(made, Part) else made.seed.name
    file = keep / f"{kind}-{result.seed}-{made.number}-{name}"
    file.write_bytes(made.data)
    return file
