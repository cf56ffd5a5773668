"""Two things that have happened to everybody who used a messenger of others, done by an organisation to itself. The first: old clients
are told months ahead that a date will come, by mail, then at each login, then they are shut out. The second: a flaw in one client is
public in the morning, and by noon nobody is connected with it any more. With the binaries that are shipped, programs that people
have, and a clock that is somewhere else."""

import collections
import datetime
import json

import pytest
import yaml

from lib import names, record, sasl2, stanza
from lib.client import Account, Refused
from lib.clock import at, day, midnight, noon
from lib.mail import looked_at
from lib.names import tag
from lib.posing import (CONVERSATIONS_NEW, CONVERSATIONS_OLD, CONVERSE, DINO_NEW, DINO_OLD, GAJIM_NEW, GAJIM_OLD, MONAL_NEW,
                        MONAL_OLD, MUTE, PIDGIN_NEW, PIDGIN_OLD, PROFANITY_NEW, PROFANITY_OLD, Posing)
from lib.programs import Mcabber, Profanity, said
from lib.record import eventually
from lib.server import PASSWORD_MARK
from lib.stanza import body_of, message, message_to

pytestmark = pytest.mark.recorder_runs("a terminal shows no more than it likes")

REASON = "Its pictures can be made to run code."
GRUND = "Seine Bilder k\u00f6nnen Programme ausf\u00fchren."
LINK = "https://intranet.example.org/chat"


def put_rules(server, *rules):
    folder = server.dir / "policy/clients"
    folder.mkdir(exist_ok=True)
    (folder / "histories.yaml").write_text(yaml.safe_dump({"rules": list(rules)}, sort_keys=False))


def campaign(id, product, versions=None, **more):
    clients = {"product": product, "versions": versions} if versions else {"product": product}
    return {"id": id, "purpose": product + " is retired.", "clients": clients, "effect": "deny", "mode": "enforce",
            "campaign": {"notice_from": str(day(-60)), "warn_from": str(day(-30)), "deny_from": str(day(-10)), "remind_days": 7},
            "reason": {"en": REASON, "de": GRUND}, "link": LINK, **more}


LAB = {"who": "group:lab", "until": str(day(-8)), "owner": "Eve of the laboratory", "reason": "The instruments need it."}
CAMPAIGNS = (
    campaign("profanity-goes", "Profanity", "<0.15"), campaign("gajim-goes", "Gajim", "<1.8", exceptions=[LAB]),
    campaign("dino-goes", "Dino", "<0.4"), campaign("conversations-goes", "Conversations", "<2.12"),
    campaign("monal-goes", "Monal", "<6"), campaign("pidgin-goes", "Pidgin", "<2.14"), campaign("converse-goes", "Converse.js"))
# who uses which program, and which one later; all of them read German
OTHERS = {"gina": (GAJIM_OLD, GAJIM_NEW), "dirk": (DINO_OLD, DINO_NEW), "cora": (CONVERSATIONS_OLD, CONVERSATIONS_NEW),
          "mona": (MONAL_OLD, MONAL_NEW), "pia": (PIDGIN_OLD, PIDGIN_NEW), "nina": (CONVERSE, GAJIM_NEW)}


@pytest.fixture(scope="module")
def server(launch, sink):
    settings = {"sasl": {"plain": True}, "clients": {"ask": True},
                "mail": {"server": "127.0.0.1", "port": sink.port, "tls": "never", "from": "it@example.org", "rate_per_minute": 6000}}
    return launch("histories", settings, env=at(noon(-70)), prepare=lambda server: put_rules(server, *CAMPAIGNS))


def with_address(server, name, groups="", lang="en"):
    """Somebody who can be written to at name@example.net."""
    account = Account(name + "@example.org", PASSWORD_MARK + name)
    server.import_csv("%s,%s,%s,%s,%s@example.net,%s,\n" % (account.jid, account.password, name.title(), groups, name, lang))
    return account


def again(server, when):
    server.stop()
    server.env = at(when)
    server.start()


def written_to(sink):
    """How many mails each has had."""
    return collections.Counter(each.recipients[0].split("@")[0] for each in sink.mails)


def known_as(server, person):
    return server.json("clients", "show", person.jid)["clients"]


def headline(client):
    return body_of(client.expect(message(type="headline"), 20))


def refusal(server, account, program):
    """Logs in with it and is turned away: what is read then."""
    client = Posing(server, account, program).login()
    client.send(stanza.presence_to(None, None, client.shown()))
    text = ending(client)
    client.close()
    return text


