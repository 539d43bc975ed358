"""``zhengyin certs keys``: where the keys of a home are, whether they work, and keys on tokens."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from certs import p256, rsa, sm2
from certs.config import HOME_VARIABLE, find_home, read_password
from certs.csr import KIND_NAMES, PROFILES, SERVICES
from certs.files import make_folder, write_atomic
from certs.key_check import KeyState, check_keys
from certs.key_reference import key_path, reference_bytes
from certs.keystore import store_key
from certs.pin import PIN_FILE_VARIABLE
from cli.tables import table
from codes.china_time import CHINA_TIME

__all__ = ["app"]

_STORES: Final = ("pkcs11", "file")

_PROFILES: Final = {**PROFILES, **SERVICES}
_PIN_WORDS: Final = {
    "ok": "正常 / ok", "wrong-before": "曾输错 / a wrong one was tried", "last-try": "仅剩一次 / one try left",
    "locked": "已锁定 / locked", "unset": "未设置 / not set", "none": "无需 / none"}

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

ModuleOption = Annotated[Path, typer.Option(
    "--module", metavar="SO", dir_okay=False, help="令牌厂商的 PKCS#11 模块 / the PKCS#11 module of the token's maker")]
TokenOption = Annotated[str, typer.Option(metavar="LABEL", help="令牌标签 / label of the token")]
SerialOption = Annotated[str, typer.Option(metavar="NUMBER", help="令牌序列号 / serial number of the token")]
PinOption = Annotated[Path | None, typer.Option(
    "--pin-file", metavar="FILE", dir_okay=False,
    help=f"令牌口令（PIN）所在文件，缺省取 {PIN_FILE_VARIABLE} / "
         f"file with the token's PIN; {PIN_FILE_VARIABLE} by default")]
RoleOption = Annotated[str, typer.Option(metavar="ROLE", help="密钥用途，如 pdf / what the key is for, as pdf")]
OutOption = Annotated[Path, typer.Option(
    metavar="DIR", file_okay=False, help="放置密钥引用的目录 / folder for the key reference")]
HomeOption = Annotated[Path | None, typer.Option(
    metavar="H", help=f"工作目录，缺省取 {HOME_VARIABLE} / the home; {HOME_VARIABLE} by default")]
JsonOption = Annotated[bool, typer.Option("--json", help="以 JSON 输出 / write JSON")]


@app.callback()
def _group() -> None:
    """密钥存放处：检查、列出、在令牌上生成 / where keys are: check them, list tokens, make keys on tokens."""


@app.command("list")
def list_them(
    module: ModuleOption, token: TokenOption = "", serial: SerialOption = "", pin_file: PinOption = None,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:
    """列出令牌，指明令牌时列出其中的密钥 / list the tokens of a module, or the keys on the token that is named."""
    from certs.pkcs11_list import list_keys, list_tokens

    rows: list[tuple[str, ...]]
    if token or serial:
        keys = list_keys(_named(module, token, serial, pin_file), home or (pin_file or Path()).absolute().parent)
        entries: list[dict[str, Any]] = [
            {"label": one.label, "id": one.id, "kind": one.kind, "bits": one.bits, "extractable": one.extractable}
            for one in keys]
        headings = ("标签 / label", "编号 / id", "种类 / kind", "可导出 / extractable")
        rows = [(one.label, one.id, f"{one.kind or '?'}{one.bits or ''}", "是 / yes" if one.extractable else "否 / no")
                for one in keys]
    else:
        tokens = list_tokens(str(module.absolute()))
        entries = [{"label": one.label, "serial": one.serial, "model": one.model, "manufacturer": one.manufacturer,
                    "pin": one.pin} for one in tokens]
        headings = ("标签 / label", "序列号 / serial", "型号 / model", "口令 / PIN")
        rows = [(one.label, one.serial, f"{one.manufacturer} {one.model}", _PIN_WORDS[one.pin]) for one in tokens]
    typer.echo(json.dumps(entries, ensure_ascii=False, indent=2) if as_json else table(headings, rows))


@app.command()
def check(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """检查各密钥可用、与证书成对 / see that each key of a home can be had, fits its certificate and signs.

    有不可用的则退出码为 1 / exit code 1 where one does not.
    """
    states = list(check_keys(find_home(home, os.environ), os.environ))
    if as_json:
        typer.echo(json.dumps([_entry(one) for one in states], ensure_ascii=False, indent=2))
    else:
        typer.echo(table(
            ("密钥 / key", "存放 / store", "证书 / certificate", "结果 / result"),
            [(f"{one.place} {one.role}", one.store, (one.certificate and one.certificate.subject_cn) or "",
              "可用 / good" if one.error is None else one.error.code.value) for one in states]))
        for one in states:
            if one.error is not None:
                typer.echo(f"{one.place} {one.role}: {one.error}", err=True)
    if any(one.error for one in states):
        raise typer.Exit(1)


@app.command()
def make(
    role: RoleOption, out: OutOption,
    store: Annotated[str, typer.Option(
        metavar="STORE", help="pkcs11（令牌）或 file（加密文件） / "
                              "pkcs11, a token, or file, an encrypted file")] = "pkcs11",
    module: Annotated[Path | None, typer.Option(
        "--module", metavar="SO", dir_okay=False,
        help="令牌厂商的 PKCS#11 模块 / the PKCS#11 module of the token's maker")] = None,
    token: TokenOption = "", serial: SerialOption = "", pin_file: PinOption = None,
    kind: Annotated[str, typer.Option(
        metavar="KIND", help="sm2、p256 或 rsa，缺省按用途；sm2 只能用 file / "
                             "sm2, p256 or rsa; by default what the role takes; sm2 in a file only")] = "",
    bits: Annotated[int, typer.Option(
        min=2048, max=8192, metavar="N", help="RSA 密钥长度 / length of an RSA key in bits")] = rsa.BITS,
    label: Annotated[str, typer.Option(
        metavar="LABEL", help="令牌上的密钥标签，缺省自动取名 / "
                              "label of the key on the token; one is chosen by default")] = "",
    home: HomeOption = None,
) -> None:
    """生成密钥，之后用 certs request 申请证书 / make a key; then ask for its certificate with `certs request`.

    已有密钥或引用的目录不作改动 / a folder that has the key or a reference is left alone.
    """
    if store not in _STORES:
        raise typer.BadParameter(f"应为 {'、'.join(_STORES)} 之一 / one of {', '.join(_STORES)}", param_hint="--store")
    if kind and kind not in KIND_NAMES:
        raise typer.BadParameter(f"没有这种密钥：{kind}，应为 {'、'.join(KIND_NAMES)} 之一 / "
                                 f"there is no such kind of key: {kind}; one of {', '.join(KIND_NAMES)}",
                                 param_hint="--kind")
    if store == "pkcs11":
        _require_for_token(role)
    _require_role(role, kind)
    made_as = kind or _PROFILES[role].kind
    _require_free(out, role)
    if store == "file":
        password = read_password(find_home(home, os.environ), os.environ)
        with _folder(out):
            key = (rsa.PrivateKey.generate(bits) if made_as == "rsa" else
                   sm2.PrivateKey.generate() if made_as == "sm2" else p256.PrivateKey.generate())
            store_key(out / f"{role}.key", key, password)
        typer.echo(out / f"{role}.key")
        return
    from certs.pkcs11_make import make_key

    if module is None:
        raise typer.BadParameter("请指明模块 / name the module", param_hint="--module")
    with _folder(out):
        made = make_key(_named(module, token, serial, pin_file), home or out, label or f"{role} {secrets.token_hex(8)}",
                        rsa_bits=bits if made_as == "rsa" else None, anew=True)
        _write(out, role, made)


@app.command()
def refer(
    role: RoleOption, out: OutOption, module: ModuleOption,
    token: TokenOption = "", serial: SerialOption = "", pin_file: PinOption = None,
    label: Annotated[str, typer.Option(metavar="LABEL", help="密钥标签 / label of the key")] = "",
    key_id: Annotated[str, typer.Option("--id", metavar="HEX", help="密钥编号 / CKA_ID of the key")] = "",
    home: HomeOption = None,
) -> None:
    """引用令牌上已有的密钥 / refer to a key that is on a token already."""
    from certs.pkcs11_list import refer_to_key
    from certs.public_key import PublicKey

    _require_for_token(role)
    _require_free(out, role)
    reference = _named(module, token, serial, pin_file)
    reference |= {name: value for name, value in (("label", label), ("id", key_id)) if value}
    with _folder(out):
        found = refer_to_key(reference, home or out)
        _require_role(role, PublicKey.parse(_decoded(found)).kind)
        _write(out, role, found)


@contextmanager
def _folder(out: Path) -> Iterator[None]:
    """Let the block fill a folder, which is made if need be; where it fails, a folder left empty is taken away."""
    fresh = not out.exists()
    make_folder(out)
    try:
        yield
    except BaseException:
        if fresh and not any(out.iterdir()):
            out.rmdir()
        raise


def _named(module: Path, token: str, serial: str, pin_file: Path | None) -> dict[str, Any]:
    """Return the members of a reference that name a token."""
    named = {"token": token, "serial": serial, "pin_file": str(pin_file.absolute()) if pin_file else ""}
    return {"store": "pkcs11", "module": str(module.absolute()),
            **{name: value for name, value in named.items() if value}}


def _require_for_token(role: str) -> None:
    """A role whose keys are SM2 has none on a token: PKCS#11 has no SM2 that modules share."""
    if role in _PROFILES and _PROFILES[role].kind == "sm2":
        raise typer.BadParameter(
            f"{role} 的密钥为 SM2，不能放在 PKCS#11 令牌上；可用加密文件（certs keys make --store file）、SDF 设备、"
            f"HTTP 签名服务或签名进程，见 docs/keys.zh.md / the key for {role} is SM2 and cannot be on a PKCS#11 "
            "token: keep it in an encrypted file (certs keys make --store file), in an SDF device, behind an HTTP "
            "signing service or in the signer process; see docs/keys.md", param_hint="--role")


