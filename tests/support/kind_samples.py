"""The samples of every kind, each issued once in a process. A test module imports ``issue_sample`` and ``sample``."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import docgen
import layouts
from certs.home import Home
from certs.sm3 import sm3
from docgen.design.folder import open_folder
from tests.interop.pictures import PICTURES
from tests.support.demo_home import make_home

__all__ = ["SAMPLES", "Sample", "issue_sample", "sample"]

SAMPLES = [(code, name) for code in layouts.kinds() for name in open_folder(code).samples()]


@dataclass(frozen=True)
class Sample:
    """One sample of a kind, issued."""

    code: str
    name: str
    ofd: Path
    pdf: Path
    home: Home

    @property
    def pictures(self) -> Path:
        return PICTURES / "kinds" / self.code / Path(self.name).stem


@pytest.fixture(scope="session")
def issue_sample(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Issues a sample once in this process."""
    folder = tmp_path_factory.mktemp("kinds")
    home = make_home(folder / "home", kinds=layouts.kinds())

    @functools.cache
    def issued(code: str, name: str) -> Sample:
        record = json.loads(layouts.resource(code, name))
        attachments = {}
        for key, field in layouts.load_kind(code).earlier.items():
            if record.get(field.label):
                first = issued(*_named(record[field.label].split()[0]))
                attachments[key] = first.ofd.read_bytes()
                record[field.label] = f"{first.ofd.stem} sm3:{sm3(attachments[key]).hex()}"
        result = docgen.issue(record, home=home, out=folder / code, attachments=attachments)
        assert result.ofd_path is not None and result.pdf_path is not None
        return Sample(code, name, result.ofd_path, result.pdf_path, home)

    return issued


def _named(identifier: str) -> tuple[str, str]:
    """The sample whose document has this identifier."""
    for code, name in SAMPLES:
        record = json.loads(layouts.resource(code, name))
        licence = docgen.validate(record, lookup_hosts=(), drawable=lambda _: set(), demo=True)
        if licence.identifier.text() == identifier:
            return code, name
    raise AssertionError(f"no sample is the earlier document {identifier}")


@pytest.fixture(params=SAMPLES, ids=lambda pair: f"{pair[0]}-{Path(pair[1]).stem}")
def sample(request: pytest.FixtureRequest, issue_sample: Any) -> Sample:
    """Each sample of each kind in turn."""
    issued: Sample = issue_sample(*request.param)
    return issued
