"""Virtual patches: what a client is known to stumble over does not reach it, and reaches everybody else."""

import pytest
import yaml

from lib import names, pep, record, stanza
from lib.names import tag
from lib.posing import GAJIM_NEW, GAJIM_OLD, Posing
from lib.record import eventually
from lib.stanza import body_of, child, iq, iq_to, message, message_to

CRASHER = "<x xmlns='urn:example:crasher'><deep/></x>"
DEADLY = "<y xmlns='urn:example:deadly'/>"


def patch(id, action, namespace, **more):
    return {"id": id, "purpose": "It stumbles over this.", "clients": {"product": "Gajim", "versions": "<1.8"}, "action": action,
            "elements": [namespace], "mode": "enforce", **more}


def put(server, *patches):
    path = server.dir / "policy/clients/patches.yaml"
    path.write_text(yaml.safe_dump({"patches": list(patches)}))
    path.chmod(0o644)


PATCHES = (patch("crasher", "strip", "urn:example:crasher"), patch("deadly", "refuse", "urn:example:deadly"),
           patch("looked-at", "strip", "urn:example:observed", mode="observe"))


@pytest.fixture(scope="module")
def server(launch):
    return launch("patches", prepare=lambda server: put(server, *PATCHES))


@pytest.fixture
def pair(folk, server):
    """Somebody with an old program and a good one, and who writes to him."""
    account, = folk.accounts(1)
    old = Posing(server, account, GAJIM_OLD).online()
    new = Posing(server, account, GAJIM_NEW).online()
    sender, = folk.online(1)
    return old, new, sender


def lines(server, rule):
    return [each for each in record.entries(server.dir / "record") if each["type"] == "client-rule" and rule in each.get("rules", ())]


def test_what_a_client_stumbles_over_is_taken_out_on_the_way_to_it(server, pair):
    old, new, sender = pair
    for client in (old, new):
        sender.send(message_to(client.jid, "<body>look</body>" + CRASHER))
    got = old.expect(message(where=lambda each: body_of(each) == "look"))
    assert child(got, "x", "urn:example:crasher") is None
    got = new.expect(message(where=lambda each: body_of(each) == "look"))
    assert child(got, "x", "urn:example:crasher") is not None
    eventually(lambda: any(each["from"] == old.jid for each in lines(server, "crasher")))
    line = [each for each in lines(server, "crasher") if each["from"] == old.jid][0]
    assert line["action"] == "strip"
    content, = [each for each in record.entries(server.dir / "record") if each["seq"] == line["of_seq"]]
    assert "urn:example:crasher" in content["stanza"] and "deliver" not in content


def test_at_any_depth(server, pair):
    old, _, sender = pair
    sender.send(message_to(old.jid, "<body>deep</body><z xmlns='urn:example:z'>%s</z>" % CRASHER))
    got = old.expect(message(where=lambda each: body_of(each) == "deep"))
    inner = child(got, "z", "urn:example:z")
    assert inner is not None and len(inner) == 0


def test_what_must_not_reach_it_waits_for_another_client(folk, server, pair):
    _, _, sender = pair
    account, = folk.accounts(1)
    old = Posing(server, account, GAJIM_OLD).online()
    sender.send(message_to(account.jid, "<body>deadly</body>" + DEADLY))
    sender.send(message_to(account.jid, "<body>harmless</body>"))
    old.expect(message(where=lambda each: body_of(each) == "harmless"))
    assert not old.take(message(where=lambda each: body_of(each) == "deadly"))
    eventually(lambda: lines(server, "deadly"))
    assert lines(server, "deadly")[-1]["action"] == "block"
    new = Posing(server, account, GAJIM_NEW).online()
    got = new.expect(message(where=lambda each: body_of(each) == "deadly"))
    assert child(got, "y", "urn:example:deadly") is not None


def test_a_question_that_must_not_reach_it_is_answered(pair):
    old, _, sender = pair
    answer = sender.iq("get", DEADLY, to=old.jid)
    assert answer.get("type") == "error"
    assert answer.find(".//" + tag(names.STANZA_ERROR, "service-unavailable")) is not None
    answer = sender.iq("get", CRASHER, to=old.jid)  # nothing would be left of it
    assert answer.get("type") == "error"


