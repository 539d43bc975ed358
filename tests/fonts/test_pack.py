"""Font packs: further faces stand at the end of every chain, known by their digest, and only where asked for."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import fonts
from fonts import FontError, TrueType
from fonts.pack import MARK, mark_of
from tests.support.font_pack import BEYOND, make_pack, pack_font


def test_a_pack_draws_what_the_faces_cannot_and_only_within_its_block(tmp_path: Path) -> None:
    pack = fonts.load_pack(make_pack(tmp_path / "pack"))
    assert fonts.drawable(f"测{BEYOND}", "song") == {BEYOND}
    with fonts.using(pack):
        assert fonts.drawable(f"测{BEYOND}", "song") == set()
        assert fonts.chain("kai") == (*fonts.CHAINS["kai"], *pack.keys)
        seen: list[set[str]] = []
        other = threading.Thread(target=lambda: seen.append(fonts.drawable(BEYOND, "song")))
        other.start()
        other.join()
        assert seen == [{BEYOND}], "another thread has its own pack"
    assert fonts.drawable(BEYOND, "song") == {BEYOND}


def test_a_face_of_a_pack_is_known_by_the_digest_of_its_file(tmp_path: Path) -> None:
    folder = make_pack(tmp_path / "pack")
    digest = hashlib.sha256((folder / "pack.ttf").read_bytes()).hexdigest()
    (face,) = fonts.load_pack(folder).faces
    assert face.key == f"pack-{digest[:16]}" and face.mark == MARK + digest
    assert fonts.face(face.key) is face
    made = TrueType(face.subset(frozenset(BEYOND)).data)
    assert mark_of(made) == digest
    assert mark_of(TrueType(fonts.face("kai").subset(frozenset("甲")).data)) == ""


def test_a_pack_is_read_again_when_its_file_changes(tmp_path: Path) -> None:
    folder = make_pack(tmp_path / "pack")
    (before,) = fonts.load_pack(folder).keys
    assert fonts.load_pack(folder).keys == (before,)
    make_pack(folder, look="上")
    (after,) = fonts.load_pack(folder).keys
    assert after != before


def _written(data: bytes, name: str = "a.ttf") -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        (folder / name).write_bytes(data)
    return fill


BAD = [
    # what, how the folder is filled
    ("no font", _written(b"", "a.txt")),
    ("another format", _written(b"OTTO" + bytes(100))),
    ("empty", _written(b"")),
    ("cut short", _written(pack_font()[:400])),
    ("no name", _written(pack_font(name=""))),
    ("an odd name", _written(pack_font(name="a b/c"))),
    ("the name of a face of the engine", _written(pack_font(name="LXGWWenKai-Regular"))),
    ("embedding forbidden", _written(pack_font(restricted=True))),
]


@pytest.mark.parametrize(("what", "fill"), BAD, ids=[what for what, _ in BAD])
def test_an_unusable_pack_is_refused(what: str, fill: Callable[[Path], None], tmp_path: Path) -> None:
    fill(tmp_path)
    with pytest.raises(FontError) as caught:
        fonts.load_pack(tmp_path)
    assert caught.value.code == "font.pack", what


def test_two_fonts_of_one_name_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    for name in ("a.ttf", "b.ttf"):
        (tmp_path / name).write_bytes(pack_font())
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(FontError) as caught:
            fonts.load_pack(folder)
        assert caught.value.code == "font.pack"
