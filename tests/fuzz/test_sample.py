"""A seeded sample of the fuzzer in every run; with ``make soak`` a million inputs, in a hundred shares.

Whole files go through ``verify.verify`` in a process of their own: nothing may raise, take five seconds of processor
time or 500 MB, or be called genuine that does not hold what a genuine file holds. Parts of files go to the readers
that take them: each answers or refuses, within the same bounds.
"""

from __future__ import annotations

import atexit
import functools
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz import running, zips
from tests.fuzz.corpus import FAMILIES, Corpus, load_corpus, make_corpus
from tests.fuzz.inputs import make_input
from tests.fuzz.oracle import Oracle
from tests.verify.packages import PAGE
from verify import verify
from verify.model import Verdict

ROOT = Path(__file__).parents[2]
SEED, SHARES = 20261126, 100
SAMPLE = {"run": 300, "parts": 3000}
SHARE = {"run": 1_500, "parts": 8_500}


@functools.cache
def folder() -> Path:
    """The seeds of this process; what is in them differs from process to process, as keys and times do."""
    made = Path(tempfile.mkdtemp(prefix="zhengyin-fuzz-"))
    atexit.register(_remove, made)
    return make_corpus(made)


def _remove(made: Path) -> None:
    """Keep the seeds only where an input broke a rule: it is made again from them."""
    if not any(not each.name.startswith("net-") for each in made.glob("faults/*")):
        shutil.rmtree(made, ignore_errors=True)


@functools.cache
def corpus() -> Corpus:
    return load_corpus(folder())


def looked_at(command: str, seed: int, start: int, count: int) -> dict[str, Any]:
    """Run the fuzzer's command line; every rule held."""
    done = subprocess.run([sys.executable, "-m", "tests.fuzz", command, str(folder()), "--seed", str(seed), "--start",
                           str(start), "--count", str(count)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    again = f"python -m tests.fuzz show {folder()} --seed {seed} --out FILE --number "
    assert not result["faults"], [(again + str(fault["number"]), fault) for fault in result["faults"][:5]]
    assert done.returncode == 0 and result["inputs"] == count
    return result


def test_a_sample_of_inputs_breaks_no_rule() -> None:
    result = looked_at("run", SEED, 0, SAMPLE["run"])
    assert {name.split()[0] for name in result["verdicts"]} == set(FAMILIES)
    assert sum(result["verdicts"].values()) == SAMPLE["run"] and len(result["codes"]) > 80


def test_a_sample_of_parts_is_read_or_refused() -> None:
    result = looked_at("parts", SEED, 0, SAMPLE["parts"])
    assert sum(result["verdicts"].values()) == SAMPLE["parts"] and len(result["codes"]) > 60
    for shape in ("der", "xml", "pdf", "zip"):
        assert result["codes"][f"{shape}: read"] > 50


@pytest.mark.soak
@pytest.mark.parametrize("share", range(SHARES))
def test_a_million_inputs_break_no_rule(share: int) -> None:
    for command, count in SHARE.items():
        looked_at(command, SEED + 1, share * count, count)


def test_every_seed_is_genuine_as_it_stands_and_the_rule_agrees() -> None:
    oracle = Oracle(corpus())
    for family in FAMILIES[:5]:
        at = corpus().moment(family)
        for seed in corpus().seeds[family]:
            report = verify(seed.data, trust=corpus().trust(family), at=at, clock_now=at)
            assert report.verdict is Verdict.VALID, seed.name
            assert not oracle.why_not(family, seed.data, insider=False)


def test_an_input_is_made_again_from_its_number(tmp_path: Path) -> None:
    made = [make_input(corpus(), SEED, number) for number in range(40)]
    assert [make_input(corpus(), SEED, each.number).data for each in made] == [each.data for each in made]
    assert sum(each.data != each.seed.data for each in made) > 30
    out = tmp_path / "input"
    subprocess.run([sys.executable, "-m", "tests.fuzz", "show", str(folder()), "--seed", str(SEED), "--number", "7",
                    "--out", str(out)], cwd=ROOT, capture_output=True, check=True)
    assert out.read_bytes() == made[7].data


def test_the_rule_tells_a_changed_file_from_a_genuine_one() -> None:
    oracle = Oracle(corpus())
    for family in ("own-ofd", "ofd", "ofd-values"):
        seed = corpus().seeds[family][0]
        parts = zips.parts_of(seed.data) or []
        changed = zips.pack([(name, data.replace(b"0", b"1", 1) if name == PAGE else data) for name, data in parts])
        assert oracle.why_not(family, changed, insider=False)
        assert oracle.why_not(family, zips.pack([*parts, ("more.xml", b"<a/>")]), insider=False)
        assert not oracle.why_not(family, zips.pack(parts), insider=False)
    for family in ("own-pdf", "pdf"):
        data = corpus().seeds[family][0].data
        for changed in (data[:50] + b"%" + data[51:], data + b"\n1 0 obj\n<<>>\nendobj\n", data[:-10]):
            assert oracle.why_not(family, changed, insider=False)
    assert oracle.why_not("photo", b"", insider=False)


@pytest.mark.parametrize(("key", "letter", "other", "why_not"), [
    (b"/Producer (", b"R", b"Q", False), (b"/ModDate (D\\072", b"2", b"1", False), (b"/ModDate (", b"D", b"E", True),
    (b"/Title (", b"u", b"v", True), (b"/Creator (", b"a", b"b", True), (b"/Author (", b"a", b"b", True),
    (b"/CreationDate (D\\072", b"2", b"1", True), (b"/", b"Producer", b"Produces", True)])
def test_when_and_by_what_a_file_was_saved_again_may_be_told_otherwise_behind_its_signatures(
        key: bytes, letter: bytes, other: bytes, why_not: bool) -> None:
    """The rule and the verifier agree, letter by letter."""
    data = next(seed.data for seed in corpus().seeds["pdf"] if seed.name == "long-term.pdf")
    head, last = data[:data.rindex(b"/Author")], data[data.rindex(b"/Author"):]
    assert last.count(key + letter) == 1 and b"/ByteRange" not in last
    changed, at = head + last.replace(key + letter, key + other), corpus().moment("pdf")
    assert bool(Oracle(corpus()).why_not("pdf", changed, insider=False)) is why_not
    report = verify(changed, trust=corpus().trust("pdf"), at=at, clock_now=at)
    assert (report.verdict is not Verdict.VALID) is why_not


def test_an_input_that_takes_too_long_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(running, "SECONDS", 0.000_01)
    result = running.run(corpus(), SEED, range(20), tmp_path)
    assert {fault.kind for fault in result.faults} == {"hangs"}
    assert all(Path(fault.file).read_bytes() for fault in result.faults)
