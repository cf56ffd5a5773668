"""Tokens instead of passwords: XEP-0484 with the mechanisms of draft-schmaus-kitten-sasl-ht."""

import base64
import time

import pytest

from lib import names, sasl2
from lib.client import Refused, localpart
from lib.names import tag
from lib.stanza import child

MECHANISMS = ["HT-SHA-256-EXPR", "HT-SHA-256-ENDP", "HT-SHA-256-NONE"]
BOUND = "HT-SHA-256-EXPR"
LOOSE = "HT-SHA-256-NONE"


@pytest.fixture
def account(folk):
    return folk.account()


@pytest.fixture
def phone():
    return sasl2.agent("Awesome", "A phone")


def get_token(where, account, agent, mechanism=BOUND):
    """A first token, for a login with the password."""
    client = sasl2.connect(where, account)
    success = sasl2.authenticate(client, agent=agent, inline=sasl2.request_token(mechanism))
    token = sasl2.token_in(success, mechanism)
    assert token, "no token"
    client.close()
    return token


def enter(where, account, token, agent, **how):
    client = sasl2.connect(where, account)
    client.success = sasl2.use_token(client, token, agent, **how)
    return client


def refused(where, account, token, agent, **how):
    client = sasl2.connect(where, account)
    with pytest.raises(Refused) as failed:
        sasl2.use_token(client, token, agent, **how)
    return failed.value.condition


def inline(client):
    return child(child(client.features, "authentication", names.SASL2), "inline", names.SASL2)


def test_the_mechanisms_are_offered_strongest_first_and_inline_only(folk, account):
    client = sasl2.connect(folk, account)
    offered = child(inline(client), "fast", names.FAST)
    assert [each.text for each in offered] == MECHANISMS
    assert offered.get("tls-0rtt") is None  # there is no early data here
    usual = [each.text for each in child(client.features, "authentication", names.SASL2)]
    assert not [each for each in usual if each and each.startswith("HT-")]


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_token_logs_in_in_one_step(folk, account, phone, mechanism, version):
    token = get_token(folk, account, phone, mechanism)
    assert token.expiry > time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    client = sasl2.connect(folk, account, only=version)
    success = sasl2.use_token(client, token, phone, sasl2.bind("Tests"))
    assert client.jid.startswith(account.jid + "/Tests/") and success.find(tag(names.BIND2, "bound")) is not None
    sasl2.features(client)
    client.roundtrip()


def test_a_token_is_used_again_and_again(folk, account, phone):
    token = get_token(folk, account, phone)
    for _ in range(3):
        assert sasl2.token_in(enter(folk, account, token, phone).success, BOUND) is None


def test_a_token_resumes_a_session(folk, account, phone):
    token = get_token(folk, account, phone)
    old = enter(folk, account, token, phone, inline=sasl2.bind("Tests", sasl2.manage()))
    sasl2.features(old)
    old.drop()
    again = enter(folk, account, token, phone, inline=sasl2.resume(old.sm_id, 0) + sasl2.bind("Tests"))
    assert again.success.find(tag(names.SM, "resumed")) is not None and again.jid == old.jid


def test_tokens_differ(folk, account, phone):
    other = sasl2.agent()
    all_of_them = {get_token(folk, account, phone).text, get_token(folk, account, phone).text,
                   get_token(folk, account, other).text, get_token(folk, folk.account(), phone).text}
    assert len(all_of_them) == 4 and all(len(each) >= 40 for each in all_of_them)


def test_what_is_sent_behind_the_proof_waits_until_the_tokens_are_written(launch, phone):
    """It belongs into no login: the login succeeds first, and the server goes on."""
    server = launch("fast-behind", {"sasl": {"plain": True}})
    account, = server.people(1)
    token = get_token(server, account, phone, LOOSE)
    proof = localpart(account.jid).encode() + b"\0" + sasl2.hashed(token, b"Initiator", b"")
    password = ("\0%s\0%s" % (localpart(account.jid), account.password)).encode()
    for begin in (sasl2.request(LOOSE, proof, phone, sasl2.fast()),
                  sasl2.request("PLAIN", password, phone, sasl2.request_token(LOOSE))):
        for behind in (sasl2.response(b"x"), "<abort xmlns='%s'/>" % names.SASL2):
            client = sasl2.connect(server, account)
            client.raw(begin + behind)
            sasl2.answer(client, "success")
            client.drop()


