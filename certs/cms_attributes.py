"""The attributes of a CMS signer (RFC 5652 clause 5.3): one reader for timestamps, seals and PDF signatures."""

from __future__ import annotations

from collections.abc import Callable, Collection

from certs.der import SEQUENCE, SET, Reader

__all__ = ["read_attributes"]


def read_attributes(
    reader: Reader, *, twice: Callable[[], Exception], single: Collection[str] | None = None,
) -> dict[str, bytes]:
    """Return the value of each attribute by its OID, DER, up to the reader's end.

    Args:
        twice: makes what is raised where an attribute stands twice.
        single: attributes that may have one value only; None for all. Of others the first value is returned.

    Raises:
        DerError: another structure, or several values where one is demanded.
    """
    found: dict[str, bytes] = {}
    while reader.more():
        attribute = reader.enter(SEQUENCE)
        oid = attribute.oid()
        values = attribute.enter(SET)
        attribute.done()
        value = values.raw()
        if single is None or oid in single:
            values.done()
        if oid in found:
            raise twice()
        found[oid] = value
    return found
