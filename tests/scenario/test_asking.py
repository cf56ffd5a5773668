"""Clients that nobody needs to know are asked all the same (clients.ask, as it is unless somebody says otherwise), and nobody waits; who
has to be known is waited for, five seconds at most. Whatever they answer, and whether they do."""

import pytest

from lib import names
from lib.admission import (Clock, about_features, about_version, answer_all, answer_disco, answer_version, lines, noted, nothing_comes,
                           person, refuse, rules)
from lib.folk import Folk
from lib.pep import caps, verification
from lib.record import eventually
from lib.stanza import message, presence, presence_to

RULES = """rules:
  - id: silent-out
    purpose: Who does not answer.
    clients: { class: silent }
    from: "group:strict"
    effect: deny
    mode: enforce
    samples: [{ class: silent, from: "group:strict", effect: deny }]
  - id: no-beos
    purpose: A system that has gone.
    clients: { os: "BeOS*" }
    from: "group:placed"
    effect: deny
    mode: enforce
    samples: [{ product: Kept, version: "4.1", os: "BeOS R5", from: "group:placed", effect: deny }]
"""
FEATURES, IDENTITY = [names.DISCO_INFO, "urn:example:kept"], ("client", "pc", "", "Kept 4.1")


@pytest.fixture(scope="module")
def server(launch):
    return launch("asking", {"clients": {"ask": True}}, prepare=lambda server: rules(server, RULES))


@pytest.fixture
def watcher(folk):
    client = person(folk).online()
    answer_all(client, "Watcher")
    return client


def arrives(client, watcher):
    """When what it says now reaches somebody, in seconds."""
    with Clock() as clock:
        said = client.say(watcher.jid)
        watcher.expect(message(id=said.id))
    return clock.seconds


def test_nobody_waits_and_the_inventory_knows(folk, watcher, server):
    client = person(folk).online()
    assert arrives(client, watcher) < 3.5
    answer_all(client, "Nice", "2.1")
    line = noted(server, "client", client)
    assert line["client"] == "Nice 2.1" and line["reason"] == "named"


def test_one_that_answers_for_its_version_alone(folk, watcher, server):
    client = person(folk).online()
    about_features(client)
    answer_version(client, "Nice", "2.2")
    assert noted(server, "client", client)["client"] == "Nice 2.2"


def test_one_that_tells_its_features_alone(folk, watcher, server):
    client = person(folk).online()
    answer_disco(client, [names.DISCO_INFO], ("client", "pc", "", "Nice"))
    assert noted(server, "client", client)["client"] == "Nice"


def test_an_answer_to_the_first_question_answers_the_second(folk, watcher, server):
    """It came without capabilities, is asked, shows some, and is asked for those, too: what it says then is worth both."""
    features, identity = [names.DISCO_INFO, "urn:example:twice"], ("client", "pc", "", "Twice 5.2")
    ver = verification(features, identity)
    client = person(folk).login()
    client.send(presence_to(None, None))
    first = about_features(client)
    client.send(presence_to(None, None, caps(features, ver=ver)))
    assert about_features(client).get("id") != first.get("id")
    answer_disco(client, features, identity, asked=first)
    line = noted(server, "client", client)
    assert line["client"] == "Twice 5.2", line


def test_one_that_answers_with_errors(folk, watcher, server):
    client = person(folk).online()
    refuse(client, about_features(client))
    refuse(client, about_version(client))
    assert noted(server, "client", client)["reason"] == "unknown"


def test_one_that_never_answers_goes_on(folk, watcher, server):
    client = person(folk).online()
    about_features(client)
    about_version(client)
    with Clock() as clock:
        eventually(lambda: lines(server, "client", client.jid), 10)
    assert 4 < clock.seconds < 10
    assert noted(server, "client", client)["reason"] == "silent"
    assert arrives(client, watcher) < 3.5


# --- where a rule needs to know

@pytest.mark.parametrize("answers", ["features", "version"])
def test_who_has_to_be_known_waits_a_second_for_the_other_answer(folk, watcher, answers):
    client = person(folk, "strict").login()
    said = client.say(watcher.jid)
    disco, version = about_features(client), about_version(client)
    with Clock() as clock:
        if answers == "features":
            answer_disco(client, [names.DISCO_INFO], ("client", "pc", "", "Nice"), disco)
        else:
            answer_version(client, "Nice", asked=version)
        watcher.expect(message(id=said.id))
    assert 0.7 < clock.seconds < 4


def test_errors_let_him_in_at_once(folk, watcher):
    client = person(folk, "strict").login()
    said = client.say(watcher.jid)
    disco, version = about_features(client), about_version(client)
    with Clock() as clock:
        refuse(client, disco)
        refuse(client, version)
        watcher.expect(message(id=said.id))
    assert clock.seconds < 3.5


def test_after_five_seconds_the_rule_for_silent_ones_holds(folk, watcher):
    client = person(folk, "strict").login()
    with Clock() as clock:
        client.say(watcher.jid)
        assert client.stream_error() == "policy-violation"
    assert 4 < clock.seconds < 10
    nothing_comes(watcher, 0.3)


