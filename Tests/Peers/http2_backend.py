"""A backend of HTTP/2 over python-h2 on 127.0.0.1: prints its port, then a line for every event.

http2_backend.py [plain|tls|tls1] [STREAMS]: in plain text, over TLS with ALPN h2, or over TLS with http/1.1 alone; STREAMS
is MAX_CONCURRENT_STREAMS. Paths say what happens: /echo answers what was received as JSON; /trailers has trailers behind its
body; /large/N answers N bytes; /hold never answers; /stall stops in the middle of its body; /reset/CODE resets; /refuse/N refuses the stream the first N times;
/goaway answers nothing but GOAWAY, the first time; /early answers before the body has come; /interim sends a 103 first; /statistics
counts connections, and the streams that one had at once.
"""
import json, os, socket, ssl, subprocess, sys, tempfile, threading
import h2.config, h2.connection, h2.errors, h2.events, h2.exceptions, h2.settings

how = sys.argv[1] if len(sys.argv) > 1 else "plain"
streams = int(sys.argv[2]) if len(sys.argv) > 2 else 100
seen, lock = {}, threading.Lock()
statistics = {"connections": 0, "streams": 0}


def say(text):
    with lock:
        print(text, flush=True)


def first(path, count):
    with lock:
        seen[path] = seen.get(path, 0) + 1
        return seen[path] <= count


def certificate():
    folder = tempfile.mkdtemp()
    key, pem = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", pem, "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    context.set_alpn_protocols(["http/1.1"] if how == "tls1" else ["h2"])
    return context


class Connection:
    def __init__(self, peer):
        self.peer, self.requests, self.bodies = peer, {}, {}
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        codes = h2.settings.SettingCodes
        self.h2.local_settings = h2.settings.Settings(
            client=False, initial_values={codes.MAX_CONCURRENT_STREAMS: streams, codes.MAX_HEADER_LIST_SIZE: 65536})
        self.h2.initiate_connection()
        self.flush()

    def flush(self):
        self.peer.sendall(self.h2.data_to_send())

    def answer(self, stream, body, *more, trailers=None):
        if self.requests[stream]["headers"][":method"] == "HEAD":
            return self.h2.send_headers(stream, [(":status", "200"), *more], end_stream=True)
        self.h2.send_headers(stream, [(":status", "200"), *more])
        self.bodies[stream] = [body, trailers]
        self.send()

    def send(self):
        for stream, (body, trailers) in list(self.bodies.items()):
            while body:
                room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, len(body))
                if room <= 0:
                    break
                self.h2.send_data(stream, body[:room])
                body = body[room:]
                self.bodies[stream][0] = body
            if not body:
                del self.bodies[stream]
                if trailers:
                    self.h2.send_headers(stream, trailers, end_stream=True)
                else:
                    self.h2.end_stream(stream)
                say(f"sent {stream}")

    def complete(self, stream):
        request = self.requests[stream]
        path = request["headers"][":path"].removeprefix("/base")
        if path.startswith("/echo") or path.startswith("/goaway") or path.startswith("/refuse"):
            self.answer(stream, json.dumps(request).encode(), ("content-type", "application/json"))
        elif path.startswith("/trailers"):
            self.answer(stream, b"body", ("trailer", "x-sum"), trailers=[("x-sum", "42"), ("x-more", "1")])
        elif path.startswith("/large/"):
            self.answer(stream, b"x" * int(path.split("/")[2]))
        elif path.startswith("/statistics"):
            self.answer(stream, json.dumps(statistics).encode())
        elif path.startswith("/stall"):
            self.h2.send_headers(stream, [(":status", "200"), ("content-length", "100")])
            self.h2.send_data(stream, b"half")
        elif path.startswith("/none"):
            self.h2.send_headers(stream, [(":status", "200")], end_stream=True)
        elif path.startswith("/interim"):
            self.h2.send_headers(stream, [(":status", "103"), ("link", "</x>")])
            self.answer(stream, b"late")

    def started(self, stream, headers):
        self.requests[stream] = {"headers": dict(headers), "size": 0, "trailers": {}}
        statistics["streams"] = max(statistics["streams"], self.h2.open_inbound_streams)
        path = dict(headers)[":path"].removeprefix("/base")
        if path.startswith("/reset/"):
            self.h2.reset_stream(stream, int(path.split("/")[2]))
        elif path.startswith("/refuse/") and first(path, int(path.split("/")[2])):
            self.h2.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
        elif path.startswith("/goaway") and first(path, 1):
            self.h2.close_connection(0, last_stream_id=0)
            self.flush()
            self.peer.shutdown(socket.SHUT_WR)
        elif path.startswith("/early"):
            self.answer(stream, b"early")

    def run(self):
        statistics["connections"] += 1
        while data := self.peer.recv(65536):
            for event in self.h2.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    self.started(event.stream_id, event.headers)
                elif isinstance(event, h2.events.DataReceived):
                    self.requests[event.stream_id]["size"] += len(event.data)
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.TrailersReceived):
                    self.requests[event.stream_id]["trailers"] = dict(event.headers)
                    say(f"trailers {dict(event.headers)}")
                elif isinstance(event, h2.events.StreamEnded):
                    if event.stream_id in self.requests:
                        try:
                            self.complete(event.stream_id)
                        except h2.exceptions.StreamClosedError:
                            pass
                elif isinstance(event, h2.events.StreamReset):
                    self.bodies.pop(event.stream_id, None)
                    say(f"reset {int(event.error_code)}")
                elif isinstance(event, (h2.events.WindowUpdated, h2.events.RemoteSettingsChanged)):
                    self.send()
            self.flush()


def serve_one(peer):
    peer.recv(65536)
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\none")
    peer.close()


def serve(peer):
    try:
        if context:
            peer = context.wrap_socket(peer, server_side=True)
        if how == "tls1":
            return serve_one(peer)
        Connection(peer).run()
    except (OSError, h2.exceptions.ProtocolError) as error:
        say(f"error {type(error).__name__}")
    finally:
        peer.close()


context = None if how == "plain" else certificate()
listener = socket.create_server(("127.0.0.1", 0))
say(listener.getsockname()[1])
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
