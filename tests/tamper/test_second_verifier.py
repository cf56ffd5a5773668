"""Three verifiers, one format: second_verifier is written from docs/record-format.md alone and must say what verify-record
says, and so must the server's own, `gatehouse record verify`.

A record with sealed segments, segments that wait and an open one is damaged in every way an attacker or a disk has. All
get the same copy: exit codes agree always, size and root where the record is whole.
"""

import concurrent.futures
import gzip
import json
import pathlib
import re
import shutil
import subprocess
import time

import pytest

import recorder as server

HERE = pathlib.Path(__file__).resolve().parent
FIRST = HERE.parents[1] / "tools" / "verify-record"
SECOND = HERE / "second_verifier"
BLOCK = 4096


class Record:
    """A data directory whose recorder has stopped; keep: an older checkpoint."""

    def __init__(self, home):
        self.home = home
        self.folder = home / "record"
        self.key = home / "keys" / "record.pub"
        self.keep = home / "older"

    def copy(self, home):
        shutil.copytree(self.home, home)
        return Record(home)

    def open_segment(self):
        return max(self.folder.glob("*.jsonl"))

    def sealed_segment(self):
        return min(self.folder.glob("*.jsonl.gz"))

    def lines(self):
        return [line for line in self.open_segment().read_bytes().split(b"\n") if line]

    def write(self, path, data):
        path.chmod(0o600)
        path.write_bytes(data)

    def change(self, path, function):
        self.write(path, function(path.read_bytes()))

    def change_lines(self, function):
        """Rewrites the open segment with other lines, without padding."""
        lines = self.lines()
        function(lines)
        self.write(self.open_segment(), b"".join(line + b"\n" for line in lines))


def record_make(home):
    home.mkdir()
    recorder = server.Recorder(home, segment_bytes=65536)
    link = server.write(recorder, [f"one {n} " + "x" * 900 for n in range(10)], conv="a|b")
    link.settle()
    recorder.stop()
    record = Record(home)
    shutil.copy(record.folder / "checkpoint", record.keep)
    link = server.write(recorder, [f"two {n} " + "ü & <x/>" * 90 for n in range(40)], conv="a|c")
    deadline = time.monotonic() + 5
    while not list(record.folder.glob("*2.jsonl.gz")) and time.monotonic() < deadline:
        link.settle()
        time.sleep(0.02)
    recorder.stop()
    return record


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A record of several segments, the first two of them sealed."""
    record = record_make(tmp_path_factory.mktemp("second") / "whole")
    assert len(list(record.folder.glob("*.jsonl.gz"))) >= 2 and len(record.lines()) >= 6
    return record


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """The same with another key and name."""
    return record_make(tmp_path_factory.mktemp("second") / "other")


@pytest.fixture
def record(whole, tmp_path):
    return whole.copy(tmp_path / "copy")


def first(record, key=None, checkpoint=None):
    """verify-record: (exit code, size, root, output)."""
    outside = ["--checkpoint", checkpoint] if checkpoint else []
    run = subprocess.run([FIRST, "--json", "--key", key or record.key, *outside, record.folder], capture_output=True, text=True)
    told = json.loads(run.stdout) if run.returncode < 2 else {}
    return run.returncode, told.get("lines"), told.get("root"), run.stdout + run.stderr


def second(record, key=None, checkpoint=None):
    """second_verifier: the same."""
    outside = ["--checkpoint", checkpoint] if checkpoint else []
    run = subprocess.run([SECOND, record.folder, "--key", key or record.key, *outside], capture_output=True, text=True)
    told = re.search(r"^size (\d+) root (\S+)$", run.stdout, re.M)
    size, root = (int(told[1]), told[2]) if told else (None, None)
    return run.returncode, size, root, run.stdout + run.stderr


def third(record, key=None, checkpoint=None):
    """The server's own verifier, which takes the key from its place: the same."""
    own = record.key.read_bytes()
    record.key.write_bytes(key.read_bytes() if key and key.exists() else b"" if key else own)
    code, told = server.read_verify(record.home, checkpoint)
    record.key.write_bytes(own)
    told = json.loads(told) if code < 2 else {"damage": told}
    code = min(code, 2)  # what cannot be read has more names here
    return code, told.get("lines"), told.get("root"), str(told.get("damage"))


