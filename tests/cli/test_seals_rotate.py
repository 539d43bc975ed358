"""``zhengyin seals due`` and ``zhengyin seals rotate``: options, what is printed, exit codes, passwords."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import icalendar
import pytest
from typer.testing import CliRunner, Result

import docgen
from certs.config import Password
from certs.csr import CertificateRequest
from certs.demo_pki import midnight
from certs.home import Home
from certs.keystore import load_key, store_key
from cli.seals import app
from codes.china_time import time_en, time_zh
from codes.errors import EngineError
from registry.renewal_keys import DemoCertifier
from tests.docgen.records import record
from tests.support.demo_home import CHEAP, CITY, PROVINCE
from tests.support.rotations import DAY, aged_home

TODAY = midnight(datetime.now(UTC)).astimezone(UTC)
CHANGE = midnight(TODAY) + 10 * DAY
FROM = CHANGE.date().isoformat()
LAST = (midnight(TODAY) + 20 * DAY).date()
SECRET = "a secret of sixteen bytes"  # noqa: S105


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose seals end in twenty days, by the real clock."""
    path = aged_home(tmp_path / "home", now=TODAY)
    monkeypatch.setenv("ZHENGYIN_HOME", str(path))
    return path


def run(*words: object, env: Mapping[str, str] | None = None) -> Result:
    """Run the command; an error of ours is the result's exception."""
    return CliRunner().invoke(app, [str(word) for word in words], env=env)


def rotate(home: Path, *words: object, people: str = "*", approve: bool = True, **options: Any) -> Result:
    """Rotate with the demo persons whose folders have such names."""
    folders = sorted((home / "actors").glob(people))
    who = [word for folder in folders for word in ("--as", folder)]
    carry = ["--carry-approvals", home / "actors"] if approve else []
    what = [] if "--org" in words else ["--all-due", "--within", "30d"]
    return run("rotate", *what, "--from", FROM, *who, *carry, *words, **options)


def lines(result: Result) -> list[dict[str, Any]]:
    """The JSON lines on stdout."""
    return [json.loads(line) for line in result.stdout.splitlines()]


# -- due


def test_due_lists_what_ends_and_says_how_it_stands(home: Path) -> None:
    result = run("due")
    assert result.exit_code == 0, result.exception
    headings, *rows = result.stdout.splitlines()
    assert "统一社会信用代码" in headings
    assert len(rows) == 3 and all(row.startswith(str(LAST)) and "可续期" in row for row in rows)
    assert any(CITY[1] in row and CITY[0] in row for row in rows)
    assert "30 日内到期 3 枚" in result.stderr
    assert run("due", "--within", "18d").stdout == ""                      # on the next day, too
    told = json.loads(run("due", "--within", "20d", "--json").stdout)
    assert told["within_days"] == 20 and {one["status"] for one in told["seals"]} == {"renewable"}
    assert {one["organisation"] for one in told["seals"]} >= {CITY[0], PROVINCE[0]}


@pytest.mark.parametrize("within", ["30", "0d", "-1d", "1w", "30d ", "99999d", "٣d"])
def test_a_number_of_days_has_one_form(home: Path, within: str) -> None:
    assert run("due", "--within", within).exit_code == 2
    assert run("rotate", "--all-due", "--within", within, "--from", "2027-01-01").exit_code == 2


def test_due_writes_a_calendar(home: Path, tmp_path: Path) -> None:
    assert run("due", "--ics", tmp_path / "seals.ics").exit_code == 0
    events = icalendar.Calendar.from_ical((tmp_path / "seals.ics").read_bytes()).walk("VEVENT")
    assert [event["DTSTART"].dt for event in events] == [LAST] * 3


