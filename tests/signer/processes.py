"""A signer as it runs: a home with keys, a process over it, and a home that issues without any key or password."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from certs.home import Home
from certs.remote_line import Address, Lines
from certs.seal_folder import seal_folders
from certs.sm3 import sm3
from signer.references import write_references
from tests.support.bounds import wait_until
from tests.support.demo_home import CITY, shared_home

ROOT = Path(__file__).parents[2]
SECONDS = 60.0
"""After so long a process is taken to hang; nothing is measured by it."""
LIMITS = "per_minute = 100000\nper_day = 1000000\n"
SETTINGS = f'[[client]]\nname = "issuing"\nuids = [{os.getuid()}]\nkeys = ["*/*/*", "audit", "status"]\n{LIMITS}'


def signer_home(path: Path, settings: str = SETTINGS) -> Path:
    """Copy the demo home, without what it has issued, as that of a signer."""
    shutil.copytree(shared_home().path, path, ignore=shutil.ignore_patterns("issued"))
    (path / "signer.toml").write_text(settings, encoding="utf-8")
    return path


def issuing_home(path: Path, signer: Path, where: dict[str, Any]) -> Home:
    """Copy what issuing needs: no key, no password, no registry, but references to the signer."""
    shutil.copytree(signer, path, ignore=shutil.ignore_patterns(
        "*.key", "password", "registry*", "ca", "actors", "responders", "signer*", "issued", "*.sock*"))
    _, keys = write_references(path, {"store": "signer", **where})
    assert not keys
    assert not list(path.rglob("*.key"))
    assert not (path / "password").exists()
    return Home.open(path, environ={})


@dataclass
class Running:
    """A signer process; ``log`` has its lines so far."""

    home: Path
    arguments: Sequence[str | Path]
    log_file: Path
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start (again), and wait until it is ready."""
        before = len(self.log("ready"))
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "signer", "--home", str(self.home), *map(str, self.arguments)],
                cwd=ROOT, stdout=log, stderr=log, env={**os.environ, "PYTHONUTF8": "1"})
        wait_until(lambda: len(self.log("ready")) > before or self.process.poll() is not None)
        assert self.process.poll() is None, self.log_file.read_text(encoding="utf-8")[-2000:]

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(SECONDS)

    def end(self) -> int:
        """End it as a service manager does; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)

    def log(self, event: str = "") -> list[dict[str, Any]]:
        """Return its log, of one event or all; a line that is still being written is none yet."""
        written = self.log_file.read_bytes() if self.log_file.exists() else b""
        lines = [json.loads(line) for line in written.splitlines(keepends=True)
                 if line.startswith(b"{") and line.endswith(b"\n")]
        return [line for line in lines if not event or line["event"] == event]


@contextlib.contextmanager
def running(home: Path, *arguments: str | Path) -> Iterator[Running]:
    """Run a signer over ``home`` while the block runs."""
    signer = Running(home, arguments or ("--socket", home / "signer.sock"), home.with_name(f"{home.name}.log"))
    try:
        yield signer
    finally:
        with contextlib.suppress(ProcessLookupError):
            signer.kill()


def key_name(home: Path, role: str, code: str = CITY[0]) -> str:
    """Return the name of a key of the authority's only seal."""
    (folder,) = seal_folders(home / "authorities" / code)
    return f"{code}/{folder.name}/{role}"


def approval_id(home: Path, code: str = CITY[0]) -> str:
    """Return the number of the authority's standing approval."""
    return f"standing-{code}-01" if (home / "approvals" / f"standing-{code}-01.json").exists() else ""


def ask(address: Address, head: dict[str, Any], body: bytes = b"") -> tuple[dict[str, Any], bytes]:
    """Ask once, on a connection of its own."""
    lines = Lines(address)
    try:
        answer, content = lines.ask(head, body, patience_s=0)
        return dict(answer), content
    finally:
        lines.forget()


def digest(message: bytes) -> str:
    """SM3, as the log names a message."""
    return sm3(message).hex()
