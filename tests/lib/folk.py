"""The people of one test, and how two of them become friends."""

import itertools

from .client import Client
from .stanza import presence, presence_to, roster_push


class Folk:
    """Fresh people on one server; `server` keeps count of their clients and closes them."""

    def __init__(self, server):
        self.server = server

    def accounts(self, count=1, domain=None):
        return self.server.people(count, domain)

    def account(self, domain=None):
        return self.server.people(1, domain)[0]

    def client(self, account=None, **more):
        """A client that has done nothing yet."""
        return Client(self.server, account, **more)

    def login(self, count=1, **how):
        """People with a bound resource and no presence."""
        return [Client(self.server, account).login(**how) for account in self.accounts(count)]

    def online(self, count=1, **how):
        """People who are available and have asked for their roster."""
        return [Client(self.server, account).online(**how) for account in self.accounts(count)]

    def another(self, client, **how):
        """A further resource of the same account, available."""
        return Client(self.server, client.account).online(**how)

    def friends(self, count=2, **how):
        """People online, each subscribed to each other."""
        people = self.online(count, **how)
        for one, other in itertools.combinations(people, 2):
            befriend(one, other)
        return people


def befriend(one, other):
    """Takes two available people to subscription 'both'; nothing of it is left in their inboxes."""
    subscribe(one, other)
    subscribe(other, one, state="both")
    one.settle(other)
    other.settle(one)


def subscribe(asker, asked, state="to"):
    """`asker` asks for presence, `asked` says yes; waits until the asker has the first presence."""
    asker.send(presence_to(asked.bare, "subscribe"))
    asked.expect(presence(type="subscribe", from_=asker.bare))
    asked.send(presence_to(asker.bare, "subscribed"))
    asker.expect(roster_push(asked.bare, subscription=state))
    asker.expect(presence(from_=asked.jid, type=""))
