"""Telling persons apart by their certificates, where two of them are demanded."""

from __future__ import annotations

from certs.x509 import OID_SERIAL_NUMBER, Certificate

__all__ = ["same_person"]


def same_person(one: Certificate, other: Certificate) -> bool:
    """Whether two certificates are one person's: the same certificate, key, or name.

    A name is the same when CN, O and serialNumber are; so a renewed certificate is known again, and two of the
    same name in one unit are told apart by their serialNumber alone.
    """
    return (one.der == other.der or one.public_key.spki == other.public_key.spki
            or _who(one) == _who(other))


def _who(certificate: Certificate) -> tuple[str | None, ...]:
    return (certificate.subject_cn, certificate.subject_o, certificate.subject_attribute(OID_SERIAL_NUMBER))