# --- what does not let in


def test_another_device_cannot_use_it(folk, account, phone):
    token = get_token(folk, account, phone)
    assert refused(folk, account, token, sasl2.agent()) == "not-authorized"
    enter(folk, account, token, phone)


def test_another_account_cannot_be_entered_with_it(folk, account, phone):
    token = get_token(folk, account, phone)
    other = folk.account()
    get_token(folk, other, phone)
    assert refused(folk, other, token, phone) == "not-authorized"
    assert refused(folk, account, token, phone, user="nobody-there@x") == "not-authorized"


@pytest.mark.parametrize("made_for", MECHANISMS)
def test_a_token_is_good_for_one_mechanism(folk, account, phone, made_for):
    token = get_token(folk, account, phone, made_for)
    for other in MECHANISMS:
        if other != made_for:
            assert refused(folk, account, token, phone, mechanism=other) == "not-authorized"
    enter(folk, account, token, phone)


def test_the_proof_of_another_connection_is_none(folk, account, phone):
    """Who sees a login in clear, behind a proxy of his, cannot repeat it here."""
    token = get_token(folk, account, phone)
    seen = enter(folk, account, token, phone)
    assert refused(folk, account, token, phone, data=seen.wire.exporter()) == "not-authorized"
    assert refused(folk, account, token, phone, data=b"") == "not-authorized"


def test_a_made_up_token_is_none(folk, account, phone):
    get_token(folk, account, phone)
    made_up = sasl2.Token("fast" + "A" * 43, BOUND, None)
    assert refused(folk, account, made_up, phone) == "not-authorized"
    assert refused(folk, account, made_up, sasl2.agent()) == "not-authorized"


def first_of(client, account):
    return localpart(account.jid).encode() + b"\0" + b"x" * 32


@pytest.mark.parametrize("how", ["no fast", "no id", "no agent", "fast twice", "count", "minus", "fast with a password"])
def test_a_request_without_what_belongs_to_it_is_malformed(folk, account, phone, how):
    client = sasl2.connect(folk, account)
    mechanism, agent, extra = BOUND, phone, sasl2.fast()
    if how == "no fast":
        extra = ""
    elif how == "no id":
        agent = phone._replace(id=None)
    elif how == "no agent":
        agent = None
    elif how == "fast twice":
        extra += extra
    elif how == "count":
        extra = sasl2.fast(count="one")
    elif how == "minus":
        extra = sasl2.fast(count="-1")
    else:
        mechanism = "SCRAM-SHA-256"
    client.raw(sasl2.request(mechanism, first_of(client, account), agent, extra))
    with pytest.raises(Refused) as failed:
        sasl2.answer(client, "success")
    assert failed.value.condition == "malformed-request"


@pytest.mark.parametrize("message", [b"", b"\0", b"alice", b"alice\0", b"alice\0" + b"x" * 31, b"alice\0" + b"x" * 33,
                                     b"\0" + b"x" * 32, b"\xff\0" + b"x" * 32, b"a" * 2000 + b"\0" + b"x" * 32])
def test_a_message_of_another_form_is_malformed(folk, account, phone, message):
    client = sasl2.connect(folk, account)
    client.raw(sasl2.request(BOUND, message, phone, sasl2.fast()))
    with pytest.raises(Refused) as failed:
        sasl2.answer(client, "success")
    assert failed.value.condition == "malformed-request"


def test_the_old_syntax_has_no_tokens(folk, account):
    client = sasl2.connect(folk, account)
    client.auth(LOOSE, first_of(client, account))
    with pytest.raises(Refused) as failed:
        client.sasl("success")
    assert failed.value.condition == "invalid-mechanism"


def test_who_does_not_say_which_device_it_is_gets_no_token(folk, account):
    client = sasl2.connect(folk, account)
    with pytest.raises(Refused) as failed:
        sasl2.authenticate(client, inline=sasl2.request_token(BOUND))
    assert failed.value.condition == "malformed-request"


@pytest.mark.parametrize("mechanism", ["HT-SHA-256-UNIQ", "SCRAM-SHA-256", ""])
def test_a_token_for_a_mechanism_nobody_offers_is_not_given(folk, account, phone, mechanism):
    client = sasl2.connect(folk, account)
    success = sasl2.authenticate(client, agent=phone, inline=sasl2.request_token(mechanism))
    assert sasl2.token_in(success, mechanism) is None


