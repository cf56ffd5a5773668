"""What the server takes for XML: RFC 6120 section 11, Namespaces in XML 1.0, RFC 3629. And that what it passes on is
the same tree, written by itself."""

import xml.etree.ElementTree as ET

import pytest

from lib import names
from lib.client import plain
from lib.stanza import message

STREAM_OF = "<s xmlns='jabber:client' xmlns:stream='%s'>%%s</s>" % names.STREAM

# payload of a message, and the condition of the stream error
RESTRICTED = {
    "a comment": "<body>a<!-- b -->c</body>",
    "an empty comment": "<body><!----></body>",
    "a processing instruction": "<body><?php echo ?></body>",
    "a document type": "<!DOCTYPE x><body>x</body>",
    "an internal subset": "<!DOCTYPE x [<!ENTITY a 'b'>]><body>&a;</body>",
    "a parameter entity": "<!DOCTYPE x [<!ENTITY % a SYSTEM 'file:///etc/passwd'> %a;]><body>x</body>",
    "an unknown entity": "<body>&nbsp;</body>",
    "an entity of many": "<body>&lol9;</body>",
    "an unknown entity in an attribute": "<x xmlns='urn:x' a='&copy;'/>",
    "an xml declaration": "<?xml version='1.0'?><body>x</body>",
}

MALFORMED = {
    "a wrong end tag": "<body>x</bodi>",
    "crossed tags": "<a xmlns='urn:x'><b></a></b>",
    "a bare ampersand": "<body>a & b</body>",
    "an ampersand at the end": "<body>a &</body>",
    "a nameless reference": "<body>&;</body>",
    "a reference without end": "<body>&amp</body>",
    "a less-than in an attribute": "<x xmlns='urn:x' a='<'/>",
    "an attribute without quotes": "<x xmlns='urn:x' a=b/>",
    "an attribute without value": "<x xmlns='urn:x' a/>",
    "no space between attributes": "<x xmlns='urn:x' a='1'b='2'/>",
    "an attribute twice": "<x xmlns='urn:x' a='1' a='2'/>",
    "an attribute twice by two prefixes": "<x xmlns='urn:x' xmlns:p='urn:p' xmlns:q='urn:p' p:a='1' q:a='2'/>",
    "an unbound element prefix": "<p:x/>",
    "an unbound attribute prefix": "<x xmlns='urn:x' p:a='1'/>",
    "two colons": "<a:b:c xmlns:a='urn:a'/>",
    "a colon at the start": "<:a/>",
    "a colon at the end": "<a: xmlns:a='urn:a'/>",
    "a prefix undeclared": "<a:x xmlns:a=''/>",
    "the prefix xmlns declared": "<x xmlns:xmlns='urn:x'/>",
    "the prefix xml bound elsewhere": "<x xmlns:xml='urn:x'/>",
    "another prefix for the xml namespace": "<x xmlns:y='%s'/>" % names.XML,
    "the xmlns namespace as default": "<x xmlns='http://www.w3.org/2000/xmlns/'/>",
    "the xml namespace as default": "<x xmlns='%s'/>" % names.XML,
    "a name that begins with a digit": "<1x xmlns='urn:x'/>",
    "a name that begins with a hyphen": "<-x xmlns='urn:x'/>",
    "a space before the name": "< body>x</body>",
    "a space in the end tag's start": "<body>x</ body>",
    "the end of CDATA in text": "<body>]]></body>",
    "an end tag with an attribute": "<body>x</body a='1'>",
    "a zero character by number": "<body>&#0;</body>",
    "a control character by number": "<body>&#8;</body>",
    "a surrogate by number": "<body>&#xD800;</body>",
    "the non-character FFFE by number": "<body>&#xFFFE;</body>",
    "a number beyond Unicode": "<body>&#x110000;</body>",
    "a very large number": "<body>&#99999999999999999999;</body>",
    "a number of nothing": "<body>&#;</body>",
    "hexadecimal of nothing": "<body>&#x;</body>",
    "an upper-case X": "<body>&#X41;</body>",
    "a control character": "<body>a\x08b</body>",
    "a zero": "<body>a\0b</body>",
    "an escape character": "<body>\x1b[31m</body>",
    "the non-character FFFE": "<body>\ufffe</body>",
    "the non-character FFFF": "<body>\uffff</body>",
}

