"""Which characters a licence can hold: what the law's tables and people's names need is drawn."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

import fonts

DATA = Path(__file__).parent.parent / "data" / "tonggui-beyond-gb2312.txt"
GB_2312 = "".join(bytes((high, low)).decode("gb2312", "ignore")
                  for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF))


def beyond_gb2312() -> str:
    """Those characters of 通用规范汉字表 that GB 2312 has not."""
    lines = DATA.read_text(encoding="utf-8").splitlines()
    return "".join(line for line in lines if not line.startswith("#"))


def test_the_list_is_whole() -> None:
    assert len(beyond_gb2312()) == len(set(beyond_gb2312())) == 1467
    assert len(GB_2312) == 6763
    assert not set(beyond_gb2312()) & set(GB_2312)


CHARACTERS = [
    # what, characters
    ("通用规范汉字表, beyond GB 2312", beyond_gb2312()),
    ("GB 2312", GB_2312),
    ("CJK extension A", "".join(map(chr, range(0x3400, 0x4DC0)))),
    ("CJK unified ideographs", "".join(map(chr, range(0x4E00, 0xA000)))),
    ("rare names met in practice", "𠮷㛃䶮㐂㚢㙍㛹㵑䒟䴖𬍤𬤇𬭬𫍽𫖮𬬭𪣻𬱖𫘨𬞟𤩽𣲗𡐓𦒍𬇙𬜬𬟁𪩘𫐐𫓧𠅤𠙶𡎚"),
    ("names in extension G that the identity-card system has", "𰀡𰇗𰋀𰋊"),
]


@pytest.mark.parametrize("chain", sorted(fonts.CHAINS))
@pytest.mark.parametrize(("what", "text"), CHARACTERS, ids=[what for what, _ in CHARACTERS])
def test_every_chain_draws(what: str, text: str, chain: str) -> None:
    assert fonts.drawable(text, chain) == set(), what


def test_the_faces_of_rare_characters_hold_only_what_the_others_lack() -> None:
    common = {char for key in ("song", "kai") for char in fonts.face(key).font.characters()}
    rare, names = (set(fonts.face(key).font.characters()) for key in ("rare", "rare-names"))
    assert len(rare) == 35213 and len(names) == 1771
    assert not common & (rare | names) and not rare & names


def test_a_rare_character_is_as_strong_as_its_neighbours() -> None:
    """Level strokes of 一 in Noto Serif SC are 33 thousandths of the size thick; HanaMin's are 20."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    font = TTFont(fonts.font_path("rare"), lazy=True)
    name = font.getBestCmap()[ord("𠀀")]
    levels = sorted({y for x, y in font["glyf"][name].getCoordinates(font["glyf"])[0]})
    gaps = [high - low for low, high in pairwise(levels)]
    assert any(30 <= gap <= 38 for gap in gaps), levels
