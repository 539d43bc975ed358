"""What a signer signs, for whom, under which approval and how often: each refusal by its code, none of it counted."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from certs import der_build
from certs.approval import Terms
from certs.csr import authority_request, new_key
from certs.home import Home
from certs.keystore import store_key
from certs.moments import write_moment
from certs.seal import SealFile
from certs.seal_folder import SealUse, UseState, set_use
from certs.ses_build import build_to_sign
from certs.sm3 import sm3
from certs.statement import sign_statement
from certs.trust import key_id
from certs.x509 import Certificate
from codes import qr_payload
from registry.demo import certify
from signer.counts import Counts
from signer.desk import Desk
from signer.settings import Peer
from tests.signer.messages import attributes
from tests.signer.processes import LIMITS, key_name, signer_home
from tests.support.approvals import approve
from tests.support.demo_home import CHEAP, CITY, PROVINCE

US = Peer(uid=4711)
CLIENT = '[[client]]\nname = "issuing"\nuids = [4711]\nkeys = ["*/*/*", "audit", "status"]\n'


@dataclass
class Office:
    """A desk over a home of its own, with a clock that the test sets."""

    path: Path
    now: datetime
    url: str
    log: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.home = Home.open(self.path, environ={}, clock=lambda: self.now)
        self.counts = Counts(self.path, self.url)
        self.desk = Desk(self.home, self.counts, log=lambda event, facts: self.log.append((event, dict(facts))))
        self.approval = f"standing-{CITY[0]}-01"

    def settings(self, text: str) -> None:
        (self.path / "signer.toml").write_text(text, encoding="utf-8")

    def ask(self, head: dict[str, Any], body: bytes = b"", peer: Peer = US) -> tuple[dict[str, Any], bytes]:
        answer, content = self.desk.answer(peer, head, body)
        return dict(answer), content

    def sign(self, role: str, message: bytes, *, approval: str | None = None, code: str = CITY[0]) -> str:
        """Have a message signed; returns the code of the refusal, "" where it was signed and the signature holds."""
        name = key_name(self.path, role, code) if role in ("sealing", "data", "pdf") else role
        answer, signature = self.ask(
            {"op": "sign", "key": name, "approval": self.approval if approval is None else approval}, message)
        if answer["ok"] is not True:
            assert signature == b""
            assert answer["zh"]
            assert answer["en"]
            return str(answer["code"])
        certificate = self.certificate(role, code)
        assert certificate.verify(message, signature, "ecdsa-sha256" if role == "pdf" else "sm2-sm3")
        return ""

    def certificate(self, role: str, code: str = CITY[0]) -> Certificate:
        if role in ("audit", "status"):
            return Certificate.load((self.path / role / f"{role}.cer").read_bytes())
        return Certificate.load(
            (self.path / "authorities" / key_name(self.path, f"{role}.cer", code)).read_bytes())

    def used(self, role: str = "sealing") -> int:
        return self.counts.used().get((self.approval, role), 0)

    def to_sign(self, number: int = 0, *, at: datetime | None = None, code: str = CITY[0], **changes: Any) -> bytes:
        folder = self.path / "authorities" / key_name(self.path, "", code)
        made: dict[str, Any] = {
            "seal": SealFile.load((folder / "seal.esl").read_bytes()).seal, "signed_at": at or self.now,
            "data_hash": sm3(b"document %d" % number), "property_info": "/Doc_0/Signs/Sign_0/Signature.xml",
            **changes}
        return build_to_sign(**made)


@pytest.fixture
def office(tmp_path: Path, counts_url: str) -> Iterator[Office]:
    """A desk, once over each database."""
    home = signer_home(tmp_path / "keys", CLIENT + LIMITS)
    made = Office(home, datetime.now(UTC).replace(microsecond=0), counts_url)
    yield made
    made.counts.close()


def qr_message(office: Office, *, code: str = CITY[0], key: bytes | None = None) -> bytes:
    claims = qr_payload.QrClaims(
        serial="14010013202500044", uscc=None, holder="测试企业", authority_code=code, issued=office.now.date(),
        valid_from=None, valid_to=None, version="001", scope_digest=None, address_digest=b"\1" * 16)
    return qr_payload.message(claims, key or key_id(office.certificate("data")))


def checkpoint(office: Office, kind: str = "zhengyin/checkpoint/1", role: str = "audit") -> bytes:
    """What a service's key signs for a statement of this type."""
    made: list[bytes] = []

    class Noting:
        certificate = office.certificate(role)
        algorithm = "sm2-sm3"

        def sign(self, message: bytes, *, approval: str = "") -> bytes:  # noqa: ARG002 - as signers do
            made.append(message)
            return der_build.signature_value(1, 1)

    sign_statement({"type": kind, "at": write_moment(office.now)}, Noting())
    return made[0]


