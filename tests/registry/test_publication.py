"""Publication: the registry's state as a signed list and a page, numbers that never go back, nobody's name."""

from __future__ import annotations

import dataclasses
import datetime as dt
import html
import json
import multiprocessing
import os
import re
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from certs.demo_pki import make_service
from certs.files import FileCode, FileError
from certs.home import Home
from certs.keystore import store_key
from certs.seal import SealFile
from certs.signer import LocalSigner
from certs.status_list import (
    SealState,
    SealStatus,
    StatusListError,
    make_status_list,
    read_status_list,
    seal_digest,
    trusted_status_list,
)
from certs.trust import STATUS_LIST, Trust
from registry import publication
from registry.errors import RegistryError
from registry.public_seals import PublicSeal, public_seals
from registry.publication import PAGE, Publication, publish, status_signer
from registry.publication_page import draw_page
from registry.states import SealType
from registry.tables import Act, Audit, Organisation, Seal
from tests.support.bounds import not_hanging
from tests.support.demo_home import CHEAP, CITY
from tests.support.falling import fall_at
from tests.support.seal_office import (
    COUNTY,
    DAY,
    ENDING,
    PASSWORD,
    ROLES,
    Office,
    cas,
    make_home,
    organisation_keys,
    write_lists,
)

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def office(tmp_path: Path, registry_url: str | None) -> Iterator[Office]:
    """An office with a trust folder that verifiers are given."""
    office = Office.found(make_home(tmp_path / "home"), url=registry_url)
    fill_trust(office.home)
    yield office
    office.registry.close()


def fill_trust(home: Path) -> None:
    """Put roots, CAs and lists into the trust folder of a home."""
    trust = home / "trust"
    (trust / "trust.json").write_text('{"name": "测试", "lookup_hosts": []}')
    for folder, roles in (("roots", ("sm2-root", "p256-root")), ("intermediates", ("sm2-issuing", "p256-issuing"))):
        (trust / folder).mkdir()
        for role in roles:
            (trust / folder / f"{role}.cer").write_bytes(cas()[role].certificate.der)
    shutil.copytree(home / "crls", trust / "crls")


def key(start: dt.datetime | None = None) -> LocalSigner:
    """A status key by the office's CA."""
    pair = make_service("status", issuer=cas()["sm2-issuing"], now=start or cas()["sm2-issuing"].certificate.not_before)
    return LocalSigner(pair.certificate, pair.key)


@pytest.fixture(scope="module")
def signer() -> LocalSigner:
    """The status key of the office."""
    return key(dt.datetime(2026, 3, 1, tzinfo=dt.UTC))


def published(office: Office, signer: LocalSigner, out: Path | None = None) -> Publication:
    """Publish for a day."""
    return publish(office.registry, signer=signer, valid_for=DAY, out=out)


def status(office: Office, signer: LocalSigner, case: str) -> SealStatus | None:
    """What a new list says of the seal of a case."""
    return published(office, signer).listed.seals.get(str(office.row(case).seal_id))


def events(office: Office) -> list[str]:
    """The events of the audit log."""
    with office.registry.reading() as session:
        return list(session.scalars(select(Audit.event).order_by(Audit.number)))


def forward(office: Office, step: dt.timedelta) -> dt.datetime:
    """Let time pass; returns the present."""
    office.now += step
    return office.now


