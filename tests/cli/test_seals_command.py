"""``zhengyin seals`` as the people meet it who apply, review, make, keep, approve and cancel."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from certs.approval import load_approval
from certs.config import Password
from certs.home import Home
from certs.keystore import store_key
from certs.known import load_known
from certs.seal import SealError, make_seal
from certs.signer import LocalSigner
from certs.x509 import Certificate
from codes.china_time import CHINA_TIME
from registry.database import Registry
from tests.support.command import caller
from tests.support.demo_home import CHEAP, imprint
from tests.support.issued_log import add_uses, issued_log
from tests.support.seal_office import (
    BUREAU_CODE,
    COUNTY,
    ENDING,
    PAPERS,
    ROLES,
    cas,
    make_home,
    organisation_keys,
    person,
)

Call = Callable[..., tuple[int, str, str]]


class Desk:
    """A home, and the folders of the people who act in it."""

    def __init__(self, folder: Path, call: Call) -> None:
        self.folder, self.home, self.call = folder, make_home(folder / "home"), call
        (self.home / "password").write_text("office")
        (self.home / "password").chmod(0o600)
        for name, (unit, _) in ROLES.items():
            self.write_key(folder / name / "actor", person(name, unit))
        for role, pair in organisation_keys(*COUNTY).items():
            self.write_key(folder / "keys" / role, LocalSigner(pair.certificate, pair.key))
        maker = cas()["seal-maker"]
        self.write_key(folder / "maker" / "seal-maker", LocalSigner(maker.certificate, maker.key))
        for title, data in {**PAPERS, **ENDING, "rules": b"rules", "imprint": imprint(COUNTY[1], 42)}.items():
            (folder / title).write_bytes(data)

    def write_key(self, path: Path, signer: LocalSigner) -> None:
        """Write ``path.cer`` and ``path.key``, encrypted with the home's password."""
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(".cer").write_bytes(signer.certificate.der)
        store_key(path.with_suffix(".key"), signer._key, Password(b"office"), cost=CHEAP)  # type: ignore[arg-type]

    def run(self, *arguments: str | Path, by: str = "") -> tuple[int, str, str]:
        """Run a command for this home."""
        person = ("--as", self.folder / by) if by else ()
        return self.call(*arguments, *person, "--home", self.home)

    def done(self, *arguments: str | Path, by: str = "") -> dict[str, Any]:
        """Run a command that succeeds and return what it says as JSON."""
        code, out, err = self.run(*arguments, "--json", by=by)
        assert code == 0, err
        told: dict[str, Any] = json.loads(out)
        return told

    def papers(self, *titles: str) -> list[str]:
        """Name documents."""
        return [word for title in titles for word in ("--document", f"{title}={self.folder / title}")]

    def staffed(self) -> Desk:
        """Make the registry and appoint everybody."""
        administrator = self.folder / "管理员" / "actor.cer"
        assert self.run("init", "--administrator", administrator)[0] == 0
        for name, (unit, roles) in ROLES.items():
            for role, region in roles:
                self.done("actors", "appoint", "--certificate", self.folder / name / "actor.cer", "--role", role,
                          "--unit", unit, "--region", region, by="管理员")
        return self

    def apply(self) -> str:
        """Apply for the county's seal; returns the case."""
        return str(self.done(
            "apply", "--uscc", COUNTY[0], "--org", COUNTY[1], "--keys", self.folder / "keys",
            *self.papers("application", "form", "imprint-statement", "imprint"), by="申请人")["case"])

    def made(self) -> str:
        """Have the county's seal made; returns the case."""
        case = self.apply()
        self.done("review", case, "--accept", by="县审核")
        self.done("review", case, "--accept", by="市审核")
        self.done("make", case, "--seal-maker", self.folder / "maker", "--seal-id", "S-1", by="制章员")
        return case

    def in_use(self) -> str:
        """Bring the county's seal into use; returns the case."""
        case = self.made()
        self.done("activate", case, *self.papers("rules"), by="保管人")
        return case


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Desk:
    """A desk without a registry."""
    return Desk(tmp_path, caller(monkeypatch, capfd, "seals"))


@pytest.fixture
def staffed(desk: Desk) -> Desk:
    """A desk with everybody appointed."""
    return desk.staffed()


