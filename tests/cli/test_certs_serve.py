"""``zhengyin certs demo --serve``: the services start, say what they are, answer, and end."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from certs.config import load_config
from certs.home import Home
from certs.sm3 import sm3
from certs.timestamp import verify_token
from certs.timestamp_token import TimestampToken
from certs.tsp_build import TimestampRequest
from certs.tsp_messages import build_request, read_response
from registry.demo import trial_authority
from tests.support.bounds import not_hanging
from tests.support.command import Call, caller
from tests.support.demo_home import CHEAP, CITY, own_home

__all__ = ["call", "own_home"]
MESSAGE = b"content octets of a signature"


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """Run the command with cheap keys; give exit code, stdout and stderr."""
    monkeypatch.setattr("certs.keystore.ScryptCost", lambda: CHEAP)
    return caller(monkeypatch, capfd, "certs")


def test_timestamps_that_end_soon_are_of_one_run_alone(own_home: Home, call: Call) -> None:
    now = datetime.now(UTC)
    lasting, short = (trial_authority(own_home.path, clock=lambda: now, environ={}, timestamps_last=each)
                      for each in (None, timedelta(hours=1)))
    for tree in ("sm2", "p256"):
        one, other = (each.responders[f"tsa-{tree}"].certificate for each in (lasting, short))
        assert one.not_after > now + timedelta(days=3000) and one.der != other.der
        assert other.not_after == now.replace(microsecond=0) + timedelta(hours=1)
    asked = TimestampRequest(imprint=sm3(MESSAGE), algorithm="sm3", policy=None, nonce=None, wants_certificates=True)
    token, trust = TimestampToken.parse(short.token("sm2", asked)), own_home.trust()
    judged = [verify_token(token, MESSAGE, anchors=trust.tsa, crls=trust.crls, at=now + timedelta(hours=hours)).ok
              for hours in (0, 2)]
    assert judged == [True, False]
    for words in (("--timestamps-last", "1h"), ("--serve", "--timestamps-last", "soon")):
        code, out, err = call("demo", "--home", own_home.path, *words)
        assert (code, out) == (2, "") and "--timestamps-last" in err


def test_the_services_run_say_what_they_are_and_end(own_home: Home) -> None:
    command = ["certs", "demo", "--home", str(own_home.path), "--serve", "--port", "0"]
    with not_hanging(), subprocess.Popen(
            [sys.executable, "-m", "cli.main", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            encoding="utf-8") as running:
        assert running.stdout and running.stderr
        told = ""
        while "tsa_urls" not in told:
            line = running.stdout.readline()
            assert line, running.stderr.read()
            told += line
        url = told.partition("trial services: ")[2].partition("/ ")[0]
        assert "仅供试验与测试" in told and "for trials and tests only" in told
        assert f'tsa_urls = ["{url}/tsa/sm2", "{url}/tsa/p256"]' in told
        with urlopen(Request(f"{url}/tsa/sm2", data=build_request(sm3(MESSAGE), "sm3", 9))) as reply:  # noqa: S310
            token = TimestampToken.parse(read_response(reply.read()))
        trust, now = own_home.trust(), datetime.now(UTC)
        assert verify_token(token, MESSAGE, anchors=trust.tsa, crls=trust.crls, at=now).ok
        running.send_signal(signal.SIGTERM)
        _, log = running.communicate()
    assert running.returncode == 0
    assert "试验 / trial" in log and "POST '/tsa/sm2' 200" in log and "ended" in log and "Traceback" not in log


def test_the_settings_and_the_certificates_name_the_services_on_demand(call: Call, tmp_path: Path) -> None:
    home = tmp_path / "home"
    code, out, err = call("demo", "--home", home)
    assert (code, load_config(home).tsa_urls) == (0, ())
    assert Home.open(home, environ={}).authority(*CITY).sealing_signer.certificate.crl_urls == ()
    code, out, err = call("demo", "--home", home, "--with-services", "--port", "8400")
    assert (code, err) == (0, "") and "tsa_urls" in out
    assert load_config(home).tsa_urls == ("http://127.0.0.1:8400/tsa/sm2", "http://127.0.0.1:8400/tsa/p256")
    code, out, err = call("demo", "--home", home, "--services-url", "http://127.0.0.1:8400")
    assert code == 3 and err.startswith("demo.other-services: ") and "“无”" not in err
    other = tmp_path / "other"
    code, out, err = call("demo", "--home", other, "--services-url", "http://localhost:8400/", "--with-services")
    assert (code, err) == (0, "")
    assert load_config(other).tsa_urls[0] == "http://localhost:8400/tsa/sm2"
    assert Home.open(other, environ={}).authority(*CITY).pdf_signer.certificate.crl_urls == (
        "http://localhost:8400/crl/p256-issuing.crl",)


@pytest.mark.parametrize(("arguments", "hint"), [
    (["--services-url", "http://tsa.example.invalid/"], "--services-url"),
    (["--services-url", "https://127.0.0.1:8400"], "--services-url"),
    (["--services-url", "http://127.0.0.1:70000"], "--services-url"),
    (["--services-url", "http://127.0.0.1:8400", "--port", "8401"], "--port"),
    (["--with-services", "--port", "0"], "--port"),
    (["--port", "65536"], "--port"),
])
def test_addresses_that_cannot_be_are_refused_before_anything_is_made(
    arguments: list[str], hint: str, call: Call, tmp_path: Path,
) -> None:
    code, _, err = call("demo", "--home", tmp_path / "home", *arguments)
    assert code == 2 and hint in err
    assert not (tmp_path / "home").exists()


def test_a_port_that_is_taken_is_said_plainly(own_home: Home, call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, err = call("demo", "--home", own_home.path, "--serve", "--port", port)
    assert code == 2 and "--port" in err and port in err
