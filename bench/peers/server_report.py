"""Load points as Markdown: what each server did, and ours over the better of the others at each load.

A point is a row of `estoc bench report -o json`.
"""

OURS = "estoc"
MEASURES = [  # title, whether lower is better, how to get it from a point
    ("TTFT p50", True, lambda point: point["ttft_ms_p50"]),
    ("TTFT p99", True, lambda point: point["ttft_ms_p99"]),
    ("gap mean", True, lambda point: point["tbt_ms_mean"]),
    ("gap p99", True, lambda point: point["tbt_ms_p99"]),
    ("done", False, lambda point: point["done_rps"]),
    ("goodput", False, lambda point: point["goodput_rps"]),
]


def row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def time_text(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1e3:.2f} s"


def pair(first: float, second: float) -> str:
    return f"{time_text(first)} / {time_text(second)}"


def loads(points: list[dict]) -> dict[str, dict[str, dict]]:
    """load -> server -> point, in the order of the points."""
    table: dict[str, dict[str, dict]] = {}
    for point in points:
        table.setdefault(point["load"], {})[point["server"]] = point
    return table


def measured(points: list[dict]) -> str:
    lines = [row(["load", "server", "TTFT p50 / p99", "gap mean / p99", "worst gap", "done req/s", "goodput", "ok",
                  "refused", "failed"]), "|---|---|" + "---:|" * 8]
    for load, servers in loads(points).items():
        for name, point in servers.items():
            latencies = ([pair(point["ttft_ms_p50"], point["ttft_ms_p99"]), pair(point["tbt_ms_mean"], point["tbt_ms_p99"]),
                          time_text(point["tbt_ms_max"])] if point["ok"] else ["-"] * 3)
            lines.append(row([load, name, *latencies, f"{point['done_rps']:.2f}", f"{point['goodput_rps']:.2f}",
                              *(f"{point[key]:.0f}" for key in ("ok", "refused", "failed"))]))
    return "\n".join(lines)


def ratio(measure, ours: dict, others: list[dict]) -> str:
    """Ours over the best of the others' that answered anything."""
    _, is_lower_better, value_of = measure
    values = [value_of(point) for point in others if point["ok"]]
    if not values or not ours["ok"]:
        return "-"
    best = min(values) if is_lower_better else max(values)
    return f"{value_of(ours) / best:.2f}" if best > 0 else "-"


def ratios(points: list[dict]) -> str:
    """Empty when there is nobody to compare with."""
    lines = [row(["load", "peer", *(title for title, _, _ in MEASURES)]), "|---|---|" + "---:|" * len(MEASURES)]
    for load, servers in loads(points).items():
        peers = {name: point for name, point in servers.items() if name != OURS}
        if OURS not in servers or not peers:
            continue
        names = {name: [point] for name, point in peers.items()}
        if len(peers) > 1:
            names["the better"] = list(peers.values())
        for name, others in names.items():
            lines.append(row([load, name, *(ratio(measure, servers[OURS], others) for measure in MEASURES)]))
    return "\n".join(lines) if len(lines) > 2 else ""


def best_goodput(points: list[dict]) -> list[str]:
    """The most requests a second each server finished within the latency target, at whatever load."""
    best: dict[str, float] = {}
    for point in points:
        best[point["server"]] = max(best.get(point["server"], 0), point["goodput_rps"])
    return [f"- {name}: at most {value:.2f} req/s within the latency target"
            + (f", estoc {best[OURS] / value:.2f} times that" if name != OURS and value > 0 and OURS in best else "")
            for name, value in best.items()]


def markdown(points: list[dict], starts: dict[str, list[float]]) -> str:
    """starts: server -> how many seconds each start took."""
    parts = [measured(points)]
    over = ratios(points)
    if over:
        parts.append("estoc over its peers (latencies: lower is better; requests: higher)\n\n" + over)
    parts.append("\n".join(best_goodput(points)
                           + [f"- {name}: ready after {max(values):.1f} s at the longest" for name, values in
                              starts.items()]))
    return "\n\n".join(parts) + "\n"
