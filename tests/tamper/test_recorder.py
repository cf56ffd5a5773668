"""The recorder under hard circumstances, driven over its link: restarts, kills, torn tails, damage, a full disk, bad peers.
After each the record verifies, every entry with a receipt is in it once, and numbers have no gap."""

import collections
import gzip
import json
import random
import re
import shutil
import struct
import subprocess
import time

import pytest
import recorder
from test_verifier import verify


def lines(record):
    """Every line, oldest first, as dicts."""
    found = []
    for path in sorted(p for p in record.iterdir() if re.fullmatch(r"\d+\.jsonl(\.gz)?", p.name)):
        if path.suffix != ".gz" and path.with_name(path.name + ".gz").exists():
            continue
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        found += [json.loads(line) for line in data.split(b"\n") if line.strip(b"\0")]
    return found


def check(each, checkpoint=()):
    """The record verifies, numbers follow each other, no entry is there twice. Returns its lines."""
    answer = verify(each.dir, *checkpoint)
    assert answer["ok"], answer["damage"]
    found = lines(each.record)
    assert [line["seq"] for line in found] == list(range(len(found)))
    assert max(collections.Counter(line["src"] for line in found if "src" in line).values(), default=1) == 1
    per = collections.defaultdict(list)
    for line in found:
        if "cseq" in line:
            per[line["conv"]].append(line["cseq"])
    for numbers in per.values():
        assert numbers == list(range(1, len(numbers) + 1))
    return found


def bodies(found):
    return [re.search("<body>(.*)</body>", line["stanza"])[1] for line in found if line["type"] == "content"]


@pytest.fixture
def each(tmp_path):
    each = recorder.Recorder(tmp_path / "data", segment_bytes=1 << 20)
    yield each
    if each.process and each.process.poll() is None:
        each.kill()


def test_what_was_sent_is_there_as_it_was_sent(each):
    each.start()
    link = each.link()
    odd = "\"quoted\" \\ back\tslash\n \u00e4\u20ac\U0001f600 \x7f end"
    link.send(link.content("x", stanza=odd, rules=["first", "se\"cond"], sm="abc", sm_h=7))
    link.send(link.entry("delivered", {"of": [(5, "a@example.org/\u00e4"), (6, "b")]}))
    link.send(link.entry("alarm", {"ok": True, "count": (1 << 53) - 1, "text": ""}))
    link.settle()
    each.stop()
    found = check(each)
    content = next(line for line in found if line["type"] == "content")
    assert content["stanza"] == odd and content["rules"] == ["first", "se\"cond"] and content["sm_h"] == 7
    assert len(content["salt"]) == 22 and content["cseq"] == 1 and content["src"] == each.boot + ".0.1"
    assert next(line for line in found if line["type"] == "delivered")["of"] == [[5, "a@example.org/\u00e4"], [6, "b"]]
    alarm = next(line for line in found if line["type"] == "alarm")
    assert alarm["ok"] is True and alarm["count"] == (1 << 53) - 1 and alarm["text"] == ""
    assert [found[0]["type"], found[1]["type"], found[-2]["type"], found[-1]["type"]] == ["segment", "start", "stop", "batch"]


