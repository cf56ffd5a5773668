"""What a client sends, as it passes by: a listener on loopback that hands on to the server."""

import socket
import threading

from .wire import Wire


class Tap:
    """`port`: where to connect; `sent`: what came from the client so far."""

    def __init__(self, port):
        self.sent = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.ends = [self.listener]
        threading.Thread(target=self._serve, args=(port,), daemon=True).start()

    def _serve(self, port):
        try:
            near, _ = self.listener.accept()
            far = socket.create_connection(("127.0.0.1", port))
        except OSError:
            return
        self.ends += [near, far]
        threading.Thread(target=self._pass, args=(far, near, False), daemon=True).start()
        self._pass(near, far, True)

    def _pass(self, source, to, keep):
        try:
            while data := source.recv(65536):
                if keep:
                    self.sent += data
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def plug(self, client):
        """client.connect() goes by this tap from now on."""
        def connect(how="direct", **tls):
            client.wire = Wire("127.0.0.1", self.port)
            client.ended = client.gone = False
            if how == "direct":
                client.wire.start_tls(client.domain, **{"ca": client.server.ca, "alpn": ["xmpp-client"], **tls})
            return client
        client.connect = connect
        return client

    def client_hello(self):
        """The first handshake message that passed."""
        data = self.sent[self.sent.index(b"\x16\x03"):]
        message = b""
        while len(message) < 4 or len(message) < 4 + int.from_bytes(message[1:4], "big"):
            size = int.from_bytes(data[3:5], "big")
            message += data[5:5 + size]
            data = data[5 + size:]
        return message

    def close(self):
        for end in self.ends:
            end.close()