def test_each_key_signs_what_it_is_for_and_nothing_else(office: Office) -> None:
    right = {"sealing": office.to_sign(), "data": qr_message(office), "pdf": attributes(office.certificate("pdf")),
             "audit": checkpoint(office)}
    for role in right:
        for kind, message in right.items():
            assert office.sign(role, message) == ("" if kind == role else "signer.not-for-this-key"), (role, kind)
    assert office.counts.used() == {(office.approval, role): 1 for role in ("sealing", "data", "pdf")}


@pytest.mark.parametrize("message", [b"", b"\x30\x00", b"\x30\x84\xff\xff\xff\xff", b"\x01" * 9, b"\x31\x00", b"{}"])
def test_what_cannot_be_read_is_not_signed(office: Office, message: bytes) -> None:
    for role in ("sealing", "data", "pdf", "audit", "status"):
        assert office.sign(role, message) == "signer.not-for-this-key"
    assert office.counts.used() == {}


def test_a_seal_is_set_by_its_own_key_now_and_without_additions(office: Office) -> None:
    assert office.sign("sealing", office.to_sign(code=PROVINCE[0])) == "signer.not-for-this-key"
    assert office.sign("sealing", office.to_sign(property_info="Signature.xml")) == "signer.not-for-this-key"
    assert office.sign("sealing", office.to_sign() + b"\0") == "signer.not-for-this-key"
    for minutes in (-6, 6, 60 * 24):
        assert office.sign("sealing", office.to_sign(at=office.now + timedelta(minutes=minutes))) == "signer.time"
    assert office.sign("sealing", office.to_sign(at=office.now + timedelta(minutes=4))) == ""
    assert office.used() == 1


def test_a_qr_code_names_its_own_authority_and_key(office: Office) -> None:
    assert office.sign("data", qr_message(office, code=PROVINCE[0])) == "signer.not-for-this-key"
    assert office.sign("data", qr_message(office, key=b"\0" * 8)) == "signer.not-for-this-key"
    assert office.sign("data", qr_message(office) + b"\0") == "signer.not-for-this-key"


def test_a_pdf_signature_is_of_its_own_certificate_and_says_nothing_more(office: Office) -> None:
    pdf = office.certificate("pdf")
    assert office.sign("pdf", attributes(office.certificate("data"))) == "signer.not-for-this-key"
    assert office.sign("pdf", attributes(pdf, digest=b"\2" * 20)) == "signer.not-for-this-key"
    moment = der_build.set_of([der_build.x509_time(office.now)])
    extra = der_build.sequence(der_build.oid("1.2.840.113549.1.9.5"), moment)
    assert office.sign("pdf", attributes(pdf, extra=extra)) == "signer.not-for-this-key"


def test_services_sign_statements_of_their_own_type_without_approval(office: Office) -> None:
    assert office.sign("audit", checkpoint(office), approval="") == ""
    assert office.sign("audit", checkpoint(office, "zhengyin/seal-status/1")) == "signer.not-for-this-key"
    assert office.sign("status", checkpoint(office)) == "signer.not-for-this-key"        # of another certificate


