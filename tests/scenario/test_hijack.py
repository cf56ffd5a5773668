"""Sessions that somebody else takes over: what is refused, who is told, what the record has."""

import os
import time

import pytest

from lib import names, sasl2
from lib.cable import Cable
from lib.client import Client
from lib.record import entries, eventually
from lib.standstill import stopped
from lib.stanza import child, message

HERE, NEAR, FAR, FARTHER = "127.0.0.1", "127.0.0.9", "127.11.0.1", "127.12.0.1"
SETTLED = 3  # seconds: the server waits two for the other end


@pytest.fixture(scope="module")
def begin(launch):
    """launch(), for a server whose clients come from HERE unless they say otherwise. It tells nobody of new devices."""
    def begin(name, settings, **more):
        server = launch(name, {"devices": {"tell": False}, **settings}, **more)
        server.source = HERE
        return server
    return begin


@pytest.fixture(autouse=True)
def here(folk, server):
    server.source = HERE


@pytest.fixture(scope="module")
def cable():
    """None for those who may not make a network."""
    if os.getuid():
        yield None
        return
    cable = Cable()
    yield cable
    cable.remove()


@pytest.fixture(scope="module")
def server(begin, cable):
    def prepare(server):
        if cable:
            listen = ["127.0.0.1:%d" % server.direct_port, "%s:%d" % (cable.near, server.direct_port)]
            server.configure({"listen": {"direct_tls": listen}})
    return begin("hijack", {"contact": {"support": ["mailto:help@example.org"]}}, prepare=prepare)


def lines(server, type, jid):
    return [each for each in entries(server.dir / "record") if each["type"] == type and each.get("from", "").startswith(jid)]


def line_of(server, type, jid):
    eventually(lambda: lines(server, type, jid))
    found, = lines(server, type, jid)
    return found


def at(source, **more):
    return {"connect": {"source": source, **more}}


def reconnect(client, source=HERE, **how):
    """Another connection of the same account from there, logged in and not bound."""
    return Client(client.server, client.account).login(bind=False, **at(source, **how.pop("connect", {})), **how)


def keeper(folk, account=None, **how):
    client = folk.client(account or folk.account()).online(**how)
    client.sm_enable()
    return client


def resumed(answer):
    return answer.tag == "{%s}resumed" % names.SM


def condition(failed):
    assert failed.tag == "{%s}failed" % names.SM
    return [each.tag.split("}")[1] for each in failed]


def headline(client, timeout=None):
    return client.expect(message(type="headline"), timeout)


def quiet(client, seconds=SETTLED):
    """Nobody tells it anything."""
    return [each for each in client.listen(seconds) if getattr(each, "tag", "") == "{%s}message" % names.CLIENT] == []


# --- who is told


def test_who_takes_over_what_somebody_still_has_is_told_to_the_other_devices(folk, server):
    account = folk.account()
    desk = folk.client(account).online(resource="desk")
    phone = keeper(folk, account, resource="phone")
    thief = reconnect(phone, FAR)
    assert resumed(phone.resume_on(thief))
    assert phone.stream_error() == "conflict"
    told = headline(desk)
    text = child(told, "body").text
    assert told.get("from") == "example.org" and told.get("to") == desk.jid
    assert "phone" in text and FAR in text and HERE in text and "password" in text and "mailto:help@example.org" in text
    assert time.strftime("%Y-%m-%d", time.gmtime()) in text
    line = line_of(server, "takeover", account.jid)
    assert (line["action"], line["signs"], line["count"]) == ("resumed", ["other network", "still there"], 1)
    assert line["from"] == phone.jid and line["address"].startswith(FAR) and line["before"].startswith(HERE)
    assert line["mechanism"] == "SCRAM-SHA-256" and line["tls"].startswith("TLSv1.")
    assert quiet(thief, 1)


@pytest.mark.parametrize("language, told_in, password", [
    ("de-AT", "de", "Passwort"), ("fr", "fr", "mot de passe"), ("es-MX", "es", "contraseña"), ("fi", "fi", "salasanasi")])
def test_it_is_told_in_the_language_of_the_person(folk, server, language, told_in, password):
    account = folk.account()
    server.run("user", "change", account.jid, "--language", language)
    desk = folk.client(account).online(resource="desk")
    phone = keeper(folk, account, resource="phone")
    assert resumed(phone.resume_on(reconnect(phone, FAR)))
    told = headline(desk)
    assert told.get("{http://www.w3.org/XML/1998/namespace}lang") == told_in
    text = child(told, "body").text
    assert password in text and "{" not in text and '"phone"' in text and FAR in text and HERE in text


