"""Large content is read at the speed of C, and by the same rules as small."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certs import canonical_json
from certs.canonical_json import JsonCode, JsonError, decode, encode
from tests.support.bounds import not_hanging

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4), max_leaves=20)


def spelling(value: Any) -> bytes | None:
    """The one spelling of a value, by the writer; None where it has none."""
    try:
        return encode(value)
    except JsonError:
        return None


@settings(max_examples=400, deadline=None)
@given(VALUES, st.booleans(), st.booleans(), st.sampled_from([(",", ":"), (", ", ": ")]))
def test_the_reader_takes_exactly_what_the_writer_writes(
    value: Any, in_order: bool, escaped: bool, separators: tuple[str, str],
) -> None:
    data = json.dumps(value, sort_keys=in_order, ensure_ascii=escaped, separators=separators).encode()
    if data == spelling(value):
        assert decode(data) == value
    else:
        with pytest.raises(JsonError):
            decode(data)


@pytest.mark.parametrize(("text", "code"), [
    ('{"\ufb33":2,"\U0001f600":1}', JsonCode.NOT_CANONICAL),        # by code points, not by UTF-16
    ('["\\ud83d\\ude00"]', JsonCode.NOT_CANONICAL),
    ('["\\ud83d"]', JsonCode.NOT_CANONICAL),
    ("[9007199254740992]", JsonCode.NOT_CANONICAL),
    ('{"a":{"b":[-9007199254740992]}}', JsonCode.NOT_CANONICAL),
    ("[" * 33 + "]" * 33, JsonCode.NOT_CANONICAL),
    ('{"a":' * 33 + "1" + "}" * 33, JsonCode.NOT_CANONICAL),
    ("[-0]", JsonCode.NOT_CANONICAL),
    ('{"a":1,"a":1}', JsonCode.MALFORMED),
    ("[1e2]", JsonCode.MALFORMED),
])
def test_what_c_would_take_is_refused(text: str, code: JsonCode) -> None:
    with pytest.raises(JsonError) as refusal:
        decode(text.encode())
    assert refusal.value.code is code


def test_a_large_content_is_read() -> None:
    value = {f"11140100MB9TEX0180-{number:08X}": ["in-use", "2026-01-31T01:02:03.004Z", None, "0" * 64]
             for number in range(10_000)}
    data = encode(value, max_bytes=2**24)
    with not_hanging():
        assert decode(data, max_bytes=2**24) == value
    assert decode(("[" * 32 + "]" * 32).encode()) and canonical_json.MAX_DEPTH == 32
