"""Folders of lists are read while another process clears them: what has gone since it was listed is not missed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from certs.crl import Crl
from certs.files import FileError
from certs.known import load_known
from certs.trust import Trust
from tests.certs.core_pki import root

READERS: dict[str, Callable[[Path], Any]] = {"home": load_known, "trust": Trust.load}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A home and a trust folder in one, with three lists."""
    ca = root("sm2")
    for name in ("chain", "roots", "crls"):
        (tmp_path / name).mkdir()
    (tmp_path / "trust.json").write_text('{"name": "x", "lookup_hosts": []}')
    for name in ("chain", "roots"):
        (tmp_path / name / "0.cer").write_bytes(ca.certificate.der)
    for number in range(3):
        (tmp_path / "crls" / f"{number}.crl").write_bytes(ca.crl(number=number).der)
    return tmp_path


@pytest.mark.parametrize("kind", READERS)
def test_a_list_that_was_cleared_meanwhile_is_not_missed(folder: Path, monkeypatch: pytest.MonkeyPatch,
                                                         kind: str) -> None:
    """While the first one is read, the last one goes."""
    read = Crl.load

    def reading(der: bytes) -> Crl:
        (folder / "crls" / "2.crl").unlink(missing_ok=True)
        return read(der)

    monkeypatch.setattr(Crl, "load", reading)
    assert sorted(crl.number or 0 for crl in READERS[kind](folder).crls) == [0, 1]


def test_a_link_that_leads_nowhere_is_told(folder: Path) -> None:
    (folder / "crls" / "9.crl").symlink_to(folder / "nowhere.crl")
    with pytest.raises(FileError) as caught:
        Trust.load(folder)
    assert caught.value.code == "file.missing"
