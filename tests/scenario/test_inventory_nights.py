"""What the server does with its inventory by itself, in the course of days: under a clock that begins just before midnight, and under
one that runs four hours a second."""

import contextlib
import datetime
import sqlite3

import pytest

from lib.client import Account, Client
from lib.clock import at, day, midnight, noon
from lib.record import eventually
from lib.server import PASSWORD_MARK

pytestmark = pytest.mark.recorder_runs("days come whether anybody sends or not")


def again(server, env):
    server.stop()
    server.env = env
    server.start()


def fast(when):
    """Four hours a second."""
    return {**at(when), "FAKETIME": when.strftime("@%Y-%m-%d %H:%M:%S x14400")}


def member(server, name):
    account = Account(name + "@example.org", PASSWORD_MARK + name)
    server.import_csv("%s,%s,%s,,,,\n" % (account.jid, account.password, name.title()))
    return account


def was_there(server, account):
    Client(server, account).online(resource="desk").end()
    eventually(lambda: known(server, account), 20)


def known(server, account):
    return server.json("clients", "show", account.jid)["clients"]


def history(server):
    return server.json("clients", "posture", "--days", "1000")["history"]


def taken(server):
    return [moment["taken"][:10] for moment in history(server)]


def test_at_midnight_it_is_written_down_how_many_are_up_to_date(launch):
    server = launch("nights", env=at(noon(-11)))
    was_there(server, member(server, "anna"))
    again(server, at(midnight(-10) - datetime.timedelta(seconds=12)))
    eventually(lambda: taken(server) == [str(day(-11)), str(day(-10))], 60)  # with the first rules, and then
    last = history(server)[-1]
    assert last["taken"].startswith("%sT00:00:0" % day(-10)), last
    assert (last["seen"], last["above"]) == (1, 1)
    assert [each["product"] for each in last["products"]] == [""]
    # a day on which it did not run is not made up for; the day on which it comes back is written down once
    for _ in range(2):
        again(server, at(noon(-7)))
        eventually(lambda: len(history(server)) == 3, 20)
    assert taken(server)[-1] == str(day(-7)) and history(server)[-1]["seen"] == 0  # nobody within a day


def test_each_night_and_who_was_not_seen_for_long_is_forgotten(launch):
    server = launch("many-nights", {"clients": {"keep_days": 5}}, env=at(noon(-40)))
    anna, berta = member(server, "anna"), member(server, "berta")
    was_there(server, anna)
    again(server, at(noon(-37)))
    was_there(server, berta)
    again(server, fast(noon(-37)))
    eventually(lambda: not known(server, anna), 60)
    assert known(server, berta), "two days and a half too early"
    eventually(lambda: not known(server, berta), 60)
    eventually(lambda: len(taken(server)) >= 7, 60)
    server.stop()
    days = taken_in_store(server)
    assert len(set(days)) == len(days)  # one each day
    first = datetime.date.fromisoformat(days[1])
    assert days[1:] == [str(first + datetime.timedelta(days=n)) for n in range(len(days) - 1)], days
    with contextlib.closing(sqlite3.connect(server.dir / "store/gatehouse.db")) as db:
        assert db.execute("SELECT count(*) FROM device").fetchone() == (0,)


def taken_in_store(server):
    with contextlib.closing(sqlite3.connect(server.dir / "store/gatehouse.db")) as db:
        return [str(datetime.datetime.fromtimestamp(us / 1e6, datetime.timezone.utc).date())
                for us, in db.execute("SELECT DISTINCT taken_us FROM posture ORDER BY 1")]
