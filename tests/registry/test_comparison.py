"""A registry held against the last published list: what a restored home has forgotten is named."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from certs.demo_pki import make_service
from certs.home import Home
from certs.signer import LocalSigner
from certs.sm3 import sm3
from certs.status_list import SealState, SealStatus, StatusList, make_status_list, read_status_list
from cli.main import run
from registry.comparison import Difference, compare
from registry.public_seals import PublicSeal, public_seals
from tests.support.demo_home import CITY, own_home, seal_folder
from tests.support.seal_office import Office, cas, make_home

__all__ = ["own_home"]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office.found(make_home(tmp_path / "home"))
    yield office
    office.registry.close()


def seals(office: Office) -> tuple[PublicSeal, ...]:
    with office.registry.reading() as session:
        return public_seals(session, office.now)


def listed(office: Office, **changes: SealStatus) -> StatusList:
    """The list of the present, with other entries."""
    pair = make_service("status", issuer=cas()["sm2-issuing"], now=office.now)
    entries = {seal.seal_id: seal.status for seal in seals(office)} | changes
    return read_status_list(make_status_list(
        sequence=1, this_update=office.now, next_update=office.now + timedelta(days=1), seals=entries,
        signer=LocalSigner(pair.certificate, pair.key)).to_json())


def test_a_list_of_the_present_has_no_differences(office: Office) -> None:
    office.in_use()
    office.made(business="验证专用章")
    assert compare(listed(office), seals(office)) == []


@pytest.mark.req("R-003-17", "R-003-19")
def test_what_happened_since_is_named(office: Office) -> None:
    case = office.in_use()
    seal_id = office.row(case).seal_id
    before = seals(office)
    assert seal_id is not None
    office.act("保管人", "report-lost", case, {"reason": "失控"})
    assert compare(listed(office), before) == [
        Difference(seal_id=seal_id, listed=SealState.LOST, here=SealState.IN_USE)]
    unknown = SealStatus(state=SealState.IN_USE, digest=sm3(b"another"))
    assert compare(listed(office, elsewhere=unknown), seals(office)) == [
        Difference(seal_id="elsewhere", listed=SealState.IN_USE, here=None)]
    assert compare(listed(office, **{seal_id: unknown}), seals(office)) == [
        Difference(seal_id=seal_id, listed=SealState.IN_USE, here=None)]


def test_a_seal_that_is_newer_than_the_list_is_no_difference(office: Office) -> None:
    office.in_use()
    old = listed(office)
    office.made(business="验证专用章")
    assert compare(old, seals(office)) == []


def test_the_command_names_the_differences(
    own_home: Home, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:
    def seals_command(*words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["zhengyin", "seals", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            run()
        return int(end.value.code or 0), capfd.readouterr().out

    home, seal_id = own_home.path, seal_folder(own_home.path).name
    code, out = seals_command("compare", "--home", home)
    assert code == 0 and "0 differences" in out
    case = json.loads(seals_command("list", "--home", home, "--org", CITY[0], "--json")[1])["cases"][0]["case"]
    custodian = home / "actors" / f"{CITY[0]}-custodian"
    assert seals_command("lost", case, "--reason", "失控", "--home", home, "--as", custodian)[0] == 0
    code, out = seals_command("compare", "--home", home)
    assert code == 1 and f"{seal_id}  在用 in-use  已挂失 lost" in out
    code, out = seals_command("compare", "--home", home, "--json")
    assert code == 1 and json.loads(out)["differences"] == [{"seal": seal_id, "listed": "in-use", "here": "lost"}]