def test_who_takes_the_place_of_a_session_is_told_of(folk, server):
    account = folk.account()
    desk = folk.client(account).online(resource="desk")
    phone = folk.client(account).online(resource="phone")
    folk.client(account).login(resource="phone", **at(FAR))
    assert phone.stream_error() == "conflict"
    assert "phone" in child(headline(desk), "body").text
    line = line_of(server, "takeover", account.jid)
    assert (line["action"], line["signs"]) == ("replaced", ["other network", "still there"])


def test_a_device_that_logs_in_again_elsewhere_is_told_of(folk, server):
    """Bind 2 puts a device's new session in the place of its old one: a copied device is one, too."""
    account, phone = folk.account(), sasl2.agent("Awesome", "A phone")
    desk = folk.client(account).online(resource="desk")
    first = sasl2.login(folk, account, phone)
    second = sasl2.connect(folk, account, source=FAR)
    sasl2.authenticate(second, agent=phone, inline=sasl2.bind("Tests"))
    assert first.stream_error() == "conflict"
    text = child(headline(desk), "body").text
    assert "A phone" in text and "Awesome" in text
    assert line_of(server, "takeover", account.jid)["action"] == "replaced"


def test_others_read_a_name_that_a_client_chose_once_it_is_recorded(folk, server):
    """The session is taken over meanwhile."""
    account, phone = folk.account(), sasl2.agent("Awesome", "A phone")
    desk = folk.client(account).online(resource="desk")
    first = sasl2.login(folk, account, phone, inside=sasl2.manage())
    second = sasl2.connect(folk, account, source=FAR)
    with stopped(server):
        success = sasl2.authenticate(second, agent=phone, inline=sasl2.resume(first.sm_id, 0))
        assert success.find("{%s}resumed" % names.SM) is not None
        assert first.stream_error() == "conflict"
        assert quiet(desk)
        second.roundtrip()
    text = child(headline(desk), "body").text
    assert "A phone" in text and "Awesome" in text
    assert line_of(server, "takeover", account.jid)["text"] == text


def test_nobody_is_told_again_and_again(folk, server):
    account = folk.account()
    desk = folk.client(account).online(resource="desk")
    phone = keeper(folk, account, resource="phone")
    there = FAR
    for turn in range(3):
        again = reconnect(phone, there)
        assert resumed(phone.resume_on(again))
        phone, there = again, HERE if there == FAR else FAR
        time.sleep(SETTLED)
    headline(desk)
    assert quiet(desk, 1)
    assert [each["count"] for each in lines(server, "takeover", account.jid)] == [1, 0, 0]


# --- who is not


def test_a_phone_that_comes_back_from_another_network_is_recorded_and_not_told_of(folk, server):
    account = folk.account()
    desk = folk.client(account).online(resource="desk")
    phone = keeper(folk, account, resource="phone")
    phone.drop()
    assert resumed(phone.resume_on(reconnect(phone, FAR)))
    assert quiet(desk)
    line = line_of(server, "takeover", account.jid)
    assert (line["signs"], line["count"]) == (["other network"], 0)


def test_a_phone_whose_old_network_has_gone_without_a_word_is_not_told_of(folk, server, cable):
    """The server does not know yet that the old connection is dead."""
    if not cable:
        pytest.skip("only root may make a network")
    account = folk.account()
    desk = folk.client(account).online(resource="desk")
    phone = cable.plug(folk.client(account))
    phone.online(resource="phone")
    phone.sm_enable()
    cable.pull()
    assert resumed(phone.resume_on(reconnect(phone, FAR)))
    assert quiet(desk)
    assert line_of(server, "takeover", account.jid)["signs"] == ["other network"]


def test_a_second_try_from_the_same_place_is_no_takeover_to_tell_of(folk, server):
    account = folk.account()
    desk = folk.client(account).online(resource="desk")
    phone = keeper(folk, account, resource="phone")
    assert resumed(phone.resume_on(reconnect(phone)))
    assert quiet(desk)
    line = line_of(server, "takeover", account.jid)
    assert (line["signs"], line["count"]) == (["still there"], 0)


