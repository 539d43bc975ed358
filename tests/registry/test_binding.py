"""A PostgreSQL registry belongs to one home; copies of a home that both act are noticed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from certs.audit_check import check_export
from certs.audit_report import Verdict
from certs.demo_pki import make_service
from certs.files import FileError
from certs.signer import LocalSigner
from registry.actors import create_registry
from registry.audit_export import export_logs, make_checkpoint
from registry.database import Registry
from registry.errors import RegistryError
from registry.publication import publish
from tests.registry.test_publication import fill_trust, key
from tests.support.postgresql import Server
from tests.support.registry_home import NOW, make_registry_home
from tests.support.seal_office import DAY, START, Office, cas, make_home


@pytest.fixture
def url(postgresql: Server) -> str:
    """An empty database."""
    return postgresql.new_database()


def code_of(path: Path, url: str) -> str:
    """Why a home may not use a database."""
    with pytest.raises(RegistryError) as refusal:
        Registry.open(path, url=url)
    assert refusal.value.zh and refusal.value.en
    return refusal.value.code.value


def test_a_second_home_is_refused_and_changes_nothing(tmp_path: Path, url: str) -> None:
    first, second = make_registry_home(tmp_path / "first", url=url), make_registry_home(tmp_path / "second")
    assert code_of(second.path, url) == "registry.other-home"
    with pytest.raises(RegistryError, match=r"registry\.exists"):
        create_registry(second.path, administrator=second.administrator.certificate, now=NOW, url=url)
    assert code_of(second.path, url) == "registry.other-home"
    first.registry.close()
    first.reopen().close()
    second.registry.close()


def test_a_home_that_takes_the_place_of_another_takes_its_id(tmp_path: Path, url: str) -> None:
    first, second = make_registry_home(tmp_path / "first", url=url), make_registry_home(tmp_path / "second")
    first.registry.close()
    shutil.copy(first.path / "registry.id", second.path / "registry.id")
    Registry.open(second.path, url=url).close()
    (first.path / "registry.id").unlink()
    assert code_of(first.path, url) == "registry.other-home"
    (first.path / "registry.id").write_text("no id")
    assert code_of(first.path, url) == "registry.damaged"
    second.registry.close()


def test_a_registry_in_the_homes_own_file_goes_where_the_file_goes(tmp_path: Path) -> None:
    made = make_registry_home(tmp_path / "home")
    (made.path / "registry.id").unlink()
    made.reopen().close()
    made.registry.close()


def test_an_id_that_cannot_be_written_makes_no_registry(tmp_path: Path, url: str) -> None:
    made = make_registry_home(tmp_path / "home")
    (made.path / "registry.id").unlink()
    (made.path / "registry.id").mkdir()
    with pytest.raises(FileError):
        create_registry(made.path, administrator=made.administrator.certificate, now=NOW, url=url)
    (made.path / "registry.id").rmdir()
    create_registry(made.path, administrator=made.administrator.certificate, now=NOW, url=url).close()
    made.registry.close()


@pytest.mark.req("R-003-19", "R-003-49")
def test_two_copies_of_a_home_that_both_act_are_noticed_by_what_both_publish_and_sign(tmp_path: Path) -> None:
    first = Office.found(make_home(tmp_path / "home"))
    fill_trust(first.home)
    signer, out, pair = key(), tmp_path / "out", make_service("audit", issuer=cas()["sm2-issuing"], now=START)
    audit = LocalSigner(pair.certificate, pair.key)
    assert publish(first.registry, signer=signer, valid_for=DAY, out=out).strangers == ()
    first.registry.close()
    shutil.copytree(first.home, tmp_path / "copy")
    first, second = Office.open(first.home), Office.open(tmp_path / "copy")
    for office in (first, second):
        office.now += DAY / 2
        assert publish(office.registry, signer=signer, valid_for=DAY).strangers == (), "as long as each is alone"
    assert publish(second.registry, signer=signer, valid_for=DAY, out=out).strangers == ()
    assert publish(first.registry, signer=signer, valid_for=DAY, out=out).strangers == (3,)
    assert publish(second.registry, signer=signer, valid_for=DAY, out=out).strangers == (4,)
    first.apply()
    kept = make_checkpoint(first.registry, audit)
    second.now += DAY / 4
    second.apply()
    second.act("县审核", "review-county", "S2026-000001")
    signed = make_checkpoint(second.registry, audit)
    export_logs(second.registry, tmp_path / "export", checkpoint=signed)
    report = check_export(tmp_path / "export", now=second.now, checkpoints=[("kept", kept.to_json())])
    assert report.verdict is Verdict.BROKEN
    assert "audit.contradicted" in {finding.code for finding in report.findings}
    for office in (first, second):
        office.registry.close()
