"""Settings do what their text says. Those that other scenarios show already are not here."""

import base64
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time

import pytest

from lib import names
from lib.client import Client, Refused
from lib.rooms import admin, create, join, refusal
from lib.server import BINARY, PASSWORD_MARK, environment
from lib.stanza import Error, body, iq, message, message_to, presence, presence_to
from lib.wire import Refused as TlsRefused


@pytest.fixture(scope="module")
def server(launch):
    return launch("settings", {
        "limits": {"stanza_bytes": 16384, "attribute_bytes": 3072, "name_bytes": 64, "blocked_items": 3, "directed_presence": 3,
                   "parcel_bytes": 65536, "record_seconds": 1, "output_bytes": 65536},
        "sasl": {"attempts": 2, "iterations": 5000},
        "rooms": {"service": []},
        "tls": {"min_version": "1.3"}})


@pytest.fixture(scope="module")
def slow(launch):
    """Allowances so small that they can be seen."""
    return launch("settings-slow", {"limits": {"stanza_bytes": 20000, "stanzas_per_second": 20, "stanza_burst": 30, "bytes_per_second": 20000,
                                               "bytes_burst": 60000},
                                    "rooms": {"service": ["talk.example.net"], "max": 2, "sessions_max": 2, "affiliations_max": 10}})


def test_rooms_are_switched_off(folk):
    alice, = folk.online(1)
    answer = alice.ask(names.DISCO_ITEMS, to="example.org")
    assert not list(answer.iter("{%s}item" % names.DISCO_ITEMS))
    assert Error(alice.ask(names.DISCO_INFO, to="rooms.example.org")).condition == "remote-server-not-found"


def test_rooms_of_another_name_and_their_ceilings(slow):
    alice, bob, carol = [Client(slow, account).online() for account in slow.people(3)]
    create(alice, "one@talk.example.net")
    create(alice, "two@talk.example.net")
    assert Error(refusal(alice, "three@talk.example.net", "a")).condition == "resource-constraint"
    join(bob, "one@talk.example.net", "bob")
    assert tuple(Error(refusal(carol, "one@talk.example.net", "carol"))) == ("wait", "service-unavailable")
    for number in range(9):
        assert admin(alice, "one@talk.example.net", jid="m%d@example.org" % number, affiliation="member").get("type") == "result"
    assert Error(admin(alice, "one@talk.example.net", jid="m9@example.org", affiliation="member")).condition == "resource-constraint"


@pytest.mark.parametrize("stanza", ["<x xmlns='urn:x' a='%s'/>" % ("v" * 3000), "<%s xmlns='urn:x'/>" % ("n" * 60)])
def test_a_name_and_a_value_within_their_limits_pass(folk, stanza):
    alice, bob = folk.online(2)
    alice.send(message_to(bob.jid, stanza, id="within"))
    bob.expect(message(id="within"))


@pytest.mark.parametrize("stanza", ["<x xmlns='urn:x' a='%s'/>" % ("v" * 3100), "<%s xmlns='urn:x'/>" % ("n" * 70)])
def test_a_name_or_a_value_beyond_its_limit_ends_the_stream(folk, stanza):
    alice, bob = folk.online(2)
    alice.raw(message_to(bob.jid, stanza, id="beyond"))
    assert alice.stream_error() == "policy-violation"


def test_one_account_cannot_block_more_than_so_many(folk):
    alice, = folk.online(1)

    def block(number):
        return alice.iq("set", "<block xmlns='%s'><item jid='b%d@elsewhere.example'/></block>" % (names.BLOCKING, number))
    assert [block(number).get("type") for number in range(3)] == ["result"] * 3
    assert Error(block(3)).condition == "resource-constraint"


def test_one_session_cannot_keep_more_strangers_informed_than_so_many(folk):
    alice, *strangers = folk.online(5)
    for each in strangers[:3]:
        alice.send(presence_to(each.jid, None, ""))
        each.expect(presence(from_=alice.jid))
    alice.send(presence_to(strangers[3].jid, None, "", id="one-more"))
    refused = alice.expect(presence(id="one-more", type="error"))
    assert Error(refused).condition == "resource-constraint"


def test_a_stanza_that_needs_too_much_memory_ends_the_stream_though_it_is_short(folk):
    alice, bob, carol = folk.online(3)
    alice.raw(message_to(bob.jid, "<x xmlns='urn:x'>%s</x>" % ("<y z='1'/>" * 900), id="heavy"))
    assert alice.stream_error() == "policy-violation"
    said = carol.say(bob.bare)
    bob.expect(message(body=said.body))


def test_who_does_not_read_is_cut_off_when_too_much_waits(folk, server):
    """What the two sockets hold comes on top, so a reader that takes nothing is cut off after some megabytes at the
    most; with the preset of 4 MiB on top it would still be there."""
    lazy, alice = folk.online(2)
    lazy.wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sent = 0
    while [each for each in server.sessions() if each["jid"] == lazy.jid]:
        assert sent < 400, "%d messages wait" % sent
        for _ in range(20):
            alice.send(message_to(lazy.jid, body("privy-" + "z" * 12000)))
        sent += 20
        alice.roundtrip()
    alice.roundtrip()
    lazy.drop()


