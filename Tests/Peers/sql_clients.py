"""Holds independent clients of SQL Server against `sql_server.py`: pytds, and FreeTDS by way of pymssql.

Usage: sql_clients.py PORT MODE [CA]   with the MODE `plain`, `login`, `tls` or `token`. Prints `right`, or what is wrong.
"""

import datetime
import decimal
import sys
import uuid

import pymssql
import pytds

import sql_wire

PORT, MODE = int(sys.argv[1]), sys.argv[2]
CA = sys.argv[3] if len(sys.argv) > 3 else None
WRONG = []


def check(what, found, expected):
    if found != expected or type(found) is bool and type(expected) is not bool:
        WRONG.append(f"{what}: {found!r} instead of {expected!r}")


def close(found, expected):
    return isinstance(found, float) and abs(found - expected) < 1e-6


def with_pytds():
    how = {"plain": {}, "login": {"cafile": CA, "enc_login_only": True}, "tls": {"cafile": CA},
           "token": {"cafile": CA}}[MODE]
    if MODE == "token":
        how["access_token_callable"] = lambda: "t0ken"
    else:
        how |= {"user": "sa", "password": "secret"}
    with pytds.connect("localhost", "people", port=PORT, autocommit=True, pooling=False, **how) as connection:
        with connection.cursor() as cursor:
            rows(cursor)
            if MODE == "plain" or MODE == "login":
                parameters(cursor)
    if MODE == "plain":
        try:
            pytds.connect("localhost", "people", port=PORT, user="sa", password="wrong", autocommit=True)
            WRONG.append("a wrong password was let in")
        except pytds.Error as error:
            check("why a wrong password is refused", "Login failed for user 'sa'." in str(error), True)


def rows(cursor):
    cursor.execute("SELECT types")
    found = dict(zip([column[0] for column in cursor.description], cursor.fetchall()[0]))
    for name, _, value in sql_wire.TYPES:
        got = found[name]
        if name == "real":
            if not close(got, value):
                WRONG.append(f"real: {got!r}")
            continue
        if name in ("decimal", "numeric", "money", "smallmoney"):
            value = decimal.Decimal(value)
        elif name == "time":
            value = datetime.time(23, 59, 59, 999999)
        elif name == "time0":
            value = datetime.time(1, 2, 3)
        elif name == "char":
            value = "ab   "
        elif name == "nchar":
            value = "ж   "
        elif name == "binary":
            value = b"\1\2\0\0"
        check(name, got, value)
    cursor.execute("SELECT nulls")
    found = cursor.fetchall()
    check("rows of nulls", len(found), 3)
    for values in found[:2]:
        check("nulls", set(values), {None})
    check("a row with a bit for each null", found[2][2], -2147483648)
    cursor.execute("SELECT old")
    old = cursor.fetchall()[0]
    check("old", (old[0], old[1], bytes(old[2])) + tuple(old[3:10]), ("Zoë", "Ж", b"\1\2\3", 7, 200, -7, 1 << 40, True, 2.5, 0.5))
    check("old money", old[10:], (decimal.Decimal("-1.5"), decimal.Decimal("1.2345")))
    cursor.execute("SELECT variants")
    variants = cursor.fetchall()[0]
    check(
        "variants", tuple(variants),
        (42, "Ж", "ë", decimal.Decimal("12.34"), datetime.date(2026, 1, 31),
         uuid.UUID("0f8fad5b-d9cb-469f-a165-70867728950e"), None))
    cursor.execute("SELECT rows 20 5000")
    check("many packets", [len(row[1]) for row in cursor.fetchall()], [5000] * 20)
    try:
        cursor.execute("error 208")
        cursor.fetchall()
        WRONG.append("an error went unnoticed")
    except pytds.Error as error:
        check("the number of an error", (error.number, error.line, error.state), (208, 7, 3))


def parameters(cursor):
    values = [
        1, 1 << 40, "Ж", "x" * 5000, 1.5, True, pytds.Binary(b"\1\2"), pytds.Binary(b"z" * 9000), decimal.Decimal("12.340"),
        datetime.date(2026, 1, 31), datetime.datetime(2026, 1, 31, 1, 2, 3, 400000), datetime.time(1, 2, 3, 5),
        uuid.UUID("0f8fad5b-d9cb-469f-a165-70867728950e"),
    ]
    for value in values:
        cursor.execute("echo %s", (value,))
        check("a parameter", cursor.fetchall()[0][0], value)


def with_pymssql():
    # FreeTDS encrypts what the server wants; it knows no tokens.
    with pymssql.connect(
        server="localhost", port=PORT, user="sa", password="secret", database="people", tds_version="7.4",
        autocommit=True, encryption="require" if MODE == "tls" else "request" if MODE == "login" else "off",
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT types")
        found = dict(zip([column[0] for column in cursor.description], cursor.fetchall()[0]))
        for name, value in [
            ("int", -2147483648), ("big", -9223372036854775808), ("nvarcharmax", "long " * 2000), ("float", 0.1),
            ("decimal", decimal.Decimal("-1234567890123456789012345678.0123456789")), ("varchar", "Zoë €"),
            ("guid", uuid.UUID("0f8fad5b-d9cb-469f-a165-70867728950e")), ("varbinarymax", bytes(range(100))),
            ("xml", "<a>ж</a>"), ("datetime", datetime.datetime(2026, 1, 31, 13, 14, 15, 123000)),
            ("date", datetime.date(9999, 12, 31)), ("bit", True), ("smallmoney", decimal.Decimal("214748.3647")),
            ("datetime2", datetime.datetime(2026, 1, 31, 13, 14, 15, 123000)),
            ("offset", datetime.datetime(2026, 1, 1, 0, 30, tzinfo=sql_wire.UTC2)),
        ]:
            check(f"FreeTDS, {name}", found[name], value)
        cursor.execute("SELECT old")
        old = cursor.fetchall()[0]
        check("FreeTDS, old", (old[0], old[1], old[2]), ("Zoë", "Ж", b"\1\2\3"))
        cursor.execute("SELECT rows 20 5000")
        check("FreeTDS, many packets", [len(row[1]) for row in cursor.fetchall()], [5000] * 20)


with_pytds()
if MODE != "token":
    with_pymssql()
print("\n".join(WRONG) or "right")
