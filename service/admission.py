"""Who may come in: so many requests and so many bytes at a time, of one address no more than a share."""

from __future__ import annotations

import contextlib
import ipaddress
from collections import Counter
from collections.abc import Iterator

from service.refusals import Refused

__all__ = ["Admission", "Admitted"]

_WAIT_S = 5


class Admission:
    """Counts requests with a body.

    Args:
        requests: at a time.
        share: of one address; the machine's own is not counted, for a proxy may stand there.
        bytes_: of all bodies that are in memory.
    """

    def __init__(self, *, requests: int = 24, share: int = 6, bytes_: int = 512 << 20) -> None:
        self._requests, self._share, self._bytes = requests, share, bytes_
        self._open = 0
        self._held = 0
        self._clients: Counter[str] = Counter()

    @contextlib.contextmanager
    def enter(self, client: str) -> Iterator[Admitted]:
        """Come in, and go out again.

        Raises:
            Refused: ``busy``.
        """
        counted = not _is_loopback(client)
        if self._open >= self._requests or (counted and self._clients[client] >= self._share):
            raise Refused("busy", retry_after_s=_WAIT_S)
        self._open += 1
        self._clients[client] += counted
        admitted = Admitted(self)
        try:
            yield admitted
        finally:
            self._open -= 1
            self._held -= admitted.size
            self._clients[client] -= counted
            if self._clients[client] <= 0:
                del self._clients[client]

    def hold(self, size: int) -> None:
        """So many bytes more are in memory.

        Raises:
            Refused: ``busy``.
        """
        if self._held + size > self._bytes:
            raise Refused("busy", retry_after_s=_WAIT_S)
        self._held += size


class Admitted:
    """One request that came in; its bytes are let go with it."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.size = 0

    def hold(self, size: int) -> None:
        """So many bytes more.

        Raises:
            Refused: ``busy``.
        """
        self._admission.hold(size)
        self.size += size


def _is_loopback(client: str) -> bool:
    try:
        return ipaddress.ip_address(client).is_loopback
    except ValueError:
        return False
