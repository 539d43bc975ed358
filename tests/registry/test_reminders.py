"""Reminders: a calendar that others read, and a signed message that a real server takes, or does not."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.server
import json
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import icalendar
import pytest

from certs.demo_pki import CHINA_TIME
from registry.due import DueSeal, DueStatus
from registry.reminders import Receiver, ReminderError, calendar, load_secret, message, to_json
from registry.states import SealType
from tests.support.ports import kept_port

AT = datetime(2026, 12, 5, 1, 2, 3, tzinfo=UTC)
SECRET = b"a secret of the office and its receiver"
SEAL = DueSeal(
    case="S2023-000007", seal_id="11140121MB9TEX018D-01", code="11140121MB9TEX018D",
    organisation="测试市测试县应急管理局", name="测试市测试县应急管理局", type=SealType.LEGAL_NAME,
    ends=datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC), valid_end=datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC),
    opens=datetime(2026, 12, 1, tzinfo=CHINA_TIME), status=DueStatus.RENEWABLE)
PERSONS = replace(SEAL, case="S2023-000008", name="", type=SealType.PERSONAL)


@dataclass
class Office:
    """A receiver of messages that gives the answers it is told to."""

    answers: list[int | str]
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


class _Server(http.server.ThreadingHTTPServer):
    office: Office


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        """Note what came, and give the next answer."""
        office = self.server.office
        body = self.rfile.read(int(self.headers["Content-Length"]))
        office.got.append(({name.lower(): value for name, value in self.headers.items()} | {"path": self.path}, body))
        answer = office.answers.pop(0)
        if answer == "hang":
            self.rfile.read(1)                                   # until the other side has gone
        elif answer == "drip":
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(b"H")
                    self.wfile.flush()
                    time.sleep(0.1)
        elif answer == "noise":
            self.wfile.write(b"\0\xff\r\n\r\n")
        elif isinstance(answer, int):
            self.send_response(answer)
            if answer == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

    do_GET = do_POST  # noqa: N815 (the name that the server calls; whoever follows a redirection asks by GET)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet."""


@pytest.fixture
def server() -> Iterator[Office]:
    """A real HTTP server on this machine."""
    office = Office([])
    listening = _Server(("127.0.0.1", 0), _Handler)
    listening.office, office.url = office, f"http://127.0.0.1:{listening.server_port}/hook?token=hidden"
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield office
    listening.shutdown()
    listening.server_close()


def send(office: Office, answers: Sequence[int | str]) -> tuple[int, list[float]]:
    """Send one message; returns the number of attempts and the pauses made.

    Only an attempt that nobody answers is to end by its time; every other has as long as it takes.
    """
    office.answers[:] = list(answers)
    pauses: list[float] = []

    def attempt_s() -> float:
        return 1.0 if office.answers[0] in ("hang", "drip") else 60.0

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        object.__setattr__(receiver, "attempt_s", attempt_s())

    receiver = Receiver(url=office.url, secret=SECRET, attempt_s=attempt_s(), pause=pause)
    return receiver.send(message([SEAL, PERSONS], registry_id="0123456789ab", at=AT, days=30), at=AT), pauses


def test_a_message_is_signed_over_time_and_body(server: Office) -> None:
    assert send(server, [204]) == (1, [])
    ((headers, body),) = server.got
    told = json.loads(body)
    assert (told["type"], told["registry"], told["at"], told["within_days"]) == (
        "zhengyin/seals-due/1", "0123456789ab", "2026-12-05T01:02:03.000Z", 30)
    assert [one["case"] for one in told["seals"]] == ["S2023-000007", "S2023-000008"]
    assert told["seals"][0]["ends"] == "2026-12-31T15:59:59.000Z" and told["seals"][0]["status"] == "renewable"
    sent_at = headers["x-zhengyin-time"]
    expected = hmac.new(SECRET, sent_at.encode() + b"\n" + body, hashlib.sha256).hexdigest()
    assert sent_at == "2026-12-05T01:02:03.000Z" and headers["x-zhengyin-signature"] == f"hmac-sha256={expected}"
    assert headers["content-type"] == "application/json; charset=utf-8" and headers["path"] == "/hook?token=hidden"
    assert SECRET not in body and SECRET.decode() not in str(headers)


