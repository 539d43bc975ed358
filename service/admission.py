"""Who may come in: so many requests and so many bytes at a time, of one address no more than a share."""

from __future__ import annotations

import contextlib
import ipaddress
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from service.refusals import Refused

__all__ = ["Admission", "Admitted", "client_of"]

_WAIT_S = 5
_UNTOLD = "-"                           # all whom a proxy says nothing of share one share
_NETWORK_BITS = 64                      # of IPv6, what one subscriber has


def client_of(peer: str, forwarded: Iterable[str], proxies: Collection[str]) -> str:
    """Return the address that a request is counted under.

    Args:
        peer: where the connection comes from.
        forwarded: the lines of X-Forwarded-For. Only what a proxy of ours wrote is believed: the last address of all,
            and only on a connection from one.
        proxies: addresses of our proxies.
    """
    if peer not in proxies:
        return peer
    last = ",".join(forwarded).rpartition(",")[2].strip()
    try:
        return str(ipaddress.ip_address(last))
    except ValueError:
        return _UNTOLD


class Admission:
    """Counts requests with a body.

    Args:
        requests: at a time.
        share: of one address (of IPv6 one network of 64 bits); the machine's own is not counted, for a proxy may stand
            there that is not named as one (:func:`client_of`).
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
        counted, client = not _is_loopback(client), _subscriber(client)
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


def _subscriber(client: str) -> str:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    return client if address.version == 4 else str(
        ipaddress.ip_network((int(address), _NETWORK_BITS), strict=False))


def _is_loopback(client: str) -> bool:
    try:
        return ipaddress.ip_address(client).is_loopback
    except ValueError:
        return False
