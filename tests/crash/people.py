"""People for the crash tests: they send and read, come back by themselves when the server goes away, and remember
everything.

A message is `sent` when it was written to the socket, `acknowledged` when the server's <a/>, <resumed h=/> or
<failed h=/> covered it. Each carries a mark of its own (stanza.words), by which the record is searched.
"""

import collections
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True

from lib import names  # noqa: E402
from lib.client import Client  # noqa: E402
from lib.names import tag  # noqa: E402
from lib.stanza import body, body_of, child, message_to, new_id, stamped, words  # noqa: E402

PATIENCE = 30

Copy = collections.namedtuple("Copy", "stanza_ids delayed resumed body")


class Person(threading.Thread):
    """Somebody with one session, run by a thread; subclasses say what is done while connected."""

    managed = True  # with stream management

    def __init__(self, server, account):
        super().__init__(daemon=True)
        self.server, self.account = server, account
        self.client = None
        self.over = threading.Event()
        self.failure = None
        self.lost = []  # connections, but for those dropped on purpose
        self.dropped = self.resumed = False
        self.lock = threading.Lock()

    def run(self):
        try:
            while not self.over.is_set():
                try:
                    if self.client is None:
                        self.come_back(None)
                    self.step()
                except (EOFError, OSError, TimeoutError) as error:
                    self.return_to_server(error)
        except BaseException as error:  # shown by whoever joins
            self.failure = error

    def drop(self):
        """Loses the connection on purpose."""
        self.dropped = True
        self.client.drop()
        raise EOFError()

    def return_to_server(self, why):
        """Reconnects until it works, for PATIENCE seconds at most."""
        old, end = self.client, time.monotonic() + PATIENCE
        if old is None:
            return
        if not self.dropped:
            self.lost.append("%s: %r" % (self.account.jid, why))
        self.dropped = False
        while not self.over.is_set():
            try:
                self.come_back(old)
                break
            except Exception as error:
                if time.monotonic() > end:
                    raise AssertionError("%s cannot come back: %r" % (self.account.jid, error)) from error
                time.sleep(0.02)
        old.close()

    def come_back(self, old):
        """A new connection; with `old`, resumption first. What the server does not have is sent again."""
        client = Client(self.server, self.account)
        client.timeout = 5
        try:
            self.log_in(client, old)
        except BaseException:
            client.close()
            self.server.clients.remove(client)
            raise

    def log_in(self, client, old):
        client.connect()
        client.start()
        client.authenticate()
        client.start()
        waiting = list(old.unacked) if old else []
        if old and old.sm_id:
            answer = old.resume_on(client)
            if answer.tag == tag(names.SM, "resumed"):
                self.resumed = True
                with self.lock:
                    self.client = client
                    client.resend()
                return
            h = answer.get("h")
            waiting = [each for each in waiting if h is None or each[0] > int(h)]
            client.unacked.clear()
            client.sm_sending = client.sm_on = False
        answer = client.bind()
        assert answer.get("type") == "result"
        if self.managed:
            client.sm_enable()
        client.send("<presence/>")
        self.resumed = False
        with self.lock:
            client.take()
            for _, text in waiting:
                if "<message" in text:
                    client.send(text)
            client.raw("<r xmlns='%s'/>" % names.SM if self.managed else "")
            self.client = client

    def finish(self):
        self.over.set()
        self.join(PATIENCE)
        if self.failure:
            raise self.failure