def agree(record, code, names="", **options):
    """All say `code`; where there is damage the second names it so: a pattern for one of its lines."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(verifier, record, **options) for verifier in (first, second)]
        one, two = (run.result() for run in runs)
    three = third(record, **options)
    assert (one[0], two[0], three[0]) == (code, code, code), one[3] + two[3] + three[3]
    assert re.search(names, two[3], re.M), two[3]
    if code == 0:
        assert one[1:3] == two[1:3] == three[1:3]
    return one, two


def flip(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def cut_last_flush(record):
    """Takes the last flush, and what .leaves has of it, off the open segment."""
    lines = record.lines()
    batches = [n for n, line in enumerate(lines) if json.loads(line)["type"] == "batch"]
    keep = batches[-2] + 1
    record.write(record.open_segment(), b"".join(line + b"\n" for line in lines[:keep]))
    record.change(record.open_segment().with_suffix(".leaves"), lambda data: data[: 32 * keep])
    return json.loads(lines[keep - 1])["seq"] + 1


def forget_checkpoints(record, size):
    """What an attacker with the folder does who cuts the end: an older checkpoint becomes the newest."""
    notes = (record.folder / "checkpoints").read_text().split("\n\n")
    pairs = [note for note in zip(notes[::2], notes[1::2]) if int(note[0].split("\n")[1]) <= size]
    record.write(record.folder / "checkpoints", "".join(f"{text}\n\n{name}\n\n" for text, name in pairs).encode())
    record.write(record.folder / "checkpoint", "{}\n\n{}\n".format(*pairs[-1]).encode())


def content(record):
    """Where the open segment has a line in the middle of a flush: neither its first line nor a batch line."""
    return next(n for n, line in enumerate(record.lines()) if b'"type":"content"' in line)


def test_a_whole_record_has_one_size_and_root(record):
    agree(record, 0)
    agree(record, 0, checkpoint=record.folder / "checkpoint")
    agree(record, 0, checkpoint=record.folder / "checkpoints")


def test_a_replayed_older_checkpoint_proves_nothing_against_the_record(record):
    agree(record, 0, checkpoint=record.keep)


def test_segments_disposed_of_from_the_front_leave_a_whole_record(record):
    for path in list(record.folder.glob("00000001.*")):
        path.unlink()
    agree(record, 0)
    agree(record, 0, checkpoint=record.keep)


def test_a_torn_end_without_receipt_is_left_out(record):
    record.change(record.open_segment(), lambda data: data.rstrip(b"\n") + b'\n\n{"v":1,"seq":99\n{"v":1,"se')
    agree(record, 0)


def test_nuls_behind_the_last_flush_are_no_lines(record):
    record.change(record.open_segment(), lambda data: data.rstrip(b"\n") + b"\n" + b"\0" * BLOCK)
    agree(record, 0)


def test_of_a_segment_that_is_there_twice_the_raw_file_counts(record):
    path = record.sealed_segment()
    data = gzip.decompress(path.read_bytes())
    raw = path.with_name("00000001.jsonl")
    raw.write_bytes(data)
    agree(record, 0)
    record.write(raw, flip(data, data.index(b"xxxx")))
    agree(record, 1, r"^edited segment 1 ")


def test_an_unfinished_last_checkpoint_is_being_written(record):
    record.change(record.folder / "checkpoints", lambda data: data[:-30])
    agree(record, 0)


def test_an_unfinished_last_checkpoint_is_gone_after_the_next_start(record):
    for rest in (b"", b"\n", b"\n\n\xe2\x80\x94 exa", b"\n12\n" + b"\0" * 300):
        record.change(record.folder / "checkpoints", lambda data: data + b"example.org/record/x" + rest)
        agree(record, 0)
        recorder = server.Recorder(record.home, segment_bytes=65536)
        server.write(recorder, ["more"]).settle()
        recorder.stop()
        agree(record, 0)


def test_a_torn_flush_whose_batch_line_is_there_is_damage_until_a_start_moves_it_aside(tmp_path):
    """Section 7, point 7: nobody can tell it from an edited line but who knows that the power failed."""
    recorder = server.Recorder(tmp_path / "torn", segment_bytes=1 << 20)
    link = server.write(recorder, ["kept"])
    end = time.monotonic() + 30
    while not (tmp_path / "torn" / "record" / "checkpoint").exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    link.send(link.content("last a") + link.content("last b " + "z" * 5000) + link.content("last c"))
    link.settle()
    recorder.kill()
    record = Record(tmp_path / "torn")
    signed = int((record.folder / "checkpoint").read_text().split("\n")[1])
    data = record.open_segment().read_bytes()
    start, place = data.rindex(b'{"v":1', 0, data.index(b"last a")), data.index(b"zzzz") + 512 & -512
    assert signed <= json.loads(data[start:data.index(b"\n", start)])["seq"] and start % BLOCK == 0
    torn = data[:place] + b"\0" * 512 + data[place + 512:]
    assert json.loads(torn.rstrip(b"\n").split(b"\n")[-1])["type"] == "batch"
    record.write(record.open_segment(), torn)
    agree(record, 1, r"^(edited|line) segment 1 ")
    recorder.start()
    recorder.stop()
    one, two = agree(record, 0)
    moved = [json.loads(line) for line in record.lines() if b'"type":"recovered"' in line]
    assert [each["offset"] for each in moved] == [start]
    assert (record.folder / moved[0]["file"]).read_bytes() == torn[start:].rstrip(b"\n")
    assert not [line for line in record.lines() if b"last" in line] and [line for line in record.lines() if b"kept" in line]


def test_without_leaves_of_the_open_segment_it_is_whole(record):
    record.open_segment().with_suffix(".leaves").unlink()
    agree(record, 0)


def test_a_flipped_byte_in_an_open_line_is_named(record):
    place = record.open_segment().read_bytes().index(b"<x/>")
    line = json.loads(record.lines()[content(record)])["seq"]
    record.change(record.open_segment(), lambda data: flip(data, place + 1))
    agree(record, 1, rf"^edited segment \d+ line {line}:")


@pytest.mark.parametrize("where", ["seq", "type", "root", "salt", "end"])
def test_a_flipped_byte_anywhere_in_the_last_flush_is_damage(record, where):
    data = record.open_segment().read_bytes()
    last = data.rindex(b'{"v":1')
    place = {"seq": last + 13, "type": data.index(b"batch", last), "root": data.index(b'"root":"', last) + 12,
             "salt": data.rindex(b'"salt":"') + 9, "end": data.index(b"\n", last) - 1}[where]
    record.change(record.open_segment(), lambda data: flip(data, place))
    agree(record, 1, r"^(edited|removed) ")


def test_a_flipped_byte_in_the_lines_of_a_sealed_segment_is_named(record):
    path = record.sealed_segment()
    data = gzip.decompress(path.read_bytes())
    place = data.index(b"xxxx")
    line = json.loads(data.split(b"\n")[data[:place].count(b"\n")])["seq"]
    record.write(path, gzip.compress(flip(data, place)))
    agree(record, 1, rf"^edited segment 1 line {line}:")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 1])
def test_a_flipped_byte_of_a_sealed_file_is_damage(record, part):
    path = record.sealed_segment()
    record.change(path, lambda data: flip(data, int(part * len(data)) - (part == 1) * 6))
    agree(record, 1, r"^\w+ segment 1 ")


@pytest.mark.parametrize("behind", [b"\0", b"\0" * 512, b"text\n", b"\x1f\x8b", gzip.compress(b"")[:-4]],
                         ids=["zero", "zeros", "text", "a gzip head's first bytes", "a member cut short"])
def test_nothing_may_stand_behind_the_end_of_a_sealed_file(record, behind):
    record.change(record.sealed_segment(), lambda data: data + behind)
    agree(record, 1, r"^gzip segment 1 ")


def test_a_sealed_file_may_have_any_number_of_members(record):
    path = record.sealed_segment()
    lines = gzip.decompress(path.read_bytes())
    pieces = [lines[at:at + 7000] for at in range(0, len(lines), 7000)]
    record.write(path, b"".join(map(gzip.compress, [b"", *pieces, b""])))
    agree(record, 0)
    record.write(path, b"".join(map(gzip.compress, pieces[:-1])))
    agree(record, 1, r"^\w+ segment 1 ")


@pytest.mark.parametrize("what", [b"\0\0\0\n", b"\0\n\0\n"])
def test_nuls_between_lines_are_damage(record, what):
    record.change(record.open_segment(), lambda data: data.replace(b"}\n{", b"}\n" + what + b"{", 1))
    agree(record, 1, r"^(added|line) segment ")


def test_nuls_behind_a_line_are_damage(record):
    record.change(record.open_segment(), lambda data: data.replace(b"}\n{", b"}\0\n{", 1))
    agree(record, 1, r"^edited segment ")


@pytest.mark.parametrize("what", [b"\0\0\0\n", b"\0\0\0"])
@pytest.mark.parametrize("sealed", [True, False])
def test_nuls_at_the_end_of_another_than_the_open_segment_are_damage(record, what, sealed):
    path = record.sealed_segment()
    lines = gzip.decompress(path.read_bytes()) + what
    if sealed:
        record.write(path, gzip.compress(lines))
    else:
        path.with_name("00000001.jsonl").write_bytes(lines)
    agree(record, 1, r"^\w+ segment 1 ")


@pytest.mark.parametrize("end", [b"\n\0\0\n\0\n\n\0", b"\0\n\0", b"\n" * 9000 + b"\0" * 9000])
def test_nuls_and_newlines_in_any_order_behind_the_last_flush_are_nothing(record, end):
    record.change(record.open_segment(), lambda data: data.rstrip(b"\n") + b"\n" + end)
    agree(record, 0)


def test_a_deleted_line_is_named(record):
    place = content(record)
    line = json.loads(record.lines()[place])["seq"]
    record.change_lines(lambda lines: lines.pop(place))
    agree(record, 1, rf"^removed segment \d+ line {line}:")


def test_an_added_line_is_named(record):
    place = content(record)
    line = json.loads(record.lines()[place])["seq"]
    record.change_lines(lambda lines: lines.insert(place, lines[place].replace(b"two", b"six")))
    agree(record, 1, rf"^added segment \d+ line {line}:")


def test_a_swapped_pair_of_lines_is_named(record):
    place = content(record)

    def swap(lines):
        lines[place], lines[place + 1] = lines[place + 1], lines[place]

    line = json.loads(record.lines()[place])["seq"]
    record.change_lines(swap)
    agree(record, 1, rf"^swapped segment \d+ line {line}:")


def test_an_end_that_was_cut_off_contradicts_the_checkpoint(record):
    cut_last_flush(record)
    agree(record, 1, r"^root segment ")


def test_an_end_that_was_cut_off_with_its_checkpoints_needs_one_from_outside(record):
    outside = shutil.copy(record.folder / "checkpoint", record.home / "outside")
    size = cut_last_flush(record)
    forget_checkpoints(record, size)
    agree(record, 0)
    agree(record, 0, checkpoint=record.keep)
    agree(record, 1, r"outside", checkpoint=outside)


def test_an_end_that_was_cut_off_is_named_by_the_leaves(record):
    leaves = record.open_segment().with_suffix(".leaves")
    kept = leaves.read_bytes()
    size = cut_last_flush(record)
    forget_checkpoints(record, size)
    record.write(leaves, kept)
    agree(record, 1, rf"^removed segment \d+ line {size}:")


def test_a_segment_that_is_gone_is_named(record):
    for path in list(record.folder.glob("00000002.*")):
        path.unlink()
    agree(record, 1, r"^missing segment 2 ")


@pytest.mark.parametrize("change", [lambda data: flip(data, 40), lambda data: data[:-32], lambda data: data + data[:32],
                                    lambda data: data[:-5], lambda data: b""])
def test_damaged_leaves_of_a_sealed_segment_are_named(record, change):
    record.change(record.sealed_segment().with_name("00000001.leaves"), change)
    agree(record, 1, r"^(leaves|added) segment 1 ")


def test_leaves_of_a_sealed_segment_that_are_gone_are_named(record):
    record.sealed_segment().with_name("00000001.leaves").unlink()
    agree(record, 1, r"^leaves segment 1 ")


def test_damaged_leaves_of_the_open_segment_are_named(record):
    record.change(record.open_segment().with_suffix(".leaves"), lambda data: flip(data, 40))
    agree(record, 1, r"^leaves segment \d+ line ")


@pytest.mark.parametrize("name", ["checkpoint", "checkpoints"])
def test_a_checkpoint_of_another_key_is_damage(record, other, name):
    record.write(record.folder / name, (other.folder / name).read_bytes())
    agree(record, 1, r"^checkpoint ")
    agree(record, 1, checkpoint=other.folder / name)


def test_another_records_checkpoint_from_outside_is_damage(record, other):
    agree(record, 1, checkpoint=other.folder / "checkpoint")


@pytest.mark.parametrize("name, place", [("checkpoint", -20), ("checkpoint", 30), ("checkpoints", 36)])
def test_a_flipped_byte_in_a_checkpoint_is_damage(record, name, place):
    record.change(record.folder / name, lambda data: flip(data, place % len(data)))
    agree(record, 1, r"^checkpoint ")


def test_an_old_checkpoint_with_a_bad_signature_is_damage_though_it_agrees(record):
    """Of the first of many, the signature alone."""
    def spoil(data):
        place = data.index(b" ", data.index("\u2014".encode()) + 4) + 40
        return data[:place] + (b"A" if data[place:place + 1] != b"A" else b"B") + data[place + 1:]

    assert (record.folder / "checkpoints").read_text().count("\u2014") > 2
    record.change(record.folder / "checkpoints", spoil)
    agree(record, 1, r"^checkpoint ")


@pytest.mark.parametrize("name", ["checkpoint", "checkpoints"])
def test_what_is_no_checkpoint_among_them_is_damage(record, name):
    record.change(record.folder / name, lambda data: b"something else\n\n" + data)
    agree(record, 1, r"^checkpoint ")


def test_an_older_checkpoint_in_the_place_of_the_newest_is_damage(record):
    shutil.copy(record.keep, record.folder / "checkpoint")
    agree(record, 1, r"not the newest")


def test_a_newest_checkpoint_that_is_gone_is_damage(record):
    (record.folder / "checkpoint").unlink()
    agree(record, 1, r"not the newest")
    (record.folder / "checkpoints").unlink()
    agree(record, 1, r"not the newest")


def test_the_key_of_another_record_agrees_with_nothing(record, other):
    agree(record, 1, key=other.key)


def test_what_cannot_be_read_is_not_called_damage(record, tmp_path):
    agree(record, 2, checkpoint=tmp_path / "nowhere")
    agree(record, 2, key=tmp_path / "nowhere")
    shutil.rmtree(record.folder)
    agree(record, 2)