def test_the_report_key_signs_pdf_sheets_and_the_status_key_status_lists(office: Office) -> None:
    key = new_key("report")
    request = authority_request("report", key, name=CITY[1], code=CITY[0])
    certificate = certify(office.path, request, now=office.now, environ={})
    (office.path / "report").mkdir()
    (office.path / "report" / "report.cer").write_bytes(certificate.der)
    store_key(office.path / "report" / "report.key", key, office.home.password(), cost=CHEAP)
    office.settings(CLIENT.replace('"audit"', '"audit", "report"') + LIMITS)
    head = {"op": "sign", "key": "report", "approval": ""}
    answer, signature = office.ask(head, attributes(certificate))
    assert answer["ok"] is True
    assert certificate.verify(attributes(certificate), signature, "ecdsa-sha256")
    assert office.ask(head, attributes(office.certificate("pdf")))[0]["code"] == "signer.not-for-this-key"
    assert office.sign("status", checkpoint(office, "zhengyin/seal-status/1", "status"), approval="") == ""


@pytest.mark.req("R-003-22")
def test_the_same_once_more_is_one_use_and_counts_stop_at_the_approval(office: Office) -> None:
    approve(office.home, terms(office, "few", count=2), at=office.now - timedelta(minutes=1))
    office.approval = "few"
    first, second, third = (office.to_sign(number) for number in range(3))
    for message in (first, first, second, first, second):
        assert office.sign("sealing", message) == ""
    assert office.sign("sealing", third) == "approval.exhausted"
    assert office.sign("sealing", first) == ""
    assert office.used() == 2
    assert office.sign("data", qr_message(office)) == ""                   # each role for itself
    assert office.sign("sealing", third, approval=f"standing-{CITY[0]}-01") == ""


def terms(office: Office, number: str, **changes: Any) -> Terms:
    (standing,) = (one.terms for one in office.home.approvals() if one.id == f"standing-{CITY[0]}-01")
    return dataclasses.replace(standing, id=number, **changes)


def test_an_approval_that_goes_on_with_another_shares_its_count(office: Office) -> None:
    approve(office.home, terms(office, "first", count=2), at=office.now - timedelta(minutes=1))
    approve(office.home, terms(office, "second", count=2, continues=("first",)), at=office.now - timedelta(minutes=1))
    assert office.sign("sealing", office.to_sign(1), approval="first") == ""
    assert office.sign("sealing", office.to_sign(2), approval="second") == ""
    assert office.sign("sealing", office.to_sign(3), approval="second") == "approval.exhausted"


def _unknown(office: Office) -> str:
    return "no-such"


def _none(office: Office) -> str:
    return ""


def _path(office: Office) -> str:
    return f"../approvals/{office.approval}"


def _withdrawn(office: Office) -> str:
    (office.path / "approvals" / f"{office.approval}.json").unlink()
    return office.approval


def _forged(office: Office) -> str:
    path = office.path / "approvals" / f"{office.approval}.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["confirmed"]["signature"] = content["given"]["signature"]
    path.write_text(json.dumps(content), encoding="utf-8")
    return office.approval


def _dismissed(office: Office) -> str:
    (office.path / "approvers.json").write_text("[]", encoding="utf-8")
    return office.approval


def _another_seal(office: Office) -> str:
    return f"standing-{PROVINCE[0]}-01"


def _elsewhere(office: Office) -> str:
    approve(office.home, terms(office, "elsewhere", region="140200"), at=office.now - timedelta(minutes=1))
    return "elsewhere"


def _ended(office: Office) -> str:
    approve(office.home, terms(office, "ended", valid_to=office.now - timedelta(seconds=1)),
            at=office.now - timedelta(minutes=1))
    return "ended"


@pytest.mark.req("R-003-22", "R-003-54")
@pytest.mark.parametrize(("change", "code"), [
    (_unknown, "approval.none"), (_none, "approval.none"), (_path, "approval.none"), (_withdrawn, "approval.none"),
    (_forged, "approval.signature"), (_dismissed, "approval.not-approver"), (_another_seal, "approval.seal"),
    (_elsewhere, "approval.region"), (_ended, "approval.ended")])
def test_an_approval_is_judged_here_as_it_is_now(office: Office, change: Callable[[Office], str], code: str) -> None:
    assert office.sign("sealing", office.to_sign(0)) == ""                 # and what was read is not kept
    assert office.sign("sealing", office.to_sign(1), approval=change(office)) == code
    assert office.used() == 1
    assert office.log[-1][0] == "refused"
    assert office.log[-1][1]["code"] == code


