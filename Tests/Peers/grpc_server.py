"""A server of gRPC over grpcio on 127.0.0.1: prints its port, then a line for every call that is cancelled or late.

The service `test.Echo` passes bytes, so that no messages need be compiled: Unary, Server (three answers), Client (one answer
to many), Both (an answer to each, at once), Tick (ten answers a second from the first message until there are no more), Wait (never answers), Stall (never, but for a first message), Fail (status 9 with a message), Meta (what came with it).
grpc_server.py [tls]: over TLS with a certificate of its own.
"""
import os, subprocess, sys, tempfile, threading
from concurrent import futures
import grpc

lock = threading.Lock()


def say(text):
    with lock:
        print(text, flush=True)


def unary(request, context):
    context.set_trailing_metadata((("x-trailer", "t"), ("x-data-bin", b"\x00\xff")))
    return b"echo:" + request


def server(request, context):
    for i in range(3):
        yield request + str(i).encode()


def client(requests, context):
    return b"+".join(requests)


def both(requests, context):
    for request in requests:
        yield b"got " + request


def tick(requests, context):
    next(requests)
    ended = threading.Event()
    threading.Thread(target=lambda: (list(requests), ended.set()), daemon=True).start()
    while not ended.wait(0.1):
        yield b"tick"
    yield b"end"


def wait(request, context):
    done = threading.Event()
    context.add_callback(done.set)
    left = context.time_remaining()
    say(f"waiting {'with' if left is not None and left < 100 else 'without'} deadline")
    done.wait(30)
    say("cancelled")
    return b""


def stall(request, context):
    yield b"first"
    wait(request, context)


def fail(request, context):
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not today, ä")


def meta(request, context):
    found = dict(context.invocation_metadata())
    return ",".join(f"{name}={found.get(name)}" for name in ("x-own", "x-forwarded-for")).encode()


def large(request, context):
    for _ in range(64):
        yield b"x" * 65536


METHODS = {
    "Unary": grpc.unary_unary_rpc_method_handler(unary), "Server": grpc.unary_stream_rpc_method_handler(server),
    "Client": grpc.stream_unary_rpc_method_handler(client), "Both": grpc.stream_stream_rpc_method_handler(both),
    "Wait": grpc.unary_unary_rpc_method_handler(wait), "Fail": grpc.unary_unary_rpc_method_handler(fail),
    "Tick": grpc.stream_stream_rpc_method_handler(tick),
    "Stall": grpc.unary_stream_rpc_method_handler(stall),
    "Meta": grpc.unary_unary_rpc_method_handler(meta), "Large": grpc.unary_stream_rpc_method_handler(large),
}
running = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
running.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", METHODS),))
if sys.argv[1:] == ["tls"]:
    folder = tempfile.mkdtemp()
    key, pem = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", pem, "-days", "2", "-subj", "/CN=localhost"],
                   check=True, stderr=subprocess.DEVNULL)
    with open(key, "rb") as k, open(pem, "rb") as c:
        port = running.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(k.read(), c.read())]))
else:
    port = running.add_insecure_port("127.0.0.1:0")
running.start()
say(port)
running.wait_for_termination()
