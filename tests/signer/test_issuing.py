"""Licences are issued by a process that has no key and no password; a signer signs for it, and they are genuine."""

from __future__ import annotations

from pathlib import Path

from certs.trust import Trust
from docgen import issue
from tests.docgen.records import record
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
