"""Run the tests as `make test` does: in parallel, then say plainly what was left out and why."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


class LeftOut:
    """Counts the reasons of skipped tests, for the last words of the run."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and isinstance(report.longrepr, tuple):
            self.reasons[str(report.longrepr[2]).removeprefix("Skipped: ")] += 1


def main() -> int:
    soak = "--soak" in sys.argv[1:]
    os.chdir(ROOT)
    left_out = LeftOut()
    workers = min(4, os.cpu_count() or 1)
    # what tests of one file share is made once a worker; those of the soak share nothing and stand in one file
    shared_out = ["--dist", "load", "-m", "soak"] if soak else ["--dist", "loadfile", "-m", "not soak"]
    arguments = ["-n", str(workers), *shared_out]
    code = pytest.main(arguments, plugins=[left_out])
    for reason, count in sorted(left_out.reasons.items()):
        print(f"left out {count}: {reason}")
    if not left_out.reasons:
        print("nothing was left out")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