class _Hook(BaseHTTPRequestHandler):
    got: list[tuple[str, bytes]] = []  # noqa: RUF012  (one server a test)

    def do_POST(self) -> None:
        """Take it."""
        self.got.append((self.headers["X-Zhengyin-Signature"], self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet."""


@pytest.mark.parametrize("named_by", ["variable", "setting"])
def test_due_sends_a_signed_message(home: Path, tmp_path: Path, named_by: str) -> None:
    secret = (tmp_path if named_by == "variable" else home) / "webhook-secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    env = {"ZHENGYIN_WEBHOOK_SECRET_FILE": str(secret)} if named_by == "variable" else {}
    if named_by == "setting":
        with (home / "config.toml").open("a") as file:
            file.write('webhook_secret_file = "webhook-secret"\n')
    _Hook.got = []
    server = HTTPServer(("127.0.0.1", 0), _Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    result = run("due", "--webhook", f"http://127.0.0.1:{server.server_port}/", env=env)
    server.shutdown()
    server.server_close()
    assert result.exit_code == 0, result.exception
    ((signature, body),) = _Hook.got
    assert signature.startswith("hmac-sha256=") and len(json.loads(body)["seals"]) == 3
    assert "已发送提醒（3 枚）" in result.stderr and SECRET not in result.output


def test_without_a_secret_nothing_is_sent(home: Path) -> None:
    error = run("due", "--webhook", "http://127.0.0.1:9/").exception
    assert isinstance(error, EngineError) and error.code.value == "reminder.secret"


# -- rotate


@pytest.mark.req("R-003-14")
def test_rotate_tells_one_json_line_for_each_organisation(home: Path) -> None:
    dry = rotate(home, "--dry-run", "--json")
    assert dry.exit_code == 0 and {one["state"] for one in lines(dry)} == {"planned"}
    assert not list(home.glob("authorities/*/.renewal-*"))
    result = rotate(home, "--json")
    assert result.exit_code == 0, result.exception
    told = lines(result)
    assert len(told) == 3 and {one["state"] for one in told} == {"rotated"}
    city = next(one for one in told if one["organisation"] == CITY[0])
    assert city["name"] == CITY[1] and city["from"] == CHANGE.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert city["steps"] == ["keys", "renew", "review-county", "make", "approve", "activate"]
    assert city["old"]["seal"] != city["new"]["seal"] and city["error"] is None and not city["sealing_stops"]
    assert [one["old"] for one in city["approvals"]] == [f"standing-{CITY[0]}-01"]
    assert "请随即公示" in result.stderr
    again = lines(rotate(home, "--json"))
    assert [(one["organisation"], one["new"], one["steps"]) for one in again] == [
        (one["organisation"], one["new"], []) for one in told]
    assert run("due").stdout == "", "nothing is due any more"
    use = json.loads((home / "authorities" / CITY[0] / city["new"]["seal"] / "use.json").read_text())
    assert datetime.fromisoformat(use["from"]) == CHANGE


def test_rotate_tells_people_what_was_done_and_what_is_left(home: Path) -> None:
    result = rotate(home, "--org", CITY[0], approve=False)
    assert result.exit_code == 3, result.exception
    headings, row = result.stdout.splitlines()
    assert headings.startswith("代码 USCC") and f"{CITY[0]}  {CITY[1]}" in row and "已换发" in row
    assert "续期 renew、县级审核 review-county、制作 make" in row
    assert f"自{time_zh(CHANGE)}起，{CITY[1]} 没有用印审批，不能盖章" in result.stderr
    assert f"{CITY[0]}: from {time_en(CHANGE)} on sealing stops" in result.stderr
    assert rotate(home, "--org", CITY[0]).exit_code == 0
    assert len(lines(rotate(home, "--org", CITY[0], "--json"))) == 1


def test_what_was_sealed_under_an_approval_is_asked_of_the_ledger(home: Path) -> None:
    (seal,) = (path.name for path in (home / "authorities" / CITY[0]).iterdir() if path.is_dir())
    actors = home / "actors"
    given = run("approve", "give", "once", "--as", actors / f"{CITY[0]}-applicant", "--seal", seal, "--kind", "K0",
                "--region", "140100", "--from", (TODAY - DAY).isoformat(), "--to", (CHANGE + DAY).isoformat(),
                "--count", 1)
    assert given.exit_code == 0, given.exception
    assert run("approve", "confirm", "once", "--as", actors / f"{CITY[0]}-custodian").exit_code == 0
    assert docgen.issue(record(90001), home=Home.open(home, environ={})).approval == "once"
    (told,) = lines(rotate(home, "--org", CITY[0], "--json"))
    assert {one["old"]: one["error"] for one in told["approvals"]} == {
        "once": "approval.exhausted", f"standing-{CITY[0]}-01": None}


def test_persons_missing_are_told_and_the_exit_code_says_that_something_is_left(home: Path) -> None:
    result = rotate(home, "--json", people="*-custodian")
    assert result.exit_code == 3
    assert {(one["state"], one["waits_for"], tuple(one["roles"])) for one in lines(result)} == {
        ("waiting", "review-county", ("county-reviewer",))}
    actors = home / "actors"
    second = run("rotate", "--all-due", "--from", FROM, "--second", actors / "county-reviewer", "--third",
                 actors / "maker", "--json")
    assert second.exit_code == 3 and {one["waits_for"] for one in lines(second)} == {"activate"}
    last = rotate(home, people="*-custodian")
    assert last.exit_code == 0 and "等待" not in last.output


def test_certificates_of_a_ca_come_from_a_folder(home: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    first = rotate(home, "--json", "--certificates", tmp_path / "in", "--requests", tmp_path / "out")
    assert first.exit_code == 3 and {one["waits_for"] for one in lines(first)} == {"certificates"}
    assert all(Path(one["requests"]).is_dir() for one in lines(first))
    ca = DemoCertifier(home, Home.open(home, environ={}).password(), now=datetime.now(UTC))
    for path in (tmp_path / "out").iterdir():
        role = path.stem.rpartition("-")[2]
        certificate = ca.certificate_for(role, CertificateRequest.load(path.read_bytes()))
        (tmp_path / "in" / f"{path.stem}.cer").write_bytes(certificate.der)
    (tmp_path / "in" / "odd.cer").write_text("no certificate")
    second = rotate(home, "--json", "--certificates", tmp_path / "in")
    assert second.exit_code == 0 and {one["state"] for one in lines(second)} == {"rotated"}
    assert "odd.cer" in second.stderr


def test_one_that_is_refused_makes_the_exit_code_and_stops_no_other(home: Path) -> None:
    due = json.loads(run("due", "--json").stdout)["seals"]
    case = next(one["case"] for one in due if one["organisation"] == CITY[0])
    assert run("suspend", case, "--as", home / "actors" / f"{CITY[0]}-custodian", "--reason", "搬迁").exit_code == 0
    result = rotate(home)
    assert result.exit_code == 1
    assert "registry.out-of-order" in result.stderr and "依据 / clause: B第8条" in result.stderr
    assert result.stdout.count("已换发") == 2 and result.stdout.count("不予办理") == 1


@pytest.mark.parametrize("words", [
    (), ("--all-due", "--org", CITY[0]), ("--org", "11140100MB9TEX0199"), ("--all-due",), ("--org", CITY[0]),
    ("--org", CITY[0], "--as", "."), ("--org", CITY[0], "--certificates", "missing"),
])
def test_a_wrong_use_is_told_before_anything_is_done(home: Path, words: tuple[str, ...]) -> None:
    before = sorted(path for path in home.rglob("*"))
    result = run("rotate", "--from", FROM, *words)
    assert result.exit_code == 2, result.exception
    assert [path for path in sorted(home.rglob("*")) if not path.name.startswith("registry.sqlite3")] == [
        path for path in before if not path.name.startswith("registry.sqlite3")]


def test_each_person_may_have_a_password_of_their_own(home: Path, tmp_path: Path) -> None:
    own = Home.open(home, environ={}).password()
    env = {}
    for person, option in (("custodian", "actor"), ("county-reviewer", "second"), ("maker", "third"),
                           ("applicant", "approver")):
        word = Password(f"password of {person}".encode())
        (tmp_path / option).write_bytes(word.value)
        env[f"ZHENGYIN_{option.upper()}_PASSWORD_FILE"] = str(tmp_path / option)
        for folder in home.glob(f"actors/*{person}"):
            key = load_key(folder / "actor.key", own)
            store_key(folder / "actor.key", key, word, cost=CHEAP)
    actors = home / "actors"
    result = run(
        "rotate", "--org", CITY[0], "--from", FROM, "--as", actors / f"{CITY[0]}-custodian", "--second",
        actors / "county-reviewer", "--third", actors / "maker", "--carry-approvals", actors / f"{CITY[0]}-applicant",
        "--json", env=env)
    assert result.exit_code == 3, result.exception
    (told,) = lines(result)
    assert told["state"] == "rotated" and told["approvals_unsigned"], "one approver gave, another has to confirm"
    env["ZHENGYIN_APPROVER_PASSWORD_FILE"] = env["ZHENGYIN_ACTOR_PASSWORD_FILE"]
    assert run("rotate", "--org", CITY[0], "--from", FROM, "--carry-approvals", actors / f"{CITY[0]}-custodian",
               env=env).exit_code == 0


def test_a_moment_past_is_refused_with_its_clause(home: Path) -> None:
    yesterday = (midnight(TODAY) - DAY).date().isoformat()
    result = run("rotate", "--all-due", "--from", yesterday, "--as", home / "actors", "--json")
    assert result.exit_code == 1
    assert {(one["state"], one["error"]["code"], one["error"]["clause"]) for one in lines(result)} == {
        ("refused", "case.moment", "B第8条")}


def test_an_interrupted_command_is_taken_up_by_the_next(home: Path) -> None:
    """The real command, killed after its first line."""
    actors = str(home / "actors")
    command = [sys.executable, "-m", "cli.main", "seals", "rotate", "--home", str(home), "--all-due", "--from", FROM,
               "--as", actors, "--carry-approvals", actors, "--json"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent.parent)
    assert running.stdout is not None
    first = json.loads(running.stdout.readline())
    running.kill()
    running.wait()
    told = lines(rotate(home, "--json"))
    assert len(told) == 3 and {one["state"] for one in told} == {"rotated"}
    assert next(one for one in told if one["organisation"] == first["organisation"])["new"] == first["new"]
    uses = [json.loads(path.read_text()) for path in home.glob("authorities/*/*/use.json")]
    assert len(uses) == 6 and sum(one["until"] is None for one in uses) == 3
