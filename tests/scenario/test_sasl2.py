"""SASL2 with what comes inline: XEP-0388, XEP-0386, XEP-0198 section 9."""

import base64
import uuid

import pytest

from lib import archive, names, sasl2
from lib.client import Client, Refused, localpart
from lib.names import tag
from lib.scram import Scram
from lib.stanza import child, message, nonza, presence

HASHES = ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1"]
MECHANISMS = [name + "-PLUS" for name in HASHES] + HASHES


@pytest.fixture
def account(folk):
    return folk.account()


@pytest.fixture
def user(folk, account):
    """A stream that offers to log in."""
    return sasl2.connect(folk, account)


def fails(client, condition):
    failure = sasl2.answer(client, "failure")
    conditions = [each for each in failure if each.tag.startswith("{%s}" % names.SASL)]
    assert [each.tag.split("}")[1] for each in conditions] == [condition]
    return failure


def ends(client, condition):
    assert client.stream_error() == condition


# --- what is offered


def test_the_feature_lists_mechanisms_and_what_can_come_inline(user):
    feature = child(user.features, "authentication", names.SASL2)
    assert [each.text for each in feature if each.tag == tag(names.SASL2, "mechanism")] == MECHANISMS
    inline = child(feature, "inline", names.SASL2)
    assert child(inline, "sm", names.SM) is not None
    bind = child(inline, "bind", names.BIND2)
    assert [each.get("var") for each in child(bind, "inline", names.BIND2)] == [names.CARBONS, names.CSI, names.SM]


def test_the_bindings_and_the_old_syntax_are_offered_beside_it(user):
    assert child(user.features, "mechanisms", names.SASL) is not None
    assert len(child(user.features, "sasl-channel-binding", names.SASL_CB)) == 2


def test_it_is_not_offered_before_tls(folk, account):
    client = Client(folk.server, account).connect("starttls")
    client.start()
    assert child(client.features, "authentication", names.SASL2) is None
    client.raw(sasl2.request("SCRAM-SHA-256", b"n,,n=x,r=y"))
    ends(client, "policy-violation")


def test_a_stream_from_another_domain_is_no_login(folk, account):
    client = Client(folk.server, account).connect()
    client.open(from_="romeo@elsewhere.example")
    ends(client, "invalid-from")


# --- logging in


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_every_mechanism_logs_in(user, account, mechanism):
    success = sasl2.authenticate(user, mechanism, binding="exporter" if mechanism.endswith("PLUS") else None)
    assert sasl2.identifier(success) == account.jid
    assert child(sasl2.features(user), "bind", names.BIND) is not None
    assert user.bind("desk").get("type") == "result" and user.jid == account.jid + "/desk"


def test_no_new_stream_begins(user):
    sasl2.authenticate(user)
    sasl2.features(user)
    assert user.header.get("id") and not user.ended  # the parser would have met a second header as an element
    user.bind()
    user.roundtrip()


def test_without_an_initial_response_the_server_asks_for_it(user, account):
    exchange = Scram("SCRAM-SHA-256", localpart(account.jid), account.password)
    user.raw(sasl2.request("SCRAM-SHA-256"))
    assert not sasl2.answer(user, "challenge").text
    user.raw(sasl2.response(exchange.first()))
    user.raw(sasl2.response(exchange.final(base64.b64decode(sasl2.answer(user, "challenge").text))))
    sasl2.take_success(user, sasl2.answer(user, "success"))


def test_line_breaks_around_the_data_do_no_harm(user, account):
    exchange = Scram("SCRAM-SHA-256", localpart(account.jid), account.password)
    user.raw("<authenticate xmlns='%s' mechanism='SCRAM-SHA-256'><initial-response>\n %s\n</initial-response>"
             "</authenticate>" % (names.SASL2, base64.b64encode(exchange.first()).decode()))
    sasl2.answer(user, "challenge")


