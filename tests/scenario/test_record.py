"""The record: what people said and what happened is in it, once, and the verifier, which shares no code with the
server, agrees. Damage is in tests/tamper and tests/crash."""

import json
import os
import re
import signal
import subprocess

import pytest

from lib import names, record
from lib.client import Refused
from lib.record import eventually
from lib.server import PASSWORD_MARK
from lib.stanza import message, message_to, body, stanza_id, words


@pytest.fixture(scope="module")
def server(launch):
    def prepare(server):
        outside = server.parent / "outside"
        outside.mkdir()
        outside.chmod(0o777)  # the recorder's user writes there
        server.outside = outside / "checkpoints"
        server.configure({"record": {"segment_bytes": 131072, "checkpoint_file": str(server.outside)}})

    return launch("record", prepare=prepare)


def lines_with(server, text):
    return [line.decode() for line in record.lines(server.dir / "record") if text.encode() in line]


def refers(event, entry):
    """Whether an event names the entry, by its id or by its number."""
    def values(thing):
        if isinstance(thing, dict):
            for key, value in thing.items():
                if key not in ("seq", "size", "v"):
                    yield from values(value)
        elif isinstance(thing, list):
            for value in thing:
                yield from values(value)
        else:
            yield thing
    return event["seq"] != entry["seq"] and bool({entry["seq"], entry["id"]} & set(values(event)))


def events_of(server, entry, word):
    """The events of a kind whose name holds the word, about that entry."""
    return [event for event in record.entries(server.dir / "record")
            if word in event["type"] and refers(event, entry)]


def test_a_message_is_in_the_record_once_before_it_is_at_the_recipient(folk, server):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare, "Grüße & <Küsse> \"x\" \\ \U0001f600")
    got = bob.expect(message(body=said.body))
    mark = said.body.split()[-1]
    line, = lines_with(server, mark)
    entry = json.loads(line)
    text = json.dumps(entry, ensure_ascii=False)
    assert "\U0001f600" in text and stanza_id(got, bob.bare) in text
    assert alice.bare in text and bob.bare in text


def test_delivered_and_offline_are_events_of_the_entry(folk, server):
    alice, bob = folk.online(2)
    account = folk.account()
    bob.sm_enable()
    here, away = alice.say(bob.bare), alice.say(account.jid)
    bob.expect(message(body=here.body))
    bob.acknowledge()
    alice.settle(bob)
    here, away = [json.loads(lines_with(server, each.body.split()[-1])[0]) for each in (here, away)]
    eventually(lambda: events_of(server, here, "deliver"))
    eventually(lambda: events_of(server, away, "offline"))
    assert not events_of(server, here, "offline")
    client = folk.client(account).online()
    assert stanza_id(client.expect(message(has=("delay", names.DELAY))), account.jid) == away["id"]
    eventually(lambda: events_of(server, away, "fetched"))
    assert not events_of(server, away, "deliver")


def test_every_kind_of_content_is_recorded(folk, server):
    alice, bob = folk.friends(2)
    texts = [words("kind %d" % number) for number in range(8)]
    for text, stanza in zip(texts, [
            message_to(bob.bare, body(texts[0])), message_to(bob.bare, body(texts[1]), type=None),
            message_to(bob.bare, body(texts[2]), type="headline"),
            message_to(bob.bare, "<subject>%s</subject>" % texts[3]),
            message_to(bob.bare, "<x xmlns='urn:example:x'>%s</x>" % texts[4]),
            "<iq type='set' id='i' to='%s'><q xmlns='urn:example:q'>%s</q></iq>" % (bob.jid, texts[5]),
            "<presence><status>%s</status></presence>" % texts[6],
            "<presence to='%s'><status>%s</status></presence>" % (bob.jid, texts[7])]):
        alice.send(stanza)
    bob.settle(alice)
    for text in texts:
        assert len(lines_with(server, text.split()[-1])) == 1, text


def test_what_was_refused_before_policy_saw_it_is_counted_in_the_record(folk, server):
    alice, = folk.online(1)
    alice.send("<message to='a@b@c' type='chat' id='bad'><body>privy-nowhere</body></message>")
    alice.expect(message(id="bad", type="error"))
    eventually(lambda: [each for each in record.entries(server.dir / "record") if each["type"] == "refused"
                        and each["from"] == alice.jid and each["reason"] == "jid-malformed" and each["count"] >= 1])


def test_signals_leave_no_entry(folk, server):
    alice, bob = folk.online(2)
    alice.send(message_to(bob.jid, "<composing xmlns='http://jabber.org/protocol/chatstates'/>", id="signal-without-entry"))
    bob.expect(message(id="signal-without-entry"))
    bob.settle(alice)
    assert not lines_with(server, "signal-without-entry")


