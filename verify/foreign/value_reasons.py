"""Reason codes of signature values in files of other writers: ``form.value-*`` were forgiven, ``value.*`` weigh."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from verify.model import Severity
from verify.reason_table import Meaning

__all__ = ["VALUE_REASONS"]

_NO, _UNSURE, _NOTE = Severity.INVALID, Severity.INDETERMINATE, Severity.NOTE

_FORGIVEN: Final = {
    "form.value-raw": (_NOTE, "签名值 {where}：SM2 签名写成 64 字节 r‖s，而不是 DER",
                       "{where}: an SM2 signature is written as 64 bytes r‖s instead of DER"),
    "form.value-unsigned": (_NOTE, "签名值 {where}：SM2 签名的整数缺少前导 00，按无符号数读取",
                            "{where}: integers of an SM2 signature lack the leading 00 and are read as unsigned"),
    "form.value-bits": (_NOTE, "签名值 {where}：比特串按具名比特写出，去掉了末尾的零",
                        "{where}: a BIT STRING is written as a list of named bits, without the zeros at its end"),
    "form.value-time": (_NOTE, "签名值 {where}：时间“{text}”的写法不符合标准（没有时区时按北京时间）",
                        "{where}: the time “{text}” is not written as the standard says (without a zone it is "
                        "taken as Beijing time)"),
    "form.value-text": (_NOTE, "签名值 {where}：有文字的编码与其类型不符",
                        "{where}: a text is not in the encoding of its type"),
    "form.value-version": (_NOTE, "签名值 {where}：版本号（签章 {version}，印章 {seal}）与结构不符，按结构读取",
                           "{where}: the version numbers (signature {version}, seal {seal}) do not fit the "
                           "structure, which decides"),
    "form.value-algorithm": (_NOTE, "签名值 {where}：签名算法标识 {method} 不是标准规定的 SM2/SM3 标识",
                             "{where}: the algorithm {method} is not the standard's name for SM2 with SM3"),
    "form.value-list": (_NOTE, "签名值 {where}：印章证书列表类型为 {kind}，标准中没有，按其内容读取",
                        "{where}: the seal's certificate list is of type {kind}, which the standard does not have; "
                        "it is read by its content"),
    "form.value-picture": (_NOTE, "签名值 {where}：印章图样为空，或其尺寸（{width}×{height} 毫米）超出范围",
                           "{where}: the seal's picture is empty or its size ({width} x {height} mm) out of range"),
    "form.value-cms-version": (_NOTE, "签名值 {where}：版本号为 3，GB/T 35275 为 1",
                               "{where}: the version is 3 where GB/T 35275 has 1"),
    "form.value-certificate": (_NOTE, "签名值 {where}：证书“{name}”的编码不严格（CA 签发时即如此），按其含义读取",
                               "{where}: the certificate {name} is not strict DER, as its authority issued it; it is "
                               "read by its meaning"),
    "form.value-bare": (_NOTE, "签名值 {where}：缺少 ContentInfo 外层结构",
                        "{where}: the ContentInfo around the SignedData is missing"),
}

_READING: Final = {
    "value.too-large": (_UNSURE, "签名值 {where} 超过 {limit} 字节的检查上限",
                        "the signature value {where} is over the limit of {limit} bytes"),
    "value.form": (_UNSURE, "签名值 {where} 的结构无法识别：{zh}",
                   "the structure of the signature value {where} is not understood: {en}"),
    "value.signature-alone": (_UNSURE, "签名值 {where} 只有一个签名，不含签名人证书，无法判断是谁所签",
                              "{where} is nothing but a signature: without a certificate nobody can tell whose it is"),
    "value.signature-form": (_UNSURE, "签名值 {where} 中的 SM2 签名不是任何已知写法",
                             "an SM2 signature in {where} is in none of the known forms"),
    "value.algorithm": (_UNSURE, "签名值 {where} 使用的算法 {method} 不支持",
                        "the signature value {where} uses {method}, which is not supported"),
    "value.weak": (_UNSURE, "签名值 {where} 使用已被攻破的摘要算法 {method}，不予采信",
                   "the signature value {where} uses the broken digest {method} and is not relied on"),
    "value.certificate": (_UNSURE, "签名值 {where} 中的证书不能使用：{zh}",
                          "a certificate in {where} cannot be used: {en}"),
    "value.certificate-unbound": (_NO, "签名值 {where} 所签的证书标识不是签名人证书的",
                                  "the signed certificate identifier in {where} is not the signer's certificate's"),
    "value.several-signers": (_UNSURE, "签名值 {where} 含有多个签名人，不支持",
                              "the signature value {where} has several signers, which is not supported"),
    "value.unsigned": (_UNSURE, "签名值 {where} 带有未受签名保护的属性",
                       "the signature value {where} carries attributes that no signature protects"),
    "value.extension": (_UNSURE, "签名值 {where} 含有不能识别的关键扩展 {oid}",
                        "the signature value {where} has an unknown critical extension {oid}"),
    "value.unsupported": (
        _UNSURE, "签名值 {where} 采用早期的签名方式，只对原文摘要签名，不能证明印章和时间，不支持",
        "the signature value {where} is of an old kind that signs the digest alone and binds neither seal nor time: "
        "not supported"),
}

_JUDGING: Final = {
    "value.content": (_NO, "签名值 {where} 所带的内容与其签名的摘要不符",
                      "the content inside {where} is not the one whose digest is signed"),
    "value.digest": (_NO, "签名描述文件已被改动：与签名值 {where} 中的摘要不符",
                     "Signature.xml was changed: its digest is not the one in {where}"),
    "value.signature": (_NO, "签名值 {where} 的签名不正确", "the signature in {where} is wrong"),
    "value.maker-signature": (_NO, "印章 {where} 的制章签名不正确",
                              "the maker's signature on the seal {where} is wrong"),
    "value.not-listed": (_NO, "签章人证书不在印章 {where} 的证书列表中",
                         "the signer's certificate is not in the list of the seal {where}"),
    "value.no-list": (_UNSURE, "印章 {where} 的证书列表中没有证书，不能证明签章人可以使用它",
                      "the list of the seal {where} holds no certificate: nothing shows who may use it"),
    "value.seal-swapped": (_NO, "印章文件与签名值 {where} 中的印章不一致，印章图样可能被替换",
                           "the seal file differs from the seal inside {where}: its picture may be swapped"),
    "value.seal-unbound": (_UNSURE, "签名值 {where} 不含印章，不能证明旁边的印章文件属于签名人",
                           "{where} holds no seal, so nothing proves that the seal file beside is the signer's"),
    "value.loose": (_UNSURE, "签名值 {where} 夹带了与签名人无关的证书或撤销列表",
                    "{where} carries certificates or lists that have nothing to do with the signer"),
    "value.time-none": (_UNSURE, "签名值 {where} 中没有可读的时间", "there is no readable time in {where}"),
    "value.time-outside": (_UNSURE, "签章时间 {time} 不在印章或证书的有效期内",
                           "the signing time {time} lies outside the validity of seal or certificate"),
    "value.time-future": (_UNSURE, "签章时间 {time} 晚于检查时间",
                          "the signing time {time} is later than the time of checking"),
    "value.seal-period": (_UNSURE, "印章 {where} 在 {time} 不在有效期内，且没有可信时间证明签章时它有效",
                          "the seal {where} is not valid at {time}, and no trusted time proves that it was in force "
                          "when it was used"),
    "value.seal-made": (_UNSURE, "印章 {where} 的制作时间不在制章人证书的有效期内",
                        "the seal {where} was made outside the validity of its maker's certificate"),
    "value.seal-timestamp": (_UNSURE, "印章 {where} 带有的时间戳不是为它所加",
                             "the timestamp in the seal {where} was not made for it"),
    "value.timestamp": (_UNSURE, "签名值 {where} 的时间戳不可信：{zh}（{sub}）",
                        "the timestamp of {where} is not trusted: {en} ({sub})"),
    "value.timestamp-wrong": (_NO, "签名值 {where} 的时间戳是伪造的或属于别的签名：{zh}（{sub}）",
                              "the timestamp of {where} is forged or belongs to another signature: {en} ({sub})"),
    "value.timestamp-order": (_UNSURE, "签名值 {where} 声明的签章时间 {time} 晚于其时间戳 {proven}",
                              "{where} claims to be signed at {time}, later than its timestamp of {proven}"),
}

VALUE_REASONS: Final = MappingProxyType({
    code: Meaning(*meaning) for group in (_FORGIVEN, _READING, _JUDGING) for code, meaning in group.items()})
"""All codes of signature values. Never renamed or reused once released."""
