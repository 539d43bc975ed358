"""The kind T1 of tests/data/kinds: a letter with everything that runs over pages, and records of it."""

from __future__ import annotations

import atexit
import base64
import functools
import io
import itertools
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

import docgen
import fonts
import layouts
from certs.home import Home
from docgen.licence import Licence
from docgen.record import validate
from tests.support.demo_home import CITY, make_home

KINDS = Path(__file__).parents[1] / "data" / "kinds"
PARAGRAPH = ("经审查，你单位于2025年03月02日提交的关于1,2-二甲苯（含量≥30%）经营场所101室的申请材料不符合"
             "《危险化学品经营许可证管理办法》第六条第（一）项的规定，现决定不予许可。")
_numbers = itertools.count(1)


@functools.cache
def photo(width: int = 150, height: int = 200) -> bytes:
    """A baseline JPEG of colours that run."""
    picture = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    picture.paste((20, 60, 160), (20, 20, 60, 60))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def rows(count: int) -> list[dict[str, str]]:
    """Rows of the table 材料."""
    return [{"序号": str(number), "名称": "安全评价报告" + "及附件" * (number % 7), "数量": f"{number}份",
             "核查日期": f"2025-04-{1 + number % 28:02}"} for number in range(1, count + 1)]


def letter(**changes: Any) -> dict[str, Any]:
    """A record of T1 with a 文号 of its own; fields exchanged."""
    record: dict[str, Any] = {
        "kind": "T1", "文书名称": "试排行政许可决定书", "文号": f"测应急不许〔2025〕{next(_numbers)}号",
        "发文机关": CITY[1], "发文机关代码": CITY[0], "成文日期": "2025-04-30", "申请人": "测试市晨光化工贸易有限公司",
        "统一社会信用代码": "91140100MA0TEXT01T", "事由": "\n".join(PARAGRAPH * (1 + index % 3) for index in range(6)),
        "材料": rows(12), "救济": "如不服本决定，可以自收到本决定书之日起六十日内依法申请行政复议。",
        "附注": "本文书一式两份。", "照片": base64.b64encode(photo()).decode(),
    }
    return {key: value for key, value in {**record, **changes}.items() if value is not None}


def licence(record: Mapping[str, Any]) -> Licence:
    """A checked licence of T1."""
    layouts.add_folder(KINDS)
    return validate(record, layouts.load_kind("T1"), lookup_hosts=(),
                    drawable=lambda text: fonts.drawable(text, "song"))


@functools.cache
def running_home() -> Home:
    """A demo home whose approvals cover T1, made once a process."""
    layouts.add_folder(KINDS)
    folder = Path(tempfile.mkdtemp(prefix="zhengyin-running-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make_home(folder / "home", kinds=("T1",))


@functools.cache
def issued_letter() -> docgen.Issued:
    """One letter of three pages, issued once a process."""
    return docgen.issue(letter(), home=running_home())