@pytest.mark.req("R-003-19", "R-003-17", "R-003-16")
def test_the_list_says_what_became_of_a_seal(office: Office, signer: LocalSigner) -> None:
    """Suspended, resumed, suspended, lost, cancelled: not to be used since the second suspension."""
    case = office.made()
    made = status(office, signer, case)
    with office.registry.reading() as session:
        seal = SealFile.load(session.get_one(Seal, case).seal_der or b"")
    assert made == SealStatus(state=SealState.MADE, digest=seal_digest(seal.info.der))
    begun = forward(office, HOUR)
    office.act("保管人", "activate", case, {}, {"rules": "用章制度".encode()})
    used = SealStatus(state=SealState.IN_USE, since=begun, digest=made.digest)
    assert status(office, signer, case) == used
    away = forward(office, HOUR)
    office.act("保管人", "suspend", case, {"reason": "清点"})
    back = forward(office, HOUR + dt.timedelta(milliseconds=300))
    office.act("县审核", "resume", case, {"reason": "清点完毕"})
    over = ((away, back.replace(microsecond=0)),)
    assert status(office, signer, case) == dataclasses.replace(used, stops=over), "since its first use"
    stopped = forward(office, HOUR)
    office.act("申请人", "suspend", case, {"reason": "保管人调离"})
    for name, act, facts, papers, state in (
            (None, "", {}, {}, SealState.SUSPENDED),
            ("保管人", "report-lost", {"reason": "密钥介质丢失"}, {}, SealState.LOST),
            ("申请人", "request-cancel", {"reason": "机构撤并"}, ENDING, SealState.LOST),
            ("县审核", "cancel", {}, {}, SealState.CANCELLED)):
        forward(office, HOUR)
        if name:
            office.act(name, act, case, facts, papers)
        assert status(office, signer, case) == SealStatus(state=state, since=stopped, digest=made.digest, stops=over)


@pytest.mark.req("R-003-19")
def test_a_seal_that_has_a_successor_is_retired_from_the_moment_set(office: Office, signer: LocalSigner) -> None:
    case = office.in_use(keys=organisation_keys(*COUNTY, start=office.now - 1080 * DAY))
    begun, end = office.now, office.row(case).valid_end
    assert end is not None
    keys = organisation_keys(*COUNTY, start=office.now)
    papers = {"certificate": keys["sealing"].certificate.der, "certificate-data": keys["data"].certificate.der,
              "certificate-pdf": keys["pdf"].certificate.der}
    successor = office.act("申请人", "renew", case, {}, papers).case
    office.lay_down(COUNTY[0], successor, keys)
    office.act("县审核", "review-county", successor)
    office.act("制章员", "make", successor, {}, {"seal": office.prepare(successor).der})
    moment = (office.now + 3 * DAY).replace(microsecond=0)
    office.act("保管人", "activate", successor, {"from": moment.isoformat().replace("+00:00", ".000Z")})

    def told(case: str) -> tuple[SealState, dt.datetime | None, dt.datetime | None]:
        one = status(office, signer, case)
        assert one is not None
        return one.state, one.since, one.until

    assert told(case) == (SealState.IN_USE, begun, moment)
    assert told(successor) == (SealState.IN_USE, moment, None), "a verifier knows the moment beforehand"
    forward(office, 3 * DAY)
    assert told(case) == (SealState.RETIRED, begun, moment)
    assert told(successor) == (SealState.IN_USE, moment, None)
    office.now = end + DAY
    assert told(case) == (SealState.RETIRED, begun, moment)


def test_a_seal_made_elsewhere_was_used_before_it_came_here(office: Office, signer: LocalSigner) -> None:
    """Nothing is said of it until it is in use here, and then not since when."""
    case = office.reviewed()
    office.act("制章员", "import", case, {}, {"seal": office.prepare(case).der})
    assert status(office, signer, case) is None
    office.act("保管人", "activate", case, {}, {"rules": "用章制度".encode()})
    told = status(office, signer, case)
    assert told is not None and (told.state, told.since) == (SealState.IN_USE, None)


def test_an_expired_seal_is_retired_with_its_validity(office: Office, signer: LocalSigner) -> None:
    case = office.in_use()
    end = office.row(case).valid_end
    assert end is not None
    with office.registry.reading() as session:
        (at_end,), (after,) = (public_seals(session, at) for at in (end, end + dt.timedelta(seconds=1)))
    assert at_end.status.state is SealState.IN_USE
    assert (after.status.state, after.status.until) == (SealState.RETIRED, end)


def test_verifiers_of_the_home_believe_what_was_published(office: Office, signer: LocalSigner, tmp_path: Path) -> None:
    case = office.in_use()
    made = published(office, signer, tmp_path / "out")
    trust = Trust.load(office.home / "trust")
    listed = trusted_status_list(trust, at=office.now, clock_now=office.now)
    assert listed == made.listed and listed.sequence == 1 and set(listed.seals) == {office.row(case).seal_id}
    assert (listed.this_update, listed.next_update) == (office.now, office.now + DAY)
    assert (tmp_path / "out" / STATUS_LIST).read_bytes() == trust.seal_status == made.file
    assert [one.der for one in trust.status_signers] == [signer.certificate.der]
    assert made.counts == {SealState.IN_USE: 1}


