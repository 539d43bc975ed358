"""``zhengyin archive`` as it is called: words, exit codes, JSON; restoring what is good of what is damaged."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.manifest import Listed, Manifest
from archive.restoring import Restored, restore
from archive.snapshot import with_snapshot
from certs import p256
from certs.trust import Trust
from certs.x509 import Certificate
from certs.x509_build import build_certificate
from codes.identifier import Identifier
from tests.archive.conftest import Kept
from tests.archive.offices import Office
from tests.support.bounds import not_hanging
from tests.support.command import Call, caller
from verify import verify


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return caller(monkeypatch, capfd, "archive")


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_packages_are_made_listed_and_verified(kept: Kept, tmp_path: Path, call: Call) -> None:
    folder = tmp_path / "issued"
    folder.mkdir()
    for place, data in enumerate(kept.packages):
        (folder / f"{place}.ofd").write_bytes(data)
    (folder / "forged.ofd").write_bytes(kept.packages[0][:-100])
    archive, home = tmp_path / "archive", kept.office.home.path
    code, out, err = call("make", folder, "--to", archive, "--home", home)
    assert code == 1 and out.count("已归档 / archived") == 2 and "archive.not-genuine" in out, out + err
    (folder / "forged.ofd").unlink()
    code, out, _ = call("make", folder, "--to", archive, "--home", home, "--json")
    assert code == 0 and [line["repeated"] for line in lines(out)] == [True, True]
    code, out, _ = call("list", archive)
    assert code == 0 and all(identifier in out for identifier in kept.identifiers)
    code, out, _ = call("list", archive, "--due", "2027-01-01", "--json")
    assert (code, out) == (0, "")
    code, out, _ = call("verify", archive, "--home", home)
    assert code == 0 and out.count("完好 / good") == 2
    code, out, _ = call("verify", archive, kept.identifiers[0], "--trust", home / "trust", "--json")
    assert code == 0 and lines(out)[0]["verdict"] == "valid"
    code, anchors, _ = call("list", archive, "--anchors")
    named = [word for line in anchors.split() for word in ("--anchor", line)]
    assert call("verify", archive, *named)[0] == 0
    code, out, _ = call("verify", archive, "--anchor", "0" * 64)
    assert code == 3 and "无法确定" in out
    assert call("verify", archive, "--anchor", "xyz")[0] == 3
    assert call("verify", archive, *named, "--trust", home / "trust")[0] == 2
    code, out, err = call("renew", archive, "--home", home)
    assert code == 0 and "0 renewed" in err and "nothing is due before" in err and "没有在" in err
    code, out, err = call("renew", archive, "--home", home, "--due-before", "2099-01-01")
    assert code == 0 and out.count("已续期 / renewed") == 2
    renewed = out
    code, out, _ = call("list", archive, "--json")
    assert all(f"新期限 now due {line['due'][:10]}" in renewed for line in lines(out)), renewed
    assert [line["timestamps"] for line in lines(out)] == [2, 2]


def test_what_is_no_file_is_named_and_holds_up_nothing(kept: Kept, tmp_path: Path, call: Call) -> None:
    folder = tmp_path / "issued"
    folder.mkdir()
    (folder / "a.ofd").write_bytes(kept.packages[0])
    (folder / "beside.txt").write_bytes(b"")
    os.mkfifo(folder / "pipe.ofd")
    os.mkfifo(tmp_path / "named")
    (folder / "gone.ofd").symlink_to(folder / "nowhere")
    with not_hanging():
        code, out, _ = call("make", folder, tmp_path / "named", "--to", tmp_path / "archive", "--home",
                            kept.office.home.path, "--json")
    told = {Path(str(line["file"])).name: line.get("error") for line in lines(out)}
    assert (code, told) == (1, {"a.ofd": None, "pipe.ofd": "file.failed", "gone.ofd": "file.missing",
                                "named": "file.failed"})


def test_a_changed_package_and_one_that_is_not_there_have_their_codes(kept: Kept, tmp_path: Path, call: Call) -> None:
    here = kept.copy(tmp_path / "archive")
    (here.archive.existing(kept.identifiers[0]) / "record.xml").write_bytes(b"changed")
    home = here.home.path
    code, out, _ = call("verify", here.archive.path, "--home", home)
    assert code == 1 and "package.changed" in out and out.count("完好 / good") == 1
    assert "办法 what to do: 请勿采信" in out and "do not rely on it" in out
    code, out, _ = call("verify", here.archive.path, "--details", "--home", home)
    assert code == 1 and out.index("原因 cause: ") < out.index("办法 what to do: ") < out.index("    ✗ ")
    assert call("verify", tmp_path, "--home", home)[0] == 3
    assert call("verify", tmp_path / "nothing", "--home", home)[0] == 2


def test_a_slip_in_an_identifier_is_a_wrong_call_and_what_is_not_there_is_told(
    kept: Kept, tmp_path: Path, call: Call,
) -> None:
    """Its check character tells a slip from a licence that is gone."""
    archive, home, there = kept.office.archive.path, kept.office.home.path, kept.identifiers[0]
    slip = there[:-1] + ("X" if there[-1] != "X" else "Y")
    for line in (("verify", archive, there, slip), ("restore", archive, slip, "--out", tmp_path / "out")):
        code, out, err = call(*line, "--home", home)
        assert (code, out) == (2, "") and err.count(slip) == 2 and not (tmp_path / "out").exists(), err
        assert err.count("校验位不符") == 1 and err.count("the check character") == 1
    parts = Identifier.parse(there)
    gone = Identifier(type_code=parts.type_code, issuer=parts.issuer, serial="14010013202590099").text()
    code, out, _ = call("verify", archive, gone, there, "--home", home)
    assert code == 3 and out.startswith(f"? {gone} 不在档案 ") and out.count(gone) == 2 and f"✓ {there}" in out


@pytest.mark.parametrize(("name", "word"), [
    ("manifest.json", "package.missing"), ("evidence/manifest.er", "package.missing"),
    ("trust/trust.json", "package.trust"),
])
def test_a_folder_that_is_no_package_is_told_and_the_others_are_listed(
    kept: Kept, tmp_path: Path, call: Call, name: str, word: str,
) -> None:
    here, (broken, good) = kept.copy(tmp_path / "archive"), kept.identifiers
    assert call("list", here.archive.path)[0] == 0
    (here.archive.existing(broken) / name).unlink()
    code, out, err = call("list", here.archive.path)
    assert code == 1 and broken in out and good in out and "2 licences" in err
    assert f"✗ {broken}: " in err and f"[{word}]" in err and f"✗ {good}" not in err
    assert word != "package.missing" or (f"缺少 {name}" in err and f"{name} is missing" in err)
    code, out, _ = call("list", here.archive.path, "--json")
    assert code == 1 and [[each["code"] for each in line["faults"]] for line in sorted(  # type: ignore[attr-defined]
        lines(out), key=lambda line: line["identifier"] == good)] == [[word], []]
    code, out, err = call("list", here.archive.path, "--anchors")
    assert code == 1 and out and f"✗ {broken}: " in err


def test_a_package_that_became_a_link_is_told_by_list(kept: Kept, tmp_path: Path, call: Call) -> None:
    here, identifier = kept.copy(tmp_path / "archive"), kept.identifiers[0]
    folder = here.archive.existing(identifier)
    folder.rename(tmp_path / "away")
    folder.symlink_to(tmp_path / "away")
    code, _, err = call("list", here.archive.path)
    assert code == 1 and f"✗ {identifier}: " in err and "package.unread" in err


def test_a_home_without_a_timestamp_service_makes_no_archive(kept: Kept, tmp_path: Path, call: Call) -> None:
    from tests.support.demo_home import copied_home

    home = copied_home(tmp_path / "home")
    (tmp_path / "one.ofd").write_bytes(kept.packages[0])
    code, _, err = call("make", tmp_path / "one.ofd", "--to", tmp_path / "archive", "--home", home.path)
    assert code == 3 and "archive.no-timestamp-service" in err and not (tmp_path / "archive").exists()
    assert call("make", tmp_path / "one.ofd", "--to", tmp_path / "home", "--home", kept.office.home.path)[0] == 3


def test_a_licence_is_restored_with_its_evidence(kept: Kept, tmp_path: Path, call: Call) -> None:
    identifier, home = kept.identifiers[0], kept.office.home
    for place, word in enumerate((("--home", home.path), ("--trust", home.path / "trust"))):
        out = tmp_path / str(place)
        code, told, err = call("restore", kept.office.archive.path, identifier, "--out", out, *word)
        assert code == 0 and told.strip() == str(out / f"{identifier}.ofd"), err
        assert (out / f"{identifier}.ofd").read_bytes() == kept.packages[0]
        assert (out / "ofda" / f"{identifier}.ofd").is_file()
        report = verify(out / f"{identifier}.ofd", trust=home.trust(),
                        evidence=(out / f"{identifier}.ofd.er").read_bytes())
        assert report.verdict.value == "valid"
        assert "未经核实" in err and "does not vouch for itself" in err and "警告" not in err
    code, _, err = call("restore", kept.office.archive.path, identifier, "--out", out, "--home", home.path)
    assert code == 3 and "archive.out-exists" in err


def unproven(code: int, told: str, err: str, out: Path, identifier: str) -> bool:
    """Whether it was handed out as what nobody should rely on, and said so."""
    return (code == 3 and told.strip() == str(out / "unproven" / f"{identifier}.ofd")
            and "警告：原件未获证明" in err and "WARNING: the original is not proven" in err
            and [each.name for each in out.iterdir()] == ["unproven"])


def test_where_nobody_says_what_is_believed_nothing_is_proven(
    kept: Kept, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ZHENGYIN_HOME", raising=False)
    identifier, out = kept.identifiers[0], tmp_path / "out"
    assert unproven(*call("restore", kept.office.archive.path, identifier, "--out", out), out, identifier)


def test_a_forged_original_with_a_manifest_to_it_is_handed_out_as_unproven(
    kept: Kept, tmp_path: Path, call: Call,
) -> None:
    """Neither what is no licence nor the genuine one of somebody else passes under another manifest."""
    home, identifier = kept.office.home, kept.identifiers[0]
    whole = [word for one in (*home.trust().roots, *home.trust().tsa, *home.trust().seal_makers)
             for word in ("--anchor", one.fingerprint)]
    for place, evil in enumerate((b"PK a forged licence", kept.packages[1])):
        here = kept.copy(tmp_path / f"archive-{place}")
        folder = here.archive.existing(identifier)
        manifest = Manifest.parse((folder / "manifest.json").read_bytes())
        assert manifest is not None
        name = f"original/{identifier}.ofd"
        (folder / name).write_bytes(evil)
        forged = replace(manifest, files={**manifest.files, name: Listed.of(evil)})
        (folder / "manifest.json").write_bytes(forged.to_json())
        for number, words in enumerate((["--home", home.path], whole)):
            out = tmp_path / f"out-{place}-{number}"
            code, told, err = call("restore", here.archive.path, identifier, "--out", out, *words)
            assert unproven(code, told, err, out, identifier) and "package.evidence" in err


def test_a_licence_whose_evidence_is_gone_is_handed_out_as_unproven(kept: Kept, tmp_path: Path, call: Call) -> None:
    for name in ("manifest.er", "original.er"):
        here = kept.copy(tmp_path / name / "archive")
        identifier, out = kept.identifiers[0], tmp_path / name / "out"
        (here.archive.existing(identifier) / "evidence" / name).unlink()
        assert unproven(*call("restore", here.archive.path, identifier, "--out", out, "--home", here.home.path),
                        out, identifier)


def test_the_trust_inside_a_package_is_handed_out_as_nobodys(kept: Kept, tmp_path: Path, call: Call) -> None:
    """A forger's package brings the forger's roots: nothing beside the licence may look like a trust folder."""
    given = by_home(kept.office, kept.identifiers[0], tmp_path / "out")
    assert given.proven
    assert not any(name.startswith(("trust/", "kinds/")) for name in given.names)
    assert not (tmp_path / "out" / "trust").exists()
    assert (tmp_path / "out" / "unverified" / "trust" / "trust.json").is_file()
    told = (tmp_path / "out" / "unverified" / "README.txt").read_text("utf-8")
    assert "不能为自己作证" in told and "does not vouch for itself" in told


def by_home(here: Office, identifier: str, out: Path) -> Restored:
    """A licence out of an archive, judged by the home's trust."""
    own = here.home.trust()
    return restore(here.archive.existing(identifier), out, at=here.now,
                   believe=lambda snapshot: with_snapshot(own, snapshot))


