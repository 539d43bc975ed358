"""``zhengyin verify --serve``: it begins, answers, says what is wrong with its options, and ends when told to."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from cli.verify import app
from tests.support.bounds import not_hanging
from tests.support.demo_home import shared_home
from tests.support.ports import kept_port
from tests.verify.packages import issued

ROOT = Path(__file__).parents[2]


@pytest.fixture
def port() -> Iterator[int]:
    with kept_port() as kept:
        yield kept


def test_the_command_serves_until_it_is_told_to_end(port: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "verify", "--serve", "--port", str(port), "--trust",
         str(shared_home().path / "trust")], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        with not_hanging():
            while True:
                assert process.poll() is None, process.stderr and process.stderr.read()
                try:
                    httpx.get(f"http://127.0.0.1:{port}/", timeout=60)
                    break
                except httpx.ConnectError:
                    time.sleep(0.1)
        answer = httpx.post(f"http://127.0.0.1:{port}/verify", files={"file": ("a.ofd", issued().ofd)}, timeout=120)
        assert answer.status_code == 200 and 'id="answer"' in answer.text
    finally:
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=60)
    assert f"http://127.0.0.1:{port}/" in told and "Traceback" not in told


@pytest.mark.parametrize(("options", "told"), [
    (["--serve", "--host", "0.0.0.0"], "--site"),  # noqa: S104 - is refused
    (["--serve", "--host", "::"], "--site"),
    (["--serve", str(ROOT / "README.md")], "--serve"), ([], "--serve"), (["--serve", "--port", "0"], "--port"),
    (["--serve", "--host", "192.0.2.77"], "--port")])
def test_options_that_do_not_fit_are_told(options: list[str], told: str) -> None:
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 2 and told in result.output


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = CliRunner().invoke(app, ["--serve", "--port", str(taken.getsockname()[1])])
    assert result.exit_code == 2 and "--port" in result.output
