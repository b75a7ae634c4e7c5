"""Pictures as SVG text: they open in any browser and in JupyterLab, and need no library."""

from html import escape
from itertools import groupby
from pathlib import Path

import numpy as np

RED, BLUE = np.array([178, 24, 43]), np.array([33, 102, 172])
LINES = [
    "#2166ac",
    "#b2182b",
    "#1b7837",
    "#762a83",
    "#b35806",
    "#4d4d4d",
]  # told apart in gray, too
TOP = 40  # room for the title


def heatmap(values, title, cell=36):
    """A grid of values, shape (rows, columns): blue below zero, white at zero, red above."""
    rows, columns = values.shape
    largest = float(np.max(np.abs(values))) or 1.0
    squares = [
        _square(
            c * cell, r * cell + TOP, cell, _color(values[r, c] / largest), f"{values[r, c]:+.3f}"
        )
        for r in range(rows)
        for c in range(columns)
    ]
    return _svg(title, columns * cell, rows * cell + TOP, squares)


def regions(chance, points, labels, title, size=320, cells=80):
    """What a model says all over the plane: `chance` takes positions (n, 2) and gives n chances of a
    yes. Red where it says yes, blue where it says no, paler where it is less sure. The points
    (n, 2) lie on top, red if their label is 1."""
    low, high = points.min() - 0.5, points.max() + 0.5
    step = size / cells
    middles = low + (np.arange(cells) + 0.5) * (high - low) / cells
    across, up = np.meshgrid(middles, middles[::-1])  # the picture's first row is at the top
    sure = 2 * np.reshape(chance(np.stack([across, up], -1).reshape(-1, 2)), across.shape) - 1
    shades = np.where(sure > 0, 1, -1) * (0.15 + 0.5 * np.round(np.abs(sure), 1))
    shapes = []
    for r, row in enumerate(shades):
        c = 0
        for shade, run in groupby(row):  # neighbors of one color are one rectangle
            width = len(list(run))
            shapes.append(
                f'<rect x="{c * step:g}" y="{r * step + TOP:g}" width="{width * step + 0.5:g}"'
                f' height="{step + 0.5:g}" fill="{_color(shade)}"/>'
            )
            c += width
    for (x, y), label in zip(points, labels, strict=True):
        place = (x - low) / (high - low) * size, (high - y) / (high - low) * size + TOP
        color = _color(1 if label else -1)
        shapes.append(
            f'<circle cx="{place[0]:g}" cy="{place[1]:g}" r="11" fill="{color}" stroke="white"'
            ' stroke-width="3"/>' + _text(place[0], place[1] + 28, f"({x:g}, {y:g})", size=12)
        )
    return _svg(title, size, size + TOP, shapes)


def curves(lines, title, across, up, width=640, height=320):
    """Curves, as {name: values}; the values of each are equally far apart, from 1 on. `across` and
    `up` say what the axes show."""
    names = 24 + max(86, *(7 * len(name) for name in lines))  # their room on the right
    left, right, bottom = 56, width - names, height - 44
    longest = max(map(len, lines.values()))
    highest = max(float(np.max(values)) for values in lines.values()) * 1.05 or 1.0
    shapes = [
        _text((left + right) / 2, height - 8, across, size=12),
        f'<g transform="translate(14 {(TOP + bottom) / 2:g}) rotate(-90)">{_text(0, 0, up, 12)}</g>',
    ]
    for tick in _ticks(highest):
        y = bottom - tick / highest * (bottom - TOP)
        shapes.append(f'<line x1="{left}" y1="{y:g}" x2="{right}" y2="{y:g}" stroke="#d0d0d0"/>')
        shapes.append(_text(left - 6, y + 4, f"{tick:g}", 11, "end"))
    for tick in {1, *(int(tick) for tick in _ticks(longest) if tick >= 1)}:
        x = left + (tick - 1) / max(longest - 1, 1) * (right - left)
        shapes.append(_text(x, bottom + 16, str(tick), 11))
    for number, (name, values) in enumerate(lines.items()):
        color = LINES[number % len(LINES)]
        x = left + np.arange(len(values)) / max(longest - 1, 1) * (right - left)
        y = bottom - np.asarray(values) / highest * (bottom - TOP)
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        shapes.append(
            f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>'
            + _text(right + 12, TOP + 14 + 18 * number, name, 12, "start", color)
        )
    return _svg(title, width, height, shapes)


