"""Clients of GraphQL over WebSocket.

raw URL PROTOCOL: opens a WebSocket and prints "open PROTOCOL", then every text it receives, at last "closed CODE REASON"; or
"refused STATUS". Every line of standard input is sent as a text, but "!ping" (a ping, whose pong prints "pong"), "!binary",
"!big N" (a text of N bytes), "!close", "!stall" (nothing is read until "!go").
gql URL PROTOCOL DOCUMENT: subscribes with the library gql and prints every result as JSON, at last "ended"; or "failed" with
what it says.
"""
import asyncio, json, os, sys
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus


async def lines():
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        yield line.rstrip("\n")


async def obey(connection, reading):
    async for line in lines():
        try:
            if line == "!ping":
                await (await connection.ping())
                print("pong", flush=True)
            elif line == "!binary":
                await connection.send(b"x")
            elif line.startswith("!big "):
                await connection.send("x" * int(line[5:]))
            elif line == "!close":
                await connection.close()
            elif line == "!stall":
                reading.clear()
                print("stalled", flush=True)
            elif line == "!go":
                reading.set()
            else:
                await connection.send(line)
        except ConnectionClosed:
            pass


async def raw(url, protocol):
    protocols = protocol.split(",") if protocol != "none" else None
    try:
        async with connect(url, subprotocols=protocols, max_queue=1, max_size=2 ** 24, ping_interval=None) as connection:
            print(f"open {connection.subprotocol}", flush=True)
            reading = asyncio.Event()
            reading.set()
            task = asyncio.create_task(obey(connection, reading))
            try:
                while True:
                    await reading.wait()
                    text = await connection.recv()
                    print(text if len(text) < 10_000 else f"{len(text)} characters", flush=True)
            except ConnectionClosed as end:
                close = end.rcvd
                print(f"closed {close.code} {close.reason}".rstrip() if close else "closed 1006", flush=True)
            task.cancel()
    except InvalidStatus as refused:
        print(f"refused {refused.response.status_code}", flush=True)


async def library(url, protocol, document):
    from gql import Client, gql
    from gql.transport.exceptions import TransportError
    from gql.transport.websockets import WebsocketsTransport

    transport = WebsocketsTransport(url=url, subprotocols=[protocol])
    try:
        async with Client(transport=transport, fetch_schema_from_transport=False) as session:
            print("open", flush=True)
            async for result in session.subscribe(gql(document)):
                print(json.dumps(result), flush=True)
        print("ended", flush=True)
    except TransportError as error:
        print(f"failed {type(error).__name__} {error}", flush=True)


async def main():
    await (raw(*sys.argv[2:]) if sys.argv[1] == "raw" else library(*sys.argv[2:]))
    # At its own end the loop would wait for the thread that reads standard input.
    os._exit(0)


asyncio.run(main())
