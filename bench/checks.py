"""How fast files are verified: on one core, on all, and from a cold start; beside others that check signatures."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from bench.peers import children_seconds, dss_rate, pyhanko_all, sofd_rate
from certs.trust import Trust
from verify import verify
from verify.contained import Verifiers

__all__ = ["measure_checks"]

_COLD: Final = 5


def measure_checks(packages: Sequence[Path], trust_dir: Path, cores: Sequence[int], ofdrw: float | None) -> None:
    """Print the rows.

    Args:
        packages: our own, each with its rendition beside it; no two are alike.
        trust_dir: the trust folder by which they are genuine.
        cores: of this machine, the first is that of the present process.
        ofdrw: packages of ofdrw's validator for each second of processor time.
    """
    trust = Trust.load(trust_dir)
    renditions = [package.with_suffix(".pdf").read_bytes() for package in packages]
    print("\nverifying packages of ours (for each second of processor time; another package each time)")
    seconds = _processor_seconds(lambda: [verify(package, trust=trust) for package in packages])
    _row("all that it says, in one warm process", len(packages) / seconds)
    _row("  ofdrw, the seal's signature alone", ofdrw)
    _row("  sOFD, the seal's signature alone", sofd_rate(packages))
    print(f"  {'one file from a cold start':<46}{_cold_start(packages[0], trust_dir):8.2f} s")
    for children in sorted({1, len(cores)}):
        _use(cores[:children])
        _row(f"contained, {children} core{'s' * (children > 1)}, by the clock",
             _contained(packages, trust_dir, children))
    _use(cores[:1])
    print("verifying the renditions (for each second of processor time)")
    seconds = _processor_seconds(lambda: [verify(data, trust=trust) for data in renditions])
    _row("signature, pages, data, QR code", len(renditions) / seconds)
    _row("  pyHanko, the signature alone",
         len(renditions) / _processor_seconds(lambda: pyhanko_all(renditions, trust)))
    _row("  DSS, the signature alone", dss_rate(renditions, trust))


def _row(name: str, rate: float | None) -> None:
    print(f"  {name:<46}" + ("not built here" if rate is None else f"{rate:8.1f}/s"), flush=True)


def _use(cores: Sequence[int]) -> None:
    """Keep this process, and those that it starts, on these cores, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(cores))


def _processor_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _cold_start(package: Path, trust_dir: Path) -> float:
    """Processor seconds of the command for one file, the median of a few; compiled before, as an installed one is."""
    command = [Path(sys.executable).with_name("zhengyin"), "verify", package, "--trust", trust_dir]

    def once() -> float:
        before = children_seconds()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)  # noqa: S603
        return children_seconds() - before

    with tempfile.TemporaryDirectory() as compiled:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        once()
        return statistics.median(once() for _ in range(_COLD))


def _contained(packages: Sequence[Path], trust_dir: Path, children: int) -> float:
    """Packages a second by the clock, when children are warm."""
    with Verifiers(trust=trust_dir, children=children) as verifiers:
        list(verifiers.verify_many(packages[:4 * children]))
        start = time.perf_counter()
        answers = [answer for _, answer in verifiers.verify_many(packages)]
        taken = time.perf_counter() - start
    if any(isinstance(answer, Exception) or answer.report["verdict"] != "valid" for answer in answers):
        raise SystemExit("a package of ours is not called genuine")
    return len(packages) / taken