def test_a_seal_that_is_suspended_or_retired_signs_nothing_more(office: Office) -> None:
    seal_id = key_name(office.path, "sealing").split("/")[1]
    (use,) = office.home.seal_uses(CITY[0]).values()
    for changed, code in (
            (dataclasses.replace(use, state=UseState.SUSPENDED), "seal.suspended"),
            (dataclasses.replace(use, state=UseState.LOST), "seal.lost"),
            (SealUse(state=UseState.IN_USE, use_from=use.use_from, use_until=office.now), "seal.retired"),
            (use, "")):
        set_use(office.path, CITY[0], seal_id, changed)
        assert office.sign("sealing", office.to_sign()) == code
        assert office.sign("data", qr_message(office)) == code
        assert office.sign("pdf", attributes(office.certificate("pdf"))) == code


def test_a_claimed_time_gets_by_nothing_that_has_ended_or_not_begun(office: Office) -> None:
    office.now += timedelta(minutes=10)                                    # seal and approval began at the first
    early, late = office.now - timedelta(minutes=4), office.now + timedelta(minutes=4)
    ended, begins = office.now - timedelta(minutes=1), office.now + timedelta(minutes=3)
    seal_id = key_name(office.path, "sealing").split("/")[1]
    (use,) = office.home.seal_uses(CITY[0]).values()
    for changed, at, code in (
            (SealUse(state=UseState.IN_USE, use_from=use.use_from, use_until=ended), early, "seal.retired"),
            (SealUse(state=UseState.IN_USE, use_from=begins), late, "seal.not-yet-in-use")):
        set_use(office.path, CITY[0], seal_id, changed)
        assert office.sign("sealing", office.to_sign(1, at=at)) == code
    set_use(office.path, CITY[0], seal_id, use)
    file = office.path / "approvers.json"
    good = file.read_text(encoding="utf-8")
    for member, moment, at in (("until", ended, early), ("from", begins, late)):
        file.write_text(json.dumps([{**one, member: write_moment(moment)} for one in json.loads(good)]))
        assert office.sign("sealing", office.to_sign(1, at=at)) == "approval.not-approver"
    file.write_text(good, encoding="utf-8")
    assert office.used() == 0
    assert office.sign("sealing", office.to_sign(1, at=early)) == ""


def test_certificates_are_judged_at_each_signature(office: Office) -> None:
    assert office.sign("sealing", office.to_sign(1)) == ""
    for path in (office.path / "crls").glob("*.crl"):
        path.unlink()
    assert office.sign("sealing", office.to_sign(2)) == "seal.certificate-status-unknown"
    assert office.sign("pdf", attributes(office.certificate("pdf"))) == "seal.certificate-status-unknown"
    assert office.used() == 1


def test_a_clock_that_was_set_back_counts_nothing(office: Office) -> None:
    office.now += timedelta(hours=1)
    assert office.sign("sealing", office.to_sign(1)) == ""
    office.now -= timedelta(minutes=4)
    assert office.sign("sealing", office.to_sign(2)) == ""
    office.now -= timedelta(minutes=2)
    assert office.sign("sealing", office.to_sign(3)) == "signer.time"
    office.counts.accept_clock(office.now)
    assert office.sign("sealing", office.to_sign(3)) == ""


def test_limits_of_a_client_and_of_a_seal(office: Office) -> None:
    seal_id = key_name(office.path, "sealing").split("/")[1]
    office.now += timedelta(days=1)
    office.now = office.now.replace(hour=3, minute=10, second=0)            # minutes of one day
    office.settings(f'{CLIENT}per_minute = 2\nper_day = 5\n[[seal]]\nid = "{seal_id}"\nper_day = 4\n')
    signed = [office.sign("sealing", office.to_sign(number)) for number in range(3)]
    assert signed == ["", "", "signer.limit"]
    assert office.sign("sealing", office.to_sign(1)) == ""                 # no new signature
    assert office.sign("data", qr_message(office)) == ""                   # each role for itself
    office.now += timedelta(minutes=1)
    assert [office.sign("sealing", office.to_sign(number)) for number in (2, 3)] == ["", ""]
    office.now += timedelta(minutes=1)
    assert office.sign("sealing", office.to_sign(4)) == "signer.limit"     # the seal's day
    assert office.used() == 4
    office.settings(f"{CLIENT}per_minute = 2\nper_day = 5\n")
    assert [office.sign("sealing", office.to_sign(number)) for number in (4, 5)] == ["", "signer.limit"]


