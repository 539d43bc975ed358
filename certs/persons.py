"""Telling persons apart by their certificates, where two of them are demanded."""

from __future__ import annotations

from certs.plain_text import seen_alike
from certs.x509 import OID_SERIAL_NUMBER, Certificate

__all__ = ["same_person"]


def same_person(one: Certificate, other: Certificate) -> bool:
    """Whether two certificates are one person's: the same certificate, key, or name in the same unit.

    Names are compared as they are read (:func:`certs.plain_text.seen_alike`), units by USCC where both certificates
    have one, else by O; whose unit is not told may be of any. So a further certificate of a person is known again. Two
    of the same name in one unit are told apart by serialNumber alone, where both have one.
    """
    return (one.der == other.der or one.public_key.spki == other.public_key.spki
            or (_alike(one.subject_cn, other.subject_cn) and _same_unit(one, other)
                and not _numbered_apart(one, other)))


def _alike(one: str | None, other: str | None) -> bool:
    return seen_alike(one or "") == seen_alike(other or "")


def _same_unit(one: Certificate, other: Certificate) -> bool:
    if one.uscc and other.uscc:
        return one.uscc == other.uscc
    return not (one.subject_o and other.subject_o) or _alike(one.subject_o, other.subject_o)


def _numbered_apart(one: Certificate, other: Certificate) -> bool:
    numbers = [seen_alike(person.subject_attribute(OID_SERIAL_NUMBER) or "") for person in (one, other)]
    return all(numbers) and numbers[0] != numbers[1]
