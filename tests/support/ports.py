"""Ports of this machine for tests that must name one before anybody listens there."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["kept_port"]


@contextmanager
def kept_port() -> Iterator[int]:
    """Keep a port of 127.0.0.1 while the block runs: the system gives it to nobody else.

    A server that names it may listen there, and again, for servers set SO_REUSEADDR; while none does, whoever connects
    is refused.
    """
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", 0))
        yield int(keeper.getsockname()[1])