def test_a_dated_campaign_walks_through_its_stages(folk, server, sink, keep, output):
    old, other = with_address(server, "olga"), with_address(server, "otto")
    excepted = with_address(server, "erna", groups="lab", lang="de")
    people = {name: with_address(server, name, lang="de") for name in OTHERS}
    # before its first date nothing is different
    client = keep(Profanity(server, old))
    mc = keep(Mcabber(server, other))
    mc.tell(old.jid, "good morning")
    client.look(other.jid)
    client.wait_for("good morning")
    for name, account in (*people.items(), ("erna", excepted)):
        posing = Posing(server, account, OTHERS.get(name, OTHERS["gina"])[0]).online()
        eventually(lambda: [row for row in known_as(server, account) if row["product"]], 20)
        assert not [each for each in posing.settle(posing) if each.get("type") == "headline"]
        posing.end()
    client.end(output)
    mc.end(output)

    # mail, to who uses them and to nobody else, in their language
    assert not sink.mails
    again(server, noon(-50))
    looked_at(server)
    affected = {"olga", *OTHERS}
    assert written_to(sink) == {name: 1 for name in affected}
    for received in sink.mails:
        english = received.recipients == ["olga@example.net"]
        assert all(each in received.text for each in (REASON if english else GRUND, LINK, str(day(-10)))), received.text

    # who is late, now and at the end
    assert not late(server)
    assert excepted.jid not in {row["jid"] for row in late(server, "--at", str(day(-9)))}
    rows = {row["jid"]: row for row in late(server, "--at", str(day(-5)))}
    assert set(rows) == {account.jid for account in (old, excepted, *people.values())}
    one = rows[old.jid]
    assert (one["product"], one["rule"], one["overdue_days"]) == ("Profanity", "profanity-goes", 5), one

    # again when a week has gone, and not before
    again(server, noon(-44))
    looked_at(server)
    assert written_to(sink) == {name: 1 for name in affected}
    again(server, noon(-42))
    looked_at(server)
    assert written_to(sink) == {name: 2 for name in affected}

    # a message at each login, in their language
    again(server, noon(-20))
    client = keep(Profanity(server, old))
    client.wait_for(REASON)
    client.wait_for(str(day(-10)))
    for _ in range(2):
        for name, account in people.items():
            posing = Posing(server, account, OTHERS[name][0]).online()
            text = headline(posing)
            assert all(each in text for each in (GRUND, LINK, str(day(-10)))), text
            posing.end()
    posing = Posing(server, excepted, GAJIM_OLD).online()
    mc = keep(Mcabber(server, other))
    mc.tell(old.jid, "still there?")
    client.look(other.jid)
    client.wait_for("still there?")
    assert not [each for each in posing.settle(posing) if each.get("type") == "headline"]
    posing.end()
    client.end(output)
    mc.end(output)

    # the stage changes by itself while the server runs
    again(server, midnight(-10) - datetime.timedelta(seconds=25))
    client = keep(Profanity(server, old))
    mc = keep(Mcabber(server, other))
    gajim = Posing(server, people["gina"], GAJIM_OLD).online()
    posing = Posing(server, excepted, GAJIM_OLD).online()
    eventually(lambda: not live(server, old), 60)
    client.wait_for(LINK)
    text = ending(gajim)
    assert GRUND in text and LINK in text and "hilft nicht" in text
    assert live(server, other) and posing.roundtrip().get("type") == "result"
    posing.end()
    client.end(output)
    mc.end(output)

    # so does an exception
    again(server, midnight(-8) - datetime.timedelta(seconds=15))
    posing = Posing(server, excepted, GAJIM_OLD).online()
    assert LINK in ending(posing, 60)

    # and it stays so: nobody has a session with an old one, everybody is in with a new one at once
    again(server, noon(-5))
    mc = keep(Mcabber(server, other))
    for name, account in (*people.items(), ("erna", excepted)):
        before, after = OTHERS.get(name, OTHERS["gina"])
        text = refusal(server, account, before)
        assert all(each in text for each in (GRUND, LINK, "hilft nicht")), text
        newer = Posing(server, account, after).online()
        mc.tell(account.jid, "are you new?")
        newer.expect(said("are you new?"))
        newer.end()
    text = refusal(server, old, PROFANITY_OLD)
    assert REASON in text and LINK in text and "will not help" in text
    newer = Posing(server, old, PROFANITY_NEW).online()
    mc.tell(old.jid, "are you new?")
    newer.expect(said("are you new?"))
    assert newer.roundtrip().get("type") == "result"
    mc.end(output)
    assert not {"otto", "erna"} & set(written_to(sink))


