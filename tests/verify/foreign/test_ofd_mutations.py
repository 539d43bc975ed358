"""Random mutations of foreign files: nothing raises, and what is still called genuine holds the same entries."""

from __future__ import annotations

import io
import zipfile

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verify.foreign.test_ofd_genuine import twice, two_documents, version
from tests.verify.foreign.vendors import SIGNS, Entries, check, codes, pack, plain, sealed, zipped
from verify.model import Verdict

FILES = [sealed(), twice(), sealed(two_documents()), sealed(version())]
PIECES = st.sampled_from([
    b"<", b">", b'"', b"&#0;", b"9e999", b"-1", b"NaN", b"\0", b"]]>", b"<!--", b"xmlns=''", b"../", b"PK\3\4",
    b"PK\5\6", b"PK\1\2", "　".encode(), b"<ofd:DocRoot>a</ofd:DocRoot>", b"</ofd:Page>"])


def entries(data: bytes) -> Entries | None:
    """What the standard library reads, files alone."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            return {name: opened.read(name) for name in opened.namelist() if not name.endswith("/")}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, UnicodeDecodeError):
        return None


@settings(max_examples=120, deadline=None)
@given(st.integers(0, len(FILES) - 1), st.booleans(), st.data())
def test_no_mutation_of_a_file_raises_or_is_believed(number: int, folders: bool, data: st.DataObject) -> None:
    parts = FILES[number]
    whole = zipped(parts, folders=True) if folders else pack(parts)
    start = data.draw(st.one_of(st.integers(0, len(whole) - 1), st.integers(len(whole) - 2500, len(whole) - 1)))
    length = data.draw(st.integers(0, 300))
    piece = data.draw(st.one_of(st.binary(max_size=20), PIECES, st.just(whole[start:start + length] * 2)))
    mutated = whole[:start] + piece + whole[start + length:]
    report = check(mutated)
    assert report.to_json() and report.to_text()
    if report.verdict is Verdict.VALID:
        assert {**parts, SIGNS: b""} == {**(entries(mutated) or {}), SIGNS: b""}


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(sorted(plain())), st.booleans(), st.data())
def test_no_mutation_of_an_entry_raises(name: str, again: bool, data: st.DataObject) -> None:
    """Below the ZIP, and sealed again, so that every reader gets it to read."""
    parts = plain() if again else sealed()
    body = parts[name]
    start = data.draw(st.integers(0, len(body) - 1))
    piece = data.draw(st.one_of(st.binary(max_size=20), PIECES))
    mutated = body[:start] + piece + body[start + data.draw(st.integers(0, 40)):]
    changed = {**parts, name: mutated}
    report = check(pack(sealed(changed) if again else changed))
    assert report.to_json() and report.to_text() and "file.unreadable-part" not in codes(report)
    assert again or report.verdict is not Verdict.VALID or mutated == body
