"""Ad-hoc commands (XEP-0050) of service administration (XEP-0133), as an administrator's client runs them."""

import secrets

from . import names
from .client import Account, Client
from .server import PASSWORD_MARK
from .stanza import child, element, Error

ADMIN = "http://jabber.org/protocol/admin#"


def administrator(server):
    """A new account in the group administrators, online."""
    account = Account("admin-%s@%s" % (secrets.token_hex(4), server.domain), PASSWORD_MARK + secrets.token_hex(8))
    done = server.run("user", "add", account.jid, "--groups", "administrators", "--password-stdin",
                      input=account.password + "\n")
    assert done.returncode == 0, done.stderr
    return Client(server, account).online()


def field(var, values):
    values = [values] if isinstance(values, str) else values
    return element("field", "".join(element("value", each) for each in values), var=var)


def form(values, type="submit"):
    return element("x", field("FORM_TYPE", ADMIN.rstrip("#")) + "".join(field(*each) for each in values.items()),
                   xmlns=names.DATA, type=type)


def command(client, name, to=None, payload="", prefix=ADMIN, **attributes):
    """Sends one <command/>; its answer, whatever it is."""
    return client.ask(names.COMMANDS, to=to or client.domain, name="command", type="set", payload=payload,
                      node=prefix + name, **attributes)


def inside(answer):
    """The <command/> of an answer that is a result."""
    assert answer.get("type") == "result", Error(answer)
    return child(answer, "command", names.COMMANDS)


def data(answer):
    """{var: [values]} of the form in an answer; None without one."""
    found = child(inside(answer), "x", names.DATA)
    if found is None:
        return None
    return {each.get("var"): [value.text or "" for value in each.findall("{%s}value" % names.DATA)]
            for each in found.findall("{%s}field" % names.DATA)}


def note(answer):
    """(type, text) of the note, None without one."""
    found = child(inside(answer), "note", names.COMMANDS)
    return None if found is None else (found.get("type"), found.text)


def begin(client, name, to=None):
    """The first request; the session's id."""
    answer = inside(command(client, name, to))
    assert answer.get("status") == "executing"
    return answer.get("sessionid")


def run(client, name, /, to=None, action="complete", **values):
    """Asks for the form, fills it in; the last answer. `_` in a name stands for `-`."""
    values = {key.replace("_verify", "-verify"): each for key, each in values.items()}
    return command(client, name, to, form(values), sessionid=begin(client, name, to), action=action)


def done(client, name, /, **values):
    """run() that must succeed; the values shown."""
    answer = run(client, name, **values)
    assert inside(answer).get("status") == "completed" and (note(answer) or ("info",))[0] != "error", note(answer)
    return data(answer)


def failed(client, name, /, **values):
    """run() that must complete with an error's note; its text."""
    answer = run(client, name, **values)
    assert inside(answer).get("status") == "completed"
    kind, text = note(answer)
    assert kind == "error"
    return text