@pytest.mark.req("R-003-09", "R-003-15", "R-003-16", "R-003-17", "R-003-48")
def test_a_seal_from_its_application_to_its_end(staffed: Desk) -> None:
    case = staffed.in_use()
    assert staffed.done("file", case, "--number", "晋备2026-17", by="市审核")["state"] == "in-use"
    home = Home.open(staffed.home, environ={})
    assert home.authority(*COUNTY).seal.seal_id == "S-1"
    assert staffed.done("suspend", case, "--reason", "搬迁", by="保管人")["state"] == "suspended"
    with pytest.raises(SealError, match=r"zhengyin seals resume"):
        home.authority(*COUNTY)
    assert staffed.done("resume", case, "--reason", "完毕", by="县审核")["state"] == "in-use"
    lost = staffed.done("lost", case, "--reason", "失控", by="保管人")
    assert lost["state"] == "lost"
    assert [one["role"] for one in lost["revoke"]] == ["sealing", "data", "pdf"]
    assert all(Path(one["file"]).is_file() for one in lost["revoke"])
    with pytest.raises(SealError, match=r"seal\.lost"):
        home.authority(*COUNTY)
    staffed.done("request-cancel", case, "--reason", "已挂失", *staffed.papers("application", "identity-proof"),
                 by="申请人")
    assert staffed.done("cancel", case, by="市审核")["state"] == "cancelled"
    shown = staffed.done("show", case)
    assert (shown["case"], shown["seal"], shown["filing"], shown["state"]) == (case, "S-1", "晋备2026-17", "cancelled")
    assert [act["act"] for act in shown["acts"]] == [
        "apply", "review-county", "review-upper", "make", "activate", "file", "suspend", "resume", "report-lost",
        "request-cancel", "cancel"]
    code, out, _ = staffed.run("show", case)
    assert code == 0 and "状态 state                  已注销 cancelled" in out.splitlines() and "保管人" in out
    assert staffed.run("show", case, "--value", "seal")[1] == "S-1\n"