def test_a_trust_folder_is_made_of_named_anchors_alone(kept: Kept, tmp_path: Path, call: Call) -> None:
    identifier, trust = kept.identifiers[0], kept.office.home.trust()
    whole = [word for one in (*trust.roots, *trust.tsa, *trust.seal_makers) for word in ("--anchor", one.fingerprint)]
    for place, (named, verdict) in enumerate(((whole, "valid"), (["--anchor", "0" * 64], "indeterminate"))):
        out = tmp_path / str(place)
        code, _, err = call("restore", kept.office.archive.path, identifier, "--out", out, *named)
        if verdict == "valid":
            assert (code, err) == (0, "") and not (out / "unverified").exists()
        else:
            assert code == 3 and "WARNING" in err
            out = out / "unproven"
        certificates = {Certificate.load(path.read_bytes()).fingerprint
                        for each in ("roots", "tsa", "seal-makers") for path in (out / "trust").glob(f"{each}/*.cer")}
        assert certificates <= set(named)
        if verdict == "valid":
            assert verify(out / f"{identifier}.ofd", trust=out / "trust").verdict.value == verdict
    assert call("restore", kept.office.archive.path, identifier, "--out", tmp_path / "x", "--anchor", "x")[0] == 3


def test_of_a_damaged_package_what_is_good_is_handed_out(kept: Kept, tmp_path: Path, call: Call) -> None:
    here = kept.copy(tmp_path / "archive")
    folder = here.archive.existing(kept.identifiers[0])
    (ofda,) = (folder / "ofda").iterdir()
    ofda.write_bytes(b"changed")
    (folder / "audit.jsonl").unlink()
    code, _, err = call("restore", here.archive.path, kept.identifiers[0], "--out", tmp_path / "out",
                        "--home", here.home.path)
    assert code == 3 and "package.changed" in err and "package.missing" in err
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert f"{kept.identifiers[0]}.ofd" in names and "ofda" not in names
    (folder / "trust" / "trust.json").unlink()          # what the package's lists tell is not known any more
    code, _, err = call("restore", here.archive.path, kept.identifiers[0], "--out", tmp_path / "again",
                        "--home", here.home.path)
    assert code == 3 and "package.trust" in err
    names = {path.name for path in (tmp_path / "again" / "unproven").iterdir()}
    assert f"{kept.identifiers[0]}.ofd" in names and "ofda" not in names


