"""A WebSocket server that echoes, and a client that talks to one.

serve: prints its port; prints the path, the X-Caller header and the subprotocol of every connection as JSON; echoes until
standard input ends. talk URL: sends texts, binary messages up to 1 MiB and a ping, expects each back, and closes; prints
"closed CODE". silent URL: opens and says nothing; prints "closed CODE" when the other end closes.
"""
import asyncio, json, os, sys
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, InvalidStatus


async def echo(connection):
    request = connection.request
    print(json.dumps({"path": request.path, "caller": request.headers.get("X-Caller"),
                      "protocol": connection.subprotocol}), flush=True)
    try:
        async for message in connection:
            if message == "end":
                await connection.close(4000, "as asked")
            else:
                await connection.send(message)
    except ConnectionClosed:
        pass


async def run_server():
    async with serve(echo, "127.0.0.1", 0, subprotocols=["chat"], max_size=2 ** 22) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)


async def talk(url, silent):
    headers = {"Ocp-Apim-Subscription-Key": "first"} if "nokey" not in url else {}
    try:
        async with connect(url, subprotocols=["chat"], additional_headers=headers, max_size=2 ** 22) as connection:
            if not silent:
                for size in (0, 1, 125, 126, 65_536, 1 << 20):
                    message = os.urandom(size)
                    await connection.send(message)
                    assert await connection.recv() == message, size
                for number in range(100):
                    await connection.send(f"text {number}")
                for number in range(100):
                    assert await connection.recv() == f"text {number}"
                await (await connection.ping())
                await connection.send("end")
            try:
                await connection.recv()
            except ConnectionClosed as end:
                print(f"closed {end.rcvd.code if end.rcvd else 1006}", flush=True)
    except InvalidStatus as refused:
        print(f"refused {refused.response.status_code}", flush=True)


if sys.argv[1] == "serve":
    asyncio.run(run_server())
else:
    asyncio.run(talk(sys.argv[2], sys.argv[1] == "silent"))