def test_only_whoever_is_known_asks_and_only_for_its_keys(office: Office) -> None:
    name = key_name(office.path, "sealing")
    office.settings(
        f'[[client]]\nname = "a"\nuids = [1]\nkeys = ["{CITY[0]}/*/data"]\n{LIMITS}'
        f'[[client]]\nname = "b"\ncertificates = ["{"ab" * 32}"]\nkeys = ["*/*/sealing"]\n{LIMITS}'
        f'[[client]]\nname = "c"\ncommon_names = ["issuing.example"]\nkeys = ["status"]\n{LIMITS}')
    peers = {"a": Peer(uid=1), "b": Peer(digests=frozenset({"ab" * 32, "cd" * 32})),
             "c": Peer(digests=frozenset({"ef" * 32}), common_name="issuing.example")}
    asked = {who: office.ask({"op": "key", "key": name}, peer=peer)[0] for who, peer in peers.items()}
    assert asked["b"]["ok"] is True
    assert {who: answer.get("code") for who, answer in asked.items()} == {
        "a": "signer.no-key", "b": None, "c": "signer.no-key"}
    for stranger in (Peer(uid=2), Peer(digests=frozenset({"ef" * 32})), Peer(), Peer(uid=0, common_name="b")):
        assert office.ask({"op": "health", "after": ""}, peer=stranger)[0]["code"] == "signer.stranger"


def test_keys_are_named_and_nothing_else_is_reached(office: Office) -> None:
    for name in ("", "/", "x", "actors/maker/actor", "../../etc/passwd", f"{CITY[0]}/../sealing", "seal-maker",
                 f"{CITY[0]}/{'a' * 64}/sealing", f"{key_name(office.path, 'sealing')}/", "a" * 200):
        assert office.ask({"op": "key", "key": name})[0]["code"] == "signer.no-key", name


@pytest.mark.parametrize("head", [
    {}, {"op": "sign"}, {"op": 1}, {"op": "key"}, {"op": "key", "key": 1}, {"op": "stop"}, {"op": "health"},
    {"op": "health", "after": "", "more": 1},
    {"op": "sign", "key": "K", "approval": None}, {"op": "sign", "key": "K", "approval": "a" * 129}])
def test_other_questions_are_malformed(office: Office, head: dict[str, Any]) -> None:
    head = {key: key_name(office.path, "data") if value == "K" else value for key, value in head.items()}
    assert office.ask(head)[0]["code"] == "signer.malformed"
    assert office.ask({"op": "health", "after": ""}, b"more")[0]["code"] == "signer.malformed"


@pytest.mark.parametrize("text", [
    "[[client]]", "nonsense", CLIENT, f"{CLIENT}{LIMITS}extra = 1\n", f"{CLIENT}{LIMITS}{CLIENT}{LIMITS}",
    f'{CLIENT.replace("issuing", "a b")}{LIMITS}', f'{CLIENT.replace("4711", "-1")}{LIMITS}',
    f'{CLIENT.replace("uids = [4711]", "")}{LIMITS}', f'{CLIENT.replace("audit", "a/b")}{LIMITS}',
    f'{CLIENT.replace("uids = [4711]", "certificates = [1]")}{LIMITS}', f"{CLIENT}{LIMITS}[[seal]]\nper_day = 1\n",
    f"{CLIENT}per_minute = true\nper_day = 1\n"])
def test_settings_that_are_not_right_sign_nothing_until_they_are(office: Office, text: str) -> None:
    assert office.sign("sealing", office.to_sign(1)) == ""
    office.settings(text)
    assert office.sign("sealing", office.to_sign(2)) == "signer.settings"
    office.settings(f"{CLIENT}{LIMITS}# mended\n")
    assert office.sign("sealing", office.to_sign(2)) == ""


def test_settings_that_others_may_write_are_none(office: Office) -> None:
    office.settings(f"{CLIENT}{LIMITS}# new\n")
    (office.path / "signer.toml").chmod(0o666)
    assert office.sign("sealing", office.to_sign(1)) == "signer.settings"
    (office.path / "signer.toml").chmod(0o600)
    assert office.sign("sealing", office.to_sign(1)) == ""


