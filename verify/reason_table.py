"""Every reason code of the OFD half and of the report, with its weight and its two sentences.

``{name}`` stands for a fact; ``{where}`` for the place. The PDF half has its own table.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple

from verify.model import Severity

__all__ = ["CHECK_NAMES", "TABLE", "Meaning"]

CHECK_NAMES: Final = {
    "container": ("文件封装", "container"),
    "structure": ("文件结构", "structure"),
    "seal": ("电子签章", "e-seal"),
    "coverage": ("签章保护范围", "what the seal covers"),
    "trust": ("证书与信任", "certificates and trust"),
    "signature": ("PDF 数字签名", "PDF signature"),
    "data": ("数据与元数据", "data and metadata"),
    "pages": ("页面与数据一致", "pages agree with the data"),
    "qr": ("二维码", "QR code"),
    "rendition": ("PDF 版式副本一致", "PDF rendition agrees"),
    "picture": ("图片中的二维码", "QR code in the picture"),
    "evidence": ("存证", "evidence"),
}
"""Each check of a report in Chinese and English."""


class Meaning(NamedTuple):
    """What a code does to the verdict, and its sentence in Chinese and English."""

    severity: Severity
    zh: str
    en: str


_NO, _UNSURE, _NOTE = Severity.INVALID, Severity.INDETERMINATE, Severity.NOTE

_FILE: Final = {
    "file.not-such": (_UNSURE, "不是 OFD、PDF 文件，也不是照片", "neither an OFD nor a PDF file, nor a photo"),
    "file.also-archive": (
        _UNSURE, "文件同时是一个压缩包（{where}），别的程序可能从中打开另一份文件",
        "the file is a ZIP archive as well ({where}): other programs may open another document in it"),
    "file.also-pdf": (
        _UNSURE, "文件中另有一个 PDF 文件头（{where}），别的程序可能从中打开另一份文件",
        "the file holds another PDF header ({where}): other programs may open another document in it"),
    "file.too-large": (_UNSURE, "文件超过 {limit} 字节的检查上限",
                       "the file is over the limit of {limit} bytes"),
    "file.name": (_NOTE, "文件名不是证照标识（浏览器常会改名；文件名不影响结论）",
                  "the file is not named by its identifier (browsers rename; this changes no verdict)"),
    "file.broken-off": (_UNSURE, "“{check}”没有检查：前面的检查没有通过",
                        "“{check}” was not checked, because an earlier check did not pass"),
    "contained.time": (_UNSURE, "{seconds} 秒内未能检查完：文件可能有意使检查不能结束",
                       "the file was not checked within {seconds} s: it may be made to keep a checker busy"),
    "contained.ended": (_UNSURE, "检查进程意外结束（多为内存超过 {memory} MB）：文件可能有意破坏检查",
                        "the process that checked the file ended, mostly for want of more than {memory} MB of memory: "
                        "the file may be made to break a checker"),
    "file.failed": (_UNSURE, "检查程序自身出错（{kind}），没有得出结论：文件可能有意破坏检查；"
                         "请把文件或这句话告知维护者",
                         "the checker itself failed ({kind}) and came to no result: the file may be made to break a "
                         "checker; tell its maintainers, with the file or this sentence"),
    "file.more": (_NOTE, "另有 {count} 处与上述相同，或超出逐一列出的上限",
                  "{count} more findings are like those told, or beyond what is told one by one"),
    "file.unreadable-part": (_UNSURE, "检查“{check}”时内容无法解析（{kind}）",
                             "content could not be parsed while checking “{check}” ({kind})"),
}

_ZIP: Final = {
    "zip.truncated": (_NO, "文件不完整或已损坏（常因没有下载完，请重新获取）：找不到压缩包的结尾记录",
                      "the file is incomplete or damaged, often for want of a complete download, so get it again: the "
                      "end record of the archive is missing"),
    "zip.two-ends": (_NO, "压缩包有两个结尾记录，不同阅读器会看到不同内容",
                     "the archive has two end records: readers would see different content"),
    "zip.split": (_NO, "分卷压缩包不被接受", "an archive in several volumes is not accepted"),
    "zip.zip64": (_UNSURE, "{where} 使用 ZIP64 或过新的格式，不支持",
                  "{where} uses ZIP64 or a newer form, not supported"),
    "zip.slack": (_NO, "压缩包在第 {offset} 字节附近有多余或重叠的数据",
                  "the archive has extra or overlapping data near byte {offset}"),
    "zip.central": (_NO, "压缩包目录在第 {offset} 字节处损坏",
                    "the archive's directory is damaged at byte {offset}"),
    "zip.too-many": (_NO, "压缩包有 {count} 个条目，超过上限 {limit}",
                     "the archive has {count} entries, over the limit of {limit}"),
    "zip.name": (_NO, "条目名 {where} 不安全（越界、绝对路径或特殊字符）",
                 "the entry name {where} is unsafe (leaves the package, absolute, or odd characters)"),
    "zip.encrypted": (_UNSURE, "条目 {where} 已加密或带有不支持的标志 {flags}",
                      "the entry {where} is encrypted or has unsupported flags {flags}"),
    "zip.method": (_UNSURE, "条目 {where} 的压缩方法 {method} 不支持",
                   "the entry {where} uses the unsupported compression method {method}"),
    "zip.headers": (_NO, "条目 {where} 的两处文件头不一致或已损坏",
                    "the two headers of {where} disagree or are damaged"),
    "zip.alias": (_NO, "条目 {where} 带有第二个名称或长度（扩展字段 {kind}）",
                  "the entry {where} carries a second name or size (extra field {kind})"),
    "zip.twin": (_NO, "条目 {where} 与 {other} 重名（含大小写、全半角差异）",
                 "the entries {where} and {other} have the same name (case and width aside)"),
    "zip.bomb": (_NO, "{where} 解压后过大（上限 {limit} 字节），疑为压缩炸弹",
                 "{where} inflates to too much (limit {limit} bytes): an archive bomb"),
    "zip.inflate": (_NO, "条目 {where} 的压缩数据损坏或长度不符",
                    "the packed data of {where} are damaged or of another length"),
    "zip.crc": (_NO, "条目 {where} 的校验和不符，文件已损坏或被改动",
                "the checksum of {where} differs: damaged or changed"),
    "zip.directory-data": (_NO, "目录条目 {where} 带有数据", "the directory entry {where} holds data"),
    "zip.not-canonical": (
        _UNSURE,
        "文件的封装不是颁发时的形式（{detail}），可能被重新打包，请使用原始文件",
        "the container is not in its issued form ({detail}), perhaps repacked: use the original file"),
}

_XML: Final = {
    "xml.size": (_UNSURE, "{where} 过大（上限 {limit}）", "{where} is too large (limit {limit})"),
    "xml.encoding": (_UNSURE, "{where} 不是 UTF-8 编码的 XML", "{where} is no XML in UTF-8"),
    "xml.doctype": (_NO, "{where} 含有 DTD 或实体声明，拒绝解析", "{where} holds a DTD or entities: refused"),
    "xml.malformed": (_UNSURE, "{where} 不是良构的 XML（{detail}）",
                      "{where} is not well-formed XML ({detail})"),
    "xml.twin": (_UNSURE, "{where} 中 {element} 出现两次，含义不唯一",
                 "{element} occurs twice in {where}: ambiguous"),
}

_OFD: Final = {
    "ofd.structure": (_UNSURE, "{where} 缺少 {detail} 或结构不符合 GB/T 33190",
                      "{where} lacks {detail} or is not built as GB/T 33190 says"),
    "ofd.missing": (_UNSURE, "文件引用的 {where} 不存在或资源缺失",
                    "{where}, which the file refers to, or a resource in it is missing"),
    "ofd.path": (_NO, "{where} 中的位置 {location} 指向文件包之外",
                 "a location in {where} leaves the package: {location}"),
    "ofd.number": (_UNSURE, "{where} 中的数值 {text} 无效", "{where} holds an invalid number: {text}"),
    "ofd.text": (_UNSURE, "{where} 中有文字的字符数与字位数不符",
                 "text in {where} has other counts of characters and places"),
    "ofd.several-documents": (_UNSURE, "文件含 {count} 个文档，阅读器可能显示不同的一个",
                              "the file holds {count} documents: readers may show different ones"),
    "ofd.not-understood": (_UNSURE, "{where} 含有本程序不能确认其显示效果的内容：{element}",
                           "{where} holds something whose look this program cannot tell: {element}"),
    "ofd.twin-id": (_UNSURE, "{where} 中的标识 {id} 重复或缺失",
                    "the ID {id} in {where} is repeated or missing"),
    "ofd.too-many": (_UNSURE, "{where} 的对象超过 {limit} 个", "{where} holds over {limit} objects"),
    "ofd.font-not-embedded": (_UNSURE, "字体 {font} 未嵌入，各阅读器显示可能不同",
                              "the font {font} is not embedded: readers may show other shapes"),
    "ofd.hidden": (_NO, "{where} 中有不可见或看不清的文字（对象 {id}）",
                   "{where} holds text that cannot be seen (object {id})"),
    "ofd.covered": (_NO, "{where} 中有文字或图片可能被后画的图形遮盖",
                    "text or a picture in {where} may lie under a later shape"),
    "ofd.tags": (_UNSURE, "标引文件 {where} 不是良构的 XML", "the tag file {where} is not well-formed XML"),
    "ofd.unreached": (_UNSURE, "文件包中有文档没有引用的条目：{where}",
                      "the package holds an entry that the document never refers to: {where}"),
}

_SEAL: Final = {
    "seal.none": (_NO, "文件没有电子签章", "the file bears no e-seal"),
    "seal.archive-copy": (
        _UNSURE, "这是 OFD-A 归档副本，签章已按归档要求移除，本身不能证明什么；请核验档案中的盖章原件",
        "this is an OFD-A copy of an archive: its seal was taken out, as archives ask, so it proves nothing by itself; "
        "verify the sealed original in the archive"),
    "seal.several": (_UNSURE, "文件有 {count} 个签名，本版本只判定单一签章",
                     "the file has {count} signatures; this version judges one seal"),
    "seal.type": (_UNSURE, "签名类型 {type} 不支持（仅支持 GB/T 38540 电子签章）",
                  "the signature type {type} is not supported (only e-seals of GB/T 38540)"),
    "seal.missing": (_NO, "签章文件 {where} 缺失，签章可能被移除或替换",
                     "the seal file {where} is missing: the seal was removed or replaced"),
    "seal.form": (_NO, "签章数据 {where} 不符合规定的唯一编码（{detail}）",
                  "the seal data {where} are not in their one proper form ({detail})"),
    "seal.version": (_UNSURE, "电子签章版本 {version} 不支持", "e-seal version {version} is not supported"),
    "seal.method": (_UNSURE, "摘要或签名算法 {method} 不被接受（仅 SM3、SM2）",
                    "the digest or signature algorithm {method} is not accepted (SM3 and SM2 only)"),
    "seal.data-hash": (_NO, "签名描述文件已被改动：与签章值中的摘要不符",
                       "Signature.xml was changed: its digest is not the one in the seal's signature"),
    "seal.property": (_NO, "签章值绑定的文件是 {found}，不是 {where}",
                      "the signature is bound to {found}, not to {where}"),
    "seal.crypto": (_NO, "电子签章的签名值不正确", "the signature value of the e-seal is wrong"),
    "seal.maker-crypto": (_NO, "印章本身的制章签名不正确", "the seal maker's signature on the seal is wrong"),
    "seal.swapped": (
        _NO,
        "Seal.esl 与签章值中的印章不一致，印章图样可能被替换",
        "Seal.esl differs from the seal inside the signature: the seal's picture may be swapped"),
    "seal.signer-not-listed": (_NO, "签章人证书不在印章的证书列表中",
                               "the signer's certificate is not in the seal's list"),
    "seal.changed": (_NO, "{where} 在签章之后被改动", "{where} was changed after sealing"),
    "seal.gone": (_NO, "签章保护的 {where} 已被删除", "{where}, which the seal protects, was removed"),
    "seal.reference": (_NO, "签名描述文件中的引用 {where} 无效或重复",
                       "the reference {where} in Signature.xml is invalid or repeated"),
    "seal.stamp": (_NO, "签章外观 {where} 指向不存在的页面或超出页面",
                   "the stamp {where} names no page or leaves it"),
    "seal.name": (_NO, "印章名称“{seal}”与签章证书名称“{certificate}”不一致",
                  "the seal's name “{seal}” is not the certificate's “{certificate}”"),
    "seal.authority": (_NO, "签章单位“{seal}”不是证照上的发证机关“{authority}”",
                       "the sealing body “{seal}” is not the licence's issuing authority “{authority}”"),
    "seal.code": (_NO, "签章证书的统一社会信用代码 {certificate} 与发证机关代码 {authority} 不一致",
                  "the certificate's credit code {certificate} is not the issuing authority's {authority}"),
    "seal.kind": (_NO, "印章不是单位印章", "the seal is not an organisation's seal"),
    "seal.period": (_NO, "印章的有效期超出其证书的有效期", "the seal's validity exceeds its certificate's"),
    "seal.time-outside": (_NO, "签章时间不在印章或证书的有效期内",
                          "the sealing time lies outside the validity of seal or certificate"),
    "seal.future": (_UNSURE, "签章时间 {time} 晚于检查时间",
                    "the sealing time {time} is later than the time of checking"),
    "seal.time-form": (_NO, "签章的两处时间不一致", "the two times of the seal disagree"),
    "seal.expired": (
        _UNSURE,
        "印章的有效期已过，且没有可信时间戳证明签章时间（OUT_OF_BOUNDS_NO_POE）",
        "the seal's validity has passed and no trusted timestamp proves the sealing time "
        "(OUT_OF_BOUNDS_NO_POE)"),
    "seal.status-unknown": (_NOTE, "印章状态未知：{zh}；只由证书撤销列表判断",
                            "the seal's state is not known: {en}; the revocation lists alone decide"),
    "seal.after-lost": (_NO, "签章时间 {claimed} 在印章挂失（{since}）之后",
                        "the sealing time {claimed} is after the seal was reported lost ({since})"),
    "seal.after-cancelled": (_NO, "签章时间 {claimed} 在印章注销或停止使用（{since}）之后",
                             "the sealing time {claimed} is after the seal was cancelled or withdrawn ({since})"),
    "seal.after-suspended": (_NO, "签章时间 {claimed} 在印章停用（{since}）之后",
                             "the sealing time {claimed} is after the seal was suspended ({since})"),
    "seal.while-suspended": (_NO, "签章时间 {claimed} 在印章停用期间（{since} 至 {until}）",
                             "the sealing time {claimed} is within a suspension of the seal ({since} to {until})"),
    "seal.after-retired": (_NO, "签章时间 {claimed} 在印章换发（{until}）之后",
                           "the sealing time {claimed} is after the seal was replaced by its successor ({until})"),
    "seal.stamped-late": (
        _UNSURE, "签章自称在 {claimed}，其时间戳却在印章停用或换发（{since} 至 {until}）之后，不能证明签章在此之前，"
        "请向发证机关查询",
        "the sealing claims {claimed}, and its timestamp is later than an end or within a suspension of the seal's use "
        "({since} to {until}), so nothing proves that it was sealed before; ask the issuing authority"),
    "seal.ended-later": (
        _NOTE, "印章已于 {since} {what}；可信时间证明签章在 {proven} 已经存在，早于此，效力不受影响",
        "the seal was {what} at {since}; a trusted time proves that the sealing existed at {proven}, before that, so "
        "the sealing is not affected"),
    "seal.lost": (
        _UNSURE, "印章已于 {since} 挂失，没有可信时间戳证明签章在此之前，请向发证机关查询",
        "the seal was reported lost at {since}, and no trusted timestamp proves that this was sealed before; "
        "ask the issuing authority"),
    "seal.cancelled": (
        _UNSURE, "印章已于 {since} 注销或停止使用，没有可信时间戳证明签章在此之前，请向发证机关查询",
        "the seal was cancelled or withdrawn at {since}, and no trusted timestamp proves that this was sealed before; "
        "ask the issuing authority"),
    "seal.suspended": (
        _UNSURE, "印章自 {since} 起停用，没有可信时间戳证明签章时印章在用，请向发证机关查询",
        "the seal is suspended since {since}, and no trusted timestamp proves that it was in use when this was "
        "sealed; ask the issuing authority"),
    "seal.before-use": (
        _UNSURE, "签章时间 {claimed} 时印章尚未启用（启用时间：{since}），请向发证机关查询",
        "at the sealing time {claimed} the seal was not yet in use (in use from: {since}); "
        "ask the issuing authority"),
    "seal.timestamp": (_UNSURE, "印章带有的时间戳不是为它所加", "the timestamp in the seal was not made for it"),
}

_COVERAGE: Final = {
    "coverage.unprotected": (_NO, "{where} 不在签章保护范围内", "{where} is not protected by the seal"),
    "coverage.nothing": (_NO, "没有可读的签章，文件的 {count} 个部分都不受保护",
                         "no seal that can be read protects any of the file's {count} parts"),
    "coverage.foreign": (_UNSURE, "{where} 不在签章保护范围内，可能影响所见内容",
                         "{where} is not protected by the seal and may change what is seen"),
}

_TRUST: Final = {
    "trust.none": (_UNSURE, "没有信任目录，无法判断证书（请用 --trust 指定）",
                   "there is no trust folder, so certificates cannot be judged (name one with --trust)"),
    "trust.unusable": (_UNSURE, "信任目录无法使用：{zh}", "the trust folder cannot be used: {en}"),
    "trust.chain": (_UNSURE, "{purpose}的证书未通过验证：{zh}（{sub}）",
                    "the certificate for the {purpose_en} does not hold: {en} ({sub})"),
    "trust.chain-failed": (_NO, "{purpose}的证书不合格：{zh}（{sub}）",
                           "the certificate for the {purpose_en} is not acceptable: {en} ({sub})"),
    "trust.revoked-later": (
        _NOTE, "{purpose}的证书“{name}”已于{revoked}撤销（{reason}）；可信时间证明所签内容在{proven}已经存在，"
        "早于撤销，撤销不影响它的效力",
        "the certificate {name} for the {purpose_en} was revoked at {revoked} ({reason}); a trusted time proves that "
        "what it signed existed at {proven}, before that, so the revocation does not affect it"),
    "trust.maker": (_UNSURE, "制章人“{name}”不在信任目录的制章人列表中",
                    "the seal maker “{name}” is not among the trusted seal makers"),
    "trust.demo": (_NOTE, "所信任的是演示根证书：演示，不具法律效力",
                   "the trusted anchor is a demonstration's: no legal force"),
    "trust.demo-claimed": (_NOTE, "文件的证书自称由演示机构签发（{issuer}）：这类文件不具法律效力",
                           "the file's certificates say that a demonstration issued them ({issuer}): "
                           "such files have no legal force"),
}

# Sentences of certs.evidence. What does not hold weighs only in a file that is not genuine without it.
_EVIDENCE: Final = {
    "evidence.good": (_NOTE, "{zh}", "{en}"),
    "evidence.later": (_NOTE, "{zh}", "{en}"),
    "evidence.no-trust": (_UNSURE, "{zh}", "{en}"),
    "evidence.unreadable": (_UNSURE, "存证读不出来：{zh}", "the evidence cannot be read: {en}"),
    "evidence.other-file": (_UNSURE, "{zh}", "{en}"),
    "evidence.wrong-tree": (_UNSURE, "{zh}", "{en}"),
    "evidence.broken-chain": (_UNSURE, "{zh}", "{en}"),
    "evidence.order": (_UNSURE, "{zh}", "{en}"),
    "evidence.token": (_UNSURE, "{zh}", "{en}"),
    "evidence.lapsed": (_UNSURE, "{zh}", "{en}"),
    "evidence.gap": (_UNSURE, "{zh}", "{en}"),
}

_DATA: Final = {
    "record.missing": (_NO, "文件包中没有证照数据文件", "the package holds no record of the licence"),
    "record.form": (_NO, "证照数据 {where} 的结构有误：{element}",
                    "the record {where} is not well built: {element}"),
    "record.kind": (_UNSURE, "证照类型 {kind}（版本 {version}）未知；部署自有的种类要用 --kinds 或 "
                    "ZHENGYIN_KINDS 指明目录",
                    "the licence kind {kind} (version {version}) is not known; name the folder of a deployment's own "
                    "kinds with --kinds or ZHENGYIN_KINDS"),
    "record.kind-version": (_UNSURE, "证照种类 {kind} 的版本 {version} 未知（本机为 {known}，及其已发布的各版本）；"
                            "请更新核验程序或该证照种类",
                            "version {version} of the licence kind {kind} is not known (here are {known} and the "
                            "versions released before); bring this verifier or the kind up to date"),
    "data.identifier": (_NO, "证照标识 {identifier} 无效：{zh}",
                        "the licence identifier {identifier} is invalid: {en}"),
    "data.identifier-parts": (_NO, "证照标识与数据不一致：{part}",
                              "the licence identifier disagrees with the data: {part}"),
    "data.unprintable": (_NO, "字段“{field}”的值不合规定格式，无法与页面和元数据对照",
                         "the value of the field “{field}” has not its form and cannot be compared with pages and "
                         "metadata"),
    "data.field": (_NO, "字段“{field}”有误：{zh}", "the field “{field}” is wrong: {en}"),
    "data.metadata": (_NO, "元数据 {name} 与证照数据不一致：{found}，应为 {expected}",
                      "the metadata {name} disagree with the record: {found} instead of {expected}"),
    "data.custom": (_NO, "文档信息中的元数据与证照数据不一致：{name}",
                    "the metadata in the document's head disagree with the record: {name}"),
    "data.tags": (_NO, "标引“{label}”与证照数据或页面不一致",
                  "the tag “{label}” disagrees with the record or the page"),
    "data.attachment": (_NO, "附件 {where} 缺失、重复或多余",
                        "the attachment {where} is missing, repeated or unexpected"),
    "data.crl": (_UNSURE, "附件 {where} 是“{issuer}”的证书撤销列表，不属于信任目录中的机构",
                 "the attachment {where} is a revocation list of {issuer}, no body of the trust folder"),
    "data.ocsp": (_UNSURE, "附件 {where} 是其他机构证书的状态应答，不属于信任目录中的机构",
                  "the attachment {where} is an OCSP answer on certificates of no body of the trust folder"),
    "data.earlier": (_NO, "附件“{where}”与“{label}”记载的前件不符：{zh}",
                     "the attachment {where} is not the earlier document that “{label}” names: {en}"),
    "data.earlier-invalid": (_NO, "附件“{where}”（“{label}”）不真实：{zh}",
                             "the earlier document in the attachment {where} (“{label}”) is not genuine: {en}"),
    "data.earlier-unsure": (_UNSURE, "附件“{where}”（“{label}”）的真伪无法确定：{zh}",
                            "whether the earlier document in {where} (“{label}”) is genuine cannot be told: {en}"),
    "data.earlier-elsewhere": (_NOTE, "“{label}”所指的前件只在 OFD 原件之内，本文件不含",
                               "the earlier document that “{label}” names rides in the OFD, the original, only"),
    "data.head": (_NO, "文档信息 {name} 与证照数据不一致",
                  "{name} in the document's head disagrees with the record"),
}

_PAGES: Final = {
    "page.count": (_NO, "页数或页序不符合证照类型：{detail}",
                   "the pages are not those of the licence kind: {detail}"),
    "page.line": (_NO, "{role}（第 {page} 页）的“{label}”显示为“{found}”，数据为“{expected}”",
                  "page {page} shows “{label}” as “{found}”, the record says “{expected}”"),
    "page.label": (_NO, "{role}（第 {page} 页）缺少或错排“{label}”",
                   "page {page} lacks “{label}” or has it out of order"),
    "page.extra": (_NO, "{role}（第 {page} 页）有数据之外的文字“{found}”",
                   "page {page} shows text beyond the record: “{found}”"),
    "page.number": (_NO, "第 {page} 页的页码“{found}”不正确",
                    "the page number “{found}” of page {page} is wrong"),
    "page.seal": (_NO, "第 {page} 页的印章缺失或多余", "page {page} lacks its seal or has one too many"),
    "page.seal-on-picture": (_NO, "{role}（第 {page} 页）的照片或二维码被印章压住",
                             "a photo or QR code on {role} (page {page}) lies under a seal"),
    "page.under-seal": (_NO, "{role}（第 {page} 页）的“{found}”被印章遮盖",
                        "the seal on page {page} touches “{found}”"),
    "page.seal-picture": (_NO, "第 {page} 页的印章图样或大小不是电子印章中的",
                          "the seal on page {page} has another picture or size than the e-seal"),
    "page.overlap": (_NO, "{role}（第 {page} 页）有文字重叠", "text lies on other text on page {page}"),
    "page.photo": (_NO, "第 {page} 页的“{label}”缺失，或不是证照数据中的照片",
                   "page {page} lacks “{label}” or shows another photo than the record's"),
    "page.picture": (_NO, "第 {page} 页有未知的图片", "page {page} shows an unknown picture"),
    "page.artwork": (_NO, "{role}（第 {page} 页）的图形不是该证照种类所发布的：{zh}",
                     "what page {page} draws is not what was released for the licence kind: {en}"),
    "page.artwork-unreleased": (_NOTE, "证照种类 {kind}（版本 {version}）没有发布图形表，边框、底纹和线条未经核对",
                                "the licence kind {kind} (version {version}) has no released table of drawings; the "
                                "pages' borders, grounds and lines were held against none"),
}

_FONT: Final = {
    "font.glyph": (_NO, "第 {page} 页的“{char}”（{point}）所用字形不是该字在字体 {font} 中的字形，所见可能与文字不符",
                   "page {page} draws “{char}” ({point}) with another outline than the font {font} has for it: "
                   "what is seen may not be what the text says"),
    "font.form": (_NO, "第 {page} 页嵌入的字体 {font} 已损坏，或含有可改变字形的内容",
                  "the font {font} embedded for page {page} is broken or holds what could change its glyphs"),
    "font.unknown": (_UNSURE,
                     "第 {page} 页的字体 {font}（SHA-256 {sha256}）不是本系统的字体，信任目录中也没有它的轮廓表",
                     "the font {font} (SHA-256 {sha256}) of page {page} is none of ours, and the trust folder has no "
                     "table of its outlines"),
}

_QR: Final = {
    "qr.missing": (_NO, "第 {page} 页没有可识别的二维码", "page {page} has no readable QR code"),
    "qr.several": (_NO, "第 {page} 页的二维码不止一个或与其他页不同",
                   "page {page} has several QR codes or another one than the other pages"),
    "qr.payload": (_NO, "二维码内容无效：{zh}", "the QR code's content is invalid: {en}"),
    "qr.claim": (_NO, "二维码中的“{field}”与证照数据不一致",
                 "“{field}” in the QR code disagrees with the record"),
    "qr.signature": (_NO, "二维码的签名不正确", "the signature in the QR code is wrong"),
    "qr.unknown-key": (_UNSURE, "二维码的签名密钥 {key} 不在信任目录中",
                       "the QR code's signing key {key} is not in the trust folder"),
    "qr.no-trust": (_UNSURE, "没有可用的信任目录，二维码由谁签名无法判断",
                    "there is no trust folder to judge by, so whose signature the QR code bears cannot be judged"),
    "qr.signer": (_NO, "二维码由“{signer}”签名，不是发证机关",
                  "the QR code is signed by “{signer}”, not by the issuing authority"),
    "qr.host": (_UNSURE, "二维码网址 {host} 不是受信任的查询网站，谨防仿冒",
                "the QR code's address {host} is no trusted lookup site: beware of look-alikes"),
    "qr.scheme": (_UNSURE, "二维码网址 {address} 不是 https://域名/ 形式的普通网址，打开的未必是该查询网站",
                  "the QR code's address {address} is no plain one of https, so what it opens need not be that lookup "
                  "site"),
    "qr.certificate": (_NO, "文件中的数据签名证书与二维码的签名密钥不一致",
                       "the data-signing certificate in the file is not the QR code's key"),
}

_RENDITION: Final = {
    "rendition.missing": (_NO, "文件包中没有 PDF 版式副本", "the package holds no PDF rendition"),
    "rendition.invalid": (_NO, "包内 PDF 版式副本不真实", "the PDF rendition in the package is not genuine"),
    "rendition.unsure": (_UNSURE, "包内 PDF 版式副本的签名无法确定",
                         "the signature of the PDF rendition in the package cannot be judged"),
    "rendition.page": (_NO, "第 {page} 页：OFD 与 PDF 显示不同：{detail}",
                       "page {page}: OFD and PDF show different things: {detail}"),
    "rendition.metadata": (_NO, "PDF 的元数据 {name} 与 OFD 不一致",
                           "the PDF's metadata {name} disagree with the OFD"),
    "rendition.record": (_NO, "PDF 中的证照数据与 OFD 中的不同",
                         "the record inside the PDF differs from the one in the OFD"),
    "rendition.signer": (_NO, "PDF 由“{signer}”签名，不是发证机关",
                         "the PDF is signed by “{signer}”, not by the issuing authority"),
}

_PHOTO: Final = {
    "photo.unreadable": (_UNSURE, "图片已损坏，或不是 JPEG、PNG、WebP 图片",
                         "the picture is damaged, or no JPEG, PNG or WebP"),
    "photo.too-large": (_UNSURE, "图片的像素过多，请缩小后再试", "the picture has too many pixels: scale it down"),
    "photo.too-busy": (_UNSURE, "图片中形似二维码定位图形之处过多，无法逐一辨认：请只拍二维码一处",
                       "too much in the picture looks like the corner of a QR code to try it all: take a picture of "
                       "the code alone"),
    "photo.no-code": (_UNSURE, "图片中没有认出二维码：请对准二维码、光线充足、靠近些重拍",
                      "no QR code was recognised: take the picture again, closer, sharp and in good light"),
    "photo.unsigned": (_UNSURE, "二维码（{address}）不是本系统签名的证照二维码（{zh}），谨防仿冒查询网站",
                       "the QR code ({address}) is no signed licence code ({en}): beware of look-alike lookup sites"),
    "photo.several": (_UNSURE, "图片中有 {count} 个不同的证照二维码，请一次只拍一份证照",
                      "the picture holds {count} different licence codes: take one licence at a time"),
    "photo.address": (_NO, "二维码的网址 {address} 不是签名所指的网址，已被更换",
                      "the QR code's address {address} is not the one that was signed: it has been replaced"),
    "photo.paper": (_UNSURE, "纸质件或照片视同复印件，本身不能证明真伪；请将下列数据与纸面逐项核对，以电子原件为准",
                    "paper or a photo is a copy and proves nothing itself: compare these data with the paper, and rely "
                    "on the electronic original"),
    "photo.unproven": (_UNSURE, "二维码本身未经证实：做这张纸的人也可能做了这个码，纸面与它一致也不说明什么；"
                       "请索要电子原件，或向发证机关核实",
                       "the QR code itself is unproven: whoever made the paper may have made the code, and that they "
                       "agree says nothing; ask for the electronic original, or ask the issuing authority"),
    "photo.issued": (_NOTE, "二维码中的数据由“{authority}”签发（编号 {serial}）",
                     "the data in the QR code were issued by “{authority}” (serial {serial})"),
}

_STATUS: Final = {
    "status.not-asked": (
        _NOTE, "按 --require-status 的要求退出码为 3：没有查询发证机关的登记，是否已变更、注销、吊销未知；"
        "请凭证照标识向发证机关查询，只需核对印出的有效期的，不用该选项",
        "the exit code is 3, as --require-status asks: the issuing authority's register was not asked whether the "
        "licence was changed, cancelled or revoked; ask that authority by the licence identifier, or leave the option "
        "away where the printed dates are enough"),
}

_FOREIGN: Final = {
    "foreign.form": (
        _UNSURE,
        "不是本系统颁发的文件形式；本版本只列出所见，不判定为真实",
        "not a file of our own form; this version tells what it sees and calls none of them genuine"),
}

TABLE: Final = MappingProxyType({
    code: Meaning(*meaning)
    for group in (_FILE, _ZIP, _XML, _OFD, _SEAL, _COVERAGE, _TRUST, _EVIDENCE, _DATA, _PAGES, _FONT, _QR, _RENDITION,
                  _PHOTO, _STATUS, _FOREIGN)
    for code, meaning in group.items()
})
"""All codes. Never renamed or reused once released."""