def test_white_space_between_elements_does_no_harm(user, account):
    """As a program writes it that makes XML for people."""
    exchange = Scram("SCRAM-SHA-256", account.jid.split("@")[0], account.password)
    first = base64.b64encode(exchange.first()).decode()
    user.raw("""
        <authenticate xmlns='%s' mechanism='SCRAM-SHA-256'>
            <initial-response>
                %s
            </initial-response>
            <user-agent id='%s'>
                <software>
                    AwesomeXMPP
                </software>
                <device> Kiva's
                    Phone </device>
            </user-agent>
            <bind xmlns='%s'>
                <tag>
                    Tests
                </tag>
                <enable xmlns='%s' resume='true'>
                </enable>
            </bind>
        </authenticate>
    """ % (names.SASL2, first, uuid.uuid4(), names.BIND2, names.SM))
    challenge = sasl2.answer(user, "challenge")
    user.raw("\n<response xmlns='%s'>\n%s\n</response>\n" % (
        names.SASL2, base64.b64encode(exchange.final(base64.b64decode(challenge.text))).decode()))
    success = sasl2.take_success(user, sasl2.answer(user, "success"))
    assert user.jid.startswith(account.jid + "/Tests/") and user.sm_id
    exchange.verify(base64.b64decode(success.find(tag(names.SASL2, "additional-data")).text))
    sasl2.features(user)
    user.roundtrip()


def test_a_wrong_password_fails_and_the_right_one_does_afterwards(user, account):
    with pytest.raises(Refused) as refused:
        sasl2.authenticate(user, password="not it", inline=sasl2.bind("Tests"))
    assert refused.value.condition == "not-authorized"
    assert sasl2.identifier(sasl2.authenticate(user)) == account.jid


def test_the_old_syntax_may_follow_a_failure(user):
    with pytest.raises(Refused):
        sasl2.authenticate(user, password="not it")
    user.authenticate()
    user.start()
    assert user.bind().get("type") == "result"


def test_an_unknown_account_fails_like_a_wrong_password(user):
    with pytest.raises(Refused) as refused:
        sasl2.authenticate(user, user="nobody-at-all")
    assert refused.value.condition == "not-authorized"


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-3", "PLAIN", "HT-SHA-256-UNIQ", ""])
def test_a_mechanism_that_is_not_offered_is_invalid(user, mechanism):
    user.raw(sasl2.request(mechanism, b"\0a\0b"))
    fails(user, "invalid-mechanism")


def test_plain_where_it_is_allowed(launch):
    server = launch("sasl2-plain", {"sasl": {"plain": True}})
    account, = server.people(1)
    client = sasl2.connect(server, account)
    success = sasl2.authenticate(client, "PLAIN", inline=sasl2.bind("Tests"))
    assert sasl2.identifier(success).startswith(account.jid + "/Tests/")
    assert success.find(tag(names.SASL2, "additional-data")) is None
    other = sasl2.connect(server, account)
    with pytest.raises(Refused) as refused:
        sasl2.authenticate(other, "PLAIN", password="not it", inline=sasl2.bind("Tests"))
    assert refused.value.condition == "not-authorized"


def test_who_opens_a_stream_for_one_account_does_not_log_in_as_another(folk, account):
    other = folk.account()
    client = Client(folk.server, other).connect()
    client.start(from_=account.jid)
    with pytest.raises(Refused) as refused:
        sasl2.authenticate(client)
    assert refused.value.condition == "invalid-authzid"


def test_an_abort_ends_the_attempt_and_another_may_follow(user, account):
    user.raw(sasl2.request("SCRAM-SHA-256", Scram("SCRAM-SHA-256", "x", "y").first()))
    sasl2.answer(user, "challenge")
    user.raw("<abort xmlns='%s'><text>no time</text></abort>" % names.SASL2)
    fails(user, "aborted")
    assert sasl2.identifier(sasl2.authenticate(user)) == account.jid


def test_too_many_failures_end_the_connection(user):
    for _ in range(6):
        user.raw(sasl2.request("NONE-SUCH"))
        fails(user, "invalid-mechanism")
    ends(user, "policy-violation")


# --- what must not come


@pytest.mark.parametrize("junk", [
    "<message to='x@example.org'><body>hello</body></message>",
    "<presence/>",
    "<r xmlns='urn:xmpp:sm:3'/>",
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>eCwseA==</auth>",
    "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>eA==</response>",
    "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='SCRAM-SHA-256'/>",
    "<next xmlns='urn:xmpp:sasl:2' task='TOTP'/>",
])
def test_anything_else_during_a_login_ends_the_connection(user, junk):
    user.raw(sasl2.request("SCRAM-SHA-256", Scram("SCRAM-SHA-256", "x", "y").first()))
    sasl2.answer(user, "challenge")
    user.raw(junk)
    ends(user, "policy-violation")


