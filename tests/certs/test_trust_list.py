"""Signed trust lists: what a body believes, under its name, numbered, and never by silence or out of date."""

from __future__ import annotations

import base64
import json
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs.home import Home
from certs.signer import Signer
from certs.statement import StatementError, sign_statement
from certs.trust import ALGORITHMS, LIST_FILE, SIGNERS, STATUS_LIST, Trust, TrustError
from certs.trust_list import (
    FOLDERS,
    LONGEST,
    TrustListError,
    check_trust_list,
    make_trust_list,
    publish_trust_list,
    read_trust_list,
    receive_trust_list,
)
from codes.errors import EngineError
from tests.support.demo_home import shared_home
from tests.verify.packages import issued
from verify import verify
from verify.contained import Verifiers

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


def signer() -> Signer:
    found = shared_home().service_signer("status")
    assert found is not None
    return found


def other() -> Signer:
    found = shared_home().service_signer("audit")
    assert found is not None
    return found


def published(sequence: int = 1, *, at: datetime = NOW, days: int = 30, by: Signer | None = None) -> bytes:
    """The demonstration's trust folder as a list."""
    folder = shared_home().trust_dir
    files = {f"{name}/{path.name}": path.read_bytes() for name in FOLDERS if (folder / name).is_dir()
             for path in (folder / name).iterdir()}
    return make_trust_list(name="某省发证平台", sequence=sequence, this_update=at, next_update=at + days * DAY,
                           lookup_hosts=["zz.example.gov.cn"], files=files, signer=by or signer()).to_json()


def received(folder: Path, *lists: bytes, now: datetime = NOW) -> Path:
    for one in lists:
        receive_trust_list(folder, one, now=now, signers=[signer().certificate])
    return folder


def with_revocation(folder: Path) -> Path:
    """What a list leaves outside: revocation lists prove themselves."""
    shutil.copytree(shared_home().trust_dir / "crls", folder / "crls")
    shutil.copy(shared_home().trust_dir / STATUS_LIST, folder)
    return folder


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(EngineError) as refused:
        work()
    assert refused.value.zh and refused.value.en
    return refused.value.code.value


def test_a_folder_of_a_list_believes_what_the_list_says(tmp_path: Path) -> None:
    folder = with_revocation(received(tmp_path / "trust", published()))
    trust, plain = Trust.load(folder), shared_home().trust()
    assert trust.name == "某省发证平台" and trust.lookup_hosts == ("zz.example.gov.cn",)
    assert (set(trust.roots), set(trust.seal_makers), set(trust.tsa), set(trust.status_signers)) == (
        set(plain.roots), set(plain.seal_makers), set(plain.tsa), set(plain.status_signers))
    assert dict(trust.data_signing) == dict(plain.data_signing) and trust.crls
    assert trust.trust_list is not None and trust.trust_list.sequence == 1
    assert not (folder / "roots").exists()


def test_the_verifier_judges_by_a_fresh_list_and_by_no_stale_one(tmp_path: Path) -> None:
    folder = with_revocation(received(tmp_path / "trust", published(days=2)))
    report = verify(issued().ofd, trust=folder, clock_now=NOW + DAY, at=NOW + DAY)
    assert {reason.code for reason in report.reasons} >= {"trust.demo"} and "trust.unusable" not in {
        reason.code for reason in report.reasons}
    for trust in (folder, Trust.load(folder)):
        late = verify(issued().ofd, trust=trust, clock_now=NOW + 3 * DAY, at=NOW)
        assert late.verdict.value == "indeterminate"
        told = next(reason for reason in late.reasons if reason.code == "trust.unusable")
        assert "第 1 号" in told.zh and "stale" in told.en


def test_a_list_that_cannot_be_used_does_not_stick(tmp_path: Path) -> None:
    """Cannot say while it is damaged, and right again with the next file once it is whole."""
    folder = with_revocation(received(tmp_path / "trust", published()))
    whole = (folder / LIST_FILE).read_bytes()
    with Verifiers(trust=folder) as verifiers:
        first = verifiers.verify(issued().ofd).report
        (folder / LIST_FILE).write_bytes(whole[:-40])
        threading.Event().wait(1.2)                  # a child looks once a second whether the folder has changed
        broken = verifiers.verify(issued().ofd).report
        assert broken["verdict"] == "indeterminate"
        assert "trust.unusable" in {reason["code"] for reason in broken["reasons"]}
        (folder / LIST_FILE).write_bytes(whole)
        threading.Event().wait(1.2)
        assert verifiers.verify(issued().ofd).report["verdict"] == first["verdict"]


def test_an_older_number_replaces_no_newer_one_and_another_signer_is_refused(tmp_path: Path) -> None:
    folder = received(tmp_path / "trust", published(4), published(5, at=NOW + DAY), now=NOW + DAY)
    kept = (folder / LIST_FILE).read_bytes()
    assert refusal(lambda: received(folder, published(4), now=NOW + DAY)) == "trust-list.older"
    assert refusal(lambda: received(folder, published(5), now=NOW + DAY)) == "trust-list.older"
    assert refusal(lambda: received(folder, published(6, at=NOW), now=NOW + DAY)) == "trust-list.older"
    received(folder, kept, now=NOW + DAY)                                   # the same again does no harm
    assert refusal(lambda: received(folder, published(9, by=other()), now=NOW)) == "trust-list.signer"
    assert refusal(lambda: receive_trust_list(                              # a folder keeps its own signers
        folder, published(9, by=other()), now=NOW, signers=[other().certificate])) == "trust-list.signer"
    assert refusal(lambda: receive_trust_list(tmp_path / "new", published(), now=NOW)) == "trust-list.signer"
    assert (folder / LIST_FILE).read_bytes() == kept


