"""Walls between the groups left and right, put up and taken down while a server runs (fixture `wall` in conftest.py)."""

NOTICE = "There is a wall."
WALL = """
rules:
  - id: scenario-wall
    type: wall
    purpose: Left and right do not talk.
    from: group:left
    to: group:right
    direction: %s
    kinds: %s
    action: block
    mode: %s
    notice: { en: "There is a wall." }
"""
DOOR = """
  - id: scenario-door
    type: wall
    purpose: One of the left may pass.
    from: group:pass
    to: anyone
    direction: both
    action: allow
    mode: enforce
"""


def put(server, direction="both", kinds="any", mode="enforce", door=""):
    """From now on a wall of that sort stands; direction None: none."""
    path = server.dir / "policy/rules/scenario.yaml"
    if not direction and not path.exists():
        return
    if direction:
        path.write_text(WALL % (direction, kinds, mode) + door)
        path.chmod(0o644)
    else:
        path.unlink()
    done = server.run("reload")
    assert done.returncode == 0, done.stdout + done.stderr
