"""``algorithms.json`` of the trust folder binds signatures of files as it binds evidence."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from archive.snapshot import snapshot_files, snapshot_trust
from certs.strength import Strength
from tests.support.demo_home import CITY, shared_home
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


def test_an_archive_keeps_the_table() -> None:
    home = shared_home()
    table = Strength.read({"sm3": "2031-01-01"})
    trust = dataclasses.replace(home.trust(), strength=table)
    files = snapshot_files(trust, home.authority(*CITY).sealing_signer.certificate, None)
    kept = snapshot_trust(files)
    assert kept is not None and kept.strength == table
