"""Is what stands in the DSS evidence, and nothing else?

The DSS of the last revision is covered by no signature, so anybody can have written it. It is taken for evidence only
where each part is a certificate, a revocation list or an OCSP response that the key of a known certificate signed.

Source: ISO 32000-2 12.8.4.3, ETSI EN 319 142-1 5.4.2, RFC 6960 4.2.1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from certs.crl import Crl
from certs.der import OCTET_STRING, SEQUENCE, Reader, context, require_der
from certs.public_key import PublicKeyError, read_algorithm
from certs.x509 import Certificate
from codes.errors import EngineError
from verify.foreign.pdf_store import State
from verify.foreign.pdf_xref import inflate
from verify.pdf_objects import Object, PdfString, Ref, Stream
from verify.pdf_reasons import PdfRefusal

__all__ = ["certificates_of", "odd_evidence", "parts_of"]

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


def odd_evidence(state: State, known: Sequence[Certificate]) -> str:
    """What in the DSS is no evidence; "" when all of it is.

    Args:
        known: certificates that are believed, or were found in signatures.
    """
    if not state.dict(state.root.get("DSS")).keys() <= {"Type", "VRI", *_LISTS}:
        return "DSS"
    for key, look in (("Certs", _certificates), ("CRLs", _lists), ("OCSPs", _responses)):
        try:
            if not look(parts_of(state, key), (*certificates_of(state), *known)):
                return key
        except (EngineError, PdfRefusal, ValueError):
            return key
    return "" if _related(state) else "VRI"


def _certificates(parts: list[bytes], known: tuple[Certificate, ...]) -> bool:
    """Old roots with algorithms that are no longer accepted are certificates too, though nothing rests on them."""
    loaded: list[Certificate] = []
    for each in parts:
        try:
            loaded.append(Certificate.load(each))
        except PublicKeyError:
            continue
    return all(any(one.issued_by(each) for each in known) for one in loaded)


def _lists(parts: list[bytes], known: tuple[Certificate, ...]) -> bool:
    return all(any(one.issued_by(each) for each in known) for one in map(Crl.load, parts))


def _responses(parts: list[bytes], known: tuple[Certificate, ...]) -> bool:
    return all(_signed_response(each, known) for each in parts)


def _signed_response(der: bytes, known: tuple[Certificate, ...]) -> bool:
    """Whether the key of a known certificate, or of one that a known one issued, signed an OCSP response."""
    require_der(der)
    outer = Reader(der).enter(SEQUENCE)
    outer.body(_ENUMERATED)
    wrapper = outer.enter(context(0)).enter(SEQUENCE)
    outer.done()
    wrapper.oid()
    inner = wrapper.body(OCTET_STRING)
    wrapper.done()
    require_der(inner)
    basic = Reader(inner).enter(SEQUENCE)
    signed, algorithm, signature = basic.raw(SEQUENCE), read_algorithm(basic), basic.bits()
    inside: list[Certificate] = []
    if basic.more():
        bag = basic.enter(context(0)).enter(SEQUENCE)
        while bag.more() and len(inside) < _MAX_PARTS:
            inside.append(Certificate.load(bag.raw(SEQUENCE)))
    basic.done()
    able = [*known, *(each for each in inside if any(each.issued_by(one) for one in known))]
    return len(able) == len(known) + len(inside) and any(each.verify(signed, signature, algorithm) for each in able)


def _related(state: State) -> bool:
    """Whether the VRI names parts of the lists alone."""
    entries = state.dict(state.root.get("DSS"))
    listed = {each for key in _LISTS for each in state.list(entries.get(key)) if isinstance(each, Ref)}
    for name, value in state.dict(entries.get("VRI")).items():
        told = state.dict(value)
        if not _NAME.fullmatch(name) or not told.keys() <= _RELATED:
            return False
        for key in ("Cert", "CRL", "OCSP"):
            if not listed.issuperset(_hashable(state.list(told.get(key)))):
                return False
        moment = state.deref(told.get("TU"))
        if moment is not None and not (isinstance(moment, PdfString) and _TIME.fullmatch(moment.value)):
            return False
    return True


def _hashable(values: Sequence[Object]) -> list[Object]:
    """References as they are, whatever else as something that is in no list."""
    return [each if isinstance(each, Ref) else None for each in values]