def test_with_stream_management_nothing_is_counted_wrongly(server, folk):
    account, = folk.accounts(1)
    sender, = folk.online(1)
    old = Posing(server, account, GAJIM_OLD).online()
    old.sm_enable()
    for text in ("one", "two", "three"):
        sender.send(message_to(old.jid, "<body>%s</body>%s" % (text, CRASHER)))
    sender.send(message_to(old.jid, "<body>never</body>" + DEADLY))
    old.expect(message(where=lambda each: body_of(each) == "three"))
    old.acknowledge(0)
    old.drop()
    again = Posing(server, account, GAJIM_OLD).login(bind=False)
    old.sm_in = 0
    assert old.resume_on(again).tag == tag(names.SM, "resumed")
    for text in ("one", "two", "three"):
        got = again.expect(message(where=lambda each: body_of(each) == text))
        assert child(got, "x", "urn:example:crasher") is None
    assert again.roundtrip().get("type") == "result"
    assert not again.take(message(where=lambda each: body_of(each) == "never"))


def test_a_patch_is_in_force_for_who_is_there(server, folk):
    account, = folk.accounts(1)
    sender, = folk.online(1)
    old = Posing(server, account, GAJIM_OLD).online()
    new_ns = "<n xmlns='urn:example:new'/>"
    sender.send(message_to(old.jid, "<body>before</body>" + new_ns))
    assert child(old.expect(message(where=lambda each: body_of(each) == "before")), "n", "urn:example:new") is not None
    put(server, *PATCHES, patch("new", "strip", "urn:example:new"))
    assert server.run("reload").returncode == 0
    sender.send(message_to(old.jid, "<body>after</body>" + new_ns))
    assert child(old.expect(message(where=lambda each: body_of(each) == "after")), "n", "urn:example:new") is None


def test_one_that_observes_changes_nothing(server, pair):
    old, _, sender = pair
    sender.send(message_to(old.jid, "<body>seen</body><o xmlns='urn:example:observed'/>"))
    got = old.expect(message(where=lambda each: body_of(each) == "seen"))
    assert child(got, "o", "urn:example:observed") is not None
    eventually(lambda: lines(server, "looked-at"))
    assert lines(server, "looked-at")[-1]["action"] == "log"


def test_what_the_server_fetches_for_it_is_patched_too(server, pair):
    """History (XEP-0313)."""
    old, _, sender = pair
    sender.send(message_to(old.bare, "<body>kept</body>" + CRASHER, type="chat"))
    old.expect(message(where=lambda each: body_of(each) == "kept"))
    id = stanza.new_id("q")
    old.send(iq_to(None, "set", "<query xmlns='urn:xmpp:mam:2'/>", id=id))
    old.expect(iq(id=id))
    results = old.take(message(where=lambda each: child(each, "result", "urn:xmpp:mam:2") is not None))
    assert any("kept" in "".join(each.itertext()) for each in results)
    assert not any(each.find(".//{urn:example:crasher}x") is not None for each in results)


@pytest.mark.parametrize("harm, answer", [(CRASHER, "result"), (DEADLY, "error")])
def test_what_others_have_published_is_patched_when_it_is_fetched(server, pair, harm, answer):
    """Personal eventing (XEP-0163) and cards (XEP-0054): content of somebody else in the answer to one's own question."""
    old, new, sender = pair
    card = "<vCard xmlns='vcard-temp'><NICKNAME>me</NICKNAME>%s</vCard>" % harm
    assert pep.publish(sender, "urn:example:node", "<data xmlns='urn:example:data'>%s</data>" % harm, "one",
                       {"access_model": "open"}).get("type") == "result"
    assert sender.iq("set", card).get("type") == "result"
    for client, wanted in ((old, answer), (new, "result")):
        fetched = pep.items(client, "urn:example:node", to=sender.bare), client.iq("get", "<vCard xmlns='vcard-temp'/>", to=sender.bare)
        for got in fetched:
            assert got.get("type") == wanted
            found = [each for each in got.iter() if each.tag in ("{urn:example:crasher}x", "{urn:example:deadly}y")]
            assert bool(found) == (client is new)
            if wanted == "error":
                assert stanza.Error(got).condition == "policy-violation"
