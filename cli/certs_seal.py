"""``zhengyin certs seal``: what a seal file (``.esl``) says, whoever made it, and the parts that an import needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final

import typer

from certs.canonical_json import JSON
from certs.files import make_folder, read_file, write_atomic
from certs.moments import write_moment
from certs.seal_import import STANDARDS, ImportedSeal, read_seal
from certs.ses import MAX_BYTES
from certs.sm3 import sm3
from certs.untrusted_files import printable
from codes.china_time import time_en

__all__ = ["app"]

_NO: Final = 1

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.command("seal")
def show_seal(
    file: Annotated[Path, typer.Argument(
        metavar="FILE", exists=True, dir_okay=False, help="印章数据（.esl） / the seal's data")],
    out: Annotated[Path | None, typer.Option(
        metavar="DIR", file_okay=False,
        help="写出印模、制章人证书和签章人证书的目录 / folder for imprint, maker's and signers' certificates")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出一个 JSON 对象 / print one JSON object")] = False,
) -> None:
    """查看印章（第 1、4、5 版） / show a seal of version 1, 4 or 5.

    制章人签名无效时返回 1；制章人是否可信由导入时判断 / exit code 1 when the maker's signature does not hold;
    whether the maker is trusted is judged at import.
    """
    seal = read_seal(read_file(file, max_bytes=MAX_BYTES))
    told = _describe(seal)
    if out is not None:
        _write_parts(seal, out)
    typer.echo(json.dumps(told, ensure_ascii=False, indent=2) if as_json else _text(seal, told))
    raise typer.Exit(0 if seal.maker_signed else _NO)


def _describe(seal: ImportedSeal) -> dict[str, JSON]:
    info, picture = seal.seal.info, seal.picture
    digests = [*map(sm3, seal.certificates), *seal.certificate_digests]
    return {
        "version": seal.version, "standard": STANDARDS[seal.version], "seal": seal.es_id, "name": seal.name,
        "vendor": info.vendor_id, "type": info.seal_type, "created": write_moment(info.created_at),
        "valid_start": write_moment(seal.valid_start), "valid_end": write_moment(seal.valid_end),
        "picture": {"kind": picture.kind, "width_mm": picture.width_mm, "height_mm": picture.height_mm,
                    "sm3": sm3(picture.data).hex()},
        "certificates": [digest.hex() for digest in digests], "maker": seal.maker.subject_text,
        "maker_certificate": seal.maker.fingerprint, "maker_signed": seal.maker_signed,
        "timestamp_fits": seal.timestamp_fits, "usable_version": seal.seals,
    }


def _text(seal: ImportedSeal, told: dict[str, JSON]) -> str:
    picture = seal.picture
    lines = [
        f"{told['name']}  {told['seal']}",
        f"版本 / version: {told['version']} ({told['standard']})",
        f"有效期 / valid: {time_en(seal.valid_start)} – {time_en(seal.valid_end)}",
        f"印模 / imprint: {picture.kind}, {picture.width_mm} × {picture.height_mm} mm",
        f"制章人 / maker: {told['maker']}",
        "制章人签名有效 / the maker's signature holds" if seal.maker_signed
        else "制章人签名无效 / the maker's signature does not hold",
    ]
    if seal.timestamp_fits is False:
        lines.append("所带时间戳与签名值不符 / the timestamp is not one of the signature value")
    if not seal.seals:
        lines.append("此版本只能存放和查看，不能用于盖章 / a seal of this version is held and shown, not sealed with")
    return "\n".join(printable(line) for line in lines)


def _write_parts(seal: ImportedSeal, out: Path) -> None:
    make_folder(out)
    ending = seal.picture.kind.lower() if seal.picture.kind.isalnum() else "picture"
    parts = {f"imprint.{ending}": seal.picture.data, "maker.cer": seal.maker.der}
    parts |= {f"certificate-{number}.cer": der for number, der in enumerate(seal.certificates, 1)}
    for name, data in parts.items():
        write_atomic(out / name, data, mode=0o644)