def shows(folk, features, *groups, identity=IDENTITY, account=None):
    """Somebody with these capabilities, with his presence on its way."""
    client = (folk.client(account) if account else person(folk, *groups)).login()
    client.send(presence_to(None, None, caps(features, ver=verification(features, identity))))
    return client


@pytest.fixture
def known(folk, request):
    """Features that the server has seen of somebody before."""
    features = [*FEATURES, "urn:example:" + request.node.name]
    first = shows(folk, features, "strict")
    answer_disco(first, features, IDENTITY)
    answer_version(first, "Kept", "4.1")
    first.expect(presence(from_=first.jid))
    first.settle_at("example.org")
    return features


def test_capabilities_are_known_after_a_restart_and_nobody_waits(folk, known, server):
    server.restart()
    with Clock() as clock:
        second = shows(folk, known, "strict")
        second.expect(presence(from_=second.jid))
    assert clock.seconds < 3.5  # the rule about systems is not for him
    line = noted(server, "client", second)
    assert line["client"] == "Kept 4.1" and '"basis":"identity"' in line["judgement"]


def test_who_is_known_is_asked_for_his_system_alone_and_afterwards(folk, known, server):
    client = shows(folk, known, "strict")
    client.expect(presence(from_=client.jid))
    answer_version(client, "Kept", "4.1", system="Linux 6.1")
    eventually(lambda: '"os":"Linux"' in noted(server, "client", client)["judgement"])
    assert not [each for each in client.listen(1.5) if each.get("type") == "get"]


def test_of_whom_nobody_waits_for_there_is_one_line_with_the_system(folk, known, server):
    client = shows(folk, known)
    answer_version(client, "Kept", "4.1", system="Windows 11")
    assert '"os":"Windows"' in noted(server, "client", client)["judgement"]
    client.listen(1.5)
    assert len(lines(server, "client", client.jid)) == 1


def test_a_rule_about_systems_waits_for_the_system(folk, known, watcher, server):
    client = shows(folk, known, "placed")
    client.say(watcher.jid)
    nothing_comes(watcher, 0.5)
    answer_version(client, "Kept", "4.1", system="BeOS R5")
    assert client.stream_error() == "policy-violation"
    other = shows(folk, known, "placed")
    said = other.say(watcher.jid)
    answer_version(other, "Kept", "4.1", system="Linux")
    watcher.expect(message(id=said.id))


def test_who_does_not_tell_his_system_waits_a_second(folk, known, watcher):
    client = shows(folk, known, "placed")
    said = client.say(watcher.jid)
    with Clock() as clock:
        about_version(client)
        watcher.expect(message(id=said.id))
    assert 0.7 < clock.seconds < 4


# --- who is away when it begins to matter

LEFT = [names.DISCO_INFO, "urn:example:left"], ("client", "pc", "", "Left 2.1")
NO_LEFT = """rules:
  - id: left-goes
    purpose: A program that has to go.
    clients: { product: Left }
    effect: deny
    mode: enforce
"""


@pytest.fixture
def left_goes(request):
    """-> a function that puts such a rule in force on this server; afterwards it is gone."""
    def begin(server):
        path = server.dir / "policy/clients/left.yaml"
        request.addfinalizer(lambda: (path.unlink(), server.run("reload")))
        path.write_text(NO_LEFT)
        assert server.run("reload").returncode == 0
    return begin


def states(server, client):
    return [each["state"] for each in server.sessions() if each["jid"] == client.jid]


def goes_away(server, client):
    client.sm_enable()
    client.drop()
    eventually(lambda: states(server, client) == ["resumable"])
    return client


def test_who_is_away_is_judged_when_another_tells_what_his_hash_stands_for(folk, server, left_goes):
    """Nobody needed to know, and he has not answered; then it matters, and what he is comes from another of his devices."""
    teacher = shows(folk, LEFT[0], identity=LEFT[1])
    asked = about_features(teacher)
    away = shows(folk, LEFT[0], identity=LEFT[1], account=teacher.account)
    about_version(away)  # which he keeps to himself
    goes_away(server, away)
    left_goes(server)
    assert states(server, away) == ["resumable"]
    answer_disco(teacher, *LEFT, asked)
    assert teacher.stream_error() == "policy-violation"
    eventually(lambda: not states(server, away))
    assert noted(server, "client", away)["client"] == "Left 2.1"


def test_who_is_away_is_asked_when_he_resumes(launch, left_goes):
    """Where clients are asked only because of a rule."""
    server = launch("unasked", {"clients": {"ask": False}})
    folk = Folk(server)
    away = goes_away(server, person(folk).online())
    left_goes(server)
    back = folk.client(away.account)
    back.login(bind=False)
    assert away.resume_on(back).tag == names.tag(names.SM, "resumed")
    answer_disco(back, *LEFT)
    answer_version(back, "Left", "2.1")
    assert back.stream_error() == "policy-violation"
