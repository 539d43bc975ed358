"""The way to a signer process: a Unix socket or mutual TLS, connections that are kept, broken ones made anew.

A question whose answer did not come is asked again on a new connection for as long as patience lasts, which lets a
signer be restarted in the middle of a batch. That is safe, for the same message is one use, however often it is asked
for. Nothing is remembered of a failure: the next question tries again.
"""

from __future__ import annotations

import functools
import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from certs.canonical_json import JSON
from certs.files import read_file
from certs.remote_wire import HEADER_BYTES, RemoteCode, RemoteError, pack, read_head, read_lengths
from codes.others_words import system_words

__all__ = ["Address", "Lines", "lines_to"]

_CONNECT_S: Final = 5.0
_ANSWER_S: Final = 90.0                 # longer than a signer waits for a database that is busy
_PAUSES: Final = (0.05, 0.1, 0.2, 0.4)
_KEPT: Final = 8
_MAX_PASSWORD: Final = 4096
_ENDED: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
_CREDENTIALS: Final = struct.Struct("3i")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a signer is, and how either side knows the other.

    Attributes:
        socket: path of its Unix socket; "" where it is reached over TLS.
        uid: the user that must be at the other end of the socket; None for any.
        host, port: of TLS.
        ca: certificates (PEM) that the signer's must chain to; certificate, private_key: this side's (PEM);
            password_file: of the private key, None where it is not encrypted.
    """

    socket: str = ""
    uid: int | None = None
    host: str = ""
    port: int = 0
    ca: Path | None = None
    certificate: Path | None = None
    private_key: Path | None = None
    password_file: Path | None = None

    def __str__(self) -> str:
        return f"unix:{self.socket}" if self.socket else f"tls://{self.host}:{self.port}"


class _BrokenOffError(Exception):
    """The line ended before the answer was there."""


class Lines:
    """Connections to one address; threads share them, each question has one to itself, a forked child has its own."""

    def __init__(
        self, address: Address, *, monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.address = address
        self._begin()
        self._monotonic, self._sleep = monotonic, sleep

    def _begin(self) -> None:
        self._process, self._lock = os.getpid(), threading.Lock()
        self._idle: list[socket.socket] = []

    def ask(
        self, head: Mapping[str, JSON], body: bytes = b"", *, patience_s: float,
    ) -> tuple[Mapping[str, JSON], bytes]:
        """Return the answer to a question, its head and body.

        Args:
            patience_s: for how long it is tried again where the signer is not there, breaks off or is busy.

        Raises:
            RemoteError: ``signer.unreachable`` with the reason, ``signer.busy``, ``signer.stranger`` (TLS),
                ``signer.malformed``, ``signer.bad-reference`` (the files for TLS).
        """
        question, end, tries = pack(head, body), self._monotonic() + patience_s, 0
        while True:
            try:
                answer, content = self._once(question)
            except (_BrokenOffError, ConnectionError, FileNotFoundError, BlockingIOError) as error:
                if self._monotonic() >= end:
                    raise _unreachable(self.address, error) from error
            except OSError as error:                       # a timeout among them: not asked again
                raise _unreachable(self.address, error) from error
            else:
                if answer.get("code") != RemoteCode.BUSY or self._monotonic() >= end:
                    return answer, content
            self._sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
            tries += 1

    def _once(self, question: bytes) -> tuple[Mapping[str, JSON], bytes]:
        if self._process != os.getpid():                   # a forked child leaves its parent's connections alone
            self._begin()
        line, kept = self._take()
        try:
            line.settimeout(_ANSWER_S)
            line.sendall(question)
            end = self._monotonic() + _ANSWER_S
            head_bytes, body_bytes = read_lengths(self._exactly(line, HEADER_BYTES, end))
            head = read_head(self._exactly(line, head_bytes, end))
            body = self._exactly(line, body_bytes, end)
        except ssl.SSLError as error:
            line.close()
            if kept or isinstance(error, _ENDED):
                raise _BrokenOffError from error
            raise _not_let_in(self.address, error) from error
        except BaseException:
            line.close()
            raise
        if head.get("end") is True:
            line.close()
        else:
            self._keep(line)
        return head, body

    def _exactly(self, line: socket.socket, count: int, end: float) -> bytes:
        parts = []
        while count:
            line.settimeout(max(end - self._monotonic(), 0.01))
            part = line.recv(min(count, 1 << 16))
            if not part:
                raise _BrokenOffError
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _take(self) -> tuple[socket.socket, bool]:
        """Return a connection that looks alive, and whether it was kept from before."""
        while True:
            with self._lock:
                line = self._idle.pop() if self._idle else None
            if line is None:
                return self._connect(), False
            if not _ended(line):
                return line, True
            line.close()

    def _keep(self, line: socket.socket) -> None:
        with self._lock:
            if len(self._idle) < _KEPT:
                self._idle.append(line)
                return
        line.close()

    def _connect(self) -> socket.socket:
        address = self.address
        if address.socket:
            line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                line.settimeout(_CONNECT_S)
                line.connect(address.socket)
                if address.uid is not None and (there := _peer(line)) != address.uid:
                    raise RemoteError(
                        RemoteCode.STRANGER,
                        f"套接字 {address.socket} 另一端是用户 {there}，不是引用中写明的 {address.uid}；"
                        "请检查是谁在监听",
                        f"user {there} listens on {address.socket}, not {address.uid} as the reference says: "
                        "find out who that is")
            except BaseException:
                line.close()
                raise
            return line
        context = _context(address)
        plain = socket.create_connection((address.host, address.port), timeout=_CONNECT_S)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return context.wrap_socket(plain, server_hostname=address.host)
        except ssl.SSLError as error:
            plain.close()
            if isinstance(error, _ENDED):
                raise _BrokenOffError from error
            raise _not_let_in(address, error) from error
        except BaseException:
            plain.close()
            raise

    def forget(self) -> None:
        """Close what is kept."""
        with self._lock:
            idle, self._idle = self._idle, []
        for line in idle:
            line.close()


@functools.lru_cache(maxsize=64)
def lines_to(address: Address) -> Lines:
    """Return the connections of this process to an address."""
    return Lines(address)


def _ended(line: socket.socket) -> bool:
    """Whether the other side has closed a connection on which nothing is due."""
    line.setblocking(False)
    try:
        line.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
    return True                                            # the end, or what nobody asked for


def _peer(line: socket.socket) -> int:
    return int(_CREDENTIALS.unpack(
        line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))[1])


def _context(address: Address) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    password = b""
    if address.password_file is not None:
        password = read_file(address.password_file, max_bytes=_MAX_PASSWORD).rstrip(b"\r\n")
    try:
        context.load_verify_locations(address.ca)
        context.load_cert_chain(str(address.certificate), str(address.private_key), password=lambda: password)
    except (OSError, ssl.SSLError) as error:
        zh, en = system_words(error)
        raise RemoteError(
            RemoteCode.BAD_REFERENCE,
            f"到签名进程 {address} 的 TLS 证书或私钥读不出来（{zh}），请检查引用中的 ca、certificate、"
            "private_key、password_file",
            f"certificate or key for TLS to the signer {address} cannot be read ({en}): check ca, certificate, "
            "private_key and password_file of the reference") from None
    return context


def _not_let_in(address: Address, error: ssl.SSLError) -> RemoteError:
    reason = getattr(error, "verify_message", "") or error.reason or type(error).__name__
    return RemoteError(
        RemoteCode.STRANGER,
        f"与签名进程 {address} 的 TLS 连接未能建立（{reason}）：一方不认可另一方的证书，请核对两端的证书",
        f"no TLS connection with the signer {address} ({reason}): one side does not accept the other's certificate; "
        "compare the certificates of both sides")


def _unreachable(address: Address, error: Exception) -> RemoteError:
    if isinstance(error, TimeoutError):
        zh, en = "未按时答复", "no answer in time"
    elif isinstance(error, _BrokenOffError):
        zh, en = "中断了连接", "it broke off"
        if not address.socket:                              # which is all that some tell of a certificate
            zh, en = f"{zh}，也可能不认可本端证书", f"{en}, or does not accept this side's certificate"
    elif isinstance(error, OSError):
        zh, en = system_words(error)
    else:
        zh = en = type(error).__name__
    return RemoteError(
        RemoteCode.UNREACHABLE, f"签名进程 {address} 联系不上（{zh}），没有签名；请检查它是否在运行，然后重试",
        f"the signer {address} cannot be reached ({en}), so nothing is signed: see that it runs, then repeat",
        address=str(address))