def test_what_is_sent_together_with_the_request_is_no_session(user):
    user.raw(sasl2.request("SCRAM-SHA-256", Scram("SCRAM-SHA-256", "x", "y").first(), inline=sasl2.bind("Tests"))
             + "<presence/><message to='x@example.org'><body>hello</body></message>")
    sasl2.answer(user, "challenge")
    ends(user, "policy-violation")


def test_a_second_login_ends_the_stream(user):
    sasl2.authenticate(user)
    sasl2.features(user)
    user.raw(sasl2.request("SCRAM-SHA-256"))
    ends(user, "unsupported-stanza-type")


def test_a_second_login_of_a_bound_stream_ends_it(folk, account):
    client = sasl2.login(folk, account)
    client.raw(sasl2.request("SCRAM-SHA-256"))
    ends(client, "unsupported-stanza-type")


@pytest.mark.parametrize("element", ["response", "abort", "success", "next"])
def test_what_belongs_to_no_login_fails(user, element):
    user.raw("<%s xmlns='%s'/>" % (element, names.SASL2))
    fails(user, "malformed-request")


FIRST = base64.b64encode(Scram("SCRAM-SHA-256", "x", "y").first()).decode()
INITIAL = "<initial-response>%s</initial-response>" % FIRST


@pytest.mark.parametrize("inside", [
    INITIAL + INITIAL,
    INITIAL + "<user-agent/><user-agent/>",
    "<initial-response><b/>%s</initial-response>" % FIRST,
    INITIAL + sasl2.bind("a") + sasl2.bind("b"),
    INITIAL + sasl2.bind("a", "<tag>b</tag>"),
    INITIAL + sasl2.bind("a", "<active xmlns='%s'/>" % names.CSI + sasl2.INACTIVE),
    INITIAL + sasl2.bind("a", sasl2.CARBONS + sasl2.CARBONS),
    INITIAL + sasl2.bind("a", sasl2.manage() + sasl2.manage(False)),
    INITIAL + sasl2.resume("a", 0) + sasl2.resume("b", 0),
    INITIAL + "<user-agent><software>a</software><software>b</software></user-agent>",
    INITIAL + "<user-agent><device><b>x</b></device></user-agent>",
    INITIAL + "<user-agent id=''/>",
    INITIAL + "<user-agent id='me'/>",
    INITIAL + "<user-agent id='%s'/>" % uuid.uuid1(),
    INITIAL + "<user-agent id='%s'/>" % uuid.UUID(int=0),
    INITIAL + "<user-agent id='{%s}'/>" % uuid.uuid4(),
    INITIAL + "<user-agent id='%s '/>" % uuid.uuid4(),
    INITIAL + "<user-agent id='%s'/>" % uuid.uuid4().hex,
], ids=lambda _inside: "request")  # what is drawn is another in each process
def test_a_request_that_contradicts_itself_is_malformed(user, inside):
    user.raw("<authenticate xmlns='%s' mechanism='SCRAM-SHA-256'>%s</authenticate>" % (names.SASL2, inside))
    fails(user, "malformed-request")


def test_data_that_is_no_base64_has_an_incorrect_encoding(user):
    user.raw("<authenticate xmlns='%s' mechanism='SCRAM-SHA-256'><initial-response>!</initial-response></authenticate>"
             % names.SASL2)
    fails(user, "incorrect-encoding")


def test_what_the_server_does_not_know_is_passed_over(user, account):
    success = sasl2.authenticate(user, inline="<upgrade xmlns='urn:xmpp:sasl:upgrade:0'>UPGR-SCRAM-SHA-512</upgrade>"
                                 + sasl2.bind("Tests", "<enable xmlns='urn:example:telepathy'/>"))
    assert sasl2.identifier(success).startswith(account.jid + "/Tests/")


# --- binding


