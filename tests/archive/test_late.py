"""Renewals that come too late, as the command tells them: what was lost, when, and what is left to do."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.advice import advise
from archive.store import Archive
from codes.china_time import CHINA_TIME
from tests.archive.offices import copied
from tests.archive.years import Years, years
from tests.support.command import Call, caller

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Years, str]]:
    """A licence archived 2,000 days ago and left alone. Its certificates ended after three years, the timestamp
    service's after four; today there is a new one."""
    now = datetime.now(UTC).replace(microsecond=0)
    with years(tmp_path_factory.mktemp("late"), now - 2000 * DAY, tsa_years=4) as office:
        identifier = office.kept(office.issue(1))
        office.go_to_present(now)
        office.change_tsa(years=4)
        yield office, identifier


@pytest.fixture
def here(scene: tuple[Years, str], tmp_path: Path) -> Archive:
    """A copy of its archive."""
    return Archive(copied(scene[0].archive.path, tmp_path / "archive"))


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return caller(monkeypatch, capfd, "archive")


def end_of(office: Years) -> datetime:
    """When the first timestamp service ended, and all that rested on it."""
    start = office._start - DAY
    return start.replace(year=start.year + 4)


def ended(office: Years) -> str:
    """The day of it, as people are told."""
    return end_of(office).astimezone(CHINA_TIME).date().isoformat()


def halves(line: str) -> tuple[str, str]:
    """The Chinese and the English half of a line."""
    zh, _, en = line.partition(" / ")
    return zh, en


def test_the_answer_the_cause_and_the_cure_stand_first(scene: tuple[Years, str], here: Archive, call: Call) -> None:
    office, identifier = scene
    code, out, _ = call("verify", here.path, "--home", office.home.path)
    head, cause, cure, more = out.splitlines()
    assert code == 3 and head.startswith(f"? {identifier} 无法确定 / cannot say")
    assert "失效" in cause and f"its evidence lapsed at {ended(office)}" in cause
    assert cause.endswith("[package.evidence-lapsed]")
    zh, en = halves(cure.partition("what to do: ")[2])
    assert "来不及" in zh and "too late" in en and "请立即执行" not in out and "run zhengyin archive renew" not in out
    assert "--details" in more
    code, out, _ = call("verify", here.path, "--home", office.home.path, "--details")
    assert code == 3 and out.splitlines()[:3] == [head, cause, cure] and len(out.splitlines()) > 10
    assert "…" not in out
    code, out, _ = call("verify", here.path, "--home", office.home.path, "--json")
    value = json.loads(out)
    assert value["cause"]["code"] == "package.evidence-lapsed" and "too late" in value["cure"]["en"]


def test_a_renewal_that_comes_too_late_says_so_at_once(scene: tuple[Years, str], here: Archive, call: Call) -> None:
    office, identifier = scene
    code, out, err = call("renew", here.path, "--home", office.home.path)
    assert code == 4 and out.startswith(f"! {identifier} 续期已晚") and f"lapsed at {ended(office)}" in out
    assert "1 renewed" in err and f"for 1 this renewal came too late (it lapsed on {ended(office)})" in err
    assert f"1 件续期已晚（{ended(office)} 失效）" in err and "备份" in err and "a backup" in err
    assert call("renew", here.path, "--home", office.home.path)[0] == 0, "it is told once"
    code, out, _ = call("verify", here.path, "--home", office.home.path, "--at", (office.now + DAY).isoformat())
    assert code == 3 and "[package.evidence-gap]" in out.splitlines()[1] and "proven since" in out.splitlines()[0]
    assert f"from {office.now.astimezone(CHINA_TIME).year}" in out


def test_a_late_renewal_is_told_in_json(scene: tuple[Years, str], here: Archive, call: Call) -> None:
    code, out, _ = call("renew", here.path, "--home", scene[0].home.path, "--json")
    value = json.loads(out)
    assert code == 4 and (value["renewed"], value["too_late"]) == (True, True)
    assert datetime.fromisoformat(value["lapsed_at"]) == end_of(scene[0])


def test_of_time_that_nobody_believes_the_roots_are_asked_for(scene: tuple[Years, str], here: Archive) -> None:
    office, identifier = scene
    mine, office.archive = office.archive, here
    try:
        report = office.check(identifier, trust=dataclasses.replace(office.home.trust(), tsa=()))
    finally:
        office.archive = mine
    advice = advise(report)
    assert advice is not None and advice.code == "package.evidence-unjudged" and report.lapse is None
    assert advice.cure is not None and "--anchor" in advice.cure.zh and "--anchor" in advice.cure.en


@pytest.fixture(scope="module")
def young(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Years, str]]:
    """The timestamp service of the archive ended after one year. The original rests on no timestamp, and its
    certificates are still good."""
    now = datetime.now(UTC).replace(microsecond=0)
    with years(tmp_path_factory.mktemp("young"), now - 500 * DAY, tsa_years=1) as office:
        identifier = office.kept(office.untimed(1))
        office.go_to_present(now)
        office.change_tsa(years=4)
        yield office, identifier


def test_while_the_original_is_proven_renewing_still_saves_the_original(
    young: tuple[Years, str], call: Call,
) -> None:
    office, _ = young
    words = (office.archive.path, "--home", office.home.path)
    code, out, _ = call("verify", *words)
    _, cause, cure, *_ = out.splitlines()
    assert code == 3 and "[package.evidence-lapsed]" in cause
    assert "请立即执行 zhengyin archive renew" in cure and "run zhengyin archive renew now" in cure
    assert call("renew", *words)[0] == 4
    code, out, _ = call("verify", *words, "--at", (office.now + DAY).isoformat(), "--json")
    value = json.loads(out)
    assert code == 3 and value["original"] == "valid" and value["cause"]["code"] == "package.evidence-gap"
    assert "原件仍证明真实" in value["cure"]["zh"] and "the original is proven genuine" in value["cure"]["en"]


def test_what_is_due_and_holds_is_good_and_told_to_be_renewed(kept_due: tuple[Years, str], call: Call) -> None:
    office, _ = kept_due
    words = (office.archive.path, "--home", office.home.path)
    code, out, _ = call("verify", *words)
    head, cause, *_ = out.splitlines()
    assert code == 0 and "完好 / good" in head and "现已逾期" in cause and "is overdue" in cause
    code, out, err = call("renew", *words)
    assert code == 0 and "逾期，但尚未失效" in out and "overdue but not too late" in out and "too late:" not in err


@pytest.fixture
def kept_due(tmp_path: Path) -> Iterator[tuple[Years, str]]:
    """The timestamp service ends in a month."""
    now = datetime.now(UTC).replace(microsecond=0)
    with years(tmp_path, now - 335 * DAY, tsa_years=1) as office:
        identifier = office.kept(office.issue(1))
        office.go_to_present(now)
        office.change_tsa(years=4)
        yield office, identifier
