"""What is said of each fault of a record, in Chinese and in English; words in braces are facts that ``fault`` fills in.
"""

from __future__ import annotations

from collections.abc import Mapping

from docgen.fault_codes import RecordCode

__all__ = ["SENTENCES"]

_C = RecordCode
SENTENCES: Mapping[RecordCode, tuple[str, str]] = {
    _C.INVALID: ("记录有{count}处错误：{labels}", "the record has {count} fault(s): {labels}"),
    _C.JSON_SIZE: (
        "记录文件有{size}字节，超过上限{limit}字节",
        "the record has {size} bytes, more than {limit}",
    ),
    _C.JSON_ENCODING: (
        "记录文件不是UTF-8编码（第{place}字节处），请另存为UTF-8",
        "the record is not UTF-8 (at byte {place}); save it as UTF-8",
    ),
    _C.JSON_SYNTAX: (
        "记录文件不是合法的JSON（第{line}行第{column}列）：{why_zh}",
        "the record is no JSON (line {line}, column {column}): {why}",
    ),
    _C.JSON_DUPLICATE: (
        "同一对象内键“{key}”出现多次，请只保留一个",
        "the key “{key}” occurs more than once; keep one",
    ),
    _C.JSON_NUMBER: ("JSON中不能使用{why}", "JSON must not hold {why}"),
    _C.JSON_DEPTH: ("JSON嵌套超过{limit}层", "the JSON is nested deeper than {limit} levels"),
    _C.JSON_OBJECT: ("记录应为JSON对象（{{…}}）", "a record is one JSON object ({{…}})"),
    _C.KIND_MISSING: (
        "没有写明证照种类，请填写kind，可用：{known}",
        "the record names no licence kind; give “kind”, one of {known}",
    ),
    _C.KIND_UNKNOWN: (
        "没有证照种类“{value}”，可用：{known}；部署自有的种类要用 --kinds 或 ZHENGYIN_KINDS 指明目录",
        "there is no licence kind “{value}”; known are {known}; name the folder of a deployment's own kinds with "
        "--kinds or ZHENGYIN_KINDS",
    ),
    _C.KIND_OTHER: (
        "记录的证照种类是“{value}”，要求的是{wanted}",
        "the record is of kind “{value}”, but {wanted} is wanted",
    ),
    _C.UNKNOWN_KEY: ("“{key}”不是本种证照的字段{hint_zh}", "“{key}” is no field of this kind{hint_en}"),
    _C.MISSING: ("必填项“{label}”为空，请填写", "the required field “{label}” is empty"),
    _C.TYPE: ("“{label}”应为{wanted_zh}，现为{found_zh}", "“{label}” must be {wanted_en}, not {found_en}"),
    _C.DISAGREES: (
        "“{label}”与“{other}”不一致，两者应逐字相同",
        "“{label}” differs from “{other}”; they must be the same",
    ),
    _C.NOT_ISSUABLE: (
        "“{label}”为“{value}”，只有“{wanted}”才能发证",
        "“{label}” is “{value}”; only with “{wanted}” can a licence be issued",
    ),
    _C.REQUIRED_WHEN: (
        "“{when}”为“{value}”时必须填写“{label}”",
        "“{label}” is required when “{when}” is “{value}”",
    ),
    _C.EMPTY_WHEN: (
        "“{when}”为“{value}”时“{label}”应为空",
        "“{label}” must be empty when “{when}” is “{value}”",
    ),
    _C.VERSION: ("版本号应为001至999的三位数字文本", "版本号 must be text of three digits, 001 to 999"),
    _C.SERIAL: (
        "“{label}”含有0-9、A-Z以外的字符或超过64位，不能作为电子证照标识的流水号；"
        "kind.json 的 identifier.serial 可改用编号的若干段（parts）",
        "“{label}” cannot be the serial of the licence identifier: 1 to 64 characters 0-9 A-Z only; "
        "identifier.serial in kind.json can take parts of the number instead",
    ),
    _C.IDENTITY_NUMBER: (
        "“{label}”含有公民身份号码，不能写入电子证照标识和二维码",
        "“{label}” holds a person's identity number, which must not reach the identifier or the QR code",
    ),
    _C.TEXT_CONTROL: (
        "“{label}”含有控制字符{points}，请删除",
        "“{label}” holds control characters {points}; delete them",
    ),
    _C.TEXT_BIDI: (
        "“{label}”含有改变文字方向的字符{points}，请删除",
        "“{label}” holds bidirectional controls {points}; delete them",
    ),
    _C.TEXT_INVISIBLE: (
        "“{label}”含有看不见的字符{points}，请删除",
        "“{label}” holds invisible characters {points}; delete them",
    ),
    _C.TEXT_PRIVATE: (
        "“{label}”含有自造字（专用区字符）{points}，请改用标准编码的字",
        "“{label}” holds private-use characters {points}; use the standard character instead",
    ),
    _C.TEXT_UNASSIGNED: (
        "“{label}”含有未定义的字符{points}，请核对",
        "“{label}” holds unassigned code points {points}; please check",
    ),
    _C.TEXT_SURROGATE: (
        "“{label}”含有不成对的代理码{points}，文字已损坏，请重新录入",
        "“{label}” holds lone surrogates {points}: the text is damaged, enter it again",
    ),
    _C.TEXT_BLANK: (
        "“{label}”含有特殊空格{points}，请改用普通空格或删除",
        "“{label}” holds unusual blanks {points}; use an ordinary space or none",
    ),
    _C.TEXT_COMBINING: (
        "“{label}”含有组合附加符或字形选择符{points}，请改用单个字符",
        "“{label}” holds combining marks or variation selectors {points}; use single characters",
    ),
    _C.TEXT_REPLACEMENT: (
        "“{label}”含有替换符{points}，文字在转换编码时已丢失，请重新录入",
        "“{label}” holds replacement characters {points}: text was lost in a conversion, enter it again",
    ),
    _C.TEXT_RADICAL: (
        "“{label}”含有部首字符{points}，看似汉字而编码不同，请改用：{better}",
        "“{label}” holds radicals {points} that only look like characters; use {better}",
    ),
    _C.TEXT_EDGES: (
        "“{label}”的开头或结尾有空格，请删除",
        "“{label}” begins or ends with blanks; delete them",
    ),
    _C.TEXT_NFC: (
        "“{label}”不是NFC规范形式（{points}），应写作“{better}”；系统不自动改写记录",
        "“{label}” is not in Unicode form NFC ({points}); write “{better}”: a record is never changed "
        "silently",
    ),
    _C.TEXT_UNDRAWABLE: (
        "“{label}”中有字库不能绘制的字：{points}；请核对用字，或增补字库",
        "no font here can draw these characters of “{label}”: {points}; check them, or add a font",
    ),
    _C.TEXT_LENGTH: (
        "“{label}”有{length}个字符，超过上限{limit}",
        "“{label}” has {length} characters, more than {limit}",
    ),
    _C.USCC_LENGTH: ("“{label}”应为18位，现为{length}位", "“{label}” must have 18 characters, not {length}"),
    _C.USCC_ALPHABET: (
        "“{label}”只能是半角数字和大写字母（不含I、O、S、V、Z），第{place}位“{value}”不合规定",
        "“{label}” must be digits and capitals without I, O, S, V, Z; character {place} is “{value}”",
    ),
    _C.USCC_CHECK: (
        "“{label}”的校验码不符（GB 32100），请核对是否抄错",
        "the check digit of “{label}” is wrong (GB 32100); look for a slip",
    ),
    _C.DATE_FORMAT: (
        "“{label}”应写作YYYY-MM-DD，如2025-04-30",
        "“{label}” must be written YYYY-MM-DD, like 2025-04-30",
    ),
    _C.DATE_IMPOSSIBLE: (
        "“{label}”的{value}不是存在的日期",
        "“{label}” is {value}, a date that does not exist",
    ),
    _C.DATE_ORDER: (
        "“{label}”（{value}）不能{order_zh}“{other}”（{than}）",
        "“{label}” ({value}) must not be {order_en} “{other}” ({than})",
    ),
    _C.DATE_YEARS: (
        "从{start}到{end}不是{years}年（{years}年应到{wanted}），请核对；依据：{source}",
        "{start} to {end} is not {years} years ({wanted} would be); please check; source: {source}",
    ),
    _C.VALUE_CONSTANT: (
        "“{label}”应为“{wanted}”，现为“{value}”",
        "“{label}” must be “{wanted}”, not “{value}”",
    ),
    _C.VALUE_UNLISTED: (
        "“{label}”的“{value}”不在可选值之内：{wanted}",
        "“{value}” is no value of “{label}”; allowed: {wanted}",
    ),
    _C.VALUE_TWICE: ("“{label}”中“{value}”出现多次", "“{value}” occurs more than once in “{label}”"),
    _C.VALUE_PATTERN: (
        "“{label}”格式有误，应为{wanted_zh}",
        "“{label}” has a wrong form; it must be {wanted_en}",
    ),
    _C.UNIT_ABBREVIATED: (
        "“{label}”应写单位全称，不能用简称“{value}”（应为“{wanted}”）",
        "“{label}” must be the unit's full name: “{value}” is an abbreviation of “{wanted}”",
    ),
    _C.UNIT_INCOMPLETE: (
        "“{label}”的“{value}”不是完整的单位名称，应为行政区划名加机关名称，如“太原市应急管理局”",
        "“{label}”: “{value}” is no full name of a unit; place and office are wanted, like 太原市应急管理局",
    ),
    _C.ADDRESS_FORM: ("“{label}”不是可用的网址：{why_zh}", "“{label}” is no usable address: {why_en}"),
    _C.ADDRESS_SCHEME: (
        "“{label}”应以https://开头{tail_zh}", "“{label}” must begin with https://{tail_en}"),
    _C.ADDRESS_HOST: (
        "“{label}”的主机“{value}”不是已配置的查询网站：{known}{tail_zh}",
        "the host “{value}” of “{label}” is no configured lookup host: {known}{tail_en}",
    ),
    _C.NUMBER_AFTER_ISSUE: (
        "编号的{part}{value}晚于发证年份{than}，请核对",
        "the {part} {value} of the number is later than the year of issue {than}",
    ),
    _C.NUMBER_OTHER_REGION: (
        "编号的{part}{value}与“{other}”中的{than}不同，请核对（编号保留初次申请时的行政区划）",
        "the {part} {value} of the number differs from {than} inside “{other}”; please check",
    ),
    _C.NOT_DIFFERENT: (
        "“{label}”与“{other}”相同，两者应不同",
        "“{label}” is the same as “{other}”; they must differ",
    ),
    _C.NOT_ALLOWED: (
        "“{label}”为“{value}”，{given_zh}只能是：{wanted}",
        "“{label}” is “{value}”; {given_en}it must be one of: {wanted}",
    ),
    _C.BARRED: (
        "“{label}”为“{value}”，{given_zh}不允许",
        "“{label}” is “{value}”; {given_en}that is not allowed",
    ),
    _C.BELOW: (
        "“{label}”为“{value}”，{given_zh}应达到“{wanted}”",
        "“{label}” is “{value}”; {given_en}it must reach “{wanted}”",
    ),
    _C.ONE_OF: (
        "{labels}至少应填写一项",
        "at least one of {labels} must be given",
    ),
    _C.TOO_FEW: (
        "“{label}”有{count}项，{given_zh}至少应有{limit}项",
        "“{label}” has {count}; {given_en}at least {limit} are wanted",
    ),
    _C.TOO_MANY: (
        "“{label}”有{count}项，{given_zh}最多{limit}项",
        "“{label}” has {count}; {given_en}at most {limit} may be given",
    ),
    _C.TOO_LONG: (
        "“{label}”有{length}个字符，{given_zh}最多{limit}个",
        "“{label}” has {length} characters; {given_en}at most {limit} are allowed",
    ),
    _C.DERIVED: (
        "“{label}”由{labels}确定，只能是{wanted}",
        "“{label}” follows from {labels} and can only be {wanted}",
    ),
    _C.AGE: (
        "按“{label}”和“{other}”计算，年龄为{age}周岁，{given_zh}应{bounds_zh}",
        "by “{label}” and “{other}” the person is {age} years old; {given_en}{bounds_en} is wanted",
    ),
    _C.IDENTITY_FORM: (
        "“{label}”不是有效的公民身份号码（GB 11643：18位，出生日期和校验码应正确）",
        "“{label}” is no identity number (GB 11643: 18 characters, real date of birth, right check character)",
    ),
    _C.IDENTITY_BIRTH: (
        "“{label}”与“{other}”中的出生日期不一致",
        "“{label}” is not the date of birth inside “{other}”",
    ),
    _C.IDENTITY_SEX: (
        "“{label}”与“{other}”中的性别不一致",
        "“{label}” is not the sex inside “{other}”",
    ),
    _C.LEVEL: (
        "“{label}”是{value}机关的代码，{given_zh}应由{wanted}机关作出",
        "“{label}” is the code of an authority of the level {value}; {given_en}it must be {wanted}",
    ),
    _C.PARAGRAPH_EMPTY: (
        "“{label}”是空段落，请删除多余的换行",
        "“{label}” is an empty paragraph; delete the line feed",
    ),
    _C.ROWS_FEW: (
        "“{label}”有{count}行，至少应有{limit}行",
        "“{label}” has {count} rows; at least {limit} are wanted",
    ),
    _C.ROWS_MANY: (
        "“{label}”有{count}行，超过上限{limit}行",
        "“{label}” has {count} rows, more than {limit}",
    ),
    _C.CELL_TWICE: (
        "“{label}”与第{other}行重复，各行应不同",
        "“{label}” is the same as in row {other}; the rows must differ",
    ),
    _C.PHOTO_BASE64: (
        "“{label}”不是规范的base64编码（不含换行和空格）",
        "“{label}” is not proper base64 (without blanks and line feeds)",
    ),
    _C.PHOTO_SIZE: (
        "“{label}”的照片有{size}字节，超过上限{limit}字节",
        "the photo “{label}” has {size} bytes, more than {limit}",
    ),
    _C.PHOTO_PIXELS: (
        "“{label}”的照片为{width}×{height}像素，边长应在{least}至{most}像素之间",
        "the photo “{label}” has {width}×{height} px; each side must have {least} to {most}",
    ),
    _C.PHOTO_FORM: ("“{label}”的照片不可用：{why_zh}", "the photo “{label}” cannot be used: {why_en}"),
    _C.EARLIER_FORM: (
        "“{label}”应写作“电子证照标识 sm3:64位十六进制小写摘要”，标识应有效",
        "“{label}” must be written “<licence identifier> sm3:<64 lower-case hex digits>”, the identifier valid",
    ),
    _C.SCOPE_DISAGREES: (
        "“{label}”与“{other}”不一致，第{place}个字符起不同：“{value}”与“{wanted}”",
        "“{label}” disagrees with “{other}” from character {place} on: “{value}” and “{wanted}”",
    ),
    _C.SCOPE_OTHER_MODE: (
        "“{label}”中的“{value}”不在所选“{other}”之内：{wanted}",
        "“{value}” in “{label}” is not among the chosen “{other}”: {wanted}",
    ),
    _C.SCOPE_MODE_TWICE: (
        "“{label}”中“{value}”有两组，请合并",
        "“{label}” has two groups for “{value}”; join them",
    ),
    _C.SCOPE_MODE_EMPTY: (
        "“{other}”选择了“{value}”，但“{label}”中没有它的品种，请核对",
        "“{value}” is chosen in “{other}” but “{label}” has no items for it",
    ),
    _C.SCOPE_ITEM_FORM: (
        "“{label}”的品种“{value}”写法有误：{why_zh}",
        "the item “{value}” in “{label}” is not well formed: {why_en}",
    ),
    _C.SCOPE_UNLISTED: (
        "品种“{value}”不在“{mode}”的可选清单内，请联系技术人员获取",
        "“{value}” is not in the list of items for “{mode}”; ask the administrator",
    ),
    _C.SCOPE_TOO_MANY: (
        "“{label}”有{length}{what_zh}，超过上限{limit}",
        "“{label}” has {length} {what_en}, more than {limit}",
    ),
    _C.SCOPE_NO_LIST: (
        "“{mode}”没有配置品种清单，其{length}项未经清单核对",
        "no list of items is configured for “{mode}”; its {length} items were not checked",
    ),
    _C.SCOPE_ITEM_TWICE: (
        "“{mode}”中品种“{value}”出现多次，请核对",
        "the item “{value}” occurs more than once under “{mode}”",
    ),
    _C.SCOPE_SEPARATOR: (
        "品种“{value}”的括号之外含有顿号，按一项处理，请核对",
        "the item “{value}” holds “、” outside brackets and counts as one item; please check",
    ),
}
