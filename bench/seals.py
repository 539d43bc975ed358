"""Ten thousand seals: how long the commands of the registry take, each run as a user runs it."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.many_seals import ENTRIES, make_many

__all__ = ["measure_seals"]

_ROOT = Path(__file__).parent.parent


def _run(*words: str | Path) -> tuple[float, float, str]:
    """Run a command, which must succeed; return how long it took, of the processor too, and what it wrote on stdout."""
    start, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(  # noqa: S603  (our own command)
        [sys.executable, "-m", "cli.main", *map(str, words)], cwd=_ROOT, capture_output=True, text=True, check=False)
    spent, now = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise SystemExit(f"{words[0]} {words[1]} ended with {done.returncode}: {done.stderr[-400:]}")
    return spent, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime, done.stdout


_CASE = re.compile(r"S[0-9]{4}-[0-9]{6}")


def measure_seals(count: int) -> None:
    """Print how long each command takes with ``count`` seals that are due."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="zhengyin-seals-") as name:
        home, folder = Path(name) / "home", Path(name)
        start = time.perf_counter()
        make_many(home, count, now=now)
        print(f"\n{count} seals, {ENTRIES * count} entries of the audit log (filled in "
              f"{time.perf_counter() - start:.0f} s); each command with its start-up", flush=True)
        start_of_change, actors = (now + timedelta(days=9)).date().isoformat(), home / "actors"
        told = {}
        for title, words in {
            "seals due": ("seals", "due", "--home", home),
            "seals due --ics": ("seals", "due", "--home", home, "--ics", folder / "seals.ics"),
            "seals rotate --dry-run": (
                "seals", "rotate", "--home", home, "--all-due", "--from", start_of_change, "--as", actors,
                "--carry-approvals", actors, "--dry-run", "--json"),
            "seals publish (list and page)": ("seals", "publish", "--home", home, "--out", folder / "public"),
            "audit export": ("audit", "export", "--home", home, "--out", folder / "audit"),
            "audit verify": ("audit", "verify", folder / "audit"),
        }.items():
            seconds, processor, told[title] = _run(*words)
            print(f"  {title:<34}{seconds:7.1f} s   {processor:6.1f} s of processor", flush=True)
        due = set(_CASE.findall(told["seals due"]))
        seen = (len(due), told["seals rotate --dry-run"].count('"state": "planned", '))
        if seen != (count + 1, count + 1) or "完整" not in told["audit verify"]:
            raise SystemExit("a command did not see every seal")
        size = (folder / "public" / "seal-status.json").stat().st_size
        print(f"  status list {size / 1e6:.1f} MB, database {(home / 'registry.sqlite3').stat().st_size / 1e6:.0f} MB")