def test_what_openssl_computes_is_the_same(server: Office, tmp_path: Path) -> None:
    send(server, [200])
    ((headers, body),) = server.got
    (tmp_path / "body").write_bytes(headers["x-zhengyin-time"].encode() + b"\n" + body)
    told = subprocess.run(["openssl", "dgst", "-sha256", "-hmac", SECRET.decode(), str(tmp_path / "body")],
                          capture_output=True, text=True, check=True).stdout
    assert told.split()[-1] == headers["x-zhengyin-signature"].removeprefix("hmac-sha256=")


@pytest.mark.parametrize(("answers", "attempts", "pauses"), [
    ([503, 200], 2, [1.0]), ([500, 429, 201], 3, [1.0, 4.0]), (["noise", 200], 2, [1.0]), (["hang", 200], 2, [1.0]),
    (["drip", 200], 2, [1.0]),
])
def test_a_failure_that_may_pass_is_tried_again(
    server: Office, answers: list[int | str], attempts: int, pauses: list[float],
) -> None:
    assert send(server, answers) == (attempts, pauses)
    assert len({(headers["x-zhengyin-time"], headers["x-zhengyin-signature"], body)
                for headers, body in server.got}) == 1, "a repeat is known by its time and signature"


@pytest.mark.parametrize(("answers", "attempts", "told"), [
    ([503, 503, 503], 3, "HTTP 503"), ([400], 1, "HTTP 400"), ([401], 1, "HTTP 401"), ([302], 1, "HTTP 302"),
    (["hang", "hang", "hang"], 3, ""),
])
def test_what_is_not_taken_is_an_error_that_names_neither_path_nor_secret(
    server: Office, answers: list[int | str], attempts: int, told: str,
) -> None:
    with pytest.raises(ReminderError, match=r"^reminder\.not-taken: ") as refusal:
        send(server, answers)
    assert len(server.got) == attempts
    error = refusal.value
    text = f"{error!r}{error.zh}{error.en}{error.facts}"
    assert told in text and "127.0.0.1" in text
    assert "hidden" not in text and "hook" not in text and SECRET.decode() not in text


def test_where_nobody_listens_the_attempts_end() -> None:
    pauses: list[float] = []
    refused = pytest.raises(
        ReminderError, match=r"^reminder\.not-taken: .*（连接被拒绝 \(Connection refused\)）.*\(Connection")
    with kept_port() as port, refused:
        Receiver(url=f"http://127.0.0.1:{port}/", secret=SECRET, pause=pauses.append).send(b"{}", at=AT)
    assert pauses == [1.0, 4.0]


def test_a_certificate_that_nobody_vouches_for_is_not_spoken_to(tmp_path: Path) -> None:
    """A TLS server with a certificate of its own making gets no message."""
    import ssl

    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2",
                    "-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "cer")], check=True, capture_output=True)
    office = Office([200, 200, 200])
    listening = _Server(("127.0.0.1", 0), _Handler)
    listening.office = office
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cer", tmp_path / "key")
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    listening.handle_error = lambda *_: None  # type: ignore[method-assign,assignment]
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    with pytest.raises(ReminderError, match="SSLCertVerificationError"):
        Receiver(url=f"https://127.0.0.1:{listening.server_port}/", secret=SECRET, pause=lambda _: None).send(
            b"{}", at=AT)
    listening.shutdown()
    listening.server_close()
    assert office.got == []


