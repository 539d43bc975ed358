"""A PostgreSQL server of the tests' own: no network, no password, gone when they end."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

_READY_SECONDS = 60.0
_SETTINGS = ("listen_addresses=", "fsync=off", "full_page_writes=off", "max_connections=60")


def find_programs() -> Path | None:
    """Return the folder with ``initdb`` and ``postgres``, None where PostgreSQL is not installed."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(folders) if (folder / "postgres").is_file()), None)


@dataclass(frozen=True)
class Server:
    """A running server; ``folder`` holds its socket."""

    folder: Path
    process: subprocess.Popen[bytes]

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return f"postgresql://zhengyin@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """Return the URL of an empty place: a schema of its own, which is quicker made than a database."""
        name = f"registry_{secrets.token_hex(6)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
        return f"{self.url('postgres')}&options=-csearch_path%3D{name}"


@contextlib.contextmanager
def server(programs: Path) -> Iterator[Server]:
    """Run a server while the block runs; as root it runs under an unprivileged user, for it refuses root."""
    folder = Path(tempfile.mkdtemp(prefix="zhengyin-pg-"))
    user = _unprivileged() if os.geteuid() == 0 else None
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        identity = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        data = folder / "data"
        subprocess.run(
            [programs / "initdb", "--no-sync", "--auth=trust", "--username=zhengyin", "--encoding=UTF8",
             "--locale=C.UTF-8", "-D", data],
            check=True, capture_output=True, cwd=folder, timeout=120, **identity)  # type: ignore[call-overload]
        command = [str(programs / "postgres"), "-D", str(data), "-k", str(folder)]
        for setting in _SETTINGS:
            command += ["-c", setting]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, **identity)
        try:
            running = Server(folder, process)
            _await(running)
            yield running
        finally:
            process.send_signal(signal.SIGQUIT)               # at once: nothing of it is wanted any more
            process.wait(timeout=60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("no unprivileged user on this machine")


def _await(running: Server) -> None:
    """Wait until the server answers."""
    end = time.monotonic() + _READY_SECONDS
    while True:
        try:
            psycopg.connect(running.url("postgres")).close()
            return
        except psycopg.OperationalError:
            if running.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((running.folder / "log").read_text()) from None
            time.sleep(0.05)
