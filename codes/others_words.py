"""What the system and the JSON reader say in English, said in Chinese; their own words follow in brackets."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import json

__all__ = ["json_words", "system_words"]

_SYSTEM: Final = {
    errno.EPERM: "不允许这样操作", errno.ENOENT: "文件或目录不存在", errno.EIO: "读写设备出错",
    errno.ENXIO: "没有这个设备", errno.ENODEV: "没有这个设备", errno.EAGAIN: "资源暂时不足", errno.ENOMEM: "内存不足",
    errno.EACCES: "没有权限", errno.EBUSY: "正被占用", errno.EEXIST: "已经存在", errno.EXDEV: "不在同一个文件系统",
    errno.ENOTDIR: "不是目录", errno.EISDIR: "是目录", errno.EINVAL: "参数无效", errno.ENFILE: "系统打开的文件过多",
    errno.EMFILE: "本进程打开的文件过多", errno.ETXTBSY: "程序正在运行", errno.EFBIG: "文件过大",
    errno.ENOSPC: "磁盘空间不足", errno.EROFS: "文件系统只读", errno.EPIPE: "对方已关闭连接",
    errno.ENAMETOOLONG: "名称过长", errno.ENOTEMPTY: "目录不为空", errno.ELOOP: "符号链接层数过多",
    errno.EADDRINUSE: "地址或端口已被占用", errno.EADDRNOTAVAIL: "本机没有这个地址", errno.ENETUNREACH: "网络不可达",
    errno.ECONNABORTED: "连接已中止", errno.ECONNRESET: "连接被对方中断", errno.ENOTCONN: "尚未连接",
    errno.ETIMEDOUT: "超时", errno.ECONNREFUSED: "连接被拒绝", errno.EHOSTUNREACH: "主机不可达",
    errno.ESTALE: "网络文件已失效", errno.EDQUOT: "超出磁盘配额",
}
_JSON: Final = {
    "Expecting value": "此处应有一个值",
    "Expecting property name enclosed in double quotes": "此处应有双引号括起的键名",
    "Expecting ':' delimiter": "此处应有冒号", "Expecting ',' delimiter": "此处应有逗号",
    "Extra data": "结尾之后还有内容",
    "Unterminated string starting at": "字符串没有结束", "Invalid control character at": "字符串中有控制字符",
    "Invalid \\escape": "反斜杠转义有误", "Invalid \\uXXXX escape": "\\u 转义有误",
    "Unexpected UTF-8 BOM (decode using utf-8-sig)": "开头有字节顺序标记",
    "Illegal trailing comma before end of object": "最后一项之后多了逗号",
    "Illegal trailing comma before end of array": "最后一项之后多了逗号",
}


def system_words(error: OSError) -> tuple[str, str]:
    """What the system says went wrong, in Chinese (its own words in brackets) and as it says it."""
    said, number = error.strerror or type(error).__name__, error.errno or 0
    known = _SYSTEM.get(number) if said == os.strerror(number) else None    # TLS and names have numbers of their own
    if type(error).__name__ == "gaierror":
        known = "主机名无法解析"
    return f"{known} ({said})" if known else said, said


def json_words(error: json.JSONDecodeError) -> tuple[str, str]:
    """What the JSON reader says is wrong, without the place: in Chinese (its own words in brackets), as it says it."""
    said = error.msg
    known = _JSON.get(said.removesuffix(": "))
    return f"{known} ({said})" if known else said, said