def test_a_program_that_comes_again_and_again_is_held_off_cheaply(server):
    """It reads no texts. Whoever gets himself another one meanwhile is in at once where it names itself, else within the time
    that it was told."""
    again(server, noon(-5))
    loops = with_address(server, "lola", lang="de")
    for _ in range(4):
        assert LINK in refusal(server, loops, GAJIM_OLD)
    eventually(lambda: judged(server, loops) == 4)
    for _ in range(5):
        with pytest.raises(Refused) as refused:
            Posing(server, loops, GAJIM_OLD).login()
        assert refused.value.condition == "temporary-auth-failure"
        assert LINK in refused.value.element.findtext(tag(names.SASL, "text"))
    assert judged(server, loops) == 4 and not live(server, loops)
    stream = Posing(server, loops, GAJIM_NEW)
    stream.connect()
    stream.start()
    sasl2.authenticate(stream, agent=sasl2.agent("Gajim 1.9.5", "A desk"), inline=sasl2.bind("Gajim"))
    assert live(server, loops)
    stream.end()


def judged(server, person):
    """How many sessions of him got so far that they had to be judged."""
    return len([each for each in record.entries(server.dir / "record")
                if each["type"] == "client" and each["from"].startswith(person.jid + "/")])


def late(server, *options):
    """The report, by the clock of the server."""
    done = server.run("clients", "laggards", "--json", *options)
    return [row for row in json.loads(done.stdout)["clients"] if row["overdue_days"] > 0]


def ending(client, seconds=20):
    """The text of the stream error that ends this client's session."""
    error = client.expect(stanza.nonza("error", names.STREAM), seconds)
    assert error.find("{urn:ietf:params:xml:ns:xmpp-streams}policy-violation") is not None
    return error.findtext("{urn:ietf:params:xml:ns:xmpp-streams}text")


def live(server, person):
    return [each for each in server.sessions() if each["jid"].startswith(person.jid + "/")]


def test_one_morning_a_client_is_shut_out_at_once(folk, server, keep, output):
    again(server, noon(-69))
    put_rules(server)
    assert server.run("reload").returncode == 0
    ann, bob, carol, dave, eve, finn = folk.accounts(6)
    client = keep(Profanity(server, ann))
    mc = keep(Mcabber(server, bob))
    old = Posing(server, carol, PROFANITY_OLD).online()
    gajim = Posing(server, dave, GAJIM_NEW).online()
    quiet = Posing(server, eve, MUTE).online()
    away = Posing(server, finn, PROFANITY_OLD).online()
    away.sm_enable()
    away.drop()
    assert all(live(server, each) for each in (ann, bob, carol, dave, eve, finn))

    lock_out(server)
    assert LINK in ending(old)
    client.wait_for(LINK)
    eventually(lambda: not [each for each in (ann, carol, finn) if live(server, each)], 10)
    comes_back = Posing(server, finn, PROFANITY_OLD)
    comes_back.login(bind=False)
    assert away.resume_on(comes_back).tag == tag(names.SM, "failed")
    comes_back.close()
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


@pytest.mark.parametrize("product, versions, before, after", [
    ("Gajim", "<1.8", GAJIM_OLD, GAJIM_NEW), ("Dino", "<0.4", DINO_OLD, DINO_NEW), ("Pidgin", "<2.14", PIDGIN_OLD, PIDGIN_NEW),
    ("Conversations", "<2.12", CONVERSATIONS_OLD, CONVERSATIONS_NEW), ("Monal", "<6", MONAL_OLD, MONAL_NEW),
    ("Converse.js", "* || unknown", CONVERSE, GAJIM_NEW)])
def test_the_same_with_programs_of_other_makers(folk, server, product, versions, before, after):
    put_rules(server)
    assert server.run("reload").returncode == 0
    ann, bob = folk.accounts(2)
    old, other = Posing(server, ann, before).online(), Posing(server, bob, after).online()
    eventually(lambda: [each for each in known_as(server, ann) if each["product"] == product], 20)
    done = server.run("clients", "deny", product, versions, "--reason", REASON, "--link", LINK)
    assert done.returncode == 0, done.stdout + done.stderr
    assert LINK in ending(old)
    eventually(lambda: not live(server, ann), 10)
    assert LINK in refusal(server, ann, before)
    back = Posing(server, ann, after).online()
    back.send(message_to(other.bare, "<body>here again</body>"))
    other.expect(said("here again"))


def lock_out(server):
    """One command."""
    done = server.run("clients", "deny", "Profanity", "<0.15", "--reason", REASON, "--link", LINK)
    assert done.returncode == 0, done.stdout + done.stderr
