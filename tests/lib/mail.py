"""Mail servers: a real one (aiosmtpd) that keeps what it is given and can be told what to say, and ones that misbehave."""

import asyncio
import email
import email.policy
import socket
import ssl
import subprocess
import threading
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from .record import eventually
from .server import free_port


class Certificate:
    """Self-signed, for localhost, in a folder."""

    def __init__(self, folder, names="DNS:localhost,IP:127.0.0.1"):
        self.crt, self.key = folder / "mail.crt", folder / "mail.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=" + names, "-keyout", self.key,
                        "-out", self.crt], check=True, capture_output=True)
        self.crt.chmod(0o644)

    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.crt, self.key)
        return context


class Received:
    def __init__(self, envelope, tls, user):
        self.sender, self.recipients, self.bytes = envelope.mail_from, envelope.rcpt_tos, envelope.content
        self.message = email.message_from_bytes(self.bytes, policy=email.policy.default)
        self.tls, self.user = tls, user

    @property
    def text(self):
        return self.message.get_content()


class Sink:
    """say_rcpt, say_data: lines to say instead of accepting, first to last; then all is accepted. slow: seconds before
    each answer. password: of the user "gatehouse", asked for when it is set."""

    def __init__(self, context=None, direct=False, password=None, **more):
        self.mails, self.say_rcpt, self.say_data, self.slow, self.connections = [], [], [], 0, 0
        self.password = password
        self.port = free_port()
        if context and direct:
            more["ssl_context"] = context
        elif context:
            more.update(tls_context=context, require_starttls=True)
        if password:
            more.update(authenticator=self._authenticate, auth_required=True, auth_require_tls=context is not None and not direct)
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, **more)
        self.controller.start()

    def _authenticate(self, server, session, envelope, mechanism, data):
        ok = (data.login, data.password) == (b"gatehouse", self.password.encode())
        session.user = data.login.decode()
        return AuthResult(success=ok, handled=False)

    async def _wait(self):
        await asyncio.sleep(self.slow)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        await self._wait()
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        await self._wait()
        if self.say_rcpt:
            return self.say_rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        await self._wait()
        if self.say_data:
            return self.say_data.pop(0)
        tls = server.transport.get_extra_info("cipher") is not None
        self.mails.append(Received(envelope, tls, getattr(session, "user", None)))
        return "250 2.0.0 kept"

    def to(self, address):
        """Those to this address; what other tests have caused may still come beside them."""
        return [each for each in self.mails if address in each.recipients]

    def with_text(self, text):
        """Those in whose text this stands."""
        return [each for each in self.mails if text in each.text]

    def stop(self):
        self.controller.stop()


def all_out(server, seconds=20):
    """No mail waits any more of those that were asked for until now. The list is read behind them; the counts of the status
    come later than that."""
    eventually(lambda: not [each for each in server.json("mail", "list", "--limit", "1000")["mails"] if each["state"] == "queued"],
               seconds)


def looked_at(server, seconds=30):
    """Everybody's programs have been looked at by the policy in force, and the mails about them are out."""
    def done():
        status = server.status()
        return status["campaign"].get("policy") == status["policy"]
    eventually(done, seconds)
    all_out(server)


class Raw:
    """Runs `serve` for each connection, in a thread of its own; `serve` gets a socket and a file that reads lines."""

    def __init__(self, serve):
        self.serve, self.seen = serve, 0
        self.listener = socket.create_server(("127.0.0.1", free_port()))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.seen += 1
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection):
        with connection:
            try:
                self.serve(connection, connection.makefile("rb"))
            except OSError:
                pass

    def stop(self):
        self.listener.close()


def hangs(connection, lines):
    time.sleep(60)


def closes(connection, lines):
    connection.sendall(b"220 here\r\n")
    lines.readline()


def greets_with_554(connection, lines):
    connection.sendall(b"554 no mail from you\r\n")
    lines.readline()


def dies_behind_the_text(connection, lines):
    """Takes the mail and is gone before it says so."""
    connection.sendall(b"220 here\r\n")
    in_text = False
    for line in lines:
        if in_text and line == b".\r\n":
            return
        if not in_text:
            in_text = line.startswith(b"DATA")
            connection.sendall(b"354 go on\r\n" if in_text else b"250 yes\r\n")
