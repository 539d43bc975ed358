"""The command ``zhengyin``: what every call of it has in common.

The library that reads command lines takes longer to load than a file to verify: for one file it is left out.

An error raised on purpose is printed in Chinese and English, never as a traceback. Exit codes: 0 yes, 1 no,
2 usage, 3 cannot say or cannot do, 4 not such a file, 5 kept until a timestamp can be had.
"""

from __future__ import annotations

import contextlib
import os
import sys

from certs.untrusted_files import printable
from codes.errors import EngineError
from codes.others_words import system_words

__all__ = ["COMMANDS", "print_error", "run", "tell"]

COMMANDS: dict[str, tuple[str, str]] = {
    "issue": ("cli.issue", "签发：记录 → 盖章的 OFD 与 PDF / issue sealed licences from records"),
    "verify": ("cli.verify", "核验证照文件 / say whether a file is genuine and its licence in force"),
    "certs": ("cli.certs", "证书与印章 / certificates and seals"),
    "seals": ("cli.seals", "印章登记：申请至注销 / the registry of seals, from application to cancellation"),
    "trust": ("cli.trust", "信任列表：发布、接收、查看 / trust lists: publish, receive, show"),
    "signer": ("cli.signer", "签名进程：密钥与网络分开 / a signer process: keys apart from the network"),
    "archive": ("cli.archive", "档案：归档、核验、续期、取出 / archives: make, verify, renew, restore packages"),
    "audit": ("cli.audit", "审计日志：导出、核验、检查点 / the audit log: export, verify, checkpoint"),
    "kinds": ("cli.kinds", "证照种类：查看、新建、检查、预览 / licence kinds: show, make, check, preview"),
    "fonts": ("cli.fonts", "字体与字体包 / the faces, and packs of further fonts"),
}
"""Command → (module with ``app``, what it does)."""

CANNOT = 3
_LONGEST = 20_000


def print_error(error: EngineError) -> None:
    """Print an error as ``code: 中文 / English`` on stderr, the clause and each fault that it carries below.

    A control character, as a file's name may have, is shown escaped: nothing in an error steers the terminal.
    """
    tell(f"{error.code.value}: {error.zh} / {error.en}")
    if clause := error.facts.get("clause"):
        tell(f"  依据 / clause: {clause}")
    for fault in getattr(error, "faults", ()):
        place = f"{fault.field}: " if fault.field else ""
        tell(f"  {place}{fault.code}: {fault.zh} / {fault.en}")


def tell(line: str) -> None:
    """Print a line on stderr, control characters escaped."""
    print(printable(line, at_most=_LONGEST), file=sys.stderr, flush=True)


def _call() -> int:
    """Carry out what is asked; return the exit code."""
    from cli.verify_plain import verify_plain

    code = verify_plain(sys.argv[1:])
    if code is None:
        from cli.commands import call

        code = call()
    return code


def run() -> None:
    """Run the command line; the only way out is an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        code = _call()
    except EngineError as error:
        print_error(error)
        code = CANNOT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = CANNOT
    except OSError as error:
        zh, en = system_words(error)
        place = f" {error.filename}" if error.filename else ""
        with contextlib.suppress(OSError):
            tell(f"file.failed: 读写失败{place}：{zh}，请检查磁盘空间和权限 / "
                 f"reading or writing failed{place}: {en}; check disk space and permissions")
        code = CANNOT
    except MemoryError:
        print("internal.memory: 内存不足 / out of memory", file=sys.stderr, flush=True)
        code = CANNOT
    except Exception as error:                               # the last resort: a name, not a traceback
        name = type(error).__name__
        tell(f"internal.error: 程序内部错误（{name}），请报告 / internal error ({name}), please report it")
        code = CANNOT
    sys.exit(code)


if __name__ == "__main__":
    run()
