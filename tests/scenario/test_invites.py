"""Invitations and accounts made with them: XEP-0401, XEP-0445, XEP-0077."""

import datetime
import re
import time

import pytest

from lib import names, record
from lib.client import Account, Client, Refused
from lib.command import administrator, command, data, inside, note
from lib.folk import Folk
from lib.record import eventually
from lib.rules import add_rules, word_rule
from lib.server import PASSWORD_MARK
from lib.stanza import child, element, Error, iq, iq_to

PARS, REGISTER = "urn:xmpp:pars:0", "jabber:iq:register"
FEATURES = {"urn:xmpp:ibr-token:0", "urn:xmpp:invite", "http://jabber.org/features/iq-register"}
PASSWORD = PASSWORD_MARK + "chosen"


WORD = "xyzzyword"


@pytest.fixture(scope="module")
def server(launch):
    def prepare(server):
        add_rules(server, word_rule("name-word", WORD, "Not this word."))
    return launch("invites", {"sasl": {"throttle_address_failures": 1000}}, prepare=prepare)


def create(server, *options):
    invite = server.json("invite", "create", *options)["invite"]
    return invite, re.fullmatch(r"xmpp:([^?]+)\?register;preauth=([a-z2-7]{26})", invite["uri"]).group(2)


def guest(server, how="direct", **more):
    client = Client(server, Account("guest@example.org", "x")).connect(how, **more)
    client.start()
    return client


def features(client):
    return {each.tag[1:].split("}")[0] for each in client.features if each.tag.endswith("}register")}


def answer(client, text):
    client.raw(text)
    return client.next()


def preauth(client, token, to=" to='example.org'"):
    return answer(client, "<iq type='set' id='pa'%s><preauth xmlns='%s' token='%s'/></iq>" % (to, PARS, token))


def form(client):
    got = answer(client, "<iq type='get' id='g' to='example.org'><query xmlns='%s'/></iq>" % REGISTER)
    return got.find("{%s}query" % REGISTER) if got.get("type") == "result" else Error(got)


def register(client, username, password=PASSWORD):
    return answer(client, "<iq type='set' id='r'><query xmlns='%s'><username>%s</username><password>%s</password></query>"
                          "</iq>" % (REGISTER, username, password))


def condition(got):
    assert got.get("type") == "error", got.attrib
    return tuple(Error(got))


def log_in(client, jid, password=PASSWORD, mechanism="SCRAM-SHA-512-PLUS"):
    client.account = Account(jid, password)
    client.authenticate(mechanism, binding="exporter", user=jid.split("@")[0])
    client.start()
    assert client.bind().get("type") == "result"


def acts(server, command):
    return [each for each in record.entries(server.dir / "record") if each.get("command") == command]


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("how", ["direct", "starttls"])
def test_an_invitation_makes_one_account(server, version, how):
    name = "dora-%s-%s" % (how, version.replace(".", ""))
    invite, token = create(server, "--group", "sales", "--group", "berlin", "--expires", "1h")
    client = Client(server, Account("x@example.org", "x")).connect(how, **({"only": version} if how == "direct" else {}))
    client.start()
    if how == "starttls":
        assert not features(client)
        client.starttls(only=version)
        client.start()
    assert features(client) == FEATURES
    got = preauth(client, token)
    assert got.get("type") == "result" and got.get("id") == "pa" and got.get("from") == "example.org" and len(got) == 0
    query = form(client)
    assert [each.tag.split("}")[1] for each in query] == ["instructions", "username", "password"]
    assert not query.find("{%s}username" % REGISTER).text
    got = register(client, name.upper())
    assert got.get("type") == "result" and got.get("id") == "r" and len(got) == 0
    log_in(client, name + "@example.org")  # on the same stream
    user = server.json("user", "show", name + "@example.org")["user"]
    assert sorted(user["groups"]) == ["berlin", "sales"] and user["state"] == "active"
    for mechanism in ("SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"):
        log_in(guest(server), name + "@example.org", mechanism=mechanism)
    again = guest(server)
    assert condition(preauth(again, token)) == ("cancel", "item-not-found")
    listed, = [each for each in server.json("invite", "list")["invites"] if each["id"] == invite["id"]]
    assert listed["state"] == "used" and listed["used_by"] == name + "@example.org" and "uri" not in listed
    act, = [each for each in acts(server, "user.register") if each["target"] == name + "@example.org"]
    assert act["actor"] == "invitation " + invite["id"] and act["text"] == user["person"] and "ok" not in act
    made, = [each for each in acts(server, "invite.create") if invite["id"] in each["text"]]
    assert "sales" in made["text"]
    everything = b"\n".join(record.lines(server.dir / "record")) + server.log.read_bytes()
    assert token.encode() not in everything and PASSWORD.encode() not in everything
    store = b"".join(each.read_bytes() for each in (server.dir / "store").iterdir() if each.is_file())
    assert token.encode() not in store and PASSWORD.encode() not in store