def test_a_failed_login_gives_no_token(folk, account, phone):
    client = sasl2.connect(folk, account)
    with pytest.raises(Refused) as failed:
        sasl2.authenticate(client, password="not it", agent=phone, inline=sasl2.request_token(BOUND))
    assert b"token" not in bytes(client.stream.raw).split(b"</stream:features>")[1]
    assert failed.value.condition == "not-authorized"


# --- counting (against replay)


def test_a_count_is_good_once(folk, account, phone):
    token = get_token(folk, account, phone)
    enter(folk, account, token, phone, count=5)
    assert refused(folk, account, token, phone, count=5) == "not-authorized"
    assert refused(folk, account, token, phone, count=4) == "not-authorized"
    enter(folk, account, token, phone, count=6)
    enter(folk, account, token, phone)  # without a count: this is no early data
    assert refused(folk, account, token, phone, count=6) == "not-authorized"


def test_a_replayed_login_does_nothing_to_the_session_it_copies(folk, account, phone):
    token = get_token(folk, account, phone, LOOSE)
    first = enter(folk, account, token, phone, count=1, inline=sasl2.bind("Tests", sasl2.manage()))
    sasl2.features(first)
    assert refused(folk, account, token, phone, count=1, inline=sasl2.resume(first.sm_id, 0) + sasl2.bind("Tests")) == \
        "not-authorized"
    first.roundtrip()


# --- new ones


def test_a_new_token_leaves_the_old_one_until_it_is_used(folk, account, phone):
    old = get_token(folk, account, phone)
    new = sasl2.token_in(enter(folk, account, old, phone, inline=sasl2.request_token(BOUND)).success, BOUND)
    enter(folk, account, old, phone)
    enter(folk, account, new, phone)
    assert refused(folk, account, old, phone) == "not-authorized"
    enter(folk, account, new, phone)


def test_a_newer_token_takes_the_place_of_one_never_used(folk, account, phone):
    first, second = get_token(folk, account, phone), get_token(folk, account, phone)
    assert refused(folk, account, first, phone) == "not-authorized"
    enter(folk, account, second, phone)


def test_a_token_can_be_exchanged_for_one_of_another_mechanism(folk, account, phone):
    loose = get_token(folk, account, phone, LOOSE)
    bound = sasl2.token_in(enter(folk, account, loose, phone, inline=sasl2.request_token(BOUND)).success, BOUND)
    enter(folk, account, bound, phone)
    assert refused(folk, account, loose, phone) == "not-authorized"


@pytest.fixture(scope="module")
def hasty(launch):
    """Tokens are old after a second and good for three."""
    return launch("fast-hasty", {"sasl": {"token_seconds": 60, "token_renew_seconds": 1, "token_devices": 2}})


def test_an_old_token_is_replaced_when_it_is_used(hasty):
    account, = hasty.people(1)
    phone = sasl2.agent()
    old = get_token(hasty, account, phone)
    time.sleep(1.1)
    success = enter(hasty, account, old, phone).success
    new = sasl2.token_in(success, BOUND)
    assert new and new.text != old.text and new.expiry > old.expiry
    enter(hasty, account, new, phone)
    assert refused(hasty, account, old, phone) == "not-authorized"


def test_the_devices_of_an_account_are_bounded(hasty):
    account, = hasty.people(1)
    devices = [sasl2.agent() for _ in range(3)]
    tokens = [get_token(hasty, account, each) for each in devices]
    assert refused(hasty, account, tokens[0], devices[0]) == "not-authorized"
    for token, device in list(zip(tokens, devices))[1:]:
        enter(hasty, account, token, device)


# --- the end of a token


@pytest.mark.parametrize("word", ["true", "1"])
def test_the_client_can_log_out_for_good(folk, account, phone, word):
    token = get_token(folk, account, phone)
    client = enter(folk, account, token, phone, invalidate=word, inline=sasl2.bind("Tests"))
    sasl2.features(client)
    client.roundtrip()
    assert refused(folk, account, token, phone) == "not-authorized"


def test_logging_out_may_ask_for_a_new_token(folk, account, phone):
    token = get_token(folk, account, phone)
    success = enter(folk, account, token, phone, invalidate="true", inline=sasl2.request_token(BOUND)).success
    new = sasl2.token_in(success, BOUND)
    assert refused(folk, account, token, phone) == "not-authorized"
    enter(folk, account, new, phone)


