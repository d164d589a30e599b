"""The table as bars: an SVG that reads on a light page and on a dark one."""

from xml.sax.saxutils import escape

WIDTH, LEFT, BAR, ROW, GAP = 760, 150, 470, 18, 16
# What takes more than so many times the least has a bar as long as that.
MOST_TIMES = 6
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 13px } .small { font-size: 11px; fill: #57606a }
.peer { fill: #8c959f } .ours { fill: #1a7f64 } .limit { fill: #c9a227 }
.mine { font-weight: 600 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .small { fill: #9ea7b3 } .peer { fill: #6e7681 } .ours { fill: #3fb68b }
}
"""


def draw(figures, table):
    """All loads below each other; the bars of one load share a scale."""
    parts, y = [], 22
    parts.append(text(10, y, "CPU of the server for each query, in microseconds: shorter is better", "title"))
    y += 18
    parts.append(text(10, y, f"{figures['date']}; {figures['machine']}", "small"))
    for line in lines_of(figures["versions"]):
        y += 15
        parts.append(text(10, y, line, "small"))
    for load in table:
        y += GAP + ROW
        parts.append(text(10, y, load["title"], "title"))
        longest = min(max(row["us"] for row in load["servers"]), MOST_TIMES * min(row["us"] for row in load["servers"]))
        for row in load["servers"]:
            y += ROW
            ours = row["server"] == "nomadns"
            kind = "ours" if ours else "limit" if row["server"].startswith("bare ") else "peer"
            width = min(max(row["us"] / longest * BAR, 1), BAR)
            parts.append(text(LEFT - 6, y, row["server"], "mine" if ours else "", "end"))
            parts.append(f'<rect class="{kind}" x="{LEFT}" y="{y - 11}" width="{width:.1f}" height="13" rx="2"/>')
            ratio = f" ({row['ratio']:.2f})" if row["ratio"] is not None and not ours else ""
            parts.append(text(LEFT + width + 6, y, f"{row['us']:.1f}{ratio}", "mine" if ours else ""))
    y += GAP + ROW
    parts.append(text(10, y, f"In brackets: nomadns divided by it, in the same rounds. No bar is longer than {MOST_TIMES} times the shortest.", "small"))
    height = y + 14
    body = "\n".join(parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
            f'aria-label="CPU per query of nomadns and its peers">\n<style>{STYLE}</style>\n{body}\n</svg>\n')


def lines_of(versions):
    """The versions, as few on a line as fit."""
    line = ""
    for name, number in versions.items():
        more = f"{line}, {name} {number}" if line else f"{name} {number}"
        if len(more) > 100:
            yield line
            more = f"{name} {number}"
        line = more
    yield line


def text(x, y, words, kind="", anchor="start"):
    return f'<text x="{x:.1f}" y="{y}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'
