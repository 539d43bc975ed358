"""One attempt to make a licence, and what it had signed where it failed: the next attempt does not sign it again.

A signer counts each signature before it gives it, and what comes after may fail as often as it likes: a timestamp
service that answers on trial and lies then would use an approval up without a licence. So what was signed of a record
that waits is kept with it. The next attempt draws the same documents (of the same moments, with the same lists), and
takes a kept signature where it holds, by the certificate of the key, over the very bytes that would be signed. Nothing
of what is kept is believed for lying there; where one signature does not hold, all is drawn and signed anew, now.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from certs.moments import read_moment, write_moment

if TYPE_CHECKING:
    from certs.authority import Authority
    from certs.signer import Algorithm, Signer
    from certs.tsa import Timestamper
    from certs.x509 import Certificate

__all__ = ["Attempt", "Begun", "ChangedError", "Sealed"]


class ChangedError(Exception):
    """What would be signed now is not what was signed at the attempt before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """The seal's signature, and what is in the bytes that it covers.

    Attributes:
        moment: of sealing (aware); token: the timestamp of the PDF's signature.
        crls, ocsp: the lists and answers that ride in the package, DER.
    """

    moment: dt.datetime
    token: bytes
    crls: tuple[bytes, ...]
    ocsp: tuple[bytes, ...]
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What an attempt had signed when it failed.

    Attributes:
        approval: identifier of that under which it was signed, and counted.
        moment: of the PDF's signature (aware).
        data: the signature in the QR code, empty for a kind without one; pdf: the PDF's.
        sealed: None where it had not come to the seal.
    """

    approval: str
    moment: dt.datetime
    data: bytes
    pdf: bytes
    sealed: Sealed | None

    def to_json(self) -> bytes:
        """Write it for the disk."""
        content: dict[str, Any] = {
            "approval": self.approval, "moment": write_moment(self.moment), "data": _text(self.data),
            "pdf": _text(self.pdf)}
        if self.sealed is not None:
            content["sealed"] = {
                "moment": write_moment(self.sealed.moment), "token": _text(self.sealed.token),
                "crls": [_text(each) for each in self.sealed.crls], "ocsp": [_text(each) for each in self.sealed.ocsp],
                "signature": _text(self.sealed.signature)}
        return json.dumps(content).encode()

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read it as it was written.

        Raises:
            ValueError, LookupError, TypeError, AttributeError, RecursionError: it is something else.
        """
        content = json.loads(data)
        sealed = content.get("sealed")
        return cls(
            approval=str(content["approval"]), moment=read_moment(content["moment"]), data=_bytes(content["data"]),
            pdf=_bytes(content["pdf"]), sealed=None if sealed is None else Sealed(
                moment=read_moment(sealed["moment"]), token=_bytes(sealed["token"]),
                crls=tuple(map(_bytes, sealed["crls"])), ocsp=tuple(map(_bytes, sealed["ocsp"])),
                signature=_bytes(sealed["signature"])))


class Pen:
    """A :class:`certs.signer.Signer` that signs once: what it signed, now or at an earlier attempt, is kept in it."""

    def __init__(self, signer: Signer, signature: bytes) -> None:
        self._signer, self.signature = signer, signature

    @property
    def certificate(self) -> Certificate:
        """The certificate of the key."""
        return self._signer.certificate

    @property
    def algorithm(self) -> Algorithm:
        """How it signs."""
        return self._signer.algorithm

    def sign(self, message: bytes, *, approval: str = "") -> bytes:
        """Return the signature over ``message``.

        Raises:
            ChangedError: the kept one is of something else.
        """
        if not self.signature:
            self.signature = self._signer.sign(message, approval=approval)
        elif not self.certificate.verify(message, self.signature, self.algorithm):
            raise ChangedError
        return self.signature


class Stamp:
    """A :class:`certs.tsa.Timestamper` that is asked once: the token is kept in it.

    One of an earlier attempt is as good as the seal's signature over it, which the seal's pen verifies.
    """

    def __init__(self, timestamper: Timestamper, token: bytes) -> None:
        self._timestamper, self.kept = timestamper, token

    def token(self, imprint: bytes, algorithm: str) -> bytes:
        """Return the token over a digest."""
        if not self.kept:
            self.kept = self._timestamper.token(imprint, algorithm)
        return self.kept

    def require_ready(self, algorithm: str) -> None:
        """Refuse when no token can be had."""
        self._timestamper.require_ready(algorithm)


class Attempt:
    """One attempt to make one licence.

    Attributes:
        approval: identifier of the approval under which it is signed.
        moment, sealed_at: what the PDF and what the package bears, aware, in whole seconds.
        data, pdf, sealing: who signs; pdf_time, seal_time: who stamps, None for a home without timestamps.
    """

    def __init__(
        self, authority: Authority, timestamper: Timestamper | None, moment: dt.datetime, approval: str,
        begun: Begun | None = None,
    ) -> None:
        """Begin where an earlier attempt ended, if that was under the same approval."""
        self._authority, self._present, self.approval, self.seal_time = authority, moment, approval, timestamper
        self._start(begun if timestamper is not None and begun is not None and self._continues(begun) else None)

    def _continues(self, begun: Begun) -> bool:
        moments = (begun.moment, *([] if begun.sealed is None else [begun.sealed.moment]))
        return begun.approval == self.approval and all(
            one <= self._present and self._authority.pdf_signer.certificate.valid_at(one) for one in moments)

    def anew(self) -> None:
        """Begin again, now, with nothing of what was before."""
        self._start(None)

    def _start(self, begun: Begun | None) -> None:
        sealed = None if begun is None else begun.sealed
        self.moment = self._present if begun is None else begun.moment.astimezone(self._present.tzinfo)
        self.sealed_at = self._present if sealed is None else sealed.moment.astimezone(self._present.tzinfo)
        self.data = Pen(self._authority.data_signer, b"" if begun is None else begun.data)
        self.pdf = Pen(self._authority.pdf_signer, b"" if begun is None else begun.pdf)
        self.sealing = Pen(self._authority.sealing_signer, b"" if sealed is None else sealed.signature)
        self.pdf_time = None if self.seal_time is None else Stamp(
            self.seal_time, b"" if sealed is None else sealed.token)
        self._proof = None if sealed is None else (sealed.crls, sealed.ocsp)

    def proof_of_validity(self) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """Return the lists and answers (DER) that ride along: :meth:`certs.authority.Authority.proof_of_validity`."""
        if self._proof is None:
            crls, ocsp = self._authority.proof_of_validity(self.sealed_at)
            self._proof = tuple(crl.der for crl in crls), tuple(answer.der for answer in ocsp)
        return self._proof

    def begun(self) -> Begun | None:
        """Return what is signed so far; None before the PDF is: the QR code's message is the same at every moment."""
        if not self.pdf.signature:
            return None
        sealed = None
        if self.sealing.signature and self.pdf_time is not None and self._proof is not None:
            sealed = Sealed(moment=self.sealed_at, token=self.pdf_time.kept, crls=self._proof[0], ocsp=self._proof[1],
                            signature=self.sealing.signature)
        return Begun(approval=self.approval, moment=self.moment, data=self.data.signature, pdf=self.pdf.signature,
                     sealed=sealed)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
