"""Files of packages are taken whole by one expression; it takes nothing that a walk over their elements finds odd."""

from __future__ import annotations

import random
import re

import pytest

from tests.verify import packages
from verify.ofd_form import grammar_of
from verify.reasons import Refusal
from verify.xml import parse_xml

_PIECES = re.compile(rb'[^<>" ]+|[<>" ]')
_STRANGE = (b"", b" ", b"&#48;", b"&lt;", b"<!-- -->", b"<![CDATA[ ]]>", b"\n", b"0", b"-1", b"1e3", b"ofd:Layer", b'"',
            b' ID="1"', b' xmlns:x="urn:x"', b' xmlns:ofd="http://www.ofdspec.org"', b"<ofd:Area/>", b"\xc2\xa0", b"/>")


def _files() -> dict[str, bytes]:
    found = {}
    for number in (1, 2):
        found |= {f"{name} {number}": data for name, data in packages.entries(packages.issued(number).ofd).items()
                  if grammar_of(name) is not None}
    return found


def test_every_file_of_a_genuine_package_is_taken_whole() -> None:
    assert {name: grammar_of(name.split()[0]).takes(data) for name, data in _files().items()} == dict.fromkeys(
        _files(), True)


@pytest.mark.parametrize("seed", range(8))
def test_what_is_taken_whole_has_nothing_odd_when_it_is_walked(seed: int) -> None:
    chance, taken, refused = random.Random(seed), 0, 0  # noqa: S311 - repeatable changes
    for name, data in sorted(_files().items()):
        grammar = grammar_of(name.split()[0])
        assert grammar is not None
        pieces = [*_PIECES.findall(data[:6000]), data[6000:]]
        for _ in range(60):
            changed = list(pieces)
            place = chance.randrange(len(pieces))
            changed[place:place + chance.randrange(2)] = chance.choice(
                ([chance.choice(_STRANGE)], [chance.choice(pieces)], [changed[place]] * 2))
            made = b"".join(changed)
            try:
                root = parse_xml(made, "")
            except Refusal:
                continue
            walked = grammar.walked(root, made)
            if grammar.takes(made):
                taken += 1
                assert walked in ("", "PathObject@Boundary"), (name, made[:300], walked)
            else:
                refused += 1
            assert grammar.odd(root, made) == walked
    assert taken > 20
    assert refused > 20
