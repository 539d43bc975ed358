"""Many records: a result a line, bad lines stop no good one, memory stays bounded."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

import docgen
from certs.home import Home
from docgen import assembly
from docgen.batch import record_lines
from docgen.ledger import Ledger
from docgen.record import MAX_BYTES
from tests.docgen.records import as_json, record
from tests.support.demo_home import own_home

__all__ = ["own_home"]

BAD_LINES = [
    (b"{", "json."), (b"[]", "json."), (b"\xff\xfe{}", "json."), (b'{"kind": "K0", "kind": "K0"}', "json."),
    (b'{"kind": "K0"}', "record.invalid"), (b'{"kind": "K9"}', "record.invalid"), (b'{"a": NaN}', "json."),
    (b"[" * 5000, "json."), (b"null", "json."), (b'"' + b"x" * (MAX_BYTES + 10) + b'"', "json."),
]


def issue_lines(home: Home, lines: bytes, out: Path | None = None) -> list[dict[str, Any]]:
    return [json.loads(result.to_json())
            for result in docgen.issue_many(record_lines(io.BytesIO(lines)), home=home, out=out)]


@pytest.mark.req("R-000-39")
def test_bad_lines_are_reported_and_good_ones_issued(own_home: Home, tmp_path: Path) -> None:
    lines = [as_json(record(1)), *(line for line, _ in BAD_LINES), b"", as_json(record(2))]
    results = issue_lines(own_home, b"\n".join(lines) + b"\n", tmp_path)
    assert [result["line"] for result in results] == [1, *range(2, 2 + len(BAD_LINES)), len(lines)]
    assert [result["ok"] for result in results] == [True, *[False] * len(BAD_LINES), True]
    for result, (_, code) in zip(results[1:-1], BAD_LINES, strict=True):
        assert any(word.startswith(code) for word in (
            result["code"], *(fault["code"] for fault in result["faults"]))), result
        assert result["zh"] and result["en"]
    assert all(Path(results[at][name]).is_file() for at in (0, -1) for name in ("ofd", "pdf"))
    assert sum(Ledger(own_home.issued_dir).used().values()) == 2


@pytest.mark.req("R-000-42")
def test_a_line_that_was_issued_is_not_issued_again(own_home: Home, tmp_path: Path) -> None:
    (first,) = issue_lines(own_home, as_json(record(1)), tmp_path)
    again, changed = issue_lines(
        own_home, as_json(record(1)) + b"\r\n" + as_json(record(1, 企业法定代表人="测试人戊")), tmp_path)
    assert (again["identifier"], again["repeated"]) == (first["identifier"], True)
    assert changed["code"] == "issue.exists"


def test_a_fault_of_our_own_stops_one_line_only(own_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    compose = assembly.compose

    def faulty(licence: docgen.Licence, *args: Any, **options: Any) -> Any:
        if licence.number.endswith("00001"):
            raise ZeroDivisionError
        return compose(licence, *args, **options)

    monkeypatch.setattr(assembly, "compose", faulty)
    results = issue_lines(own_home, as_json(record(1)) + b"\n" + as_json(record(2)))
    assert [result.get("code") for result in results] == ["internal.error", None]
    assert "ZeroDivisionError" in results[0]["en"] and "Traceback" not in json.dumps(results)


def test_an_overlong_line_is_never_held_whole() -> None:
    class Long(io.BytesIO):
        """Never asked for a whole line."""

        def readline(self, size: int | None = -1, /) -> bytes:
            assert size is not None and 0 < size <= MAX_BYTES + 2
            return super().readline(size)

    lines = list(record_lines(Long(b"x" * (3 * MAX_BYTES) + b"\ny\n")))
    assert [len(line) for line in lines] == [MAX_BYTES + 2, 2]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b""])
def test_lines_end_as_files_do(ending: bytes) -> None:
    assert list(record_lines(io.BytesIO(b"a\n\nb" + ending))) == [b"a\n", b"\n", b"b" + ending]
