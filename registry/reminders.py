"""Reminders of seals that come to their end: as a calendar, and as a signed message to a web address.

Neither names a person: an 电子名章 goes by the name of its organisation.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from icalendar import Alarm, Calendar, Event

from certs.canonical_json import JSON, encode
from certs.demo_pki import CHINA_TIME
from certs.files import read_file
from certs.http_client import failure_words
from certs.moments import write_moment
from codes.errors import EngineError
from registry.due import DueSeal

__all__ = ["Receiver", "ReminderCode", "ReminderError", "calendar", "load_secret", "message", "signature", "to_json"]

_ALARM_DAYS: Final = (30, 14, 7, 1)
_MAX_BODY: Final = 64 * 1024 * 1024
_SHORTEST_SECRET, _MAX_SECRET = 16, 4096
_PAUSES_S: Final = (1.0, 4.0)
_TOO_MANY: Final = 429


class ReminderCode(enum.StrEnum):
    """Codes of :class:`ReminderError`."""

    BAD_URL = "reminder.bad-url"
    SECRET = "reminder.secret"  # noqa: S105 (an error code)
    NOT_TAKEN = "reminder.not-taken"


class ReminderError(EngineError):
    """A reminder cannot be sent; neither the secret nor the path of the address is ever in it."""


def to_json(due: DueSeal) -> dict[str, JSON]:
    """Return a seal as an object for JSON."""
    return {
        "case": due.case, "seal": due.seal_id, "organisation": due.code, "name": due.name or due.organisation,
        "type": due.type.value, "status": due.status.value, "ends": write_moment(due.ends),
        "opens": write_moment(due.opens), "successor": due.successor,
        "starts": write_moment(due.starts) if due.starts else None,
    }


def calendar(seals: Iterable[DueSeal], *, registry_id: str, at: datetime) -> bytes:
    """Return an iCalendar file (RFC 5545): for each seal a day, its last in China, with alarms before it.

    The same seal has the same UID in every file, so a calendar that takes a newer one in replaces the older.

    Args:
        registry_id: tells registries apart; at: the present, aware.
    """
    made = Calendar()
    made.add("prodid", "-//zhengyin//seals//ZH")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    for due in seals:
        day, name = due.ends.astimezone(CHINA_TIME).date(), due.name or due.organisation
        event = Event()
        event.add("uid", f"{due.case}@{registry_id}.zhengyin")
        event.add("dtstamp", at)
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
        event.add("summary", f"印章到期：{name} / seal ends")
        event.add("description", (
            f"{due.type.value}，印章编码 {due.seal_id}，事项 {due.case}，单位 {due.code}。"
            f"{due.opens.astimezone(CHINA_TIME).date()} 起可续期。\n"
            f"Seal {due.seal_id}, case {due.case}: may be renewed from "
            f"{due.opens.astimezone(CHINA_TIME).date()} on."))
        event.add("transp", "TRANSPARENT")
        for days in _ALARM_DAYS:
            alarm = Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("description", f"印章 {days} 日后到期：{name} / seal ends in {days} d")
            alarm.add("trigger", timedelta(days=-days))
            event.add_component(alarm)
        made.add_component(event)
    return bytes(made.to_ical())


def message(seals: Iterable[DueSeal], *, registry_id: str, at: datetime, days: int) -> bytes:
    """Return what is sent to a web address, as canonical JSON.

    Args:
        at: the present, aware; days: within how many days the seals end.
    """
    return encode({
        "type": "zhengyin/seals-due/1", "registry": registry_id, "at": write_moment(at), "within_days": days,
        "seals": tuple(to_json(due) for due in seals)}, max_bytes=_MAX_BODY)


def load_secret(path: Path) -> bytes:
    """Read the secret that signs messages: one line of at least 16 bytes in a file that others cannot read.

    Raises:
        ReminderError: ``reminder.secret``.
        FileError: the file cannot be read.
    """
    secret = read_file(path, max_bytes=_MAX_SECRET).removesuffix(b"\n").removesuffix(b"\r")
    if path.stat().st_mode & 0o077:
        raise ReminderError(
            ReminderCode.SECRET, f"{path} 可被他人读取，请执行 chmod 600 {path}",
            f"others may read {path}: run chmod 600 {path}", path=str(path))
    if len(secret) < _SHORTEST_SECRET or b"\n" in secret:
        raise ReminderError(
            ReminderCode.SECRET, f"{path} 中的密钥应为一行，至少 {_SHORTEST_SECRET} 字节，请更换",
            f"the secret in {path} must be one line of at least {_SHORTEST_SECRET} bytes: replace it", path=str(path))
    return secret


def signature(secret: bytes, sent_at: str, body: bytes) -> str:
    """Return the signature of a message: HMAC-SHA-256 (hex) over the time of sending, a line feed and the body."""
    return hmac.new(secret, sent_at.encode("ascii") + b"\n" + body, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A web address that takes messages by POST.

    A message is signed by :func:`signature` in the header ``X-Zhengyin-Signature: hmac-sha256=…``, the time of sending
    in ``X-Zhengyin-Time``; both are the same at each attempt. Any answer 2xx is a receipt; other answers than 5xx and
    429 end the attempts. Redirections are not followed, proxies not asked.

    Attributes:
        url: http or https, without user or password.
        secret: signs the messages.
        attempt_s: how long one attempt may take, in all.
        pauses_s: before the second attempt, the third, and so on.
        pause: waits.
    """

    url: str
    secret: bytes = field(repr=False)
    attempt_s: float = 10.0
    pauses_s: tuple[float, ...] = _PAUSES_S
    pause: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        _split(self.url)

    def send(self, body: bytes, *, at: datetime) -> int:
        """Send a message and return the number of attempts that it took.

        Args:
            at: the present, aware.

        Raises:
            ReminderError: ``reminder.not-taken``.
        """
        sent_at = write_moment(at)
        headers = {
            "Content-Type": "application/json; charset=utf-8", "User-Agent": "zhengyin", "X-Zhengyin-Time": sent_at,
            "X-Zhengyin-Signature": f"hmac-sha256={signature(self.secret, sent_at, body)}",
        }
        told = ("", "")
        for number, pause_s in enumerate((0.0, *self.pauses_s), start=1):
            if pause_s:
                self.pause(pause_s)
            status, told = self._attempt(body, headers)
            if 200 <= status < 300:
                return number
            if status and status < 500 and status != _TOO_MANY:
                break
        host = _split(self.url).hostname
        raise ReminderError(
            ReminderCode.NOT_TAKEN, f"{host} 没有收下提醒（{told[0]}），请检查地址与对方服务后重试",
            f"{host} did not take the reminder ({told[1]}): check the address and the service, then repeat",
            host=str(host))

    def _attempt(self, body: bytes, headers: dict[str, str]) -> tuple[int, tuple[str, str]]:
        """POST once; return the status (0 without an answer) and how to call it in Chinese and in English."""
        parts = _split(self.url)
        secure = parts.scheme == "https"
        connection = http.client.HTTPSConnection(
            str(parts.hostname), parts.port, timeout=self.attempt_s, context=ssl.create_default_context(),
        ) if secure else http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=self.attempt_s)
        watch = threading.Timer(self.attempt_s, _cut, [connection])      # a timeout of a socket is for one piece alone
        watch.start()
        try:
            connection.request("POST", f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", body, headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException, ValueError) as error:
            return 0, failure_words(error)
        finally:
            watch.cancel()
            connection.close()
        return status, (f"HTTP {status}", f"HTTP {status}")


def _cut(connection: http.client.HTTPConnection) -> None:
    """End a connection that another thread is waiting on."""
    stream = connection.sock
    if stream is not None:
        try:
            stream.shutdown(socket.SHUT_RDWR)
        except OSError:
            stream.close()


def _split(url: str) -> SplitResult:
    """Take an address apart; refuse what is none that messages are sent to."""
    try:
        parts = urlsplit(url)
        good = (parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc and parts.port != 0
                and url.isascii() and all("!" <= char <= "~" for char in url) and not parts.fragment)
    except ValueError:
        good = False
    if not good:
        raise ReminderError(
            ReminderCode.BAD_URL, "提醒地址应为 http:// 或 https:// 开头的网址，不带用户名、口令和 # 部分，请更正",
            "the address for reminders takes http:// or https://, no user, no password, no fragment: correct it")
    return parts
