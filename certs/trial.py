"""The services of a demonstration's authority, for trials and tests only: timestamps, certificate status, revocation
lists.

Whoever can reach it gets a timestamp, its keys lie beside the CAs', and a certificate that the CA never issued is good
to it: a real authority does none of that. What it answers is a function of the request, the clock and what was revoked.
"""

from __future__ import annotations

import base64
import binascii
import html
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import unquote

from certs import ocsp_build, tsp_build
from certs.crl import Revocation, build_crl
from certs.demo_pki import TREES, KeyPair
from certs.ocsp_build import OcspAnswer, OcspRequest, OcspRequestError, ResponseStatus
from certs.signer import SigningKey
from certs.tsp_build import Failure, TimestampRequest, TspError
from certs.x509 import Certificate

__all__ = ["CRL_LASTS", "OCSP_LASTS", "POLICY", "TRIAL", "Answer", "TrialAuthority"]

TRIAL: Final = ("仅供试验与测试，不具法律效力", "for trials and tests only, without legal effect")
POLICY: Final = "2.25.182737418462957211906415870246133958215"
"""The policy of the demonstration's timestamps, an identifier of nobody's arc."""
CRL_LASTS: Final = timedelta(days=7)
OCSP_LASTS: Final = timedelta(hours=12)
_ACCURACY_S: Final = 1
_TEXT, _PAGE = "text/plain; charset=utf-8", "text/html; charset=utf-8"
_TSP, _OCSP = "application/timestamp-reply", "application/ocsp-response"
_CRL, _CERTIFICATE = "application/pkix-crl", "application/pkix-cert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer."""

    status: int
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialAuthority:
    """What answers.

    Attributes:
        cas: ``<tree>-root`` and ``<tree>-issuing`` of :data:`certs.demo_pki.TREES`.
        responders: those of :data:`certs.demo_pki.RESPONDERS`.
        revoked: role of a CA → serial number → revocation, as they stand now.
        clock: the present, aware.
        random: whole numbers below a bound, for serial numbers.
    """

    cas: Mapping[str, KeyPair]
    responders: Mapping[str, KeyPair]
    revoked: Callable[[], Mapping[str, Mapping[int, Revocation]]]
    clock: Callable[[], datetime]
    random: Callable[[int], int] = secrets.randbelow

    def answer(self, method: str, path: str, body: bytes = b"") -> Answer:
        """Answer a request; every path but ``/`` and those that it names is not found."""
        match path.strip("/").split("/"):
            case [""] if method == "GET":
                return Answer(status=200, media_type=_PAGE, body=self._page())
            case ["tsa", tree] if tree in TREES and method == "POST":
                return Answer(status=200, media_type=_TSP, body=self.timestamp(tree, body))
            case ["ocsp", tree] if tree in TREES and method == "POST":
                return Answer(status=200, media_type=_OCSP, body=self.status(tree, body))
            case ["ocsp", tree, *parts] if tree in TREES and parts and method == "GET":
                return Answer(status=200, media_type=_OCSP, body=self.status(tree, _decode("/".join(parts))))
            case ["crl", name] if name.removesuffix(".crl") in self.cas and name.endswith(".crl") and method == "GET":
                return Answer(status=200, media_type=_CRL, body=self.crl(name.removesuffix(".crl")))
            case ["ca", name] if name.removesuffix(".cer") in self.cas and name.endswith(".cer") and method == "GET":
                certificate = self.cas[name.removesuffix(".cer")].certificate
                return Answer(status=200, media_type=_CERTIFICATE, body=certificate.der)
        return Answer(status=404, media_type=_TEXT, body=f"{TRIAL[0]} / {TRIAL[1]}: 404\n".encode())

    def timestamp(self, tree: str, request: bytes) -> bytes:
        """Answer a TimeStampReq: DER of a TimeStampResp, a refusal in the terms of RFC 3161 included."""
        try:
            asked = tsp_build.read_request(request)
            if asked.policy not in (None, POLICY):
                raise TspError(Failure.UNACCEPTED_POLICY, "指定了别的策略", "asks for another policy")
        except TspError as error:
            return tsp_build.build_rejection(error.failure, f"{TRIAL[0]}：{error.zh}")
        return tsp_build.build_response(self.token(tree, asked))

    def token(self, tree: str, asked: TimestampRequest) -> bytes:
        """Make the token that is asked for, by the authority of one tree, at the present."""
        tsa = self.responders[f"tsa-{tree}"]
        return tsp_build.build_token(
            imprint=asked.imprint, algorithm=asked.algorithm, gen_time=self.clock(), serial=1 + self.random(1 << 126),
            policy=asked.policy or POLICY, certificate=tsa.certificate, key=tsa.key,
            chain=(self.cas[f"{tree}-issuing"].certificate,), nonce=asked.nonce, accuracy_s=_ACCURACY_S,
            carries=asked.wants_certificates)

    def status(self, tree: str, request: bytes) -> bytes:
        """Answer an OCSPRequest about certificates of one CA of a tree: DER of an OCSPResponse.

        For the issuing CA its responder signs, for the root the root itself. About certificates of other CAs, and
        about those of two at once, nothing is said (``unauthorized``).
        """
        try:
            asked = ocsp_build.read_request(request)
        except OcspRequestError:
            return ocsp_build.build_refusal(ResponseStatus.MALFORMED_REQUEST)
        for role in (f"{tree}-issuing", f"{tree}-root"):
            if all(one.is_of(self.cas[role].certificate) for one in asked.certificates):
                return self._status(role, asked)
        return ocsp_build.build_refusal(ResponseStatus.UNAUTHORIZED)

    def _status(self, role: str, asked: OcspRequest) -> bytes:
        now, revoked = self.clock(), self.revoked().get(role, {})
        responder, key, carried = self._responder(role)
        return ocsp_build.build_response(
            responder=responder, key=key, produced_at=now, nonce=asked.nonce, certificates=carried,
            answers=[OcspAnswer(certificate=one, this_update=now, next_update=now + OCSP_LASTS,
                                revocation=revoked.get(one.serial)) for one in asked.certificates])

    def _responder(self, role: str) -> tuple[Certificate, SigningKey, tuple[Certificate, ...]]:
        """Return who answers for a CA's certificates, and what the answer carries."""
        if role.endswith("-root"):
            return self.cas[role].certificate, self.cas[role].key, ()
        responder = self.responders[f"ocsp-{role.partition('-')[0]}"]
        return responder.certificate, responder.key, (responder.certificate,)

    def crl(self, role: str) -> bytes:
        """Return the list of a CA (DER), dated now; its number is the second."""
        ca, now = self.cas[role], self.clock()
        return build_crl(issuer=ca.certificate, issuer_key=ca.key, this_update=now, next_update=now + CRL_LASTS,
                         number=int(now.timestamp()), revoked=self.revoked().get(role, {}),
                         expired_since=ca.certificate.not_before).der

    def _page(self) -> bytes:
        lines = [f"POST /tsa/{tree}" for tree in TREES] + [f"POST /ocsp/{tree}" for tree in TREES]
        lines += [f"GET /crl/{role}.crl" for role in self.cas] + [f"GET /ca/{role}.cer" for role in self.cas]
        items = "".join(f"<li><code>{html.escape(line)}</code></li>" for line in lines)
        return (f'<!DOCTYPE html><html lang="zh-CN"><meta charset="utf-8"><title>证印演示认证服务</title>'
                f'<h1>证印演示认证服务 <small lang="en">Demonstration authority of zhengyin</small></h1>'
                f'<p><strong>{TRIAL[0]}。</strong></p><p lang="en"><strong>{TRIAL[1].capitalize()}.</strong></p>'
                f"<ul>{items}</ul></html>\n").encode()


def _decode(text: str) -> bytes:
    """Return the request in the path of a GET (RFC 6960 appendix A.1); empty bytes, no request, when it is none."""
    try:
        return base64.b64decode(unquote(text), validate=True)
    except (binascii.Error, ValueError):
        return b""
