#!/usr/bin/python3
"""Compares the committed character table with a second derivation: Python's unicodedata instead of ICU, RFC 8264
written down once more, and str.lower()/unicodedata.normalize() for the profiles.

    check_precis.py DUMP_PRECIS

What unicodedata does not know stands here as ranges from the Unicode Character Database (DerivedCoreProperties,
HangulSyllableType).
"""
import random
import subprocess
import sys
import unicodedata as ucd

DEFAULT_IGNORABLE = [(0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
                     (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F),
                     (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A),
                     (0xE0000, 0xE0FFF)]
OLD_JAMO = [(0x1100, 0x11FF), (0xA960, 0xA97C), (0xD7B0, 0xD7C6), (0xD7CB, 0xD7FB)]
BIDI = ['', 'L', 'R', 'AL', 'AN', 'EN', 'ES', 'CS', 'ET', 'ON', 'BN', 'NSM']


def within(cp, ranges):
    return any(a <= cp <= b for a, b in ranges)


def derive(cp):
    char, general = chr(cp), ucd.category(chr(cp))
    nonchar = 0xFDD0 <= cp <= 0xFDEF or cp & 0xFFFE == 0xFFFE
    if cp in (0xDF, 0x3C2, 0x6FD, 0x6FE, 0xF0B, 0x3007):
        return 'PVALID'
    if cp in (0xB7, 0x375, 0x5F3, 0x5F4, 0x30FB) or 0x660 <= cp <= 0x669 or 0x6F0 <= cp <= 0x6F9:
        return 'CONTEXTO'
    if cp in (0x640, 0x7FA, 0x302E, 0x302F, 0x303B) or 0x3031 <= cp <= 0x3035:
        return 'DISALLOWED'
    if general == 'Cn' and not nonchar:
        return 'UNASSIGNED'
    if 0x21 <= cp <= 0x7E:
        return 'PVALID'
    if cp in (0x200C, 0x200D):
        return 'CONTEXTJ'
    if within(cp, OLD_JAMO) or nonchar or within(cp, DEFAULT_IGNORABLE) or general == 'Cc':
        return 'DISALLOWED'
    if ucd.normalize('NFKC', char) != char:
        return 'FREE'
    if general in ('Ll', 'Lu', 'Lo', 'Nd', 'Lm', 'Mn', 'Mc'):
        return 'PVALID'
    if general[0] in 'SP' or general in ('Lt', 'Nl', 'No', 'Me', 'Zs'):
        return 'FREE'
    return 'DISALLOWED'


def width(cp):
    kind, _, target = ucd.decomposition(chr(cp)).partition(' ')
    return int(target, 16) if kind in ('<wide>', '<narrow>') else cp


def check_code_point(cp, fields):
    names = ['UNASSIGNED', 'DISALLOWED', 'PVALID', 'FREE', 'CONTEXTJ', 'CONTEXTO']
    kind, bidi, virama, space, lower, wide = fields
    if names[int(kind)] != derive(cp):
        return f'class {names[int(kind)]}, not {derive(cp)}'
    if kind == '0' or 0xD800 <= cp < 0xE000:
        return None
    expected = ucd.bidirectional(chr(cp))
    if BIDI[int(bidi)] != (expected if expected in BIDI else ''):
        return f'bidi {BIDI[int(bidi)]}, not {expected}'
    if (virama == '1') != (ucd.combining(chr(cp)) == 9) or (space == '1') != (ucd.category(chr(cp)) == 'Zs'):
        return 'virama or space'
    simple = chr(cp).lower()
    if cp >= 0x80 and len(simple) == 1 and int(lower, 16) != ord(simple):
        return f'lower case {lower}, not {ord(simple):X}'
    return None if int(wide, 16) == width(cp) else f'width {wide}'


def enforce(text, identifier):
    """The profile without context and Bidi Rules: the samples have no such characters."""
    for _ in range(4):
        before = text
        text = ''.join(chr(width(ord(c))) if identifier else ' ' if ucd.category(c) == 'Zs' else c for c in text)
        allowed = ('PVALID',) if identifier else ('PVALID', 'FREE')
        if any(derive(ord(c)) not in allowed for c in text):
            return '-'
        text = ucd.normalize('NFC', text.lower() if identifier else text)
        if any(derive(ord(c)) not in allowed for c in text):
            return '-'
        if text == before:
            return text.encode().hex()
    return '-'


def samples():
    dice = random.Random(8264)
    plain = [chr(cp) for cp in range(0x20, 0x30000) if derive(cp) in ('PVALID', 'FREE')
             and ucd.bidirectional(chr(cp)) not in ('R', 'AL', 'AN') and not 0xD800 <= cp < 0xE000]
    letters = [c for c in plain if derive(ord(c)) == 'PVALID']
    marks = [c for c in letters if ucd.combining(c)]
    greek = [chr(cp) for cp in range(0x386, 0x3CF) if derive(cp) == 'PVALID'] + ['\u03a3'] * 9 + marks[:20] + ["'", '.']
    for _ in range(4000):
        yield ''.join(dice.choices(plain, k=dice.randint(1, 6)))
        yield ''.join(dice.choices(letters, k=3)) + ''.join(dice.choices(marks, k=dice.randint(0, 3)))
        yield ''.join(dice.choices(greek, k=dice.randint(1, 8)))


def main():
    lines = list(samples())
    out = subprocess.run([sys.argv[1]], input='\n'.join(lines).encode() + b'\n', stdout=subprocess.PIPE, check=True)
    rows = out.stdout.decode().splitlines()
    wrong = []
    if rows[0] != ucd.unidata_version:
        wrong.append(f'table {rows[0]}, unicodedata {ucd.unidata_version}')
    for cp in range(0x110000):
        said = check_code_point(cp, rows[cp + 1].split())
        if said:
            wrong.append(f'U+{cp:04X}: {said}')
    for text, row in zip(lines, rows[0x110001:], strict=True):
        expected = [enforce(text, True), enforce(text, False)]
        if row.split() != expected:
            wrong.append(f'{text!a}: {row}, not {expected}')
    for line in wrong[:40]:
        print(line)
    print(f'{0x110000} code points, {len(lines)} samples, {len(wrong)} differences')
    return 1 if wrong else 0


sys.exit(main())