def test_a_session_is_bound_with_the_login(folk, account):
    client = sasl2.login(folk, account)
    bare, resource = client.jid.split("/", 1)
    assert bare == account.jid and resource.startswith("Tests/") and len(resource) >= len("Tests/") + 12
    assert client.success.find(tag(names.BIND2, "bound")) is not None
    assert child(client.features, "bind", names.BIND) is None
    client.available()
    client.roundtrip()


def test_without_a_tag_the_resource_is_the_servers(folk, account):
    client = sasl2.login(folk, account, tag_text=None)
    assert "/" not in client.resource and len(client.resource) >= 12


def test_a_device_gets_the_same_resource_again_and_others_get_others(folk, account):
    phone, desk = sasl2.agent(), sasl2.agent()
    first = sasl2.login(folk, account, phone).jid
    assert sasl2.login(folk, account, phone).jid == first
    others = {first, sasl2.login(folk, account, desk).jid, sasl2.login(folk, account, phone, "Other").jid,
              sasl2.login(folk, account).jid, sasl2.login(folk, account).jid}
    assert len(others) == 5
    assert phone.id not in first


def test_the_case_of_the_id_makes_no_other_device(folk, account):
    phone = sasl2.agent()
    first = sasl2.login(folk, account, phone).jid
    assert sasl2.login(folk, account, phone._replace(id=phone.id.upper())).jid == first


def test_the_resource_is_another_one_for_each_account(folk, account):
    phone = sasl2.agent()
    one, other = sasl2.login(folk, account, phone), sasl2.login(folk, folk.account(), phone)
    assert one.resource != other.resource


def test_a_new_session_takes_the_place_of_the_devices_old_one(folk, account):
    phone = sasl2.agent()
    old = sasl2.login(folk, account, phone, "One")
    other = sasl2.login(folk, account, sasl2.agent())
    new = sasl2.login(folk, account, phone, "Two")
    ends(old, "conflict")
    other.roundtrip()
    new.roundtrip()


@pytest.mark.parametrize("text", ["", " ", "x" * 5000, "a\u0007b", "\u202e evil"])
def test_any_tag_binds(folk, account, text):
    client = sasl2.connect(folk, account)
    text = text.replace("\u0007", "\u0085")
    client.success = sasl2.authenticate(client, inline=sasl2.bind(text))
    assert client.resource and len(client.resource) < 100
    sasl2.features(client)
    client.roundtrip()


def test_carbons_begin_with_the_session(folk, account):
    romeo, = folk.online(1)
    desk = sasl2.login(folk, account)
    desk.available()
    phone = sasl2.login(folk, account, inside=sasl2.CARBONS)
    said = romeo.say(desk.jid)
    desk.expect(message(id=said.id))
    copy = phone.expect(message(from_=account.jid))
    assert child(copy, "received", names.CARBONS) is not None


def test_stream_management_begins_with_the_session(folk, account):
    client = sasl2.login(folk, account, inside=sasl2.manage())
    enabled = child(child(client.success, "bound", names.BIND2), "enabled", names.SM)
    assert enabled.get("resume") == "true" and enabled.get("id")
    client.available()
    assert client.sync() == 1


def test_stream_management_without_resumption(folk, account):
    client = sasl2.login(folk, account, inside=sasl2.manage(resume=False))
    enabled = child(child(client.success, "bound", names.BIND2), "enabled", names.SM)
    assert enabled.get("resume") is None and enabled.get("id") is None
    assert client.sync() == 0


@pytest.mark.parametrize("inside, offered", [("", True), (sasl2.CARBONS, True), (sasl2.manage(), False),
                                             (sasl2.manage(resume=False), False)])
def test_what_came_with_the_login_is_not_offered_again(folk, account, inside, offered):
    """XEP-0388 2.6.1: the features are those that apply now; XEP-0198 3: stream management is enabled at most once."""
    client = sasl2.login(folk, account, inside=inside)
    assert (client.features.find(tag(names.SM, "sm")) is not None) == offered
    assert client.features.find(tag(names.BIND, "bind")) is None


