"""Timestamps a second: asked of the demonstration's authority in a process of its own, and verified before use."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import docgen
from certs.config import store_config
from certs.home import Home
from certs.home_time import timestamper_of
from certs.timestamp_token import digest
from certs.trial_server import TrialServer, running
from certs.trust import Trust
from layouts import resource
from registry.demo import trial_authority
from verify import verify

__all__ = ["measure_timestamps"]

_THREADS = 4


def _serve(home: Path, cores: set[int], told: Connection) -> None:
    """Child process: the authority, on all cores, until the other end closes."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    authority = trial_authority(home, clock=lambda: datetime.now(UTC), environ={})
    with running(TrialServer(authority.answer, port=0, log=lambda _: None)) as server:
        told.send(server.url)
        told.poll(None)


@contextmanager
def _served(home: Path, cores: set[int]) -> Iterator[str]:
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=_serve, args=(home, cores, there))
    child.start()
    try:
        yield here.recv()
    finally:
        here.send(None)
        child.join(10)


def _line(what: str, count: int, spent_s: float) -> None:
    print(f"  {what:<42}{count / spent_s:8.1f} /s{spent_s / count * 1000:8.2f} ms", flush=True)


def _timed(act: Callable[[int], object], numbers: range) -> float:
    begun = time.perf_counter()
    for number in numbers:
        act(number)
    return time.perf_counter() - begun


def _record(number: int) -> dict[str, Any]:
    text = f"140100132025{number:05d}"
    values: dict[str, Any] = json.loads(resource("K0", "samples/example-1.json"))
    return values | {"许可证编号": text, "二维码": f"https://lookup.example.invalid/l/{text}"}


def measure_timestamps(home: Path, out: Path, cores: list[int], *, count: int, first: int) -> None:
    """Print how many timestamps are had in a second, and how many licences with both.

    Args:
        home: a demo home, whose settings are changed.
        cores: those that the authority may use.
        count: timestamps of each kind; a quarter as many licences.
        first: number of the first licence.
    """
    with _served(home, set(cores)) as url:
        config = Home.open(home, environ={}).config
        store_config(home, dataclasses.replace(config, tsa_urls=(f"{url}/tsa/sm2", f"{url}/tsa/p256")))
        opened = Home.open(home, environ={})
        stamper = timestamper_of(opened)
        if stamper is None:
            raise SystemExit("the home has no timestamp services")
        print("\ntimestamps, asked over HTTP on this machine and verified; one core, the authority on the others")
        for algorithm, keys in (("sm3", "SM2"), ("sha256", "P-256")):
            def ask(number: int, algorithm: str = algorithm) -> bytes:
                return stamper.token(digest(algorithm, number.to_bytes(8, "big")), algorithm)

            ask(0)
            _line(f"{algorithm} ({keys}), one after another", count, _timed(ask, range(1, count + 1)))
            with ThreadPoolExecutor(_THREADS) as pool:
                begun = time.perf_counter()
                list(pool.map(ask, range(count)))
                _line(f"{algorithm} ({keys}), {_THREADS} at a time", count, time.perf_counter() - begun)
        issuer, several = docgen.Issuer(opened), max(8, count // 4)
        issuer.issue(_record(first), out=out)
        numbers = range(first + 1, first + 1 + several)
        _line("whole package with both timestamps", several,
              _timed(lambda number: issuer.issue(_record(number), out=out), numbers))
        files, trust = sorted(out.glob("*.ofd")), Trust.load(opened.trust_dir)
        if not all(verify(file, trust=trust).signatures[0].proven_at for file in files[:4]):
            raise SystemExit("a timestamp of ours is not believed")
        _line("verify a package with timestamps", len(files),
              _timed(lambda index: verify(files[index], trust=trust), range(len(files))))
        store_config(home, config)