def test_each_publication_is_logged_with_its_number(office: Office, signer: LocalSigner) -> None:
    published(office, signer)
    made = published(office, signer)
    with office.registry.reading() as session:
        rows = session.execute(select(Audit.facts).where(Audit.event == "status.published").order_by(Audit.number))
        facts = [json.loads(row.facts) for row in rows]
    assert [one["sequence"] for one in facts] == [1, 2]
    assert facts[1]["list"] == made.listed.signed.digest.hex() and facts[1]["seals"] == 0


def test_numbers_never_go_back(office: Office, signer: LocalSigner, tmp_path: Path) -> None:
    """Not even where the registry, the trust folder or the folder of publication is brought back from a backup."""
    out, trust = tmp_path / "out", office.home / "trust"

    def put(place: Path, sequence: int, by: LocalSigner = signer) -> None:
        place.mkdir(exist_ok=True)
        (place / STATUS_LIST).write_bytes(make_status_list(
            sequence=sequence, this_update=office.now, next_update=office.now + DAY, seals={}, signer=by).to_json())

    assert published(office, signer, out).listed.sequence == 1
    put(trust, 7)
    assert published(office, signer, out).listed.sequence == 8
    put(out, 20)
    assert published(office, signer, out).listed.sequence == 21
    (trust / STATUS_LIST).unlink()
    shutil.rmtree(out)
    assert published(office, signer, out).listed.sequence == 22
    (trust / STATUS_LIST).write_bytes(b"damaged")
    put(out, 1000, by=key())
    assert published(office, signer, out).listed.sequence == 23, "neither a damaged list nor a stranger's counts"


def test_a_signer_that_nobody_would_believe_publishes_nothing(office: Office, signer: LocalSigner) -> None:
    published(office, signer)
    before = (office.home / "trust" / STATUS_LIST).read_bytes()
    logged = events(office)
    stale = key(office.now - 12 * 365 * DAY)
    with pytest.raises(StatusListError, match=r"^seal-status\.chain: "):
        published(office, stale)
    assert (office.home / "trust" / STATUS_LIST).read_bytes() == before and events(office) == logged
    assert published(office, signer).listed.sequence == 2


def put_list(place: Path, office: Office, signer: LocalSigner, seals: dict[str, SealStatus], *, sequence: int = 50,
             at: dt.datetime | None = None) -> None:
    """Put a list with these entries into a folder of publication, as of an hour ago by default."""
    at = at or office.now - HOUR
    place.mkdir(exist_ok=True)
    (place / STATUS_LIST).write_bytes(make_status_list(
        sequence=sequence, this_update=at, next_update=at + DAY, seals=seals, signer=signer).to_json())


@pytest.mark.req("R-003-16", "R-003-17")
def test_a_restored_home_takes_no_loss_back(office: Office, signer: LocalSigner, tmp_path: Path) -> None:
    """The registry has forgotten a loss since its backup; the folder of publication, or the trust folder, has not."""
    case, out = office.in_use(), tmp_path / "out"
    used = status(office, signer, case)
    assert used is not None
    seal_id, begun = str(office.row(case).seal_id), office.now
    forward(office, 2 * HOUR)
    published(office, signer, out)
    logged, before = events(office), (office.home / "trust" / STATUS_LIST).read_bytes()
    for state, facts in ((SealState.LOST, {"since": begun + HOUR}), (SealState.CANCELLED, {"since": begun + HOUR}),
                         (SealState.RETIRED, {"until": begun + HOUR}),
                         (SealState.SUSPENDED, {"since": begun, "until": begun + HOUR})):
        ended = SealStatus(state=state, digest=used.digest, **facts)
        for place in (out, office.home / "trust"):
            safe = (place / STATUS_LIST).read_bytes()
            put_list(place, office, signer, {seal_id: ended})
            for _ in range(2):
                with pytest.raises(RegistryError, match=r"^publication\.taken-back: ") as refusal:
                    published(office, signer, out)
                assert refusal.value.facts["seals"] == f"{seal_id} ({state.value})"
                assert "重新办理挂失" in refusal.value.zh and "record the loss" in refusal.value.en
            (place / STATUS_LIST).write_bytes(safe)
    assert events(office) == logged and (office.home / "trust" / STATUS_LIST).read_bytes() == before
    put_list(out, office, signer, {seal_id: SealStatus(state=SealState.LOST, since=begun + HOUR, digest=used.digest)})
    again = forward(office, HOUR)
    office.act("保管人", "report-lost", case, {"reason": "密钥介质丢失"})
    told = published(office, signer, out).listed.seals[seal_id]
    assert (told.state, told.since) == (SealState.LOST, begun + HOUR), "since the moment that was published"
    assert again > begun + HOUR and "2026-03-02 11:30 起" in (out / PAGE).read_text()
    shutil.rmtree(out)
    assert published(office, signer, out).listed.seals[seal_id] == told, "the trust folder remembers it"


