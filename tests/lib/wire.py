"""A TCP connection that may become TLS. Blocking, with a time limit on every call.

TLS goes through pyOpenSSL because RFC 9266 channel binding needs SSL_export_keying_material, which
Python 3.11's own ssl module does not offer.
"""

import select
import socket
import time

from OpenSSL import SSL

VERSIONS = {"1.0": SSL.TLS1_VERSION, "1.1": SSL.TLS1_1_VERSION, "1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}


class Refused(ConnectionError):
    """The TLS handshake failed."""


class Wire:
    def __init__(self, host, port, timeout=10, source=None):
        self.timeout = timeout
        self.tls = None
        self.ahead = b""
        address = (source, 0) if source else None
        self.socket = socket.create_connection((host, port), timeout, source_address=address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    def start_tls(self, server_name, ca=None, alpn=None, only=None, timeout=None, own=None):
        """Shakes hands. `ca`: a file of trusted certificates, else any certificate passes. `alpn`: a
        list of protocols. `only`: the one version ("1.2") to offer. `own`: (certificate file, key file) to show."""
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        # Security level 0 so that this side would accept the old versions the server has to refuse.
        context.set_cipher_list(b"ALL:@SECLEVEL=0")
        if only:
            context.set_min_proto_version(VERSIONS[only])
            context.set_max_proto_version(VERSIONS[only])
        if own:
            context.use_certificate_chain_file(str(own[0]))
            context.use_privatekey_file(str(own[1]))
        if ca:
            context.load_verify_locations(ca)
            context.set_verify(SSL.VERIFY_PEER, lambda conn, cert, error, depth, ok: bool(ok))
        if alpn:
            context.set_alpn_protos([name.encode() for name in alpn])
        self.tls = SSL.Connection(context, self.socket)
        if server_name:
            self.tls.set_tlsext_host_name(server_name.encode())
        self.tls.set_connect_state()
        try:
            self._loop(self.tls.do_handshake, timeout or self.timeout)
        except (SSL.Error, OSError) as error:
            self.tls = None
            self.close()
            raise Refused(str(error)) from None

    def _loop(self, call, timeout):
        end = time.monotonic() + timeout
        while True:
            try:
                return call()
            except SSL.WantReadError:
                wants = ([self.socket], [], [])
            except SSL.WantWriteError:
                wants = ([], [self.socket], [])
            left = end - time.monotonic()
            if left <= 0 or not any(select.select(*wants, left)):
                raise TimeoutError()

    def send(self, data):
        """All of `data`. Raises OSError when the peer is gone."""
        view, end = memoryview(data), time.monotonic() + self.timeout
        while view:
            try:
                if self.tls:
                    sent = self._loop(lambda: self.tls.send(view[:65536].tobytes()), self.timeout)
                else:
                    sent = self.socket.send(view)
            except BlockingIOError:
                left = end - time.monotonic()
                if left <= 0 or not select.select([], [self.socket], [], left)[1]:
                    raise TimeoutError("the server does not read") from None
                continue
            except SSL.Error as error:
                raise ConnectionError(str(error)) from None
            view = view[sent:]

    def receive(self, timeout):
        """What has arrived, waiting for the first byte; b"" when the peer has closed. TimeoutError."""
        if self.ahead:
            data, self.ahead = self.ahead, b""
            return data
        return self._receive(timeout)

    def look(self):
        """What has arrived and was not received; receive() still gives it. Does not wait."""
        try:
            while data := self._receive(0):
                self.ahead += data
        except TimeoutError:
            pass
        return self.ahead

    def _receive(self, timeout):
        try:
            if self.tls:
                return self._loop(lambda: self.tls.recv(65536), timeout)
            if not select.select([self.socket], [], [], max(timeout, 0))[0]:
                raise TimeoutError()
            return self.socket.recv(65536)
        except (SSL.ZeroReturnError, SSL.SysCallError, ConnectionError):
            return b""
        except SSL.Error:
            return b""

    def exporter(self):
        """The tls-exporter channel binding of RFC 9266."""
        return self.tls.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"")

    def certificate(self):
        """The server's certificate as the cryptography package sees it."""
        return self.tls.get_peer_certificate().to_cryptography()

    def version(self):
        return self.tls.get_protocol_version_name()

    def alpn(self):
        return self.tls.get_alpn_proto_negotiated().decode()

    def close(self):
        """Without a word to the peer: as when the network goes."""
        try:
            self.socket.close()
        except OSError:
            pass

    def reset(self):
        """Closes with a TCP reset, so that the server learns at once."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close()
