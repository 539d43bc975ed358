"""Licences are issued by a process that has no key and no password; a signer signs for it, and they are genuine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from certs.approval import ApprovalError
from certs.trust import Trust
from docgen import issue
from tests.docgen.records import record
from tests.docgen.use_logs import use_log
from tests.signer.processes import approval_id, issuing_home, running, signer_home
from verify import verify


def test_what_a_signer_signed_is_genuine(tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys")
    with running(keys) as signer:
        home = issuing_home(tmp_path / "issuing", keys, {"address": f"unix:{keys / 'signer.sock'}"})
        issued = issue(record(), home=home, out=tmp_path / "out")
        trust = Trust.load(home.trust_dir)
        for path in (issued.ofd_path, issued.pdf_path):
            assert path is not None
            report = verify(path, trust=trust)
            assert report.verdict == "valid", report
        signed = signer.log("signed")
        assert [line["key"].rpartition("/")[2] for line in signed] == ["data", "pdf", "sealing"]
        assert {line["approval"] for line in signed} == {issued.approval} == {approval_id(keys)}
        assert all(line["client"] == "issuing" and line["counted"] is True for line in signed)


def test_what_a_signer_refuses_is_given_back_and_logged_where_it_was_asked_for(tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys")
    with running(keys) as signer:
        home = issuing_home(tmp_path / "issuing", keys, {"address": f"unix:{keys / 'signer.sock'}"})
        (keys / "approvals" / f"{approval_id(keys)}.json").unlink()        # withdrawn, and this side does not know yet
        with pytest.raises(ApprovalError, match=r"approval\.none"):
            issue(record(), home=home, out=tmp_path / "out")
        assert not (tmp_path / "out").exists()
        log = use_log(home.issued_dir)
        assert [entry.event for entry in log] == ["use.reserved", "use.refused", "use.given-back"]
        assert log[1].facts["code"] == "approval.none"
        assert signer.log("refused")[-1]["code"] == "approval.none"
        shutil.copy(home.path / "approvals" / f"{approval_id(home.path)}.json", keys / "approvals")
        assert issue(record(), home=home).approval == approval_id(keys)
