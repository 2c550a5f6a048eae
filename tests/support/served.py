"""A server in a thread of its own, for as long as a `with` lasts."""
import asyncio
import pathlib
import socket
import struct
import threading

import aiohttp
from aiohttp import web

from certs import Authority
from frames import TEXT, ws_close, ws_frame


def nth(items, n):
    """The last of them is repeated."""
    return items[min(n, len(items) - 1)]


class Served:
    """One that is served has async listen(), which sets self.port, and async close()."""

    def __init__(self, directory, plain=False):
        self.authority = Authority(pathlib.Path(directory))
        self.ca = self.authority.path
        self.plain = plain
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        assert self.ready.wait(60), "the server did not start"
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(10)

    @property
    def host(self):
        return "%slocalhost:%d" % ("http://" if self.plain else "", self.port)

    def _serve(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._main())
        self.loop.close()

    def bind(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        return listener

    async def _main(self):
        self.stop = asyncio.Event()
        await self.listen()
        self.ready.set()
        await self.stop.wait()
        await self.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


class ServedApp(Served):
    """On aiohttp; one that is served has app()."""

    async def listen(self):
        # aiohttp 3.9 moved the time that open sockets get at the end
        late = {"shutdown_timeout": 0.1}
        new = [int(part) for part in aiohttp.__version__.split(".")[:2]] >= [3, 9]
        self.runner = web.AppRunner(self.app(), access_log=None, **(late if new else {}))
        await self.runner.setup()
        listener = self.bind()
        context = None if self.plain else self.authority.context()
        await web.SockSite(self.runner, listener, ssl_context=context,
                           **({} if new else late)).start()

    async def close(self):
        await self.runner.cleanup()


class Connection:
    """A WebSocket, as the actions of a script have it; about: what do_call makes its texts of."""

    def __init__(self, request, about=None):
        self.request, self.about = request, about
        self.running = False

    async def write(self, data):
        transport = self.request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError
        transport.write(data)
        await asyncio.sleep(0)


class Scripted(ServedApp):
    """Its sockets follow a script: actions, which are the name of a do_… and its arguments."""

    async def act(self, conn, action):
        await getattr(self, "do_" + action[0])(conn, *action[1:])

    async def do_send(self, conn, *texts):
        for text in texts:
            await conn.write(ws_frame(TEXT, text))

    async def do_call(self, conn, make):
        """make(about) gives one text or a list: for timestamps of the moment."""
        made = make(conn.about)
        await self.do_send(conn, *([made] if isinstance(made, str) else made))

    async def do_raw(self, conn, data):
        await conn.write(data)

    async def do_until(self, conn, true):
        """Goes on when true(service), so that no test waits for time."""
        while not true(self):
            await asyncio.sleep(0.005)

    async def do_sleep(self, conn, seconds):
        await asyncio.sleep(seconds)

    async def do_close(self, conn, code, reason=""):
        conn.running = False
        await conn.write(ws_close(code, reason))
        await asyncio.sleep(0.2)
        await self.do_drop(conn)

    async def do_drop(self, conn):
        if conn.request.transport:
            conn.request.transport.close()
        raise ConnectionResetError

    async def do_rst(self, conn):
        sock = conn.request.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        conn.request.transport.abort()
        raise ConnectionResetError
