"""Is what stands in the DSS evidence, and nothing else?

The DSS of the last revision is covered by no signature, so anybody can have written it. It is taken for evidence only
where each part is a certificate, a revocation list or an OCSP response that an authority of the signatures' or
timestamps' chains signed: anything else could hold whatever its author likes, another document among it.

Source: ISO 32000-2 12.8.4.3, ETSI EN 319 142-1 5.4.2, RFC 6960 4.2.1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from certs.crl import Crl
from certs.der import OCTET_STRING, SEQUENCE, Reader, context, require_der
from certs.ocsp import OID_BASIC, OID_OCSP_SIGNING
from certs.public_key import read_algorithm
from certs.x509 import Certificate
from codes.errors import EngineError
from verify.foreign.pdf_filters import inflate
from verify.foreign.pdf_store import State
from verify.pdf_objects import Object, PdfString, Ref, Stream
from verify.pdf_reasons import PdfRefusal

__all__ = ["Links", "certificates_of", "held", "malformed_evidence", "odd_evidence", "parts_of", "relations"]

_MAX_PARTS: Final = 64                  # of one kind
_ENUMERATED: Final = 0x0A
_LISTS: Final = ("Certs", "CRLs", "OCSPs")
_RELATED: Final = frozenset({"Type", "Cert", "CRL", "OCSP", "TU"})
_STREAM: Final = frozenset({"Length", "Filter", "Type"})
_NAME: Final = re.compile(r"[0-9A-F]{40}")
_TIME: Final = re.compile(rb"D:[0-9Z+\-']{4,21}")


def parts_of(state: State, key: str) -> list[bytes]:
    """The data of the streams of one list of the DSS: ``Certs``, ``CRLs`` or ``OCSPs``.

    Raises:
        ValueError: it is no list of such streams.
        PdfRefusal: a stream cannot be read.
    """
    listed = state.list(state.dict(state.root.get("DSS")).get(key))
    streams = [state.deref(each) for each in listed]
    if len(streams) > _MAX_PARTS:
        raise ValueError(key)
    found: list[bytes] = []
    for each in streams:
        if not isinstance(each, Stream) or not each.entries.keys() <= _STREAM:
            raise ValueError(key)
        found.append(inflate(each.raw, each.entries, state.store.budget, key))
    return found


def certificates_of(state: State) -> tuple[Certificate, ...]:
    """Certificates of the DSS that can be read: they may link a signer to an anchor, nothing else."""
    try:
        parts = parts_of(state, "Certs")
    except (ValueError, PdfRefusal):
        return ()
    found: list[Certificate] = []
    for each in parts:
        try:
            found.append(Certificate.load(each))
        except EngineError:
            continue
    return tuple(found)


def held(state: State, *, unpacked: bool) -> frozenset[tuple[str, bytes]]:
    """What stands in the DSS: each part of a list with its data, as stored or unpacked, and all else as it reads."""
    entries = state.dict(state.root.get("DSS"))
    found = {(key, repr(value).encode()) for key, value in entries.items() if key not in {"Type", "VRI", *_LISTS}}
    for key in _LISTS:
        listed = {id(each): each for each in map(state.deref, state.list(entries.get(key)))}
        for each in listed.values():    # objects of the store live as long as it does
            if not isinstance(each, Stream):
                found.add((key, repr(each).encode()))
            elif unpacked:
                found.add((key, inflate(each.raw, each.entries, state.store.budget, key)))
            else:
                found.add((key, each.raw))
    return frozenset(found)


def relations(state: State) -> frozenset[str]:
    """The signatures that the DSS tells which of its parts are for (VRI)."""
    return frozenset(state.dict(state.dict(state.root.get("DSS")).get("VRI")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What evidence is held against.

    Attributes:
        anchors: believed: those of the trust folder, and the chains that were validated.
        leaves: certificates of the signatures and timestamps that the evidence can be about.
        between: certificates that may link; believed by nobody.
    """

    anchors: tuple[Certificate, ...]
    leaves: tuple[Certificate, ...]
    between: tuple[Certificate, ...] = ()


def malformed_evidence(state: State) -> str:
    """What in the DSS does not even look like evidence; "" when all of it does."""
    entries = state.dict(state.root.get("DSS"))
    if not entries.keys() <= {"Type", "VRI", *_LISTS} or entries.get("Type", "DSS") != "DSS":
        return "DSS"
    for key, look in (("Certs", Certificate.load), ("CRLs", Crl.load), ("OCSPs", _read_response)):
        try:
            for each in set(parts_of(state, key)):
                look(each)
        except (EngineError, PdfRefusal, ValueError):
            return key
    return "" if _related(state) else "VRI"


def odd_evidence(state: State, links: Links) -> str:
    """What in the DSS is no evidence; "" when all of it is.

    All of it leads from the signatures and timestamps outwards: whoever has no key of one of their authorities cannot
    have made any of it. So a certificate that vouches for itself is odd, and so is one that nothing here needs.
    """
    malformed = malformed_evidence(state)
    if malformed:
        return malformed
    certificates = tuple(map(Certificate.load, parts_of(state, "Certs")))
    proof = _Proof(links, certificates)
    for key, look in (("CRLs", proof.takes_list), ("OCSPs", proof.takes_response)):
        try:
            if not all(map(look, parts_of(state, key))):
                return key
        except EngineError:             # a certificate inside, or a key, that cannot be read
            return key
    return "" if proof.needs(certificates) else "Certs"


