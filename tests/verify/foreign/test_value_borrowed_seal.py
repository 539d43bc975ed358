"""A plain signature holds no seal: whoever signs so cannot show another organisation's."""

from __future__ import annotations

import pytest

from certs.sm3 import sm3
from tests.certs.core_pki import Entity
from tests.support.demo_home import PROVINCE, shared_home
from tests.verify.foreign.values import Cms
from tests.verify.foreign.vendors import check, codes, pack, sealed
from verify.model import Verdict


def province(xml: bytes) -> bytes:
    """Signed by a trusted certificate that is not the seal's."""
    signer = shared_home().authority(*PROVINCE).sealing_signer
    return Cms(signer=Entity(signer.certificate, signer), attributes=False, content=sm3(xml)).der()  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ['Type="Sign" ', 'Type="Seal" ', ""])
def test_a_seal_copied_from_another_file_is_not_shown_as_genuine(kind: str) -> None:
    report = check(pack(sealed(value=province, kind=kind)))
    assert report.verdict is Verdict.INDETERMINATE and "value.seal-unbound" in codes(report), report.to_text()


def test_a_plain_signature_that_shows_no_seal_is_genuine() -> None:
    report = check(pack(sealed(value=province, kind='Type="Sign" ', seal_file=False, stamps="")))
    assert report.verdict is Verdict.VALID, report.to_text()
    assert report.signatures[0].kind == "GB/T 35275"