def test_logins_failures_and_sessions_are_recorded(folk, server):
    def count(word):
        return len([line for line in record.lines(server.dir / "record") if word in line.lower()])
    logins, failures = count(b"login"), count(b"fail")
    account = folk.account()
    client = folk.client(account).connect()
    client.start()
    with pytest.raises(Refused):
        client.authenticate(password=PASSWORD_MARK + "wrong")
    client.authenticate()
    client.start()
    client.bind()
    client.end()
    eventually(lambda: count(b"login") > logins)
    eventually(lambda: count(b"fail") > failures)


def test_acts_of_the_administrator_are_recorded_and_so_is_reading_the_record(folk, server):
    account = folk.account()
    assert server.run("user", "disable", account.jid, "--reason", "for a test").returncode == 0
    eventually(lambda: [each for each in record.entries(server.dir / "record") if each["type"] == "admin" and
                        (each["command"], each["target"], each["text"], each["uid"]) == (
                            "user.disable", account.jid, "for a test", os.getuid())])
    for command in ("tail", "show", "verify"):
        before = max(each["seq"] for each in record.entries(server.dir / "record"))
        assert server.run("record", command, "--json").returncode == 0
        assert [each for each in record.entries(server.dir / "record") if each["seq"] > before and each.get("uid") == os.getuid()
                and (each["type"], each["command"]) == ("access", command)], command


def test_stopping_and_reloading_are_recorded_before_they_are_done(launch):
    server = launch("acts")
    assert server.run("reload").returncode == 0
    assert server.run("stop").returncode == 0
    server.process.wait(20)
    server.process = None
    types = [(each["type"], each.get("command")) for each in record.entries(server.dir / "record")]
    assert types.index(("admin", "reload")) < types.index(("admin", "stop")) < types.index(("stop", None))


def test_sealing_by_command_ends_the_segment_and_the_record_says_who_wanted_it(folk, server):
    alice, bob = folk.online(2)
    assert server.run("record", "seal").returncode == 0  # this one does not fill up by itself
    said = alice.say(bob.bare)
    bob.settle(alice)
    done = server.run("record", "seal", "--json")
    assert done.returncode == 0, done.stderr
    name = json.loads(done.stdout)["segment"]
    sealed = server.dir / "record" / (name + ".jsonl.gz")
    eventually(sealed.exists)
    eventually(lambda: not (server.dir / "record" / (name + ".jsonl")).exists())
    lines = [json.loads(line) for line in record.lines_of(sealed)]
    act, batch = lines[-2:]
    assert (act["type"], act["command"], act["target"], act["uid"], batch["type"]) == (
        "admin", "record.seal", name, os.getuid(), "batch")
    assert sealed.stat().st_mode & 0o777 == 0o400
    assert [line for line in lines if said.body.split()[-1] in line.get("stanza", "")]
    again = alice.say(bob.bare)
    bob.expect(message(body=again.body))
    record.verify(server, "--checkpoint", server.outside)
    second = json.loads(server.run("record", "seal", "--json").stdout)["segment"]
    assert int(second) == int(name) + 1
    record.verify(server, "--checkpoint", server.outside)


def test_a_server_whose_recorder_hangs_can_be_reloaded(launch):
    server = launch("acts-hanging")
    recorder = server.pid("recorder")
    os.kill(recorder, signal.SIGSTOP)
    try:
        assert server.run("reload", timeout=30).returncode == 0
    finally:
        os.kill(recorder, signal.SIGCONT)
    assert "the record does not say yet who asked to reload" in server.log.read_text()
    eventually(lambda: [each for each in record.entries(server.dir / "record") if each.get("command") == "reload"])


@pytest.mark.parametrize("option", ["--from=2026-13-01", "--to=yesterday", "--type=contents", "--action=forbid", "--seq=x",
                                    "--limit=-1"])
def test_a_filter_that_can_match_nothing_is_refused(server, option):
    done = server.run("record", "show", option)
    assert done.returncode == 2 and not done.stdout and option.split("=")[1] in done.stderr
    assert json.loads(server.run("record", "show", option, "--json").stdout)["error"]["code"] == "usage"


def test_times_of_a_filter_are_exact_to_the_second(server):
    entry = list(record.entries(server.dir / "record"))[-1]
    second = entry["t"][:19] + "Z"
    shown = server.run("record", "show", "--json", "--seq", entry["seq"], "--from", second)
    assert json.loads(shown.stdout)["seq"] == entry["seq"]
    assert server.run("record", "show", "--json", "--seq", entry["seq"], "--to", second).returncode == 1


def test_a_file_without_a_checkpoint_proves_nothing(server):
    other = server.parent / "no-checkpoint"
    other.write_text("nothing of the kind\n")
    done = server.run("record", "verify", "--checkpoint", other)
    assert done.returncode == 2 and "no checkpoint" in done.stderr and "whole" not in done.stdout
    assert server.run("record", "verify", "--checkpoint", server.outside).returncode == 0


