"""The recorder stands still around each send: `pytest --recorder-stopped`.

The rule: nobody gets what another has written before it is recorded. In this mode every scenario but those of LEFT_OUT
shows it by the way, on whatever path it takes. Before a stanza leaves a client the recorder is stopped (SIGSTOP); then the
gate has its time, until it rests; then every other connection of the test is read, and nothing in what came may stem from
that stanza; then the recorder goes on (SIGCONT), and so does the scenario, which has to pass.

What stems from a stanza: the texts and attributes it carries, whole or as part of a longer one, and, for what concerns
subscriptions, its sender and type. Not that which may flow unrecorded (chat states, receipts, <show/> and so on: see
`signal`), not addresses, and not what the test has sent before, since that may be on its way from then.

A burst says the same again and again: after LIMIT stops a test goes on without.
"""

import asyncio
import contextlib
import os
import pathlib
import re
import signal as signals
import sqlite3
import time

from . import names
from .names import tag
from .stanza import MARK
from .xmlstream import XmlStream, show

PAUSE = 0.01      # between two looks at whether the gate rests
SECONDS = 0.5     # at most
LIMIT = 20
PLAIN_ATTRIBUTES = {"to", "from", "id", "type", "jid", "subscription", "ask", "approved", "ver", "stamp", "by", "sessionid", "var",
                    names.LANG}
SUBSCRIPTIONS = {"subscribe", "subscribed", "unsubscribe", "unsubscribed"}
ROOM_WORDS = {"none", "outcast", "member", "admin", "owner", "visitor", "participant", "moderator"}  # each occupant has them
ADDRESS = re.compile(r"[^\s@/<>]+@[\w.-]+(/\S*)?")
SIGNAL_NAMESPACES = {names.CHATSTATES, names.RECEIPTS, names.MARKERS, names.HINTS, names.SID, names.PING,
                     names.CAPS}
SIGNAL_TAGS = {tag(names.CLIENT, "show"), tag(names.CLIENT, "priority"), tag(names.CLIENT, "thread"),
               tag(names.CARBONS, "private"),
             tag(names.VCARD_UPDATE, "x")}  # the server puts its own in the place of that one
SHORT = 4  # a text of fewer letters counts only where it is all there is

# Scenarios that are not run like this, by file.
LEFT_OUT = {
    "test_processes.py": "stops and kills the processes itself",
    "test_recorder_stopped.py": "stops the recorder itself, for longer",
    "test_failing_disk.py": "the recorder ends there",
    "test_dead_peers.py": "measures time",
    "test_limits.py": "measures time, and what is not read",
    "test_settings.py": "measures time, and what is not read",
    "test_stream_management_limits.py": "measures time",
    "test_surroundings.py": "starts servers by other means, in other surroundings",
    "test_packaging.py": "nobody sends anything",
    "test_command.py": "nobody sends another anything but to have something to list",
    "test_sasl.py": "nobody is logged in yet",
    "test_sasl_settings.py": "nobody is logged in yet",
    "test_tls.py": "nobody is logged in yet",
}

wanted = False  # --recorder-stopped
stops = 0       # in this run


@contextlib.contextmanager
def stopped(server):
    """The recorder of the server stands still; for scenarios that look closer."""
    pid = server.pid("recorder")
    os.kill(pid, signals.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signals.SIGCONT)


@contextlib.contextmanager
def store_held(server):
    """Somebody else writes into the store: what the gate writes waits, and after a few seconds is refused."""
    with contextlib.closing(sqlite3.connect(server.dir / "store/gatehouse.db", isolation_level=None, timeout=20)) as store:
        store.execute("BEGIN IMMEDIATE")
        yield
        store.execute("ROLLBACK")


def as_client(element):
    """What a component writes, read as a client's."""
    for each in element.iter():
        if each.tag.startswith("{%s}" % names.COMPONENT):
            each.tag = tag(names.CLIENT, each.tag.split("}")[1])
    return element


