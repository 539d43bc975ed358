"""Asking the CAs about a file: whom, how often, and what is told of it. The CA is a real server on this machine."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from certs.crl import Revocation
from certs.evidence_build import Material, new_record, renew
from certs.http_client import HttpCode, HttpError
from certs.timestamp_token import digest
from certs.trust import Trust
from certs.x509_build import TIME_STAMPING
from tests.certs.answering import World, served
from tests.certs.answers import responder
from tests.certs.core_pki import Entity
from tests.support.demo_home import shared_home
from tests.support.years import DAY, YearsOfTime
from tests.verify.packages import issued
from tests.verify.test_evidence import SOON, claimed
from verify.model import Verdict
from verify.online import Asked, Effect, Fresh, judge_online, read_paths, verify_online, write_paths
from verify.report import Report


@dataclass
class Scene:
    """An authority of time whose certificates name a server that tells whether they are revoked."""

    world: World
    years: YearsOfTime
    folder: Path
    address: str = "crl"

    def new_key(self) -> Entity:
        """The authority goes on with a new key."""
        number = len(self.years.keys)
        urls: dict[str, Any] = {f"{self.address}_urls": (f"{self.world.url}/{self.address}",)}
        self.years.keys.append(self.years.top.leaf(
            f"试验时间戳 {number}", 100 + number, not_before=self.years.now - DAY, not_after=self.years.now + 900 * DAY,
            ext_key_usage=(TIME_STAMPING,), **urls))
        return self.years.keys[-1]

    def later(self, **time: Any) -> datetime:
        """Some days later."""
        self.years.now += DAY * time["days"]
        self.world.now = self.years.now
        return self.years.now

    def record(self, *, renewals: int = 0) -> bytes:
        """Evidence of the licence, each time by another key."""
        self.new_key()
        record = new_record([digest("sm3", issued().ofd)], "sm3", self.years)[0]
        for _ in range(renewals):
            self.later(days=1)
            self.new_key()
            record = renew([record], self.years, Material(certificates=(self.years.top.certificate,)))[0]
        self.later(days=1)
        return record

    @property
    def trust(self) -> Trust:
        """Nothing is at hand about the authority of time, and of the licence's CAs what they said at its sealing."""
        return dataclasses.replace(shared_home().trust(), tsa=(self.years.top.certificate,))

    def asked(self, record: bytes, **options: Any) -> tuple[Report, Asked]:
        """Verify the licence online."""
        self.world.asked.clear()
        return verify_online(issued().ofd, trust=self.trust, inquiry=self.world.inquiry(self.folder, insist=True),
                             evidence=record, **{"at": self.years.now, "clock_now": self.years.now, **options})


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    years = YearsOfTime(now=claimed() + SOON)
    world = World(now=years.now)
    world.ca, world.by = years.top, responder(years.top)
    with served(world):
        yield Scene(world, years, tmp_path / "kept")


def test_the_authorities_of_evidence_are_asked_about(scene: Scene) -> None:
    record = scene.record()
    report, asked = scene.asked(record)
    assert report.evidence is not None
    assert (report.evidence.code, report.evidence.holds) == ("evidence.good", True)
    assert (scene.world.asked, asked.effect) == (["/crl"], Effect.ANSWERED)
    scene.world.down = True
    scene.folder = scene.folder.with_name("empty")
    report, asked = scene.asked(record)
    assert report.evidence is not None and (report.evidence.code, report.evidence.used) == ("evidence.lapsed", False)
    assert asked.troubles


def test_a_revoked_authority_is_learnt_of(scene: Scene) -> None:
    record = scene.record()
    scene.world.revoked = {scene.years.keys[-1].certificate.serial: Revocation(
        revoked_at=scene.years.now - DAY / 2, reason="keyCompromise")}
    report, _ = scene.asked(record)
    assert report.evidence is not None and not report.evidence.used


def test_older_timestamps_are_asked_about_once_newer_ones_hold(scene: Scene) -> None:
    begin, scene.address = scene.years.now, "ocsp"
    record = scene.record(renewals=2)
    report, asked = scene.asked(record)
    assert report.evidence is not None and report.evidence.proven_at == begin
    assert (asked.left_out, len(report.evidence.steps)) == (0, 3)
    assert scene.world.asked == ["/ocsp"] * 3


