"""A server in a thread of its own, for as long as a `with` lasts."""
import asyncio
import pathlib
import socket
import threading

import aiohttp
from aiohttp import web

from certs import Authority


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
        assert self.ready.wait(20), "the server did not start"
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
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        context = None if self.plain else self.authority.context()
        await web.SockSite(self.runner, listener, ssl_context=context,
                           **({} if new else late)).start()

    async def close(self):
        await self.runner.cleanup()
