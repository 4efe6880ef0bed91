"""A server of the TDS protocol, [MS-TDS], whose answers are written down: what a statement's text is decides what comes.

It knows nothing of Postern: `sql_clients.py` holds FreeTDS and pytds against it. Prints `port N`, then a line of JSON for
whatever happens. Lines on standard input: `route HOST PORT` sends later logins there, `close` ends idle connections.
"""

import argparse
import json
import select
import socket
import ssl
import struct
import sys
import threading

from sql_wire import *  # noqa: F403

LINES = threading.Lock()


def say(**event):
    with LINES:
        print(json.dumps(event, default=str), flush=True)


class Session:
    """One connection."""

    def __init__(self, server, sock):
        self.server, self.sock = server, sock
        self.options = server.options
        self.tls = None
        self.plain = b""
        self.size = 4096
        self.requests = 0
        self.is_idle = False
        self.lock = threading.Lock()

    # Bytes

    def receive(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError
        return data

    def take(self, count):
        while len(self.plain) < count:
            if not self.tls:
                self.plain += self.receive()
                continue
            try:
                self.plain += self.tls.read(65536) or self.end()
            except ssl.SSLWantReadError:
                self.incoming.write(self.receive())
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                raise EOFError
        data, self.plain = self.plain[:count], self.plain[count:]
        return data

    def end(self):
        raise EOFError

    def put(self, data):
        if not self.tls:
            return self.sock.sendall(data)
        for start in range(0, len(data), 16384):
            self.tls.write(data[start : start + 16384])
        self.sock.sendall(self.outgoing.read())

    def message(self):
        """Type, whether the session is to be reset, and content of a whole message."""
        data, resets = b"", False
        while True:
            kind, status, length, _, _, _ = struct.unpack(">BBHHBB", self.take(8))
            resets |= status & 0x18 != 0
            if length > max(self.size, 4096):
                raise ValueError(f"a packet of {length} bytes where {self.size} were agreed on")
            data += self.take(length - 8)
            if status & 1:
                return kind, resets, data

    def packets(self, data, last=True):
        out = b""
        step = self.size - 8
        for start in range(0, len(data) or 1, step):
            part = data[start : start + step]
            is_last = last and start + step >= len(data)
            out += struct.pack(">BBHHBB", RESPONSE, 1 if is_last else 0, len(part) + 8, 51, start // step & 0xFF, 0) + part
        return out

    def answer(self, data):
        self.put(self.packets(data))

    # Encryption

    def begin_tls(self, in_packets):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = self.server.context(in_packets)
        tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
                over = True
            except ssl.SSLWantReadError:
                over = False
            out = self.outgoing.read()
            if in_packets:
                for start in range(0, len(out), 1000):
                    part = out[start : start + 1000]
                    is_last = start + 1000 >= len(out)
                    self.sock.sendall(struct.pack(">BBHHBB", PRELOGIN, 1 if is_last else 0, len(part) + 8, 0, 0, 0) + part)
            elif out:
                self.sock.sendall(out)
            if over:
                self.tls = tls
                return tls
            if not in_packets:
                self.incoming.write(self.receive())
                continue
            kind, _, length, _, _, _ = struct.unpack(">BBHHBB", self.take(8))
            if kind != PRELOGIN:
                raise ValueError("a handshake is not in packets of the protocol")
            self.incoming.write(self.take(length - 8))

    # The way in

    def run(self):
        try:
            if self.options.strict:
                tls = self.begin_tls(in_packets=False)
                say(event="tls", alpn=tls.selected_alpn_protocol(), version=tls.version())
            self.greet()
            while True:
                with self.lock:
                    self.is_idle = True
                kind, resets, data = self.message()
                with self.lock:
                    self.is_idle = False
                self.request(kind, resets, data)
        except (EOFError, ConnectionError, ssl.SSLError) as error:
            say(event="closed", why=type(error).__name__)
        except ValueError as error:
            say(event="broken", why=str(error))
        finally:
            self.server.sessions.discard(self)
            self.sock.close()

    def greet(self):
        kind, _, data = self.message()
        if kind != PRELOGIN:
            raise ValueError("the first message is none")
        asked, at = {}, 0
        while data[at] != 0xFF:
            option, offset, length = struct.unpack(">BHH", data[at : at + 5])
            asked[option] = data[offset : offset + length]
            at += 5
        mode = self.options.encryption
        wanted = asked[1][0]
        code = {"unsupported": 2, "required": 3, "off": 0 if wanted in (0, 2) else 1, "on": 1}[mode]
        if mode == "on" and wanted == 2:
            code = 3
        fields = [(0, bytes([16, 0, 0x10, 0, 0, 0])), (1, bytes([code])), (2, b"\0"), (3, b""), (4, b"\0")]
        if 6 in asked:
            fields.append((6, b"\1"))
        offset, head, body = len(fields) * 5 + 1, b"", b""
        for option, value in fields:
            head += struct.pack(">BHH", option, offset + len(body), len(value))
            body += value
        self.answer(head + b"\xff" + body)
        only_login = code == 0
        encrypts = code != 2 and not self.options.strict and wanted != 2
        if encrypts:
            self.begin_tls(in_packets=True)
        kind, _, data = self.message()
        if encrypts and only_login:
            self.tls = None
        if kind != LOGIN:
            raise ValueError("there is no login")
        self.log_in(data, encrypted=encrypts or bool(self.options.strict), wanted=wanted, fed=asked.get(6))

    def log_in(self, data, **facts):
        length, version, size = struct.unpack("<LLL", data[:12])
        if length != len(data):
            raise ValueError("a login has another length than it said")
        texts = []
        for at in range(36, 36 + 36, 4):
            offset, count = struct.unpack("<HH", data[at : at + 4])
            if at == 56:
                extension = (offset, count)
                texts.append("")
                continue
            texts.append(data[offset : offset + count * 2])
        host, user, password, app, name, _, library, language, database = texts
        password = bytes(((b ^ 0xA5) << 4 | (b ^ 0xA5) >> 4) & 0xFF for b in password).decode("utf-16-le")
        token, features = None, []
        if data[27] & 0x10:
            at = struct.unpack("<L", data[extension[0] : extension[0] + 4])[0]
            while data[at] != 0xFF:
                feature, size_of = struct.unpack("<BL", data[at : at + 5])
                value = data[at + 5 : at + 5 + size_of]
                features.append(feature)
                if feature == 2:
                    echo, count = struct.unpack("<BL", value[:5])
                    if echo != 0x03 or count != len(value) - 5:
                        raise ValueError("the extension with the token is wrong")
                    token = value[5:].decode("utf-16-le")
                at += 5 + size_of
        text_of = lambda v: v.decode("utf-16-le")  # noqa: E731
        say(
            event="login", user=text_of(user), database=text_of(database), application=text_of(app),
            server=text_of(name), host=text_of(host), language=text_of(language), version=f"{version:x}", size=size,
            readonly=data[26] & 0x20 != 0, features=features, flags=data[24:28].hex(), encrypted=facts["encrypted"],
            asked=facts["wanted"])
        if self.options.silent_login:
            self.wait_for_end()
        right = token == self.options.token if token is not None else (password == self.options.password)
        if not right:
            who = text_of(user) or "<token-identified principal>"
            self.answer(message(18456, 14, f"Login failed for user '{who}'.") + done(0x02))
            raise EOFError
        self.size = self.options.packet_size or min(max(size, 512), 32767)
        answer = change(1, b_varchar(text_of(database) or "master"), b_varchar("master"))
        answer += message(5701, 0, "Changed database context.", token=0xAB)
        answer += change(7, b"\x05" + LATIN)
        answer += change(2, b_varchar("us_english"), b_varchar(""))
        ack = bytes([1]) + struct.pack(">L", 0x74000004) + b_varchar("Peer") + bytes([16, 0, 16, 0])
        answer += b"\xad" + struct.pack("<H", len(ack)) + ack
        route = self.server.route
        if route:
            target = struct.pack("<BH", 0, route[1]) + us_varchar(route[0])
            answer += change(20, struct.pack("<H", len(target)) + target, b"\0\0")
        answer += change(4, b_varchar(str(self.size)), b_varchar("4096"))
        if features:
            answer += b"\xae"
            if 2 in features:
                answer += struct.pack("<BL", 2, 0)
            if 10 in features:
                answer += struct.pack("<BLB", 10, 1, 1)
            answer += b"\xff"
        # The answer itself is still in packets of the first size.
        agreed, self.size = self.size, 4096
        self.answer(answer + done())
        self.size = agreed

    # Statements

    def wait_for_end(self):
        while True:
            self.take(1)

    def request(self, kind, resets, data):
        if kind == ATTENTION:
            say(event="attention")
            return self.answer(done(0x20))
        r = Reader(data)
        if r.number("L") < 22:
            raise ValueError("a request without headers")
        r = Reader(data[struct.unpack("<L", data[:4])[0] :])
        if kind == BATCH:
            statement = data[len(data) - r.rest :].decode("utf-16-le")
            return self.statement(statement, [], "", resets, kind)
        if kind != RPC:
            raise ValueError(f"a message of the type {kind}")
        count = r.number("H")
        procedure = r.number("H") if count == 0xFFFF else r.take(count * 2).decode("utf-16-le")
        r.take(2)
        parameters = []
        while r.rest:
            name = r.take(r.number("B") * 2).decode("utf-16-le")
            status = r.number("B")
            made, read, called = read_type(r)
            parameters.append((name, made, read(r), called, status))
        if procedure not in (10, "sp_executesql"):
            return self.answer(message(2812, 16, "Could not find stored procedure.") + done(0x02))
        statement = parameters[0][2]
        declared = parameters[1][2] if len(parameters) > 1 else ""
        self.statement(statement, parameters[2:], declared, resets, kind)

    def statement(self, statement, parameters, declared, resets, kind):
        statement = statement.strip()
        self.requests = 1 if resets else self.requests + 1
        say(
            event="call", sql=statement, declared=declared, resets=resets,
            parameters=[[name, called, value.hex() if isinstance(value, bytes) else value if isinstance(value, (str, bool, int, float, type(None))) else str(value)] for name, _, value, called, _ in parameters])
        words = statement.split()
        prefix = change(18, b"\0") if resets else b""
        is_rpc = kind == RPC

        def finish(data, last=b""):
            """Of a call the statement's end is inside of a procedure."""
            tail = last or done(0x10, 1, 0xFF if is_rpc else 0xFD)
            if is_rpc:
                tail = bytes([0xFF]) + struct.pack("<H", struct.unpack("<H", tail[1:3])[0] | 1) + tail[3:]
                tail += b"\x79\0\0\0\0" + done(0, 0, 0xFE)
            self.answer(prefix + data + tail)

        if words and words[0] == "echo":
            named = [(name.lstrip("@"), made) for name, made, _, _, _ in parameters]
            return finish(columns(*named) + row(named, [value for _, _, value, _, _ in parameters]))
        kinds = {"SELECT types": TYPES, "SELECT old": OLD, "SELECT variants": VARIANTS, "SELECT collations": COLLATIONS}
        if statement in kinds:
            named, values = of(kinds[statement])
            return finish(columns(*named) + b"\xa9\x02\0\x01\0" + row(named, values))
        if statement == "SELECT nulls":
            named, values = of(TYPES)
            nothing = [None] * len(named)
            return finish(columns(*named) + null_row(named, nothing) + row(named, nothing) + null_row(named, values))
        if statement == "SELECT kanji":
            named = [("k", varchar(50, collation(0x411), "cp932"))]
            return finish(columns(*named) + row(named, ["漢"]))
        if words[:2] == ["SELECT", "rows"]:
            # SELECT rows COUNT BYTES
            named = [("n", int_n(4)), ("t", nvarchar_max(known=False))]
            count, size = int(words[2]), int(words[3])
            data = b"".join(row(named, [n, "x" * size]) for n in range(count))
            return finish(columns(*named) + data)
        if statement == "SELECT session":
            named = [("requests", int_n(4)), ("port", int_n(4))]
            return finish(columns(*named) + row(named, [self.requests, self.sock.getpeername()[1]]))
        if statement == "SELECT same":
            named = [("a", int_n(4)), ("a", int_n(4)), ("", int_n(4))]
            return finish(columns(*named) + row(named, [1, 2, 3]))
        if statement == "SELECT json":
            named = [("JSON_F52E2B61-18A1-11d1-B105-00805F49916B", nvarchar_max())]
            return finish(columns(*named) + row(named, ['[{"id":1,"na']) + row(named, ['me":"Ada"}]']))
        if statement == "UPDATE":
            return finish(b"", done(0x10, 3))
        if statement == "SELECT none":
            return finish(columns(("id", int_n(4))), done(0x10, 0))
        if statement == "INSERT SELECT":
            token = 0xFF if is_rpc else 0xFD
            first = result([("old", int_n(4))], row([("old", int_n(4))], [1]), status=0x11, token=token)
            named = [("id", int_n(4)), ("name", nvarchar())]
            rows = row(named, [1, "Ada"]) + row(named, [2, "Bob"])
            return finish(done(0x11, 1, token) + first + columns(*named) + rows)
        if words and words[0] == "error":
            named = [("id", int_n(4))]
            rows = columns(*named) + row(named, [1]) if len(words) > 2 else b""
            return finish(
                rows + message(int(words[1]), 16, "Invalid object name 'dbo.Secret'.", line=7, state=3),
                done(0x02))
        if statement == "PRINT":
            return finish(message(0, 0, "hello", token=0xAB) + result([("id", int_n(4))], row([("id", int_n(4))], [1]), status=0x11, token=0xFF if is_rpc else 0xFD), done(0))
        if statement == "fatal":
            self.answer(message(596, 21, "Cannot continue the execution.") + done(0x02))
            raise EOFError
        if statement == "BEGIN TRAN":
            return finish(change(8, b"\x08" + b"\1" * 8, b"\0"), done(0))
        if statement == "sleep":
            kind, _, _ = self.message()
            say(event="attention" if kind == ATTENTION else "unexpected")
            return self.answer(done(0x20))
        if statement == "deaf":
            # Not even an attention is answered.
            self.wait_for_end()
        if statement == "endless":
            named = [("t", nvarchar())]
            self.put(self.packets(columns(*named), last=False))
            chunk = row(named, ["x" * 1000]) * 50
            while True:
                if (self.tls and self.tls.pending()) or select.select([self.sock], [], [], 0)[0]:
                    kind, _, _ = self.message()
                    say(event="attention" if kind == ATTENTION else "unexpected")
                    return self.answer(done(0x20))
                self.put(self.packets(chunk, last=False))
        if statement == "die":
            named = [("id", int_n(4)), ("name", nvarchar())]
            whole = columns(*named) + row(named, [1, "Ada"]) + row(named, [2, "Bob"])
            self.put(self.packets(whole[:-5], last=False))
            raise EOFError
        if statement == "leave":
            finish(columns(("id", int_n(4))) + row([("id", int_n(4))], [1]))
            raise EOFError
        if statement == "garbage":
            self.put(self.packets(b"\x81\x01\0\0\0\0\0\0\0\x99garbage"))
            return
        # What clients say of their own accord, such as SET.
        finish(b"", done(0))


class Server:
    def __init__(self, options):
        self.options = options
        self.route = None
        self.sessions = set()
        if options.route:
            host, port = options.route.rsplit(":", 1)
            self.route = (host, int(port))

    def context(self, in_packets):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.options.certificate)
        if in_packets:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        else:
            context.set_alpn_protocols(["tds/8.0"])
        if self.options.client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.options.client_ca)
        return context

    def run(self):
        listener = socket.create_server(("127.0.0.1", self.options.port))
        print("port", listener.getsockname()[1], flush=True)
        threading.Thread(target=self.listen, args=(listener,), daemon=True).start()
        for line in sys.stdin:
            words = line.split()
            if words and words[0] == "close":
                for session in list(self.sessions):
                    with session.lock:
                        if session.is_idle:
                            session.sock.shutdown(socket.SHUT_RDWR)
                print("closed", flush=True)

    def listen(self, listener):
        while True:
            sock, _ = listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            session = Session(self, sock)
            self.sessions.add(session)
            threading.Thread(target=session.run, daemon=True).start()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--encryption", choices=["off", "on", "required", "unsupported"], default="off")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--certificate", help="a PEM file with certificate and key")
    parser.add_argument("--client-ca", help="only clients with a certificate of this authority are let in")
    parser.add_argument("--route", help="HOST:PORT where clients are sent after their login")
    parser.add_argument("--password", default="secret")
    parser.add_argument("--token", default="t0ken")
    parser.add_argument("--packet-size", type=int)
    parser.add_argument("--silent-login", action="store_true", help="a login is never answered")
    Server(parser.parse_args()).run()
