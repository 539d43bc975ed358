"""A certification authority for tests with a server on this machine, a clock for both, and lies on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from certs.chain import validate
from certs.crl import Revocation, build_crl
from certs.ocsp_build import OcspAnswer, build_response, read_request
from certs.revocation_fetch import Fetched, Inquiry
from certs.revocation_settings import RevocationSettings
from certs.trial import Answer
from certs.trial_server import TrialServer, running
from tests.certs.answers import responder
from tests.certs.core_pki import AT, DAY, Entity, root
from tests.support.bounds import not_hanging

Twist = Callable[[str, bytes, Answer], Answer]


@dataclass
class World:
    """The CA.

    ``revoked`` is what it has revoked, ``asked`` the paths of all requests, ``twist`` what becomes of each answer.
    """

    kind: str = "sm2"
    now: datetime = AT
    url: str = ""
    revoked: dict[int, Revocation] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    twist: Twist | None = None
    down: bool = False

    def __post_init__(self) -> None:
        self.ca = root(self.kind)
        self.by = responder(self.ca)

    def serve(self, method: str, path: str, body: bytes) -> Answer:
        """What is sent; a line that is cut while it is down."""
        self.asked.append(path)
        if self.down:
            raise ConnectionError
        good = Answer(status=200, media_type="", body=self.crl() if method == "GET" else self.ocsp(body))
        return self.twist(path, body, good) if self.twist else good

    def crl(self, by: Entity | None = None, **changes: Any) -> bytes:
        """A list, with other arguments of :func:`certs.crl.build_crl` where given."""
        ca = by or self.ca
        return build_crl(**{
            "issuer": ca.certificate, "issuer_key": ca.key, "this_update": self.now, "next_update": self.now + DAY,
            "number": 1, "revoked": self.revoked, **changes}).der

    def ocsp(self, request: bytes, by: Entity | None = None, *, said: Any = None, **changes: Any) -> bytes:
        """An answer; ``said`` changes what it says, the rest how it is made."""
        asked, by = read_request(request), by or self.by
        answers = [OcspAnswer(**{"certificate": one, "this_update": self.now, "next_update": self.now + DAY,
                                 "revocation": self.revoked.get(one.serial), **(said or {})})
                   for one in asked.certificates]
        return build_response(**{
            "responder": by.certificate, "key": by.key, "answers": answers, "produced_at": self.now,
            "nonce": asked.nonce, "certificates": [by.certificate], **changes})

    def leaf(self, *urls: str, serial: int = 3) -> Entity:
        """A certificate that names these addresses, by default this server's."""
        return self.ca.leaf("测试市应急管理局", serial, crl_urls=urls or (f"{self.url}/crl",),
                            ocsp_urls=urls or (f"{self.url}/ocsp",))

    def inquiry(self, folder: Path, *, settings: dict[str, Any] | None = None, **options: Any) -> Inquiry:
        """What asks, allowed to ask this server."""
        hosts = (self.url.removeprefix("http://"),)
        return Inquiry(folder, settings=RevocationSettings(**{"hosts": hosts, "timeout_s": 5, **(settings or {})}),
                       clock=lambda: self.now, **options)

    def code(self, leaf: Entity, *fetched: Fetched) -> str:
        """What a chain is by what was fetched."""
        return validate(leaf.certificate, anchors=[self.ca.certificate], intermediates=[], at=self.now,
                        crls=[crl for each in fetched for crl in each.crls],
                        ocsp=[answer for each in fetched for answer in each.ocsp]).code


@contextmanager
def served(world: World) -> Iterator[World]:
    """Run its server."""
    with not_hanging(), running(TrialServer(world.serve, port=0, log=lambda _: None)) as server:
        world.url = server.url
        yield world
