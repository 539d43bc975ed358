"""The canonical ZIP: every byte accounted for, read alike by another reader."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docgen.package import pack

NAMES = st.lists(
    st.from_regex(r"[A-Za-z0-9_]{1,12}(/[A-Za-z0-9_]{1,12}){0,2}\.(xml|ttf|png|pdf)", fullmatch=True),
    unique_by=str.lower, max_size=8)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_another_reader_finds_the_same_entries_in_the_same_order(data: st.DataObject) -> None:
    entries = {name: data.draw(st.binary(max_size=300)) for name in data.draw(NAMES)}
    packed = pack(entries)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == list(entries)
        assert {name: archive.read(name) for name in entries} == entries
        for info in archive.infolist():
            assert (info.date_time, info.extra, info.comment, info.flag_bits, info.external_attr,
                    info.internal_attr, info.create_version, info.create_system, info.extract_version) == (
                        (1980, 1, 1, 0, 0, 0), b"", b"", 0, 0, 0, 20, 0, 20)
    assert pack(entries) == packed == pack(entries, shared=set(entries))


def test_entries_stand_back_to_back_and_nothing_stands_between() -> None:
    entries = {"OFD.xml": b"<a/>" * 50, "Doc_0/a.pdf": b"%PDF" * 50, "Doc_0/b.ttf": bytes(range(256))}
    packed = pack(entries)
    at = 0
    for name, data in entries.items():
        head = struct.unpack_from("<4s5H3I2H", packed, at)
        assert head[:6] == (b"PK\x03\x04", 20, 0, head[3], 0, 0x21)
        assert head[6] == zlib.crc32(data) and head[8:] == (len(data), len(name), 0)
        assert packed[at + 30:at + 30 + len(name)] == name.encode()
        at += 30 + len(name) + head[7]
    end = struct.unpack_from("<4s4H2IH", packed, len(packed) - 22)
    assert end == (b"PK\x05\x06", 0, 0, 3, 3, len(packed) - 22 - at, at, 0)
    assert packed[at:at + 4] == b"PK\x01\x02"


def test_what_deflate_does_not_shrink_is_stored() -> None:
    packed = pack({"a.xml": b"", "b.xml": b"x", "c.xml": b"x" * 99, "d.pdf": b"x" * 99})
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert [info.compress_type for info in archive.infolist()] == [0, 0, 8, 0]


@pytest.mark.parametrize("name", ["", "/a.xml", "../a.xml", "a/../b.xml", "a\\b.xml", "a/", "证.xml"])
def test_a_name_that_is_not_plain_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        pack({name: b""})


def test_names_that_differ_only_by_case_are_refused() -> None:
    with pytest.raises(ValueError):
        pack({"a.xml": b"", "A.XML": b""})
