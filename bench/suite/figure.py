"""The figures: what the generator does for each, against whom, and which number of its report counts."""

from dataclasses import dataclass

FLOORS = ["floor"]
PEERS = ["ejabberd", "prosody"]
ARCHIVES = ["prosody-archive-internal", "prosody-archive-sqlite", "ejabberd-archive-mnesia",
            "ejabberd-archive-sqlite"]


@dataclass
class Figure:
    name: str
    text: str
    arguments: list
    servers: list
    accounts: int           # how many it needs
    columns: dict           # heading -> path in the generator's report
    timed: bool = True      # takes --seconds
    scale: float = 1.0      # longer or shorter than other figures


CHAT = {"per s": "per_second", "CPU us": "cpu.us_each.all", "gate": "cpu.us_each.gate",
        "recorder": "cpu.us_each.recorder", "server %": "cpu.server_percent", "gen %": "cpu.generator_percent",
        "p50 us": "latency_us.p50", "p90": "latency_us.p90", "p99": "latency_us.p99", "max": "latency_us.max",
        "lost": "lost", "twice": "duplicates", "disorder": "disorder", "errors": "errors"}
LOGIN = {"per s": "per_second", "CPU us": "cpu.us_each.all", "gate": "cpu.us_each.gate",
         "recorder": "cpu.us_each.recorder", "server %": "cpu.server_percent", "gen %": "cpu.generator_percent",
         "first third us": "parts.0.cpu_us_each", "last third us": "parts.2.cpu_us_each",
         "p50 us": "latency_us.p50", "p99": "latency_us.p99", "failures": "failures"}
PRESENCE = {key: path for key, path in {**CHAT, "bytes": "bytes_each"}.items() if key != "errors"}
ROOM = {**CHAT, "bytes": "bytes_each"}
STORM = {"s": "seconds", "CPU ms": "cpu_ms", "CPU us per presence": "cpu.us_each.all", "gate": "cpu.us_each.gate",
         "recorder": "cpu.us_each.recorder", "failures": "failures"}

FIGURES = [
    Figure("chat-saturated", "400 sessions in pairs, one message under way from each, as fast as it goes",
           ["chat", "--connections", "400", "--window", "1"], ["floor", "durable-floor", "gatehouse", "gatehouse-no-history", *PEERS], 400, CHAT),
    Figure("chat-window8", "the same with eight messages under way from each",
           ["chat", "--connections", "400", "--window", "8"], ["floor", "durable-floor", "gatehouse"], 400,
           CHAT),
    Figure("chat-1000", "1,000 messages a second, sent on schedule",
           ["chat", "--connections", "400", "--rate", "1000"], ["floor", "durable-floor", "gatehouse", *PEERS], 400,
           CHAT),
    Figure("chat-archive", "chat-saturated with every message kept",
           ["chat", "--connections", "400", "--window", "1", "--drain", "20"], ["gatehouse", *ARCHIVES], 400, CHAT),
    Figure("login", "32 at a time log in and out; the floor's is the bare handshake",
           ["login", "--concurrency", "32", "--accounts", "400"], ["floor", "gatehouse", *PEERS], 400, LOGIN),
    Figure("login-19k", "the same while 18,900 sessions rest",
           ["login", "--concurrency", "32", "--background", "18900", "--accounts", "19300", "--limit", "900"],
           ["gatehouse"], 19300, LOGIN),
    Figure("churn", "logins and logouts, six times as long",
           ["login", "--concurrency", "64", "--accounts", "400"], ["gatehouse"], 400, LOGIN, scale=6.0),
    Figure("idle", "sessions that do nothing",
           ["idle", "--steps", "1000,10000,19000", "--concurrency", "32", "--limit", "900"],
           ["floor", "gatehouse", *PEERS], 19000,
           {"1k KiB each": "steps.0.rss_kib_each.all", "gate": "steps.0.rss_kib_each.gate",
            "10k": "steps.1.rss_kib_each.all", "gate 10k": "steps.1.rss_kib_each.gate",
            "19k": "steps.2.rss_kib_each.all", "gate 19k": "steps.2.rss_kib_each.gate",
            "RSS KiB": "steps.2.memory_kib.all.rss", "PSS KiB": "steps.2.memory_kib.all.pss",
            "CPU us per login": "steps.2.login_cpu_us", "resting %": "cpu.server_percent"}),
    Figure("idle-1k", "1,000 sessions that do nothing",
           ["idle", "--steps", "1000", "--concurrency", "32"], ["floor", "gatehouse", *PEERS], 1000,
           {"1k KiB each": "steps.0.rss_kib_each.all", "gate": "steps.0.rss_kib_each.gate",
            "RSS KiB": "steps.0.memory_kib.all.rss", "PSS KiB": "steps.0.memory_kib.all.pss",
            "CPU us per login": "steps.0.login_cpu_us", "resting %": "cpu.server_percent"}),
    Figure("presence", "200 people with 20 contacts each change their status",
           ["presence", "--connections", "200", "--contacts", "20"], ["gatehouse", *PEERS], 200, PRESENCE),
    Figure("write-20", "what presence cannot do without: 200 sessions, each of which is heard by 20",
           ["room", "--connections", "200", "--occupants", "20", "--window", "20", "--shortest", "20", "--longest", "20"],
           ["floor-fan20"], 0, ROOM),
    Figure("room", "a room of 100, eight speak, each when all have heard its last",
           ["room", "--connections", "100", "--occupants", "100", "--window", "8"],
           ["floor-fan100", "gatehouse", *PEERS], 100, ROOM),
    Figure("join", "500 enter a room, 32 at a time",
           ["join", "--connections", "500", "--concurrency", "32"], ["gatehouse", *PEERS], 500, STORM, timed=False),
    Figure("idle-contacts", "sessions with 50 contacts, carbons, stream management, client state and personal eventing",
           ["idle", "--steps", "1000,10000", "--concurrency", "32", "--limit", "900", "--furnished"],
           ["gatehouse-contacts"], 10000,
           {"1k KiB each": "steps.0.rss_kib_each.all", "gate": "steps.0.rss_kib_each.gate",
            "10k": "steps.1.rss_kib_each.all", "gate 10k": "steps.1.rss_kib_each.gate",
            "CPU us per login": "steps.1.login_cpu_us", "resting %": "cpu.server_percent"}),
    Figure("accounts", "memory with 20,000 accounts and one session",
           ["idle", "--steps", "1"], ["gatehouse"], 20000,
           {"RSS KiB": "memory_kib.all.rss", "PSS KiB": "memory_kib.all.pss", "gate RSS": "memory_kib.gate.rss",
            "recorder RSS": "memory_kib.recorder.rss", "supervisor RSS": "memory_kib.supervisor.rss"}),
    Figure("inspection", "chat-saturated with the rules and without any; profiled: symbols of src/inspect and libhs",
           ["chat", "--connections", "400", "--window", "1"], ["gatehouse", "gatehouse-no-rules"], 400,
           {**CHAT, "inspect %": "profile.inspect_percent"}),
]

# What a plain `bench/run` does.
USUAL = ["chat-saturated", "chat-1000", "chat-archive", "login", "idle", "presence", "write-20", "room",
         "join", "idle-contacts", "inspection"]


def figure_named(name):
    for figure in FIGURES:
        if figure.name == name:
            return figure
    return None


def value_at(report, path):
    """The number at "a.b.0.c", or None."""
    for key in path.split("."):
        if isinstance(report, list):
            report = report[int(key)] if int(key) < len(report) else None
        elif isinstance(report, dict):
            report = report.get(key)
        if report is None:
            return None
    return report