def test_coming_back_to_the_same_network_is_nothing_at_all(folk, server):
    account = folk.account()
    phone = keeper(folk, account, resource="phone")
    phone.drop()
    again = reconnect(phone, NEAR)
    assert resumed(phone.resume_on(again))
    time.sleep(SETTLED)
    assert lines(server, "takeover", account.jid) == []
    found, = [each for each in server.sessions() if each["jid"] == phone.jid]
    assert found["address"].startswith(NEAR)


# --- what is refused


def test_a_weaker_login_does_not_resume_and_may_bind_anew(folk, server):
    account = folk.account()
    desk = folk.client(account).online(resource="desk")
    phone = keeper(folk, account, resource="phone", mechanism="SCRAM-SHA-256-PLUS", binding="exporter")
    again = reconnect(phone, HERE)
    failed = phone.resume_on(again)
    assert condition(failed) == ["item-not-found"] and failed.get("h") is None
    phone.roundtrip()  # it has lost nothing by that
    assert again.bind("other").get("type") == "result"
    assert "password" in child(headline(desk), "body").text
    line = line_of(server, "takeover", account.jid)
    assert (line["action"], line["signs"]) == ("refused", ["weaker channel"])


def test_an_older_tls_does_not_resume_and_is_told_how_far_it_had_got(folk, server):
    phone = keeper(folk)
    phone.available()
    assert phone.sync() == 1
    phone.drop()
    eventually(lambda: [each for each in server.sessions() if each["jid"] == phone.jid][0]["state"] == "resumable")
    failed = phone.resume_on(reconnect(phone, connect={"only": "1.2"}))
    assert condition(failed) == ["item-not-found"] and failed.get("h") == "1"
    assert resumed(phone.resume_on(reconnect(phone)))
    assert line_of(server, "takeover", phone.bare)["signs"] == ["weaker channel"]


def test_a_better_channel_resumes_and_the_first_one_is_the_measure(folk):
    phone = keeper(folk, connect={"only": "1.2"})
    again = reconnect(phone, mechanism="SCRAM-SHA-256-PLUS", binding="exporter")
    assert resumed(phone.resume_on(again))
    last = reconnect(phone, connect={"only": "1.2"})
    assert resumed(again.resume_on(last))
    last.roundtrip()


def test_another_device_does_not_resume(folk, server):
    account, phone = folk.account(), sasl2.agent("Awesome", "A phone")
    first = sasl2.login(folk, account, phone, inside=sasl2.manage())
    first.drop()
    for other in (sasl2.agent("Awesome", "A phone"), None):
        thief = sasl2.connect(folk, account)
        success = sasl2.authenticate(thief, agent=other, inline=sasl2.resume(first.sm_id, 0))
        assert condition(success.find("{%s}failed" % names.SM)) == ["item-not-found"]
        thief.close()
    again = sasl2.connect(folk, account)
    success = sasl2.authenticate(again, agent=phone, inline=sasl2.resume(first.sm_id, 0))
    assert success.find("{%s}resumed" % names.SM) is not None
    assert [each["signs"] for each in lines(server, "takeover", account.jid)] == [["other device"]] * 2


def test_a_session_may_be_kept_to_one_network(begin):
    strict = begin("hijack-network", {"sm": {"resume_from": "same-network"}, "clients": {"networks": ["127.12.0.0/16",
                                                                                                   "127.0.0.0/24"]}})
    account, = strict.people(1)
    phone = Client(strict, account).online()
    phone.sm_enable()
    phone.drop()
    failed = phone.resume_on(reconnect(phone, FAR))
    assert condition(failed) == ["item-not-found"]
    assert resumed(phone.resume_on(reconnect(phone, FARTHER)))  # both are the organisation's
    assert line_of(strict, "takeover", account.jid)["signs"] == ["other network"]


def test_a_session_may_be_resumed_from_anywhere_and_that_is_told(begin):
    open_to_all = begin("hijack-any", {"sm": {"resume_from": "any"}})
    account, = open_to_all.people(1)
    desk = Client(open_to_all, account).online(resource="desk")
    phone = Client(open_to_all, account).online(resource="phone", mechanism="SCRAM-SHA-256-PLUS", binding="exporter")
    phone.sm_enable()
    phone.drop()
    assert resumed(phone.resume_on(reconnect(phone)))
    assert "less protected" in child(headline(desk), "body").text
    assert line_of(open_to_all, "takeover", account.jid)["signs"] == ["weaker channel"]