def tradeoff(points, front, title, across, up, width=640, height=320):
    """What is paid and what is got for it, as {name: (x, low, high), (y, low, high)}: a dot, and bars
    from low to high. Equal steps to the right are equal factors. A line joins the names in front."""
    names = 24 + max(86, *(7 * len(name) for name in points))  # their room on the right
    left, right, bottom = 64, width - names, height - 44
    ends = [np.array([point[axis] for point in points.values()]) for axis in (0, 1)]
    (first, last), (low, high) = _around(np.log(ends[0])), _around(ends[1])
    shapes = [
        _text((left + right) / 2, height - 8, across, size=12),
        f'<g transform="translate(14 {(TOP + bottom) / 2:g}) rotate(-90)">{_text(0, 0, up, 12)}</g>',
    ]

    def place(x, y):
        along = (np.log(x) - first) / (last - first), (y - low) / (high - low)
        return left + along[0] * (right - left), bottom - along[1] * (bottom - TOP)

    for tick in _marks(low, high):
        _, y = place(1, tick)
        shapes.append(f'<line x1="{left}" y1="{y:g}" x2="{right}" y2="{y:g}" stroke="#d0d0d0"/>')
        shapes.append(_text(left - 6, y + 4, f"{tick:g}", 11, "end"))
    for tick in _factors(np.exp(first), np.exp(last)):
        shapes.append(_text(place(tick, low)[0], bottom + 16, f"{tick:g}", 11))
    kept = sorted(place(points[name][0][0], points[name][1][0]) for name in front)
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in kept)
    shapes.append(f'<polyline points="{path}" fill="none" stroke="#808080" stroke-dasharray="4"/>')
    for number, (name, (x, y)) in enumerate(points.items()):
        color, (a, b) = LINES[number % len(LINES)], place(x[0], y[0])
        for one, other in (((x[1], y[0]), (x[2], y[0])), ((x[0], y[1]), (x[0], y[2]))):
            ends = [f"{value:.1f}" for value in (*place(*one), *place(*other))]
            shapes.append(
                '<line x1="{}" y1="{}" x2="{}" y2="{}" '.format(*ends) + f'stroke="{color}"/>'
            )
        shapes.append(
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="5" fill="{color}"/>'
            + _text(right + 12, TOP + 14 + 18 * number, name, 12, "start", color)
        )
    return _svg(title, width, height, shapes)


def counted(labels, answers):
    """counts[t, p]: how often something of class t was taken for p. `answers` may have many rows."""
    classes = max(np.max(labels), np.max(answers)) + 1
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (np.broadcast_to(labels, np.shape(answers)), answers), 1)
    return counts


def confusion(counts, title, cell=36):
    """What `counted` gives, as a table. What is right is blue, and mistakes are red, all the darker
    the more often."""
    classes = len(counts)
    side = 48
    right = np.eye(classes, dtype=bool)
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    # The square root lets a single mistake be seen.
    shades = np.where(right, -0.8 * share, np.sqrt(share))
    shapes = [_text(side + classes * cell / 2, TOP + 12, "what the model says", 12)]
    shapes.append(
        f'<g transform="translate(14 {TOP + 34 + classes * cell / 2:g}) rotate(-90)">'
        f"{_text(0, 0, 'what it is', 12)}</g>"
    )
    for t in range(classes):
        middle = (t + 0.5) * cell
        shapes.append(_text(side + middle, TOP + 28, str(t), 12))
        shapes.append(_text(side - 10, TOP + 34 + middle + 4, str(t), 12))
        for p in range(classes):
            x, y = side + p * cell, TOP + 34 + t * cell
            shapes.append(_square(x, y, cell, _color(shades[t, p]), f"{t} taken for {p}"))
            if counts[t, p]:
                color = "white" if abs(shades[t, p]) > 0.5 else "black"
                words = str(counts[t, p])
                shapes.append(_text(x + cell / 2, y + cell / 2 + 5, words, 13, "middle", color))
    return _svg(title, side + classes * cell + 8, TOP + 34 + classes * cell + 8, shapes)


