"""Long lists of rooms and of occupants, a page at a time (XEP-0045 6.3, XEP-0059)."""

import pytest

from lib import names
from lib.names import tag
from lib.rooms import configure, create, join, new_room, occupant
from lib.stanza import Error, presence_to


@pytest.fixture(scope="module")
def server(launch):
    return launch("rooms-pages")


class Page:
    def __init__(self, answer):
        assert answer.get("type") == "result", Error(answer)
        self.items = [each.get("jid") for each in answer.iter(tag(names.DISCO_ITEMS, "item"))]
        rsm = answer.find(".//" + tag(names.RSM, "set"))
        self.set = rsm is not None
        if self.set:
            first = rsm.find(tag(names.RSM, "first"))
            self.index = None if first is None else int(first.get("index"))
            self.first = None if first is None else first.text
            self.last = rsm.findtext(tag(names.RSM, "last"))
            self.count = int(rsm.findtext(tag(names.RSM, "count")))


def ask(client, to, inside=None):
    return client.ask(names.DISCO_ITEMS, to=to, payload="" if inside is None else "<set xmlns='%s'>%s</set>" % (
        names.RSM, inside))


def page(client, to, inside=None):
    return Page(ask(client, to, inside))


def walk(client, to, max=2):
    """All items, forwards."""
    found, after = [], ""
    while True:
        got = page(client, to, "<max>%d</max>%s" % (max, after))
        if not got.items:
            return found
        assert len(got.items) <= max and (got.first, got.last) == (got.items[0], got.items[-1])
        assert got.index == len(found)
        found += got.items
        after = "<after>%s</after>" % got.last


@pytest.fixture
def many(folk, server):
    """Five rooms of one owner, in order of their addresses."""
    owner, = folk.online(1)
    rooms = sorted(new_room(server) for _ in range(5))
    for each in rooms:
        create(owner, each)
    yield owner, rooms
    for each in rooms:
        owner.ask(names.MUC_OWNER, to=each, type="set", payload="<destroy/>")


def test_the_rooms_of_a_service_in_pages(many, folk, server):
    owner, rooms = many
    bob, = folk.online(1)
    service = "rooms." + server.domain
    whole = page(bob, service)
    assert whole.items == rooms and not whole.set
    assert walk(bob, service) == rooms
    last = page(bob, service, "<max>2</max><before/>")
    assert last.items == rooms[3:] and last.index == 3 and last.count == 5
    assert page(bob, service, "<max>2</max><before>%s</before>" % rooms[3]).items == rooms[1:3]
    assert page(bob, service, "<max>2</max><index>2</index>").items == rooms[2:4]
    counted = page(bob, service, "<max>0</max>")
    assert counted.items == [] and counted.count == 5 and counted.first is None
    assert tuple(Error(ask(bob, service, "<max>many</max>"))) == ("modify", "bad-request")


def test_a_room_that_is_gone_has_its_place_in_the_list(many, folk, server):
    owner, rooms = many
    service = "rooms." + server.domain
    got = page(owner, service, "<max>2</max>")
    owner.ask(names.MUC_OWNER, to=got.last, type="set", payload="<destroy/>")
    after = page(owner, service, "<max>2</max><after>%s</after>" % got.last)
    assert after.items == rooms[2:4] and after.count == 4


def test_a_hidden_room_is_on_no_page(many, folk, server):
    owner, rooms = many
    bob, = folk.online(1)
    assert configure(owner, rooms[1], publicroom="0").get("type") == "result"
    assert walk(bob, "rooms." + server.domain) == rooms[:1] + rooms[2:]
    assert walk(owner, "rooms." + server.domain) == rooms


def test_the_occupants_of_a_room_in_pages(folk, server):
    people = folk.online(4)
    room = new_room(server)
    create(people[0], room, "a")
    for each, nick in zip(people[1:], "bcd"):
        join(each, room, nick)
    wanted = ["%s/%s" % (room, nick) for nick in "abcd"]
    assert page(people[0], room).items == wanted
    assert walk(people[0], room, 3) == wanted
    got = page(people[0], room, "<max>2</max>")
    people[1].send(presence_to(room + "/b", "unavailable"))
    people[0].expect(occupant(room, "b", "unavailable"))
    assert page(people[0], room, "<max>1</max><after>%s</after>" % got.last).items == [room + "/c"]
    stranger, = folk.online(1)
    assert configure(people[0], room, membersonly="1").get("type") == "result"
    hidden = page(stranger, room, "<max>5</max>")
    assert hidden.items == [] and hidden.count == 0


def test_both_say_that_they_can(folk, server):
    alice, = folk.online(1)
    room = new_room(server)
    create(alice, room)
    for to in ("rooms." + server.domain, room):
        answer = alice.ask(names.DISCO_INFO, to=to)
        assert names.RSM in {each.get("var") for each in answer.iter(tag(names.DISCO_INFO, "feature"))}
