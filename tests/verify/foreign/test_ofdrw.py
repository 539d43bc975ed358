"""OFD files that ofdrw wrote and signed, in every form that it knows: each 真实, or the true reason why not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from certs.trust import Trust
from tests.interop.judges import FormJudge
from tests.support.demo_home import imprint
from tests.verify.foreign.values import World, world
from tests.verify.foreign.vendors import codes, pack, weighing
from tests.verify.packages import entries
from verify import verify
from verify.model import Verdict
from verify.report import Report

pytestmark = pytest.mark.judge
ALL = ("pages", "image", "annotation", "watermark", "attachment")
DAY = dt.timedelta(days=1)
FORMS = {"ses-v1": "SES v1", "ses-v4": "SES v4", "gbt35275": "GB/T 35275", "gbt35275-pkcs9": "GB/T 35275"}


@dataclass(frozen=True)
class Writer:
    """ofdrw with the keys of the tests' world."""

    judge: FormJudge
    folder: Path
    world: World

    def seal(self, form: str) -> Path:
        """A seal that ofdrw made, of the form that the signature needs."""
        now = dt.datetime.now(dt.UTC)
        return self.judge.write_seal(
            form, self.folder / f"{form}.esl", key=self._file("maker.key", self.world.maker.key.pkcs8()),
            maker=self._file("maker.cer", self.world.maker.certificate.der),
            signer=self._file("signer.cer", self.world.signer.certificate.der),
            picture=self._file("seal.png", imprint("某市测试局", 42)), name="某市测试局", es_id="OFDRW-1",
            diameter_mm=42, created=now - DAY, start=now - DAY, end=now + 300 * DAY)

    def document(self, *options: str) -> Path:
        """A document with these options."""
        return self.judge.make_ofd(self.folder / f"{'-'.join(options) or 'plain'}.ofd", *options,
                                   picture=self._file("seal.png", imprint("某市测试局", 42)),
                                   attachment=self._file("data.xml", b"<data/>"))

    def signed(self, form: str, file: Path, *options: str) -> Path:
        """One more signature."""
        kind = "v1" if form == "ses-v1" else "v4"
        out = file.with_name(f"{file.stem}-{form}-{len(list(self.folder.iterdir()))}.ofd")
        return self.judge.sign_ofd(
            form, file, out, *options, key=self._file("signer.key", self.world.signer.key.pkcs8()),
            certificate=self._file("signer.cer", self.world.signer.certificate.der), seal=self.seal(kind))

    def _file(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def edited(self, file: Path, *options: str) -> Path:
        """What ofdrw makes of a file when it adds something."""
        return self.judge.edit_ofd(file, file.with_name(f"edited-{file.name}"), *options,
                                   attachment=self._file("data.xml", b"<data/>"))

    def check(self, data: Path | bytes, **changes: Any) -> Report:
        """The report of this program, trusting the world's root and seal maker."""
        now = dt.datetime.now(dt.UTC)
        trust: Trust = self.world.trust(crls=(
            self.world.root.crl(this_update=now - DAY, next_update=now + DAY),
            self.world.rsa_root.crl(this_update=now - DAY, next_update=now + DAY)), **changes)
        return verify(data, trust=trust)


@pytest.fixture(scope="module")
def writer(form_judge: FormJudge, tmp_path_factory: pytest.TempPathFactory) -> Writer:
    return Writer(form_judge, tmp_path_factory.mktemp("ofdrw"), world())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("options", [(), ALL], ids=["plain", "with everything"])
@pytest.mark.parametrize("mode", [("whole",), ()], ids=["whole", "continue"])
def test_one_signature(writer: Writer, form: str, options: tuple[str, ...], mode: tuple[str, ...]) -> None:
    report = writer.check(writer.signed(form, writer.document(*options), *mode))
    assert report.verdict is Verdict.VALID, (weighing(report), report.to_text())
    assert [(each.kind, each.indication) for each in report.signatures] == [(FORMS[form], "TOTAL-PASSED")]
    assert report.exit_code == 3 and "foreign.no-licence" in codes(report)
    assert ("foreign.rollback" in codes(report)) is (mode == ())


def test_a_seal_across_the_pages(writer: Writer) -> None:
    report = writer.check(writer.signed("ses-v4", writer.document("pages"), "riding", "standard-id"))
    assert report.verdict is Verdict.VALID, weighing(report)
    (signature,) = report.signatures
    assert signature.id == "s001" and sorted(stamp.page for stamp in signature.stamps) == [1, 1, 2]


def test_several_signatures_of_several_forms(writer: Writer) -> None:
    file = writer.document(*ALL)
    for form in ("ses-v4", "gbt35275", "ses-v1"):
        file = writer.signed(form, file)
    report = writer.check(file)
    assert report.verdict is Verdict.VALID, weighing(report)
    assert [each.kind for each in report.signatures] == ["SES v4", "GB/T 35275", "SES v1"]
    assert len({each.id for each in report.signatures}) == 3
    page = next(entry for entry in report.coverage.entries if entry.part == "page")
    assert page.by == tuple(each.id for each in report.signatures)


def test_an_annotation_added_after_the_signature_is_named_with_its_page_and_place(writer: Writer) -> None:
    signed = writer.signed("ses-v4", writer.document())
    report = writer.check(writer.edited(signed, "annotation"))
    assert report.verdict is not Verdict.VALID
    (place,) = [part for part in report.coverage.loose if part.part == "annotation"]
    assert place.page == 1 and place.box is not None and (place.box.x_mm, place.box.y_mm) == (50, 60)
    assert "coverage.page" in weighing(report)


def test_an_attachment_added_after_the_signature_is_named(writer: Writer) -> None:
    signed = writer.signed("ses-v4", writer.document())
    report = writer.check(writer.edited(signed, "attachment"))
    assert report.verdict is not Verdict.VALID
    assert any(entry.part == "attachment" and entry.standing == "picture" for entry in report.coverage.entries)


@pytest.mark.parametrize("form", FORMS)
def test_a_changed_page_is_not_genuine(writer: Writer, form: str) -> None:
    parts = entries(writer.signed(form, writer.document()).read_bytes())
    (page,) = [name for name in parts if "/Pages/" in name and name.endswith("Content.xml")]
    changed = parts[page].replace("合同".encode(), "发票".encode())
    assert changed != parts[page]
    report = writer.check(pack({**parts, page: changed}))
    assert report.verdict is Verdict.INVALID and "seal.changed" in weighing(report)


def test_an_unknown_signer_is_said_to_be_unknown(writer: Writer) -> None:
    file = writer.signed("gbt35275", writer.document())
    report = writer.check(file, roots=(world().rsa_root.certificate,))
    assert report.verdict is Verdict.INDETERMINATE and "trust.chain" in weighing(report)