@pytest.mark.parametrize(("now", "code"), [(NOW - DAY, "trust-list.future"), (NOW + 31 * DAY, "trust-list.stale")])
def test_a_list_of_another_time_is_not_received(tmp_path: Path, now: datetime, code: str) -> None:
    assert refusal(lambda: received(tmp_path / "trust", published(), now=now)) == code
    assert not (tmp_path / "trust" / LIST_FILE).exists()


def test_nothing_lies_beside_a_list(tmp_path: Path) -> None:
    """A root that somebody puts into the folder is not believed, and not passed over either."""
    folder = received(tmp_path / "trust", published())
    (folder / "roots").mkdir()
    Trust.load(folder)                                                      # an empty folder says nothing
    (folder / "roots" / "mine.cer").write_bytes(other().certificate.der)
    assert refusal(lambda: Trust.load(folder)) == "trust-list.beside"
    assert refusal(lambda: received(folder, published(2))) == "trust-list.beside"
    shutil.rmtree(folder / "roots")
    (folder / LIST_FILE).unlink()
    with pytest.raises(TrustError):
        Trust.load(folder)                                                  # signers without a list believe nothing
    own = shutil.copytree(shared_home().trust_dir, tmp_path / "own")
    assert refusal(lambda: received(own, published())) == "trust-list.beside"
    assert not (own / LIST_FILE).exists() and Trust.load(own).trust_list is None


def test_a_list_whose_signer_is_taken_out_is_not_believed(tmp_path: Path) -> None:
    folder = received(tmp_path / "trust", published())
    for path in (folder / SIGNERS).iterdir():
        path.unlink()
    assert refusal(lambda: Trust.load(folder)) == "trust-list.signer"
    (folder / SIGNERS / "other.cer").write_bytes(other().certificate.der)
    assert refusal(lambda: Trust.load(folder)) == "trust-list.signer"


def test_no_changed_character_of_a_list_is_believed() -> None:
    data = published()
    believed = read_trust_list(data)
    for place in range(0, len(data), 97):
        changed = bytearray(data)
        changed[place] ^= 1
        try:
            read = read_trust_list(bytes(changed))
            check_trust_list(read, [signer().certificate])
        except EngineError:
            continue
        assert read.signed.content == believed.signed.content, place


@pytest.mark.parametrize("change", [
    {"sequence": 0}, {"sequence": True}, {"sequence": "1"}, {"name": " "}, {"name": 3}, {"lookup_hosts": "a"},
    {"lookup_hosts": [""]}, {"files": []}, {"files": {"roots/a.cer": "!"}}, {"files": {"roots/a.cer": ""}},
    {"files": {"../roots/a.cer": "AA=="}}, {"files": {"crls/a.crl": "AA=="}}, {"files": {"roots/../a.cer": "AA=="}},
    {"nextUpdate": "2030-01-01"}, {"nextUpdate": "2020-01-01T00:00:00.000Z"},
    {"nextUpdate": "2999-01-01T00:00:00.000Z"}, {"more": 1},
])
def test_what_is_no_list_is_refused(change: dict[str, object]) -> None:
    body = {**json.loads(read_trust_list(published()).signed.content), **change}
    assert refusal(lambda: read_trust_list(sign_statement(body, signer()).to_json())) == "trust-list.malformed"


def test_a_list_with_a_damaged_certificate_is_no_trust(tmp_path: Path) -> None:
    body = json.loads(read_trust_list(published()).signed.content)
    body["files"]["roots/zz.cer"] = base64.b64encode(b"0\x03\x02\x01\x05").decode()
    folder = received(tmp_path / "trust", sign_statement(body, signer()).to_json())
    assert refusal(lambda: Trust.load(folder)) == "trust.bad-file"


def test_the_table_of_algorithms_is_the_list_s(tmp_path: Path) -> None:
    own = shutil.copytree(shared_home().trust_dir, tmp_path / "own")
    (own / ALGORITHMS).write_text('{"sha256": "2031-01-01"}')
    signed = publish_trust_list(own, tmp_path / "kept" / LIST_FILE, signer=signer(), at=NOW, valid_for=DAY)
    folder = received(tmp_path / "trust", signed.to_json())
    assert Trust.load(folder).strength == Trust.load(own).strength != shared_home().trust().strength
    (folder / ALGORITHMS).write_text("{}")
    assert refusal(lambda: Trust.load(folder)) == "trust-list.beside"


def test_a_status_list_is_no_trust_list(tmp_path: Path) -> None:
    from tests.support.status_lists import entry, status_file

    with pytest.raises(StatementError) as refused:
        received(tmp_path / "trust", status_file(entry()))
    assert refused.value.code.value == "statement.type"


def test_publishing_counts_on_and_only_from_a_folder_of_ones_own(tmp_path: Path) -> None:
    home = Home.open(shared_home().path, environ={})
    kept = tmp_path / "kept" / LIST_FILE
    for number in (1, 2):
        signed = publish_trust_list(home.trust_dir, kept, signer=signer(), at=NOW, valid_for=LONGEST)
        assert read_trust_list(signed.to_json()).sequence == number
    folder = received(tmp_path / "trust", kept.read_bytes())
    assert set(Trust.load(folder).roots) == set(home.trust().roots)
    with pytest.raises(TrustListError):
        publish_trust_list(folder, kept, signer=signer(), at=NOW, valid_for=DAY)
    with pytest.raises(TrustListError):
        publish_trust_list(home.trust_dir, kept, signer=signer(), at=NOW, valid_for=LONGEST + DAY)
    assert read_trust_list(kept.read_bytes()).sequence == 2
