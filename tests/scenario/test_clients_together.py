"""Programs that people have, talking with each other: profanity, mcabber, finch, Dino and Pidgin, all logged in at once. What is
typed in one is read in each other, in a room and from one person to another."""

import contextlib

import pytest

from lib.folk import Folk
from lib.programs import Dino, Finch, Mcabber, Pidgin, Profanity, bookmark, database_of_dino, prepared
from lib.rooms import create, new_room

pytestmark = pytest.mark.recorder_runs("programs show no more than they like")


@pytest.fixture(scope="module")
def server(launch, found_at):
    return launch("clients-together", {"sasl": {"plain": True}}, prepare=prepared(found_at))


class Everyone:
    """programs: name -> program. jids: name -> bare address. room: they all sit in it."""

    def __init__(self, server, address, closing, output):
        folk = Folk(server)
        accounts = dict(zip(("profanity", "mcabber", "finch", "dino", "pidgin"), folk.accounts(5)))
        self.jids = {name: account.jid for name, account in accounts.items()}
        self.room = new_room(server)
        self.host, = folk.online(1)
        create(self.host, self.room, "host")
        phone = folk.client(accounts["dino"]).online()
        bookmark(phone, self.room, "di")
        phone.close()
        makers = {"profanity": Profanity, "mcabber": Mcabber, "finch": lambda *who: Finch(*who, room=self.room),
                  "dino": lambda *who: Dino(*who, address, database_of_dino(server, address)),
                  "pidgin": lambda *who: Pidgin(*who, address, room=self.room)}
        self.programs = {}
        for name, make in makers.items():
            self.programs[name] = make(server, accounts[name])
            closing.callback(self.programs[name].end, output)
        self.programs["finch"].close_window()
        for name in ("profanity", "mcabber"):
            self.programs[name].enter(self.room)
        for nick in ("pro", "mc", "fi", "di", "pi"):
            self.host.expect(lambda each: each.get("from") == "%s/%s" % (self.room, nick), 40)


@pytest.fixture(scope="module")
def everyone(server, found_at, output):
    with contextlib.ExitStack() as closing:
        yield Everyone(server, found_at, closing, output)


NAMES = ("profanity", "mcabber", "finch", "dino", "pidgin")


@pytest.mark.parametrize("name", NAMES)
def test_what_one_types_in_a_room_is_read_in_each_other(everyone, name):
    text = "said in the room with " + name
    everyone.programs[name].look_into(everyone.room)
    everyone.programs[name].type(text)
    for other, program in everyone.programs.items():
        program.look_into(everyone.room)
        program.wait_for(text)


@pytest.mark.parametrize("name", [each for each in NAMES if each != "finch"])
def test_what_one_types_to_a_person_is_read_there(everyone, name):
    """finch opens no conversation but one that it was spoken to in: it answers everybody."""
    program = everyone.programs[name]
    for other in NAMES:
        if other != name:
            text = "from %s to %s" % (name, other)
            program.tell(everyone.jids[other], text)
            everyone.programs[other].look(everyone.jids[name])
            everyone.programs[other].wait_for(text)
    everyone.programs["finch"].look(everyone.jids[name])
    everyone.programs["finch"].type("finch answers " + name)
    program.look(everyone.jids["finch"])
    program.wait_for("finch answers " + name)
