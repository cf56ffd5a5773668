"""One XML stream as it arrives: its opening, the elements of its first level, its end.

expat builds the trees the tests look at. Everything received is also kept, so that at the end a second
parser (libxml2) can read the same bytes; two readers that see different trees are how stanzas are
smuggled, so a difference fails the test that owned the stream.
"""

import xml.etree.ElementTree as ET
from xml.parsers import expat

import lxml.etree


class StreamOpen:
    """The server's stream header: `attributes` by ElementTree name, `tag` of the root."""

    def __init__(self, tag, attributes):
        self.tag = tag
        self.attributes = attributes

    def get(self, name):
        return self.attributes.get(name)

    def __repr__(self):
        return "<stream header %r>" % (self.attributes,)


class StreamEnd:
    tag = None

    def get(self, name):
        return None

    def __repr__(self):
        return "</stream>"


def _name(name):
    return "{" + name if "}" in name else name


class XmlStream:
    """Feed it bytes, get back what they completed. Not usable after a parse error, which it raises."""

    def __init__(self):
        self.raw = bytearray()
        self.whitespace = 0
        self.elements = []
        self._out = []
        self._depth = 0
        self._builder = None
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        for forbidden in ("CommentHandler", "ProcessingInstructionHandler", "StartDoctypeDeclHandler"):
            setattr(self._parser, forbidden, self._forbidden)

    def feed(self, data):
        self.raw += data
        self._parser.Parse(bytes(data), False)
        out, self._out = self._out, []
        return out

    def _forbidden(self, *what):
        raise AssertionError("the server sent what RFC 6120 11.1 forbids: %r" % (what,))

    def _start(self, name, attributes):
        attributes = {_name(key): value for key, value in attributes.items()}
        if self._depth == 0:
            self._out.append(StreamOpen(_name(name), attributes))
        else:
            if self._depth == 1:
                self._builder = ET.TreeBuilder()
            self._builder.start(_name(name), attributes)
        self._depth += 1

    def _end(self, name):
        self._depth -= 1
        if self._depth == 0:
            self._out.append(StreamEnd())
            return
        self._builder.end(_name(name))
        if self._depth == 1:
            element = self._builder.close()
            self._builder = None
            self.elements.append(element)
            self._out.append(element)

    def _text(self, text):
        if self._depth > 1:
            self._builder.data(text)
        else:
            assert not text.strip(), "text between stanzas: %r" % text
            self.whitespace += len(text)

    def compare(self):
        """Reads the whole stream again with libxml2 and asserts that it holds the same trees."""
        if not self.raw:
            return
        # Without resolve_entities libxml2 leaves &amp; in a namespace name as it is written. Entities of others' making
        # cannot be here: a document type has failed in feed().
        parser = lxml.etree.XMLPullParser(
            events=("start", "end"), resolve_entities=True, recover=False, huge_tree=True, no_network=True)
        try:
            parser.feed(bytes(self.raw))
            events = list(parser.read_events())
        except lxml.etree.XMLSyntaxError as error:
            raise AssertionError("libxml2 refuses what the server sent: %s\n%r" % (error, bytes(self.raw)[-2000:]))
        depth, seen = 0, []
        for event, element in events:
            depth += 1 if event == "start" else -1
            if event == "end" and depth == 1:
                seen.append(element)
        ours, theirs = [plain(e) for e in self.elements], [plain(e) for e in seen]
        assert theirs[: len(ours)] == ours, "two parsers read different trees"


def plain(element):
    """An element as nested tuples: equal exactly when name, attributes, text and children are equal.
    The text after an element belongs to its parent, so `tail` counts for children only."""
    return (element.tag, tuple(sorted(element.attrib.items())), element.text or "",
            tuple((plain(child), child.tail or "") for child in element))


def show(element):
    """An element as the text a failing test prints."""
    if not isinstance(element, ET.Element):
        return repr(element)
    text = ET.tostring(element, encoding="unicode")
    return text if len(text) < 1200 else text[:1200] + "..."