def test_without_a_token_nobody_makes_an_account(server):
    create(server)
    client = guest(server)
    assert tuple(form(client)) == ("cancel", "not-allowed")
    assert condition(register(client, "mallory")) == ("cancel", "not-allowed")
    for bad in ("x", "a" * 26, "a" * 128):
        assert condition(preauth(client, bad)) == ("cancel", "item-not-found")
        assert condition(register(client, "mallory")) == ("cancel", "not-allowed")
    assert server.run("user", "show", "mallory@example.org").returncode == 1


@pytest.mark.parametrize("text,expected", [
    ("<iq type='set' id='1'><preauth xmlns='urn:xmpp:pars:0'/></iq>", ("modify", "bad-request")),
    ("<iq type='set' id='1'><preauth xmlns='urn:xmpp:pars:0' token=''/></iq>", ("modify", "bad-request")),
    ("<iq type='get' id='1'><preauth xmlns='urn:xmpp:pars:0' token='a'/></iq>", ("modify", "bad-request")),
    ("<iq type='set' id='1'><preauth xmlns='urn:xmpp:pars:0' token='%s'/></iq>" % ("a" * 200), ("modify", "bad-request")),
    ("<iq type='set' id='1' to='other.example'><preauth xmlns='urn:xmpp:pars:0' token='a'/></iq>",
     ("cancel", "service-unavailable")),
])
def test_what_is_no_token_is_a_bad_request(server, text, expected):
    assert condition(answer(guest(server), text)) == expected


def test_anything_else_before_the_login_ends_the_stream_as_ever(server):
    for text in ("<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>", "<iq type='result' id='1'/>",
                 "<iq type='set' id='1'><preauth xmlns='urn:xmpp:pars:0' token='a'/><x xmlns='y'/></iq>",
                 "<message><body>x</body></message>"):
        client = guest(server)
        assert answer(client, text).find("{%s}not-authorized" % names.STREAM_ERROR) is not None


def test_an_invitation_for_one_name_is_for_that_name(server):
    invite, token = create(server, "--user", "Erika")
    assert invite["jid"] == "erika@example.org" and invite["uri"].startswith("xmpp:erika@example.org?register;")
    client = guest(server)
    assert preauth(client, token).get("type") == "result"
    assert form(client).find("{%s}username" % REGISTER).text == "erika"
    assert condition(register(client, "other")) == ("cancel", "not-allowed")
    _, open_token = create(server)  # the name is kept for her
    rival = guest(server)
    preauth(rival, open_token)
    assert condition(register(rival, "erika")) == ("cancel", "conflict")
    done = server.run("invite", "create", "--user", "erika")
    assert done.returncode == 1 and "another invitation" in done.stderr
    assert register(client, "erika").get("type") == "result"
    log_in(client, "erika@example.org")
    assert register(rival, "rival").get("type") == "result"  # the conflict did not use it up


