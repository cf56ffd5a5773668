"""Questions to an archive (XEP-0313) and their answers."""

from . import names
from .names import tag
from .record import eventually
from .stanza import Error, body_of, child


class Page:
    """The answer to a query: results in the order they came, and the <fin/>."""

    def __init__(self, results, answer):
        self.results = results
        self.answer = answer
        self.fin = child(answer, "fin", names.MAM)
        found = child(self.fin, "set", names.RSM)
        self.first, self.last, self.count = (found.findtext(tag(names.RSM, name)) for name in ("first", "last", "count"))
        self.complete = self.fin.get("complete") == "true"

    @property
    def bodies(self):
        return [body_of(inner(each)) for each in self.results]

    @property
    def ids(self):
        return [result(each).get("id") for each in self.results]


def result(stanza):
    return child(stanza, "result", names.MAM)


def inner(stanza):
    return child(child(result(stanza), "forwarded", names.FORWARD), "message")


def form(fields):
    def field(var, value):
        values = value if isinstance(value, (list, tuple)) else [value]
        return "<field var='%s'>%s</field>" % (var, "".join("<value>%s</value>" % each for each in values))
    if not fields:
        return ""
    return "<x xmlns='%s' type='submit'>%s%s</x>" % (
        names.DATA_FORMS, field("FORM_TYPE", names.MAM),
        "".join(field(var.replace("_", "-"), value) for var, value in fields.items()))


def query_text(rsm=None, flip=False, queryid=None, extra="", **fields):
    return "<query xmlns='%s'%s>%s%s%s%s</query>" % (
        names.MAM, " queryid='%s'" % queryid if queryid else "", form(fields),
        "" if rsm is None else "<set xmlns='%s'>%s</set>" % (names.RSM, rsm),
        "<flip-page/>" if flip else "", extra)


def ask(client, to=None, **more):
    """The results, and the answer."""
    client.take()
    answer = client.iq("set", query_text(**more), to=to)
    results = [each for each in client.take() if result(each) is not None]
    return results, answer


def history(client, **more):
    results, answer = ask(client, **more)
    assert answer.get("type") == "result", Error(answer)
    return Page(results, answer)


def until_kept(client, *bodies):
    """Until these messages wait in the store for somebody who is not there. Nobody is told when they do; the history of who
    said them, and of who is to get them, has them then and not before."""
    eventually(lambda: set(bodies) <= set(history(client, rsm="<before/>").bodies))


def refused(client, **more):
    results, answer = ask(client, **more)
    assert answer.get("type") == "error" and not results
    return tuple(Error(answer))
