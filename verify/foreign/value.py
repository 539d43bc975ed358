"""A signature value (SignedValue.dat) of any writer: read by its structure, then judged.

Readers: seal signatures in :mod:`verify.foreign.ses_loose`, plain digital signatures in :mod:`verify.foreign.cms`.
"""

from __future__ import annotations

from typing import Final

from certs.der import INTEGER, OID, SEQUENCE, Reader
from codes.errors import EngineError
from verify.foreign.cms import read_cms
from verify.foreign.ses_loose import read_ses
from verify.foreign.signed_value import ForeignSeal, Forgiven, SignedValue
from verify.foreign.value_judge import judge_value
from verify.reasons import Refusal

__all__ = ["MAX_BYTES", "ForeignSeal", "Forgiven", "SignedValue", "judge_value", "read_value"]

MAX_BYTES: Final = 8 * 1024 * 1024


def read_value(data: bytes, *, where: str) -> SignedValue:
    """Read a signature value; its structure says what it is, not a type or a version that is stated.

    Raises:
        Refusal: it is in no form that is read, or beyond the limit; the code says why.
    """
    if len(data) > MAX_BYTES:
        raise Refusal("value.too-large", where, limit=MAX_BYTES)
    try:
        body = Reader(data).enter(SEQUENCE)
        tags = (body.raw()[0], body.peek())
        if tags == (INTEGER, INTEGER):
            raise Refusal("value.signature-alone", where)
        return read_cms(data, where) if tags[0] in (OID, INTEGER) else read_ses(data, where)
    except EngineError as error:
        raise Refusal("value.form", where, zh=error.zh, en=error.en) from None
