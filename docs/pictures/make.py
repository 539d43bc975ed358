"""Make the pictures of the documentation: `python docs/pictures/make.py`. Needs poppler's pdftoppm.

A demo home and worked example 1 are made in a temporary folder. The licence page is drawn by poppler from the
PDF rendition; the verdicts are what `zhengyin verify` prints, set in the project's own fonts.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import fonts
import layouts

FOLDER = Path(__file__).parent
LINE_PX, SIZE_PX, MARGIN_PX, TEXT_PX = 34, 22, 40, 1240
GROUND, INK, DIM = "#14201e", "#e8ece6", "#8fa39b"
GREEN, RED, AMBER = "#67c98f", "#f0776c", "#e6b450"
COLOURS = {"✓": GREEN, "✗": RED, "?": AMBER, "※": AMBER}
ANSWERS = {"/ genuine": GREEN, "/ not genuine": RED, "/ cannot say": AMBER}
KEYS = ("hei", "song", "kai")
FACES = {key: ImageFont.truetype(str(fonts.font_path(key)), SIZE_PX) for key in KEYS}


def zhengyin(*words: str | Path, folder: Path) -> str:
    """What a command prints, whatever its exit code."""
    command = [sys.executable, "-m", "cli.main", *map(str, words)]
    return subprocess.run(  # noqa: S603 - our own command, words given below
        command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False).stdout


def font_of(char: str) -> ImageFont.FreeTypeFont:
    """The first face that draws a character."""
    return FACES[next(key for key in KEYS if fonts.face(key).glyph_id(char) is not None)]


def advance(char: str) -> float:
    """Width of a character in pixels."""
    return SIZE_PX / 4 if char == " " else font_of(char).getlength(char)


def wrapped(line: str) -> list[str]:
    """A line cut to the terminal's width, at a blank where one is near; what follows is indented."""
    made, indent = [], " " * (len(line) - len(line.lstrip()) + 4)
    while sum(map(advance, line)) > TEXT_PX:
        fits = next(count for count in range(len(line)) if sum(map(advance, line[:count + 1])) > TEXT_PX)
        blank = line.rfind(" ", fits - 24, fits)
        cut = blank if blank > len(indent) else fits
        made.append(line[:cut])
        line = indent + line[cut:].lstrip()
    return [*made, line]


def terminal(text: str, target: Path) -> None:
    """Draw the text of a terminal: marks and the answer in their colours, reasons dimmed."""
    lines: list[tuple[str, str]] = []
    for line in text.splitlines():
        answer = next((colour for words, colour in ANSWERS.items() if line.endswith(words)), INK)
        ink = DIM if line.startswith(("$", "      ")) else answer
        lines += [(part, ink) for part in wrapped(line)]
    picture = Image.new("RGB", (TEXT_PX + 2 * MARGIN_PX, len(lines) * LINE_PX + 2 * MARGIN_PX), GROUND)
    draw = ImageDraw.Draw(picture)
    for number, (line, ink) in enumerate(lines):
        x, y = float(MARGIN_PX), MARGIN_PX + (number + 0.75) * LINE_PX
        for place, char in enumerate(line):
            colour = COLOURS.get(char, ink) if not line[:place].strip() else ink
            draw.text((x, y), char, font=font_of(char), fill=colour, anchor="ls")
            x += advance(char)
    small(picture, target, colours=256, method=Image.Quantize.FASTOCTREE)


def small(picture: Image.Image, target: Path, *, colours: int, method: int | None = None) -> None:
    """Save with a palette: the pictures ride in every clone. The octree keeps colours that few pixels have."""
    picture.quantize(colours, method=method, dither=Image.Dither.NONE).save(target, optimize=True)
    print(f"{target.name}: {picture.width} x {picture.height}, {target.stat().st_size / 1000:.0f} KB")


def changed(source: Path, target: Path) -> None:
    """The package with one year altered on the first page, put together again by another program."""
    with zipfile.ZipFile(source) as package, zipfile.ZipFile(target, "w") as other:
        for name in package.namelist():
            data = package.read(name)
            if name.endswith("Page_0/Content.xml"):
                data = data.replace(b"2028", b"2038")
            other.writestr(name, data)


def main() -> None:
    """Make all pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "record.json").write_bytes(layouts.resource("K0", "samples/example-1.json"))
        zhengyin("certs", "demo", "--home", "home", folder=folder)
        zhengyin("issue", "record.json", "--home", "home", "--out", ".", folder=folder)
        (package,) = folder.glob("*.ofd")
        words = ("-png", "-r", "100", "-f", "1", "-l", "1", package.with_suffix(".pdf"), folder / "page")
        subprocess.run(["pdftoppm", *words], check=True)  # noqa: S603, S607 - poppler from the PATH
        (page,) = folder.glob("page*.png")
        with Image.open(page) as picture:
            small(picture.convert("RGB"), FOLDER / "licence.png", colours=128)
        changed(package, folder / "changed.ofd")
        for file, target in ((package, "verdict.png"), (folder / "changed.ofd", "verdict-changed.png")):
            said = zhengyin("verify", file.name, "--home", "home", folder=folder)
            shown, more, _ = said.partition("信任锚") if file != package else (said, "", "")
            shown += "…" if more else ""
            terminal(f"$ zhengyin verify {file.name} --home home\n{shown}", FOLDER / target)


if __name__ == "__main__":
    main()