def _require_role(role: str, kind: str) -> None:
    """The role is known and takes keys of this kind; an empty one is the role's own."""
    if role not in _PROFILES:
        raise typer.BadParameter(f"没有这种密钥：{role} / there is no such key: {role}", param_hint="--role")
    kinds = (_PROFILES[role].kind, *_PROFILES[role].also)
    if kind and kind not in kinds:
        raise typer.BadParameter(
            f"{role} 的密钥应为 {'、'.join(kinds)}，不能是 {kind} / "
            f"a key for {role} is {' or '.join(kinds)}, not {kind}", param_hint="--role")


def _require_free(out: Path, role: str) -> None:
    if (there := key_path(out, role)) is not None:
        raise typer.BadParameter(
            f"已有 {there}，不再生成；用它申请证书请执行 zhengyin certs request，要另一把密钥请换一个 --out 目录 / "
            f"{there} is there already and is left alone: ask for its certificate with zhengyin certs request, or name "
            "another folder for another key", param_hint="--out")


def _write(out: Path, role: str, reference: Any) -> None:
    path = out / f"{role}.key.json"
    write_atomic(path, reference_bytes(reference))
    typer.echo(f"{path}  {reference.get('label') or reference['id']}")


def _decoded(reference: Any) -> bytes:
    from certs.key_reference import referred_public_key

    return referred_public_key(reference) or b""


def _entry(state: KeyState) -> dict[str, Any]:
    certificate, error = state.certificate, state.error
    return {"place": state.place, "role": state.role, "store": state.store,
            "certificate": certificate.subject_cn if certificate else None,
            "until": certificate.not_after.astimezone(CHINA_TIME).isoformat() if certificate else None,
            "code": error.code.value if error else None, "zh": error.zh if error else None,
            "en": error.en if error else None}
