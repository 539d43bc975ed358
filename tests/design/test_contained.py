"""Untrusted kinds: whatever a folder holds, the child ends, says where the trouble is, and draws nothing."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from docgen.design import contained
from docgen.design.contained import Limits, run
from docgen.design.folder import open_folder
from tests.design.kinds import CODE, QUICK, change, check, made

_ROOT = Path(__file__).parents[2]
_LOOP = "{% for a in range(99999) %}{% for b in range(99999) %}{% if b < 0 %}x{% endif %}{% endfor %}{% endfor %}"


@pytest.fixture
def kind(tmp_path: Path) -> Path:
    return made(tmp_path)


def test_a_template_that_loops_forever_is_stopped_in_its_line(kind: Path) -> None:
    line = change(kind / "pages.xml", '  <page role="正本"', f'{_LOOP}<page role="正本"')
    answer = check(kind, replace(QUICK, whole_s=200))        # the drawing's own limit comes first on a busy machine too
    assert [(finding.code, finding.file, finding.line) for finding in answer.findings] == [
        ("design.time", f"{CODE}/pages.xml", line)]


@pytest.mark.parametrize("hungry", [
    "{% set a = 'x' * 900000000 %}{% set b = a * 9 %}",
    "{% set ns = ['x' * 100000000] %}{% for n in range(99) %}{% set ns = ns + ns %}{% endfor %}{{ ns | join }}",
])
def test_a_template_that_eats_memory_is_stopped(kind: Path, hungry: str) -> None:
    line = change(kind / "pages.xml", '  <page role="正本"', f'{hungry}<page role="正本"')
    (finding,) = check(kind, QUICK).findings
    assert finding.code in {"design.memory", "design.time", "template.limit", "template.malformed"}
    assert finding.file == f"{CODE}/pages.xml"
    assert finding.line in (line, 1)


def test_a_template_that_writes_without_end_is_stopped(kind: Path) -> None:
    change(kind / "pages.xml", '  <page role="正本"',
           '{% for n in range(99999) %}<page role="x"/>{% endfor %}<page role="正本"')
    (finding,) = check(kind, QUICK).findings
    assert finding.code == "template.malformed"


@pytest.mark.parametrize("reach", [
    "{{ values.__class__.__mro__ }}", "{{ ''.__class__ }}", "{{ cycler.__init__.__globals__.os }}",
    "{{ kind.__class__.__base__.__subclasses__() }}", "{% include '/etc/hostname' %}",
])
def test_a_template_reaches_nothing_of_python(kind: Path, reach: str) -> None:
    change(kind / "pages.xml", '  <page role="正本"', f'<!-- {reach} --><page role="正本"')
    answer = check(kind, QUICK)
    assert all(finding.code in {"template.filling", "template.malformed"} for finding in answer.findings)
    assert answer.findings


@pytest.mark.parametrize("mark", ["<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hostname'>]>", "<?php echo 1 ?>"])
def test_artwork_brings_in_no_other_file(kind: Path, mark: str) -> None:
    change(kind / "art/ground.svg", "<svg", f"{mark}<svg")
    (finding,) = check(kind, QUICK).findings
    assert finding.file == f"{CODE}/art/ground.svg"


def test_artwork_of_too_many_pieces_is_refused(kind: Path) -> None:
    change(kind / "art/ground.svg", '<g fill="none"', '<rect width="1" height="1"/>' * 30_000 + '<g fill="none"')
    (finding,) = check(kind, QUICK).findings
    assert finding.code == "svg.too-large"


def test_a_link_out_of_the_folder_is_not_followed(kind: Path) -> None:
    (kind / "art/ground.svg").unlink()
    (kind / "art/ground.svg").symlink_to("/etc/hostname")
    (finding,) = check(kind, QUICK).findings
    assert finding.code == "kind.unreadable"


def test_a_pipe_in_the_place_of_a_drawing_ends_at_once(kind: Path) -> None:
    (kind / "art/ground.svg").unlink()
    os.mkfifo(kind / "art/ground.svg")
    (finding,) = check(kind, QUICK).findings
    assert finding.code == "kind.unreadable"


def _huge_png() -> bytes:
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def photo_kind(kind: Path) -> Path:
    """A kind whose record holds a photo."""
    phone = '    {"label": "联系电话"'
    change(kind / "kind.json", phone, f'    {{"label": "照片", "format": "photo"}},\n{phone}')
    return kind


@pytest.mark.parametrize(("photo", "why"), [
    (_huge_png(), "20,000 by 20,000 pixels"), (b"MZ\x90\x00" * 40, "a program"),
    (b"\xff\xd8\xff\xe0" + b"x" * 99, "torn"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_photo_that_is_none_is_named_in_its_line(photo_kind: Path, photo: bytes, why: str) -> None:
    sample = photo_kind / "samples/example-1.json"
    record = json.loads(sample.read_bytes()) | {"照片": base64.b64encode(photo).decode()}
    sample.write_text(json.dumps(record, ensure_ascii=False, indent=2), encoding="utf-8")
    line = next(number for number, text in enumerate(sample.read_text().splitlines(), 1) if '"照片"' in text)
    findings = [one for one in check(photo_kind, QUICK).findings if one.field == "照片"]
    assert {(one.file, one.line) for one in findings} == {(f"{CODE}/samples/example-1.json", line)}, why


def test_nothing_is_drawn_when_something_is_wrong(kind: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    change(kind / "pages.xml", '  <page role="正本"', f'{_LOOP}<page role="正本"')
    answer = run("draw", open_folder(kind), out=out, limits=QUICK, record=None, record_name="")
    assert [finding.code for finding in answer.findings] == ["design.time"]
    assert list(out.iterdir()) == []


def test_the_child_knows_nothing_of_our_environment(kind: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    real = subprocess.Popen
    monkeypatch.setenv("ZHENGYIN_PASSWORD", "a password of a test")
    monkeypatch.setattr(subprocess, "Popen", lambda *words, **more: seen.append(more["env"]) or real(*words, **more))
    assert check(kind).ok
    assert seen == [{"LANG": "C.UTF-8"}]


def test_a_child_that_is_killed_by_the_system_is_told_as_such(kind: Path) -> None:
    answer = check(kind, Limits(drawing_s=60, whole_s=1, memory_mb=64, file_mb=1))
    assert {finding.code for finding in answer.findings} <= {"design.memory", "design.time", "design.broken"}
    assert not answer.ok


_PARENT = """
import sys
from docgen.design.contained import Limits, run
from docgen.design.folder import open_folder
run("check", open_folder(sys.argv[1]), limits=Limits(drawing_s=80_000, whole_s=90_000))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only there a child is told that its parent has ended")
def test_a_child_ends_when_its_parent_is_killed(kind: Path) -> None:
    change(kind / "pages.xml", '  <page role="正本"', f'{_LOOP}<page role="正本"')
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, str(kind)], cwd=_ROOT)
    tasks = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    child = _awaited(lambda: next(iter(tasks.read_text().split()), None))
    _awaited(lambda: "Max cpu time              90000 " in Path(f"/proc/{child}/limits").read_text())
    parent.kill()
    parent.wait()
    try:
        _awaited(lambda: not _lives(child))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(child), signal.SIGKILL)


def _awaited(found: Callable[[], Any]) -> Any:
    """What is there at last."""
    for _ in range(3000):
        if value := found():
            return value
        time.sleep(0.1)
    raise AssertionError("it did not come")


def _lives(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(("parent", "code"), [("os.getppid()", -signal.SIGALRM), ("os.getpid()", 1)])
def test_a_child_has_an_alarm_of_its_own_and_ends_at_once_without_its_parent(parent: str, code: int) -> None:
    words = f"import os, time; from certs.process_limits import end_with_parent; end_with_parent({parent}, clock_s=1)"
    ended = subprocess.run([sys.executable, "-c", f"{words}; time.sleep(600)"], cwd=_ROOT, timeout=300, check=False)
    assert ended.returncode == code


def test_a_child_that_its_alarm_ends_is_told_as_one_that_took_too_long(
    kind: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(contained, "_START", "import os, signal; os.kill(os.getpid(), signal.SIGALRM)")
    (finding,) = check(kind).findings
    assert finding.code == "design.time"
