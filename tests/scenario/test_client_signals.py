"""What the server sees of the programs people use, before and beside what they say."""

import importlib.util
import pathlib

import pytest

from lib.tap import Tap

PLACE = pathlib.Path(__file__).parents[1] / "unit" / "client" / "check_ja4.py"
SPEC = importlib.util.spec_from_file_location("check_ja4", PLACE)
check_ja4 = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(check_ja4)


@pytest.fixture
def tap(server, request):
    tap = Tap(server.port if "starttls" in request.node.name else server.direct_port)
    yield tap
    tap.close()


def session_of(server, client):
    session, = [each for each in server.sessions() if each["jid"] == client.jid]
    return session


@pytest.mark.parametrize("how", ["direct", "starttls"])
def test_the_fingerprint_of_the_client_hello_is_known_of_a_session(folk, server, tap, how):
    client = tap.plug(folk.client(folk.account())).login(how=how)
    expected = check_ja4.ja4(tap.client_hello())
    assert session_of(server, client)["ja4"] == expected
    assert expected.startswith("t13d") and expected[8:10] == ("xt" if how == "direct" else "00")


def test_another_setting_of_the_same_library_is_another_fingerprint(folk, server, tap):
    client = tap.plug(folk.client(folk.account())).login(connect={"only": "1.2"})
    ordinary, = folk.login(1)
    ja4 = session_of(server, client)["ja4"]
    assert ja4 == check_ja4.ja4(tap.client_hello()) and ja4.startswith("t12d")
    assert ja4 != session_of(server, ordinary)["ja4"]


def test_without_tls_there_is_none(folk, server):
    client, = folk.login(1, how="plain")
    assert session_of(server, client)["ja4"] == ""