def test_a_suspension_that_was_published_stays_one(office: Office, signer: LocalSigner, tmp_path: Path) -> None:
    """A restored registry knows neither the suspension nor that it ended."""
    case, out = office.in_use(), tmp_path / "out"
    used, begun = status(office, signer, case), office.now
    assert used is not None
    seal_id = str(office.row(case).seal_id)
    forward(office, 3 * HOUR)
    stop = (begun + HOUR / 2, begun + HOUR)
    suspended = SealStatus(state=SealState.SUSPENDED, since=begun + HOUR * 1.5, digest=used.digest, stops=(stop,))
    put_list(out, office, signer, {seal_id: suspended}, at=office.now - HOUR)
    told = published(office, signer, out).listed.seals[seal_id]
    assert told == dataclasses.replace(used, stops=(stop, (begun + HOUR * 1.5, office.now - HOUR)))
    forward(office, HOUR)
    assert published(office, signer, out).listed.seals[seal_id] == told


def test_a_seal_that_is_suspended_all_the_time_has_no_stop(office: Office, signer: LocalSigner) -> None:
    case = office.in_use()
    published(office, signer)
    since = forward(office, HOUR)
    office.act("保管人", "suspend", case, {"reason": "清点"})
    for _ in range(3):
        forward(office, HOUR)
        told = status(office, signer, case)
        assert told is not None and (told.since, told.stops) == (since, ())
    office.act("保管人", "report-lost", case, {"reason": "丢失"})
    told = status(office, signer, case)
    assert told is not None and (told.state, told.since, told.stops) == (SealState.LOST, since, ())


def test_a_lost_seal_that_the_registry_does_not_know_stays_in_the_list(
    office: Office, signer: LocalSigner, tmp_path: Path,
) -> None:
    """Made and lost since the backup; also where its identifier was given to another seal."""
    case, out = office.in_use(), tmp_path / "out"
    seal_id = str(office.row(case).seal_id)
    lost = SealStatus(state=SealState.LOST, since=office.now - HOUR, digest=bytes(32))
    used = SealStatus(state=SealState.IN_USE, digest=bytes(32))
    put_list(out, office, signer, {"X-LOST": lost, "X-USED": used, seal_id: lost})
    made = published(office, signer, out)
    assert dict(made.listed.seals) == {"X-LOST": lost, seal_id: lost} and made.unknown == (seal_id, "X-LOST")
    assert made.counts == {SealState.LOST: 2} and seal_id not in (out / PAGE).read_text()
    assert published(office, signer, out).unknown == (seal_id, "X-LOST")


def test_a_seal_whose_end_was_published_may_be_renewed_again(office: Office, signer: LocalSigner) -> None:
    """Its use ended when that was published first, whatever moment the registry has now."""
    case = office.in_use()
    used, begun = status(office, signer, case), office.now
    assert used is not None
    forward(office, 3 * HOUR)
    put_list(office.home / "trust", office, signer, {
        str(office.row(case).seal_id): dataclasses.replace(used, state=SealState.RETIRED, until=begun + HOUR)})
    with office.registry.transaction() as t:
        t.session.get_one(Seal, case).in_use_until = office.now + DAY
    assert status(office, signer, case) == dataclasses.replace(used, state=SealState.RETIRED, until=begun + HOUR)


