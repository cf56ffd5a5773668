"""The main thing: two people talk."""

import pytest

from lib.stanza import body_of, message


@pytest.mark.tsan
def test_a_message_reaches_the_other_person_as_it_was_typed(folk):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare, "Grüße & <b>tags</b> \"quoted\" 'too' \U0001f600")
    got = bob.expect(message(id=said.id))
    assert body_of(got) == said.body
    assert got.get("from") == alice.jid
    assert got.get("to") == bob.bare
    assert got.get("type") == "chat"


def test_login_works_over_starttls_as_over_direct_tls(folk):
    alice, = folk.online(1, how="starttls")
    bob, = folk.online(1, how="direct")
    said = alice.say(bob.jid)
    bob.expect(message(body=said.body))


@pytest.mark.tsan
def test_messages_between_two_people_stay_in_order(folk):
    alice, bob = folk.online(2)
    sent = [alice.say(bob.bare, "number %d" % i).id for i in range(200)]
    got = [bob.expect(message(from_=alice.jid)).get("id") for _ in sent]
    assert got == sent


def test_friends_see_each_other(folk):
    alice, bob = folk.friends(2)
    assert alice.roster()[bob.bare].get("subscription") == "both"
    assert bob.roster()[alice.bare].get("subscription") == "both"