def test_a_session_may_begin_inactive(folk, account):
    """XEP-0352: presence waits while nobody looks, messages do not."""
    desk = sasl2.login(folk, account)
    desk.available()
    phone = sasl2.login(folk, account, inside=sasl2.INACTIVE)
    phone.send("<presence/>")
    desk.expect(presence(from_=phone.jid))
    for show in ("away", "xa", "dnd"):
        desk.send("<presence><show>%s</show></presence>" % show)
    said = desk.say(phone.jid)
    phone.expect(message(id=said.id))
    shown = [each.findtext(tag(names.CLIENT, "show")) for each in phone.take(presence(from_=desk.jid))]
    assert shown[-1] == "dnd" and "away" not in shown and "xa" not in shown  # the last counts


def metadata(client):
    return child(child(client.success, "bound", names.BIND2), "metadata", names.MAM)


def test_the_ends_of_the_archive_are_told(folk, account):
    assert len(metadata(sasl2.login(folk, account))) == 0
    romeo, = folk.online(1)
    first, last = romeo.say(account.jid), romeo.say(account.jid)
    archive.until_kept(romeo, first.body, last.body)
    client = sasl2.login(folk, account)
    page = archive.history(client)
    start, end = metadata(client)
    assert (start.get("id"), end.get("id")) == (page.ids[0], page.ids[-1])
    assert start.get("timestamp") <= end.get("timestamp")
    assert page.bodies == [first.body, last.body]


def test_what_stands_in_the_archive_is_not_sent_as_offline_messages(folk, account):
    romeo, = folk.online(1)
    said = romeo.say(account.jid)
    hidden = romeo.say(account.jid, extra="<no-permanent-store xmlns='%s'/>" % names.HINTS)
    archive.until_kept(romeo, said.body)
    client = sasl2.login(folk, account)
    client.available()
    client.expect(message(id=hidden.id))  # in no archive
    assert not client.take(message(id=said.id))
    assert archive.history(client).bodies == [said.body]
    other = folk.client(account).online()
    other.settle(romeo)
    assert not other.take(message(id=said.id))  # and it waits for nobody any more


def test_too_many_sessions_leave_the_old_binding_to_say_so(launch):
    server = launch("sasl2-sessions", {"limits": {"sessions_per_account": 1}})
    account, = server.people(1)
    sasl2.login(server, account)
    client = sasl2.connect(server, account)
    success = sasl2.authenticate(client, inline=sasl2.bind("Tests"))
    assert sasl2.identifier(success) == account.jid
    assert success.find(tag(names.BIND2, "bound")) is None
    assert child(sasl2.features(client), "bind", names.BIND) is not None
    answer = client.bind()
    assert answer.get("type") == "error"
    assert child(answer, "error").find(tag(names.STANZA_ERROR, "resource-constraint")) is not None


# --- while the password is changed


@pytest.fixture(scope="module")
def changing(launch):
    return launch("sasl2-changing")


def change_password(server, account):
    assert server.run("user", "password", account.jid, "--password-stdin", input="another-password-1\n").returncode == 0


def test_a_login_begun_with_the_old_password_gives_neither_session_nor_token(changing):
    account, = changing.people(1)
    client = sasl2.connect(changing, account)
    exchange = Scram("SCRAM-SHA-256", localpart(account.jid), account.password)
    client.raw(sasl2.request("SCRAM-SHA-256", exchange.first(), sasl2.agent(),
                             sasl2.bind("Tests") + sasl2.request_token("HT-SHA-256-EXPR")))
    challenge = sasl2.answer(client, "challenge")
    change_password(changing, account)
    client.raw(sasl2.response(exchange.final(base64.b64decode(challenge.text))))
    fails(client, "not-authorized")
    sasl2.authenticate(sasl2.connect(changing, account), password="another-password-1", inline=sasl2.bind("Tests"))


def test_who_has_logged_in_with_the_old_password_and_waits_is_not_bound(changing):
    account, = changing.people(1)
    client = sasl2.connect(changing, account)
    sasl2.authenticate(client)
    sasl2.features(client)
    change_password(changing, account)
    answer = client.bind()
    assert answer.get("type") == "error"
    assert child(answer, "error").find(tag(names.STANZA_ERROR, "not-allowed")) is not None


# --- resuming


def dropped(folk, account, agent=None):
    client = sasl2.login(folk, account, agent, inside=sasl2.manage())
    client.available()
    client.drop()
    return client