def signal(child):
    """Whether this child of a stanza may pass unrecorded. One that hides a text may not."""
    text = "".join(child.itertext()).strip()
    if child.tag in SIGNAL_TAGS:
        return len(text) <= 128 and len(child) == 0
    return child.tag[1:].split("}")[0] in SIGNAL_NAMESPACES and not text


def says(value):
    """What of a text or an attribute is somebody's own: a list of one or none. An address, a count, a place in a room and
    the name of a protocol are not."""
    value = (value or "").strip()
    plain = value in ROOM_WORDS or (len(value) < SHORT and value.isdigit()) or (
        MARK not in value and (ADDRESS.fullmatch(value) or value.startswith("http://jabber.org/protocol/")))
    return [value] if value and not plain else []


def texts(element):
    """All that somebody could have written into this element, and what lies in it."""
    for each in element.iter():
        for name, value in each.attrib.items():
            yield from says(value) if name not in PLAIN_ATTRIBUTES else ()
        yield from says(each.text)
        yield from says(each.tail)


def content(stanza):
    """What of a stanza nobody else may see before it is recorded."""
    found = {value for name, value in stanza.attrib.items() if name not in PLAIN_ATTRIBUTES}
    for value in (stanza.text, *(child.tail for child in stanza)):
        found.update(says(value))
    for child in stanza:
        if not signal(child):
            found.update(texts(child))
    return found


def known(stanza):
    """What a later stanza cannot be known by, once this one is sent: also what a signal says, to whom it goes (a room shows
    by which name one enters it), and what the server asks about capabilities."""
    yield from texts(stanza)
    yield stanza.get("to", "")
    for each in stanza.iter(tag(names.CAPS, "c")):
        yield "%s#%s" % (each.get("node"), each.get("ver"))


class Sent:
    """One stanza on its way from `sender`, a full address. `seen`: what the test has sent before; grows."""

    def __init__(self, sender, stanza, seen):
        local = [each.tag.split("}")[-1] for each in (stanza, *stanza)]
        self.path = "<%s type=%r to=%r> with %s from %s" % (
            local[0], stanza.get("type", ""), stanza.get("to", ""), ", ".join(local[1:]) or "nothing", sender)
        self.marks = {mark for mark in content(stanza) if not any(mark in text for text in seen)}
        seen.update(known(stanza))
        self.wish = None
        if stanza.tag == tag(names.CLIENT, "presence") and stanza.get("type") in SUBSCRIPTIONS:
            wish = (sender.split("/")[0], stanza.get("type"))
            self.wish = None if " ".join(wish) in seen else wish
            seen.add(" ".join(wish))

    def __bool__(self):
        return bool(self.marks or self.wish)

    def found_in(self, arrived):
        """What of it is in an element that arrived, or None."""
        if self.wish and arrived.tag == tag(names.CLIENT, "presence") and self.wish == (
                arrived.get("from", "").split("/")[0], arrived.get("type")):
            return arrived.get("type")
        for value in texts(arrived):
            for mark in self.marks:
                if mark == value or (len(mark) >= SHORT and mark in value):
                    return mark
        return None


def threads(pid, file):
    for thread in pathlib.Path("/proc/%d/task" % pid).iterdir():
        with contextlib.suppress(OSError):
            yield (thread / file).read_text()


def states(pid):
    """A letter for each thread: S sleeps, T is stopped."""
    return "".join(stat.rsplit(")", 1)[1].split()[0] for stat in threads(pid, "stat"))


def freeze(pid):
    """Stops a process and returns when all its threads stand."""
    os.kill(pid, signals.SIGSTOP)
    while set(states(pid)) - set("Tt"):
        time.sleep(0.0005)


def rest(pid):
    """Returns when all threads of a process sleep and none has run for a PAUSE."""
    def runs():
        return [line for status in threads(pid, "status") for line in status.splitlines() if "ctxt_switches" in line]
    end, before = time.monotonic() + SECONDS, None
    while time.monotonic() < end:
        time.sleep(PAUSE)
        now = runs()
        if now == before and set(states(pid)) == {"S"}:
            return
        before = now


