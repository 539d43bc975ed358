"""Every sample of every kind, judged by veraPDF and ofdrw and drawn by poppler and ofdrw.

The pictures of both renditions and their differences are kept under out/pictures/kinds.
"""

from __future__ import annotations

import pytest

from tests.interop.judges import FormJudge
from tests.interop.pictures import assert_same_pictures
from tests.support.kind_samples import Sample, issue_sample, sample

__all__ = ["issue_sample", "sample"]


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
