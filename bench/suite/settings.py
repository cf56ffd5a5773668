"""Changes single settings in the text of gatehouse.yaml, which is all the YAML that is needed here."""

import re


def setting_put(text, name, value):
    """Sets "group.key" (or "key") to the YAML in `value`: in place of the line (and the list below it) that sets it, or
    as a new line of its group."""
    *groups, key = name.split(".")
    lines = text.splitlines()
    if not groups:
        return "\n".join(replace(lines, key, value, "", 0, len(lines))) + "\n"
    start = find(lines, groups[0], "", 0, len(lines))
    if start is None:
        return "\n".join(lines + [f"{groups[0]}:", f"  {key}: {value}"]) + "\n"
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or lines[end][0] in " #"):
        end += 1
    return "\n".join(replace(lines, key, value, "  ", start + 1, end)) + "\n"


def find(lines, key, indent, start, end):
    for number in range(start, end):
        if re.match(rf"{indent}{re.escape(key)}:", lines[number]):
            return number
    return None


def replace(lines, key, value, indent, start, end):
    """`lines` with the key set between two of them."""
    at = find(lines, key, indent, start, end)
    if at is None:
        return lines[:start] + [f"{indent}{key}: {value}"] + lines[start:]
    after = at + 1
    while after < end and re.match(rf"{indent}(\s+\S|- )", lines[after]):
        after += 1
    return lines[:at] + [f"{indent}{key}: {value}"] + lines[after:]
