"""Figures for monitoring: what is documented is what is given, and it counts."""

import os
import re
import signal
import socket
import time

import pytest

from lib import archive, component, record
from lib.client import Account
from lib.folk import Folk
from lib.rooms import join
from lib.server import free_port, PASSWORD_MARK, ROOT, Server
from lib.stanza import body, message, message_to, words

SAMPLE = re.compile(r'(\w+)(?:\{(\w+)="([^"]*)"\})? (-?[0-9.]+)')


@pytest.fixture(scope="module")
def server(launch):
    port = free_port()
    server = launch("metrics", {"metrics": {"listen": ["127.0.0.1:%d" % port]}})
    server.metrics_port = port
    return server


def talk(server, request, timeout=10):
    """The whole answer to those bytes."""
    with socket.create_connection(("127.0.0.1", server.metrics_port), timeout) as line:
        line.sendall(request)
        parts = []
        while True:
            part = line.recv(65536)
            if not part:
                return b"".join(parts)
            parts.append(part)


def scrape(server, version=b"1.1"):
    """{(name, label value or None): number}, {name: (type, help)}"""
    head, text = talk(server, b"GET /metrics HTTP/" + version + b"\r\nHost: localhost\r\n\r\n").split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200 OK") and b"text/plain; version=0.0.4" in head
    assert b"Content-Length: %d\r\n" % len(text) in head
    found, about, help = {}, {}, {}
    for line in text.decode().splitlines():
        if line.startswith("# HELP "):
            name, help[name] = line[7:].split(" ", 1)
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            about[name] = (kind, help[name])
        else:
            name, label, value, number = SAMPLE.fullmatch(line).groups()
            family = name if name in about else re.sub("_(bucket|sum|count)$", "", name)
            assert family in about, "a sample before its TYPE"
            found[name, value] = float(number)
            assert about[family][0] == ("counter" if name.endswith("_total") else "gauge" if name == family else "histogram")
    return found, about


def documented():
    rows = re.findall(r"^\| `(gatehouse_\w+)` \| (\w+) \| [^|]+ \| [^|]*\| (.*) \|$", (ROOT / "docs/metrics.md").read_text(), re.M)
    return {name: (kind, help) for name, kind, help in rows}


def test_what_is_given_is_what_is_documented(server):
    assert scrape(server)[1] == documented()


def test_what_happens_is_counted(server, folk):
    before, _ = scrape(server, b"1.0")
    assert before["gatehouse_up", None] == 1 and before["gatehouse_record_link_up", None] == 1
    alice, bob = folk.online(2)
    said = alice.say(bob.bare, words("good morning"))
    bob.expect(message(body=said.body))
    carol = folk.account()
    alice.send(message_to(carol.jid, body(words("for later"))))
    alice.send(message_to(None, body("x") + "<thread/>", type="chat"))
    alice.send("<presence type='nonsense'/>")
    alice.roundtrip()
    record.eventually(lambda: scrape(server)[0]["gatehouse_offline_kept_total", None]
                      == before["gatehouse_offline_kept_total", None] + 1)
    after, _ = scrape(server)

    def more(name, value=None):
        return after[name, value] - before.get((name, value), 0)
    assert more("gatehouse_sessions") == 2 and more("gatehouse_logins_total", "succeeded") == 2
    assert more("gatehouse_stanzas_received_total", "message") == 3
    assert more("gatehouse_stanzas_received_total", "presence") == 3
    assert more("gatehouse_stanzas_delivered_total", "content") >= 1
    assert more("gatehouse_stanzas_classed_total", "content") >= 2
    assert more("gatehouse_verdicts_total", "allow") + more("gatehouse_verdicts_total", "log") >= 2
    assert more("gatehouse_refusals_total", "bad-request") == 1
    assert more("gatehouse_record_receipts_total") >= 2 and more("gatehouse_archived_total") >= 2
    assert more("gatehouse_record_entries") > 0 and after["gatehouse_record_free_bytes", None] > 0
    for process in ("supervisor", "gate", "recorder", "exporter"):
        assert after["gatehouse_process_resident_bytes", process] > 100000
        assert after["gatehouse_process_cpu_seconds_total", process] >= 0