BAD_UTF8 = {
    "a lone continuation": b"\x80", "an overlong slash": b"\xc0\xaf", "an overlong less-than": b"\xc0\xbc",
    "a three-byte overlong": b"\xe0\x80\xbc", "a four-byte overlong": b"\xf0\x80\x80\xbc",
    "a surrogate": b"\xed\xa0\x80", "a pair of surrogates": b"\xed\xa0\xbd\xed\xb8\x80",
    "beyond Unicode": b"\xf4\x90\x80\x80", "five bytes": b"\xf8\x88\x80\x80\x80", "FE": b"\xfe", "FF": b"\xff",
    "two bytes cut short": b"\xc3", "three bytes cut short": b"\xe2\x82", "four bytes cut short": b"\xf0\x9f\x98",
    "latin-1": b"caf\xe9 ", "a lead byte that would swallow the tag": b"\xe0",
}

ACCEPTED = {
    "the five entities": "<body>&lt;&gt;&amp;&quot;&apos;</body>",
    "characters by number": "<body>&#65;&#x42;&#x1F600;&#13;&#10;&#9;</body>",
    "every plane": "<body>\u0085\u00e9\u20ac\ud7ff\ue000\ufffd\U00010000\U0010fffd</body>",
    "CDATA": "<body><![CDATA[<b>&amp;]] > ]]></body>",
    "the end of CDATA split": "<body>]]<![CDATA[]]>&gt;</body>",
    "CDATA between text": "<body>a<![CDATA[b]]>c<![CDATA[]]>d</body>",
    "both kinds of quotes": "<x xmlns=\"urn:x\" a='\"' b=\"'\"/>",
    "white space in tags": "<x\n\txmlns = 'urn:x'\r\n a\n=\n'1' ></x\n>",
    "line ends": "<body>a\r\nb\rc\nd</body>",
    "white space in an attribute": "<x xmlns='urn:x' a='1\n2\t3&#10;4'/>",
    "prefixes": "<p:x xmlns:p='urn:p' p:a='1' a='2'><p:y/><y xmlns='urn:y'/></p:x>",
    "a prefix bound anew": "<p:x xmlns:p='urn:p'><p:y xmlns:p='urn:q'/><p:z/></p:x>",
    "no namespace": "<x xmlns='urn:x'><y xmlns=''><z/></y></x>",
    "one attribute name in two namespaces": "<x xmlns='urn:x' xmlns:p='urn:p' a='1' p:a='2'/>",
    "the prefix xml": "<x xmlns='urn:x' xml:lang='de' xml:space='preserve'> </x>",
    "the prefix xml declared rightly": "<x xmlns='urn:x' xmlns:xml='%s' xml:lang='de'/>" % names.XML,
    "names beyond ASCII": "<\u00fcber xmlns='urn:x' \u00e4='1'/>",
    "names with dots and hyphens": "<a.b-c_d xmlns='urn:x'/>",
    "a namespace with odd characters": "<x xmlns='urn:x&amp;y=\"z\" { \u00e9'/>",
    "an empty element both ways": "<x xmlns='urn:x'/><y xmlns='urn:x'></y>",
    "markup characters everywhere": "<x xmlns='urn:x' a='&lt;b&gt; &amp;amp; &apos;'>&lt;/x&gt;&amp;lt;</x>",
    "the namespace of streams on a child": "<stream:x/>",
    "a tab and line feed as text": "<body>\t\n</body>",
}


@pytest.fixture
def user(folk):
    return folk.online(1)[0]


@pytest.mark.parametrize("name", RESTRICTED)
def test_xmpp_forbids(user, name):
    user.raw("<message to='%s' type='chat'>%s</message>" % (user.jid, RESTRICTED[name]))
    assert user.stream_error() in ("restricted-xml", "not-well-formed")


