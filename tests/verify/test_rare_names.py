"""Rare names from the record to the verdict: drawn, extracted exactly, genuine; beyond the faces, by a pack."""

from __future__ import annotations

import hashlib
import io
import shutil
from pathlib import Path

import pypdf
import pytest
from typer.testing import CliRunner

import docgen
from certs.config import load_config, store_config
from certs.home import Home
from certs.trust import Trust
from cli.fonts import app as fonts_app
from docgen.faults import RecordError
from fonts import FontError
from fonts.outlines import make_table
from fonts.pack import load_pack
from tests.support.demo_home import copied_home
from tests.support.font_pack import BEYOND, LOOK, make_pack
from tests.verify.packages import Forger, check, codes, entries, record
from verify.model import Verdict

NAME = "测试𠮷㛃䶮𱆩𡆑䶵"
"""From the faces kai, song, rare-names and rare."""
HOLDER = "测试丙化工贸易有限公司"


def pdf_text(data: bytes) -> str:
    """All text that pypdf extracts."""
    return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages).replace("\n", "")


def test_a_rare_name_is_drawn_extracted_and_genuine(tmp_path: Path) -> None:
    home = copied_home(tmp_path / "home")
    issued = docgen.issue(record(企业法定代表人=NAME), home=home)
    assert NAME in pdf_text(issued.pdf)
    for data in (issued.ofd, issued.pdf):
        report = check(data, trust=home.trust())
        assert report.verdict is Verdict.VALID, codes(report)
        assert report.licence is not None
    if shutil.which("pdftotext"):
        import subprocess
        path = tmp_path / "rare.pdf"
        path.write_bytes(issued.pdf)
        seen = subprocess.run(["pdftotext", "-enc", "UTF-8", path, "-"], capture_output=True, check=True, text=True)
        assert NAME in seen.stdout.replace("\n", "")


def test_a_character_beyond_all_faces_is_named_and_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError) as caught:
        docgen.issue(record(企业法定代表人=f"测{BEYOND}"), home=copied_home(tmp_path / "home"))
    (fault,) = caught.value.faults
    assert fault.code == "text.undrawable" and "U+20004" in fault.zh and fault.field == "企业法定代表人"


@pytest.fixture
def packed(tmp_path: Path) -> tuple[Home, docgen.Issued]:
    """A licence with a character that only the pack named in the home's settings draws."""
    home = copied_home(tmp_path / "home")
    make_pack(home.path / "pack")
    config = load_config(home.path)
    store_config(home.path, type(config)(
        name=config.name, demo=config.demo, lookup_hosts=config.lookup_hosts, font_pack="pack"))
    home = Home.open(home.path, environ={})
    return home, docgen.issue(record(企业法定代表人=f"测{BEYOND}𠮷"), home=home)


def trusted(home: Home) -> Trust:
    """The trust folder after ``zhengyin fonts trust``."""
    assert home.font_pack is not None
    done = CliRunner().invoke(fonts_app, ["trust", str(home.font_pack), "--trust", str(home.trust_dir)])
    assert done.exit_code == 0, done.output
    return home.trust()


def test_a_pack_draws_it_and_the_file_says_which_font(packed: tuple[Home, docgen.Issued]) -> None:
    home, issued = packed
    assert home.font_pack is not None
    digest = hashlib.sha256((home.font_pack / "pack.ttf").read_bytes()).hexdigest()
    assert f"测{BEYOND}𠮷" in pdf_text(issued.pdf)
    report = check(issued.ofd, trust=home.trust())
    assert report.verdict is Verdict.INDETERMINATE
    unknown = [reason for reason in report.reasons if reason.code == "font.unknown"]
    assert unknown and digest in unknown[0].zh and "TestPack-Regular" in unknown[0].en


@pytest.mark.parametrize("half", ["ofd", "pdf"])
def test_a_pack_that_the_trust_folder_names_is_genuine(packed: tuple[Home, docgen.Issued], half: str) -> None:
    home, issued = packed
    report = check(getattr(issued, half), trust=trusted(home))
    assert report.verdict is Verdict.VALID, codes(report)


def test_a_false_glyph_under_a_trusted_pack_s_name_is_not_genuine(packed: tuple[Home, docgen.Issued]) -> None:
    """The same font with another outline, marked with the digest of the trusted one."""
    home, issued = packed
    parts = entries(issued.ofd)
    name = next(name for name, data in parts.items() if name.endswith(".ttf") and b"T\0e\0s\0t\0P" in data)
    assert home.font_pack is not None
    (face,) = load_pack(home.font_pack).faces
    (false,) = load_pack(make_pack(home.path / "false", look="上")).faces
    false._maker._mark = face.mark
    forged = Forger(home=home).apply({**parts, name: false.subset(frozenset(BEYOND)).data})
    report = check(forged, trust=trusted(home))
    assert report.verdict is Verdict.INVALID and "font.glyph" in codes(report)


@pytest.mark.parametrize("table", [b"", b"{}\n", b"rubbish" * 100])
def test_a_broken_table_in_the_trust_folder_makes_nothing_genuine(
    packed: tuple[Home, docgen.Issued], table: bytes,
) -> None:
    home, issued = packed
    trusted(home)
    (path,) = (home.trust_dir / "fonts").iterdir()
    path.write_bytes(table)
    report = check(issued.ofd, trust=home.trust())
    assert report.verdict is Verdict.INDETERMINATE and "font.unknown" in codes(report)


def test_the_table_of_another_font_under_the_digest_makes_nothing_genuine(
    packed: tuple[Home, docgen.Issued],
) -> None:
    home, issued = packed
    trusted(home)
    (path,) = (home.trust_dir / "fonts").iterdir()
    (other,) = load_pack(make_pack(home.path / "other", name="Other-Regular")).faces
    path.write_bytes(make_table(other.font, postscript_name="Other-Regular", sha256=path.stem))
    report = check(issued.ofd, trust=home.trust())
    assert report.verdict is Verdict.INDETERMINATE and "font.unknown" in codes(report)


def test_a_pack_can_be_an_argument_and_a_bad_one_is_refused(tmp_path: Path) -> None:
    home = copied_home(tmp_path / "home")
    with pytest.raises(FontError) as caught:
        docgen.issue(record(), home=home, font_pack=tmp_path / "none")
    assert caught.value.code == "font.pack"
    issued = docgen.issue(record(企业法定代表人=f"测{BEYOND}"), home=home, font_pack=make_pack(tmp_path / "pack"))
    assert BEYOND in pdf_text(issued.pdf)


def test_the_command_tells_who_draws_what(tmp_path: Path) -> None:
    run = CliRunner().invoke
    alone = run(fonts_app, ["show", "--text", f"测{BEYOND}"])
    assert alone.exit_code == 1 and "U+20004 没有字体能画" in alone.output
    pack = make_pack(tmp_path / "pack")
    with_pack = run(fonts_app, ["show", "--text", f"测{BEYOND}𡆑", "--pack", str(pack)])
    assert with_pack.exit_code == 0 and "U+20004 pack-" in with_pack.output and "U+21191 rare" in with_pack.output
    listed = run(fonts_app, ["show", "--pack", str(pack)])
    assert listed.exit_code == 0 and "ZhengyinRare-Regular" in listed.output and "SHA-256 " in listed.output
    assert run(fonts_app, ["show", "--pack", str(tmp_path / "none")]).exit_code == 2
    assert run(fonts_app, ["trust", str(tmp_path / "none"), "--trust", str(tmp_path)]).exit_code == 2
    assert LOOK != BEYOND