def test_a_receipt_names_the_line_and_its_time(each):
    each.start()
    link = each.link()
    link.send(b"".join(link.content("n %d" % i) for i in range(50)))
    link.settle()
    each.stop()
    found = check(each)
    for n, (seq, when) in link.receipts.items():
        assert found[seq]["src"] == "%s.0.%d" % (each.boot, n)
        seconds, micro = found[seq]["t"][:-1].split(".")
        assert int(micro) == when % 1000000 and time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(when // 1000000)) == seconds


def test_a_new_recorder_continues_and_the_gate_sends_the_rest_once(each):
    each.start()
    link = each.link()
    link.send(link.content("one"))
    first = link.settle()
    later = [link.content("later %d" % i) for i in range(20)]
    link.send(b"".join(later))
    time.sleep(0.2)  # durable by now, but the gate has not read its receipts
    each.kill()
    each.start()
    again = each.link(n=1, seq=first[0])
    assert again.welcome == 22 and sorted(again.receipts) == list(range(2, 22))
    again.send(again.content("after"))
    again.settle()
    each.stop()
    assert bodies(check(each)) == ["one", *("later %d" % i for i in range(20)), "after"]


def test_killed_at_random_moments_nothing_with_a_receipt_is_lost_and_nothing_is_twice(each):
    dice = random.Random(4711)
    receipted, sent, waiting, last = 0, 0, [], (0, 0)
    for _ in range(12):
        each.start()
        link = each.link(n=last[0], seq=last[1])
        for n, (seq, _) in link.receipts.items():
            last = max(last, (n, seq))
        waiting = [(n, f) for n, f in waiting if n >= link.welcome]
        for _, data in waiting:
            link.send(data)
        link.n = max([link.n, *(n for n, _ in waiting)])
        until = time.monotonic() + dice.uniform(0.01, 0.15)
        while time.monotonic() < until:
            sent += 1
            data = link.content("m %d" % sent, conv="c%d" % (sent % 5), stanza="<message><body>m %d</body>%s</message>" % (
                sent, "x" * dice.randrange(3000)))
            waiting.append((link.n, data))
            link.sock.settimeout(5)
            link.send(data)
            link.pump()
        for n, (seq, _) in link.receipts.items():
            last = max(last, (n, seq))
        each.kill()
    each.start()
    link = each.link(n=last[0], seq=last[1])
    waiting = [(n, f) for n, f in waiting if n >= link.welcome]
    for n, data in waiting:
        link.n = n
        link.send(data)
    link.settle() if waiting else None
    each.stop()
    assert bodies(check(each)) == ["m %d" % (i + 1) for i in range(sent)]
    assert len(list(each.record.glob("0*.jsonl*"))) > 2, "segments ended on the way"


def test_replay_gives_content_above_what_was_applied_and_the_last_counts(each):
    each.start()
    link = each.link()
    for i in range(700):
        link.send(link.content("r %d" % i, sm="stream-%d" % (i % 3), sm_h=i, deliver="<changed/>", rules=["a", "b"]))
        if i % 10 == 0:
            link.send(link.entry("login", {"from": "a@example.org"}))
        link.pump()
    link.settle()
    seqs = [seq for seq, _ in link.receipts.values()]
    applied = sorted(seqs)[300]
    each.kill()
    each.start()
    gate = each.link(boot="00000001", applied=applied, replay=True)
    gate.wait(lambda: gate.ended is not None)
    expected = [line for line in lines(each.record) if line["type"] == "content" and line["seq"] > applied]
    assert [seq for seq, _ in gate.replayed] == [line["seq"] for line in expected] and len(expected) > 300
    fields = gate.replayed[0][1]
    for name in ("id", "src", "from", "from_id", "to", "to_id", "stanza", "deliver", "sm", "sm_h", "cseq", "conv"):
        assert fields[name] == expected[0][name]
    assert gate.counts == {"stream-0": 699, "stream-1": 697, "stream-2": 698}
    assert gate.ended >= expected[-1]["seq"]
    each.stop()


def test_numbers_of_conversations_go_on_over_segments_kills_and_a_lost_derived_file(each):
    each.start()
    total = 0
    for turn in range(6):
        link = each.link(index=0, boot="%08x" % (turn + 1))
        for i in range(120):
            link.send(link.content("s %d" % i, conv="conversation %d" % (i % 7), stanza="y" * 4000))
            link.settle() if i % 3 == 0 else link.pump()
        link.settle()
        total += 120
        each.kill()
        derived = each.record / "conversations"
        if turn == 2 and derived.exists():
            derived.unlink()
        if turn == 4 and derived.exists():
            derived.write_bytes(derived.read_bytes()[:-5])
        each.start()
    each.stop()
    found = check(each)
    assert sum("cseq" in line for line in found) == total
    assert len({line["serial"] for line in found if line["type"] == "segment"}) > 2


@pytest.fixture(scope="module")
def tail(tmp_path_factory):
    """A record killed with its files as they are: what the last flush was, and a way to start on any change of it."""
    each = recorder.Recorder(tmp_path_factory.mktemp("tail") / "data", segment_bytes=1 << 20)
    link = recorder.write(each, ["kept %d" % i for i in range(4)])
    link.send(link.content("last a") + link.content("last b", stanza="<message><body>last b</body>%s</message>" % ("z" * 5000))
              + link.content("last c"))
    link.settle()
    each.kill()
    data = (each.record / "00000001.jsonl").read_bytes().rstrip(b"\n") + b"\n"
    start = data.rindex(b"\n\n", 0, data.index(b"last a")) + 2
    return each, data, start


def started_on(tail, tmp_path, data, leaves=None, checkpoint=False):
    """A recorder on a copy whose segment holds `data`; None when it refused to start."""
    each, _, _ = tail
    shutil.rmtree(tmp_path / "copy", ignore_errors=True)
    shutil.copytree(each.dir, tmp_path / "copy")
    copy = recorder.Recorder(tmp_path / "copy", segment_bytes=1 << 20)
    (copy.record / "00000001.jsonl").write_bytes(data)
    (copy.record / "checkpoint").unlink(missing_ok=not checkpoint) if not checkpoint else None
    if leaves is not None:
        (copy.record / "00000001.leaves").write_bytes(leaves)
    copy.start(ready=False)
    first = copy.socket.recv(1)
    if first == b"R":
        return copy
    assert copy.wait() == 70
    return None


def filled(data):
    """As it lies on the disk: blocks written ahead behind it."""
    return data + b"\n" * (-len(data) % 4096 + 65536)


def test_a_tail_torn_at_any_byte_is_moved_aside_and_told(tail, tmp_path):
    each, data, start = tail
    cuts = sorted({*range(start, start + 40), *range(start, len(data), 97), *range(len(data) - 40, len(data))})
    for cut in cuts:
        copy = started_on(tail, tmp_path, data[:cut])
        assert copy, "refused a file cut at byte %d:\n%s" % (cut, (tmp_path / "copy/recorder.log").read_text()[-600:])
        copy.stop()
        found = check(copy)
        assert bodies(found) == ["kept 0", "kept 1", "kept 2", "kept 3"]
        torn = [line for line in found if line["type"] == "recovered"]
        assert len(torn) == (data[start:cut].strip(b"\n") != b"")
        if torn:
            assert (copy.record / torn[0]["file"]).read_bytes() == data[start:cut].rstrip(b"\n")
            assert torn[0]["bytes"] == len(data[start:cut].rstrip(b"\n"))


@pytest.mark.parametrize("unit", [512, 4096])
def test_a_tail_with_any_sector_unwritten_is_moved_aside_and_told(tail, tmp_path, unit):
    each, data, start = tail
    whole = filled(data)
    for at in range(start, len(data), unit):
        copy = started_on(tail, tmp_path, whole[:at] + b"\n" * unit + whole[at + unit:])
        assert copy, "refused with the sector at %d unwritten" % at
        copy.stop()
        assert bodies(check(copy)) == ["kept 0", "kept 1", "kept 2", "kept 3"]


def test_a_flipped_bit_is_refused_and_named_and_nothing_is_changed(tail, tmp_path):
    each, data, start = tail
    whole, dice = filled(data), random.Random(7)
    for _ in range(60):
        at = dice.randrange(len(data) - 1)
        if data[at:at + 1] == b"\n" and data[at - 1:at] == b"\n":
            continue
        changed = bytearray(whole)
        changed[at] ^= 1 << dice.randrange(8)
        copy = started_on(tail, tmp_path, bytes(changed))
        if copy:  # only where the end of the last flush itself looks unwritten: then it was moved aside and told
            copy.stop()
            assert any(line["type"] == "recovered" for line in check(copy)) and at >= start
            continue
        log = (tmp_path / "copy/recorder.log").read_text()
        assert "00000001.jsonl, line " in log and "restore the segment" in log
        assert (tmp_path / "copy/record/00000001.jsonl").read_bytes() == bytes(changed)


def test_missing_lines_at_the_end_are_refused_because_of_the_checkpoint(tail, tmp_path):
    each, data, start = tail
    link_less = recorder.Recorder(tmp_path / "signed", segment_bytes=1 << 20)
    recorder.write(link_less, ["a", "b"])
    link_less.stop()
    path = link_less.record / "00000001.jsonl"
    text = path.read_bytes()
    path.write_bytes(text[:text.rindex(b'{"v":1', 0, text.index(b'"type":"stop"')) ])
    link_less.start(ready=False)
    assert link_less.wait() == 70
    assert "are missing from the end" in link_less.tail()


def test_damaged_leaf_hashes_are_made_again(tail, tmp_path):
    each, data, start = tail
    good = (each.record / "00000001.leaves").read_bytes()
    for leaves in (b"", good[:33], b"\0" * len(good), good + b"x" * 64):
        copy = started_on(tail, tmp_path, filled(data), leaves=leaves)
        copy.stop()
        check(copy)


@pytest.mark.parametrize("bad", [
    b"", b"\0" * 8, struct.pack("<IHH", 12, 2, 0) + b"\0" * 12, struct.pack("<IHH", 1 << 30, 2, 0), struct.pack("<IHH", 4, 2, 1) + b"abcd",
    struct.pack("<IHH", 4, 99, 0) + b"abcd", struct.pack("<IHH", 8, 3, 0) + b"\xff" * 8])
def test_a_malformed_frame_ends_the_link_and_only_the_link(each, bad):
    each.start()
    good, evil = each.link(0), each.link(1)
    evil.sock.sendall(bad or frame_with_gap(evil))
    with pytest.raises(AssertionError, match="closed the link"):
        evil.wait(lambda: False, 5)
    good.send(good.content("fine"))
    good.settle()
    anew = each.link(1)
    anew.send(anew.content("fine too"))
    anew.settle()
    each.stop()
    check(each)


def frame_with_gap(link):
    return link.entry("content", {}, n=link.n + 2)


@pytest.mark.parametrize("fields", [
    {"stanza": b"\xff\xfe"}, {"src": "forged"}, {"cseq": 4}, {"id": "short"}, {"stanza": ""}, {"count": 1 << 53}])
def test_an_entry_that_may_not_be_recorded_ends_the_link(each, fields):
    each.start()
    link = each.link()
    link.send(link.content("x", **fields))
    with pytest.raises(AssertionError, match="closed the link"):
        link.wait(lambda: False, 5)
    each.stop()
    assert not bodies(check(each))


def test_types_that_only_the_recorder_writes_are_refused(each):
    each.start()
    for kind in ("segment", "batch", "recovered"):
        link = each.link()
        link.send(link.entry(kind, {"text": "x"}))
        with pytest.raises(AssertionError, match="closed the link"):
            link.wait(lambda: False, 5)
    each.stop()
    check(each)


def test_two_recorders_on_one_record_are_refused(each):
    each.start()
    second = recorder.Recorder(each.dir)
    second.start(ready=False)
    assert second.wait() != 0 and "another recorder" in second.tail()
    each.stop()
    check(each)


@pytest.mark.parametrize("how", ["moved", "replaced", "unwritable"])
def test_an_outside_file_that_is_rotated_is_followed(tmp_path, how):
    """Sizes of checkpoints only grow: what is new stands in the file that lies at the path now, or, where none can be
    made there, still in the one that was moved away."""
    folder = tmp_path / "outside"
    folder.mkdir()
    path, old = folder / "checkpoints", folder / "old"
    each = recorder.Recorder(tmp_path / "data", checkpoint_file=path)
    sizes = lambda file: [int(n) for n in re.findall(r"^(\d+)$", file.read_text(), re.M)] if file.exists() else []

    def until(file, size):
        end = time.monotonic() + 10
        while max(sizes(file), default=0) <= size:
            assert time.monotonic() < end, each.tail()
            time.sleep(0.05)
    link = recorder.write(each, ["before"])
    until(path, 3)
    path.rename(old)
    last = max(sizes(old))
    if how == "replaced":
        path.touch()
    elif how == "unwritable":
        path.mkdir()
    link.send(link.content("after"))
    link.settle()
    until(old if how == "unwritable" else path, last)
    each.stop()
    if how == "unwritable":
        assert each.tail().count("could not be written to the outside file") == 1
    else:
        assert max(sizes(old)) == last
        check(each, ("--checkpoint", path))


def test_segments_are_sealed_read_only_and_copied(tmp_path):
    place = tmp_path / "second"
    place.mkdir()
    each = recorder.Recorder(tmp_path / "data", segment_bytes=65536, copy_dir=place, checkpoint_file=tmp_path / "outside")
    recorder.write(each, ["m %d" % i for i in range(60)])
    end = time.monotonic() + 20
    while len(list(place.glob("*.gz"))) < 3 and time.monotonic() < end:
        time.sleep(0.05)
    each.stop()
    check(each, ("--checkpoint", tmp_path / "outside"))
    sealed = sorted(each.record.glob("*.gz"))
    assert len(sealed) >= 3
    for path in sealed[:3]:
        assert path.stat().st_mode & 0o777 == 0o400
        assert (place / path.name).read_bytes() == path.read_bytes()
        assert (place / path.name.replace(".jsonl.gz", ".leaves")).exists()


def test_without_space_entries_wait_and_nothing_is_lost(tmp_path):
    """A small file system of its own (needs root): FULL is told before anything is refused by the disk, READY when there is
    room again; what was sent meanwhile follows."""
    place = tmp_path / "data/record"
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m,mode=700", "tmpfs", place], check=True)
    try:
        each = recorder.Recorder(tmp_path / "data", segment_bytes=4 << 20)
        each.start()
        link = each.link()
        link.sock.settimeout(20)
        balloon = place / "balloon"
        with open(balloon, "wb", buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(b"\0" * 4096)
        end, sent = time.monotonic() + 30, 0
        while not link.full:
            assert time.monotonic() < end, "never told that there is no space"
            sent += 1
            link.send(link.content("f %d" % sent))
            link.pump(0.002)
        for _ in range(60):  # on the way while the gate learns of it
            sent += 1
            link.send(link.content("f %d" % sent))
        time.sleep(0.5)
        link.pump()
        assert link.full
        balloon.unlink()
        link.wait(lambda: not link.full)
        link.settle()
        each.stop()
        assert bodies(check(each)) == ["f %d" % (i + 1) for i in range(sent)]
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def test_a_stop_takes_what_the_gate_had_sent(each):
    each.start()
    link = each.link()
    link.send(b"".join(link.content("end %d" % i) for i in range(500)))
    each.stop()
    assert len(bodies(check(each))) == 500
    assert verify(each.dir)["not_proved"][0].startswith("that nothing"), "everything is signed"


def test_the_supervisor_going_away_is_a_stop(each):
    each.start()
    link = each.link()
    link.send(link.content("x"))
    link.settle()
    each.socket.close()
    assert each.process.wait(20) == 0
    assert check(each)[-2]["type"] == "stop"


@pytest.mark.parametrize("settings", [{"flush": "buffered"}, {"flush": "direct"}, {"gather_us": 1000}])
def test_every_way_to_flush_writes_the_same_format(tmp_path, settings):
    each = recorder.Recorder(tmp_path / "data", segment_bytes=65536, **settings)
    link = recorder.write(each, ["a %d" % i for i in range(40)])
    link.send(b"".join(link.content("b %d" % i) for i in range(200)))
    link.settle()
    each.kill()
    each.start()
    each.stop()
    assert len(bodies(check(each))) == 240


def test_a_write_that_fails_ends_the_recorder_and_what_had_a_receipt_is_there(tmp_path):
    each = recorder.Recorder(tmp_path / "data", segment_bytes=64 << 20)
    each.start(wrap=("prlimit", "--fsize=3000000", "--"))
    link = each.link()
    sent = 0
    while not link.closed and sent < 5000:
        sent += 1
        try:
            link.send(link.content("w %d" % sent))
        except (BrokenPipeError, ConnectionResetError):
            break
        link.pump(0.01)
    assert each.wait() == 70 and "writing failed" in each.tail()
    link.pump()
    each.start()
    again = each.link(n=max(link.receipts), seq=max(link.receipts.values())[0])
    each.stop()
    found = bodies(check(each))
    assert found == ["w %d" % (i + 1) for i in range(again.welcome - 1)] and len(found) >= len(link.receipts) > 100


def test_a_clock_that_is_set_back_is_told_and_times_stand_still(tmp_path):
    each = recorder.Recorder(tmp_path / "data", segment_bytes=1 << 20)
    recorder.write(each, ["before"])
    each.stop()
    each.start(wrap=("env", "ASAN_OPTIONS=verify_asan_link_order=0", "faketime", "-f", "-1h"))
    link = each.link()
    link.send(link.content("after"))
    link.settle()
    each.stop()
    found = check(each)
    assert bodies(found) == ["before", "after"]
    assert [line for line in found if line["type"] == "alarm" and line["reason"] == "clock" and 3590 < line["seconds"] < 3700]
