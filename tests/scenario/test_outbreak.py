"""A link or file that spreads from person to person as worms do: it is switched off by itself for a while, administrators are asked,
and nothing else stops. Each test has a link of its own."""

import itertools

import pytest

from lib import record
from lib.command import administrator
from lib.lockdown import status
from lib.standstill import stopped
from lib.stanza import Error, child, message

RECIPIENTS, RELAYED = 10, 5
_number = itertools.count(1)


@pytest.fixture(scope="module")
def server(launch, sink):
    return launch("outbreak", {
        "mail": {"server": "127.0.0.1", "port": sink.port, "tls": "never", "from": "gatehouse@example.org",
                 "to_admins": ["security@example.org"]},
        "outbreak": {"action": "hold", "recipients": RECIPIENTS, "relayed": RELAYED, "seconds": 120, "hold_seconds": 600,
                     "trusted_hosts": ["intranet.example"]}})


@pytest.fixture
def crowd(folk):
    return folk.online(RECIPIENTS + 3)


@pytest.fixture
def link():
    return "http://worm%d.example/run?me=1" % next(_number)


def payload(link):
    return link


def held(server, link):
    return [each for each in status(server)["switches"] if each["scope"] == "payload" and each["name"] == payload(link)]


def is_held(server, link):
    record.eventually(lambda: held(server, link), 10)
    return held(server, link)[0]


def spread(sender, to, link, body="look at this: %s !"):
    for each in to:
        said = sender.say(each.jid, body % link)
        each.expect(message(id=said.id))


def refused(sender, to, body):
    said = sender.say(to.jid, body)
    error = Error(sender.expect(message(type="error", id=said.id)))
    assert error.condition == "policy-violation"
    return error.text


def test_what_one_sends_to_many_is_held_and_nothing_else(crowd, server, sink, link):
    worm, other, *victims = crowd
    spread(worm, victims[:RECIPIENTS], link)
    switch = is_held(server, link)
    assert switch["what"] == "links" and switch["by"] == "gatehouse" and switch["end"]
    text = refused(worm, victims[-1], "look: " + link)
    assert "spreads" in text and link not in text
    refused(other, victims[0], "have you seen %s#again" % link.replace("http:", "HTTPS:"))
    spread(other, victims[:2], "http://harmless.example/")
    said = other.say(victims[0].jid, "no link at all")
    victims[0].expect(message(id=said.id))


def test_the_record_has_it_and_administrators_are_asked(crowd, server, sink, link):
    worm, _, *victims = crowd
    spread(worm, victims[:RECIPIENTS], link)
    switch = is_held(server, link)
    harmless = payload(link).replace(".", "[.]")
    record.eventually(lambda: sink.with_text(harmless), 15)
    mail, = sink.with_text(harmless)
    assert mail.recipients == ["security@example.org"]
    assert "lockdown off" in mail.text and payload(link) not in mail.text
    alarm, = [each for each in record.entries(server.dir / "record")
              if each["type"] == "alarm" and each.get("target") == payload(link)]
    assert alarm["reason"] == "outbreak" and "%d people got it from 1" % RECIPIENTS in alarm["text"]
    assert any(each.get("command") == "lockdown.on" and switch["id"] in each.get("text", "")
               for each in record.entries(server.dir / "record"))


@pytest.mark.recorder_runs("stops the recorder itself")
def test_administrators_who_are_there_are_told_when_the_record_has_it(crowd, server, link):
    worm, other, *victims = crowd
    boss = administrator(server)
    spread(worm, victims[:RECIPIENTS - 1], link)
    harmless = payload(link).replace(".", "[.]")
    with stopped(server):
        worm.say(victims[RECIPIENTS - 1].jid, "look at this: %s !" % link)
        is_held(server, link)
        assert not [each for each in boss.listen(1) if harmless in "".join(each.itertext())]
    told = boss.expect(message(type="headline"))
    assert told.get("from") == "example.org"
    text = child(told, "body").text
    assert harmless in text and link not in text and "lockdown off" in text and "%d people got it from 1" % RECIPIENTS in text
    other.settle_at("example.org")
    assert not other.take(message(type="headline"))


def test_it_is_seen_sooner_when_it_is_passed_on(crowd, server, link):
    worm, first, second, *victims = crowd
    spread(worm, [first, second], link)
    spread(first, victims[:2], link)
    assert not held(server, link)
    spread(second, victims[2:3], link)
    assert "passed it on" in is_held(server, link)["reason"]


def test_an_administrator_who_switches_it_on_again_says_that_it_is_harmless(crowd, server, link):
    worm, _, *victims = crowd
    spread(worm, victims[:RECIPIENTS], link)
    server.json("lockdown", "off", is_held(server, link)["id"])
    spread(worm, victims, link)
    worm.settle_at("example.org")
    assert not held(server, link)


def test_what_is_held_does_not_reach_who_was_not_there(folk, crowd, server, link):
    worm, _, *victims = crowd
    away = folk.account()
    said = worm.say(away.jid, "look: " + link)
    record.content_with(server, said.body)
    spread(worm, victims[:RECIPIENTS - 1], link)  # with him who is away there are enough
    switch = is_held(server, link)
    client = folk.client(away).online()
    client.settle_at("example.org")
    assert not client.take(message(id=said.id))
    server.json("lockdown", "off", switch["id"])
    client.expect(message(body=said.body))


def test_ones_own_pages_are_not_counted(crowd, server):
    worm, _, *victims = crowd
    spread(worm, victims, "https://wiki.intranet.example/fire-drill")
    worm.settle_at("example.org")
    assert not [each for each in status(server)["switches"] if "intranet" in each["name"]]


def test_somebody_may_switch_one_link_off_himself(crowd, server, link):
    worm, other, *_ = crowd
    answer = server.json("lockdown", "on", "links", "--payload", link + "/", "--reason", "A lure.")
    assert answer["switch"]["scope"] == "payload"
    assert "A lure." in refused(worm, other, "click " + link)
    server.json("lockdown", "off", answer["switch"]["id"])
    spread(worm, [other], link)


@pytest.mark.parametrize("arguments", [("everything", "--payload", "http://a.example/"), ("links", "--payload", "no link")])
def test_a_switch_for_no_link_is_refused_with_a_reason(server, arguments):
    done = server.run("lockdown", "on", *arguments, "--reason", "x")
    assert done.returncode == 2 and "link" in done.stderr


def test_a_held_link_stays_held_over_a_restart(folk, server, link):
    worm, *victims = folk.online(1 + RECIPIENTS)
    spread(worm, victims, link)
    id = is_held(server, link)["id"]
    server.restart()
    assert is_held(server, link)["id"] == id
    one, two = folk.online(2)
    refused(one, two, link)
