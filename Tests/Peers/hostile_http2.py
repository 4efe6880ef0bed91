"""Backends that break HTTP/2, one port each on 127.0.0.1: prints a line of `name=port` pairs, and serves until it is ended.

Each lets the client begin, sends its settings, and misbehaves as soon as a request has come.
"""
import socket, struct, threading


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


SETTINGS, OK = frame(4), b"\x88"


def endless(peer, piece):
    while True:
        peer.sendall(piece)


def text(value, count):
    # A literal of `count` bytes that is put into the table, under the name "x".
    return b"\x40\x01x\x7f" + varint(count - 127) + value * count


def varint(value):
    out = b""
    while value >= 128:
        out += bytes([value % 128 + 128])
        value //= 128
    return out + bytes([value])


def tiny_frames(peer):
    for byte in frame(1, 4, 1, OK) + frame(0, 0, 1, b"abc"):
        peer.sendall(bytes([byte]))
    peer.sendall(frame(0, 1, 1))


BEHAVIOURS = {
    "garbage": lambda peer: peer.sendall(b"\xff" * 64),
    "http1": lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    "long-frame": lambda peer: peer.sendall(frame(1, 4, 1, OK) + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01"),
    "push": lambda peer: peer.sendall(frame(5, 4, 1, b"\x00\x00\x00\x02" + b"\x82\x87\x84")),
    "even-stream": lambda peer: peer.sendall(frame(1, 4, 2, OK)),
    "unopened-stream": lambda peer: peer.sendall(frame(1, 4, 4001, OK)),
    "data-first": lambda peer: peer.sendall(frame(0, 0, 1, b"abc")),
    "window-overflow": lambda peer: peer.sendall(frame(8, 0, 0, b"\x7f\xff\xff\xff") * 2),
    "stream-window-overflow": lambda peer: peer.sendall(frame(8, 0, 1, b"\x7f\xff\xff\xff") * 2),
    "beyond-window": lambda peer: endless(peer, frame(0, 0, 1, b"x" * 16384)) if not peer.sendall(frame(1, 4, 1, OK)) else None,
    "wrong-length": lambda peer: peer.sendall(
        frame(1, 4, 1, OK + b"\x0f\x0d\x0210") + frame(0, 1, 1, b"abc")),
    "two-statuses": lambda peer: peer.sendall(frame(1, 5, 1, OK + OK)),
    "no-status": lambda peer: peer.sendall(frame(1, 5, 1, b"\x00\x01x\x01y")),
    "connection-field": lambda peer: peer.sendall(frame(1, 5, 1, OK + b"\x00\x0aconnection\x05close")),
    "bad-hpack": lambda peer: peer.sendall(frame(1, 5, 1, b"\x88\xff\xff\xff\xff\xff")),
    "header-bomb": lambda peer: peer.sendall(
        frame(1, 0, 1, OK + text(b"y", 4000)) + frame(9, 4, 1, b"\xbe" * 16000)),
    "continuations": lambda peer: endless(peer, frame(9, 0, 1)) if not peer.sendall(frame(1, 0, 1, OK)) else None,
    "long-block": lambda peer: endless(peer, frame(9, 0, 1, b"\x00\x01x\x01y" * 3000)) if not peer.sendall(frame(1, 0, 1, OK)) else None,
    "settings-flood": lambda peer: endless(peer, SETTINGS),
    "ping-flood": lambda peer: endless(peer, frame(6, 0, 0, b"12345678")),
    "empty-data": lambda peer: endless(peer, frame(0, 0, 1)) if not peer.sendall(frame(1, 4, 1, OK)) else None,
    "interim-flood": lambda peer: endless(peer, frame(1, 4, 1, b"\x08\x03103")),
    "window-flood": lambda peer: endless(peer, frame(8, 0, 1, b"\x00\x00\x00\x01")),
    "reset": lambda peer: peer.sendall(frame(3, 0, 1, b"\x00\x00\x00\x02")),
    "always-refused": lambda peer: peer.sendall(frame(3, 0, 1, b"\x00\x00\x00\x07")),
    "goaway-flood": lambda peer: endless(peer, frame(7, 0, 0, b"\x00\x00\x00\x00" + b"\x00\x00\x00\x0b")),
    "bad-settings": lambda peer: peer.sendall(frame(4, 0, 0, b"\x00\x05\x00\x00\x00\x01")),
    "window-settings": lambda peer: peer.sendall(frame(4, 0, 0, b"\x00\x04\xff\xff\xff\xff")),
    "closes": lambda peer: None,
    "tiny-frames": tiny_frames,
}


def serve(name, peer):
    try:
        received = b""
        while b"PRI * HTTP/2.0" not in received:
            received += peer.recv(65536)
        peer.sendall(SETTINGS + frame(4, 1))
        # HEADERS of the first stream.
        while b"\x01\x05\x00\x00\x00\x01" not in received and b"\x01\x04\x00\x00\x00\x01" not in received:
            more = peer.recv(65536)
            if not more:
                return
            received += more
        BEHAVIOURS[name](peer)
        if name != "closes":
            while peer.recv(65536):
                pass
    except OSError:
        pass
    finally:
        peer.close()


def listen(name, listener):
    while True:
        threading.Thread(target=serve, args=(name, listener.accept()[0]), daemon=True).start()


ports = {}
for name in BEHAVIOURS:
    listener = socket.create_server(("127.0.0.1", 0))
    ports[name] = listener.getsockname()[1]
    threading.Thread(target=listen, args=(name, listener), daemon=True).start()
print(" ".join(f"{name}={port}" for name, port in ports.items()), flush=True)
threading.Event().wait()
