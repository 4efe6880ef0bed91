"""Types, tokens and tables of the TDS protocol, [MS-TDS], for `sql_server.py`."""

import datetime
import decimal
import struct
import uuid

RESPONSE, RPC, BATCH, ATTENTION, LOGIN, PRELOGIN = 0x04, 0x03, 0x01, 0x06, 0x10, 0x12
LATIN = bytes([0x09, 0x04, 0xD0, 0x00, 0x34])


def collation(lcid, sort=0, flags=0xD):
    """LCID, comparison flags, version and sort id in five bytes."""
    return struct.pack("<LB", lcid | flags << 20, sort)


# Texts


def b_varchar(text):
    data = text.encode("utf-16-le")
    return bytes([len(data) // 2]) + data


def us_varchar(text):
    data = text.encode("utf-16-le")
    return struct.pack("<H", len(data) // 2) + data


# Types: (type info, value -> bytes); None is NULL.

DAY0 = datetime.date(1, 1, 1)
DAY1900 = datetime.date(1900, 1, 1)


def counted(code, properties, encode):
    def value(v):
        if v is None:
            return b"\0"
        data = encode(v)
        return bytes([len(data)]) + data

    return bytes([code]) + properties, value


def fixed(code, layout):
    return bytes([code]), lambda v: struct.pack(layout, v)


def int_n(size):
    return counted(0x26, bytes([size]), lambda v: v.to_bytes(size, "little", signed=size > 1))


def bit_n():
    return counted(0x68, b"\1", lambda v: bytes([1 if v else 0]))


def decimal_n(precision, scale, code=0x6A):
    size = 5 if precision <= 9 else 9 if precision <= 19 else 13 if precision <= 28 else 17

    def encode(v):
        with decimal.localcontext() as context:
            context.prec = 60
            number = int(decimal.Decimal(v).scaleb(scale))
        return bytes([0 if number < 0 else 1]) + abs(number).to_bytes(size - 1, "little")

    return counted(code, bytes([size, precision, scale]), encode)


def float_n(size):
    return counted(0x6D, bytes([size]), lambda v: struct.pack("<d" if size == 8 else "<f", v))


def money_n(size):
    def encode(v):
        number = int(decimal.Decimal(v) * 10000)
        if size == 4:
            return struct.pack("<l", number)
        return struct.pack("<l", number >> 32) + struct.pack("<L", number & 0xFFFFFFFF)

    return counted(0x6E, bytes([size]), encode)


def datetime_n(size):
    def encode(v):
        days = (v.date() - DAY1900).days
        if size == 4:
            return struct.pack("<HH", days, v.hour * 60 + v.minute)
        ms = ((v.hour * 60 + v.minute) * 60 + v.second) * 1000 + v.microsecond // 1000
        return struct.pack("<lL", days, round(ms * 3 / 10))

    return counted(0x6F, bytes([size]), encode)


def date_n():
    return bytes([0x28]), lambda v: b"\0" if v is None else b"\3" + (v - DAY0).days.to_bytes(3, "little")


def ticks(v, scale):
    """Units of a time since midnight; a time may be (hour, minute, second, 100 ns)."""
    if isinstance(v, tuple):
        whole = ((v[0] * 60 + v[1]) * 60 + v[2]) * 10**7 + v[3]
    else:
        whole = (((v.hour * 60 + v.minute) * 60 + v.second) * 10**6 + v.microsecond) * 10
    return (whole // 10 ** (7 - scale)).to_bytes(3 if scale <= 2 else 4 if scale <= 4 else 5, "little")


def time_n(scale):
    return counted(0x29, bytes([scale]), lambda v: ticks(v, scale))


def datetime2_n(scale):
    return counted(
        0x2A, bytes([scale]), lambda v: ticks(v, scale) + (v.date() - DAY0).days.to_bytes(3, "little"))


def offset_n(scale):
    def encode(v):
        at = v.astimezone(datetime.timezone.utc)
        minutes = int(v.utcoffset().total_seconds()) // 60
        return ticks(at, scale) + (at.date() - DAY0).days.to_bytes(3, "little") + struct.pack("<h", minutes)

    return counted(0x2B, bytes([scale]), encode)


def guid_n():
    return counted(0x24, b"\x10", lambda v: v.bytes_le)


def short(code, size, properties, encode):
    """A length of two bytes in front of each value."""

    def value(v):
        if v is None:
            return b"\xff\xff"
        data = encode(v)
        return struct.pack("<H", len(data)) + data

    return bytes([code]) + struct.pack("<H", size) + properties, value


def pieces(code, properties, encode, piece=7, known=True):
    """A value in pieces: its length, or that it is not known, and each piece with its own."""

    def value(v):
        if v is None:
            return b"\xff" * 8
        data = encode(v)
        out = struct.pack("<Q", len(data) if known else 0xFFFFFFFFFFFFFFFE)
        size = piece if len(data) < 10_000 else 3_000
        for start in range(0, len(data), size):
            part = data[start : start + size]
            out += struct.pack("<L", len(part)) + part
        return out + b"\0\0\0\0"

    return bytes([code]) + properties, value


UTF16 = lambda v: v.encode("utf-16-le")  # noqa: E731


def nvarchar(size=8000):
    return short(0xE7, size, LATIN, UTF16)


def nchar(size):
    return short(0xEF, size, LATIN, lambda v: UTF16(v.ljust(size // 2)))


def varchar(size=8000, coll=LATIN, charset="cp1252"):
    return short(0xA7, size, coll, lambda v: v.encode(charset))


def char(size):
    return short(0xAF, size, LATIN, lambda v: v.ljust(size).encode("cp1252"))


def varbinary(size=8000):
    return short(0xA5, size, b"", bytes)


def binary(size):
    return short(0xAD, size, b"", lambda v: bytes(v).ljust(size, b"\0"))


def nvarchar_max(**how):
    return pieces(0xE7, b"\xff\xff" + LATIN, UTF16, **how)


def varchar_max(coll=LATIN, charset="cp1252"):
    return pieces(0xA7, b"\xff\xff" + coll, lambda v: v.encode(charset))


def varbinary_max():
    return pieces(0xA5, b"\xff\xff", bytes, known=False)


def xml():
    return pieces(0xF1, b"\0", UTF16)


def pointed(code, properties, encode):
    def value(v):
        if v is None:
            return b"\0"
        data = encode(v)
        return b"\x10" + b"P" * 16 + b"T" * 8 + struct.pack("<L", len(data)) + data

    return bytes([code]) + struct.pack("<L", 0x7FFFFFFF) + properties, value


def table(name):
    return b"\1" + us_varchar(name)


def text():
    return pointed(0x23, LATIN, lambda v: v.encode("cp1252"))


def ntext():
    return pointed(0x63, LATIN, UTF16)


def image():
    return pointed(0x22, b"", bytes)


def variant(code, properties, encode):
    def value(v):
        if v is None:
            return b"\0\0\0\0"
        data = bytes([code, len(properties)]) + properties + encode(v)
        return struct.pack("<L", len(data)) + data

    return bytes([0x62]) + struct.pack("<L", 8009), value


# Tokens


def columns(*named):
    out = b"\x81" + struct.pack("<H", len(named))
    for name, (info, _) in named:
        out += struct.pack("<LH", 0, 9) + info
        if info[0] in (0x22, 0x23, 0x63):
            out += table("dbo.t")
        out += b_varchar(name)
    return out


def row(named, values):
    return b"\xd1" + b"".join(encode(v) for (_, (_, encode)), v in zip(named, values))


def null_row(named, values):
    """A row that names its nulls in front, bit by bit."""
    bits = bytearray((len(named) + 7) // 8)
    out = b""
    for place, ((_, (_, encode)), v) in enumerate(zip(named, values)):
        if v is None:
            bits[place // 8] |= 1 << place % 8
        else:
            out += encode(v)
    return b"\xd2" + bytes(bits) + out


def done(status=0, count=0, token=0xFD):
    return struct.pack("<BHHQ", token, status, 0xC1, count)


def message(number, severity, text, line=1, token=0xAA, state=1):
    body = struct.pack("<lBB", number, state, severity) + us_varchar(text) + b_varchar("peer") + b_varchar("")
    body += struct.pack("<l", line)
    return bytes([token]) + struct.pack("<H", len(body)) + body


def change(kind, new, old=b"\0"):
    body = bytes([kind]) + new + old
    return b"\xe3" + struct.pack("<H", len(body)) + body


def result(named, *rows, status=0x10, token=0xFD):
    return columns(*named) + b"".join(rows) + done(status, len(rows), token)


# Reading what clients send


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise ValueError("a message ends in the middle")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, layout):
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))[0]

    @property
    def rest(self):
        return len(self.data) - self.at


def read_type(r):
    """A type with the way to read its values, to write them, and what it is called."""
    code = r.number("B")
    if code == 0x26:
        size = r.number("B")
        return int_n(size), one(lambda d: int.from_bytes(d, "little", signed=size > 1)), f"int{size}"
    if code == 0x68:
        r.take(1)
        return bit_n(), one(lambda d: d[0] == 1), "bit"
    if code in (0x6A, 0x6C):
        _, precision, scale = r.take(3)
        return (
            decimal_n(precision, scale),
            one(lambda d: decimal.Decimal(int.from_bytes(d[1:], "little") * (1 if d[0] else -1)).scaleb(-scale, decimal.Context(prec=60))),
            f"decimal({precision},{scale})",
        )
    if code == 0x6D:
        size = r.number("B")
        return float_n(size), one(lambda d: struct.unpack("<d" if size == 8 else "<f", d)[0]), f"float{size}"
    if code == 0x6E:
        size = r.number("B")

        def money(d):
            if size == 4:
                return decimal.Decimal(struct.unpack("<l", d)[0]) / 10000
            high, low = struct.unpack("<lL", d)
            return decimal.Decimal((high << 32) + low) / 10000

        return money_n(size), one(money), f"money{size}"
    if code == 0x6F:
        size = r.number("B")

        def when(d):
            if size == 4:
                days, minutes = struct.unpack("<HH", d)
                return datetime.datetime(1900, 1, 1) + datetime.timedelta(days=days, minutes=minutes)
            days, parts = struct.unpack("<lL", d)
            return datetime.datetime(1900, 1, 1) + datetime.timedelta(days=days, milliseconds=round(parts * 10 / 3))

        return datetime_n(size), one(when), f"datetime{size}"
    if code == 0x28:
        return date_n(), one(lambda d: DAY0 + datetime.timedelta(days=int.from_bytes(d, "little"))), "date"
    if code in (0x29, 0x2A, 0x2B):
        scale = r.number("B")

        def moment(d):
            width = 3 if scale <= 2 else 4 if scale <= 4 else 5
            whole = int.from_bytes(d[:width], "little") * 10 ** (7 - scale)
            part = datetime.timedelta(microseconds=whole // 10)
            if code == 0x29:
                return (datetime.datetime(1900, 1, 1) + part).time()
            day = datetime.datetime(1, 1, 1) + datetime.timedelta(days=int.from_bytes(d[width : width + 3], "little"))
            if code == 0x2A:
                return day + part
            zone = datetime.timezone(datetime.timedelta(minutes=struct.unpack("<h", d[width + 3 :])[0]))
            return (day + part).replace(tzinfo=datetime.timezone.utc).astimezone(zone)

        made = {0x29: time_n, 0x2A: datetime2_n, 0x2B: offset_n}[code](scale)
        return made, one(moment), {0x29: "time", 0x2A: "datetime2", 0x2B: "datetimeoffset"}[code] + f"({scale})"
    if code == 0x24:
        r.take(1)
        return guid_n(), one(lambda d: uuid.UUID(bytes_le=bytes(d))), "guid"
    if code in (0xE7, 0xA7, 0xEF, 0xAF, 0xA5, 0xAD):
        size = r.number("H")
        coll = r.take(5) if code in (0xE7, 0xA7, 0xEF, 0xAF) else b""
        decode = bytes if not coll else (lambda d: d.decode("utf-16-le" if code in (0xE7, 0xEF) else "cp1252"))
        if size == 0xFFFF:
            made = {0xE7: nvarchar_max, 0xA7: varchar_max, 0xA5: varbinary_max}[code]()
            return made, plp(decode), {0xE7: "nvarchar(max)", 0xA7: "varchar(max)", 0xA5: "varbinary(max)"}[code]
        made = {0xE7: nvarchar, 0xA7: varchar, 0xA5: varbinary, 0xEF: nvarchar, 0xAF: varchar, 0xAD: varbinary}[code]()
        return made, two(decode), {0xE7: "nvarchar", 0xA7: "varchar", 0xA5: "varbinary", 0xEF: "nchar", 0xAF: "char", 0xAD: "binary"}[code]
    raise ValueError(f"a parameter is of the type {code:#x}")


def one(decode):
    def read(r):
        size = r.number("B")
        return decode(r.take(size)) if size else None

    return read


def two(decode):
    def read(r):
        size = r.number("H")
        return None if size == 0xFFFF else decode(r.take(size))

    return read


def plp(decode):
    def read(r):
        size = r.number("Q")
        if size == 0xFFFFFFFFFFFFFFFF:
            return None
        data = b""
        while part := r.number("L"):
            data += r.take(part)
        if size not in (len(data), 0xFFFFFFFFFFFFFFFE):
            raise ValueError("a value has another length than it said")
        return decode(data)

    return read


# Every type with a value


UTC2 = datetime.timezone(datetime.timedelta(hours=2))
MINUS = datetime.timezone(datetime.timedelta(hours=-3, minutes=-30))
MOMENT = datetime.datetime(2026, 1, 31, 13, 14, 15, 123000)

TYPES = [
    ("tiny", int_n(1), 255),
    ("small", int_n(2), -32768),
    ("int", int_n(4), -2147483648),
    ("big", int_n(8), -9223372036854775808),
    ("bit", bit_n(), True),
    ("decimal", decimal_n(38, 10), "-1234567890123456789012345678.0123456789"),
    ("numeric", decimal_n(5, 2, code=0x6C), "-0.05"),
    ("float", float_n(8), 0.1),
    ("real", float_n(4), 0.1),
    ("money", money_n(8), "-922337203685477.5808"),
    ("smallmoney", money_n(4), "214748.3647"),
    ("datetime", datetime_n(8), MOMENT),
    ("smalldatetime", datetime_n(4), datetime.datetime(2026, 1, 31, 13, 14)),
    ("date", date_n(), datetime.date(9999, 12, 31)),
    ("time", time_n(7), (23, 59, 59, 9999999)),
    ("time0", time_n(0), (1, 2, 3, 0)),
    ("datetime2", datetime2_n(3), MOMENT),
    ("offset", offset_n(7), datetime.datetime(2026, 1, 1, 0, 30, tzinfo=UTC2)),
    ("offset2", offset_n(2), datetime.datetime(2025, 12, 31, 23, 0, tzinfo=MINUS)),
    ("guid", guid_n(), uuid.UUID("0f8fad5b-d9cb-469f-a165-70867728950e")),
    ("char", char(5), "ab"),
    ("varchar", varchar(50), "Zoë €"),
    ("nchar", nchar(8), "ж"),
    ("nvarchar", nvarchar(100), "Ж 😀 \"\\"),
    ("varcharmax", varchar_max(), "ü" * 20),
    ("nvarcharmax", nvarchar_max(), "long " * 2000),
    ("binary", binary(4), b"\1\2"),
    ("varbinary", varbinary(), b"\0\xff"),
    ("varbinarymax", varbinary_max(), bytes(range(100))),
    ("xml", xml(), "<a>ж</a>"),
    ("empty", nvarchar(), ""),
]

OLD = [
    ("text", text(), "Zoë"),
    ("ntext", ntext(), "Ж"),
    ("image", image(), b"\1\2\3"),
    ("int4", fixed(0x38, "<l"), 7),
    ("int1", fixed(0x30, "<B"), 200),
    ("int2", fixed(0x34, "<h"), -7),
    ("int8", fixed(0x7F, "<q"), 1 << 40),
    ("bit", fixed(0x32, "<B"), 1),
    ("float", fixed(0x3E, "<d"), 2.5),
    ("real", fixed(0x3B, "<f"), 0.5),
    ("money", fixed(0x3C, "<ll"), None),
    ("smallmoney", fixed(0x7A, "<l"), 12345),
]
OLD[-2] = ("money", (bytes([0x3C]), lambda v: struct.pack("<lL", v >> 32, v & 0xFFFFFFFF)), -15000)

VARIANTS = [
    ("v_int", variant(0x38, b"", lambda v: struct.pack("<l", v)), 42),
    ("v_text", variant(0xE7, LATIN + struct.pack("<H", 8000), UTF16), "Ж"),
    ("v_varchar", variant(0xA7, LATIN + struct.pack("<H", 8000), lambda v: v.encode("cp1252")), "ë"),
    ("v_decimal", variant(0x6C, bytes([5, 2]), lambda v: b"\1" + struct.pack("<L", v)), 1234),
    ("v_date", variant(0x28, b"", lambda v: (v - DAY0).days.to_bytes(3, "little")), datetime.date(2026, 1, 31)),
    ("v_guid", variant(0x24, b"", lambda v: v.bytes_le), uuid.UUID("0f8fad5b-d9cb-469f-a165-70867728950e")),
    ("v_null", variant(0x38, b"", lambda v: b""), None),
]

COLLATIONS = [
    ("utf8", varchar(50, collation(0x409, flags=0x4D), "utf-8"), "Ж😀"),
    ("polish", varchar(50, collation(0x415), "cp1250"), "łódź"),
    ("russian", varchar(50, collation(0x419), "cp1251"), "Жук"),
    ("greek", varchar(50, collation(0x408), "cp1253"), "λόγος"),
    ("turkish", varchar(50, collation(0x41F), "cp1254"), "ığş"),
    ("hebrew", varchar(50, collation(0x40D), "cp1255"), "שלום"),
    ("arabic", varchar(50, collation(0x401), "cp1256"), "سلام"),
    ("baltic", varchar(50, collation(0x427), "cp1257"), "ąčę"),
    ("vietnamese", varchar(50, collation(0x42A), "cp1258"), "ơđ"),
    ("thai", varchar(50, collation(0x41E), "cp874"), "สวัสดี"),
    ("dos", varchar(50, collation(0x409, sort=30), "cp437"), "éß"),
    ("dos850", varchar(50, collation(0x409, sort=42), "cp850"), "ñð"),
    ("japanese", varchar(50, collation(0x411), "cp932"), "ascii"),
]


def of(kinds):
    return [(name, kind) for name, kind, _ in kinds], [value for _, _, value in kinds]
