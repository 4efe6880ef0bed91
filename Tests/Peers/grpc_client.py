"""A client of gRPC over grpcio: calls `test.Echo` at 127.0.0.1:PORT in every way, and prints what came of it as one JSON line.

grpc_client.py PORT [PREFIX] [KEY] [SECONDS]: PREFIX stands in front of the service's path, KEY is the subscription key. With
SECONDS it makes the calls alone whose client is silent for so long while its stream is open.
"""
import json, sys, threading, time
import grpc

port = sys.argv[1]
prefix = sys.argv[2] if len(sys.argv) > 2 else ""
key = sys.argv[3] if len(sys.argv) > 3 else ""
silence = float(sys.argv[4]) if len(sys.argv) > 4 else None
metadata = [("x-own", "1")] + ([("ocp-apim-subscription-key", key)] if key else [])
channel = grpc.insecure_channel(f"127.0.0.1:{port}")
found = {}


def path(method):
    return f"{prefix}/test.Echo/{method}"


def attempt(name, call):
    try:
        found[name] = call()
    except grpc.RpcError as error:
        found[name] = [error.code().value[0], error.details()]


def unary(method, message=b"a", timeout=15):
    return channel.unary_unary(path(method))(message, metadata=metadata, timeout=timeout).decode()


def with_trailers():
    answer, call = channel.unary_unary(path("Unary")).with_call(b"a", metadata=metadata, timeout=15)
    trailing = dict(call.trailing_metadata())
    return [answer.decode(), trailing.get("x-trailer"), (trailing.get("x-data-bin") or b"").hex()]


def both():
    """Each message waits for the answer to the one before: neither end may be held back."""
    ready, answers = threading.Semaphore(1), []

    def messages():
        for i in range(5):
            ready.acquire()
            yield str(i).encode()

    for answer in channel.stream_stream(path("Both"))(messages(), metadata=metadata, timeout=15):
        answers.append(answer.decode())
        ready.release()
    return answers


def cancelled():
    call = channel.unary_unary(path("Wait")).future(b"", metadata=metadata, timeout=200)
    time.sleep(0.5)
    call.cancel()
    return call.code().value[0]


def late():
    started = time.monotonic()
    try:
        unary("Wait", timeout=0.5)
    except grpc.RpcError as error:
        return [error.code().value[0], time.monotonic() - started < 5]


def midway():
    """The deadline passes when the answer has begun."""
    started = time.monotonic()
    messages = []
    try:
        for message in channel.unary_stream(path("Stall"))(b"", metadata=metadata, timeout=0.5):
            messages.append(message.decode())
    except grpc.RpcError as error:
        return [messages, error.code().value[0], time.monotonic() - started < 5]


def paused(*messages):
    for index, message in enumerate(messages):
        if index > 0:
            time.sleep(silence)
        yield message


def ticks():
    """Says something before and after the first answer, and ends its stream when it has listened for so long."""
    begun, over = threading.Event(), threading.Event()
    answers = []

    def messages():
        yield b"go"
        begun.wait(15)
        yield b"on"
        over.wait()

    timer = threading.Timer(silence, over.set)
    timer.start()
    try:
        for message in channel.stream_stream(path("Tick"))(messages(), metadata=metadata):
            answers.append(message.decode())
            begun.set()
    finally:
        begun.set()
        over.set()
        timer.cancel()
    return [answers[0], answers[-1]]


if silence is not None:
    both_ways = channel.stream_stream(path("Both"))
    attempt("both", lambda: [m.decode() for m in both_ways(paused(b"a", b"b"), metadata=metadata)])
    attempt("client", lambda: channel.stream_unary(path("Client"))(paused(b"1", b"2"), metadata=metadata).decode())
    attempt("ticks", ticks)
    print(json.dumps(found), flush=True)
    sys.exit()
attempt("unary", with_trailers)
attempt("server", lambda: [m.decode() for m in channel.unary_stream(path("Server"))(b"s", metadata=metadata, timeout=15)])
attempt("client", lambda: channel.stream_unary(path("Client"))(iter([b"1", b"2", b"3"]), metadata=metadata, timeout=15).decode())
attempt("both", both)
attempt("fail", lambda: unary("Fail"))
attempt("meta", lambda: unary("Meta"))
attempt("large", lambda: sum(len(m) for m in channel.unary_stream(path("Large"))(b"", metadata=metadata, timeout=15)))
attempt("big", lambda: len(unary("Unary", b"x" * 1_000_000)))
attempt("none", lambda: unary("Nothing"))
if not isinstance(found.get("unary"), list) or found["unary"][:1] == ["echo:a"]:
    attempt("cancelled", cancelled)
    attempt("late", late)
    attempt("midway", midway)
print(json.dumps(found), flush=True)