def test_a_new_key_is_taken_up_and_a_wrong_one_is_no_pair(office: Office) -> None:
    folder = office.path / "authorities" / key_name(office.path, "")
    assert office.sign("sealing", office.to_sign(1)) == ""
    shutil.move(folder / "sealing.key", folder / "aside")
    assert office.sign("sealing", office.to_sign(2)) == "signer.no-key"
    shutil.copy(folder / "data.key", folder / "sealing.key")
    assert office.sign("sealing", office.to_sign(2)) == "signer.key-failed"
    assert "key-mismatch" in office.log[-1][1]["code"]
    shutil.move(folder / "aside", folder / "sealing.key")
    assert office.sign("sealing", office.to_sign(2)) == ""
    (folder / "data.key").unlink()
    (folder / "data.key.json").write_text(json.dumps({"store": "signer", "address": "unix:/x", "key": "x"}))
    assert office.sign("data", qr_message(office)) == "signer.settings"
    assert office.used() == 2


def test_a_key_that_fails_uses_nothing_up(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    held = office.desk._room.get(key_name(office.path, "sealing"))

    def broken(*_: Any, **__: Any) -> bytes:
        raise OSError("the token was taken out")

    with monkeypatch.context() as patch:
        patch.setattr(type(held.key), "sign", broken)
        assert office.sign("sealing", office.to_sign(1)) == "signer.internal"
    assert office.used() == 0
    assert office.sign("sealing", office.to_sign(2)) == ""
    with monkeypatch.context() as patch:
        patch.setattr(type(held.key), "sign", broken)
        assert office.sign("sealing", office.to_sign(2)) == "signer.internal"
    assert office.used() == 1                                              # its signature had left before


def test_health_names_each_key_and_what_is_wrong_with_it(office: Office) -> None:
    seal_id = key_name(office.path, "sealing").split("/")[1]
    answer, _ = office.ask({"op": "health", "after": ""})
    assert answer["ready"] is True
    assert answer["keys"][key_name(office.path, "sealing")] == ""
    assert {"audit", "status"} < set(answer["keys"])
    (use,) = office.home.seal_uses(CITY[0]).values()
    set_use(office.path, CITY[0], seal_id, dataclasses.replace(use, state=UseState.SUSPENDED))
    answer, _ = office.ask({"op": "health", "after": ""})
    assert answer["keys"][key_name(office.path, "sealing")] == "seal.suspended"
    assert answer["keys"][key_name(office.path, "sealing", PROVINCE[0])] == ""


def test_the_log_has_digests_and_nothing_of_what_was_signed(office: Office) -> None:
    message = qr_message(office)
    assert office.sign("data", message) == ""
    told = json.dumps(office.log, ensure_ascii=False)
    assert sm3(message).hex() in told
    for part in ("测试企业", "14010013202500044", message.hex()[20:60]):
        assert part not in told


def test_lost_signatures_can_be_forgiven_one_by_one(office: Office) -> None:
    approve(office.home, terms(office, "one", count=1), at=office.now - timedelta(minutes=1))
    office.approval = "one"
    assert office.sign("sealing", office.to_sign(1)) == ""
    assert office.sign("sealing", office.to_sign(2)) == "approval.exhausted"
    assert office.counts.forgive("one", sm3(office.to_sign(3)), at=office.now) == 0
    assert office.counts.forgive("one", sm3(office.to_sign(1)), at=office.now) == 1
    assert office.counts.forgive("one", sm3(office.to_sign(1)), at=office.now) == 0
    assert office.sign("sealing", office.to_sign(2)) == ""
    assert office.used() == 1


def test_what_a_ledger_used_before_counts_once(office: Office) -> None:
    approve(office.home, terms(office, "four", count=4), at=office.now - timedelta(minutes=1))
    office.approval = "four"
    for carried in (1, 0):
        assert office.counts.carry("issued-1", {"four": 3}, ("sealing", "data", "pdf"), at=office.now) == carried
    assert office.sign("sealing", office.to_sign(1)) == ""
    assert office.sign("sealing", office.to_sign(2)) == "approval.exhausted"
