"""Authentication: RFC 6120 section 6, RFC 5802, RFC 7677, RFC 9266, XEP-0440."""

import base64
import time

import pytest

from lib import names
from lib.client import Account, Refused, localpart
from lib.record import entries, eventually
from lib.scram import Scram, attributes
from lib.server import PASSWORD_MARK
from lib.stanza import child

HASHES = ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1"]
BINDING = [name + "-PLUS" for name in HASHES]
MECHANISMS = BINDING + HASHES


@pytest.fixture
def user(folk):
    """A client with a started TLS stream, ready to authenticate."""
    client = folk.client(folk.account()).connect()
    client.start()
    return client


def offered(client):
    return [each.text for each in child(client.features, "mechanisms", names.SASL)
            if each.tag == "{%s}mechanism" % names.SASL]


def server_first(client, user, mechanism="SCRAM-SHA-256"):
    """The attributes of the server's first SCRAM message for that user name."""
    exchange = Scram(mechanism, user, "x")
    client.auth(mechanism, exchange.first())
    return exchange, base64.b64decode(client.sasl("challenge").text)


def test_the_mechanisms_are_scram_with_and_without_binding_and_no_other(user):
    assert sorted(offered(user)) == sorted(MECHANISMS)


def test_the_strongest_mechanism_comes_first(user):
    assert offered(user) == MECHANISMS


def test_the_channel_bindings_are_listed(user):
    """XEP-0440: servers MUST offer tls-server-end-point."""
    listed = child(user.features, "sasl-channel-binding", names.SASL_CB)
    types = [each.get("type") for each in listed.findall("{%s}channel-binding" % names.SASL_CB)]
    assert types == ["tls-exporter", "tls-server-end-point"]  # tls-unique is undefined for TLS 1.3


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_every_mechanism_logs_in(folk, mechanism, version):
    client = folk.client(folk.account()).connect("direct", only=version)
    client.start()
    client.authenticate(mechanism, binding="exporter" if mechanism.endswith("PLUS") else None)
    client.start()
    assert client.bind().get("type") == "result"


@pytest.mark.parametrize("mechanism", BINDING)
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_the_end_point_binds_to_the_servers_certificate(folk, mechanism, version):
    """RFC 5929 section 4: a hash of it, with the hash function of its own signature."""
    client = folk.client(folk.account()).connect("direct", only=version)
    client.start()
    certificate = client.wire.certificate()
    client.authenticate(mechanism, binding=("tls-server-end-point",
                                            certificate.fingerprint(certificate.signature_hash_algorithm)))


def test_another_certificate_does_not_bind(user):
    """Who sits in the middle with a certificate of his own has its hash to offer, and no other."""
    with pytest.raises(Refused) as refused:
        user.authenticate("SCRAM-SHA-256-PLUS", binding=("tls-server-end-point", b"\0" * 32))
    assert refused.value.condition == "not-authorized"


def test_without_tls_no_mechanism_with_binding_is_offered(folk):
    client = folk.client(folk.account()).connect("plain")
    client.start()
    assert not [each for each in offered(client) if each.endswith("PLUS")]


def test_wrong_binding_data_is_refused(user):
    with pytest.raises(Refused) as refused:
        user.authenticate("SCRAM-SHA-256-PLUS", binding=("tls-exporter", b"\1" * 32))
    assert refused.value.condition == "not-authorized"


@pytest.mark.parametrize("mechanism", HASHES)
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_client_that_was_robbed_of_the_binding_is_told(folk, server, mechanism, version):
    """gs2 flag y: "I can bind, you did not offer it" while we do: somebody took it out of the list. The record has it."""
    user = folk.client(folk.account()).connect("direct", only=version)
    user.start()
    with pytest.raises(Refused) as refused:
        user.authenticate(mechanism, binding="y")
    assert refused.value.condition == "not-authorized"
    eventually(lambda: [line for line in entries(server.dir / "record") if line["type"] == "login-failed" and
                        "(downgrade)" in line["reason"] and line["address"].startswith(server.source + ":")])


def test_binding_with_a_mechanism_that_has_none_is_refused(user):
    with pytest.raises(Refused):
        user.authenticate("SCRAM-SHA-256", binding="exporter")


def test_a_binding_mechanism_without_binding_is_refused(user):
    with pytest.raises(Refused):
        user.authenticate("SCRAM-SHA-256-PLUS", binding=None)


