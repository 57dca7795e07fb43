"""The goals of the project for speed, memory and cost, each a figure of a run
and its limit."""

# text, key of the figure, limit, unit. Whether the figure must be above or
# below its limit is a property of the figure.
GOALS = (
    ("Resident memory, one target", "memory.resident", 9, "MiB"),
    ("Private memory, one target", "memory.private", 2.5, "MiB"),
    ("Private memory a target at 1000, compact",
     "collection.1000.compact.private", 16, "KiB"),
    ("Private memory a target at 1000, full", "collection.1000.full.private",
     16, "KiB"),
    ("Private memory a target at 5000, compact",
     "collection.5000.compact.private", 16, "KiB"),
    ("Private memory a target at 5000, full", "collection.5000.full.private",
     16, "KiB"),
    ("CPU a collection, 1000 targets", "collection.1000.compact.cpu", 180,
     "us"),
    ("CPU a collection, 5000 targets", "collection.5000.compact.cpu", 180,
     "us"),
    ("Wake-ups a collection, that is, for three requests, 1000 targets",
     "collection.1000.compact.voluntary", 3, ""),
    ("Wake-ups a second, idle with one target", "idle.wakeups", 5, ""),
    ("Part of a core, idle with one target", "idle.core", 0.1, "%"),
    *((f"Scrape of {page}, {encoding}, {connections} connections, {word} : "
       "nginx", f"scrape.{page}.{encoding}.{connections}.{key}", 1.0, "x")
      for key, word in (("rate", "rate"), ("p99", "p99"))
      for page in ("health", "20 kB", "1 MB") for encoding in ("plain", "gzip")
      for connections in (1, 32, 256)),
    ("Scrape over TLS, 32 connections : nginx", "scrape.tls.32.rate", 0.9, "x"),
    ("Scrape behind basic auth : without", "scrape.login.rate", 0.9, "x"),
    ("`?target=` of 1000 targets", "scrape.target.rate", 20000, "1/s"),
    ("CPU of the page of 5000 targets, unchanged", "page.unchanged.plain", 15,
     "ms"),
    ("CPU of it with gzip", "page.unchanged.gzip", 15, "ms"),
    ("Pages that changed wholly : prometheus-cpp's serializer, instructions",
     "counts.render.ratio", 0.2, "x"),
    ("Longest lateness of a tick while it is made", "page.late.longest", 5,
     "ms"),
    ("Longest wait of a small scrape while it is made", "page.wait.longest", 5,
     "ms"),
    ("Start with one target", "start.1", 15, "ms"),
    ("Start with 5000 targets, compact", "start.5000.compact", 300, "ms"),
    ("Start with 5000 targets, full", "start.5000.full", 300, "ms"),
    ("`--healthcheck`", "start.healthcheck", 10, "ms"),
    ("Lateness, p99, beside 30 % bad neighbours",
     "neighbours.with.faults.late", 10, "ms"),
    ("Scrape, p99, beside 30 % bad neighbours",
     "neighbours.with.faults.scrape", 5, "ms"),
    *((f"Warm build after a change in `{room}`", f"build.{room}", 15, "s")
      for room in ("actors", "config", "metrics", "net", "pages", "sim", ".")),
)


def table(sections):
    """The goals of which these sections have figures, as a table."""
    figures = {k: f for s in sections.values() for k, f in s["figures"].items()}
    rows = []
    for text, key, limit, unit in GOALS:
        if key not in figures:
            continue
        value, higher = figures[key]["median"], \
            figures[key]["better"] == "higher"
        met = value >= limit if higher else value <= limit
        rows.append([text, f"{'>=' if higher else '<='} {limit:g} {unit}",
                     f"{value:.3g}" if value < 1000 else f"{value:.0f}",
                     "met" if met else "**missed**"])
    return {"title": "", "columns": ["goal", "limit", "measured", ""],
            "rows": rows}
