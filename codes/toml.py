"""Files of settings, written as TOML: read whole, and what is wrong in them said in Chinese and English."""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

__all__ = ["SettingError", "read_toml"]

_PLACE: Final = re.compile(r"(.*) \(at line (\d+), column (\d+)\)", re.DOTALL)


class SettingError(Exception):
    """What is wrong in a file of settings, in Chinese and in English, without the file's name."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} / {en}")
        self.zh = zh
        self.en = en


def read_toml(data: bytes) -> dict[str, Any]:
    """Read a file of settings.

    Raises:
        SettingError: it is no UTF-8, or no TOML; says where.
    """
    try:
        return tomllib.loads(data.decode("utf-8-sig"))        # editors of Windows put a mark before the text
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingError(f"第 {line} 行不是 UTF-8 编码", f"line {line} is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        found = _PLACE.fullmatch(str(error))
        said, place = (found[1], f"第 {found[2]} 行第 {found[3]} 列") if found else (str(error), "")
        raise SettingError(f"{place}不是合格的 TOML，TOML 读取程序称：{said}", f"no TOML: {error}") from None
    except (ValueError, RecursionError):                      # of numbers and nesting beyond what Python reads
        raise SettingError("其中有过长的数字，或括号嵌套过深", "a number in it is too long, or brackets are nested too "
                           "deep") from None
