"""The targets, computed from ratios within a round: what the machine did in that round then cancels out."""

from statistics import median

from .figure import ARCHIVES, PEERS, value_at

CPU = "cpu.us_each.all"


class Rounds:
    """Look-up of numbers by (figure, server, path), one for each round that went well."""

    def __init__(self, results):
        self.reports = {(r["round"], r["figure"], r["server"]): r["report"] for r in results
                        if "trouble" not in r["report"]}
        self.rounds = sorted({r["round"] for r in results})

    def values(self, figure, server, path):
        """{round: number}"""
        found = {}
        for number in self.rounds:
            value = value_at(self.reports.get((number, figure, server), {}), path)
            if value is not None:
                found[number] = value
        return found

    def ratios(self, figure, server, path, other, other_path=None, other_figure=None):
        ours = self.values(figure, server, path)
        theirs = self.values(other_figure or figure, other, other_path or path)
        return [ours[number] / theirs[number] for number in ours if theirs.get(number)]

    def median(self, figure, server, path):
        values = self.values(figure, server, path).values()
        return median(values) if values else None


def row(name, values, limit, at_most=True, note=""):
    """One line of the table; values: one number a round, or none."""
    if not values:
        return {"figure": name, "limit": limit, "value": None, "reached": None, "note": note}
    value = median(values)
    reached = value <= limit if at_most else value >= limit
    return {"figure": name, "value": value, "low": min(values), "high": max(values), "limit": limit,
            "at_most": at_most, "reached": reached, "note": note}


def best(rounds, figure, servers, path, most):
    """The best median among servers: (name, number), or (None, None)."""
    found = [(rounds.median(figure, server, path), server) for server in servers]
    found = [pair for pair in found if pair[0] is not None]
    if not found:
        return None, None
    number, server = max(found) if most else min(found)
    return server, number


def chat_rows(rounds):
    rows = [row("chat, saturated, record: CPU per message / floor",
                rounds.ratios("chat-saturated", "gatehouse-no-history", CPU, "floor"), 1.6),
            row("chat, saturated, record and history: CPU per message / floor",
                rounds.ratios("chat-saturated", "gatehouse", CPU, "floor"), 3)]
    rows.append(row("chat, 1,000/s: CPU per message / durable floor",
                    rounds.ratios("chat-1000", "gatehouse", CPU, "durable-floor"), 1.5))
    peer, _ = best(rounds, "chat-1000", PEERS, CPU, most=False)
    rows.append(row("chat, 1,000/s: CPU per message / best peer",
                    rounds.ratios("chat-1000", "gatehouse", CPU, peer) if peer else [], 0.75,
                    note=f"{peer}, keeps nothing" if peer else ""))
    archive, _ = best(rounds, "chat-archive", ARCHIVES, "per_second", most=True)
    rows.append(row("chat: messages/s of one core / best archiving peer",
                    rounds.ratios("chat-archive", "gatehouse", "per_second", archive) if archive else [], 8,
                    at_most=False, note=f"{archive}, see durability" if archive else ""))
    return rows


def latency_rows(rounds, flush):
    """p50 and p90 at 1,000/s: ejabberd's plus one measured flush."""
    rows = []
    for name in ("p50", "p90"):
        path = f"latency_us.{name}"
        ours = rounds.values("chat-1000", "gatehouse", path)
        theirs = rounds.values("chat-1000", "ejabberd", path)
        both = [number for number in ours if number in theirs]
        rows.append(row(f"chat, 1,000/s: {name} above ejabberd's, us",
                        [ours[number] - theirs[number] for number in both], flush, note="limit: one measured flush"))
    return rows


def idle_figure(rounds, place):
    """Which of the two figures of bare sessions was measured."""
    return "idle-1k" if place == 0 and not rounds.values("idle", "floor", "steps.0.connections") else "idle"


def memory_rows(rounds):
    rows = []
    for place, size in enumerate(("1k", "10k", "19k")):
        path = f"steps.{place}.rss_kib_each"
        rows.append(row(f"memory of an idle session (gate) / floor, {size}", rounds.ratios(
            idle_figure(rounds, place), "gatehouse", f"{path}.gate", "floor", f"{path}.relay"), 1.35))
    return rows


def room_rows(rounds):
    """Rooms and presence: against what writing the same bytes to each costs, and against ejabberd."""
    return [
        row("room of 100: CPU per delivery / bare write", rounds.ratios("room", "gatehouse", CPU, "floor-fan100"), 1.4),
        row("presence, 20 contacts: CPU per delivery / bare write", rounds.ratios(
            "presence", "gatehouse", CPU, "floor-fan20", other_figure="write-20"), 1.4),
        row("500 enter a room: CPU / ejabberd's", rounds.ratios("join", "gatehouse", "cpu_ms", "ejabberd"), 0.125),
    ]


def contacts_rows(rounds):
    """The floor's TLS connection is measured by the figure without contacts."""
    return [row(f"memory of a session with 50 contacts and all extensions (gate) / floor, {size}", rounds.ratios(
        "idle-contacts", "gatehouse-contacts", f"steps.{place}.rss_kib_each.gate", "floor",
        f"steps.{place}.rss_kib_each.relay", other_figure=idle_figure(rounds, place)), 1.8) for place, size in enumerate(("1k", "10k"))]


def login_rows(rounds):
    return [
        row("login: CPU / bare handshake", rounds.ratios("login", "gatehouse", CPU, "floor"), 1.6),
        row("login with 18,900 sessions: CPU / without", rounds.ratios(
            "login-19k", "gatehouse", CPU, "gatehouse", other_figure="login"), 1.1, note="no decay: within noise"),
        row("churn: CPU of the last third / first third", rounds.ratios(
            "churn", "gatehouse", "parts.2.cpu_us_each", "gatehouse", "parts.0.cpu_us_each"), 1.1,
            note="no decay: within noise"),
    ]


def inspection_rows(rounds):
    shares = list(rounds.values("inspection", "gatehouse", "profile.inspect_percent").values())
    return [row("inspection's share of a message's CPU, %", shares, 5, note="sampled")]


def import_rows(server):
    """20,000 people in three minutes; a smaller import is scaled."""
    seconds = server.import_seconds
    values = [seconds * 20000 / server.accounts] if seconds else []
    return [row("import of 20,000 accounts, s", values, 180,
                note=f"measured with {server.accounts:,}" if values else "")]


def targets(results, flush, gatehouse):
    rounds = Rounds(results)
    return (chat_rows(rounds) + latency_rows(rounds, flush) + memory_rows(rounds) + contacts_rows(rounds)
            + room_rows(rounds) + login_rows(rounds)
            + inspection_rows(rounds) + import_rows(gatehouse))