def test_a_damaged_original_is_not_handed_out(kept: Kept, tmp_path: Path, call: Call) -> None:
    here = kept.copy(tmp_path / "archive")
    folder = here.archive.existing(kept.identifiers[0])
    (original,) = (folder / "original").iterdir()
    data = bytearray(original.read_bytes())
    data[1000] ^= 1
    original.write_bytes(data)
    code, _, err = call("restore", here.archive.path, kept.identifiers[0], "--out", tmp_path / "out")
    assert code == 1 and "archive.damaged" in err and not (tmp_path / "out").exists()


def test_a_link_in_a_package_leads_nothing_out(kept: Kept, tmp_path: Path) -> None:
    here = kept.copy(tmp_path / "archive")
    folder = here.archive.existing(kept.identifiers[0])
    secret = tmp_path / "secret"
    secret.write_bytes(b"not yours")
    (folder / "record.xml").unlink()
    (folder / "record.xml").symlink_to(secret)
    given = by_home(here, kept.identifiers[0], tmp_path / "out")
    assert given.faults and not (tmp_path / "out" / "record.xml").exists()


def test_a_root_of_time_that_somebody_laid_into_the_evidence_is_in_no_trust_folder(
    kept: Kept, tmp_path: Path, call: Call,
) -> None:
    here, identifier = kept.copy(tmp_path / "archive"), kept.identifiers[0]
    key = p256.PrivateKey.generate()
    rogue = build_certificate(
        subject=(("CN", "rogue"),), spki=key.spki, issuer=None, issuer_key=key, serial=1, ca=True,
        not_before=datetime(2026, 1, 1, tzinfo=UTC), not_after=datetime(2040, 1, 1, tzinfo=UTC),
        key_usage=("keyCertSign", "cRLSign"))
    place = here.archive.existing(identifier) / "evidence" / "tsa"
    place.mkdir(exist_ok=True)
    (place / "0000.cer").write_bytes(rogue.der)
    trust = here.home.trust()
    named = [word for one in (*trust.roots, *trust.tsa, *trust.seal_makers) for word in ("--anchor", one.fingerprint)]
    assert call("restore", here.archive.path, identifier, "--out", tmp_path / "named", *named)[0] == 0
    assert rogue not in Trust.load(tmp_path / "named" / "trust").tsa
    assert call("restore", here.archive.path, identifier, "--out", tmp_path / "home", "--home", here.home.path)[0] == 0
    assert not (tmp_path / "home" / "trust").exists()


