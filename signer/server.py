"""Connections to a signer: a few at a time, each with a clock, and an end that loses nothing.

Whoever is not known is told so and let go. Whoever is known has a share of the places; a frame must be there within
seconds, an idle line is closed after minutes or when its client wants another, a client sends few large messages at
once. Work is done by a few
threads; a client has some of them, never all. After a refusal the client waits a little, so that asking for nothing
costs it more than the signer.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from certs.canonical_json import JSON
from certs.remote_wire import HEADER_BYTES, RemoteCode, RemoteError, pack, read_head, read_lengths
from codes.errors import EngineError
from signer.desk import Answer, Desk, refusal
from signer.peers import TlsFiles, peer_of_certificate, peer_of_socket
from signer.settings import Peer

__all__ = ["Listening", "Patience", "Server"]

_THREADS: Final = 8
_AT_WORK: Final = 4                     # of one client
_LARGE: Final = 256 * 1024
_LARGE_AT_ONCE: Final = 2               # of one client


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds and places.

    Attributes:
        handshake_s, frame_s, idle_s: until TLS stands; until a frame that has begun is there; between frames.
        refused_s: before an answer that refuses.
        opening_s: for keys to be opened before the others may wait.
        ending_s: for answers under way when the signer ends.
        connections, of_one: at once, of everybody and of one client; handshakes, of_address: that have not shown yet
            who they are, of everybody and from one address; strangers: from one address, or of the Unix socket, that
            are being told that they are: more are let go without a word.
    """

    handshake_s: float = 5.0
    frame_s: float = 10.0
    idle_s: float = 300.0
    refused_s: float = 0.2
    opening_s: float = 5.0
    ending_s: float = 15.0
    connections: int = 256
    of_one: int = 32
    handshakes: int = 32
    of_address: int = 8
    strangers: int = 16


@dataclass(frozen=True, slots=True)
class Listening:
    """A socket that is bound and does not block, with the TLS that is spoken there; None on a Unix socket."""

    socket: socket.socket
    tls: TlsFiles | None = None


