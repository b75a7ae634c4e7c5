"""Accuracy against another figure, as SVG: every model with its spread, and the front that none of them
gets past."""

import math
from html import escape

from tinytorch_profiling.olympics.ranking import front
from tinytorch_profiling.olympics.words import of_figure

WIDTH, HEIGHT = 660, 380
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 14, 46


class Scale:
    """From values to a place between two edges; in steps of equal ratio if `log`."""

    def __init__(self, values, edges, log):
        self.map = math.log if log else float
        low, high = self.map(min(values)), self.map(max(values))
        room = 0.08 * (high - low) or 0.01
        self.low, self.high, self.edges, self.log = low - room, high + room, edges, log

    def __call__(self, value):
        share = (self.map(value) - self.low) / (self.high - self.low)
        return self.edges[0] + share * (self.edges[1] - self.edges[0])

    def ticks(self):
        """Round numbers, as many as can be read: of each power of ten some multiples."""
        low, high = (math.exp(end) if self.log else end for end in (self.low, self.high))
        if self.log and high / low > 4:
            powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)))
            found = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
        else:
            power = 10.0 ** math.floor(math.log10((high - low) / 2))
            step = next(power * n for n in (1, 2, 5) if (high - low) / (power * n) <= 8)
            found = [step * n for n in range(math.ceil(low / step), math.floor(high / step) + 1)]
        return [tick for tick in found if low <= tick <= high]


def picture(numbered, figure, title):
    """`numbered` are (number, result) pairs; the numbers name them in the tables, too."""
    results = [result for _, result in numbered]
    reference = results[0].reference
    shown = [*(result.measured for result in results), reference]
    across = [getattr(each, figure) for each in shown]
    x = Scale([edge for each in across for edge in (each.low, each.high)],
              (LEFT, WIDTH - RIGHT), log=True)  # fmt: skip
    y = Scale([edge for each in shown for edge in (each.accuracy.low, each.accuracy.high)],
              (HEIGHT - BOTTOM, TOP), log=False)  # fmt: skip
    parts = [axes(x, y, figure, title), line(front(results, figure), figure, x, y)]
    parts.append(mark(reference, figure, x, y, "", "the reference", "reference"))
    for number, result in numbered:
        parts.append(mark(result.measured, figure, x, y, str(number), result.name, "entry"))
    label = f"{title} against accuracy, of {len(results)} models and the reference"
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg>\n"
    )


def axes(x, y, figure, title):
    bottom, parts = HEIGHT - BOTTOM, []
    for tick in x.ticks():
        parts.append(f'<path class="grid" d="M{x(tick):.1f} {TOP}V{bottom}"/>')
        text = escape(of_figure(figure, tick))
        parts.append(f'<text x="{x(tick):.1f}" y="{bottom + 18}" class="mid">{text}</text>')
    for tick in y.ticks():
        parts.append(f'<path class="grid" d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}"/>')
        text = of_figure("accuracy", tick)
        parts.append(f'<text x="{LEFT - 8}" y="{y(tick) + 4:.1f}" class="end">{text}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 8}" class="mid">{escape(title)}</text>')
    return "".join(parts)


def line(results, figure, x, y):
    """In steps: what is possible with so many bytes, or so much time."""
    points = [
        (x(getattr(each.measured, figure).value), y(each.measured.accuracy.value))
        for each in results
    ]
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    path += "".join(f"H{across:.1f}V{up:.1f}" for across, up in points[1:])
    return f'<path class="front" d="{path}H{WIDTH - RIGHT}"/>'


def mark(measured, figure, x, y, number, name, kind):
    across, up = getattr(measured, figure), measured.accuracy
    left, right, middle = x(across.low), x(across.high), x(across.value)
    low, high, height = y(up.low), y(up.high), y(up.value)
    said = f"{name}: {of_figure(figure, across.value)}, {of_figure('accuracy', up.value)}"
    number = f'<text x="{middle + 8:.1f}" y="{height - 7:.1f}">{number}</text>' if number else ""
    return (
        f'<g class="{kind}"><title>{escape(said)}</title>'
        f'<path class="bar" d="M{left:.1f} {height:.1f}H{right:.1f}M{middle:.1f} {low:.1f}V{high:.1f}"/>'
        f'<circle cx="{middle:.1f}" cy="{height:.1f}" r="5"/>{number}</g>'
    )