def test_a_folder_of_the_archive_that_is_a_link_is_not_followed(kept: Kept, tmp_path: Path, call: Call) -> None:
    here, identifier = kept.copy(tmp_path / "archive"), kept.identifiers[0]
    stripe, outside = here.archive.existing(identifier).parent, tmp_path / "outside"
    stripe.rename(outside)
    stripe.symlink_to(outside)
    (outside / ".precious.tmp-0123456789ab").write_text("x")
    (tmp_path / "one.ofd").write_bytes(kept.packages[0])
    words = ("--home", here.home.path)
    for line in (("make", tmp_path / "one.ofd", "--to", here.archive.path, *words),
                 ("renew", here.archive.path, *words, "--due-before", "2099-01-01"),
                 ("verify", here.archive.path, identifier, *words),
                 ("restore", here.archive.path, identifier, "--out", tmp_path / "out", *words)):
        code, out, err = call(*line)
        assert code in (1, 3) and "is a link" in out + err and "是链接" in out + err, line
    assert (outside / ".precious.tmp-0123456789ab").exists() and not (tmp_path / "out").exists()


def test_an_original_that_became_a_link_is_not_there_already(kept: Kept, tmp_path: Path, call: Call) -> None:
    here, identifier = kept.copy(tmp_path / "archive"), kept.identifiers[0]
    original = here.archive.existing(identifier) / "original" / f"{identifier}.ofd"
    original.rename(tmp_path / "one.ofd")
    original.symlink_to(tmp_path / "one.ofd")
    code, out, _ = call("make", tmp_path / "one.ofd", "--to", here.archive.path, "--home", here.home.path)
    assert code == 1 and "archive.other-original" in out and "there already" not in out


def test_a_file_that_is_too_large_is_refused_alone(kept: Kept, tmp_path: Path, call: Call) -> None:
    folder = tmp_path / "issued"
    folder.mkdir()
    with (folder / "a.ofd").open("wb") as file:
        file.truncate(65 << 20)
    (folder / "b.ofd").write_bytes(kept.packages[0])
    code, out, _ = call("make", folder, "--to", tmp_path / "archive", "--home", kept.office.home.path)
    assert code == 1 and out.count("已归档 / archived") == 1 and f"✗ {folder / 'a.ofd'}" in out, out
