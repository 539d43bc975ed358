"""Revocation lists and OCSP answers that lie in a PDF (DSS), of all its revisions.

Nobody need have signed them, so they show nothing to be good. What they revoke counts all the same: they are the CA's
by its own signature, and who knows of a revocation is not to be told that there is none.

Source: ISO 32000-2 12.8.4.3, ETSI EN 319 142-1 5.4.2.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from verify.cms_lists import MOST_LISTS, Said, read_answer, read_list
from verify.foreign.pdf_filters import inflate
from verify.foreign.pdf_store import State
from verify.pdf_objects import Object, Stream
from verify.pdf_reasons import HOSTILE, PdfRefusal

__all__ = ["lists_of"]

_MOST_BYTES: Final = 32 << 20           # of all lists together
_MOST_PLACES: Final = 10_000            # that are looked at


def lists_of(states: Sequence[State]) -> tuple[Said, ...]:
    """All that can be read, each once, the newest revision first; what cannot be is told elsewhere.

    Whoever made the file could as well have left out what is beyond the limits.
    """
    found: dict[bytes, Said] = {}
    seen: set[int] = set()
    left = _MOST_BYTES
    for state, read, place in itertools.islice(_places(states), _MOST_PLACES):
        try:
            value = state.deref(place)
            if not isinstance(value, Stream) or id(value) in seen:
                continue
            seen.add(id(value))          # objects of the store live as long as it does
            data = inflate(value.raw, value.entries, state.store.budget, "DSS")
        except (PdfRefusal, *HOSTILE):
            continue
        left -= len(data)
        if left < 0 or len(found) == MOST_LISTS:
            break
        for one in read(data):
            found[one.der] = one
    return tuple(found.values())


def _places(states: Sequence[State]) -> Iterator[tuple[State, Callable[[bytes], tuple[Said, ...]], Object]]:
    """Where lists and answers belong, with what reads them; those of single signatures (VRI) too."""
    for state in reversed(states):
        try:
            entries = state.dict(state.root.get("DSS"))
            for key, read in (("CRLs", read_list), ("OCSPs", read_answer)):
                yield from ((state, read, each) for each in state.list(entries.get(key)))
            for single in state.dict(entries.get("VRI")).values():
                for key, read in (("CRL", read_list), ("OCSP", read_answer)):
                    yield from ((state, read, each) for each in state.list(state.dict(single).get(key)))
        except (PdfRefusal, *HOSTILE):
            continue
