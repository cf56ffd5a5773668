"""Says what the programs of one desktop show, as a screen reader learns it (AT-SPI). For each line on standard input one line of
JSON: the list of texts. Run by desktop.py with the desktop's environment."""

import json
import sys

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402


LEFT_OUT = (Atspi.Role.MENU_BAR, Atspi.Role.MENU)


def text_of(node):
    try:
        return Atspi.Text.get_text(node, 0, -1) if node.get_text_iface() else ""
    except GLib.Error:
        return ""


def look(node, into):
    """Adds the names and texts of `node` and of all inside it, also of what lies behind something else (GTK 4.8 tells no state);
    menus, and what goes away meanwhile, are left out."""
    try:
        if node is None or node.get_role() in LEFT_OUT:
            return
        for text in (node.get_name(), text_of(node)):
            if text and (not into or into[-1] != text):
                into.append(text)
        for index in range(node.get_child_count()):
            look(node.get_child_at_index(index), into)
    except GLib.Error:
        pass


Atspi.init()
for _ in sys.stdin:
    seen = []
    look(Atspi.get_desktop(0), seen)
    print(json.dumps(seen), flush=True)