def test_a_taken_name_a_bad_name_and_a_bad_password_do_not_use_it_up(server):
    taken, = server.people(1)
    _, token = create(server)
    client = guest(server)
    preauth(client, token)
    assert condition(register(client, taken.jid.split("@")[0])) == ("cancel", "conflict")
    for name in ("", "a b", "a@b", "x" * 1100, "\u265a"):
        assert condition(register(client, name)) == ("modify", "not-acceptable")
    for password in ("", "short", "tab\there, too", "hermione", "aaaaaaaaaaaa", "x" * 1100):
        assert condition(register(client, "hermione", password)) == ("modify", "not-acceptable")
    assert condition(answer(client, "<iq type='set' id='r'><query xmlns='%s'><remove/></query></iq>" % REGISTER)) == (
        "cancel", "not-allowed")
    assert register(client, "hermione").get("type") == "result"
    assert condition(register(client, "second")) == ("cancel", "not-allowed")


def test_a_name_is_inspected(server):
    _, token = create(server)
    client = guest(server)
    preauth(client, token)
    assert condition(register(client, WORD)) == ("modify", "policy-violation")
    eventually(lambda: [line for line in record.entries(server.dir / "record") if line["type"] == "refused" and
                        line.get("text") == WORD and line["from"] == WORD + "@example.org" and
                        line["rules"] == ["name-word"]])
    assert register(client, "ginny").get("type") == "result"


def test_two_with_one_token_get_one_account(server):
    _, token = create(server)
    both = [guest(server), guest(server)]
    for client in both:
        assert preauth(client, token).get("type") == "result"
    for i, client in enumerate(both):
        client.raw("<iq type='set' id='r'><query xmlns='%s'><username>twin%d</username><password>%s</password></query></iq>"
                   % (REGISTER, i, PASSWORD))
    results = [client.next() for client in both]
    assert sorted(each.get("type") for each in results) == ["error", "result"]
    refused = [each for each in results if each.get("type") == "error"][0]
    assert condition(refused) == ("cancel", "item-not-found")

    def reasons():
        return [each["reason"] for each in acts(server, "user.register") if each.get("ok") is False]

    record.eventually(lambda: any("used or revoked" in each for each in reasons()))


def test_revoked_and_expired_invitations_are_none(server):
    invite, token = create(server)
    assert server.run("invite", "revoke", invite["id"]).returncode == 0
    assert server.run("invite", "revoke", invite["id"]).returncode == 1
    assert server.run("invite", "revoke", "nothing").returncode == 1
    assert condition(preauth(guest(server), token)) == ("cancel", "item-not-found")
    assert acts(server, "invite.revoke")[0]["target"] == invite["id"]
    for wrong in ("5", "0d", "1y", "91d", "-1d", "30s"):
        assert server.run("invite", "create", "--expires", wrong).returncode == 2, wrong
    assert server.run("invite", "create", "--domain", "elsewhere.example").returncode == 2


def test_an_invitation_is_for_its_domain(server):
    _, token = create(server, "--domain", "second.example")
    client = guest(server)
    assert condition(preauth(client, token)) == ("cancel", "item-not-found")
    other = Client(server, Account("x@second.example", "x")).connect()
    other.start(to="second.example")
    assert preauth(other, token, to="").get("type") == "result"
    assert register(other, "second").get("type") == "result"
    assert server.run("user", "show", "second@second.example").returncode == 0


def test_they_outlive_a_restart_and_the_features_follow_them(launch):
    server = launch("invites-kept")
    assert not features(guest(server))
    invite, token = create(server)
    wait_features(server, FEATURES)
    server.restart()
    wait_features(server, FEATURES)
    client = guest(server)
    preauth(client, token)
    assert register(client, "kept").get("type") == "result"
    wait_features(server, set())
    assert "kept@example.org" in server.run("invite", "list").stdout
    server.restart()
    log_in(guest(server), "kept@example.org")


