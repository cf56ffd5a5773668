"""Mails through the courier to a real mail server, and what becomes of them when that says no, nothing, or too little."""

import os
import pathlib
import secrets
import signal
import subprocess
import time

import pytest

from lib import mail
from lib.record import entries, eventually
from lib.server import PASSWORD_MARK, free_port


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return mail.Certificate(tmp_path_factory.mktemp("mail"))


def settings(port, **more):
    found = {"server": "localhost", "port": port, "from": "Gatehouse B\u00fcro <it@example.org>", "retry_seconds": 1,
             "timeout_seconds": 5, "rate_per_minute": 6000, "tls": "required", "user": "", "password_file": "", **more}
    return {"mail": {key: value for key, value in found.items() if value is not None}}


@pytest.fixture(scope="module")
def sink(certificate):
    sink = mail.Sink(certificate.context())
    yield sink
    sink.stop()


@pytest.fixture(scope="module")
def server(launch, sink, certificate):
    return launch("courier", settings(sink.port, ca_file=str(certificate.crt)))


@pytest.fixture
def post(server, sink):
    """post(address): queues a test mail; what is there of it, as `mail list` has it."""
    def queue(address=None, **more):
        address = address or "a%s@example.net" % secrets.token_hex(6)
        done = server.run("mail", "test", address, **more)
        assert done.returncode == 0, done.stderr
        return address
    return queue


def listed(server, address):
    return [each for each in server.json("mail", "list", "--limit", "1000")["mails"] if each["address"] == address]


def wait_state(server, address, state, seconds=20, error=""):
    end = time.monotonic() + seconds
    while True:
        row, = listed(server, address)
        if row["state"] == state and error in row["error"]:
            return row
        assert time.monotonic() < end, (row, server.tail())
        time.sleep(0.05)


def wait_mail(sink, address):
    eventually(lambda: sink.to(address), seconds=20)
    return sink.to(address)[0]


def mail_lines(server, address):
    return [each for each in entries(server.dir / "record") if each["type"] == "mail" and each["target"] == address]


def use(server, port, **more):
    """From now on that mail server."""
    server.configure(settings(port, **more))
    done = server.run("reload")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def other(server, sink, certificate):
    """other(port, ..): another mail server for this test."""
    yield lambda port, **more: use(server, port, **{"ca_file": str(certificate.crt), **more})
    use(server, sink.port, ca_file=str(certificate.crt))
    server.run("mail", "drop", "--all")


def test_a_mail_goes_out_over_tls_and_stands_in_the_record(server, sink, post):
    address = post()
    got = wait_mail(sink, address)
    assert got.tls and got.sender == "it@example.org" and got.recipients == [address]
    assert got.message["From"] == "Gatehouse B\u00fcro <it@example.org>" and got.message["To"] == address
    assert got.message["Auto-Submitted"] == "auto-generated" and got.message["Date"].datetime.tzinfo
    assert got.message.get_content_type() == "text/plain" and got.message.get_content_charset() == "utf-8"
    assert "gatehouse mail test" in got.text
    row = wait_state(server, address, "sent")
    assert got.message["Message-ID"] == "<%s@example.org>" % row["id"]
    line, = mail_lines(server, address)
    assert line["id"] == row["id"] and line["command"] == "test" and line["ok"] is True and line["seq"]
    assert "gatehouse mail test" not in str(line)
    shown = server.json("mail", "show", row["id"])["mail"]
    assert shown["body"] == "" and shown["subject"]


def test_status_and_metrics_count_them(server, sink, post):
    wait_state(server, post(), "sent")
    found = server.status()["mail"]
    assert found["courier"] == "up" and "seccomp" in found["confinement"] and found["tries"]["sent"] >= 1
    eventually(lambda: server.status()["mail"]["mails"]["sent"] == len(
        [each for each in server.json("mail", "list", "--limit", "1000")["mails"] if each["state"] == "sent"]))