def test_a_stanza_that_waits_long_for_the_record_is_named_in_the_log(folk, server):
    alice, bob = folk.online(2)
    recorder = server.pid("recorder")
    os.kill(recorder, signal.SIGSTOP)
    try:
        said = alice.say(bob.bare)
        end = time.monotonic() + 15
        while "stanzas wait for the" not in server.log.read_text():
            assert time.monotonic() < end, server.tail()
            time.sleep(0.1)
    finally:
        os.kill(recorder, signal.SIGCONT)
    bob.expect(message(body=said.body))


def test_a_stream_ends_after_as_many_failures_as_are_allowed(folk):
    client = folk.client(folk.account()).connect()
    client.start()
    for _ in range(2):
        with pytest.raises(Refused):
            client.authenticate(password=PASSWORD_MARK + "wrong")
    assert client.stream_error() == "policy-violation"


def test_passwords_are_derived_with_the_iterations_that_are_set(folk):
    client = folk.client(folk.account()).connect()
    client.start()
    client.auth("SCRAM-SHA-256", ("n,,n=%s,r=abc" % client.account.jid.split("@")[0]).encode())
    challenge = client.next()
    assert base64.b64decode(challenge.text).decode().endswith(",i=5000")


def test_a_tls_version_below_the_least_is_refused(folk):
    folk.client().connect(only="1.3")
    with pytest.raises((TlsRefused, OSError, EOFError)):
        folk.client().connect(only="1.2")


def test_who_sends_too_many_stanzas_is_slowed_down_and_loses_nothing(slow):
    alice, = slow.online(1)
    begin = time.monotonic()
    alice.raw("".join("<iq type='get' id='n%d'><ping xmlns='urn:xmpp:ping'/></iq>" % n for n in range(80)))
    answers = [alice.next(timeout=30).get("id") for _ in range(80)]
    assert answers == ["n%d" % n for n in range(80)]
    assert time.monotonic() - begin > 1.5  # 50 beyond the burst, 20 each second


def test_who_sends_too_many_bytes_is_slowed_down_and_loses_nothing(slow):
    alice, = slow.online(1)
    begin = time.monotonic()
    for number in range(10):
        alice.raw("<iq type='get' id='b%d'>%s<ping xmlns='urn:xmpp:ping'/></iq>" % (number, " " * 12000))
    answers = [alice.next(timeout=30).get("id") for _ in range(10)]
    assert answers == ["b%d" % number for number in range(10)]
    assert time.monotonic() - begin > 1.5  # 60,000 beyond the burst, 20,000 each second


CSI = "urn:xmpp:csi:0"
FLOODS = {
    "acknowledgements asked for": "<r xmlns='%s'/>" % names.SM * 800,
    "acknowledgements given": "<a xmlns='%s' h='0'/>" % names.SM * 800,
    "somebody looks, nobody looks": "<inactive xmlns='{0}'/><active xmlns='{0}'/>".format(CSI) * 40,
    "sessions asked for": "<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>" * 80,
    "resumptions": "<resume xmlns='%s' previd='x' h='0'/>" % names.SM * 80,
    "requests that are none": "<iq type='nonsense' id='n'/>" * 80,
    "white space": " " * 100000,
}


@pytest.mark.parametrize("what", FLOODS)
def test_what_is_no_stanza_or_a_refused_one_is_charged_like_others(slow, what):
    alice, = slow.online(1)
    alice.sm_enable()
    begin = time.monotonic()
    alice.raw(FLOODS[what])
    alice.roundtrip()
    assert time.monotonic() - begin > 1.5  # the worth of 50 stanzas beyond the burst, 20 each second


def test_who_asks_for_acknowledgements_after_each_stanza_is_not_charged_for_them_like_stanzas(slow):
    alice, = slow.online(1)
    alice.sm_enable()
    time.sleep(2)  # the allowance is full again
    begin = time.monotonic()
    asks = "<r xmlns='%s'/>" % names.SM * 4
    alice.raw("".join("<iq type='get' id='a%d'><ping xmlns='urn:xmpp:ping'/></iq>" % n + asks for n in range(30)))
    alice.expect(iq(id="a29"))
    assert time.monotonic() - begin < 5  # charged like stanzas they would take 6


def test_members_of_the_administrators_group_may_administer_and_not_read_the_record(launch, place):
    if os.getuid() != 0:
        return  # everybody who can be played is the server's own user
    member = pwd.getpwnam("games")
    server = launch("settings-admin", {"control": {"admin_group": grp.getgrgid(member.pw_gid).gr_name}})
    command = place / "gatehouse"
    shutil.copy(BINARY, command)
    command.chmod(0o755)

    def as_member(*arguments):
        return subprocess.run(["setpriv", "--reuid", str(member.pw_uid), "--regid", str(member.pw_gid), "--clear-groups",
                               command, *arguments, "--dir", str(server.dir)], capture_output=True, text=True,
                              env=environment(), timeout=30).returncode
    assert as_member("user", "list") == 0
    assert as_member("reload") == 0
    assert as_member("record", "show") == 3
    server.configure({"control": {"admin_group": ""}})
    assert server.run("reload").returncode == 0
    assert as_member("user", "list") == 3