def wait_features(server, wanted, seconds=6):
    end = time.monotonic() + seconds
    while features(guest(server)) != wanted:
        assert time.monotonic() < end
        time.sleep(0.2)


def test_guessing_is_slowed_down(launch, address):
    server = launch("invites-throttled", {"sasl": {"throttle_address_failures": 5, "throttle_address_seconds": 600,
                                                   "attempts": 3, "password_min": 12}})
    _, token = create(server)
    client = guest(server, source=address)
    for _ in range(2):
        assert condition(preauth(client, "guess")) == ("cancel", "item-not-found")
    client.raw("<iq type='set' id='pa'><preauth xmlns='%s' token='guess'/></iq>" % PARS)
    assert condition(client.next()) == ("cancel", "item-not-found")
    assert client.next().find("{%s}policy-violation" % names.STREAM_ERROR) is not None
    client = guest(server, source=address)
    for _ in range(2):
        preauth(client, "guess")
    assert condition(preauth(client, token)) == ("wait", "resource-constraint")
    friend = guest(server)
    assert preauth(friend, token).get("type") == "result"
    assert condition(register(friend, "long", "eleven char")) == ("modify", "not-acceptable")

    def refused():
        return [each for each in record.entries(server.dir / "record") if each.get("mechanism") == "invitation"]

    record.eventually(lambda: len(refused()) == 5)
    assert all(each["type"] == "login-failed" and each["address"] for each in refused())


def test_they_can_be_switched_off(launch):
    server = launch("invites-off", {"invites": {"enabled": False}})
    done = server.run("invite", "create")
    assert done.returncode == 2 and "invites.enabled" in done.stderr
    client = guest(server)
    assert not features(client)
    assert preauth(client, "a").find("{%s}not-authorized" % names.STREAM_ERROR) is not None


def test_a_limit_holds_and_without_a_recorder_nothing_is_made(launch):
    import signal
    server = launch("invites-limit", {"invites": {"max": 2}})
    _, token = create(server)
    create(server)
    assert server.run("invite", "create").returncode == 1
    client = guest(server)
    preauth(client, token)
    server.signal("recorder", signal.SIGSTOP)
    try:
        client.raw("<iq type='set' id='r'><query xmlns='%s'><username>late</username><password>%s</password></query></iq>"
                   % (REGISTER, PASSWORD))
        with pytest.raises(TimeoutError):
            client.wire.receive(2)
        other = guest(server)
        with pytest.raises(Refused):
            other.authenticate(user="late", password=PASSWORD)
    finally:
        server.signal("recorder", signal.SIGCONT)
    assert client.next().get("type") == "result"
    log_in(client, "late@example.org")


def test_without_tls_there_is_nothing(server):
    client = guest(server, "plain")
    assert not features(client)
    assert preauth(client, "a").find("{%s}not-authorized" % names.STREAM_ERROR) is not None


# ---- made with a client (XEP-0401 3.4)

INVITE = "urn:xmpp:invite#"
NODE = INVITE + "create-account"


def invite(client, username=None, session=None):
    fields = element("field", element("value", username), var="username") if username is not None else ""
    id = inside(command(client, "create-account", prefix=INVITE)).get("sessionid")
    return command(client, "create-account", prefix=INVITE, sessionid=id,
                   payload=element("x", fields, xmlns=names.DATA, type="submit"))


def listed(client):
    return [each.get("node") for each in child(client.ask(names.DISCO_ITEMS, to=client.domain, node=names.COMMANDS), "query",
                                               names.DISCO_ITEMS)]