@pytest.mark.parametrize("url", [
    "", "ftp://example.invalid/", "file:///etc/passwd", "//example.invalid", "http://", "http:///path",
    "example.invalid", "http://user:open-sesame@example.invalid/", "http://example.invalid:0/", "http://example.invalid:99999/",
    "http://example.invalid/ x", "http://example.invalid/\r\nHost: other", "http://例子.invalid/",
    "http://example.invalid/#part", "http://[::1", "javascript:alert(1)",
])
def test_only_plain_web_addresses_are_taken(url: str) -> None:
    with pytest.raises(ReminderError, match=r"^reminder\.bad-url: ") as refusal:
        Receiver(url=url, secret=SECRET)
    assert "sesame" not in str(refusal.value)


def test_the_secret_is_not_shown(tmp_path: Path) -> None:
    assert SECRET.decode() not in repr(Receiver(url="http://example.invalid/", secret=SECRET))
    path = tmp_path / "secret"
    path.write_bytes(SECRET + b"\r\n")
    path.chmod(0o600)
    assert load_secret(path) == SECRET


@pytest.mark.parametrize(("content", "mode"), [
    (b"short\n", 0o600), (b"", 0o600), (SECRET + b"\nsecond line\n", 0o600), (SECRET, 0o640), (SECRET, 0o604)])
def test_a_secret_that_is_none_is_refused(tmp_path: Path, content: bytes, mode: int) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(ReminderError, match=r"^reminder\.secret: ") as refusal:
        load_secret(path)
    assert SECRET.decode() not in f"{refusal.value.zh}{refusal.value.en}{refusal.value.facts}"


# -- the calendar


def events(data: bytes) -> list[icalendar.Event]:
    """The events of a calendar, read back."""
    return list(icalendar.Calendar.from_ical(data).walk("VEVENT"))


@pytest.mark.req("R-003-14")
def test_a_calendar_has_the_last_day_of_each_seal_with_alarms_before_it() -> None:
    data = calendar([SEAL, PERSONS], registry_id="0123456789ab", at=AT)
    first, second = events(data)
    assert first["UID"] == "S2023-000007@0123456789ab.zhengyin" != second["UID"]
    assert first["DTSTART"].dt == date(2026, 12, 31) and first["DTEND"].dt == date(2027, 1, 1)
    assert first["DTSTAMP"].dt == AT
    assert SEAL.name in first["SUMMARY"] and SEAL.seal_id in first["DESCRIPTION"]
    assert "2026-12-01" in first["DESCRIPTION"]
    assert [alarm["TRIGGER"].dt for alarm in first.walk("VALARM")] == [
        timedelta(days=-days) for days in (30, 14, 7, 1)]
    text = data.decode()
    assert text.startswith("BEGIN:VCALENDAR\r\n") and text.endswith("END:VCALENDAR\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n")) and "\n" not in text.replace("\r\n", "")


def test_the_same_seal_has_the_same_event_in_every_file() -> None:
    one, later = (events(calendar([SEAL], registry_id="0123456789ab", at=at))[0] for at in (AT, AT + timedelta(1)))
    assert one["UID"] == later["UID"] and one["DTSTAMP"].dt < later["DTSTAMP"].dt
    assert events(calendar([SEAL], registry_id="ba9876543210", at=AT))[0]["UID"] != one["UID"]


def test_a_name_cannot_write_into_a_calendar() -> None:
    odd = replace(SEAL, name="测试;局,一\\二\r\nEND:VEVENT\nBEGIN:VALARM")
    (event,) = events(calendar([odd], registry_id="0123456789ab", at=AT))
    assert len(event.walk("VALARM")) == 4 and "测试;局,一\\二" in event["SUMMARY"]


def test_a_persons_seal_goes_by_its_organisation() -> None:
    assert to_json(PERSONS)["name"] == PERSONS.organisation
    (event,) = events(calendar([PERSONS], registry_id="0123456789ab", at=AT))
    assert PERSONS.organisation in event["SUMMARY"] and "电子名章" in event["DESCRIPTION"]


def test_ten_thousand_seals_fit_into_a_message() -> None:
    many = [replace(SEAL, case=f"S2023-{number:06d}") for number in range(10_000)]
    assert len(json.loads(message(many, registry_id="0123456789ab", at=AT, days=30))["seals"]) == 10_000
