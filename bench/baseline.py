"""Compares figures with those of bench/baseline.json.

The baseline holds ratios and counts, which other machines reproduce. A figure
got worse if its median is outside of what the rounds of the baseline spread
over, widened by the larger of its tolerance and 10 %. Those with a tolerance of
their own that is smaller, such as counts of instructions, use that.
"""

import json

NOISE = 0.10  # between two runs on a machine that does nothing else


def write(path, sections):
    """Replaces the figures of these sections and keeps the others."""
    try:
        kept = read(path)
    except FileNotFoundError:
        kept = {}
    for name, section in sections.items():
        kept = {k: f for k, f in kept.items() if f["section"] != name}
        for key, figure in section["figures"].items():
            if figure["guarded"]:
                kept[key] = {"section": name, **{
                    k: round(v, 4) if isinstance(v, float) else v
                    for k, v in figure.items() if k != "guarded"}}
    with open(path, "w", encoding="ascii") as f:
        json.dump({"figures": dict(sorted(kept.items()))}, f, indent=1)
        f.write("\n")


def read(path):
    with open(path, encoding="ascii") as f:
        return json.load(f)["figures"]


def limit(figure):
    """The value beyond which a figure is worse than its baseline."""
    margin = figure["tolerance"] or NOISE
    if figure["better"] == "higher":
        return figure["low"] * (1 - margin)
    return figure["high"] * (1 + margin)


def is_worse(now, figure):
    if figure["better"] == "higher":
        return now["median"] < limit(figure)
    return now["median"] > limit(figure)


def compare(path, sections):
    """Lines of text about what got worse, and the number of comparisons."""
    kept, worse, compared = read(path), [], 0
    for section in sections.values():
        for key, now in section["figures"].items():
            if key not in kept:
                if now["guarded"]:
                    worse.append(f"{key}: is not in the baseline")
                continue
            compared += 1
            if is_worse(now, kept[key]):
                worse.append(
                    f"{key}: {now['median']:.4g}, in the baseline "
                    f"{kept[key]['median']:.4g}, limit {limit(kept[key]):.4g}")
    return worse, compared