def test_an_unknown_binding_type_is_refused(user):
    with pytest.raises(Refused):
        user.authenticate("SCRAM-SHA-256-PLUS", binding=("tls-imaginary", b"\0" * 32))


def test_ones_own_name_as_authorization_is_accepted(user):
    user.authenticate(authzid=user.bare)


@pytest.mark.parametrize("authzid", ["somebody@example.org", "admin@example.org", "example.org", "somebody"])
def test_another_name_as_authorization_is_refused(user, authzid):
    with pytest.raises(Refused) as refused:
        user.authenticate(authzid=authzid)
    assert refused.value.condition == "invalid-authzid"


def test_a_wrong_password_is_refused(user):
    with pytest.raises(Refused) as refused:
        user.authenticate(password=PASSWORD_MARK + "wrong")
    assert refused.value.condition == "not-authorized"


def test_after_a_refusal_the_right_password_still_works_on_the_same_stream(user):
    with pytest.raises(Refused):
        user.authenticate(password=PASSWORD_MARK + "wrong")
    user.authenticate()


def test_an_unknown_user_gets_the_same_answer_as_a_wrong_password(folk):
    stranger = folk.client(Account("no-such-person@example.org", PASSWORD_MARK + "x")).connect()
    stranger.start()
    with pytest.raises(Refused) as unknown:
        stranger.authenticate()
    known = folk.client(folk.account()).connect()
    known.start()
    with pytest.raises(Refused) as wrong:
        known.authenticate(password=PASSWORD_MARK + "x")
    assert unknown.value.condition == wrong.value.condition == "not-authorized"
    assert [c.tag for c in unknown.value.element] == [c.tag for c in wrong.value.element]
    assert [c.text for c in unknown.value.element] == [c.text for c in wrong.value.element]


@pytest.mark.parametrize("mechanism", HASHES)
def test_an_unknown_user_has_a_salt_that_stays_and_the_usual_iterations(folk, mechanism):
    def first(name):
        client = folk.client().connect()
        client.start()
        given = attributes(server_first(client, name, mechanism)[1].decode())
        return given["s"], given["i"]
    ghost, again, other = first("ghost-one"), first("ghost-one"), first("ghost-two")
    real = first(localpart(folk.account().jid))
    assert ghost == again
    assert ghost[0] != other[0]
    assert ghost[1] == real[1] and len(base64.b64decode(ghost[0])) == len(base64.b64decode(real[0]))
    assert int(real[1]) >= 4096


def test_an_unknown_user_takes_as_long_as_a_known_one(folk):
    def seconds(name):
        best = 9.0
        for _ in range(5):
            client = folk.client().connect()
            client.start()
            begin = time.perf_counter()
            exchange, first = server_first(client, name)
            client.sasl_send("response", exchange.final(first))
            with pytest.raises(Refused):
                client.sasl("success")
            best = min(best, time.perf_counter() - begin)
        return best
    known = seconds(localpart(folk.account().jid))
    ghost = seconds("ghost-three")
    assert abs(known - ghost) < max(known, ghost) * 0.6 + 0.02


def test_the_salt_differs_between_users_and_between_hashes(folk):
    one, two = folk.accounts(2)
    salts = set()
    for account in (one, two):
        for mechanism in HASHES:
            client = folk.client().connect()
            client.start()
            salts.add(attributes(server_first(client, localpart(account.jid), mechanism)[1].decode())["s"])
    assert len(salts) == 6


def test_an_exchange_can_be_aborted(user):
    server_first(user, localpart(user.bare))
    user.raw("<abort xmlns='%s'/>" % names.SASL)
    with pytest.raises(Refused) as refused:
        user.sasl("success")
    assert refused.value.condition == "aborted"
    user.authenticate()


def test_an_unknown_mechanism_is_named_invalid(user):
    for mechanism in ("DIGEST-MD5", "CRAM-MD5", "ANONYMOUS", "EXTERNAL", "X-OAUTH2"):
        user.auth(mechanism)
        with pytest.raises(Refused) as refused:
            user.sasl("success")
        assert refused.value.condition == "invalid-mechanism"


def test_plain_is_off(user):
    with pytest.raises(Refused) as refused:
        user.authenticate("PLAIN")
    assert refused.value.condition == "invalid-mechanism"


