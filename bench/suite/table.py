"""Results as text: Markdown tables, so that they can go into docs/performance.md as they are."""

from statistics import median

from .figure import value_at


def number(value):
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.3g}"


def spread(values):
    """median (min-max)"""
    if not values:
        return "-"
    if min(values) == max(values):
        return number(values[0])
    return f"{number(median(values))} ({number(min(values))}-{number(max(values))})"


def table(headings, rows):
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def figure_table(figure, results):
    """One line for each server; the ratio is to the floor of the same round."""
    mine = [r for r in results if r["figure"] == figure.name]
    columns = {heading: path for heading, path in figure.columns.items()
               if any(value_at(r["report"], path) is not None for r in mine)}
    floors = {r["round"]: value_at(r["report"], "cpu.us_each.all") for r in mine if r["server"] == "floor"}
    rows = []
    for server in dict.fromkeys(r["server"] for r in mine):
        runs = [r for r in mine if r["server"] == server]
        row = [server, str(len(runs))]
        for path in columns.values():
            row.append(spread([v for v in (value_at(r["report"], path) for r in runs) if v is not None]))
        if any(floors.values()):
            pairs = [(value_at(r["report"], "cpu.us_each.all"), floors.get(r["round"])) for r in runs]
            row.append(spread([ours / floor for ours, floor in pairs if ours and floor]))
        rows.append(row)
    headings = ["server", "runs", *columns] + (["x floor"] if any(floors.values()) else [])
    return f"### {figure.name}\n\n{figure.text}\n\n" + table(headings, rows)


def target_table(rows):
    lines = []
    for r in rows:
        verdict = {True: "reached", False: "**not reached**", None: "not measured"}[r["reached"]]
        low_high = f"{number(r['low'])}-{number(r['high'])}" if r["value"] is not None else "-"
        sign = "<=" if r.get("at_most", True) else ">="
        lines.append([r["figure"], f"{sign} {number(r['limit'])}", number(r["value"]), low_high, verdict, r["note"]])
    return "### Targets\n\n" + table(["figure", "to reach", "median", "min-max", "", "note"], lines)


def server_table(servers, used):
    rows = [[s.name, s.features, s.durability, s.configuration_hash() if s.ready else "-"]
            for s in servers.values() if s.name in used]
    return "### Servers\n\n" + table(["server", "features", "durability", "configuration"], rows)


def trouble_list(results):
    lines = [f"- round {r['round'] + 1}, {r['figure']}, {r['server']}: {first_line(r['report']['trouble'])}"
             for r in results if "trouble" in r["report"]]
    return "### Trouble\n\n" + "\n".join(lines) + "\n" if lines else ""


def first_line(text):
    return text.strip().splitlines()[0] if text.strip() else "?"
