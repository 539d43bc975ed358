"""What the system and the JSON reader say, in Chinese."""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import ssl
from pathlib import Path

import pytest

from codes.others_words import json_words, system_words

HAN = re.compile("[\u4e00-\u9fff]")
BROKEN = ["", "{", '{"a"', '{"a":', '{"a":1', "[1 2]", "{} x", '"abc', '"a\nb"', '"\\x"', '"\\u12"', '{"a":1,}', "[1,]",
          "\ufeff{}", "{a:1}"]


@pytest.mark.parametrize("number", [
    errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EIO, errno.EISDIR, errno.ENOTDIR, errno.EROFS,
    errno.EADDRINUSE, errno.ECONNREFUSED, errno.EMFILE])
def test_what_the_system_says_is_said_in_chinese_with_its_own_words_behind(number: int) -> None:
    zh, en = system_words(OSError(number, os.strerror(number), "/x"))
    assert en == os.strerror(number) and zh.endswith(f" ({en})") and HAN.match(zh)


@pytest.mark.parametrize(("error", "zh", "en"), [
    (OSError(9999, "Something new"), "Something new", "Something new"),
    (ssl.SSLError(1, "[SSL] PEM lib"), "[SSL] PEM lib", "[SSL] PEM lib"),      # whose number is that of EPERM
    (socket.gaierror(-2, "Name or service not known"), "主机名无法解析 (Name or service not known)",
     "Name or service not known"),
    (ConnectionError(), "ConnectionError", "ConnectionError"),
])
def test_other_words_stay_what_they_are(error: OSError, zh: str, en: str) -> None:
    assert system_words(error) == (zh, en)


def test_a_real_error_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError) as caught:
        (tmp_path / "nothing").read_bytes()
    assert system_words(caught.value)[0].startswith("文件或目录不存在 (")


@pytest.mark.parametrize("text", BROKEN)
def test_what_the_json_reader_says_is_said_in_chinese_with_its_own_words_behind(text: str) -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(text)
    zh, en = json_words(caught.value)
    assert en == caught.value.msg and zh.endswith(f" ({en})") and HAN.search(zh.removesuffix(en))


def test_what_the_json_reader_will_say_one_day_is_passed_on() -> None:
    assert json_words(json.JSONDecodeError("Something new", "", 0)) == ("Something new",) * 2
