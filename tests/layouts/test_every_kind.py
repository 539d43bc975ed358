"""Every kind that ships: it passes the designer's check, its samples issue, verify and say the same in both formats.

How they look: tests/layouts/test_every_picture.py.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

import layouts
from docgen.design.contained import run
from docgen.design.folder import open_folder
from tests.interop.judges import FormJudge
from tests.interop.places import ofd_glyphs, pdf_glyphs, same_places
from tests.support.kind_samples import Sample, issue_sample, sample
from verify import verify

__all__ = ["issue_sample", "sample"]

_TOLERANCE_MM = 0.05
UNPRINTED = {
    "K0": ("类别标准名称", "持有者类型", "持有者名称", "证件号码", "发证机构是否属于应急局", "联系人电话", "是否延期"),
    "K3": ("中央管理企业所属",),
    "K6a": ("发证机关层级", "许可事项", "办理类型"), "K6b": ("发证机关层级", "许可事项", "办理类型"),
    "K8": ("文化程度", "原法定退休年龄"), "LBL": ("标签规格", "安全技术说明书"),
}
"""Required data of a record that its pages do not print: they decide what is printed, or are for the register alone."""


@pytest.mark.req("R-003-04", "R-004-25")
@pytest.mark.parametrize("code", layouts.kinds())
def test_the_check_finds_nothing_to_mend(code: str) -> None:
    answer = run("check", open_folder(code))
    assert [(one.place, one.code, one.field, one.data, one.en) for one in answer.findings] == []
    assert [(one["code"], one["field"]) for one in answer.facts["notes"]] == [
        ("design.not-printed", field) for field in UNPRINTED.get(code, ())]
    assert len(answer.facts["drawn"]) >= 5


@pytest.mark.req("R-003-25", "R-003-26")
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
