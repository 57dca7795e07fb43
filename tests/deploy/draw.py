"""Draws panels of the Grafana dashboard as one SVG picture."""

import html
import math

# Size of a cell of the dashboard's grid, in pixels. Grafana's rows are 38 high.
CELL_WIDTH, CELL_HEIGHT, GAP = 50, 26, 8
COLOURS = ["#73bf69", "#f2cc0c", "#5794f2", "#ff780a", "#f2495c", "#b877d9",
           "#8ab8ff", "#ffa6b0", "#56a64b", "#fade2a", "#3274d9", "#c4162a"]
NAMED = {"green": "#73bf69", "red": "#f2495c", "orange": "#ff9830",
         "yellow": "#fade2a", "transparent": "none"}
PREFIXES = [(1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""), (1e-3, "m")]
UNITS = {"Bps": "B/s", "s": "s", "pps": "p/s", "reqps": "req/s",
         "ops": "ops/s", "bytes": "B", "none": ""}
LAST = "Request latency, 90th percentile"  # the last panel that is drawn


def text(x, y, words, size=12, colour="#ccccdc", anchor="start", weight=400):
    return (f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" fill="{colour}"'
            f' text-anchor="{anchor}" font-weight="{weight}">'
            f"{html.escape(words)}</text>")


def rectangle(x, y, width, height, colour, opacity=1.0):
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" '
            f'height="{height:.1f}" fill="{colour}" '
            f'fill-opacity="{opacity:.2f}"/>')


def formatted(value, unit):
    """A value as Grafana prints it, more or less."""
    if not math.isfinite(value):
        return "-"
    if unit == "percentunit":
        return f"{100 * value:.3g} %"
    if unit == "s" and value >= 60:
        return f"{value / 60:.3g} min"
    scaled, prefix = value, ""
    for factor, name in PREFIXES:
        if abs(value) >= factor and (factor >= 1 or unit == "s"):
            scaled, prefix = value / factor, name
            break
    return f"{scaled:.3g} {prefix}{UNITS.get(unit, unit)}".strip()


def colour_of(value, defaults):
    """The colour of a value by the thresholds of its panel."""
    colour = "green"
    for step in defaults["thresholds"]["steps"]:
        if step["value"] is None or value >= step["value"]:
            colour = step["color"]
    return NAMED.get(colour, colour)


def ticks(highest):
    """Four or five round numbers from 0 to the first that reaches highest."""
    power = 10 ** math.floor(math.log10(highest / 4))
    step = next(power * n for n in (1, 2, 2.5, 5, 10)
                if power * n * 4 >= highest * 0.999)
    return [round(step * n, 9) for n in range(
        math.ceil(highest / step - 0.001) + 1)]


def mapped(value, defaults):
    """A value's text by the panel's mappings, else the formatted value."""
    for mapping in defaults["mappings"]:
        option = mapping["options"].get(f"{value:g}")
        if option:
            return option["text"]
    return formatted(value, defaults["unit"])


class Frame:
    """The area of a panel in which its values are drawn, and its scales."""

    def __init__(self, panel, start, end):
        at = panel["gridPos"]
        self.x = at["x"] * CELL_WIDTH + GAP / 2
        self.y = at["y"] * CELL_HEIGHT + GAP / 2
        self.width = at["w"] * CELL_WIDTH - GAP
        self.height = at["h"] * CELL_HEIGHT - GAP
        self.start, self.end = start, end
        self.left, self.right = self.x + 66, self.x + self.width - 18
        self.top, self.bottom = self.y + 32, self.y + self.height - 42
        self.defaults = panel.get("fieldConfig", {}).get("defaults", {})

    def across(self, time):
        share = (time - self.start) / (self.end - self.start)
        return self.left + share * (self.right - self.left)

    def box(self, title):
        return [f'<rect x="{self.x:.0f}" y="{self.y:.0f}" '
                f'width="{self.width:.0f}" height="{self.height:.0f}" rx="2" '
                'fill="#181b1f" stroke="#2c3235"/>',
                text(self.x + 8, self.y + 18, title, 13, weight=500)]

    def times(self):
        seconds = self.end - self.start
        step = 30 if seconds <= 240 else 60
        return [part for n in range(0, int(seconds) + 1, step)
                for part in (text(self.across(self.start + n),
                                  self.bottom + 15, f"{n // 60}:{n % 60:02}",
                                  10, "#8e8e9a", "middle"),)]

    def legend(self, names):
        """Every name on one line, in smaller letters if there are many."""
        parts, x = [], self.x + 10
        letters = sum(map(len, names)) or 1
        letter = min(6.2, (self.width - 16 - 24 * len(names)) / letters)
        for n, name in enumerate(names):
            parts += [rectangle(x, self.y + self.height - 15, 12, 3,
                                COLOURS[n % len(COLOURS)]),
                      text(x + 16, self.y + self.height - 10, name,
                           round(11 * letter / 6.2, 1))]
            x += 24 + letter * len(name)
        return parts


def finite(points):
    return [(t, v) for t, v in points if math.isfinite(v)]


def stat(frame, series):
    parts = []
    values = [(name, points[-1][1]) for name, points in series]
    for n, (name, value) in enumerate(values):
        middle = frame.x + frame.width * (n + 0.5) / len(values)
        parts.append(text(middle, frame.y + frame.height / 2 + 20,
                          mapped(value, frame.defaults), 30,
                          colour_of(value, frame.defaults), "middle", 600))
    return parts


