"""`make trace`: each requirement with the tests that show it.

A test cites a requirement with ``@pytest.mark.req("R-000-02")``, and only if it fails when the clause is
broken. The list is docs/requirements.csv; its column ``round`` says whether a requirement is due now, in
which later part of the work it comes, or that it is out of scope. Exit 1 where one due now has no test
or a test cites an id that is not in the list.
"""

from __future__ import annotations

import contextlib
import csv
import io
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LATER = {
    "verifier": "later, with the verifier's next round",
    "archive": "later, with the archive",
    "service": "later, with the service",
    "out": "out of scope",
}


class Citations:
    """Collects which test cites which requirement; runs nothing."""

    def __init__(self) -> None:
        self.tests: dict[str, set[str]] = defaultdict(set)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for mark in item.iter_markers("req"):
                for requirement in mark.args:
                    self.tests[requirement].add(item.nodeid.split("[")[0])


def main() -> int:
    citations = Citations()
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = pytest.main(
            ["--collect-only", "-o", "addopts=--import-mode=importlib", str(ROOT / "tests")], plugins=[citations])
    if code != pytest.ExitCode.OK:
        print(said.getvalue() + "the tests could not be collected", file=sys.stderr)
        return 1
    with (ROOT / "docs" / "requirements.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    missing = []
    for row in rows:
        tests = sorted(citations.tests.pop(row["id"], ()))
        state = LATER.get(row["round"], "")
        if row["round"] == "now" and not tests:
            missing.append(row["id"])
            state = "NO TEST"
        print(f"{row['id']}  {row['area']:<12} {row['must'][:90]}" + (f"  [{state}]" if state else ""))
        for test in tests:
            print(f"          {test}")
    shown = sum(row["round"] == "now" for row in rows) - len(missing)
    print(f"\n{shown} requirements of this round shown by tests, {len(missing)} not; {len(rows)} in all")
    for unknown in citations.tests:
        print(f"cited but not in the list: {unknown}", file=sys.stderr)
    return 1 if missing or citations.tests else 0


if __name__ == "__main__":
    sys.exit(main())