def test_what_people_say_is_counted_by_way_type_and_group(server, folk, room):
    bob, = folk.online(1)
    account = Account("counted@example.org", PASSWORD_MARK + "counted")
    server.import_csv("%s,%s,Counted,sales;Ämter hier,,,\n" % (account.jid, account.password))
    alice = folk.client(account).online()
    before, _ = scrape(server)
    for each in ({}, {"extra": "<x xmlns='jabber:x:oob'><url>https://example.net/f</url></x>"}):
        said = alice.say(bob.bare, words("good morning"), **each)
        bob.expect(message(body=said.body))
    said = alice.say(bob.bare, "see https://example.net/page")
    bob.expect(message(body=said.body))
    join(alice, room, "alice")
    alice.roundtrip()
    after, _ = scrape(server)

    def more(name, value):
        return after.get((name, value), 0) - before.get((name, value), 0)
    assert [more("gatehouse_said_types_total", each) for each in ("message", "file", "link")] == [1, 1, 1]
    assert more("gatehouse_said_total", "inside") == 3 and more("gatehouse_said_total", "room") == 1
    assert more("gatehouse_said_groups_total", "sales") == more("gatehouse_said_groups_total", "Ämter hier") == 4


HISTOGRAMS = ["gatehouse_store_write_seconds", "gatehouse_store_transaction_seconds", "gatehouse_store_read_seconds",
              "gatehouse_store_search_seconds", "gatehouse_record_receipt_seconds", "gatehouse_clients_wait_seconds"]


@pytest.mark.parametrize("name", HISTOGRAMS)
def test_a_histogram_is_one(server, name):
    found, _ = scrape(server)
    steps = [(float(value), number) for (sample, value), number in found.items() if sample == name + "_bucket"]
    assert len(steps) == 8 and steps == sorted(steps) and steps[-1][0] == float("inf")
    numbers = [number for _, number in steps]
    assert numbers == sorted(numbers) and numbers[-1] == found[name + "_count", None]
    assert found[name + "_sum", None] <= sum(number * 100 for number in numbers)


def test_the_store_is_measured(server, folk):
    before, _ = scrape(server)
    alice, bob = folk.online(2)
    alice.roster_set("carol@example.org", "Carol")
    body_ = alice.say(bob.bare, words("a word for history")).body
    bob.expect(message(body=body_))
    record.eventually(lambda: body_ in archive.history(alice).bodies)
    after = {}

    def nothing_waits():
        after.update(scrape(server)[0])
        return not any(after["gatehouse_store_waiting", kind] for kind in ("write", "read", "search"))
    record.eventually(nothing_waits)

    def more(name):
        return after[name, None] - before[name, None]
    assert more("gatehouse_store_write_seconds_count") >= 2
    assert 1 <= more("gatehouse_store_transaction_seconds_count") <= more("gatehouse_store_write_seconds_count")
    assert more("gatehouse_store_read_seconds_count") >= 4  # a verifier and a roster each
    assert more("gatehouse_store_search_seconds_count") >= 1
    assert more("gatehouse_record_receipt_seconds_count") >= 1
    for name in HISTOGRAMS[:3]:
        assert more(name + "_sum") > 0


