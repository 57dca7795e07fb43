"""Writes results into docs/performance.md, between its markers, and plots into
docs/performance/."""

import os
import re
import textwrap

import environment
import goals
from figures import markdown
from plots import draw

DOCUMENT = "docs/performance.md"
FOLDER = "docs/performance"


def replace(text, name, content):
    """Replaces what is between <!-- bench NAME --> and <!-- end -->."""
    pattern = rf"(<!-- bench {name} -->\n).*?(<!-- end -->)"
    return re.sub(pattern, lambda m: f"{m[1]}\n{content}\n{m[2]}", text,
                  flags=re.S)


def write(sections):
    with open(DOCUMENT, encoding="ascii") as f:
        text = f.read()
    for name, section in sections.items():
        lines = [markdown(section["tables"])]
        os.makedirs(FOLDER, exist_ok=True)
        for plot, data in section["plots"].items():
            with open(f"{FOLDER}/{plot}.svg", "w", encoding="ascii") as f:
                f.write(draw(data))
        lines += [f"![{data['title']}](performance/{plot}.svg)\n"
                  for plot, data in section["plots"].items()]
        lines.append(f"Measured {environment.moment(section['environment'])}."
                     "\n")
        text = replace(text, name, "\n".join(lines))
    latest = max((s["environment"] for s in sections.values()),
                 key=lambda e: e["date"])
    text = replace(text, "machine", textwrap.fill(
        f"Measured on: {environment.machine(latest)}.", 118) + "\n")
    text = replace(text, "goals", markdown([goals.table(sections)]))
    with open(DOCUMENT, "w", encoding="ascii") as f:
        f.write(text)