def test_no_password_is_in_the_record(folk, server):
    folk.online(1)
    server.run("user", "password", folk.account().jid, "--password-stdin", input=PASSWORD_MARK + "another\n")
    assert not lines_with(server, PASSWORD_MARK)


def test_entries_are_numbered_without_a_gap_over_all_segments(folk, server):
    alice, bob = folk.online(2)
    for number in range(200):
        alice.say(bob.bare, "number %d %s" % (number, "x" * 500))
    bob.settle(alice)
    entries = record.entries(server.dir / "record")
    assert len(record.segments(server.dir / "record")) > 1
    numbers = [entry["seq"] for entry in entries]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) and numbers[0] in (0, 1)


def test_the_verifier_agrees_with_the_living_and_with_the_stopped_record(folk, server):
    alice, bob = folk.online(2)
    alice.say(bob.bare)
    bob.settle(alice)
    record.verify(server)
    assert server.run("record", "verify").returncode == 0
    server.restart()
    record.verify(server, "--checkpoint", server.outside)
    assert server.run("record", "verify").returncode == 0


def test_the_record_goes_on_after_a_restart(folk, server):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare)
    bob.settle(alice)
    accounts = alice.account, bob.account
    server.restart()
    alice, bob = [folk.client(account).online() for account in accounts]
    again = alice.say(bob.bare)
    bob.settle(alice)
    for each in (said, again):
        assert len(lines_with(server, each.body.split()[-1])) == 1
    record.verify(server)


def test_without_an_outside_checkpoint_the_verifier_says_what_is_not_proved(server):
    done = record.verify(server)
    with_one = record.verify(server, "--checkpoint", server.outside)
    assert re.search(r"not prove|without|outside", done.stdout + done.stderr)
    assert done.stdout != with_one.stdout


@pytest.mark.parametrize("damage,kind", [
    ("an edited line", "edited"), ("a missing line", "missing"), ("an added line", "added"),
    ("two lines exchanged", "swapped"), ("a missing segment", "missing")])
def test_the_verifier_names_the_damage(folk, server, tmp_path, damage, kind):
    alice, bob = folk.online(2)
    for number in range(150):
        alice.say(bob.bare, "number %d %s" % (number, "x" * 500))
    bob.settle(alice)
    copy = record.copy(server, tmp_path / "record")
    segment = max(record.segments(copy)[:-1], key=lambda path: len(record.lines_of(path)))
    lines = record.lines_of(segment)
    at = next(n for n, line in enumerate(lines) if n > len(lines) // 2 and b"privy-" in line)
    if damage == "an edited line":
        lines[at] = lines[at].replace(b"privy-", b"privx-", 1)
    elif damage == "a missing line":
        del lines[at]
    elif damage == "an added line":
        lines.insert(at, lines[at].replace(b"privy-", b"privx-", 1))
    elif damage == "two lines exchanged":
        lines[at], lines[at + 1] = lines[at + 1], lines[at]
    if damage == "a missing segment":
        segment.unlink()
    else:
        record.replace(segment, b"".join(lines))
    found = record.damage(server, copy)
    assert kind in [each["kind"] for each in found], found
    if damage != "a missing segment":
        assert [each for each in found if each["segment"] == segment.name and abs(each["line"] - at - 1) <= 1], found


def test_a_cut_end_is_found_with_the_outside_checkpoint(folk, server, tmp_path):
    alice, bob = folk.online(2)
    alice.say(bob.bare)
    bob.settle(alice)
    server.restart()  # a checkpoint is signed at the stop
    checkpoint = tmp_path / "checkpoint"
    checkpoint.write_bytes(server.outside.read_bytes())
    copy = record.copy(server, tmp_path / "record")
    for path in copy.rglob("*"):
        if path.is_file() and path not in record.segments(copy):
            path.unlink()
    for segment in record.segments(copy)[::-1]:  # the newest holds little more than its start
        lines = record.lines_of(segment)
        if len(lines) > 12:
            record.replace(segment, b"".join(lines[:-6]))
            break
        segment.unlink()
    found = record.damage(server, copy, "--checkpoint", checkpoint)
    assert "truncated" in [each["kind"] for each in found], found


def test_a_verifier_with_the_wrong_key_says_so(server, main_server):
    done = subprocess.run(["/usr/bin/python3", str(record.VERIFIER), str(server.dir / "record"), "--key",
                           str(main_server.dir / "keys/record.pub")], capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr


def test_the_record_is_shown_to_members_as_json_lines(folk, server):
    alice, bob = folk.online(2)
    said = alice.say(bob.bare)
    bob.settle(alice)
    done = server.run("record", "tail", "--json")
    assert done.returncode == 0
    assert [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    shown = server.run("record", "show", "--json")
    assert shown.returncode == 0 and said.body.split()[-1] in shown.stdout
