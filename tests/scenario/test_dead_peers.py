"""Connections that die without a word are noticed within a minute (with the settings that init writes)."""

import os
import time

import pytest
import yaml

from lib.cable import Cable
from lib.server import run
from lib.stanza import message, presence, stamped

INTERVAL, TIMEOUT = 2, 2
COARSE = 2  # a timer's second at each of the two steps


@pytest.fixture(scope="module")
def cable():
    """None for those who may not make a network: their peers only stop answering."""
    if os.getuid():
        yield None
        return
    cable = Cable()
    yield cable
    cable.remove()


@pytest.fixture(scope="module")
def server(launch, cable):
    def prepare(server):
        if cable:
            listen = ["127.0.0.1:%d" % server.direct_port, "%s:%d" % (cable.near, server.direct_port)]
            server.configure({"listen": {"direct_tls": listen}})
    return launch("dead-peers", {"ping": {"interval_seconds": INTERVAL, "timeout_seconds": TIMEOUT}}, prepare=prepare)


def plugged(folk, cable, account):
    client = folk.client(account)
    return cable.plug(client) if cable else client


def die(client, cable):
    client.answer_pings = client.answer_acks = False
    if cable:
        cable.pull()


def test_the_settings_of_init_notice_it_within_a_minute():
    done = run("config", "show", "--defaults")
    ping = yaml.safe_load(done.stdout)["ping"]
    assert ping["interval_seconds"] + ping["timeout_seconds"] + COARSE <= 60


def test_a_peer_whose_cable_is_pulled_is_unavailable_and_what_it_was_sent_is_kept(folk, cable):
    account = folk.account()
    alice, bob = plugged(folk, cable, account).online(), folk.online()[0]
    alice.sm_enable(max=1)
    bob.send("<presence to='%s' type='subscribe'/>" % alice.bare)
    alice.expect(presence(type="subscribe"))
    alice.send("<presence to='%s' type='subscribed'/>" % bob.bare)
    bob.expect(presence(from_=alice.jid, type=""))
    alice.listen(INTERVAL + 1)  # it answers while it can
    die(alice, cable)
    begin = time.monotonic()
    said = bob.say(alice.bare)
    bob.expect(presence(from_=alice.jid, type="unavailable"), timeout=INTERVAL + TIMEOUT + COARSE + 5)
    assert time.monotonic() - begin < INTERVAL + TIMEOUT + COARSE + 3  # resumption waits for a second more
    assert alice.jid not in {each["jid"] for each in folk.server.sessions()}
    again = folk.client(account).online()
    assert stamped(again.expect(message(body=said.body))) is not None
    alice.gone = True
