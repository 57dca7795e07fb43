"""Plots as SVG, readable on light and on dark ground."""

import math
from html import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 120, 40, 50
# Colours that differ in brightness too, for eyes that mix up red and green.
COLOURS = ("#0b6fc2", "#d9730d", "#2e9e5b", "#9a5bd0")
STYLE = """<style>
text { font: 13px sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: bold }
.grid { stroke: #8c959f; stroke-opacity: 0.35 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }
</style>"""


class Scale:
    """A logarithmic axis from `low` to `high`, in pixels."""

    def __init__(self, values, first, last):
        self.low = math.floor(math.log10(min(values)) + 1e-9)
        self.high = max(math.ceil(math.log10(max(values)) - 1e-9), self.low + 1)
        self.first, self.last = first, last

    def at(self, value):
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return self.first + part * (self.last - self.first)

    def ticks(self):
        return [10.0**n for n in range(self.low, self.high + 1)]


def number(value):
    return f"{value:,.0f}".replace(",", " ") if value >= 1 else f"{value:g}"


def grid(x, y, axis):
    out = []
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for value in y.ticks():
        out.append(f'<path class="grid" d="M{LEFT} {y.at(value):.1f}H{right}"/>'
                   f'<text x="{LEFT - 8}" y="{y.at(value) + 4:.1f}" '
                   f'text-anchor="end">{number(value)}</text>')
    for value in x.ticks():
        out.append(f'<path class="grid" d="M{x.at(value):.1f} {TOP}V{bottom}"/>'
                   f'<text x="{x.at(value):.1f}" y="{bottom + 18}" '
                   f'text-anchor="middle">{number(value)}</text>')
    out.append(f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 10}" '
               f'text-anchor="middle">{escape(axis)}</text>')
    return out


def label_places(lines, y):
    """The heights of the names beside the ends of the lines, 16 pixels apart
    at least."""
    ends = sorted((y.at(points[-1][1]), name) for name, points in lines.items())
    places, free = {}, 0
    for height, name in ends:
        free = max(height, free)
        places[name] = free
        free += 16
    return places


def opening(title, height):
    return [f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
            f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}">',
            f"<title>{escape(title)}</title>", STYLE,
            f'<text class="title" x="{LEFT}" y="22">{escape(title)}</text>']


def draw(plot):
    return bar_plot(plot) if "bars" in plot else line_plot(plot)


def bar_plot(plot):
    """Horizontal bars from 0. `plot` has a title, a unit, bars: values by
    name, and a value that is marked with a line."""
    left, step = 220, 22
    bars, mark = plot["bars"], plot["mark"]
    height = TOP + step * len(bars) + 30
    scale = (WIDTH - left - 60) / max(*bars.values(), mark)
    out = opening(f"{plot['title']}, {plot['unit']}", height)
    for i, (name, value) in enumerate(bars.items()):
        y = TOP + step * i
        out.append(
            f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">'
            f"{escape(name)}</text>"
            f'<rect x="{left}" y="{y + 2}" width="{value * scale:.1f}" '
            f'height="{step - 6}" fill="{COLOURS[0]}"/>'
            f'<text x="{left + value * scale + 6:.1f}" y="{y + 13}">'
            f"{value:.2f}</text>")
    x = left + mark * scale
    out.append(f'<path d="M{x:.1f} {TOP - 4}V{height - 26}" '
               f'stroke="{COLOURS[1]}" stroke-width="2"/>'
               f'<text x="{x:.1f}" y="{height - 10}" text-anchor="middle" '
               f'style="fill: {COLOURS[1]}">{mark:g}</text>')
    return "\n".join(out + ["</svg>", ""])


def line_plot(plot):
    """A plot with logarithmic axes. `plot` has a title, an axis, a unit, and
    lines: points by name."""
    lines = plot["lines"]
    points = [p for line in lines.values() for p in line]
    x = Scale([p[0] for p in points], LEFT, WIDTH - RIGHT)
    y = Scale([p[1] for p in points], HEIGHT - BOTTOM, TOP)
    title = f"{plot['title']}, {plot['unit']}"
    out = opening(title, HEIGHT) + grid(x, y, plot["axis"])
    places = label_places(lines, y)
    for colour, (name, line) in zip(COLOURS, lines.items()):
        path = "L".join(f"{x.at(a):.1f} {y.at(b):.1f}" for a, b in line)
        out.append(f'<path d="M{path}" fill="none" stroke="{colour}" '
                   'stroke-width="2.5"/>')
        out += [f'<circle cx="{x.at(a):.1f}" cy="{y.at(b):.1f}" r="3.5" '
                f'fill="{colour}"/>' for a, b in line]
        out.append(f'<text x="{x.at(line[-1][0]) + 10:.1f}" '
                   f'y="{places[name] + 4:.1f}" style="fill: {colour}">'
                   f"{escape(name)}</text>")
    return "\n".join(out + ["</svg>", ""])
