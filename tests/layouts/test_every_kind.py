"""Every kind that ships: it passes the designer's check, its samples issue, verify, and look alike in both formats.

The pictures of both renditions and their differences are kept under out/pictures/kinds.
"""

from __future__ import annotations

import functools
import json
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import docgen
import layouts
from certs.home import Home
from certs.sm3 import sm3
from docgen.design.contained import run
from docgen.design.folder import open_folder
from tests.interop.judges import FormJudge
from tests.interop.pictures import PICTURES, assert_same_pictures
from tests.interop.places import ofd_glyphs, pdf_glyphs, same_places
from tests.support.demo_home import make_home
from verify import verify

SAMPLES = [(code, name) for code in layouts.kinds() for name in open_folder(code).samples()]
_TOLERANCE_MM = 0.05


@dataclass(frozen=True)
class Sample:
    """One sample of a kind, issued."""

    code: str
    name: str
    ofd: Path
    pdf: Path
    home: Home

    @property
    def pictures(self) -> Path:
        return PICTURES / "kinds" / self.code / Path(self.name).stem


@pytest.fixture(scope="session")
def issue_sample(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Issues a sample once in this process."""
    folder = tmp_path_factory.mktemp("kinds")
    home = make_home(folder / "home", kinds=layouts.kinds())

    @functools.cache
    def issued(code: str, name: str) -> Sample:
        record = json.loads(layouts.resource(code, name))
        attachments = {}
        for key, field in layouts.load_kind(code).earlier.items():
            if record.get(field.label):
                first = issued(*_named(record[field.label].split()[0]))
                attachments[key] = first.ofd.read_bytes()
                record[field.label] = f"{first.ofd.stem} sm3:{sm3(attachments[key]).hex()}"
        result = docgen.issue(record, home=home, out=folder / code, attachments=attachments)
        assert result.ofd_path is not None and result.pdf_path is not None
        return Sample(code, name, result.ofd_path, result.pdf_path, home)

    return issued


def _named(identifier: str) -> tuple[str, str]:
    """The sample whose document has this identifier."""
    for code, name in SAMPLES:
        record = json.loads(layouts.resource(code, name))
        licence = docgen.validate(record, lookup_hosts=(), drawable=lambda _: set(), demo=True)
        if licence.identifier.text() == identifier:
            return code, name
    raise AssertionError(f"no sample is the earlier document {identifier}")


@pytest.fixture(params=SAMPLES, ids=lambda pair: f"{pair[0]}-{Path(pair[1]).stem}")
def sample(request: pytest.FixtureRequest, issue_sample: Any) -> Sample:
    """Each sample of each kind in turn."""
    issued: Sample = issue_sample(*request.param)
    return issued


@pytest.mark.req("R-003-04", "R-004-25")
@pytest.mark.parametrize("code", layouts.kinds())
def test_the_check_finds_nothing_to_mend(code: str) -> None:
    answer = run("check", open_folder(code))
    assert [(one.place, one.code, one.field, one.data, one.en) for one in answer.findings] == []
    assert answer.facts["notes"] == []
    assert len(answer.facts["drawn"]) >= 5


@pytest.mark.req("R-003-26")
def test_a_sample_issues_and_verifies(sample: Sample) -> None:
    for path in (sample.ofd, sample.pdf):
        report = verify(path, trust=sample.home.trust_dir)
        assert report.verdict == "valid", [(reason.code, reason.en) for reason in report.reasons]
        assert report.licence is not None


@pytest.mark.judge
def test_glyphs_of_both_formats_agree_in_place_and_shape(sample: Sample, poppler: None, tmp_path: Path) -> None:
    pages = ofd_glyphs(sample.ofd)
    assert pages and all(pages)
    for number, glyphs in enumerate(pages, 1):
        placed = pdf_glyphs(sample.pdf, number, tmp_path)
        assert len(placed) >= len(glyphs)
        assert same_places(glyphs, placed, _TOLERANCE_MM) == []


@pytest.mark.judge
def test_both_readers_extract_the_same_characters(sample: Sample, form_judge: FormJudge, poppler: None) -> None:
    by_poppler = subprocess.run(
        ["pdftotext", sample.pdf, "-"], check=True, capture_output=True, text=True).stdout.split("\f")[:-1]
    by_ofdrw = form_judge.ofd_text(sample.ofd)
    written = [Counter(glyph.name.split(" ", 1)[1] for glyph in page) for page in ofd_glyphs(sample.ofd)]
    assert [_characters(page) for page in by_poppler] == written
    assert [_characters(page) for page in by_ofdrw] == written


def _characters(text: str) -> Counter[str]:
    return Counter(re.sub(r"\s+", "", text))


@pytest.mark.judge
def test_verapdf_finds_the_rendition_compliant(sample: Sample, form_judge: FormJudge) -> None:
    answer = form_judge.pdf_a(sample.pdf)
    assert answer.ok, answer.text


@pytest.mark.judge
def test_ofdrw_accepts_the_seal(sample: Sample, form_judge: FormJudge) -> None:
    answer = form_judge.ofd_valid(sample.ofd)
    assert answer.ok, answer.text


@pytest.mark.judge
def test_both_renditions_look_the_same(sample: Sample, form_judge: FormJudge, poppler: None) -> None:
    assert_same_pictures(sample.pdf, sample.ofd, form_judge, sample.pictures)
