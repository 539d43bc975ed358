"""Every signature of a licence is made under the approval that was reserved for it, and the keys are told so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from certs.home import Home
from certs.signer import Algorithm, Signer
from certs.x509 import Certificate
from docgen import issue
from tests.docgen.records import record
from tests.support.demo_home import own_home

__all__ = ["own_home"]


@dataclass(frozen=True)
class Told:
    """A true signer that notes under which approval it signed."""

    signer: Signer
    approvals: list[str]

    @property
    def certificate(self) -> Certificate:
        return self.signer.certificate

    @property
    def algorithm(self) -> Algorithm:
        return self.signer.algorithm

    def sign(self, message: bytes, *, approval: str = "") -> bytes:
        self.approvals.append(approval)
        return self.signer.sign(message, approval=approval)


def test_all_three_keys_are_told_the_approval(own_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, list[str]] = {"sealing_signer": [], "data_signer": [], "pdf_signer": []}
    real = own_home.authority

    def authority(*args: Any, **options: Any) -> Any:
        found = real(*args, **options)
        return replace(found, **{name: Told(getattr(found, name), kept) for name, kept in told.items()})

    monkeypatch.setattr(own_home, "authority", authority)
    issued = issue(record(), home=own_home)
    assert issued.approval
    assert told == {name: [issued.approval] for name in told}