def test_only_a_genuine_list_holds_a_publication_up(office: Office, signer: LocalSigner, tmp_path: Path) -> None:
    """Not a stranger's, nor one of tomorrow, nor one whose certificate was revoked; but one that has run out."""
    case, out = office.in_use(), tmp_path / "out"
    used, begun = status(office, signer, case), office.now
    assert used is not None
    lost = {str(office.row(case).seal_id): SealStatus(state=SealState.LOST, since=begun, digest=used.digest)}
    put_list(out, office, key(), lost)
    assert published(office, signer, out)
    put_list(out, office, signer, lost, at=office.now + DAY)
    assert published(office, signer, out)
    forward(office, 40 * DAY)
    other = key()
    (office.home / "trust" / "status-signers" / "other.cer").write_bytes(other.certificate.der)
    put_list(out, office, other, lost, at=begun)
    with pytest.raises(RegistryError, match=r"^publication\.taken-back: "):
        published(office, signer, out)
    write_lists(office.home, other.certificate, at=office.now)
    shutil.copytree(office.home / "crls", office.home / "trust" / "crls", dirs_exist_ok=True)
    assert published(office, signer, out)


def test_a_clock_that_was_put_back_a_little_holds_nothing_up(office: Office, signer: LocalSigner) -> None:
    first = published(office, signer).listed
    office.now -= dt.timedelta(minutes=4)
    second = published(office, signer).listed
    assert (second.sequence, second.this_update) == (2, first.this_update)


@pytest.mark.parametrize("valid_for", [dt.timedelta(0), dt.timedelta(days=32), -DAY])
def test_a_list_is_good_for_a_minute_to_a_month(sqlite_office: Office, signer: LocalSigner,
                                                valid_for: dt.timedelta) -> None:
    with pytest.raises(RegistryError, match=r"^publication\.period: "):
        publish(sqlite_office.registry, signer=signer, valid_for=valid_for)


@pytest.fixture
def sqlite_office(tmp_path: Path) -> Iterator[Office]:
    """An office in SQLite, for what no database has a say in."""
    office = Office.found(make_home(tmp_path / "home"))
    fill_trust(office.home)
    yield office
    office.registry.close()


