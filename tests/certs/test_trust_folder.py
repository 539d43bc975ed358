"""The trust folder is read whole or refused with the file that is wrong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from certs.home import Home
from certs.trust import Trust, TrustError, is_demo_anchor, key_id
from tests.support.demo_home import CITY, PROVINCE


def test_the_demo_trust_folder_holds_what_a_verifier_needs(demo_home: Home) -> None:
    trust = demo_home.trust()
    assert trust.lookup_hosts == ("lookup.example.invalid",)
    assert sorted(root.key_kind for root in trust.roots) == ["p256", "sm2"]
    assert all(is_demo_anchor(root) for root in trust.roots)
    assert len(trust.intermediates) == 2 and len(trust.crls) == 4
    assert sorted(one.der for one in trust.tsa) == sorted(one.der for one in trust.roots)
    assert [maker.subject_cn for maker in trust.seal_makers] == ["演示制章中心"]
    for code, name in (CITY, PROVINCE):
        certificate = demo_home.authority(code, name).data_signer.certificate
        assert trust.data_signing[key_id(certificate).hex()].der == certificate.der


def test_an_organisation_is_no_demo_anchor(demo_home: Home) -> None:
    assert not is_demo_anchor(demo_home.authority(*CITY).sealing_signer.certificate)


def _write(name: str, data: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(data)


FAULTS: list[tuple[str, str, Callable[[Path], object]]] = [
    ("no folder", "trust.missing", lambda folder: shutil.rmtree(folder)),
    ("no trust.json", "trust.missing", lambda folder: (folder / "trust.json").unlink()),
    ("trust.json is a list", "trust.malformed", _write("trust.json", b"[]")),
    ("trust.json is cut off", "trust.malformed", _write("trust.json", b'{"name": "x", "lookup_hosts": [')),
    ("trust.json is deep", "trust.malformed", _write("trust.json", b"[" * 60_000)),
    ("hosts are one text", "trust.malformed", _write("trust.json", b'{"name": "x", "lookup_hosts": "a"}')),
    ("a name is missing", "trust.malformed", _write("trust.json", b'{"lookup_hosts": []}')),
    ("a root is PEM", "trust.bad-file", _write("roots/x.cer", b"-----BEGIN CERTIFICATE-----\n")),
    ("a root is empty", "trust.bad-file", _write("roots/x.cer", b"")),
    ("a root is huge", "file.too-large", _write("roots/x.cer", bytes(70_000))),
    ("a list is no list", "trust.bad-file", _write("crls/x.crl", b"\x30\x00")),
    ("no roots", "trust.no-roots", lambda folder: shutil.rmtree(folder / "roots")),
    ("a data-signing file of another name", "trust.key-id", lambda folder: next(
        (folder / "data-signing").iterdir()).rename(folder / "data-signing" / "0011223344556677.cer")),
]


@pytest.mark.parametrize(("why", "code", "fault"), FAULTS, ids=[row[0] for row in FAULTS])
def test_a_faulty_trust_folder_is_refused(
    own_home: Home, why: str, code: str, fault: Callable[[Path], object],
) -> None:
    fault(own_home.trust_dir)
    with pytest.raises(Exception, match=rf"^{code}: ") as refusal:
        own_home.trust()
    assert isinstance(refusal.value, TrustError) or code.startswith("file."), why


def test_other_files_and_missing_folders_are_passed_over(own_home: Home) -> None:
    folder = own_home.trust_dir
    (folder / "roots" / "README.txt").write_text("x", encoding="utf-8")
    (folder / "roots" / ".x.cer.tmp-1").write_bytes(b"")
    for name in ("intermediates", "seal-makers", "data-signing", "crls"):
        shutil.rmtree(folder / name)
    (folder / "trust.json").write_text(
        json.dumps({"name": "x", "lookup_hosts": ["A.Example"]}), encoding="utf-8")
    trust = Trust.load(folder)
    assert len(trust.roots) == 2 and trust.lookup_hosts == ("a.example",)
    assert (trust.intermediates, trust.seal_makers, dict(trust.data_signing), trust.crls) == ((), (), {}, ())