def test_try_later_is_tried_later_with_the_same_message_id(server, sink, post):
    sink.say_rcpt[:] = ["451 4.7.1 greylisted, come back", "451 4.7.1 greylisted, come back"]
    address = post()
    row = wait_state(server, address, "queued", error="451 4.7.1 greylisted")
    assert row["tries"] >= 1 and not sink.to(address) and not mail_lines(server, address)
    row = wait_state(server, address, "sent")
    assert row["tries"] == 3
    got, = sink.to(address)
    assert got.message["Message-ID"] == "<%s@example.org>" % row["id"]
    assert len(mail_lines(server, address)) == 1


@pytest.mark.parametrize("where", ["say_rcpt", "say_data"])
def test_a_refusal_for_good_is_final_and_says_why(server, sink, post, where):
    getattr(sink, where)[:] = ["550 5.1.1 no such person here"]
    address = post()
    row = wait_state(server, address, "failed")
    assert "550 5.1.1 no such person here" in row["error"] and row["tries"] == 1
    line, = mail_lines(server, address)
    assert line["ok"] is False and "550" in line["reason"]
    time.sleep(1.5)
    assert listed(server, address)[0]["state"] == "failed" and not sink.to(address)
    assert server.run("mail", "retry", row["id"]).returncode == 0
    wait_mail(sink, address)
    wait_state(server, address, "sent")


def test_many_go_and_each_once(server, sink, post):
    addresses = [post() for _ in range(12)]
    for address in addresses:
        wait_state(server, address, "sent")
        assert len(sink.to(address)) == 1


@pytest.mark.parametrize("misbehave, says", [
    (mail.closes, ""), (mail.hangs, "imed out"), (mail.greets_with_554, "554 no mail from you")])
def test_a_mail_server_that_does_not_work_costs_nothing_but_time(server, sink, post, other, certificate, misbehave, says):
    bad = mail.Raw(misbehave)
    other(bad.port, tls="never", timeout_seconds=2)
    address = post()
    row = wait_state(server, address, "queued", error=says)
    eventually(lambda: listed(server, address)[0]["tries"] >= 1, seconds=15)
    bad.stop()
    use(server, sink.port, ca_file=str(certificate.crt))
    retried = server.run("mail", "retry", row["id"]).returncode == 0
    wait_state(server, address, "sent")
    assert retried or listed(server, address)[0]["tries"] >= 2  # its time may have come by itself
    assert len(sink.to(address)) == 1


def test_nobody_there(server, post, other):
    other(free_port(), tls="never")
    address = post()
    wait_state(server, address, "queued", error="onnect")


def test_what_was_taken_without_a_word_is_sent_again_as_the_same_mail(server, sink, post, other, certificate):
    bad = mail.Raw(mail.dies_behind_the_text)
    other(bad.port, tls="never", retry_seconds=60)
    address = post()
    eventually(lambda: listed(server, address)[0]["tries"] == 1, seconds=15)
    assert listed(server, address)[0]["state"] == "queued" and bad.seen
    bad.stop()
    use(server, sink.port, ca_file=str(certificate.crt))
    row, = listed(server, address)
    assert server.run("mail", "retry", "--all").returncode == 0
    assert wait_mail(sink, address).message["Message-ID"] == "<%s@example.org>" % row["id"]


def test_without_starttls_nothing_is_sent_and_it_is_said(server, post, other):
    plain = mail.Sink()
    other(plain.port)
    address = post()
    row = wait_state(server, address, "queued", error="does not offer STARTTLS")
    assert not plain.mails and row["tries"] >= 1
    plain.stop()


def test_a_certificate_of_somebody_else_is_not_believed(server, sink, post, other, tmp_path):
    stranger = mail.Certificate(tmp_path)
    other(sink.port, ca_file=str(stranger.crt))
    address = post()
    wait_state(server, address, "queued", error="certificate")
    assert not sink.to(address)


def test_a_certificate_for_another_name_is_not_believed(server, post, other, tmp_path):
    wrong = mail.Certificate(tmp_path, "DNS:mx.example.net")
    liar = mail.Sink(wrong.context())
    other(liar.port, ca_file=str(wrong.crt))
    address = post()
    wait_state(server, address, "queued", error="localhost")
    assert not liar.mails
    liar.stop()


