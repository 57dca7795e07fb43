"""A TCP proxy that simulates the faults of networks."""

import asyncio
import contextlib
import socket
import struct
import threading


class Proxy:
    """Forwards connections to a port of this machine. `fault` sets what happens
    to the answers from then on, also on open connections:

    latency(seconds)     delays each piece
    bandwidth(rate)      limits the rate, in bytes per second
    slicer(size, pause)  sends pieces of this size with a pause after each
    slow_close(seconds)  delays the close of the connection
    limit_data(size)     closes the connection after this number of bytes
    timeout(seconds)     sends nothing and closes the connection after the time
    reset_peer(seconds)  resets the connection after the time
    down()               refuses connections and closes the open ones
    """

    def __init__(self, upstream):
        self.upstream = upstream
        self.kind, self.arguments = None, ()
        self.writers = set()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever,
                                       daemon=True)
        self.thread.start()
        self.listener, self.port = None, 0
        self._call(self._listen())

    def fault(self, kind=None, *arguments):
        self._call(self._set(kind, arguments))

    def close(self):
        self.fault("down")
        self._call(self._end_tasks())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _call(self, coroutine):
        asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    async def _end_tasks(self):
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self):
        self.listener = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port)
        self.port = self.listener.sockets[0].getsockname()[1]

    async def _set(self, kind, arguments):
        self.kind, self.arguments = kind, arguments
        if kind == "down":
            self.listener.close()
            for w in tuple(self.writers):
                w.transport.abort()
        elif not self.listener.is_serving():
            await self._listen()

    async def _serve(self, reader, writer):
        with contextlib.suppress(OSError):
            up_reader, up_writer = await asyncio.open_connection(
                "127.0.0.1", self.upstream)
            self.writers |= {writer, up_writer}
            forward = asyncio.create_task(self._forward(reader, up_writer))
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await self._answer(up_reader, writer)
            forward.cancel()
            self.writers -= {writer, up_writer}
            up_writer.transport.abort()
        writer.close()

    async def _forward(self, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
            writer.write_eof()

    async def _answer(self, reader, writer):
        while data := await reader.read(65536):
            if self.kind == "reset_peer":
                await asyncio.sleep(*self.arguments)
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
                return writer.transport.abort()
            if self.kind == "timeout":
                return await asyncio.sleep(*self.arguments)
            if self.kind == "limit_data":
                writer.write(data[:self.arguments[0]])
                return None
            await self._write(writer, data)
        if self.kind == "slow_close":
            await asyncio.sleep(*self.arguments)
        return None

    async def _write(self, writer, data):
        size, pause = len(data), 0
        if self.kind == "latency":
            await asyncio.sleep(*self.arguments)
        elif self.kind == "slicer":
            size, pause = self.arguments
        elif self.kind == "bandwidth":
            size = 10
            pause = size / self.arguments[0]
        for at in range(0, len(data), size):
            writer.write(data[at:at + size])
            await writer.drain()
            if pause:
                await asyncio.sleep(pause)
