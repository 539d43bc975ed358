"""The demonstration's authority on a port of this machine, with a clock that a test sets and lies that it asks for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from certs import ocsp_build, tsp_build
from certs.crl import Revocation, build_crl
from certs.demo_pki import KeyPair, make_responder
from certs.home import Home
from certs.trial import CRL_LASTS, OCSP_LASTS, POLICY, Answer, TrialAuthority
from certs.trial_server import TrialServer, running
from registry.demo import trial_authority

Twist = Callable[[str, bytes, Answer], Answer]
"""(path, request, the good answer) → what is sent; a ConnectionError from it cuts the line."""


@dataclass
class Authority:
    """What runs.

    Attributes:
        honest: the services that answer.
        clock: the present, to be set by the test.
        twist: what becomes of each answer before it is sent; None sends the good one.
        asked: (path, request) of all requests so far.
    """

    honest: TrialAuthority
    clock: Callable[[], datetime]
    twist: Twist | None = None
    url: str = ""
    asked: list[tuple[str, bytes]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> datetime:
        """The present of the services."""
        return self.clock()

    def tsa_url(self, tree: str = "sm2") -> str:
        """Where the time is stamped."""
        return f"{self.url}/tsa/{tree}"

    def ocsp_url(self, tree: str = "sm2") -> str:
        """Where certificates are answered for."""
        return f"{self.url}/ocsp/{tree}"

    def crl_url(self, role: str = "sm2-issuing") -> str:
        """Where a list lies."""
        return f"{self.url}/crl/{role}.crl"

    def change_tsa(self, tree: str = "sm2") -> KeyPair:
        """Give the tree another timestamp authority, certified now, and return it."""
        role = f"tsa-{tree}"
        made = make_responder(role, issuer=self.honest.cas[f"{tree}-issuing"], now=self.now())
        self.honest = replace(self.honest, responders={**self.honest.responders, role: made})
        return made

    def token(self, tree: str, request: bytes, **changes: Any) -> bytes:
        """The token to a request, with other arguments of :func:`certs.tsp_build.build_token` where given."""
        asked = tsp_build.read_request(request)
        tsa = self.honest.responders[f"tsa-{tree}"]
        return tsp_build.build_token(**{
            "imprint": asked.imprint, "algorithm": asked.algorithm, "gen_time": self.now(), "serial": 7,
            "policy": POLICY, "certificate": tsa.certificate, "key": tsa.key, "nonce": asked.nonce,
            "chain": (self.honest.cas[f"{tree}-issuing"].certificate,), **changes})

    def lying_tsa(self, tree: str = "sm2", **changes: Any) -> Twist:
        """A twist for timestamps: ``authority.twist = authority.lying_tsa(gen_time=…)``."""
        return lambda path, request, answer: answer if not path.startswith("/tsa/") else replace(
            answer, body=tsp_build.build_response(self.token(tree, request, **changes)))

    def lying_ocsp(self, tree: str = "sm2", *, answer_changes: Any = None, **changes: Any) -> Twist:
        """A twist for status: other arguments of :func:`certs.ocsp_build.build_response`, and with
        ``answer_changes`` other fields of each :class:`certs.ocsp_build.OcspAnswer`."""
        def twisted(path: str, request: bytes, answer: Answer) -> Answer:
            if not path.startswith("/ocsp/"):
                return answer
            asked, responder = ocsp_build.read_request(request), self.honest.responders[f"ocsp-{tree}"]
            answers = [ocsp_build.OcspAnswer(**{
                "certificate": one, "this_update": self.now(), "next_update": self.now() + OCSP_LASTS,
                **(answer_changes or {})}) for one in asked.certificates]
            return replace(answer, body=ocsp_build.build_response(**{
                "responder": responder.certificate, "key": responder.key, "answers": answers,
                "produced_at": self.now(), "nonce": asked.nonce, "certificates": (responder.certificate,),
                **changes}))

        return twisted

    def crl(self, role: str = "sm2-issuing", revoked: dict[int, Revocation] | None = None, **changes: Any) -> bytes:
        """A list of a CA with other arguments of :func:`certs.crl.build_crl` where given."""
        ca = self.honest.cas[role]
        return build_crl(**{
            "issuer": ca.certificate, "issuer_key": ca.key, "this_update": self.now(),
            "next_update": self.now() + CRL_LASTS, "number": int(self.now().timestamp()), "revoked": revoked or {},
            **changes}).der

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """What the server sends."""
        with self._lock:
            self.asked.append((path, body))
        good = self.honest.answer(method, path, body)
        return self.twist(path, body, good) if self.twist else good


@contextmanager
def serving(home: Home, *, clock: Callable[[], datetime], port: int = 0) -> Iterator[Authority]:
    """Run the services of a demo home; ``clock`` gives their present and may be set anew as ``authority.clock``."""
    authority = Authority(trial_authority(home.path, clock=clock, environ={}), clock)
    authority.honest = replace(authority.honest, clock=authority.now)
    with running(TrialServer(authority.answer, port=port, log=lambda _: None)) as server:
        authority.url = server.url
        yield authority