def test_direct_tls(server, post, other, certificate):
    direct = mail.Sink(certificate.context(), direct=True)
    other(direct.port, tls="direct")
    assert wait_mail(direct, post()).tls
    direct.stop()


def test_in_the_clear_on_this_machine(server, post, other):
    plain = mail.Sink()
    other(plain.port, tls="never")
    assert not wait_mail(plain, post()).tls
    plain.stop()


def test_a_slow_server_is_waited_for(server, post, other, certificate):
    slow = mail.Sink(certificate.context())
    slow.slow = 0.6
    other(slow.port, timeout_seconds=20)
    wait_mail(slow, post())
    slow.stop()


@pytest.fixture
def password(server):
    """password(text): in a file that only its owner reads; its path."""
    def write(text, mode=0o600):
        path = server.parent / "mail.password"
        path.write_text(text + "\n")
        path.chmod(mode)
        return str(path)
    return write


def test_it_logs_in_and_the_password_shows_nowhere(server, post, other, certificate, password):
    secret = PASSWORD_MARK + secrets.token_hex(8)
    asking = mail.Sink(certificate.context(), password=secret)
    path = password(secret)
    other(asking.port, user="gatehouse", password_file=path)
    address = post()
    assert wait_mail(asking, address).user == "gatehouse"
    wait_state(server, address, "sent")
    pid = server.status()["courier_pid"]
    for place in ("cmdline", "environ"):
        assert secret.encode() not in pathlib.Path("/proc/%d/%s" % (pid, place)).read_bytes()
    assert secret not in server.log.read_text() and secret not in server.run("config", "show").stdout
    assert secret not in server.run("mail", "list", "--json").stdout
    assert server.run("reload").returncode == 0  # nothing about mail has changed
    assert server.status()["courier_pid"] == pid and pathlib.Path("/proc/%d" % pid).exists()
    pathlib.Path(path).write_text("wrong\n")
    assert server.run("reload").returncode == 0
    eventually(lambda: server.status()["courier_pid"] not in (0, pid))
    address = post()
    wait_state(server, address, "queued", error="refuses mail.user")
    asking.stop()


@pytest.mark.parametrize("change, says", [
    ({"password_file": "open"}, "only its owner"), ({"password_file": "empty"}, "in one line"),
    ({"password_file": None}, "mail.password_file"), ({"server": "mx example"}, "mail.server"),
    ({"from": "it@exa mple"}, "mail.from"), ({"from": None}, "mail.from"),
    ({"from": "it@example.org\r\nBcc: x@example.net"}, "mail.from"), ({"to_admins": ["nobody"]}, "mail.to_admins"),
    ({"tls": "never", "server": "192.0.2.7"}, "mail.in_the_clear"), ({"ca_file": "/etc/hosts"}, "no certificate"),
    ({"tls": "sometimes"}, "mail.tls")])
def test_bad_settings_are_refused_and_the_old_stay(server, sink, post, password, certificate, change, says):
    before = server.yaml.read_text()
    more = {"ca_file": str(certificate.crt), **change}
    if "password_file" in change:
        more["user"] = "gatehouse"
        kind = change["password_file"]
        more["password_file"] = kind and password("" if kind == "empty" else "x", 0o644 if kind == "open" else 0o600)
    try:
        server.configure({**settings(sink.port, **more)})
        if "from" in change and change["from"] is None or "password_file" in change and not change["password_file"]:
            text = [line for line in server.yaml.read_text().splitlines()
                    if not line.strip().startswith(("from:",) if "from" in change else ("password_file:",))]
            server.yaml.write_text("\n".join(text) + "\n")
        done = server.run("reload")
        assert done.returncode and says in done.stderr, done.stderr
    finally:
        server.yaml.write_text(before)
    wait_mail(sink, post())


def test_addresses_that_are_none_are_refused(server):
    for address in ("nobody", "a@b\r\nRCPT TO:<x@example.net>", "d\u00f6ra@example.net", "a@[127.0.0.1]", "a b@example.net"):
        done = server.run("mail", "test", address)
        assert done.returncode and "no mail address" in done.stderr


