"""What stands before every request: is it meant for this site, does it come from it; headers on every answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any, Final

from service.refusals import Refused

__all__ = ["Guard", "host_of"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_POLICY: Final = (
    "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'")
_HEADERS: Final = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cache-control", b"no-store"),
)
_OWN: Final = frozenset({"same-origin", "none"})


def host_of(header: str) -> str:
    """The name in a Host header, lower case, without port and final dot; "" for what is none."""
    text = header.strip().lower()
    if text.startswith("["):
        name, closed, _ = text[1:].partition("]")
        return name if closed else ""
    name, _, port = text.partition(":")
    return name.rstrip(".") if not port or port.isdigit() else ""


class Guard:
    """Middleware.

    Args:
        app: what is guarded.
        hosts: names under which the site is reached; empty where whatever it is mounted in looks after that.
        refuse: makes the answer to a refused request.
    """

    def __init__(self, app: App, *, hosts: Collection[str], refuse: Callable[[Scope, Refused], App]) -> None:
        self._app, self._refuse = app, refuse
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *((name, value) for name, value in _HEADERS
                                                             if name not in told)]
            await send(message)

        try:
            self._check(scope)
        except Refused as refused:
            await self._refuse(scope, refused)(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)

    def _check(self, scope: Scope) -> None:
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        named = headers.get(b"host", [])
        if self._hosts and (len(named) != 1 or host_of(named[0].decode("latin-1")) not in self._hosts):
            raise Refused("host")
        if scope["method"] not in ("GET", "HEAD"):
            _same_site(headers, named)


def _same_site(headers: dict[bytes, list[bytes]], named: list[bytes]) -> None:
    """A page of another site may not post here: browsers say where a request comes from."""
    if site := headers.get(b"sec-fetch-site"):
        if site[0].decode("latin-1") not in _OWN:
            raise Refused("cross-site")
    elif origin := headers.get(b"origin"):
        there = origin[0].decode("latin-1").lower().partition("://")[2]
        if not named or there != named[0].decode("latin-1").lower():
            raise Refused("cross-site")
