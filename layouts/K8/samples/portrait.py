"""Draws the made-up portraits of the samples and puts them into the records: run it to write them anew.

A portrait is a silhouette of plain shapes: it shows nobody.
"""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

from PIL import Image, ImageDraw

SIZE = (240, 320)
SCALE = 4
PORTRAITS = {
    "example-1.json": ("#dfe8f1", "#5c7691", "#38506a", False),
    "example-2.json": ("#e9e4f0", "#7a6a92", "#4b3f63", True),
}
"""File of a sample → colours of ground, head and clothes, and whether the hair is long."""


def portrait(ground: str, head: str, clothes: str, long_hair: bool) -> bytes:
    """A silhouette as a baseline JPEG: four times as large first, then made small and smooth."""
    large = Image.new("RGB", (SIZE[0] * SCALE, SIZE[1] * SCALE), ground)
    draw = ImageDraw.Draw(large)

    def box(left: float, top: float, right: float, bottom: float) -> list[float]:
        return [SCALE * value for value in (left, top, right, bottom)]

    if long_hair:
        draw.rounded_rectangle(box(70, 66, 170, 226), radius=SCALE * 48, fill=clothes)
    draw.ellipse(box(22, 232, 218, 440), fill=clothes)
    draw.rounded_rectangle(box(100, 190, 140, 262), radius=SCALE * 16, fill=head)
    draw.ellipse(box(78, 78, 162, 206), fill=head)
    draw.chord(box(76, 70, 164, 176), 180, 360, fill=clothes)
    draw.polygon([SCALE * value for value in (100, 240, 120, 276, 140, 240)], fill="#f6f8fa")
    picture, out = large.resize(SIZE, Image.Resampling.LANCZOS), io.BytesIO()
    picture.save(out, "JPEG", quality=82, progressive=False, optimize=True)
    return out.getvalue()


def main() -> None:
    """Write the portraits into the samples."""
    for name, look in PORTRAITS.items():
        path = Path(__file__).parent / name
        record = json.loads(path.read_text(encoding="utf-8"))
        record["照片"] = base64.b64encode(portrait(*look)).decode("ascii")
        path.write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
