"""Whatever a record of a kind holds that its schema admits, the pages hold it: nothing is refused for want of room,
clipped, overlaps or lies under QR code or seal.

A seeded sample in every run; with ``make soak`` 5,000 records a kind.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

import layouts
from codes.errors import EngineError
from docgen.design.checking import draw
from docgen.design.folder import open_folder
from docgen.design.inspection import Inspector
from docgen.design.records import random_record

QUICK, SOAK, PARTS = 25, 5_000, 10


def _sample(code: str, number: int) -> dict[str, Any]:
    """A sample of the kind, another for another number."""
    names = open_folder(code).samples()
    sample: dict[str, Any] = json.loads(layouts.resource(code, names[number % len(names)]))
    return sample


def _draw_all(code: str, numbers: range) -> None:
    kind = layouts.load_kind(code)
    inspector = Inspector(f"{code}/pages.xml")
    for number in numbers:
        record, licence = random_record(kind, _sample(code, number), Random(number))  # noqa: S311 - seeded on purpose
        try:
            document, layout = draw(licence)
        except EngineError as error:
            raise AssertionError((number, record)) from error
        findings = inspector.inspect(document, layout, data=str(number), colours=False)
        assert not findings, (number, record, [(one.place, one.code, one.en) for one in findings])


@pytest.mark.req("R-000-18")
@pytest.mark.parametrize("code", layouts.kinds())
def test_a_few_random_records_are_drawn_whole(code: str) -> None:
    _draw_all(code, range(QUICK))


@pytest.mark.soak
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("code", layouts.kinds())
def test_five_thousand_random_records_are_drawn_whole(code: str, part: int) -> None:
    size = SOAK // PARTS
    _draw_all(code, range(part * size, (part + 1) * size))


@pytest.mark.parametrize("code", layouts.kinds())
def test_random_records_differ(code: str) -> None:
    kind = layouts.load_kind(code)
    texts = {json.dumps(random_record(kind, _sample(code, 0), Random(number))[0], ensure_ascii=False)  # noqa: S311
             for number in range(8)}
    assert len(texts) > 4