@pytest.mark.parametrize("setting, told", [("never", 0), ("always", 1)])
def test_the_administrator_says_who_is_told(begin, setting, told):
    server = begin("hijack-" + setting, {"clients": {"takeover": setting}})
    account, = server.people(1)
    desk = Client(server, account).online(resource="desk")
    phone = Client(server, account).online(resource="phone")
    phone.sm_enable()
    if setting == "always":
        phone.drop()
    assert resumed(phone.resume_on(reconnect(phone, FAR)))
    assert quiet(desk) == (not told)
    assert line_of(server, "takeover", account.jid)["count"] == told


# --- two networks at once


@pytest.fixture(scope="module")
def restless(begin):
    """Notices soon that a connection is dead, and so looks soon who is in two networks."""
    return begin("hijack-restless", {"ping": {"interval_seconds": 1, "timeout_seconds": 1},
                                      "clients": {"networks": ["127.3.0.0/16"], "parallel": "tell"},
                                      "mail": {"server": "127.0.0.1", "to_admins": ["ops@example.org"],
                                               "from": "gatehouse@example.org"}})


def parallel_now(server, account):
    return sorted(each["jid"] for each in server.sessions() if each["parallel"] and each["jid"].startswith(account.jid))


def alive(clients, seconds, until=lambda: False):
    """They answer pings for that long, or until it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not until():
        for each in clients:
            each.inbox.extend(each.listen(0.1))


def mails_about(server, account):
    return [each for each in server.json("mail", "list")["mails"] if each["about"] == account.jid]


def test_an_account_in_two_networks_at_once_is_flagged(restless):
    account, = restless.people(1)
    desk = Client(restless, account).online(resource="desk")
    near = Client(restless, account).online(resource="near", **at(NEAR))
    assert parallel_now(restless, account) == []
    thief = Client(restless, account).online(resource="other", **at(FAR))
    assert parallel_now(restless, account) == sorted([desk.jid, near.jid, thief.jid])
    alive([desk, near, thief], 20, lambda: lines(restless, "parallel", account.jid))
    line = line_of(restless, "parallel", account.jid)
    assert line["reason"] == "account" and FAR in line["networks"] and {HERE, NEAR} & set(line["networks"])
    assert "two networks" in restless.run("session", "list", account.jid).stdout
    alive([desk, near, thief], 5, lambda: mails_about(restless, account))
    mail, = mails_about(restless, account)
    assert (mail["purpose"], mail["address"]) == ("parallel", "ops@example.org")
    body = restless.json("mail", "show", mail["id"])["mail"]["body"]
    assert FAR in body and account.jid in body and "gatehouse clients show" in body
    alive([desk, near, thief], 8)  # all three have been looked at now
    line_of(restless, "parallel", account.jid)
    thief.end()
    alive([desk, near], 5, lambda: parallel_now(restless, account) == [])
    assert parallel_now(restless, account) == []


def test_the_organisations_networks_do_not_count(restless):
    account, = restless.people(1)
    both = [Client(restless, account).online(resource="desk"), Client(restless, account).online(resource="vpn", **at("127.3.0.1"))]
    assert parallel_now(restless, account) == []
    alive(both, 9)
    assert lines(restless, "parallel", account.jid) == [] and mails_about(restless, account) == []


def test_one_device_in_two_networks_is_flagged_wherever_they_are(restless):
    """A copied installation, in the old way of binding, which ends no session."""
    account, phone = restless.people(1)[0], sasl2.agent("Awesome", "A phone")
    both = []
    for source in (HERE, "127.3.0.1"):
        client = sasl2.connect(restless, account, source=source)
        sasl2.authenticate(client, agent=phone)
        sasl2.features(client)
        assert client.bind().get("type") == "result"
        both.append(client)
    alive(both, 20, lambda: lines(restless, "parallel", account.jid))
    assert line_of(restless, "parallel", account.jid)["reason"] == "device"


def test_who_was_gone_when_it_was_looked_was_in_one_network_only(restless):
    account, = restless.people(1)
    phone = Client(restless, account).online(resource="wifi")
    mobile = Client(restless, account).online(resource="mobile", **at(FAR))
    phone.drop()
    alive([mobile], 9)
    assert lines(restless, "parallel", account.jid) == []


def test_the_figures_count_them(restless, server):
    assert restless.status()["figures"]["parallel"] >= 2
    figures = server.status()["figures"]
    assert figures["takeovers"]["resumed"] and figures["takeovers"]["refused"] and figures["takeovers_told"]