def test_a_failure_between_registry_and_files_loses_a_number_and_nothing_else(
    sqlite_office: Office, signer: LocalSigner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:
    """At each of the writes; the files in place stay those of the last publication that came to its end."""
    office, out, real = sqlite_office, tmp_path / "out", publication.write_atomic
    sequence = published(office, signer, out).listed.sequence
    for failing in (signer.certificate.fingerprint[:16] + ".cer", STATUS_LIST, PAGE):
        def write(path: Path, data: bytes, *, mode: int = 0o600, name: str = failing) -> None:
            if path.name == name:
                raise FileError(FileCode.NO_SPACE, "磁盘空间不足", "no space left")
            real(path, data, mode=mode)

        with monkeypatch.context() as patch:
            patch.setattr(publication, "write_atomic", write)
            with pytest.raises(FileError):
                published(office, signer, out)
        for place in (out, office.home / "trust"):
            assert read_status_list((place / STATUS_LIST).read_bytes()).sequence >= sequence
        made = published(office, signer, out)
        assert made.listed.sequence == sequence + 2
        assert (out / STATUS_LIST).read_bytes() == (office.home / "trust" / STATUS_LIST).read_bytes() == made.file
        sequence = made.listed.sequence


def _child(home: Path, out: Path, signer: LocalSigner, step: int) -> None:
    with Office.open(home).registry as registry:
        fall_at(step, (os, "write"), (os, "fsync"), (os, "open"), (Path, "replace"), (Session, "commit"))
        publish(registry, signer=signer, valid_for=DAY, out=out)


def test_a_kill_at_each_step_leaves_the_old_list_or_the_new(sqlite_office: Office, signer: LocalSigner,
                                                           tmp_path: Path) -> None:
    sqlite_office.in_use()
    old, fork = published(sqlite_office, signer, tmp_path / "public").file, multiprocessing.get_context("fork")
    sqlite_office.registry.close()
    for step in range(1, 100):
        home, out = tmp_path / f"home-{step}", tmp_path / f"out-{step}"
        shutil.copytree(sqlite_office.home, home)
        shutil.copytree(tmp_path / "public", out)
        child = fork.Process(target=_child, args=(home, out, signer, step))
        child.start()
        child.join(30)
        left = [(place / STATUS_LIST).read_bytes() for place in (home / "trust", out)]
        numbers = [read_status_list(data).sequence for data in left]
        assert all(data == old for data, number in zip(left, numbers, strict=True) if number == 1)
        assert set(numbers) <= {1, 2} and (out / PAGE).read_text().endswith("</html>\n")
        if child.exitcode == 0:
            assert numbers == [2, 2] and step > 15
            return
        with Office.open(home).registry as registry:
            made = publish(registry, signer=signer, valid_for=DAY, out=out)
        assert made.listed.sequence in (2, 3) and f"<dd>{made.listed.sequence}</dd>" in (out / PAGE).read_text()
        assert [(place / STATUS_LIST).read_bytes() for place in (home / "trust", out)] == [made.file] * 2
        shutil.rmtree(home)
    pytest.fail("the child never came to its end")


def test_two_at_once_have_two_numbers_and_the_later_one_stays(sqlite_office: Office, signer: LocalSigner,
                                                              tmp_path: Path) -> None:
    numbers: list[int] = []

    def run() -> None:
        with Office.open(sqlite_office.home).registry as registry:
            made = publish(registry, signer=signer, valid_for=DAY, out=tmp_path / "out")
            numbers.append(made.listed.sequence)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == [1, 2, 3, 4]
    for place in (tmp_path / "out", sqlite_office.home / "trust"):
        assert read_status_list((place / STATUS_LIST).read_bytes()).sequence == 4
    assert ">4<" in (tmp_path / "out" / PAGE).read_text()


def test_a_registry_that_lost_a_moment_publishes_nothing(sqlite_office: Office, signer: LocalSigner) -> None:
    office = sqlite_office
    case = office.in_use()
    with office.registry.transaction() as t:
        row = t.session.get(Seal, case)
        assert row is not None
        row.state = "lost"
    with pytest.raises(RegistryError, match=r"^registry\.damaged: "):
        published(office, signer)


def test_the_status_key_lies_in_the_home(sqlite_office: Office, signer: LocalSigner) -> None:
    home = Home.open(sqlite_office.home, environ={"ZHENGYIN_PASSWORD": "office"})
    with pytest.raises(RegistryError, match=r"^publication\.no-key: "):
        status_signer(home)
    pair = make_service("status", issuer=cas()["sm2-issuing"], now=sqlite_office.now)
    (home.path / "status").mkdir()
    (home.path / "status" / "status.cer").write_bytes(pair.certificate.der)
    store_key(home.path / "status" / "status.key", pair.key, PASSWORD, cost=CHEAP)
    assert published(sqlite_office, status_signer(home)).listed.sequence == 1  # type: ignore[arg-type]


# -- the page


def page_of(seals: list[PublicSeal], *, demo: bool = False) -> str:
    """The page of some seals."""
    at = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)
    signed = make_status_list(sequence=12, this_update=at, next_update=at + DAY,
                              seals={one.seal_id: one.status for one in seals}, signer=key())
    return draw_page(seals, read_status_list(signed.to_json()), office="测试市 <电子印章>", demo=demo)


def one_seal(state: SealState = SealState.IN_USE, *, seal_id: str = "A-1", name: str = CITY[1],
             type_: SealType = SealType.LEGAL_NAME, since: dt.datetime | None = None,
             until: dt.datetime | None = None) -> PublicSeal:
    return PublicSeal(
        code=CITY[0], organisation=CITY[1], name=name, type=type_, seal_id=seal_id,
        valid_end=dt.datetime(2028, 1, 1, tzinfo=dt.UTC),
        status=SealStatus(state=state, since=since, until=until, digest=bytes(32)))