class Reader:
    """Reads along one direction of one stream."""

    def __init__(self):
        self.parser, self.fed = XmlStream(), 0

    def all(self, data):
        """The elements completed by what `data`, the stream from its beginning, has more than last time."""
        new, self.fed = data[self.fed:], len(data)
        return self.more(new)

    def more(self, data):
        """Nothing from a stream that is broken: what the tests break on purpose becomes no stanza, nor does what follows."""
        if self.parser is None:
            return []
        try:
            return [each for each in self.parser.feed(data) if hasattr(each, "iter")]
        except Exception:
            self.parser = None
            return []


class Standstill:
    """Of one server. Its clients send by it; a slixmpp client tells what goes and comes: says() and
    hears(), and end() when its loop has ended."""

    def __init__(self, server):
        self.server = server
        self.recorder = self.gate = self.of = None
        self.on_hold = []
        self.forget()

    def forget(self):
        """A test has ended."""
        self.seen, self.left, self.leaks = set(), LIMIT, []
        self.writers, self.readers = {}, {}

    def _processes(self):
        """Asked once for each start of the server."""
        if self.of is not self.server.process:
            status = self.server.status()
            self.recorder, self.gate = int(status["recorder_pid"]), int(status["gate_pid"])
            self.of = self.server.process

    def _sent(self, key, sender, data):
        stanzas = [as_client(each) for each in self.writers.setdefault(key, Reader()).more(data)]
        sent = [Sent(each.get("from") or sender, each, self.seen) for each in stanzas if sender and each.tag in names.STANZAS]
        sent = [each for each in sent if each]
        if not sent or self.left <= 0:
            return []
        self.left -= 1
        return sent

    def _hold(self):
        global stops
        stops += 1
        self._processes()
        freeze(self.recorder)

    @staticmethod
    def _leak(who, arrived, sent):
        for each in sent:
            found = each.found_in(arrived)
            if found is not None:
                return "%s got %r of %s while the recorder stood still:\n  %s" % (who, found, each.path, show(arrived))
        return None

    # --- lib.client

    def send(self, client, data):
        """client.wire.send(data), with the recorder stopped when there is anything to look for."""
        sent = self._sent(client.stream, client.jid, data)
        if not sent or client.gone:
            client.wire.send(data)
            return
        self._hold()
        try:
            others = [other for other in self.server.clients if other is not client and other.wire and other.stream and not other.gone]
            for other in others:
                self._arrived(other)  # what came before it is not of it
            client.wire.send(data)
            rest(self.gate)
            for other in others:
                self._look(other, sent)
        finally:
            os.kill(self.recorder, signals.SIGCONT)

    def _arrived(self, other):
        reader = self.readers.setdefault(other.stream, Reader())
        return reader.all(bytes(other.stream.raw) + other.wire.look())

    def _look(self, other, sent):
        for arrived in self._arrived(other):
            leak = self._leak(other.jid or other.bare, arrived, sent)
            assert leak is None, leak

    # --- slixmpp, whose loop reads while the recorder stands

    def says(self, person, data):
        """Before a slixmpp client sends: the recorder stands for a while from now on."""
        data = data.encode() if isinstance(data, str) else data
        if data.lstrip().startswith(b"<stream:stream"):
            self.writers.pop(person, None)
        for sent in self._sent(person, person.boundjid.full, data):
            if not self.on_hold:
                self._hold()
            self.on_hold.append((person, sent))
            asyncio.get_running_loop().call_later(8 * PAUSE, self._let_go, (person, sent))

    def hears(self, person, data):
        """What a slixmpp client gets; end() tells of leaks."""
        if b"<?xml" in data:
            self.readers.pop(person, None)
            data = data[data.index(b"<?xml"):]
        for arrived in self.readers.setdefault(person, Reader()).more(data):
            leak = self._leak(person.boundjid.full, arrived, [sent for sender, sent in self.on_hold if sender is not person])
            if leak:
                self.leaks.append(leak)

    def _let_go(self, item):
        self.on_hold.remove(item)
        if not self.on_hold:
            os.kill(self.recorder, signals.SIGCONT)

    def end(self):
        for item in list(self.on_hold):
            self._let_go(item)
        assert not self.leaks, "\n".join(self.leaks)
