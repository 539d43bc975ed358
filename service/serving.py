"""Serving an application over HTTP: no names of files in a log, no patience with connections that say nothing."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["configured", "serve"]

_HEAD_S: Final = 10.0                   # until the head of the first request is there
_IDLE_S: Final = 5                      # between two requests
_CONNECTIONS: Final = 512


class _Impatient(H11Protocol):
    """Ends a connection whose first request does not come; where there are too many, the one that waits longest."""

    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._clock = self.loop.call_later(_HEAD_S, self._give_up)
        self._waiting[self] = None
        if len(self.connections) > _CONNECTIONS:
            next(iter(self._waiting))._give_up()     # this one itself where all others are at work

    @property
    def _waiting(self) -> dict[_Impatient, None]:
        """Connections of this server that have not yet sent a request, in the order in which they came."""
        waiting: dict[_Impatient, None] = vars(self.server_state).setdefault("waiting", {})
        return waiting

    def handle_events(self) -> None:
        super().handle_events()
        if self.cycle is not None:
            self._waiting.pop(self, None)

    def _give_up(self) -> None:
        self._waiting.pop(self, None)
        if self.cycle is None and not self.transport.is_closing():
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._waiting.pop(self, None)
        if self._clock is not None:
            self._clock.cancel()
        super().connection_lost(exc)


def configured(app: FastAPI, *, host: str, port: int) -> uvicorn.Config:
    """How the application is served."""
    return uvicorn.Config(app, host=host, port=port, http=_Impatient, ws="none", lifespan="off", log_level="warning",
                          access_log=False, server_header=False, proxy_headers=False, timeout_keep_alive=_IDLE_S,
                          timeout_graceful_shutdown=10, h11_max_incomplete_event_size=16 << 10)


def serve(app: FastAPI, *, host: str, port: int) -> None:
    """Serve until the process is told to end (SIGINT, SIGTERM)."""
    uvicorn.Server(configured(app, host=host, port=port)).run()
