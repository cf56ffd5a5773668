"""Rules as policy files hold them, for the servers of scenarios."""


def _people(between):
    return "" if between is None else "    from: %s\n    to: %s\n" % between


def word_rule(id, word, notice, between=None):
    """Blocks a word. `between`: a pair, who says it and who reads it."""
    return """  - id: %s
    purpose: A word that may not be said.
%s    match: { words: ["%s"] }
    action: block
    mode: enforce
    notice: { en: "%s" }
""" % (id, _people(between), word, notice)


def wall_rule(id, between, notice="There is a wall."):
    return """  - id: %s
    type: wall
    purpose: Two who do not meet.
%s    direction: both
    action: block
    mode: enforce
    notice: { en: "%s" }
""" % (id, _people(between), notice)


def add_rules(server, *rules):
    """Before the server starts."""
    path = server.dir / "policy/rules/scenario.yaml"
    path.write_text("rules:\n" + "".join(rules))
    path.chmod(0o644)