def test_a_new_password_ends_all_tokens(launch):
    server = launch("fast-password")
    account, other = server.people(2)
    phone, desk = sasl2.agent(), sasl2.agent()
    tokens = get_token(server, account, phone), get_token(server, account, desk)
    kept = get_token(server, other, phone)
    server.run("user", "password", account.jid, "--password-stdin", input="another-password-1\n")
    assert [refused(server, account, tokens[0], phone), refused(server, account, tokens[1], desk)] == \
        ["not-authorized"] * 2
    enter(server, other, kept, phone)


def test_who_is_disabled_has_no_tokens_any_more(launch):
    server = launch("fast-disabled")
    account, = server.people(1)
    phone = sasl2.agent()
    token = get_token(server, account, phone)
    server.run("user", "disable", account.jid)
    assert refused(server, account, token, phone) == "not-authorized"
    server.run("user", "enable", account.jid)
    assert refused(server, account, token, phone) == "not-authorized"


@pytest.mark.parametrize("whom", ["account", "device", "all"])
def test_a_switch_refuses_tokens_with_its_reason_and_they_are_good_again_afterwards(launch, whom):
    server = launch("fast-switch")
    account, = server.people(1)
    phone, desk = sasl2.agent(), sasl2.agent()
    tokens = {each: get_token(server, account, each) for each in (phone, desk)}
    words = {"account": ["--account", account.jid], "device": ["--device", phone.id], "all": []}[whom]
    switch = server.json("lockdown", "on", "everything", *words, "--reason", "A telephone is gone.")["switch"]["id"]
    for agent, token in tokens.items():
        if whom == "device" and agent is desk:
            enter(server, account, token, agent).close()
            continue
        client = sasl2.connect(server, account)
        with pytest.raises(Refused) as failed:
            sasl2.use_token(client, token, agent, sasl2.bind("Tests"), count=1)
        assert failed.value.condition == "temporary-auth-failure"
        assert "A telephone is gone." in failed.value.element.findtext(tag(names.SASL2, "text"))
    assert [each for each in server.sessions() if each["jid"].startswith(account.jid)] == []
    assert server.run("lockdown", "off", switch).returncode == 0
    for agent, token in tokens.items():
        enter(server, account, token, agent, count=2).close()


def test_a_token_of_a_removed_account_is_none(launch):
    server = launch("fast-removed")
    account, = server.people(1)
    phone = sasl2.agent()
    token = get_token(server, account, phone)
    assert server.run("user", "remove", account.jid, "--yes").returncode == 0
    assert refused(server, account, token, phone) == "not-authorized"


def test_tokens_outlive_the_server(launch):
    server = launch("fast-restart")
    account, = server.people(1)
    phone = sasl2.agent()
    token = get_token(server, account, phone)
    enter(server, account, token, phone, count=3).close()
    server.restart()
    assert refused(server, account, token, phone, count=3) == "not-authorized"
    enter(server, account, token, phone, count=4)


def test_neither_store_nor_log_nor_record_has_the_token(launch):
    server = launch("fast-secret")
    account, = server.people(1)
    phone = sasl2.agent()
    tokens = [get_token(server, account, phone, mechanism) for mechanism in MECHANISMS]
    enter(server, account, tokens[-1], phone)
    server.stop()
    for path in server.dir.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            for token in tokens:
                assert token.text.encode() not in data, path
                raw = base64.urlsafe_b64decode(token.text[4:] + "=")
                assert raw not in data, path


# --- settings


def test_tokens_can_be_switched_off(launch):
    server = launch("fast-never", {"sasl": {"tokens": "never"}})
    account, = server.people(1)
    client = sasl2.connect(server, account)
    assert child(inline(client), "fast", names.FAST) is None
    success = sasl2.authenticate(client, agent=sasl2.agent(), inline=sasl2.request_token(BOUND))
    assert sasl2.token_in(success, BOUND) is None


def test_tokens_can_be_bound_only(launch):
    server = launch("fast-bound", {"sasl": {"tokens": "bound"}})
    account, = server.people(1)
    client = sasl2.connect(server, account)
    assert [each.text for each in child(inline(client), "fast", names.FAST)] == MECHANISMS[:2]
    client.raw(sasl2.request(LOOSE, first_of(client, account), sasl2.agent(), sasl2.fast()))
    with pytest.raises(Refused) as failed:
        sasl2.answer(client, "success")
    assert failed.value.condition == "invalid-mechanism"