class Server:
    """Serves one desk until it is told to stop."""

    def __init__(self, desk: Desk, *, log: Callable[[str, Mapping[str, JSON]], None],
                 patience: Patience | None = None) -> None:
        """Prepare to serve.

        Args:
            log: takes an event (``stranger``, ``cut``) and its facts.
        """
        self._desk, self._log, self._patience = desk, log, patience or Patience()
        self._stop = asyncio.Event()
        self._lines: dict[asyncio.Task[None], bool] = {}              # task → whether it is answering
        self._places, self._shaking, self._strangers = Counter[str](), Counter[str](), Counter[str]()
        self._idle: defaultdict[str, dict[asyncio.Task[None], None]] = defaultdict(dict)
        self._at_work: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_AT_WORK))
        self._large: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_LARGE_AT_ONCE))
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="signer")

    def stop(self) -> None:
        """Have :meth:`serve` end: no new connections, answers under way are still given."""
        self._stop.set()

    async def serve(self, listening: list[Listening], ready: Callable[[], None] = lambda: None) -> None:
        """Serve until :meth:`stop`; the sockets are closed then."""
        accepting = [asyncio.create_task(self._accept(one)) for one in listening]
        ready()
        try:
            await self._stop.wait()
        finally:
            for task in accepting:
                task.cancel()
            for one in listening:
                one.socket.close()
            for line, answering in list(self._lines.items()):
                if not answering:
                    line.cancel()
            if self._lines:
                await asyncio.wait(list(self._lines), timeout=self._patience.ending_s)
            for line in list(self._lines):
                line.cancel()
            await asyncio.gather(*accepting, *self._lines, return_exceptions=True)
            await asyncio.to_thread(self._threads.shutdown)

    async def _accept(self, listening: Listening) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening.socket)
            except OSError as error:                       # no more files, mostly: it passes
                self._log("cut", {"reason": error.strerror or type(error).__name__})
                await asyncio.sleep(0.2)
                continue
            connection.setblocking(False)
            origin = str(address[0]) if listening.tls else "socket"
            if not self._has_place(listening, origin):
                connection.close()
                self._log("cut", {"from": origin, "reason": "no place"})
                continue
            if listening.tls is not None:
                self._shaking[origin] += 1                  # before its task begins: many may be accepted until then
            task = asyncio.create_task(self._line(connection, listening.tls, origin))
            self._lines[task] = False
            task.add_done_callback(self._ended)

    def _has_place(self, listening: Listening, origin: str) -> bool:
        patience = self._patience
        return len(self._lines) < patience.connections and (
            listening.tls is None or (
                self._shaking.total() < patience.handshakes and self._shaking[origin] < patience.of_address))

    def _ended(self, line: asyncio.Task[None]) -> None:
        self._lines.pop(line, None)
        if not line.cancelled() and (error := line.exception()) is not None:
            self._log("failed", {"error": type(error).__name__})

    async def _line(self, connection: socket.socket, tls: TlsFiles | None, origin: str) -> None:
        """Serve one connection to its end."""
        writer = None
        try:
            peer, reader, writer = await self._opened(connection, tls, origin)
            await self._talk(peer, origin, reader, writer, tls)
        except (OSError, EOFError, EngineError) as error:   # a timeout among them
            self._log("cut", {"from": origin, "reason": type(error).__name__})
        finally:
            if writer is None:
                connection.close()
            else:
                writer.close()

    async def _opened(
        self, connection: socket.socket, tls: TlsFiles | None, origin: str,
    ) -> tuple[Peer, asyncio.StreamReader, asyncio.StreamWriter]:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        if tls is None:
            peer = peer_of_socket(connection)
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection)
        else:
            try:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                transport, _ = await loop.connect_accepted_socket(
                    lambda: protocol, connection, ssl=tls.context(), ssl_handshake_timeout=self._patience.handshake_s,
                    ssl_shutdown_timeout=self._patience.handshake_s)
            finally:
                self._shaking[origin] -= 1
            peer = peer_of_certificate(transport.get_extra_info("ssl_object").getpeercert(binary_form=True))
        return peer, reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def _talk(
        self, peer: Peer, origin: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
        tls: TlsFiles | None,
    ) -> None:
        try:
            name = self._desk.client(peer).name
            if self._places[name] >= self._patience.of_one:
                self._make_place(name)
        except EngineError as error:
            self._log("stranger", {"peer": str(peer), "code": error.code.value})
            if self._strangers[origin] >= self._patience.strangers:
                writer.transport.abort()
                return
            self._strangers[origin] += 1
            try:
                await self._turn_away(refusal(error), reader, writer)
            finally:
                self._strangers[origin] -= 1
            return
        self._places[name] += 1
        try:
            while await self._one(name, peer, reader, writer, tls):
                pass
        finally:
            self._places[name] -= 1

    def _make_place(self, name: str) -> None:
        """Close the line of a client that has been idle longest; whoever kept it opens another.

        Raises:
            RemoteError: ``signer.busy``: none is.
        """
        longest = next(iter(self._idle[name]), None)
        if longest is None:
            raise RemoteError(
                RemoteCode.BUSY, "签名进程的连接已满，请稍后重试",
                "the signer has no place for another connection: try again later")
        del self._idle[name][longest]
        longest.cancel()

    async def _one(
        self, name: str, peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: TlsFiles | None,
    ) -> bool:
        """Take one question and answer it; returns whether another may follow."""
        first = await self._begun(name, reader)
        if not first or (tls is not None and not _still_accepted(writer, tls)):
            return False
        try:
            async with contextlib.AsyncExitStack() as held:
                async with asyncio.timeout(self._patience.frame_s):
                    head_bytes, body_bytes = read_lengths(first + await reader.readexactly(HEADER_BYTES - 1))
                    if body_bytes > _LARGE:
                        await held.enter_async_context(self._large[name])
                    head = read_head(await reader.readexactly(head_bytes))
                    body = await reader.readexactly(body_bytes)
                self._answering(True)
                answer = await self._work(name, peer, head, body)
        except RemoteError as error:                        # not a frame: what follows cannot be read either
            self._log("refused", {"peer": str(peer), "client": name, "code": error.code.value, "reason": error.en})
            await self._turn_away(refusal(error), reader, writer)
            return False
        try:
            last = self._stop.is_set()
            await self._send(answer, writer, last=last)
            return not last
        finally:
            self._answering(False)

    async def _begun(self, name: str, reader: asyncio.StreamReader) -> bytes:
        """Wait for the first byte of a question; b"" where there is none to come."""
        task, idle = asyncio.current_task(), self._idle[name]
        assert task is not None                             # noqa: S101 - each line has its task
        idle[task] = None
        try:
            async with asyncio.timeout(self._patience.idle_s):
                return await reader.read(1)
        finally:
            idle.pop(task, None)

    async def _work(self, name: str, peer: Peer, head: Mapping[str, JSON], body: bytes) -> Answer:
        loop = asyncio.get_running_loop()
        async with self._at_work[name]:
            answer = await loop.run_in_executor(self._threads, self._desk.answer, peer, head, body)
            if answer[0].get("ok") is not True:
                await asyncio.sleep(self._patience.refused_s)
            return answer

    async def _turn_away(self, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Say why, and wait until the other side has read it: closing at once might take it away."""
        await asyncio.sleep(self._patience.refused_s)
        await self._send(answer, writer, last=True)
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(self._patience.handshake_s):
                while await reader.read(1 << 16):
                    pass

    async def _send(self, answer: Answer, writer: asyncio.StreamWriter, *, last: bool) -> None:
        head, body = answer
        async with asyncio.timeout(self._patience.frame_s):
            writer.write(pack({**head, "end": True} if last else head, body))
            await writer.drain()

    def _answering(self, now: bool) -> None:
        task = asyncio.current_task()
        if task is not None and task in self._lines:
            self._lines[task] = now


def _still_accepted(writer: asyncio.StreamWriter, tls: TlsFiles) -> bool:
    """Say whether a line was let in by the TLS files as they are, with a certificate that has not ended since."""
    ends = ssl.cert_time_to_seconds(writer.get_extra_info("peercert")["notAfter"])
    return writer.get_extra_info("ssl_object").context is tls.context() and time.time() <= ends
