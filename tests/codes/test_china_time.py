"""Moments as people read them."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from codes.china_time import CHINA_TIME, time_en, time_zh


@pytest.mark.parametrize("moment", [
    datetime(2026, 11, 26, 3, 30, 5, 999_000, tzinfo=UTC),
    datetime(2026, 11, 26, 11, 30, 5, tzinfo=CHINA_TIME),
    datetime(2026, 11, 25, 22, 30, 5, tzinfo=timezone(timedelta(hours=-5))),
])
def test_a_moment_is_told_as_the_time_of_day_in_china(moment: datetime) -> None:
    assert time_zh(moment) == "2026年11月26日11:30:05（北京时间）"
    assert time_en(moment) == "2026-11-26 11:30:05 +08:00"


def test_the_day_is_that_of_china() -> None:
    moment = datetime(2026, 12, 31, 16, 0, 0, tzinfo=UTC)

    assert time_zh(moment) == "2027年1月1日00:00:00（北京时间）"
    assert time_en(moment) == "2027-01-01 00:00:00 +08:00"


@pytest.mark.parametrize(("moment", "zh", "en"), [
    (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), "9999年12月31日23:59:59", "9999-12-31 23:59:59"),
    (datetime(9999, 12, 31, 15, 59, 59, tzinfo=UTC), "9999年12月31日23:59:59", "9999-12-31 23:59:59"),
    (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), "1年1月1日00:00:00", "0001-01-01 00:00:00"),
    (datetime(1, 1, 1, tzinfo=UTC), "1年1月1日08:00:00", "0001-01-01 08:00:00"),
])
def test_the_ends_of_the_calendar_can_be_told(moment: datetime, zh: str, en: str) -> None:
    """Strangers write them; "no end" is the last second of the year 9999 (RFC 5280 clause 4.1.2.5)."""
    assert (time_zh(moment), time_en(moment)) == (f"{zh}（北京时间）", f"{en} +08:00")


@pytest.mark.parametrize("tell", [time_zh, time_en])
def test_a_moment_without_a_zone_is_none(tell: Callable[[datetime], str]) -> None:
    with pytest.raises(ValueError, match="zone"):
        tell(datetime(2026, 11, 26, 11, 30, 5))


ROOT = Path(__file__).parent.parent.parent
SPEAKING = sorted(path for room in ("cli", "registry", "certs") for path in (ROOT / room).rglob("*.py"))
UTC_WRITERS = ("isoformat", "write_moment", "strftime")


@pytest.mark.parametrize("path", SPEAKING, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_sentence_tells_a_moment_in_another_way(path: Path) -> None:
    """Sentences are texts with a blank or a Chinese character; what is formatted in them is looked at."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.JoinedStr):
            continue
        words = "".join(part.value for part in node.values if isinstance(part, ast.Constant))
        formatted = [ast.unparse(part) for part in node.values if isinstance(part, ast.FormattedValue)]
        if not words.startswith("<") and re.search(r"[\u3000-\u9fff ]", words):
            assert not [one for one in formatted if any(writer in one for writer in UTC_WRITERS)], words
