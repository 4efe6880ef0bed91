"""A TLS client that does what the lines of its standard input say, each a JSON object, and answers each with one.

{"open": NAME, "port": N} opens the connection NAME and answers {"version", "alpn", "thumbprint"} or {"error"}. Options:
"server" (the name asked for), "alpn" (a list), "highest" ("1.0", "1.1", "1.2"), "authority" (a PEM file: the chain is
checked), "certificate" (PEM files of a chain and its key), "pieces" (the greeting is cut into records of so many bytes,
which are sent byte by byte).
{"ask": NAME, "path": PATH} sends a request on it and answers {"status", "body"}, or {"error"} when the connection ends.
{"send": NAME, "bytes": LATIN1} sends bytes and answers {"received": LATIN1} with whatever comes until the end or a second.
"""
import hashlib, json, socket, ssl, sys

VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2}


class Connection:
    def __init__(self, order):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED if "authority" in order else ssl.CERT_NONE
        if "authority" in order:
            context.load_verify_locations(order["authority"])
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        if "highest" in order:
            context.maximum_version = VERSIONS[order["highest"]]
        if "alpn" in order:
            context.set_alpn_protocols(order["alpn"])
        if "certificate" in order:
            context.load_cert_chain(*order["certificate"])
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=order.get("server"))
        self.socket = socket.create_connection(("127.0.0.1", order["port"]), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pieces = order.get("pieces")

    def flush(self):
        data = self.outgoing.read()
        if self.pieces and data:
            hello, cut = data[5:], b""
            for at in range(0, len(hello), self.pieces):
                part = hello[at:at + self.pieces]
                cut += data[:3] + len(part).to_bytes(2, "big") + part
            for at in range(len(cut)):
                self.socket.sendall(cut[at:at + 1])
            self.pieces = None
        elif data:
            self.socket.sendall(data)

    def run(self, step):
        while True:
            try:
                result = step()
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                data = self.socket.recv(65536)
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()

    def open(self):
        self.run(self.tls.do_handshake)
        leaf = self.tls.getpeercert(binary_form=True)
        return {"version": self.tls.version(), "alpn": self.tls.selected_alpn_protocol() or "",
                "thumbprint": hashlib.sha1(leaf).hexdigest().upper()}

    def ask(self, path):
        self.run(lambda: self.tls.write(f"GET {path} HTTP/1.1\r\nHost: gateway\r\n\r\n".encode()))
        text = b""
        while b"\r\n\r\n" not in text:
            text += self.more()
        head, body = text.split(b"\r\n\r\n", 1)
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        while len(body) < length:
            body += self.more()
        return {"status": int(head.split()[1]), "body": body.decode()}

    def more(self):
        data = self.run(lambda: self.tls.read(65536))
        if not data:
            raise ConnectionError("closed")
        return data

    def send(self, text):
        self.run(lambda: self.tls.write(text.encode("latin1")))
        self.socket.settimeout(1)
        received = b""
        try:
            while data := self.run(lambda: self.tls.read(65536)):
                received += data
        except (ssl.SSLError, OSError):
            pass
        return {"received": received.decode("latin1")}


connections = {}
for line in sys.stdin:
    order = json.loads(line)
    try:
        if "open" in order:
            connections[order["open"]] = Connection(order)
            answer = connections[order["open"]].open()
        elif "ask" in order:
            answer = connections[order["ask"]].ask(order["path"])
        else:
            answer = connections[order["send"]].send(order["bytes"])
    except (ssl.SSLError, OSError) as error:
        answer = {"error": str(error) or type(error).__name__}
    print(json.dumps(answer), flush=True)