def starts(line: str, text: str) -> int:
    """The column of a terminal at which a text begins."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line[:line.rindex(text)])


@pytest.mark.req("R-003-16")
def test_open_requests_for_cancelling_are_listed(staffed: Desk) -> None:
    case = staffed.in_use()
    assert staffed.done("list", "--to-cancel")["cases"] == []
    asking = ("request-cancel", case, *staffed.papers("application", "identity-proof"), "--reason")
    staffed.done(*asking, "撤并", by="申请人")
    staffed.done(*asking, "撤并", by="申请人")
    code, _, err = staffed.run(*asking, "更名", by="申请人")
    assert code == 3 and "case.cancel-requested" in err
    [listed] = staffed.done("list", "--to-cancel")["cases"]
    assert (listed["case"], listed["cancel_requested"]["reason"]) == (case, "撤并")
    assert "已申请注销 cancel requested" in staffed.run("list")[1]
    assert "撤并" in staffed.run("show", case)[1]
    staffed.done("cancel", case, by="县审核")
    assert staffed.done("list", "--to-cancel")["cases"] == []


def test_people_are_told_the_time_in_china_and_programs_that_of_utc(staffed: Desk) -> None:
    case = staffed.in_use()
    told = staffed.done("show", case)["made_at"]
    assert told.endswith("Z")
    here = datetime.fromisoformat(told).astimezone(CHINA_TIME).strftime("%Y-%m-%d %H:%M:%S +08:00")
    out = staffed.run("show", case)[1]
    assert here in out and told[:19] not in out


@pytest.mark.req("R-003-17")
def test_whoever_reports_a_loss_is_told_which_certificates_to_revoke(staffed: Desk) -> None:
    case = staffed.in_use()
    code, out, err = staffed.run("lost", case, "--reason", "失控", by="保管人")
    assert code == 0 and out.startswith(f"{case}  已挂失 lost")
    folder = staffed.home / "authorities" / COUNTY[0] / "S-1"
    for role in ("sealing", "data", "pdf"):
        certificate = Certificate.load((folder / f"{role}.cer").read_bytes())
        assert f"{certificate.serial:x}" in err and str(folder / f"{role}.cer") in err
    assert "3 张证书" in err and str(staffed.home / "trust" / "crls") in err


def test_lists_say_what_is_there(staffed: Desk) -> None:
    case = staffed.in_use()
    for arguments, found in (((), 1), (("--state", "in-use"), 1), (("--state", "lost"), 0), (("--org", COUNTY[0]), 1),
                             (("--org", BUREAU_CODE), 0), (("--unfiled",), 1)):
        assert len(staffed.done("list", *arguments)["cases"]) == found
    staffed.done("file", case, "--number", "1", by="市审核")
    assert staffed.done("list", "--unfiled")["cases"] == []
    code, out, _ = staffed.run("list")
    headings, row = out.splitlines()
    assert code == 0 and row.split() == [case, "在用", "in-use", "S-1", row.split()[4], "1", COUNTY[1]]
    assert starts(headings, "印章编码 seal") == starts(row, "S-1")
    assert starts(headings, "印章名称 name") == starts(row, COUNTY[1])
    assert staffed.run("list", "--value", "case")[1] == f"{case}\n"
    code, out, err = staffed.run("list", "--state", "lost")
    assert (code, out) == (0, "") and err == "没有这样的事项 / there is no such case\n"
    assert staffed.run("list", "--value", "sael")[0] == 2
    actors = staffed.done("actors", "list")["actors"]
    assert actors[0]["role"] == "administrator" and len(actors) == 12
    headings, *rows = staffed.run("actors", "list")[1].splitlines()
    assert len(rows) == 12 and all(" +08:00" in row for row in rows)
    assert all(starts(headings, "姓名 name") == starts(row, actor["name"])
               for row, actor in zip(rows, actors, strict=True))


def test_a_command_given_again_does_nothing_twice(staffed: Desk) -> None:
    case = staffed.apply()
    assert staffed.apply() == case
    for _ in range(2):
        assert staffed.done("review", case, "--accept", by="县审核")["state"] == "county-reviewed"
    for _ in range(2):
        assert staffed.done("review", case, "--accept", by="市审核")["state"] == "upper-reviewed"
    make = ("make", case, "--seal-maker", staffed.folder / "maker")
    first = staffed.done(*make, by="制章员")
    assert staffed.done(*make, by="制章员") == first
    activate = ("activate", case, *staffed.papers("rules"))
    assert staffed.done(*activate, by="保管人") == staffed.done(*activate, by="保管人")
    lost = ("lost", case, "--reason", "失控")
    assert staffed.done(*lost, by="保管人") == staffed.done(*lost, by="保管人")
    assert len(staffed.done("show", case)["acts"]) == 6


@pytest.mark.req("R-003-15")
def test_a_seal_for_a_moment_to_come_is_told_as_waiting_and_the_moment_can_be_set_anew(staffed: Desk) -> None:
    case = staffed.made()
    told = staffed.done("activate", case, *staffed.papers("rules"), "--from", "2029-02-01", by="保管人")
    assert (told["state"], told["from"]) == ("scheduled", "2029-01-31T16:00:00.000Z")
    code, out, err = staffed.run("reschedule", case, "--from", "2029-01-01T08:00", by="保管人")
    assert code == 0 and "待启用 scheduled" in out and "2029-01-01 08:00:00 +08:00" in out and "seals publish" in err
    shown = staffed.done("show", case)
    assert (shown["state"], shown["in_use_from"]) == ("scheduled", "2029-01-01T00:00:00.000Z")
    assert "待启用" in staffed.run("list")[1] and staffed.run("list", "--state", "in-use")[1] == ""
    home = Home.open(staffed.home)
    with pytest.raises(SealError, match=r"seal\.not-yet-in-use"):
        home.authority(*COUNTY)
    told = staffed.done("reschedule", case, "--from", datetime.now(UTC).isoformat(timespec="seconds"), by="保管人")
    assert told["state"] == "in-use" and home.authority(*COUNTY).seal.seal_id == shown["seal"]
    code, _, err = staffed.run("reschedule", case, "--from", "2029-02-01", by="保管人")
    assert code != 0 and "case.use-begun" in err


@pytest.mark.req("R-003-22")
def test_an_approval_takes_two_people(staffed: Desk) -> None:
    staffed.in_use()
    next_year = datetime.now(CHINA_TIME).year + 1
    give = ("approve", "give", "A-1", "--seal", "S-1", "--kind", "K0", "--region", "140121", "--from", "2026-01-01",
            "--to", f"{next_year}-01-01T12:00", "--count", "5")
    assert staffed.done(*give, by="审批甲") == staffed.done(*give, by="审批甲")
    code, _, err = staffed.run("approve", "confirm", "A-1", by="审批甲")
    assert code == 3 and "approval.one-person" in err
    confirm = ("approve", "confirm", "A-1")
    assert staffed.done(*confirm, by="审批乙") == staffed.done(*confirm, by="审批乙")
    approval = load_approval(staffed.home / "approvals" / "A-1.json")
    assert (approval.terms.count, approval.terms.valid_to.isoformat()) == (5, f"{next_year}-01-01T04:00:00+00:00")


def test_a_seal_made_elsewhere_is_imported_in_place_of_making_one(staffed: Desk) -> None:
    known, maker = load_known(staffed.home), cas()["seal-maker"]
    esl = staffed.folder / "elsewhere.esl"
    esl.write_bytes(make_seal(
        name=COUNTY[1], code=COUNTY[0], certificate=organisation_keys(*COUNTY)["sealing"].certificate,
        imprint=imprint(COUNTY[1], 45), diameter_mm=45, maker=LocalSigner(maker.certificate, maker.key),
        seal_id="ELSEWHERE-1", created_at=datetime.now(UTC), intermediates=known.certificates,
        anchors=known.anchors, crls=known.crls).der)
    case = staffed.done(
        "apply", "--uscc", COUNTY[0], "--org", COUNTY[1], "--keys", staffed.folder / "keys", "--seal", esl,
        *staffed.papers("application", "form", "imprint-statement"), by="申请人")["case"]
    staffed.done("review", case, "--accept", by="县审核")
    staffed.done("review", case, "--accept", by="市审核")
    assert staffed.done("import", case, "--seal", esl, by="制章员")["state"] == "made"
    staffed.done("activate", case, *staffed.papers("rules"), by="保管人")
    assert Home.open(staffed.home, environ={}).authority(*COUNTY).seal.der == esl.read_bytes()


def test_a_refusal_is_told_with_its_clause_in_both_languages(staffed: Desk) -> None:
    case = staffed.apply()
    code, out, err = staffed.run("review", case, "--refuse", by="县审核")
    assert (code, out) == (3, "")
    assert err.startswith("registry.reason-missing: 不予通过须说明理由") and " / refuse needs a reason" in err
    assert "依据 / clause: B第5条（三）" in err
    assert staffed.done("review", case, "--refuse", "--reason", "印模不清", by="县审核")["state"] == "refused"


def test_keys_may_be_laid_down_later_and_only_such_as_belong_together(staffed: Desk) -> None:
    case = str(staffed.done(
        "apply", "--uscc", COUNTY[0], "--org", COUNTY[1],
        *staffed.papers("application", "form", "imprint-statement", "imprint"), "--document",
        f"certificate={staffed.folder / 'keys' / 'sealing.cer'}", by="申请人")["case"])
    key = staffed.folder / "keys" / "data.key"
    own = key.read_bytes()
    key.write_bytes((staffed.folder / "keys" / "sealing.key").read_bytes())
    code, _, err = staffed.run("keys", case, "--keys", staffed.folder / "keys")
    assert code == 3 and "signer.key-mismatch" in err
    key.write_bytes(own)
    assert staffed.run("keys", case, "--keys", staffed.folder / "keys")[0] == 0
    assert (staffed.home / "authorities" / COUNTY[0] / f".next-{case}" / "pdf.key").is_file()


def test_an_actors_own_password_is_used(staffed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    case, folder = staffed.apply(), staffed.folder / "县审核"
    store_key(folder / "actor.key", person("县审核", BUREAU_CODE)._key, Password(b"own"), cost=CHEAP)
    code, _, err = staffed.run("review", case, "--accept", by="县审核")
    assert code == 3 and "keystore.wrong-password" in err
    monkeypatch.setenv("ZHENGYIN_ACTOR_PASSWORD", "own")
    assert staffed.done("review", case, "--accept", by="县审核")["state"] == "county-reviewed"
    assert "own" not in staffed.run("show", case)[1].split()


MISTAKES = [
    # arguments, exit code, what the message holds, why
    (["show", "S2026-000009"], 3, "case.unknown", "no such case"),
    (["list", "--state", "nonsense"], 2, "nonsense", "no such state"),
    (["apply", "--uscc", COUNTY[0], "--org", COUNTY[1], "--as", "申请人", "--document", "form"], 2, "--document",
     "a document without a file"),
    (["apply", "--uscc", COUNTY[0], "--org", COUNTY[1], "--as", "申请人", "--type", "私章"], 2, "私章", "no such type"),
    (["activate", "S2026-000001", "--as", "保管人", "--from", "morgen"], 2, "morgen", "no moment"),
    (["lost", "S2026-000001", "--as", "保管人"], 2, "--reason", "no reason"),
    (["lost", "S2099-1", "--as", "申请人", "--reason", "x"], 3, "case.unknown", "lost, and no such case"),
    (["cancel", "S2026-000001", "--as", "nobody"], 3, "keystore.missing", "no such person"),
    (["cancel", "S2026-000001", "--as", "nobody"], 3, "请核对目录是否写对", "what a wrong name looks like"),
    (["cancel", "S2026-000001", "--as", "nobody"], 3, "check that the folder is the right one", "the same in English"),
    (["review", "S2026-000001", "--as", "县审核"], 2, "--accept", "neither accepted nor refused"),
    (["init", "--administrator", "管理员/actor.cer"], 3, "registry.exists", "made already"),
]


@pytest.mark.parametrize(("arguments", "code", "message", "why"), MISTAKES, ids=[row[3] for row in MISTAKES])
def test_a_mistake_is_a_plain_message(
    staffed: Desk, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, message: str, why: str,
) -> None:
    monkeypatch.chdir(staffed.folder)
    ended, out, err = staffed.run(*arguments)
    assert (ended, out) == (code, ""), why
    assert message in err


def test_without_a_registry_it_is_said_how_to_make_one(desk: Desk) -> None:
    code, _, err = desk.run("list")
    assert code == 3 and "registry.missing" in err and "zhengyin seals init" in err
    (desk.folder / "ca.cer").write_bytes(cas()["sm2-root"].certificate.der)
    code, _, err = desk.run("init", "--administrator", desk.folder / "ca.cer")
    assert code == 3 and "registry.not-personal" in err
    assert desk.run("init", "--administrator", desk.folder / "管理员" / "actor.cer", "--unit", BUREAU_CODE)[0] == 0
    assert desk.run("settle")[0] == 0


@pytest.mark.req("R-003-22")
def test_an_approval_is_withdrawn(staffed: Desk) -> None:
    staffed.in_use()
    staffed.done("approve", "give", "standing-1", "--seal", "S-1", "--kind", "K0", "--region", "140121", "--from",
                 "2026-01-01", "--to", "2030-01-01", "--count", "5", by="审批甲")
    staffed.done("approve", "confirm", "standing-1", by="审批乙")
    path = staffed.home / "approvals" / "standing-1.json"
    file = path.read_bytes()
    code, _, err = staffed.run("approve", "withdraw", "standing-1", by="保管人")
    assert code != 0 and path.exists() and "--reason" in err
    told = staffed.done("approve", "withdraw", "standing-1", "--reason", "任务取消", by="保管人")
    assert (told["act"], told["state"], told["seal"]) == ("approve-withdraw", "withdrawn", "S-1")
    assert staffed.done("approve", "withdraw", "standing-1", "--reason", "任务取消", by="保管人") == told
    path.write_bytes(file)
    code, _, err = staffed.run("list")
    assert code == 0 and "approvals/standing-1.json permitted more than the registry" in err and not path.exists()
    assert staffed.run("list")[2] == ""


@pytest.mark.req("R-003-17")
def test_a_loss_is_reported_though_the_revocation_lists_are_stale(staffed: Desk) -> None:
    case = staffed.in_use()
    for path in (staffed.home / "crls").iterdir():
        path.unlink()
    code, _, err = staffed.run("file", case, "--number", "1", by="市审核")
    assert code != 0 and "statement.chain" in err
    assert staffed.done("lost", case, "--reason", "失控", by="保管人")["state"] == "lost"


def test_an_entry_dated_ahead_does_not_lock_the_office_out(staffed: Desk) -> None:
    case = staffed.in_use()
    ahead = Registry.open(staffed.home, clock=lambda: datetime.now(UTC) + timedelta(days=1000))
    with ahead, ahead.transaction() as t:
        t.log("test.ahead")
    code, _, err = staffed.run("suspend", case, "--reason", "搬迁", by="保管人")
    assert code != 0 and "registry.clock-backwards" in err and "accept-clock" in err
    assert staffed.run("accept-clock", "--reason", "时钟曾快", by="保管人")[0] != 0
    told = staffed.done("accept-clock", "--reason", "时钟曾快", by="管理员")
    assert told["state"] == "accepted" and told["new"] < told["old"]
    assert staffed.done("suspend", case, "--reason", "搬迁", by="保管人")["state"] == "suspended"
    code, _, err = staffed.run("accept-clock", "--reason", "时钟曾快", by="管理员")
    assert code != 0 and "clock.not-behind" in err
    add_uses(staffed.home, 1, at=datetime.now(UTC) + timedelta(days=900))
    told = staffed.done("accept-clock", "--reason", "签发机时钟曾快", by="管理员")
    assert told["case"] == issued_log(staffed.home) and told["new"] < told["old"]
    add_uses(staffed.home, 1, at=datetime.now(UTC))
