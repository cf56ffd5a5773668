"""Resource binding: RFC 6120 section 7."""

import pytest

from lib import names
from lib.stanza import Error, message


@pytest.fixture
def user(folk):
    """Somebody authenticated who has not bound a resource."""
    return folk.client(folk.account()).login(bind=False)


def test_the_server_makes_a_resource_when_none_is_asked_for(folk, user):
    user.bind()
    other = folk.client(user.account).login()
    assert user.bare == other.bare == user.account.jid
    assert user.resource != other.resource
    assert len(user.resource) >= 8


def test_the_server_makes_a_resource_when_an_empty_one_is_asked_for(user):
    answer = user.bind("")
    assert answer.get("type") == "result" and user.resource


@pytest.mark.parametrize("resource", ["desk", "Büro 7", "mit/Schrägstrich", "a@b", "ключ", "x" * 200])
def test_the_resource_asked_for_is_given(user, resource):
    assert user.bind(resource).get("type") == "result"
    assert user.resource == resource


@pytest.mark.parametrize("resource", ["tab\tinside", "line\nbreak", "bell&#xFEFF;", "x" * 1024, "\u200b"])
def test_a_resource_that_no_jid_may_have_is_refused_or_replaced(user, resource):
    answer = user.bind(resource.replace("&#xFEFF;", "\ufeff"))
    if answer.get("type") == "error":
        assert tuple(Error(answer)) == ("modify", "bad-request")
    else:
        assert user.resource != resource


def test_a_second_session_with_the_same_resource_ends_the_first_or_is_renamed(folk):
    one = folk.client(folk.account()).online("desk")
    two = folk.client(one.account).online("desk")
    if two.resource == "desk":
        assert one.stream_error() == "conflict"
    else:
        one.roundtrip()


def test_the_session_that_won_a_conflict_gets_the_messages(folk):
    alice, = folk.online(1)
    one = folk.client(folk.account()).online("desk")
    two = folk.client(one.account).online("desk")
    said = alice.say(two.jid)
    two.expect(message(body=said.body))


def test_a_second_bind_on_one_stream_is_refused(user):
    user.bind("one")
    answer = user.iq("set", "<bind xmlns='%s'><resource>two</resource></bind>" % names.BIND)
    assert answer.get("type") == "error"
    assert Error(answer).condition in ("not-allowed", "bad-request", "unexpected-request", "service-unavailable")


@pytest.mark.parametrize("payload,type", [
    ("<bind xmlns='%s'/>" % names.BIND, "get"),
    ("<bind xmlns='%s'><resource>a</resource><resource>b</resource></bind>" % names.BIND, "set"),
])
def test_a_malformed_bind_is_a_bad_request(user, payload, type):
    answer = user.iq(type, payload)
    assert answer.get("type") == "error"
    assert Error(answer).condition in ("bad-request", "not-allowed")


def test_what_else_stands_in_a_bind_is_passed_over(user):
    """libstrophe copies the children of the feature into its request."""
    answer = user.iq("set", "<bind xmlns='%s'><required/><resource>desk</resource></bind>" % names.BIND)
    assert answer.get("type") == "result" and answer.find(".//{%s}jid" % names.BIND).text.endswith("/desk")


def test_the_answer_to_bind_keeps_the_id(user):
    answer = user.iq("set", "<bind xmlns='%s'/>" % names.BIND, id="strange '\"&lt; id".replace("'\"&lt; ", ""))
    assert answer.get("id") == "strange id"


def test_sessions_of_one_account_are_listed_by_the_command(folk, server):
    one = folk.client(folk.account()).online("one")
    two = folk.client(one.account).online("two")
    listed = {session["jid"] for session in server.sessions()}
    assert {one.jid, two.jid} <= listed
