"""``algorithms.json`` of the trust folder binds signatures of files as it binds evidence."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from certs.strength import Strength
from tests.support.demo_home import shared_home
from tests.verify.packages import issued
from verify import verify
from verify.model import Verdict


@pytest.mark.parametrize(("form", "weak"), [("ofd", "sm3"), ("ofd", "sm2-sm3"), ("pdf", "sha256")])
def test_a_signature_by_an_algorithm_that_has_weakened_is_not_genuine(form: str, weak: str) -> None:
    trust = dataclasses.replace(shared_home().trust(), strength=Strength.read({weak: "2020-01-01"}))
    report = verify(getattr(issued(), form), trust=trust)
    assert report.verdict is Verdict.INDETERMINATE
    assert report.signatures[0].sub_indication == "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    text = report.to_text()
    assert "不再可靠" in text and "2020-01-01" in text
    future = Strength.read({weak: f"{dt.datetime.now(dt.UTC).year + 2}-01-01"})
    assert verify(getattr(issued(), form), trust=dataclasses.replace(trust, strength=future)).verdict is Verdict.VALID