class Sender(Person):
    """Sends to `targets` in turn, `rate` messages a second, until told to pause; then it asks until all is acknowledged. Now and then
    the connection is lost. Only its own thread writes to it and reads: a TLS connection is not for two."""

    def __init__(self, server, account, targets, rate):
        super().__init__(server, account)
        self.targets, self.rate = targets, rate
        self.sent = {}      # id: (target, body)
        self.paused = threading.Event()
        self._next = self._ask = time.monotonic()

    def step(self):
        client = self.client
        now = time.monotonic()
        if self.paused.is_set() and client.unacked and now >= self._ask:
            self._ask = now + 0.02
            client.raw("<r xmlns='%s'/>" % names.SM)
        if not self.paused.is_set() and now >= self._next:
            self._next = max(self._next + 1 / self.rate, now - 0.1)
            self.speak(client)
            if random.random() < 0.002:
                self.drop()
        try:
            client.pump(max(0.0005, min(self._next - time.monotonic(), 0.01)))
        except TimeoutError:
            pass
        for each in client.take():
            if getattr(each, "tag", None) == tag(names.CLIENT, "message") and each.get("type") == "error":
                raise AssertionError("refused: %s" % [c.tag for c in child(each, "error")])

    def speak(self, client):
        target = self.targets[len(self.sent) % len(self.targets)]
        id, text = new_id("c"), words("crash")
        with self.lock:
            self.sent[id] = (target, text)
            client.send(message_to(target, body(text), id=id))
            if len(self.sent) % 4 == 0:
                client.raw("<r xmlns='%s'/>" % names.SM)

    def in_flight(self):
        """How many messages are on their way: sent and not acknowledged."""
        with self.lock:
            return sum("<message" in text for _, text in list(self.client.unacked)) if self.client else 0

    def settle(self):
        """Until all that was sent is acknowledged."""
        self.paused.set()
        end = time.monotonic() + PATIENCE
        while self.in_flight():
            assert not self.failure, repr(self.failure)
            assert time.monotonic() < end, "%d messages of %s are never acknowledged" % (
                self.in_flight(), self.account.jid)
            time.sleep(0.02)


class Reader(Person):
    """Reads and acknowledges at once. `got`: id -> copies that arrived; `kept`: ids that are not to be lost any more."""

    def __init__(self, server, account):
        super().__init__(server, account)
        self.got, self.kept = {}, set()
        self.hurry = threading.Event()

    def arrived(self):
        """Reads once; the ids of the messages that came."""
        try:
            self.client.pump(0.02)
        except TimeoutError:
            pass
        fresh = []
        for each in self.client.take():
            if getattr(each, "tag", None) != tag(names.CLIENT, "message") or body_of(each) is None:
                continue
            ids = [e.get("id") for e in each.findall(tag(names.SID, "stanza-id"))]
            copy = Copy(ids, stamped(each) is not None, self.resumed, body_of(each))
            self.got.setdefault(each.get("id"), []).append(copy)
            fresh.append(each.get("id"))
        return fresh

    def step(self):
        fresh = self.arrived()
        if fresh:
            self.client.acknowledge()
            self.kept.update(fresh)


class PlainReader(Reader):
    """Reads without stream management: what is written to the socket is kept."""

    managed = False

    def step(self):
        self.kept.update(self.arrived())


class ForgetfulReader(Reader):
    """Acknowledges late, and has forgotten what it had not acknowledged when the connection goes, which it does now and
    then. What it acknowledged is kept; everything else the server has to bring again."""

    def __init__(self, server, account):
        super().__init__(server, account)
        self._pending, self._acked, self._due = [], 0, 0.0

    def step(self):
        self.client.answer_acks = False
        self._pending += self.arrived()
        if not self.hurry.is_set() and time.monotonic() < self._due:
            return
        self._due = time.monotonic() + random.choice((0.1, 1, 3, 7)) * random.random()
        if not self.hurry.is_set() and random.random() < 0.3:
            self.drop()
        if self._pending or self.client.sm_in != self._acked:
            self.client.acknowledge()
            self._acked = self.client.sm_in
            self.kept.update(self._pending)
            self._pending = []

    def log_in(self, client, old):
        client.answer_acks = False
        self._pending = []
        if old:
            old.sm_in = self._acked
        super().log_in(client, old)
        if not self.resumed:
            self._acked = 0