def test_bytes_are_counted_by_the_kind_of_stream(launch):
    ports = free_port(), free_port()
    server = launch("metrics-bytes", dict(component.settings(ports[0], ["irc.example.org"]),
                                          metrics={"listen": ["127.0.0.1:%d" % ports[1]]}),
                    prepare=component.prepared("irc.example.org"))
    server.metrics_port = ports[1]
    alice, bob = Folk(server).online(2)
    gateway = component.Component(server, ports[0], "irc.example.org").join()

    def counted():
        found, _ = scrape(server)
        return {(way, kind): found["gatehouse_%s_bytes_total" % way, kind]
                for way in ("received", "sent") for kind in ("client", "component")}

    def during(act, *busy):
        """What has been added; a byte is counted after it has left, so the busy ones are waited for."""
        before = counted()
        act()

        def more():
            return {key: number - before[key] for key, number in counted().items()}
        record.eventually(lambda: all(more()[key] > 3600 for key in busy))
        return more()

    def talk_():
        text = "a long word " * 300
        bob.expect(message(body=alice.say(bob.bare, text).body))
    more = during(talk_, ("received", "client"), ("sent", "client"))
    assert more["received", "component"] < 1000 and more["sent", "component"] < 1000

    def gateway_talks():
        text = "a strange word " * 300
        gateway.send(message_to(bob.bare, body(text), from_="someone@irc.example.org"))
        bob.expect(message(body=text))
    more = during(gateway_talks, ("received", "component"), ("sent", "client"))
    assert more["received", "client"] < 2000 and more["sent", "component"] < 1000


def test_the_figures_are_those_of_the_status(server):
    status = server.status()
    found, _ = scrape(server)
    assert found["gatehouse_accounts", None] == status["accounts"]
    assert found["gatehouse_record_segments", None] == status["record"]["segments"]
    assert found["gatehouse_received_bytes_total", "client"] == status["figures"]["bytes"]["received"]["client"]
    assert found["gatehouse_store_transaction_seconds_count", None] >= status["figures"]["store"]["transaction"]["count"] > 0
    assert found["gatehouse_verdicts_total", "block"] == status["figures"]["verdicts"]["block"]


@pytest.mark.parametrize("request_, answer", [
    (b"GET / HTTP/1.1\r\n\r\n", b"404"), (b"GET /metrics/x HTTP/1.0\r\n\r\n", b"404"),
    (b"POST /metrics HTTP/1.1\r\n\r\n", b"405"), (b"GET /metrics\r\n\r\n", b"400"),
    (b"\0\xff\r\n\r\n", b"400"), (b"GET /metrics HTTP/2.0\r\n\r\n", b"400"),
    (b"GET /metrics HTTP/1.1\r\nX: " + b"y" * 5000 + b"\r\n\r\n", b"431")], ids=["root", "below", "post", "no-version", "bytes", "http2", "long"])
def test_anything_else_is_refused(server, request_, answer):
    try:
        got = talk(server, request_)
    except ConnectionResetError:  # it did not read what was too long
        assert answer == b"431"
        return
    assert got.startswith(b"HTTP/1.1 " + answer) or (answer == b"431" and not got)


def test_only_the_head(server):
    head, text = talk(server, b"HEAD /metrics HTTP/1.1\r\n\r\n").split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200") and text == b""


def test_who_says_nothing_does_not_keep_others_waiting_for_long(server):
    with socket.create_connection(("127.0.0.1", server.metrics_port)):
        begin = time.monotonic()
        assert scrape(server)[0]["gatehouse_up", None] == 1
        assert time.monotonic() - begin < 6


def test_an_exporter_that_dies_is_started_again(server):
    def pid():
        return server.status()["exporter_pid"]
    old = pid()
    os.kill(old, signal.SIGKILL)
    record.eventually(lambda: pid() not in (0, old), 10)
    assert scrape(server)[0]["gatehouse_process_restarts_total", "exporter"] == 1


def test_another_address_than_loopback_is_refused():
    server = Server("metrics-open", {"metrics": {"listen": ["0.0.0.0:9522"]}}).make()
    try:
        done = server.run("serve", timeout=20)
        assert done.returncode != 0 and "metrics.listen" in done.stderr and "loopback" in done.stderr
    finally:
        server.remove()


def test_it_is_off_unless_asked_for(main_server):
    assert main_server.status()["exporter_pid"] == 0
