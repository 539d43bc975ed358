"""Foreign forms, flipped bits and random mutations: nothing raises, nothing wrong is called genuine."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.demo_home import shared_home
from tests.verify.packages import (
    PAGE,
    PUBLIC,
    RECORD,
    RENDITION,
    SIGNATURE,
    TEMPLATE,
    VALUE,
    Entries,
    Forger,
    check,
    codes,
    entries,
    issued,
    pack,
)
from verify import verify
from verify.model import Verdict


def test_the_archive_repacked_by_another_tool_is_not_called_genuine() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in entries().items():
            opened.writestr(name, data)
    report = check(buffer.getvalue())
    assert report.verdict is Verdict.INDETERMINATE
    assert codes(report) >= {"zip.not-canonical"} and "seal.changed" not in codes(report)


def test_a_file_without_our_record_is_never_taken_for_a_licence() -> None:
    """A foreign OFD: everything sealed and trusted, yet nothing says that it is a licence."""
    parts = {name: data for name, data in entries().items() if name != RECORD}
    listing = "Doc_0/Attachs/Attachments.xml"
    parts[listing] = re.sub(
        rb"<ofd:Attachment [^>]*>\s*<ofd:FileLoc>/Doc_0/Attachs/record.xml.*?</ofd:Attachment>", b"",
        parts[listing])
    report = check(Forger().apply(parts))
    assert report.verdict is Verdict.VALID and report.exit_code == 3
    assert "foreign.no-licence" in codes(report)


def foreign(**changes: bytes) -> Entries:
    """The entries of a package without our record: another writer's form."""
    parts = {name: data for name, data in entries().items() if name != RECORD}
    return {**parts, **{name.replace("__", "/"): data for name, data in changes.items()}}


FOREIGN = [
    # what, bytes, verdict, a reason that must be among those given
    ("an attachment is missing", lambda: Forger().apply(foreign()), Verdict.INDETERMINATE, "foreign.dangling"),
    ("not sealed", lambda: pack({"OFD.xml": entries()["OFD.xml"].replace(
        b"<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures>", b""),
        **{name: data for name, data in foreign().items() if "Signs" not in name and name != "OFD.xml"}}),
     Verdict.INDETERMINATE, "seal.none"),
    ("seal in another form", lambda: pack({**foreign(), VALUE: b"\x30\x03\x02\x01\x01"}),
     Verdict.INDETERMINATE, "value.form"),
    ("entry outside the seal", lambda: Forger(listed=lambda names: names[1:]).apply(foreign()),
     Verdict.INDETERMINATE, "coverage.foreign"),
    ("changed after sealing", lambda: pack({**entries(Forger().apply(foreign())), PAGE: b"<a/>"}),
     Verdict.INVALID, "seal.changed"),
    ("broken signature", lambda: pack(
        {**entries(Forger().apply(foreign())), SIGNATURE: entries()[SIGNATURE]}),
     Verdict.INVALID, "value.digest"),
]


@pytest.mark.parametrize(("make", "verdict", "reason"), [row[1:] for row in FOREIGN],
                         ids=[row[0] for row in FOREIGN])
def test_a_foreign_file_is_cannot_say_unless_it_is_provably_changed(
        make: Callable[[], bytes], verdict: Verdict, reason: str) -> None:
    report = check(make())
    assert report.verdict is verdict, codes(report)
    assert reason in codes(report)


@pytest.mark.parametrize("name", sorted(entries()))
def test_one_bit_in_any_entry_is_never_genuine(name: str) -> None:
    """Each entry has a bit changed and the container is made right again."""
    chance = random.Random(name)  # noqa: S311 - test data
    parts = entries()
    for _ in range(5):
        body = bytearray(parts[name])
        body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        report = check(pack({**parts, name: bytes(body)}))
        assert report.verdict is not Verdict.VALID


@pytest.mark.parametrize("example", [1, 2])
def test_one_bit_changed_anywhere_is_never_genuine(example: int) -> None:
    """100 random places, half of them among headers; the few that inflate to the same bytes are allowed."""
    chance = random.Random(20260101 + example)  # noqa: S311 - test data
    whole = issued(example).ofd
    directory = whole.rfind(b"PK\x01\x02", 0, whole.find(b"PK\x01\x02") + 1)
    places = [chance.randrange(len(whole)) for _ in range(60)]
    places += [chance.randrange(directory, len(whole)) for _ in range(40)]
    before = entries(whole)
    for place in places:
        data = bytearray(whole)
        data[place] ^= 1 << chance.randrange(8)
        report = check(bytes(data))
        if report.verdict is Verdict.VALID:
            assert entries(bytes(data)) == before, f"byte {place}"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_mutation_raises(data: st.DataObject) -> None:
    """Cut, doubled, exchanged or changed pieces give a report, and never the answer "genuine"."""
    whole = issued().ofd
    start = data.draw(st.integers(0, len(whole) - 1))
    length = data.draw(st.integers(1, 2000))
    doubled = st.just(whole[start:start + length] * 2)
    piece = data.draw(st.one_of(st.binary(max_size=50), st.just(b""), doubled))
    mutated = whole[:start] + piece + whole[start + length:]
    report = verify(mutated, trust=shared_home().trust())
    assert report.verdict is not Verdict.VALID or mutated == whole
    assert report.to_json() and report.to_text()


ENTRY_NAMES = ["OFD.xml", PAGE, PUBLIC, "Doc_0/Document.xml", "Doc_0/Tags/Tag_0.xml", RECORD, SIGNATURE,
               VALUE, TEMPLATE, RENDITION, "Doc_0/Attachs/Attachments.xml"]


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(ENTRY_NAMES), st.data())
def test_no_mutation_of_a_sealed_entry_raises(name: str, data: st.DataObject) -> None:
    """Mutations below the ZIP, sealed anew where that is possible, so that every reader gets them to read."""
    parts = entries()
    body = parts[name]
    start = data.draw(st.integers(0, len(body) - 1))
    length = data.draw(st.integers(0, 40))
    piece = data.draw(st.one_of(st.binary(max_size=20), st.sampled_from(
        [b"<", b">", b'"', b"&#0;", b"9e999", b"-1", "　".encode(), b"\0", b"]]>", b"<!--", b"xmlns=''"])))
    mutated = body[:start] + piece + body[start + length:]
    if mutated == body:
        return
    parts[name] = mutated
    report = check(pack(parts) if name in (SIGNATURE, VALUE) else Forger().apply(parts))
    if name in (SIGNATURE, VALUE):
        assert report.verdict is not Verdict.VALID
    assert report.to_json() and report.to_text()
