"""``signer.toml``: what is wrong in it is said in both languages, and nothing of it is guessed."""

from __future__ import annotations

import pytest

from certs.remote_wire import RemoteError
from signer.settings import Limits, read_settings

CLIENT = '[[client]]\nname = "desk"\nuids = [1000]\nkeys = ["*/*/*"]\nper_minute = 5\nper_day = 50\n'


def test_settings_are_read() -> None:
    settings = read_settings(f'{CLIENT}[[seal]]\nid = "S-1"\nper_day = 9\n'.encode())
    assert [(one.name, one.uids, one.keys) for one in settings.clients] == [("desk", {1000}, ("*/*/*",))]
    assert settings.clients[0].limits == Limits(per_minute=5, per_day=50)
    assert settings.seals == {"S-1": Limits(per_minute=None, per_day=9)}
    assert read_settings(f"\ufeff{CLIENT}".encode()).clients == settings.clients, "the mark of some editors"


@pytest.mark.parametrize(("content", "zh", "en"), [
    ("[[client]", "第 1 行第 9 列不是合格的 TOML", "no TOML"),
    ("# \udcff", "第 1 行不是 UTF-8", "line 1 is not UTF-8"),
    ("port = 1", "没有 port 这一项", "unknown key port"),
    (CLIENT + "port = 1", "没有 port 这一项", "unknown key port"),
    ("client = 1", "client 应写成 [[client]]", "client is written [[client]]"),
    (CLIENT.replace('"desk"', '"a b"'), "name 应由字母、数字", "name takes letters"),
    (CLIENT.replace("[1000]", "1000"), "uids 应为列表", "uids takes a list"),
    (CLIENT.replace("[1000]", "[-1]"), "desk：uids 应为用户编号", "desk: uids takes numbers"),
    (CLIENT.replace("[1000]", "[]"), "desk：没有人可以成为此客户端", "desk: nobody could be this client"),
    (CLIENT + 'certificates = ["ab"]', "desk：certificates 应为", "desk: certificates takes"),
    (CLIENT + 'common_names = [""]', "desk：common_names 应为", "desk: common_names takes"),
    (CLIENT.replace("*/*/*", "*/*"), "desk：keys 应写成", "desk: keys takes"),
    (CLIENT.replace("per_day = 50\n", ""), "desk：须写 per_minute 和 per_day", "are needed"),
    (CLIENT.replace("50", "true"), "应为不小于 0 的整数", "numbers from 0 up"),
    (CLIENT + CLIENT, "client 重复", "the same client twice"),
    (CLIENT + CLIENT.replace("desk", "other"), "uids 重复", "the same uids twice"),
    ('[[seal]]\nid = "S"\n[[seal]]\nid = "S"\n', "seal 重复", "the same seal twice"),
])
def test_a_fault_is_said_in_both_languages(content: str, zh: str, en: str) -> None:
    with pytest.raises(RemoteError) as refusal:
        read_settings(content.encode("utf-8", "surrogateescape"))
    assert refusal.value.code.value == "signer.settings"
    assert zh in refusal.value.zh and en in refusal.value.en