@pytest.mark.req("R-003-16", "R-003-17", "R-003-19")
def test_the_page_shows_every_seal_and_first_those_that_must_not_be_used() -> None:
    lost = dt.datetime(2026, 3, 1, 16, 30, tzinfo=dt.UTC)
    ends = dt.datetime(2026, 6, 30, 16, 0, tzinfo=dt.UTC)
    soon = dt.datetime(2026, 4, 1, 0, 0, tzinfo=dt.UTC)
    text = page_of([
        one_seal(seal_id="A-1", since=lost), one_seal(SealState.LOST, seal_id="A-2", since=lost),
        one_seal(SealState.RETIRED, seal_id="A-3", until=lost), one_seal(SealState.MADE, seal_id="A-4"),
        one_seal(seal_id="A-5", since=soon, until=ends),
        one_seal(SealState.RETIRED, seal_id="A-6", until=dt.datetime(2028, 1, 1, tzinfo=dt.UTC))])
    first, _, everything = text.partition("全部印章（1 个单位，6 枚）")
    assert "A-2" in first and "A-1" not in first
    assert all(f"A-{number}" in everything for number in range(1, 7))
    rows = dict(re.findall(r'<span class="code">(A-\d)</span></td><td>(.*?)</td></tr>', everything))
    plain = {seal: re.sub(r"<[^>]+>", "", row) for seal, row in rows.items()}
    assert plain == {
        "A-1": "在用 in use2026-03-02 00:30 起", "A-2": "挂失 reported lost2026-03-02 00:30 起",
        "A-3": "已换发 replaced至 2026-03-02 00:30", "A-4": "尚未启用 not in use",
        "A-5": "待启用 scheduled2026-04-01 08:00 起 至 2026-07-01 00:00", "A-6": "已到期 expired至 2028-01-01 08:00"}
    for words in ("2026-03-02 09:00", "2026-03-03 09:00", "12", "演示印章状态发布", STATUS_LIST):
        assert words in text
    assert "演示，不具法律效力" not in text and "演示，不具法律效力" in page_of([], demo=True)


def test_the_page_needs_no_script_and_no_other_server_and_takes_no_markup_from_a_name() -> None:
    text = page_of([one_seal(name='<img src=x onerror="alert(1)">测试')])
    assert "<img" not in text and html.escape('<img src=x onerror="alert(1)">', quote=False).split(" ")[0] in text
    assert "测试市 &lt;电子印章&gt;" in text
    assert "<script" not in text and not re.search(r"https?://|//[a-z]|url\(|@import", text)
    assert re.findall(r'href="([^"]*)"', text) == [STATUS_LIST]
    assert "default-src 'none'" in text and '<html lang="zh-CN">' in text and "width=device-width" in text


@pytest.mark.req("R-003-03")
def test_nobody_is_named(sqlite_office: Office, signer: LocalSigner, tmp_path: Path) -> None:
    office = sqlite_office
    case = office.in_use()
    office.act("保管人", "report-lost", case, {"reason": "王某遗失"})
    made = published(office, signer, tmp_path)
    for text in ((tmp_path / PAGE).read_text(), made.file.decode()):
        assert not [name for name in (*ROLES, "王某") if name in text]
    assert COUNTY[1] in (tmp_path / PAGE).read_text() and COUNTY[1] not in made.file.decode()
    with office.registry.transaction() as t:
        row = t.session.get(Seal, case)
        assert row is not None
        row.type, row.name = SealType.PERSONAL.value, "测试某人"
    text = (published(office, signer, tmp_path), (tmp_path / PAGE).read_text())[1]
    assert "测试某人" not in text and "姓名不公示" in text


def test_ten_thousand_seals_are_published_in_seconds(sqlite_office: Office, signer: LocalSigner,
                                                     tmp_path: Path) -> None:
    office = sqlite_office
    model = office.row(office.in_use())
    columns = {column.key: getattr(model, column.key) for column in Seal.__mapper__.column_attrs
               if not column.deferred}
    with office.registry.transaction() as t:
        t.session.execute(insert(Organisation), [
            {"code": f"1114{number:014d}", "name": f"测试单位{number}"} for number in range(5000)])
        t.session.execute(insert(Seal), [
            {**columns, "imprint": b"", "case": f"S2027-{number:06d}", "seal_id": f"T-{number:08d}",
             "organisation": f"1114{number // 2:014d}", "documents": {}} for number in range(10_000)])
        t.session.execute(insert(Act), [
            {"digest": f"made up {number}", "type": "activate", "subject": f"S2027-{number:06d}", "at": office.now,
             "actor": model.custodian, "statement": b"",
             "outcome": {"case": f"S2027-{number:06d}", "state": model.state, "facts": {}}}
            for number in range(10_000)])
    with not_hanging():
        made = published(office, signer, tmp_path)
    assert Counter(made.counts) == {SealState.IN_USE: 10_001}