def test_a_comment_is_restricted_xml_and_not_anything_else(user):
    user.raw("<message to='%s'><!-- x --></message>" % user.jid)
    assert user.stream_error() == "restricted-xml"


@pytest.mark.parametrize("name", MALFORMED)
def test_not_xml_is(user, name):
    user.raw("<message to='%s' type='chat'>%s</message>" % (user.jid, MALFORMED[name]))
    assert user.stream_error() in ("not-well-formed", "bad-namespace-prefix", "invalid-xml", "restricted-xml")


def test_a_wrong_end_tag_is_not_well_formed_and_not_anything_else(user):
    user.raw("<message><body></message></body>")
    assert user.stream_error() == "not-well-formed"


@pytest.mark.parametrize("place", ["text", "attribute", "name"])
@pytest.mark.parametrize("name", BAD_UTF8)
def test_not_utf8_is(folk, name, place):
    alice, bob = folk.online(2)
    text = {"text": b"<message to='%s'><body>a%sb</body></message>", "attribute": b"<message to='%s' a='%s'/>",
            "name": b"<message to='%s'><a%s xmlns='urn:x'/></message>"}[place]
    alice.raw(text % (bob.jid.encode(), BAD_UTF8[name]))
    assert alice.stream_error() in ("not-well-formed", "unsupported-encoding", "bad-format", "invalid-xml")
    witness, = folk.online(1)
    assert not [each for each in bob.settle(witness) if each.tag.endswith("}message")]


@pytest.mark.parametrize("name", ACCEPTED)
def test_the_same_tree_arrives_for(folk, name):
    alice, bob = folk.online(2)
    text = "<message to='%s' type='chat' id='tree'>%s</message>" % (bob.jid, ACCEPTED[name])
    alice.send(text)
    sent = ET.fromstring((STREAM_OF % text).encode())[0]
    got = bob.expect(message(id="tree"))
    ours = [plain(each) for each in got if each.tag != "{%s}stanza-id" % names.SID]
    assert ours == [plain(each) for each in sent]


def test_every_byte_may_come_alone(folk):
    alice, bob = folk.online(2)
    text = "<message to='%s' type='chat' id='slow'><body>Gr\u00fc\u00dfe \U0001f600 &amp; <![CDATA[<x>]]></body></message>"
    for byte in (text % bob.jid).encode():
        alice.raw(bytes([byte]))
    assert bob.expect(message(id="slow")).findtext("{jabber:client}body") == "Gr\u00fc\u00dfe \U0001f600 & <x>"


def test_many_stanzas_may_come_in_one_write(folk):
    alice, bob = folk.online(2)
    alice.raw("".join("<message to='%s' type='chat' id='n%d'><body>privy-%d</body></message> \n" % (bob.jid, n, n)
                      for n in range(100)))
    assert [each.get("id") for each in bob.settle(alice)] == ["n%d" % n for n in range(100)]


@pytest.mark.parametrize("prefix", ["client", "c"])
def test_stanzas_may_carry_a_prefix(folk, prefix):
    """The content namespace may be bound to a prefix in the header instead of being the default one."""
    account = folk.account()
    client = folk.client(account).connect()
    client.open_bare("<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:%s='jabber:client' "
                     "xmlns:stream='%s' to='example.org' version='1.0'>" % (prefix, names.STREAM))
    client.expect(lambda each: getattr(each, "tag", "") == "{%s}features" % names.STREAM)
    client.authenticate()
    client.open_bare("<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:%s='jabber:client' "
                     "xmlns:stream='%s' to='example.org' version='1.0'>" % (prefix, names.STREAM))
    client.expect(lambda each: getattr(each, "tag", "") == "{%s}features" % names.STREAM)
    client.bind()
    client.raw("<%s:message to='%s' id='p'><%s:body>privy-x</%s:body></%s:message>" % (
        prefix, client.jid, prefix, prefix, prefix))
    assert client.expect(message(id="p")).findtext("{jabber:client}body") == "privy-x"
