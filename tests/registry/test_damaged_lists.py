"""A revocation list that is damaged counts as none: named, never taken for good news, and no hindrance to the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from certs.crl import MAX_BYTES
from certs.home import Home
from certs.known import load_known
from certs.seal import SealError
from certs.statement import StatementError
from registry.audit_export import export_logs
from tests.support.command import caller
from tests.support.seal_office import COUNTY, Office, make_home, organisation_keys, refused, write_lists

SM2, P256 = "crls/sm2-issuing.crl", "crls/p256-issuing.crl"


def cut(path: Path) -> None:
    """As a download that was broken off."""
    path.write_bytes(path.read_bytes()[:-5])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut": cut, "empty": lambda path: path.write_bytes(b""), "a page": lambda path: path.write_text("<html>502</html>"),
    "too large": lambda path: path.write_bytes(bytes(MAX_BYTES + 1)),
}


@pytest.fixture
def office(office: Office) -> Office:
    """An office in each database with a seal in use."""
    office.in_use()
    return office


@pytest.mark.parametrize("how", DAMAGES)
def test_what_needs_the_list_is_refused_by_its_name(office: Office, how: str) -> None:
    DAMAGES[how](office.home / SM2)
    assert load_known(office.home).damaged == (SM2,)
    with pytest.raises(StatementError, match=f"{SM2} 已损坏.*{SM2} is damaged") as refusal:
        office.act("市审核", "file", "S2026-000001", {"number": "备1"})
    assert (refusal.value.code.value, refusal.value.facts["chain"]) == ("statement.chain", "chain.crl-missing")
    assert office.act("保管人", "report-lost", "S2026-000001", {"reason": "失控"}).state == "lost"
    write_lists(office.home)
    assert load_known(office.home).damaged == ()
    office.act("申请人", "request-cancel", "S2026-000001", {"reason": "撤并"}, {
        "application": b"x", "identity-proof": b"x"})


def test_what_rests_on_other_lists_goes_on(office: Office, tmp_path: Path) -> None:
    cut(office.home / P256)
    office.act("市审核", "file", "S2026-000001", {"number": "备1"})
    office.act("保管人", "suspend", "S2026-000001", {"reason": "搬迁"})
    error = refused(office, lambda office: office.apply(
        business="财务专用章", keys=organisation_keys(COUNTY[0], COUNTY[1] + "财务专用章")))
    assert error.code.value == "seal.certificate-status-unknown" and P256 in error.zh and P256 in error.en
    export_logs(office.registry, tmp_path / "export")
    assert not (tmp_path / "export" / P256).exists() and (tmp_path / "export" / SM2).exists()


def test_nothing_is_sealed_for_want_of_the_list_and_the_refusal_names_it(office: Office) -> None:
    (office.home / "password").write_text("office")
    (office.home / "password").chmod(0o600)
    home = Home.open(office.home, environ={}, clock=lambda: office.now)
    home.authority(*COUNTY).check_usable(at=office.now)
    cut(office.home / P256)
    with pytest.raises(SealError, match=P256) as refusal:
        home.authority(*COUNTY).check_usable(at=office.now)
    assert refusal.value.code.value == "seal.certificate-status-unknown"


def test_every_command_of_seals_names_a_damaged_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:
    office = Office.found(make_home(tmp_path / "home"))
    office.registry.close()
    cut(office.home / SM2)
    code, _, err = caller(monkeypatch, capfd, "seals")("list", "--home", office.home)
    assert code == 0 and f"撤销列表 {SM2} 已损坏" in err and "fetch it again" in err