def gallery(images, title, captions=None, columns=8, pixel=8):
    """Small images (N, rows, columns), each with a caption below it: blue below zero, white at zero,
    red above, and ink in black if there is nothing below zero."""
    columns, (rows, across) = min(columns, len(images)), images.shape[1:]
    step_x, step_y = across * pixel + 16, rows * pixel + (36 if captions else 16)
    signed, shapes = (images < 0).any(), []
    for number, image in enumerate(images):
        left, top = 8 + number % columns * step_x, TOP + number // columns * step_y
        shades = image / (np.abs(image).max() or 1.0)
        for (r, c), shade in np.ndenumerate(shades):
            color = _color(shade) if signed else _gray(shade)
            shapes.append(_square(left + c * pixel, top + r * pixel, pixel, color))
        if captions:
            words = captions[number]
            shapes.append(_text(left + across * pixel / 2, top + rows * pixel + 18, words, 12))
    height = TOP + -(-len(images) // columns) * step_y
    return _svg(title, max(columns * step_x, 9 * len(title)), height, shapes)


def grids(panels, across, down, title, columns=4, cell=11):
    """Grids of weights from 0 to 1, as {name: array (rows, columns)}, white at 0 and blue at 1. Each
    column has a label in `across`, each row one in `down`."""
    columns, step = min(columns, len(panels)), (len(across) + 2) * cell
    high, shapes = (len(down) + 2) * cell + 24, []
    for number, (name, weights) in enumerate(panels.items()):
        left = cell + number % columns * step
        top = TOP + number // columns * high
        shapes.append(_text(left + step / 2, top + 12, name, 12))
        top += 18
        for c, label in enumerate(across, 1):
            shapes.append(_text(left + (c + 0.5) * cell, top + cell - 2, label, cell - 1))
        for r, (label, row) in enumerate(zip(down, weights, strict=True), 1):
            y = top + r * cell
            shapes.append(_text(left + cell / 2, y + cell - 2, label, cell - 1))
            for c, weight in enumerate(row, 1):
                told = f"{down[r - 1]} to {across[c - 1]}: {weight:.2f}"
                shapes.append(_square(left + c * cell, y, cell, _color(-weight), told))
    height = TOP + -(-len(panels) // columns) * high
    return _svg(title, max(columns * step + cell, 9 * len(title)), height, shapes)


def save(pictures):
    """Write {name: picture} as files into the current folder, and tell."""
    for name, picture in pictures.items():
        Path(f"{name}.svg").write_text(picture, encoding="utf-8")
    print(f"\nLook at {', '.join(f'{name}.svg' for name in pictures)}.")


def _svg(title, width, height, shapes):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" role="img" aria-label="{escape(title)}">\n'
        f'<rect width="{width}" height="{height}" fill="white"/>\n'
        + "\n".join([*shapes, _text(width / 2, 25, title, 14)])
        + "\n</svg>\n"
    )


def _square(x, y, side, color, words=""):
    told = f"<title>{escape(words)}</title>" if words else ""
    return f'<rect x="{x:g}" y="{y:g}" width="{side}" height="{side}" fill="{color}">{told}</rect>'


def _text(x, y, words, size, anchor="middle", color="black"):
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-family="sans-serif"'
        f' font-size="{size}" fill="{color}">{escape(words)}</text>'
    )


def _color(value):
    """A value from -1 to 1 as a color between blue, white and red."""
    strong = BLUE if value < 0 else RED
    mixed = 255 + abs(value) * (strong - 255)
    return "#" + "".join(f"{round(float(channel)):02x}" for channel in mixed)


def _gray(ink):
    return "#" + f"{round(255 * (1 - float(ink))):02x}" * 3


def _ticks(highest):
    """Round numbers from 0 to highest, three to seven of them."""
    power = 10.0 ** np.floor(np.log10(highest))
    step = next(s for s in (0.2, 0.5, 1, 2) if highest / (s * power) < 7) * power
    return [float(f"{n * step:.6g}") for n in range(int(highest / step) + 1)]


def _around(values):
    """(low, high) of an axis that has all of them, and some air."""
    low, high = float(np.min(values)), float(np.max(values))
    air = (high - low) * 0.08 or 0.5
    return low - air, high + air


def _marks(low, high):
    """Round numbers from low to high, a few of them."""
    power = 10.0 ** np.floor(np.log10(high - low))
    step = next(s for s in (0.2, 0.5, 1, 2) if (high - low) / (s * power) < 7) * power
    return [float(f"{n * step:.6g}") for n in range(-int(-low // step), int(high // step) + 1)]


def _factors(low, high):
    """1, 2 and 5 times powers of ten, from low to high; all nine if these are fewer than two."""
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.log10(high))
    few, all_nine = (
        [float(f"{n * power:.6g}") for power in powers for n in steps if low <= n * power <= high]
        for steps in ((1, 2, 5), range(1, 10))
    )
    return few if len(few) > 1 else all_nine
