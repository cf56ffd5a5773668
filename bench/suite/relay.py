"""Stands between one client and the server, takes the TLS off, and notes when what passed. The client finds what it expects: STARTTLS
with the server's own certificate."""

import asyncio
import re
import ssl
import threading
import time

OFFER = (b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='relay' "
         b"from='%s' version='1.0'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
         b"</stream:features>")
PROCEED = b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"


class Line:
    """One connection: what passed to the client (`down`) and to the server (`up`), as (time, bytes)."""

    def __init__(self):
        self.down, self.up = [], []

    def when(self, direction, pattern):
        """When the first match of the expression was complete, in seconds of time.perf_counter(); None: not yet."""
        pieces = list(getattr(self, direction))
        found = re.search(pattern, b"".join(data for _, data in pieces), re.S)
        end = 0
        for at, data in pieces if found else ():
            end += len(data)
            if end >= found.end():
                return at
        return None

    def count(self, direction, pattern):
        return len(re.findall(pattern, b"".join(data for _, data in list(getattr(self, direction))), re.S))


class Relay:
    """secure: goes on to the server by TLS, for clients that know PLAIN only; else to its plaintext port, where SCRAM is not
    bound to a channel that the relay cuts in two."""

    def __init__(self, server, address="127.0.0.1", port=0, secure=False):
        self.server, self.secure = server, secure
        self.lines = []
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(server.dir / "tls/server.crt", server.dir / "tls/server.key")
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.listener = self._call(asyncio.start_server(self._serve, address, port, limit=1 << 24))
        self.port = self.listener.sockets[0].getsockname()[1]

    def _call(self, what):
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(20)

    def close(self):
        async def end():
            self.listener.close()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        self._call(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def line(self):
        """The connection that has bound a resource, the last one of them; None: none has."""
        return next((line for line in reversed(self.lines) if line.when("down", BOUND)), None)

    async def _serve(self, reader, writer):
        out = None
        try:
            await until(reader, rb"<stream:stream[^>]*>")
            writer.write(OFFER % self.server.domain.encode())
            await until(reader, rb"<starttls[^>]*>")
            writer.write(PROCEED)
            await writer.drain()
            await writer.start_tls(self.tls)
            into, out = await self._onward()
            line = Line()
            self.lines.append(line)
            await asyncio.gather(carry(reader, out, line.up), carry(into, writer, line.down))
        except (OSError, EOFError, ssl.SSLError):
            pass
        finally:
            for end in (writer, out):
                if end:
                    end.transport.abort()

    def _onward(self):
        if not self.secure:
            return asyncio.open_connection("127.0.0.1", self.server.plain_port, limit=1 << 24)
        context = ssl.create_default_context(cafile=self.server.ca)
        context.set_alpn_protocols(["xmpp-client"])
        return asyncio.open_connection("127.0.0.1", self.server.direct_port, ssl=context, server_hostname=self.server.domain,
                                       limit=1 << 24)


BOUND = rb"<jid>[^<]+</jid>\s*</bind>"


async def until(reader, pattern):
    data = b""
    while not re.search(pattern, data, re.S):
        more = await reader.read(4096)
        if not more or len(data) > 65536:
            raise EOFError()
        data += more


async def carry(source, to, log):
    while data := await source.read(65536):
        log.append((time.perf_counter(), data))
        to.write(data)
        await to.drain()
    raise EOFError()


class Behind:
    """The server as it is seen from behind a relay."""

    def __init__(self, server, relay):
        self.server, self.port = server, relay.port

    def __getattr__(self, name):
        return getattr(self.server, name)