@pytest.mark.parametrize("text", ["!!!!", "abc", "YWJj YWJj", "YQ==YQ==", "=YWJj"])
def test_wrong_base64_is_an_incorrect_encoding(user, text):
    user.raw("<auth xmlns='%s' mechanism='SCRAM-SHA-256'>%s</auth>" % (names.SASL, text))
    with pytest.raises(Refused) as refused:
        user.sasl("success")
    assert refused.value.condition == "incorrect-encoding"


MALFORMED = {
    "no gs2 header": b"n=user,r=abcdef", "an unknown flag": b"x,,n=user,r=abcdef", "no nonce": b"n,,n=user",
    "an empty nonce": b"n,,n=user,r=", "no user": b"n,,r=abcdef", "the future extension": b"n,,m=ext,n=user,r=abcdef",
    "not UTF-8": b"n,,n=\xff\xfe,r=abcdef", "a bad escape": b"n,,n=us=3Xer,r=abcdef", "a lone equals": b"n,,n=us=er,r=a",
    "a bad authzid escape": b"n,a=b=2,n=user,r=abcdef", "only commas": b",,,", "a zero byte": b"n,,n=us\0er,r=abcdef",
    "an empty user": b"n,,n=,r=abcdef",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_first_message_is_refused(user, name):
    user.auth("SCRAM-SHA-256", MALFORMED[name])
    with pytest.raises(Refused) as refused:
        user.sasl("success")
    assert refused.value.condition in ("malformed-request", "not-authorized", "invalid-authzid")


def broken_finals(exchange, first):
    good = exchange.final(first)
    parts = good.split(b",")
    return {
        "another nonce": good.replace(b"r=", b"r=x", 1), "the proof cut": good[:-8], "no proof": b",".join(parts[:-1]),
        "no channel": b",".join(parts[1:]), "an empty message": b"", "another channel": good.replace(b"c=biws", b"c=eSws"),
        "a changed proof": good[:-6] + b"AAAAA=", "a long proof": good + b"A" * 4000,
    }


@pytest.mark.parametrize("name", ["another nonce", "the proof cut", "no proof", "no channel", "an empty message",
                                  "another channel", "a changed proof", "a long proof"])
def test_a_broken_final_message_is_refused(user, name):
    exchange = Scram("SCRAM-SHA-256", localpart(user.bare), user.account.password)
    user.auth("SCRAM-SHA-256", exchange.first())
    first = base64.b64decode(user.sasl("challenge").text)
    user.sasl_send("response", broken_finals(exchange, first)[name])
    with pytest.raises(Refused) as refused:
        user.sasl("success")
    assert refused.value.condition in ("malformed-request", "not-authorized", "incorrect-encoding")


def test_a_response_without_a_question_is_refused(user):
    user.sasl_send("response", b"hello")
    answer = user.next()
    assert answer.tag in ("{%s}failure" % names.SASL, "{%s}error" % names.STREAM)


def test_the_first_message_may_come_as_a_response(user):
    """<auth/> without initial data: the server asks with an empty challenge."""
    exchange = Scram("SCRAM-SHA-256", localpart(user.bare), user.account.password)
    user.auth("SCRAM-SHA-256")
    challenge = user.sasl("challenge")
    assert (challenge.text or "=") == "="
    user.sasl_send("response", exchange.first())
    user.sasl_send("response", exchange.final(base64.b64decode(user.sasl("challenge").text)))
    exchange.verify(base64.b64decode(user.sasl("success").text))


@pytest.mark.parametrize("change", [str.upper, str.title, lambda name: "".join(chr(ord(c) + 0xFEE0) for c in name)])
def test_a_user_name_is_prepared_before_it_is_looked_up(user, change):
    user.authenticate(user=change(localpart(user.bare)))
    user.start()
    wanted = user.bare
    user.bind()
    assert user.bare == wanted


def test_a_stream_ends_after_too_many_failures(folk, address):
    client = folk.client(folk.account())
    client.connect(source=address)
    client.start()
    for _ in range(12):
        try:
            client.authenticate(password=PASSWORD_MARK + "wrong")
        except Refused:
            continue
        except (AssertionError, OSError, EOFError):
            break
    else:
        raise AssertionError("twelve failures on one stream and it is still open")


def test_nobody_can_log_in_twice_on_one_stream(user):
    user.authenticate()
    user.start()
    user.auth("SCRAM-SHA-256", Scram("SCRAM-SHA-256", localpart(user.bare), "x").first())
    assert user.next().tag in ("{%s}error" % names.STREAM, "{%s}failure" % names.SASL)