class _Proof:
    """Which certificates an authority of the anchors made, and which of them something needs."""

    def __init__(self, links: Links, held: Sequence[Certificate]) -> None:
        self._proven: dict[bytes, Certificate] = {each.der: each for each in links.anchors}
        self._needed: dict[bytes, Certificate] = {each.der: each for each in (*links.anchors, *links.leaves)}
        self._inside: list[Certificate] = []
        pool = (*held, *links.leaves, *links.between)
        for each in pool:
            if each.is_self_issued and each.issued_by(each) and any(one.issued_by(each) for one in links.anchors):
                self._proven[each.der] = each           # the root above an anchor
        self._prove(pool)

    def _prove(self, pool: Sequence[Certificate]) -> None:
        rest = {each.der: each for each in pool if each.der not in self._proven}
        while True:
            new = {der: each for der, each in rest.items() if self._issuer(each) is not None}
            if not new:
                return
            self._proven |= new
            rest = {der: each for der, each in rest.items() if der not in new}

    def _issuer(self, certificate: Certificate) -> Certificate | None:
        return next((one for one in self._proven.values() if one.is_ca and certificate.issued_by(one)), None)

    def takes_list(self, der: bytes) -> bool:
        """Whether a proven authority signed a revocation list."""
        crl = Crl.load(der)
        issuer = next((one for one in self._proven.values() if one.is_ca and crl.issued_by(one)), None)
        if issuer is not None:
            self._needed[issuer.der] = issuer
        return issuer is not None

    def takes_response(self, der: bytes) -> bool:
        """Whether a proven authority, or a responder that it authorised, signed an OCSP response."""
        signed, algorithm, signature, inside = _read_response(der)
        self._prove(inside)
        self._inside += inside
        able = [each for each in self._proven.values()
                if each.is_ca or OID_OCSP_SIGNING in (each.ext_key_usage or ())]
        signer = next((each for each in able if each.verify(signed, signature, algorithm)), None)
        if signer is not None:
            self._needed[signer.der] = signer
        return signer is not None

    def needs(self, held: Sequence[Certificate]) -> bool:
        """Whether each certificate, inside responses too, is proven, and is that of a signer or stands above one."""
        every = (*held, *self._inside)
        rest = [each for each in every if each.der not in self._needed]
        if not all(each.der in self._proven for each in every):
            return False
        while True:
            above = [each for each in rest if any(one.issued_by(each) for one in self._needed.values())]
            if not above:
                return not rest
            self._needed |= {each.der: each for each in above}
            rest = [each for each in rest if each.der not in self._needed]


def _read_response(der: bytes) -> tuple[bytes, str, bytes, list[Certificate]]:
    """What of an OCSP response is signed, the algorithm, the signature, and the certificates that ride in it."""
    require_der(der)
    outer = Reader(der).enter(SEQUENCE)
    status = outer.body(_ENUMERATED)
    wrapper = outer.enter(context(0)).enter(SEQUENCE)
    outer.done()
    kind = wrapper.oid()
    inner = wrapper.body(OCTET_STRING)
    wrapper.done()
    if status != b"\0" or kind != OID_BASIC:
        raise ValueError("OCSPs")
    require_der(inner)
    basic = Reader(inner).enter(SEQUENCE)
    signed, algorithm, signature = basic.raw(SEQUENCE), read_algorithm(basic), basic.bits()
    inside: list[Certificate] = []
    if basic.more():
        bag = basic.enter(context(0)).enter(SEQUENCE)
        while bag.more():
            if len(inside) == _MAX_PARTS:
                raise ValueError("OCSPs")
            inside.append(Certificate.load(bag.raw(SEQUENCE)))
    basic.done()
    return signed, algorithm, signature, inside


def _related(state: State) -> bool:
    """Whether the VRI names parts of the lists alone."""
    entries = state.dict(state.root.get("DSS"))
    listed = {each for key in _LISTS for each in state.list(entries.get(key)) if isinstance(each, Ref)}
    for name, value in state.dict(entries.get("VRI")).items():
        told = state.dict(value)
        if not _NAME.fullmatch(name) or not told.keys() <= _RELATED or told.get("Type", "VRI") != "VRI":
            return False
        for key in ("Cert", "CRL", "OCSP"):
            if not listed.issuperset(_hashable(state.counted(told.get(key)))):
                return False
        moment = state.deref(told.get("TU"))
        if moment is not None and not (isinstance(moment, PdfString) and _TIME.fullmatch(moment.value)):
            return False
    return True


def _hashable(values: Sequence[Object]) -> list[Object]:
    """References as they are, whatever else as something that is in no list."""
    return [each if isinstance(each, Ref) else None for each in values]