def test_more_steps_than_are_asked_about_are_told_and_prove_nothing_more(scene: Scene) -> None:
    """By OCSP each key is asked about by itself."""
    scene.address = "ocsp"
    report, asked = scene.asked(scene.record(renewals=6))
    assert scene.world.asked == ["/ocsp"] * 4
    assert report.evidence is not None and report.evidence.code == "evidence.gap"
    assert asked.left_out == 1
    assert "超出上限" in asked.to_lines()[0] and "beyond the limit" in asked.to_dict()["en"]


def trusting(ca: Entity) -> Trust:
    return Trust(name="x", lookup_hosts=(), roots=(ca.certificate,), data_signing={})


def test_what_is_asked_of_nobody_is_said(scene: Scene) -> None:
    ca = scene.world.ca
    mute, speaking = ca.leaf("无地址", 7), scene.world.leaf(serial=8)
    inquiry, believed = scene.world.inquiry(scene.folder, insist=True), trusting(ca)

    def told(*paths: tuple[Entity, ...], trust: Trust | None = believed) -> Asked:
        def judged(fresh: Fresh) -> str:
            fresh.seen([tuple(one.certificate for one in path) for path in paths])
            return ""

        return judge_online(judged, trust, inquiry, at=scene.world.now)[1]

    assert told((speaking, ca), trust=None).effect is Effect.NO_TRUST
    assert told().effect is Effect.NO_CHAIN
    assert told((speaking,)).effect is Effect.NO_CHAIN
    assert told((mute, ca)).effect is Effect.NO_ADDRESS
    assert not scene.world.asked
    assert told((mute, ca), (speaking, ca)).effect is Effect.ANSWERED
    scene.world.down = True
    assert told((scene.world.leaf(serial=9), ca)).effect is Effect.UNANSWERED
    for asked in (told(), told((mute, ca))):
        (line,) = asked.to_lines()
        assert "未向任何机构查询" in line and "nobody was asked" in line
        assert asked.to_dict()["effect"] in ("no-chain", "no-address")


def test_what_was_not_asked_any_more_when_the_time_had_run_out_is_told(tmp_path: Path) -> None:
    world, now, asked = World(), [0.0], list[str]()

    def slow(_method: str, url: str, *_: object, timeout_s: float, **_options: object) -> bytes:
        asked.append(url)
        now[0] += timeout_s
        raise HttpError(HttpCode.SLOW, "慢", "slow")

    paths = [(world.leaf(f"http://ca{number}.example/crl", serial=number).certificate, world.ca.certificate)
             for number in range(3, 8)]

    def judged(fresh: Fresh) -> None:
        now[0] += 1000                   # judging takes as long as it takes
        fresh.seen(paths)

    inquiry = world.inquiry(tmp_path, settings={"total_s": 20}, http=slow, insist=True, monotonic=lambda: now[0])
    _, told = judge_online(judged, trusting(world.ca), inquiry, at=world.now)
    assert now == [1020], "each by OCSP, then by the list"
    assert asked == [f"http://ca{number}.example/crl" for number in (3, 3, 4, 4)]
    assert (told.effect, [str(one.error.code) for one in told.troubles]) == (
        Effect.UNANSWERED, ["http.slow"] * 2 + ["revocation.out-of-time"] * 3)
    last = told.to_lines()[-1]
    assert "ca7.example" in last and "总时间（设置 total_s）已用完" in last and "had run out" in last


def test_chains_beyond_the_limit_are_counted(scene: Scene) -> None:
    ca = scene.world.ca
    paths = [(ca.leaf("某机关", number).certificate, ca.certificate) for number in range(10, 50)]
    first, second = Fresh(), Fresh()
    first.seen(paths)
    assert (len(first.paths), first.left_out) == (32, 8)
    read_paths(write_paths(first), second)
    assert (second.paths, second.left_out) == (first.paths, 8)
    values = write_paths(first)
    values["paths"][3] = ["garbage"]
    read_paths(values, second)
    assert (len(second.paths), second.left_out) == (31, 9)
    _, asked = judge_online(lambda fresh: fresh.seen(paths), trusting(ca),
                            scene.world.inquiry(scene.folder), at=scene.world.now)
    assert (asked.certificates, asked.left_out) == (32, 8)


def test_what_is_learnt_of_an_authority_of_time_says_nothing_of_the_seal(scene: Scene) -> None:
    bare = dataclasses.replace(scene.trust, crls=())
    report, asked = verify_online(issued().ofd, trust=bare, inquiry=scene.world.inquiry(scene.folder, insist=True),
                                  evidence=scene.record(), at=scene.years.now, clock_now=scene.years.now)
    assert (report.verdict, asked.effect) == (Verdict.INDETERMINATE, Effect.ANSWERED)
    assert report.evidence is not None and report.evidence.used