def test_international_domains_are_written_as_mail_servers_know_them(server, sink):
    assert server.run("mail", "test", "dora@b\u00fccher.example").returncode == 0
    assert wait_mail(sink, "dora@xn--bcher-kva.example")


def test_drop(server, sink, post, other):
    other(free_port(), tls="never", retry_seconds=60)
    address = post()
    row = wait_state(server, address, "queued")
    assert server.run("mail", "drop", row["id"]).returncode == 0
    assert wait_state(server, address, "dropped")
    assert server.run("mail", "drop", row["id"]).returncode
    assert server.run("mail", "retry", row["id"]).returncode
    assert server.run("mail", "show", "nothing").returncode and server.run("mail", "retry").returncode == 2
    acts = [each for each in entries(server.dir / "record") if each.get("command") == "mail.drop"]
    assert acts and acts[-2 if acts[-1].get("ok") is False else -1]["target"] == row["id"]


def test_a_restart_between_queue_and_send_loses_nothing(server, sink, post, other, certificate):
    other(free_port(), tls="never", retry_seconds=3600)
    addresses = [post() for _ in range(3)]
    for address in addresses:
        eventually(lambda: listed(server, address)[0]["tries"] == 1, seconds=15)
    gate = server.pid("gate")
    os.kill(gate, signal.SIGKILL)
    eventually(lambda: server.pid("gate") not in (0, gate), seconds=20)
    server.wait_ready()
    server.configure(settings(sink.port, ca_file=str(certificate.crt)))
    server.stop()
    server.start()
    assert server.run("mail", "retry", "--all").returncode == 0
    for address in addresses:
        wait_state(server, address, "sent")
        assert len(sink.to(address)) == 1 and len(mail_lines(server, address)) == 1


def test_a_courier_that_is_killed_while_it_sends_is_replaced_and_nothing_is_lost(server, sink, post):
    sink.slow = 1
    address = post()
    begun = sink.connections
    eventually(lambda: sink.connections > begun or sink.to(address), seconds=15)
    pid = server.status()["courier_pid"]
    os.kill(pid, signal.SIGKILL)
    sink.slow = 0
    row = wait_state(server, address, "sent")
    eventually(lambda: server.status()["courier_pid"] not in (0, pid), seconds=15)
    ids = {each.message["Message-ID"] for each in sink.to(address)}
    assert ids == {"<%s@example.org>" % row["id"]} and len(mail_lines(server, address)) == 1


def test_a_gate_that_is_killed_while_mails_are_under_way_goes_on(server, sink, post):
    sink.slow = 0.5
    addresses = [post() for _ in range(4)]
    gate = server.pid("gate")
    os.kill(gate, signal.SIGKILL)
    sink.slow = 0
    eventually(lambda: server.run("status").returncode == 0 and server.pid("gate") not in (0, gate), seconds=20)
    server.wait_ready()
    for address in addresses:
        row = wait_state(server, address, "sent")
        assert {each.message["Message-ID"] for each in sink.to(address)} == {"<%s@example.org>" % row["id"]}


def test_nothing_goes_out_that_cannot_be_recorded(server, sink, post):
    recorder = server.pid("recorder")
    address = post()
    wait_state(server, address, "sent")
    os.kill(recorder, signal.SIGSTOP)
    try:
        asks = subprocess.Popen([*map(str, ["timeout", "20", os.environ["GATEHOUSE_BIN"] if "GATEHOUSE_BIN" in os.environ else
                                 "gatehouse", "mail", "test", "late@example.net", "--dir", server.dir])],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1.5)
        assert not sink.to("late@example.net")
    finally:
        os.kill(recorder, signal.SIGCONT)
    asks.wait(25)
    wait_state(server, "late@example.net", "sent")


def test_a_bad_frame_ends_the_courier(server, sink, post):
    """What the gate sends is judged; see the unit tests for what is malformed. Here: whoever holds the other end dies."""
    pid = server.status()["courier_pid"]
    os.kill(pid, signal.SIGTERM)
    eventually(lambda: server.status()["courier_pid"] not in (0, pid), seconds=15)
    wait_mail(sink, post())
