"""Approvals for tests, given and confirmed by the two demo persons of an authority."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from certs.approval import Approval, Terms, confirm, give
from certs.approval_scope import Sealing
from certs.home import Home
from certs.keystore import load_key
from certs.signer import LocalSigner, Signer
from certs.x509 import Certificate
from tests.support.demo_home import CITY

__all__ = ["APPROVERS", "approve", "change_approvals", "person", "sealing"]

APPROVERS = ("applicant", "custodian")


def person(home: Home, name: str) -> Signer:
    """The signer of a demo person, by the name of the folder in ``actors``."""
    folder = home.path / "actors" / name
    return LocalSigner(Certificate.load((folder / "actor.cer").read_bytes()),
                       load_key(folder / "actor.key", home.password()))


def approve(home: Home, terms: Terms, *, at: datetime, unit: str = CITY[0]) -> Path:
    """Put an approval into the home in force and return its file."""
    giver, confirmer = (person(home, f"{unit}-{role}") for role in APPROVERS)
    given = give(terms, signer=giver, at=at)
    approval = Approval.join(given, confirm(given, signer=confirmer, at=at))
    path = home.path / "approvals" / f"{terms.id}.json"
    path.write_bytes(approval.to_json())
    return path


def sealing(home: Home, who: tuple[str, str] = CITY, **changes: Any) -> Sealing:
    """The sealing of a K0 by an authority, now."""
    code, name = who
    asked = Sealing(kind="K0", unit=code, region=code[2:8], seal_id=home.authority(code, name).seal.seal_id,
                    record="ab" * 32, at=datetime.now(UTC))
    return dataclasses.replace(asked, **changes)


def change_approvals(home: Home, **changes: Any) -> None:
    """Have every approval of the home given and confirmed anew, with other terms."""
    for approval in home.approvals():
        unit = approval.given.certificate.uscc
        assert unit is not None
        approve(home, dataclasses.replace(approval.terms, **changes), at=approval.given.at, unit=unit)
