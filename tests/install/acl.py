"""A Nomad with ACLs for the tests of packages: hands on what has the token to the simulated Nomad, and denies the rest.

acl.py PORT UPSTREAM_PORT TOKEN
"""

import asyncio
import sys

PORT, UPSTREAM, TOKEN = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
DENIED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 17\r\nConnection: close\r\n\r\nPermission denied"


async def copy(reader, writer):
    try:
        while octets := await reader.read(65536):
            writer.write(octets)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def connection(reader, writer):
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
        return
    lines = [line.lower() for line in head.split(b"\r\n")]
    if b"x-nomad-token: " + TOKEN.encode() not in lines:
        writer.write(DENIED)
        await writer.drain()
        writer.close()
        return
    upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", UPSTREAM)
    upstream_writer.write(head)
    await asyncio.gather(copy(reader, upstream_writer), copy(upstream_reader, writer))


async def main():
    server = await asyncio.start_server(connection, "127.0.0.1", PORT)
    await server.serve_forever()


asyncio.run(main())
