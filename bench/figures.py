"""Figures, tables and plots as plain data, and their text."""

import statistics


def median(values):
    return statistics.median(values)


def percentile(values, part):
    """The value below which this part of all lies, from 0 to 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def short(value):
    """A number with three digits that matter."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    for digits, least in ((0, 100), (1, 10), (2, 1), (3, 0.1)):
        if abs(value) >= least:
            return f"{value:.{digits}f}"
    return f"{value:.2g}"


def spread(values):
    """The median and, in brackets, the lowest and the highest value."""
    if not values:
        return "-"
    if len(values) == 1:
        return short(values[0])
    return (f"{short(median(values))} "
            f"({short(min(values))}-{short(max(values))})")


class Section:
    """The results of one section: tables to read, figures to compare."""

    def __init__(self):
        self.tables = []
        self.figures = {}
        self.plots = {}

    def table(self, title, columns):
        """Adds a table; returns its list of rows."""
        rows = []
        self.tables.append({"title": title, "columns": columns, "rows": rows})
        return rows

    def figure(self, key, values, better="lower", guarded=False, tolerance=0):
        """Notes the results of all rounds. What is guarded is a ratio or a
        count that other machines reproduce, and goes into the baseline.
        `tolerance` is the part of itself by which it may get worse."""
        values = list(values)
        self.figures[key] = {
            "median": median(values), "low": min(values), "high": max(values),
            "better": better, "guarded": guarded, "tolerance": tolerance}

    def plain(self):
        return {"tables": self.tables, "figures": self.figures,
                "plots": self.plots}


def markdown(tables):
    lines = []
    for table in tables:
        if table["title"]:
            lines += [table["title"], ""]
        lines.append("| " + " | ".join(table["columns"]) + " |")
        lines.append("|" + "---|" * len(table["columns"]))
        lines += ["| " + " | ".join(str(cell) for cell in row) + " |"
                  for row in table["rows"]]
        lines.append("")
    return "\n".join(lines)
