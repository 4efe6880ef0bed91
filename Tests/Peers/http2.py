"""A client of HTTP/2 over python-h2, with prior knowledge: talks to 127.0.0.1:PORT and prints one JSON line.

post PORT PATH BYTES LENGTH: sends a body in pieces, with a Content-Length if LENGTH is "length"; prints status and size of
the answer. many PORT PATH COUNT: as many streams at once; prints the statuses counted. slow PORT PATH: reads nothing until
the windows are used up, then everything; prints the size. resets PORT PATH COUNT: begins streams only to give them up;
prints the error code of the GOAWAY. trailers PORT PATH: a body in one piece with trailers behind it. get PORT PATH: prints status, size and trailers.
"""
import collections, json, socket, sys, time
import h2.config, h2.connection, h2.events, h2.exceptions

how, port, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
peer = socket.create_connection(("127.0.0.1", port), timeout=20)


def flush():
    peer.sendall(connection.data_to_send())


def head(method, *more):
    return [(":method", method), (":scheme", "http"), (":authority", "gateway"), (":path", path),
            ("ocp-apim-subscription-key", "first"), *more]


def events(acknowledge=True):
    while True:
        data = peer.recv(65536)
        if not data:
            return
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.DataReceived) and acknowledge and event.flow_controlled_length:
                connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            yield event
        flush()


def answers(count, acknowledge=True):
    """Status and size by stream, of so many complete answers."""
    found, ended = {}, 0
    for event in events(acknowledge):
        if isinstance(event, h2.events.ResponseReceived):
            found[event.stream_id] = [int(dict(event.headers)[":status"]), 0]
        elif isinstance(event, h2.events.DataReceived):
            found[event.stream_id][1] += len(event.data)
        elif isinstance(event, h2.events.StreamReset):
            if event.error_code:
                found[event.stream_id] = [-int(event.error_code), 0]
                ended += 1
        elif isinstance(event, h2.events.StreamEnded):
            ended += 1
        elif isinstance(event, h2.events.ConnectionTerminated):
            return {"goaway": int(event.error_code)}
        if ended == count:
            break
    return found


connection.initiate_connection()
flush()
if how in ("post", "trailers"):
    size = int(sys.argv[4])
    more = [("content-length", str(size))] if sys.argv[5:] == ["length"] else []
    connection.send_headers(1, head("POST", *more))
    left = size
    flush()
    waiting = events()
    while left:
        piece = min(left, connection.local_flow_control_window(1), 16384)
        if piece == 0:
            next(waiting)
            continue
        connection.send_data(1, b"x" * piece)
        left -= piece
        flush()
    if how == "trailers":
        connection.send_headers(1, [("x-checksum", "1")], end_stream=True)
    else:
        connection.end_stream(1)
    flush()
    print(json.dumps(answers(1)))
elif how == "get":
    connection.send_headers(1, head("GET"), end_stream=True)
    flush()
    answer = {"status": 0, "size": 0, "trailers": {}}
    for event in events():
        if isinstance(event, h2.events.ResponseReceived):
            answer["status"] = int(dict(event.headers)[":status"])
        elif isinstance(event, h2.events.DataReceived):
            answer["size"] += len(event.data)
        elif isinstance(event, h2.events.TrailersReceived):
            answer["trailers"] = dict(event.headers)
        elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
            break
    print(json.dumps(answer))
elif how == "many":
    count = int(sys.argv[4])
    for stream in range(count):
        connection.send_headers(2 * stream + 1, head("GET"), end_stream=True)
    flush()
    found = answers(count)
    print(json.dumps({"statuses": dict(collections.Counter(str(status) for status, _ in found.values())),
                      "sizes": sorted({size for _, size in found.values()})}))
elif how == "slow":
    connection.send_headers(1, head("GET"), end_stream=True)
    flush()
    received, status, ended = 0, None, False
    owed = 0
    peer.settimeout(1)
    while not ended:
        try:
            data = peer.recv(65536)
        except TimeoutError:
            # The window is used up, and nothing came: now a little more. On a busy machine nothing may have come yet.
            if not owed:
                continue
            connection.increment_flow_control_window(owed, 1)
            connection.increment_flow_control_window(owed)
            owed = 0
            flush()
            peer.settimeout(0.05)
            continue
        if not data:
            break
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                status = int(dict(event.headers)[":status"])
            elif isinstance(event, h2.events.DataReceived):
                received += len(event.data)
                owed += event.flow_controlled_length
            elif isinstance(event, h2.events.StreamEnded):
                ended = True
    print(json.dumps({"status": status, "size": received}))
elif how == "resets":
    try:
        for stream in range(int(sys.argv[4])):
            connection.send_headers(2 * stream + 1, head("GET"), end_stream=True)
            connection.reset_stream(2 * stream + 1, 8)
            flush()
    except OSError:
        pass
    print(json.dumps(answers(1)))