def resume(folk, account, previd, h, inline="", agent=None):
    client = sasl2.connect(folk, account)
    client.success = sasl2.authenticate(client, agent=agent, inline=sasl2.resume(previd, h) + inline)
    return client


def test_a_session_is_resumed_with_the_login(folk, account):
    romeo, = folk.online(1)
    old = dropped(folk, account)
    said = romeo.say(account.jid)
    romeo.roundtrip()
    client = resume(folk, account, old.sm_id, old.sm_in, sasl2.bind("Ignored"))
    assert sasl2.identifier(client.success) == old.jid
    resumed = client.success.find(tag(names.SM, "resumed"))
    assert resumed.get("previd") == old.sm_id and resumed.get("h") == "1"
    assert client.success.find(tag(names.BIND2, "bound")) is None
    client.expect(message(id=said.id))
    assert not client.take(nonza("features", names.STREAM))  # XEP-0198 section 9.2: none


def test_a_session_that_is_gone_is_replaced_by_a_new_one(folk, account):
    client = resume(folk, account, "no-such.session", 0, sasl2.bind("Tests", sasl2.manage()))
    names_in = [each.tag.split("}")[1] for each in client.success]
    assert names_in == ["additional-data", "authorization-identifier", "failed", "bound"]
    failed = client.success.find(tag(names.SM, "failed"))
    assert failed[0].tag == tag(names.STANZA_ERROR, "item-not-found")
    assert sasl2.features(client) is not None
    client.available()
    assert client.sync() == 1


def test_without_a_bind_the_stream_is_logged_in_and_no_more(folk, account):
    client = resume(folk, account, "no-such.session", 0)
    assert sasl2.identifier(client.success) == account.jid
    assert child(sasl2.features(client), "bind", names.BIND) is not None
    assert client.bind().get("type") == "result"


def test_anothers_session_is_not_resumed(folk, account):
    other = folk.account()
    old = dropped(folk, other)
    client = resume(folk, account, old.sm_id, old.sm_in, sasl2.bind("Tests"))
    assert client.success.find(tag(names.SM, "failed")) is not None
    assert client.jid.startswith(account.jid + "/")
    again = resume(folk, other, old.sm_id, old.sm_in)
    assert again.success.find(tag(names.SM, "resumed")) is not None


@pytest.mark.parametrize("element", ["<resume xmlns='urn:xmpp:sm:3'/>", "<resume xmlns='urn:xmpp:sm:3' previd='x'/>",
                                     "<resume xmlns='urn:xmpp:sm:3' previd='x' h='-1'/>",
                                     "<resume xmlns='urn:xmpp:sm:3' previd='x' h='4294967296'/>"])
def test_a_resumption_without_what_it_needs_fails_alone(folk, account, element):
    client = sasl2.connect(folk, account)
    success = sasl2.authenticate(client, inline=element + sasl2.bind("Tests"))
    assert success.find(tag(names.SM, "failed"))[0].tag == tag(names.STANZA_ERROR, "bad-request")
    assert success.find(tag(names.BIND2, "bound")) is not None


def test_a_count_too_high_ends_the_stream(folk, account):
    old = dropped(folk, account)
    client = sasl2.connect(folk, account)
    exchange = Scram("SCRAM-SHA-256", localpart(account.jid), account.password)
    client.raw(sasl2.request("SCRAM-SHA-256", exchange.first(), inline=sasl2.resume(old.sm_id, 99)))
    client.raw(sasl2.response(exchange.final(base64.b64decode(sasl2.answer(client, "challenge").text))))
    assert client.stream_error() == "undefined-condition"


def test_a_session_still_connected_is_taken_over(folk, account):
    old = sasl2.login(folk, account, inside=sasl2.manage())
    client = resume(folk, account, old.sm_id, 0, sasl2.bind("Tests"))
    assert client.success.find(tag(names.SM, "resumed")) is not None
    ends(old, "conflict")


def test_a_failed_login_resumes_nothing(folk, account):
    old = sasl2.login(folk, account, inside=sasl2.manage())
    client = sasl2.connect(folk, account)
    with pytest.raises(Refused):
        sasl2.authenticate(client, password="not it", inline=sasl2.resume(old.sm_id, 0) + sasl2.bind("Tests"))
    old.roundtrip()
