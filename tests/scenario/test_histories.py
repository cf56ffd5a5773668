"""Two things that have happened to everybody who used a messenger of others, done by an organisation to itself. The first: old clients
are told months ahead that a date will come, by mail, then at each login, then they are shut out. The second: a flaw in one client is
public in the morning, and by noon nobody is connected with it any more. With the binaries that are shipped, programs that people
have, and a clock that is somewhere else."""

import datetime
import json
import pathlib

import pytest
import yaml

from lib import mail, stanza
from lib.client import Account
from lib.posing import GAJIM_NEW, PROFANITY_NEW, PROFANITY_OLD, MUTE, Posing
from lib.programs import Mcabber, Profanity, said
from lib.record import eventually
from lib.server import PASSWORD_MARK
from lib.stanza import body_of, message_to

pytestmark = pytest.mark.recorder_runs("a terminal shows no more than it likes")

PRELOAD = next(iter(sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)
REASON = "Its pictures can be made to run code."
LINK = "https://intranet.example.org/chat"
TODAY = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def day(offset):
    return (TODAY + datetime.timedelta(days=offset)).date()


def at(when):
    """The environment of a server that begins at that moment; its timers run as always."""
    return {"LD_PRELOAD": str(PRELOAD), "FAKETIME": when.strftime("@%Y-%m-%d %H:%M:%S"), "TZ": "UTC",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}


def noon(offset):
    return datetime.datetime.combine(day(offset), datetime.time(12), datetime.timezone.utc)


def put_rules(server, *rules):
    folder = server.dir / "policy/clients"
    folder.mkdir(exist_ok=True)
    (folder / "histories.yaml").write_text(yaml.safe_dump({"rules": list(rules)}, sort_keys=False))


CAMPAIGN = {
    "id": "profanity-goes", "purpose": "Profanity before 0.15 is retired.",
    "clients": {"product": "Profanity", "versions": "<0.15"}, "effect": "deny", "mode": "enforce",
    "campaign": {"notice_from": str(day(-60)), "warn_from": str(day(-30)), "deny_from": str(day(-10)), "remind_days": 7},
    "reason": {"en": REASON}, "link": LINK,
}


@pytest.fixture(scope="module")
def sink():
    sink = mail.Sink()
    yield sink
    sink.stop()


@pytest.fixture(scope="module")
def server(launch, sink):
    settings = {"sasl": {"plain": True}, "mail": {"server": "127.0.0.1", "port": sink.port, "tls": "never", "from": "it@example.org"}}
    return launch("histories", settings, env=at(noon(-70)), prepare=lambda server: put_rules(server, CAMPAIGN))


def with_address(server, name):
    """Somebody who can be written to at name@example.net."""
    account = Account(name + "@example.org", PASSWORD_MARK + name)
    server.import_csv("%s,%s,%s,,%s@example.net,en,\n" % (account.jid, account.password, name.title(), name))
    return account


def again(server, when):
    server.stop()
    server.env = at(when)
    server.start()


def test_a_dated_campaign_walks_through_its_stages(folk, server, sink, keep, output):
    old, other = with_address(server, "olga"), with_address(server, "otto")
    # before its first date nothing is different
    client = keep(Profanity(server, old))
    mc = keep(Mcabber(server, other))
    mc.tell(old.jid, "good morning")
    client.look(other.jid)
    client.wait_for("good morning")
    client.end(output)
    mc.end(output)

    # mail, to who uses it and to nobody else
    assert not sink.mails
    again(server, noon(-50))
    eventually(lambda: sink.mails, 30)
    received, = sink.mails
    assert received.recipients == ["olga@example.net"]
    assert all(each in received.text for each in (REASON, LINK, str(day(-10))))

    # who is late, now and at the end
    assert not late(server)
    one, = late(server, "--at", str(day(-5)))
    assert (one["jid"], one["product"], one["rule"], one["overdue_days"]) == (old.jid, "Profanity", "profanity-goes", 5), one

    # a message at each login
    again(server, noon(-20))
    client = keep(Profanity(server, old))
    client.wait_for(REASON)
    client.wait_for(str(day(-10)))
    mc = keep(Mcabber(server, other))
    mc.tell(old.jid, "still there?")
    client.look(other.jid)
    client.wait_for("still there?")
    client.end(output)
    mc.end(output)

    # the stage changes by itself while the server runs
    again(server, datetime.datetime.combine(day(-10), datetime.time(0), datetime.timezone.utc) - datetime.timedelta(seconds=25))
    client = keep(Profanity(server, old))
    mc = keep(Mcabber(server, other))
    eventually(lambda: not [s for s in server.sessions() if s["jid"].startswith(old.jid)], 60)
    client.wait_for(LINK)
    assert [s for s in server.sessions() if s["jid"].startswith(other.jid)]
    client.end(output)
    mc.end(output)

    # and stays so
    again(server, noon(-5))
    mc = keep(Mcabber(server, other))
    newer = Posing(server, old, PROFANITY_NEW).online()
    mc.tell(old.jid, "are you new?")
    newer.expect(said("are you new?"))
    refused = Posing(server, old, PROFANITY_OLD).login()
    refused.send(stanza.presence_to(None, None, refused.shown()))
    assert LINK in ending(refused)
    assert newer.roundtrip().get("type") == "result"


def late(server, *options):
    """The report, by the clock of the server."""
    done = server.run("clients", "laggards", "--json", *options)
    return [row for row in json.loads(done.stdout)["clients"] if row["overdue_days"] > 0]


def ending(client):
    """The text of the stream error that ends this client's session."""
    error = client.expect(stanza.nonza("error", "http://etherx.jabber.org/streams"), 20)
    assert error.find("{urn:ietf:params:xml:ns:xmpp-streams}policy-violation") is not None
    return error.findtext("{urn:ietf:params:xml:ns:xmpp-streams}text")


def live(server, person):
    return [each for each in server.sessions() if each["jid"].startswith(person.jid + "/")]


def test_one_morning_a_client_is_shut_out_at_once(folk, server, keep, output):
    again(server, noon(-69))
    put_rules(server)
    assert server.run("reload").returncode == 0
    ann, bob, carol, dave, eve = folk.accounts(5)
    client = keep(Profanity(server, ann))
    mc = keep(Mcabber(server, bob))
    old = Posing(server, carol, PROFANITY_OLD).online()
    gajim = Posing(server, dave, GAJIM_NEW).online()
    quiet = Posing(server, eve, MUTE).online()
    assert all(live(server, each) for each in (ann, bob, carol, dave, eve))

    lock_out(server)
    assert LINK in ending(old)
    client.wait_for(LINK)
    eventually(lambda: not live(server, ann) and not live(server, carol), 10)
    # the others talk on
    assert all(live(server, each) for each in (bob, dave, eve))
    mc.tell(dave.jid, "who is left?")
    gajim.expect(said("who is left?"))
    quiet.send(message_to(gajim.bare, "<body>I am</body>"))
    gajim.expect(said("I am"))

    # with the new one people are back at once, and nothing that they were sent meanwhile is lost
    gajim.send(message_to(carol.jid, "<body>get the new one</body>"))
    back = Posing(server, carol, PROFANITY_NEW).online()
    back.expect(said("get the new one"))
    back.send(message_to(gajim.bare, "<body>done</body>"))
    gajim.expect(said("done"))
    again(server, noon(-68))
    refused = Posing(server, carol, PROFANITY_OLD).login()
    refused.send(stanza.presence_to(None, None, refused.shown()))
    assert LINK in ending(refused)


def lock_out(server):
    """One command."""
    done = server.run("clients", "deny", "Profanity", "<0.15", "--reason", REASON, "--link", LINK)
    assert done.returncode == 0, done.stdout + done.stderr
