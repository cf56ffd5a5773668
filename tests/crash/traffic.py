"""Traffic for the crash tests: people who send and people who read, all with stream management, who come back by
themselves when the server goes away, and who remember everything.

A message is `sent` when it was written to the socket, `acknowledged` when the server's <a/> or <failed h=/> covered it.
Each carries a mark of its own (stanza.words), by which the record is searched.
"""

import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True

from lib import names  # noqa: E402
from lib.client import Client  # noqa: E402
from lib.stanza import body, body_of, child, message_to, new_id, stamped, words  # noqa: E402
from lib.names import tag  # noqa: E402

PATIENCE = 30


class Person(threading.Thread):
    """Somebody with one session, run by a thread; subclasses say what is done while connected."""

    def __init__(self, server, account):
        super().__init__(daemon=True)
        self.server, self.account = server, account
        self.client = None
        self.over = threading.Event()
        self.failure = None
        self.reconnects = 0
        self.lock = threading.Lock()

    def run(self):
        try:
            while not self.over.is_set():
                try:
                    if self.client is None:
                        self.come_back(None)
                    self.step()
                except (EOFError, OSError, TimeoutError):
                    self.return_to_server()
        except BaseException as error:  # shown by whoever joins
            self.failure = error

    def return_to_server(self):
        """Reconnects until it works, for PATIENCE seconds at most."""
        old, end = self.client, time.monotonic() + PATIENCE
        if old is None:
            return
        self.reconnects += 1
        while not self.over.is_set():
            try:
                self.come_back(old)
                old.close()
                return
            except (EOFError, OSError, TimeoutError, AssertionError) as error:
                if time.monotonic() > end:
                    raise AssertionError("%s cannot come back: %s" % (self.account.jid, error)) from error
                time.sleep(0.02)

    def come_back(self, old):
        """A new session; with `old`, resumption first. What the server does not have is sent again."""
        client = Client(self.server, self.account)
        client.timeout = 5
        client.connect()
        client.start()
        client.authenticate()
        client.start()
        waiting = list(old.unacked) if old else []
        if old and old.sm_id:
            answer = old.resume_on(client)
            if answer.tag == tag(names.SM, "resumed"):
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
        client.sm_enable()
        client.send("<presence/>")
        with self.lock:
            client.take()
            for _, text in waiting:
                if "<message" in text:
                    client.send(text)
            client.raw("<r xmlns='%s'/>" % names.SM)
            self.client = client

    def finish(self):
        self.over.set()
        self.join(PATIENCE)
        if self.failure:
            raise self.failure


class Sender(Person):
    """Sends to `targets` in turn, `rate` messages a second, until told to pause."""

    def __init__(self, server, account, targets, rate):
        super().__init__(server, account)
        self.targets, self.rate = targets, rate
        self.sent = {}      # id: (target, body)
        self.paused = threading.Event()
        self._next = time.monotonic()

    def step(self):
        client = self.client
        now = time.monotonic()
        if not self.paused.is_set() and now >= self._next:
            self._next = max(self._next + 1 / self.rate, now - 0.1)
            target = self.targets[len(self.sent) % len(self.targets)]
            id, text = new_id("c"), words("crash")
            with self.lock:
                self.sent[id] = (target, text)
                client.send(message_to(target, body(text), id=id))
                if len(self.sent) % 4 == 0:
                    client.raw("<r xmlns='%s'/>" % names.SM)
        try:
            client.pump(max(0.0005, min(self._next - time.monotonic(), 0.01)))
        except TimeoutError:
            pass
        for each in client.take():
            if getattr(each, "tag", None) == tag(names.CLIENT, "message") and each.get("type") == "error":
                self.refused(each)

    def refused(self, error):
        raise AssertionError("refused: %s" % [c.tag for c in child(error, "error")])

    def in_flight(self):
        """Ids of messages on their way: sent and not acknowledged."""
        with self.lock:
            if self.client is None:
                return []
            return [text.split(" id=\"", 1)[1].split('"', 1)[0] for _, text in self.client.unacked
                    if "<message" in text]

    def settle(self):
        """Until all that was sent is acknowledged."""
        self.paused.set()
        end = time.monotonic() + PATIENCE
        while self.in_flight():
            assert time.monotonic() < end, "%d messages of %s are never acknowledged" % (
                len(self.in_flight()), self.account.jid)
            assert not self.failure, self.failure
            try:
                with self.lock:
                    self.client.raw("<r xmlns='%s'/>" % names.SM)
            except (OSError, TimeoutError):
                pass
            time.sleep(0.02)


class Reader(Person):
    """Reads and acknowledges. `got`: id -> [(stanza-id, has a delay, body)]."""

    def __init__(self, server, account, got=None):
        super().__init__(server, account)
        self.got = {} if got is None else got

    def step(self):
        client = self.client
        try:
            client.pump(0.05)
        except TimeoutError:
            pass
        fresh = 0
        for each in client.take():
            if getattr(each, "tag", None) != tag(names.CLIENT, "message") or body_of(each) is None:
                continue
            stanza_ids = [e.get("id") for e in each.findall(tag(names.SID, "stanza-id"))]
            self.got.setdefault(each.get("id"), []).append((stanza_ids, stamped(each) is not None, body_of(each)))
            fresh += 1
        if fresh:
            client.acknowledge()


class Traffic:
    """Senders and readers on one server; one reader stays away until the end of a round, so that offline
    storage is under test too."""

    def __init__(self, server, senders=4, readers=3, rate=400):
        self.server = server
        people = server.people(senders + readers + 1)
        self.readers = [Reader(server, account) for account in people[:readers]]
        self.absent = people[readers]
        targets = [reader.account.jid for reader in self.readers] * 3 + [self.absent.jid]
        self.senders = [Sender(server, account, targets[n:] + targets[:n], rate / senders)
                        for n, account in enumerate(people[readers + 1:])]
        self.absent_got = {}
        self.absent_reader = None

    def start(self):
        for person in self.readers + self.senders:
            person.start()
        end = time.monotonic() + PATIENCE
        while not all(person.client for person in self.readers + self.senders):
            assert time.monotonic() < end, [person.failure for person in self.readers + self.senders]
            time.sleep(0.01)
        return self

    def in_flight(self):
        return [id for sender in self.senders for id in sender.in_flight()]

    def sent(self):
        """{id: (target, body)} of everything."""
        everything = {}
        for sender in self.senders:
            everything.update(sender.sent)
        return everything

    def settle(self):
        """Until everything is acknowledged and has arrived; the absent one comes for hers. Returns `got` by
        target."""
        for sender in self.senders:
            sender.settle()
        self.absent_reader = Reader(self.server, self.absent, self.absent_got)
        self.absent_reader.start()
        got = {reader.account.jid: reader.got for reader in self.readers + [self.absent_reader]}
        end = time.monotonic() + PATIENCE
        missing = None
        while time.monotonic() < end:
            missing = [id for id, (target, _) in self.sent().items() if id not in got[target]]
            if not missing:
                break
            time.sleep(0.02)
        return got, missing

    def resume(self):
        """The next round: the absent one leaves, the senders go on."""
        self.absent_reader.finish()
        self.absent_reader.client.close()
        for sender in self.senders:
            sender.paused.clear()

    def finish(self):
        for person in self.readers + self.senders:
            person.finish()
        self.server.close_clients()
