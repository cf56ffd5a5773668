"""Traffic for the crash tests: who is there, and what became of every message."""

import time

from people import PATIENCE, ForgetfulReader, PlainReader, Reader, Sender


class Traffic:
    """Senders and readers on one server: two that acknowledge at once, one that acknowledges late and forgets, one without
    stream management, and one that stays away until the end of a round, so that offline storage is under test too."""

    def __init__(self, server, senders=4, rate=400):
        self.server = server
        people = server.people(senders + 5)
        kinds = (Reader, Reader, ForgetfulReader, PlainReader)
        self.readers = [kind(server, account) for kind, account in zip(kinds, people)]
        self.absent = people[4]
        self.absent_reader = Reader(server, self.absent)
        targets = [reader.account.jid for reader in self.readers] * 2 + [self.absent.jid]
        self.senders = [Sender(server, account, targets[n:] + targets[:n], rate / senders)
                        for n, account in enumerate(people[5:])]

    def start(self):
        for person in self.readers + self.senders:
            person.start()
        end = time.monotonic() + PATIENCE
        while not all(person.client for person in self.readers + self.senders):
            assert time.monotonic() < end, [person.failure for person in self.readers + self.senders]
            time.sleep(0.01)
        return self

    def in_flight(self):
        return sum(sender.in_flight() for sender in self.senders)

    def lost(self):
        """Connections that were lost, but for those dropped on purpose."""
        return [each for person in self.readers + self.senders for each in person.lost]

    def sent(self):
        """{id: (target, body)} of everything."""
        everything = {}
        for sender in self.senders:
            everything.update(sender.sent)
        return everything

    def got(self):
        """{target: {id: copies}}."""
        return {reader.account.jid: reader.got for reader in self.readers + [self.absent_reader]}

    def settle(self):
        """Until everything is acknowledged and has arrived; the absent one comes for hers. Returns the ids of what did
        not arrive."""
        for sender in self.senders:
            sender.settle()
        self.absent_reader.start()
        for reader in self.readers:
            reader.hurry.set()
        kept = {reader.account.jid: reader.kept for reader in self.readers + [self.absent_reader]}
        end = time.monotonic() + PATIENCE
        while True:
            missing = [id for id, (target, _) in self.sent().items() if id not in kept[target]]
            if not missing or time.monotonic() > end:
                return missing
            time.sleep(0.05)

    def resume(self):
        """The next round: the absent one leaves, the senders go on."""
        gone = self.absent_reader
        gone.finish()
        gone.client.close()
        self.absent_reader = Reader(self.server, self.absent)
        self.absent_reader.got, self.absent_reader.kept = gone.got, gone.kept
        for reader in self.readers:
            reader.hurry.clear()
        for sender in self.senders:
            sender.paused.clear()

    def finish(self):
        for person in self.readers + self.senders:
            person.finish()
        self.server.close_clients()
