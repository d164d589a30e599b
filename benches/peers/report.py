"""The figures as a table, as docs/peers.json, as a picture, and in docs/benchmarks.md between its markers."""

import json
import platform
import re
import statistics

import picture

OURS = "nomadns"


def machine():
    """The processor, how many, and the system."""
    with open("/proc/cpuinfo") as file:
        text = file.read()
    model = re.search(r"model name\s*:\s*(.+)", text)
    count = len(re.findall(r"^processor", text, re.MULTILINE))
    with open("/etc/os-release") as file:
        system = re.search(r'PRETTY_NAME="?([^"\n]+)', file.read()).group(1)
    kernel = re.match(r"\d+\.\d+", platform.release()).group()
    return f"{count} cores of {model.group(1).strip() if model else platform.machine()}, {system}, Linux {kernel}"


def summary(figures):
    """Of each load: its key, title, and for each server the median, the ratio of pairs and whether all were answered."""
    table = []
    for load in figures["loads"]:
        quiet = figures["most_stolen"]
        ours = load["runs"].get(OURS, [])
        likes = load.get("like", {})
        rows = []
        for name, runs in load["runs"].items():
            pairs, of_like = undisturbed(ours, runs, quiet), undisturbed(runs, likes.get(name, []), quiet)
            runs = [run for run in runs if run]
            kept = [theirs for _, theirs in pairs] or runs
            if not kept:
                continue
            missed = sum(run["missed"] for run in runs)
            count = sum(run["per_second"] for run in runs) * figures["seconds"]
            rows.append({
                "server": name,
                "us": round(statistics.median(run["us"] for run in kept), 2),
                "per_second": round(statistics.median(run["per_second"] for run in kept)),
                "ratio": median_ratio(pairs),
                "pairs": len(pairs),
                # What it takes divided by what the same load of the cluster's names does.
                **({"of_like": median_ratio(of_like)} if of_like else {}),
                # Answers that came too late at the end of a run are no matter.
                "answers_missing": missed > 0.01 * count,
            })
        # What hardly answers is no figure: it waits for something else than its core.
        most = max(row["per_second"] for row in rows)
        rows = [row for row in rows if row["per_second"] * 100 > most]
        rows.sort(key=lambda row: row["us"])
        table.append({"key": load["key"], "title": load["title"], "measured": measured(figures, load), "servers": rows})
    return table


def undisturbed(ours, theirs, quiet):
    """The runs of the same rounds in pairs; one that the hypervisor disturbed is left out, unless there is no other."""
    both = [(mine, other) for mine, other in zip(ours, theirs) if mine and other and other["us"] > 0]
    return [pair for pair in both if all(run["stolen"] <= quiet for run in pair)] or both


def median_ratio(pairs):
    return round(statistics.median(mine["us"] / theirs["us"] for mine, theirs in pairs), 2) if pairs else None


def measured(figures, load):
    """When and how a row was measured: all at once, but for those that were later, alone."""
    return load.get("measured") or {key: figures[key] for key in ("date", "rounds", "seconds")}


def markdown(figures, table):
    """One line for each load, the cheapest first in it; what was measured at another time has a table of its own."""
    versions = ", ".join(f"{name} {number}" for name, number in figures["versions"].items())
    lines = [
        f"{figures['machine']}. {versions}.",
        "CPU of the server for each query, user and system, on one core; medians of all rounds. "
        "In brackets nomadns's divided by it, the median of the same rounds: below 1 nomadns is the cheaper.",
    ]
    whole = measured(figures, {})
    flooded = figures.get("flood_measured", whole)
    times = []
    for time in [load["measured"] for load in table] + [flooded]:
        if time not in times:
            times.append(time)
    for time in times:
        lines += ["", f"Measured on {time['date']} in {time['rounds']} rounds of {time['seconds']:g} s:", ""]
        lines += ["| load | nomadns | the others, cheapest first |", "|---|---|---|"]
        lines += rows([load for load in table if load["measured"] == time])
        lines += saturated_line(figures.get("saturated")) if time == whole else []
        lines += flood_line(figures.get("flood")) if time == flooded else []
    return "\n".join(lines)