def timeseries(frame, series):
    stacked = frame.defaults["custom"].get("stacking")
    if stacked:  # only what is there at some time
        series = [s for s in series if any(v for _, v in finite(s[1]))]
        series = stack(series)
    highest = max((v for _, points in series for _, v in finite(points)),
                  default=0) or 1
    scale = ticks(highest)
    highest = scale[-1]

    def up(value):
        return frame.bottom - value / highest * (frame.bottom - frame.top)

    parts = []
    for tick in scale:
        y = up(tick)
        parts += [f'<path d="M{frame.left:.0f} {y:.1f}H{frame.right:.0f}" '
                  'stroke="#2c3235"/>',
                  text(frame.left - 6, y + 4, formatted(
                      tick, frame.defaults["unit"]), 10, "#8e8e9a", "end")]
    for step in frame.defaults["thresholds"]["steps"][1:]:
        if step["color"] != "transparent" and step["value"] < highest:
            parts.append(f'<path d="M{frame.left:.0f} {up(step["value"]):.1f}'
                         f'H{frame.right:.0f}" stroke="'
                         f'{NAMED[step["color"]]}" stroke-dasharray="6 4"/>')
    for n, (_, points) in enumerate(series):
        for piece in pieces(points):
            path = "L".join(f"{frame.across(t):.1f} {up(v):.1f}"
                            for t, v in piece)
            colour = COLOURS[n % len(COLOURS)]
            if stacked:
                parts.append(
                    f'<path d="M{path}L{frame.across(piece[-1][0]):.1f} '
                    f'{up(0):.1f}L{frame.across(piece[0][0]):.1f} '
                    f'{up(0):.1f}Z" fill="{colour}" fill-opacity="0.4"/>')
            parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" '
                         'stroke-width="1.5"/>')
    return parts + frame.times() + frame.legend([name for name, _ in series])


def stack(series):
    """Each series on top of those after it, the highest first."""
    below, result = {}, []
    for name, points in series:
        points = [(t, v + below.get(t, 0)) for t, v in finite(points)]
        below.update(points)
        result.append((name, points))
    return result[::-1]


def pieces(points):
    """The parts of a line between its gaps."""
    found, last = [], None
    for t, v in finite(points):
        if last is None or t - last > 2.5:
            found.append([])
        found[-1].append((t, v))
        last = t
    return found


def state_timeline(frame, series):
    parts = []
    height = (frame.bottom - frame.top) / len(series)
    for n, (name, points) in enumerate(series):
        y = frame.top + n * height
        left = frame.left + 90
        for at, value, until in runs(points):
            share = [(time - frame.start) / (frame.end - frame.start)
                     for time in (at, until)]
            x, to = (left + s * (frame.right - left) for s in share)
            parts.append(rectangle(x, y + 2, to - x, height - 4,
                                   colour_of(value, frame.defaults), 0.8))
            words = mapped(value, frame.defaults)
            if to - x > 8 * len(words):
                parts.append(text(x + 4, y + height / 2 + 4, words, 11,
                                  "#111217"))
        parts.append(text(left - 6, y + height / 2 + 4,
                          name.split(" ", 1)[1], 10, "#8e8e9a", "end"))
    return parts


def runs(points):
    """Stretches of one value: from, value, to."""
    found = []
    for t, v in points:
        if found and found[-1][1] == v:
            found[-1][2] = t
        else:
            if found:
                found[-1][2] = t
            found.append([t, v, t])
    return found


def heatmap(frame, series):
    bounds = sorted(((math.inf if name == "+Inf" else float(name)), points)
                    for name, points in series)
    parts = []
    height = (frame.bottom - frame.top) / len(bounds)
    counts = {}
    for n, (bound, points) in enumerate(bounds):
        lower = dict(bounds[n - 1][1]) if n else {}
        for t, v in points:
            counts[n, t] = max(v - lower.get(t, 0), 0)
        label = "more" if math.isinf(bound) else formatted(bound, "s")
        parts.append(text(frame.left - 6, frame.bottom - (n + 0.3) * height,
                          label, 10, "#8e8e9a", "end"))
    most = max(counts.values(), default=1) or 1
    times = sorted({t for _, t in counts})[::2]
    width = (frame.right - frame.left) / max(len(times), 1)
    for n in range(len(bounds)):
        for t in times:
            share = counts.get((n, t), 0) / most
            if share > 0.005:
                parts.append(rectangle(
                    frame.across(t), frame.bottom - (n + 1) * height,
                    width - 0.5, height - 1, "#ff780a",
                    0.15 + 0.85 * share ** 0.5))
    return parts + frame.times()


DRAWN = {"stat": stat, "timeseries": timeseries, "heatmap": heatmap,
         "state-timeline": state_timeline}


def picture(shown, start, end):
    """Draws rows and panels, each with its results, down to the last one that
    the picture has."""
    parts, height = [], 0
    for panel, series in shown:
        frame = Frame(panel, start, end)
        if panel["type"] == "row":
            parts.append(text(frame.x + 4, frame.y + 13, panel["title"], 15,
                              weight=600))
            continue
        parts += frame.box(panel["title"])
        parts += DRAWN[panel["type"]](frame, series)
        height = max(height, frame.y + frame.height + GAP / 2)
        if panel["title"] == LAST:
            break
    width = 24 * CELL_WIDTH
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
        f'height="{height:.0f}" viewBox="0 0 {width} {height:.0f}" '
        'font-family="Inter, Helvetica, Arial, sans-serif">',
        rectangle(0, 0, width, height, "#111217"), *parts, "</svg>", ""])
