"""What was released stays released: a kind's data and drawings by version, and packages of earlier versions."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

import docgen
import layouts
from cli.kinds_release import release_kind
from codes.errors import EngineError
from docgen.design.scaffold import new_kind
from layouts import KindError, load_kind
from layouts.released import (
    ARTWORK,
    KIND,
    Paint,
    Shape,
    read_artwork,
    released_artwork,
    released_file,
    rule_of,
    template_digest,
)
from tests.design.kinds import decided
from tests.support.demo_home import make_home
from tests.support.installed_kinds import installed_kinds
from verify import verify
from verify.model import Verdict
from verify.report import Report

__all__ = ["installed_kinds"]

LAYOUTS = Path(layouts.__file__).parent
RELEASED: dict[str, str] = json.loads((Path(__file__).parent / "released_kinds.json").read_text(encoding="utf-8"))
CODE = "V9"


def released_files() -> dict[str, Path]:
    return {str(path.relative_to(LAYOUTS)): path for path in sorted(LAYOUTS.glob("*/released/*/*.json"))}


@pytest.mark.parametrize("name", RELEASED)
def test_a_released_file_never_changes_and_is_never_taken_away(name: str) -> None:
    assert hashlib.sha256((LAYOUTS / name).read_bytes()).hexdigest() == RELEASED[name]


def test_every_released_file_is_listed() -> None:
    assert set(released_files()) == set(RELEASED)


@pytest.mark.parametrize("code", layouts.kinds())
def test_the_table_of_a_kind_that_ships_holds_everything_that_it_draws(code: str) -> None:
    version = load_kind(code).version
    assert released_file(code, version, ARTWORK) and released_file(code, version, KIND)
    assert release_kind(code) == (LAYOUTS / code / "released" / version, False)


# -- a kind of a department, raised from version to version


def changed(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    layouts.forget()


def made(folder: Path) -> Path:
    new_kind(CODE, name="试验许可证", out=folder)
    layouts.add_folder(folder)
    return decided(folder / CODE)


def raised(kind: Path) -> None:
    """Version 1.1: another label, another border."""
    changed(kind / "kind.json", ('"version": "1.0"', '"version": "1.1"'),
            ('"label": "法定代表人", "text"', '"label": "负责人", "text"'))
    changed(kind / "pages.xml", ('row("法定代表人", ', 'row("负责人", '))
    changed(kind / "art" / "border.svg", ("#2f5d8a", "#8a2f5d"))


def weighing(report: Report) -> set[str]:
    return {reason.code for reason in report.reasons if report.weighs(reason)}


def test_packages_of_an_earlier_version_stay_genuine(tmp_path: Path) -> None:
    kind = made(tmp_path / "kinds")
    assert release_kind(CODE) == (kind / "released" / "1.0", True)
    home = make_home(tmp_path / "home", kinds=(CODE,))
    record = json.loads((kind / "samples" / "example-1.json").read_bytes())
    first = docgen.issue(record, home=home)
    raised(kind)
    release_kind(CODE)
    second = docgen.issue({**record, "许可证编号": record["许可证编号"][:-1] + "2",
                           "二维码": record["二维码"][:-1] + "2"}, home=home)
    for package in (first, second):
        for data in (package.ofd, package.pdf):
            report = verify(data, trust=home.trust())
            assert report.verdict is Verdict.VALID, report.to_text()
            assert "page.artwork-unreleased" not in {reason.code for reason in report.reasons}
    shutil.rmtree(kind / "released" / "1.0")
    layouts.forget()
    for data in (first.ofd, first.pdf):
        report = verify(data, trust=home.trust())
        assert report.verdict is Verdict.INDETERMINATE
        assert "record.kind-version" in weighing(report) and "1.0" in report.to_text()


def test_a_package_is_held_against_the_drawings_of_its_own_version(tmp_path: Path) -> None:
    kind = made(tmp_path / "kinds")
    home = make_home(tmp_path / "home", kinds=(CODE,))
    changed(kind / "art" / "border.svg", ("#2f5d8a", "#8a2f5d"))
    record = json.loads((kind / "samples" / "example-1.json").read_bytes())
    package = docgen.issue(record, home=home)                           # before anything was released
    changed(kind / "art" / "border.svg", ("#8a2f5d", "#2f5d8a"))
    release_kind(CODE)
    for data in (package.ofd, package.pdf):
        report = verify(data, trust=home.trust())
        assert report.verdict is Verdict.INVALID and weighing(report) >= {"page.artwork"}


@pytest.mark.parametrize(("file", "old", "new"), [
    ("art/border.svg", "#2f5d8a", "#8a2f5d"), ("kind.json", '"name": "试验许可证"', '"name": "试验准可证"'),
])
def test_a_kind_that_was_changed_under_its_released_version_is_not_issued_and_judged_as_released(
    tmp_path: Path, file: str, old: str, new: str,
) -> None:
    """Whoever has the released data would call it not genuine; so it is refused where it can still be mended."""
    kind = made(tmp_path / "kinds")
    release_kind(CODE)
    home = make_home(tmp_path / "home", kinds=(CODE,))
    record = json.loads((kind / "samples" / "example-1.json").read_bytes())
    good = docgen.issue(record, home=home)
    changed(kind / file, (old, new))
    other = {**record, "许可证编号": record["许可证编号"][:-1] + "2", "二维码": record["二维码"][:-1] + "2"}
    with pytest.raises(EngineError) as refusal:
        docgen.issue(other, home=home)
    assert refusal.value.code == "issue.kind-unreleased" and "1.0" in refusal.value.zh
    assert verify(good.ofd, trust=home.trust()).verdict is Verdict.VALID
    assert load_kind(CODE, "1.0").name == "试验许可证"
    changed(kind / file, (new, old))
    assert docgen.issue(other, home=home).ofd


def test_a_kind_without_a_table_is_said_to_have_none(tmp_path: Path) -> None:
    kind = made(tmp_path / "kinds")
    home = make_home(tmp_path / "home", kinds=(CODE,))
    package = docgen.issue(json.loads((kind / "samples" / "example-1.json").read_bytes()), home=home)
    for data in (package.ofd, package.pdf):
        report = verify(data, trust=home.trust())
        assert report.verdict is Verdict.VALID
        assert [reason.code for reason in report.reasons].count("page.artwork-unreleased") == 1


def test_a_released_version_is_never_another(tmp_path: Path) -> None:
    kind = made(tmp_path / "kinds")
    place, new = release_kind(str(kind))
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    assert new and set(before) == {KIND, ARTWORK}
    assert release_kind(CODE) == (place, False)
    changed(kind / "kind.json", ('"label": "法定代表人", "text"', '"label": "负责人", "text"'))
    changed(kind / "pages.xml", ('row("法定代表人", ', 'row("负责人", '))
    for add in (False, True):
        with pytest.raises(KindError) as refused:
            release_kind(CODE, add=add)
        assert refused.value.code == "kind.released"
    changed(kind / "kind.json", ('"label": "负责人", "text"', '"label": "法定代表人", "text"'))
    changed(kind / "pages.xml", ('row("负责人", ', 'row("法定代表人", '))
    changed(kind / "art" / "border.svg", ("#2f5d8a", "#8a2f5d"))
    with pytest.raises(KindError) as refused:
        release_kind(CODE)
    assert refused.value.code == "kind.released"
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before
    assert release_kind(CODE, add=True) == (place, True)
    longer = read_artwork((place / ARTWORK).read_bytes(), CODE, "1.0")
    shorter = read_artwork(before[ARTWORK], CODE, "1.0")
    assert set(longer.sheets) > set(shorter.sheets) and (place / KIND).read_bytes() == before[KIND]


def test_a_gradient_of_a_single_page_cannot_be_released(tmp_path: Path) -> None:
    kind = made(tmp_path / "kinds")
    (kind / "art" / "sun.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="10mm" height="10mm" viewBox="0 0 10 10"><defs>'
        '<linearGradient id="g"><stop offset="0" stop-color="#ffffff"/><stop offset="1" stop-color="#eeddaa"/>'
        '</linearGradient></defs><rect width="10" height="10" fill="url(#g)"/></svg>', encoding="utf-8")
    changed(kind / "pages.xml", ('<qr x="232"', '<ornament src="sun.svg" x="60" y="180" width="8"/><qr x="232"'))
    with pytest.raises(KindError) as refused:
        release_kind(CODE)
    assert refused.value.code == "kind.data" and not (kind / "released").exists()


@pytest.mark.parametrize("data", [
    b"", b"[]", b"{}", b"null", b'{"form": 2}', b'{"form": 1, "code": "K0", "version": "1.0", "chosen": null}',
    b'{"form": 1, "code": "K0", "version": "1.0", "chosen": 3, "sheets": [], "loose": {}}',
    b'{"form": 1, "code": "K0", "version": "1.0", "chosen": null, "sheets": [{"role": "x"}], "loose": {}}',
    b'{"form": 1, "code": "K1", "version": "1.0", "chosen": null, "sheets": [], "loose": {}}', b"[" * 100_000])
def test_a_table_that_makes_no_sense_is_named(data: bytes) -> None:
    with pytest.raises(KindError) as refused:
        read_artwork(data, "K0", "1.0")
    assert refused.value.code == "kind.data"


@pytest.mark.parametrize("version", ["", "..", "1", "1.0/../1.0", "1.0.0", "１.0", "1.0\n", "v1.0", "9.9"])
def test_only_versions_that_were_released_are_read(version: str) -> None:
    assert released_file("K0", version, KIND) is None and released_artwork("K0", version) is None
    with pytest.raises(KindError) as refused:
        load_kind("K0", version)
    assert refused.value.code == "kind.version"


def test_a_template_is_known_whatever_numbers_its_objects_have() -> None:
    one = b'<a ID="1"><b ID="2" X="1"/></a>'
    assert template_digest(one) == template_digest(b'<a ID="71"><b ID="2000" X="1"/></a>')
    assert template_digest(one) != template_digest(b'<a ID="1"><b ID="2" X="2"/></a>')


BLACK = Paint((), (0, 0, 0, 255), 200)
GREY = Paint((200, 200, 200, 255))


@pytest.mark.parametrize(("shape", "known"), [
    (Shape(BLACK, "MLLLZ", (0, 0, 9, 0, 9, 5, 0, 5)), ("frame", (0, 9), (0, 5))),
    (Shape(GREY, "MLLLZ", (0, 0, 9, 0, 9, 5, 0, 5)), ("band", (0, 9), (0, 5))),
    (Shape(BLACK, "MLLLZML", (0, 0, 9, 0, 9, 5, 0, 5, 4, 0, 4, 5)), ("frame", (0, 9, 4), (0, 5))),
    (Shape(BLACK, "MLMLMLML", (0, 0, 9, 0, 0, 5, 9, 5, 0, 0, 0, 5, 9, 0, 9, 5)), ("grid", (0, 9), (0, 5))),
    (Shape(GREY, "MLLLZML", (0, 0, 9, 0, 9, 5, 0, 5, 4, 0, 4, 5)), None),
    (Shape(Paint(GREY.fill, BLACK.stroke, 200), "MLLLZ", (0, 0, 9, 0, 9, 5, 0, 5)), None),
    (Shape(BLACK, "MLLLZ", (0, 0, 9, 1, 9, 5, 0, 5)), None),
    (Shape(BLACK, "MLLLZ", (9, 0, 0, 0, 0, 5, 9, 5)), None),
    (Shape(BLACK, "MLLLZML", (0, 0, 9, 0, 9, 5, 0, 5, 4, 1, 4, 5)), None),
    (Shape(BLACK, "MLMLMLML", (0, 0, 9, 0, 0, 5, 8, 5, 0, 0, 0, 5, 9, 0, 9, 5)), None),
    (Shape(BLACK, "MLMLMLML", (0, 0, 9, 0, 0, 5, 9, 5, 0, 0, 0, 4, 9, 0, 9, 5)), None),
    (Shape(BLACK, "MLMLMLML", (0, 5, 9, 5, 0, 0, 9, 0, 0, 0, 0, 5, 9, 0, 9, 5)), None),
    (Shape(BLACK, "ML", (0, 0, 9, 0)), None), (Shape(BLACK, "", ()), None),
    (Shape(BLACK, "MLMLMLML", (0, 0, 9, 0, 0, 5, 9, 5, 0, 0, 5, 5, 9, 0, 9, 5)), None),
])
def test_lines_that_follow_the_text_have_one_form(
    shape: Shape, known: tuple[str, tuple[int, ...], tuple[int, ...]] | None,
) -> None:
    found = rule_of(shape)
    assert (None if found is None else (found[0].form, found[0].xs, found[1])) == known