def test_an_administrator_invites_with_a_client(server):
    admin = administrator(server)
    assert NODE in listed(admin)
    first = inside(command(admin, "create-account", prefix=INVITE))
    assert (first.get("node"), first.get("status")) == (NODE, "executing")
    assert list(data(command(admin, "create-account", prefix=INVITE))) == ["username"]
    answer = invite(admin)
    shown = data(answer)
    assert inside(answer).get("status") == "completed" and shown["FORM_TYPE"] == ["urn:xmpp:invite#invitation"]
    uri, = shown["uri"]
    token = re.fullmatch(r"xmpp:example\.org\?register;preauth=([a-z2-7]{26})", uri).group(1)
    expire = datetime.datetime.fromisoformat(shown["expire"][0].replace("Z", "+00:00"))
    assert expire > datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)
    row, = [each for each in server.json("invite", "list")["invites"] if each["by"] == admin.bare]
    assert row["state"] == "open"
    client = guest(server)
    assert preauth(client, token).get("type") == "result"
    assert register(client, "by-client").get("type") == "result"
    Client(server, Account("by-client@example.org", PASSWORD)).login()
    assert record.holding(server.dir / "record", token) == []
    act, = [each for each in record.entries(server.dir / "record")
            if each.get("command") == "invite.create" and each.get("actor") == admin.bare]
    assert row["id"] in act["text"]


def test_an_invitation_with_a_name_is_for_that_name(server):
    admin = administrator(server)
    uri, = data(invite(admin, "Named-By-Client"))["uri"]
    assert uri.startswith("xmpp:named-by-client@example.org?register;preauth=")
    assert condition(invite(admin, "named-by-client")) == ("cancel", "conflict")
    assert note(invite(admin, "two@signs"))[0] == "error"


def test_who_may_not_invite_is_not_shown_how(folk):
    alice, = folk.online(1)
    assert listed(alice) == []
    assert condition(command(alice, "create-account", prefix=INVITE)) == ("auth", "forbidden")
    assert condition(command(administrator(alice.server), "invite", prefix=INVITE)) == ("cancel", "feature-not-implemented")


def test_members_of_a_group_invite_so_many_and_administer_nothing(launch):
    server = launch("invites-group", {"invites": {"group": "hosts", "max_by_person": 2}})
    alice, = Folk(server).online(1)
    assert listed(alice) == []
    assert server.run("user", "change", alice.bare, "--groups", "hosts").returncode == 0
    assert listed(alice) == [NODE]
    for _ in range(2):
        assert data(invite(alice))["uri"]
    assert note(invite(alice)) == ("error", "You have as many open invitations as one may have.")
    assert note(invite(alice, "by-name")) == ("error", "You have as many open invitations as one may have.")
    assert condition(command(alice, "add-user")) == ("auth", "forbidden")


def test_dialogs_at_the_same_time_make_no_more_than_one_may_have(launch):
    server = launch("invites-at-once", {"invites": {"group": "hosts", "max_by_person": 2}})
    alice, = Folk(server).online(1)
    assert server.run("user", "change", alice.bare, "--groups", "hosts").returncode == 0
    dialogs = [inside(command(alice, "create-account", prefix=INVITE)).get("sessionid") for _ in range(4)]
    alice.raw("".join(iq_to(alice.domain, "set", element(
        "command", element("x", "", xmlns=names.DATA, type="submit"), xmlns=names.COMMANDS, node=NODE, sessionid=each), id=each)
        for each in dialogs))
    answers = [alice.expect(iq(id=each)) for each in dialogs]
    refused = [each for each in answers if note(each) and note(each)[0] == "error"]
    assert len(refused) == 2
    assert {note(each)[1] for each in refused} == {"You have as many open invitations as one may have."}
    assert len([each for each in server.json("invite", "list")["invites"] if each["state"] == "open"]) == 2


def test_where_invitations_are_off_nobody_makes_one(launch):
    server = launch("invites-off-client", {"invites": {"enabled": False}})
    admin = administrator(server)
    assert NODE not in listed(admin)
    assert condition(command(admin, "create-account", prefix=INVITE)) == ("auth", "forbidden")