def rows(table):
    lines = []
    for load in table:
        mine = [row for row in load["servers"] if row["server"] == OURS]
        others = [row for row in load["servers"] if row["server"] != OURS]
        cells = ", ".join(
            f"{row['server']} {row['us']:.1f}{' (drops)' if row['answers_missing'] else ''}"
            + (f" ({row['ratio']:.2f})" if row["ratio"] is not None else "")
            for row in others)
        own = f"**{mine[0]['us']:.1f} us**" if mine else "-"
        own += f", {mine[0]['of_like']:.2f} of the cluster's names" if mine and "of_like" in mine[0] else ""
        lines.append(f"| {load['title']} | {own} | {cells} |")
    return lines


def saturated_line(saturated):
    """The row of what a core answers: more is better."""
    if not saturated or OURS not in saturated:
        return []
    ours = saturated[OURS]
    medians = sorted(((statistics.median(counts), name) for name, counts in saturated.items()), reverse=True)
    ratio = {name: statistics.median(mine / theirs for mine, theirs in zip(ours, counts)) for name, counts in saturated.items()}
    others = ", ".join(f"{name} {count / 1000:.0f} k ({ratio[name]:.2f})" for count, name in medians if name != OURS)
    return [f"| UDP saturated, answers a second: *more is better* | **{statistics.median(ours) / 1000:.0f} k** | {others} |"]


def flood_line(flood):
    """The row of what a flood of random names does to the cluster's: the 99th percentiles, and their ratio."""
    if not flood or OURS not in flood:
        return []
    ratio = {name: kinds["flood"]["p99"] / kinds["quiet"]["p99"] for name, kinds in flood.items()}
    cells = {name: f"{kinds['quiet']['p99']:.0f} and {kinds['flood']['p99']:.0f} us ({ratio[name]:.2f})" for name, kinds in flood.items()}
    others = ", ".join(f"{name} {cells[name]}" for name in sorted(flood, key=ratio.get) if name != OURS)
    return [f"| UDP, 99th percentile of the cluster's names: without, and with 8,000 random names a second forwarded | "
            f"**{cells[OURS]}** | {others} |"]


def between(path, text):
    """Puts a text between the markers of a document."""
    with open(path) as file:
        document = file.read()
    begin, end = "<!-- peers: written by benches/peers.sh -->", "<!-- peers: end -->"
    before, rest = document.split(begin)
    _, after = rest.split(end)
    with open(path, "w") as file:
        file.write(f"{before}{begin}\n{text}\n{end}{after}")


def updated(figures, path):
    """The figures of a file with these instead of its own of the same rows; each says when it was measured."""
    with open(path) as file:
        old = json.load(file)
    now = measured(figures, {})
    fresh = {load["key"]: load | {"measured": now} for load in figures["loads"]}
    kept = [fresh.pop(load["key"], load) for load in old["loads"]]
    both = old | {"versions": old["versions"] | figures["versions"], "loads": kept + list(fresh.values())}
    both |= {key: figures[key] for key in ("saturated", "flood") if figures.get(key)}
    return both | ({"flood_measured": now} if figures.get("flood") else {})


def write(figures, repository, keep, update):
    """Prints the table; with `keep`, writes all that shows it, with `update` only the rows that there are."""
    table = summary(figures)
    print()
    for load in table:
        print(load["title"])
        for row in load["servers"]:
            ratio = f"nomadns / it {row['ratio']:.2f}" if row["ratio"] is not None and row["server"] != OURS else ""
            missing = "  (drops more than 1 %)" if row["answers_missing"] else ""
            like = f"  it / the cluster's names {row['of_like']:.2f}" if "of_like" in row else ""
            print(f"  {row['server']:14} {row['us']:8.2f} us {row['per_second']:8} /s  {ratio}{like}{missing}")
    print("\n".join(saturated_line(figures.get("saturated")) + flood_line(figures.get("flood"))))
    if figures.get("flood"):
        print(json.dumps(figures["flood"]))
    if not keep:
        return
    if update:
        figures = updated(figures, f"{repository}/docs/peers.json")
        table = summary(figures)
    text = markdown(figures, table)
    kept = {key: value for key, value in figures.items() if key != "loads"} | {"medians": table, "loads": figures["loads"]}
    with open(f"{repository}/docs/peers.json", "w") as file:
        # A run a line.
        body = json.dumps(kept, indent=1)
        file.write(re.sub(r"\{\s+([^{}\[\]]*?)\s+\}", lambda found: "{" + re.sub(r"\s+", " ", found.group(1)) + "}", body) + "\n")
    with open(f"{repository}/docs/peers.svg", "w") as file:
        file.write(picture.draw(figures, table))
    between(f"{repository}/docs/benchmarks.md", text + "\n\n![The same as bars](peers.svg)")
