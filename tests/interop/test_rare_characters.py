"""Rare names as programs that we did not write read them: text exactly, pictures alike, the form compliant."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pypdf
import pytest

import docgen
from tests.interop.judges import FormJudge
from tests.interop.pictures import PICTURES, assert_same_pictures
from tests.support.demo_home import copied_home
from tests.support.font_pack import BEYOND, make_pack
from tests.verify.packages import record

pytestmark = pytest.mark.judge

NAME = f"测试𠮷㛃䶮𱆩𡆑{BEYOND}"
"""From the faces kai, song, rare-names, rare, and a font pack."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A licence with a rare name: OFD and PDF."""
    folder = tmp_path_factory.mktemp("rare")
    issued = docgen.issue(record(企业法定代表人=NAME), home=copied_home(folder / "home"), out=folder,
                          font_pack=make_pack(folder / "pack"))
    assert issued.ofd_path and issued.pdf_path
    return issued.ofd_path, issued.pdf_path


def joined(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_pypdf_and_poppler_extract_the_name_exactly(files: tuple[Path, Path], poppler: None) -> None:
    _, pdf = files
    assert NAME in joined("".join(page.extract_text() for page in pypdf.PdfReader(pdf).pages))
    seen = subprocess.run(["pdftotext", "-enc", "UTF-8", pdf, "-"], check=True, capture_output=True, text=True)
    assert NAME in joined(seen.stdout)


def test_ofdrw_extracts_the_name_exactly(files: tuple[Path, Path], form_judge: FormJudge) -> None:
    assert NAME in joined("".join(form_judge.ofd_text(files[0])))


def test_the_form_is_compliant_and_the_seal_accepted(files: tuple[Path, Path], form_judge: FormJudge) -> None:
    for answer in (form_judge.pdf_a(files[1]), form_judge.ofd_valid(files[0])):
        assert answer.ok, answer.text


def test_both_renditions_look_the_same(files: tuple[Path, Path], form_judge: FormJudge, poppler: None) -> None:
    assert_same_pictures(files[1], files[0], form_judge, PICTURES / "rare-name")
