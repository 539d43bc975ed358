"""The wheel holds exactly our rooms: every module, layout and font, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("cli", "docgen", "verify", "registry", "certs", "codes", "layouts", "fonts")


def test_the_wheel_holds_every_file_of_the_rooms_and_nothing_else(tmp_path: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", *ROOMS],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()
    checkout = tmp_path / "checkout"
    for name in [*listed, "pyproject.toml", "README.md", "LICENSE"]:
        target = checkout / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp_path, checkout],
        check=True, capture_output=True,
    )
    (wheel,) = tmp_path.glob("zhengyin-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == set(listed)
