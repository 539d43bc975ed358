"""The letter that tries every word of the template language, before judges that we did not write."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pypdf
import pytest
from PIL import Image

from tests.interop.judges import FormJudge
from tests.interop.pictures import DPI, FAR, PICTURES, WORST_SHARE, WORST_TILE, best_difference, pdf_pictures, tiles
from tests.support.running_kind import PARAGRAPH, issued_letter

pytestmark = pytest.mark.judge


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("letter")
    (folder / "letter.ofd").write_bytes(issued_letter().ofd)
    (folder / "letter.pdf").write_bytes(issued_letter().pdf)
    return folder / "letter.ofd", folder / "letter.pdf"


def test_verapdf_and_ofdrw_accept_the_letter(files: tuple[Path, Path], form_judge: FormJudge) -> None:
    ofd, pdf = files
    assert (answer := form_judge.pdf_a(pdf)).ok, answer.text
    assert (answer := form_judge.ofd_valid(ofd)).ok, answer.text


def test_running_text_is_extracted_whole(files: tuple[Path, Path], form_judge: FormJudge) -> None:
    ofd, pdf = files
    texts = ["".join(page.extract_text() for page in pypdf.PdfReader(pdf).pages), "".join(form_judge.ofd_text(ofd))]
    for text in texts:
        plain = re.sub(r"\s+", "", text)
        assert plain.count(PARAGRAPH[:20]) >= 6
        assert plain.count("材料名称") == 2, "the heads of the table stand on both its pages"


def test_both_renditions_of_the_letter_look_the_same(
        files: tuple[Path, Path], form_judge: FormJudge, poppler: None) -> None:
    """All pages but for the gradients' own places: ofdrw's pictures show their mean (see the template language)."""
    ofd, pdf = files
    folder = PICTURES / "letter"
    folder.mkdir(parents=True, exist_ok=True)
    drawn_pdf = pdf_pictures(pdf, folder, DPI)
    drawn_ofd = form_judge.ofd_pictures(ofd, folder, DPI / 25.4)
    assert len(drawn_pdf) == len(drawn_ofd) == 3
    for number, (left, right) in enumerate(zip(drawn_pdf, drawn_ofd, strict=True)):
        difference = best_difference(left, right)
        Image.fromarray(difference.astype(np.uint8)).save(folder / f"difference-{left.stem}.png")
        far = difference > FAR
        if not number:
            top, bottom, edge = (round(mm * DPI / 25.4) for mm in (59, 92, 148))
            far[top:bottom, :edge] = False
        assert far.mean() < WORST_SHARE and tiles(far).max() < WORST_TILE, left.name
