"""Pictures as SVG text: they open in any browser and in JupyterLab, and need no library."""

from html import escape

import numpy as np

RED, BLUE = np.array([178, 24, 43]), np.array([33, 102, 172])


def heatmap(values, title, cell=36):
    """A grid of values, shape (rows, columns): blue below zero, white at zero, red above."""
    rows, columns = values.shape
    largest = float(np.max(np.abs(values))) or 1.0
    squares = [
        f'<rect x="{c * cell}" y="{r * cell + 40}" width="{cell}" height="{cell}"'
        f' fill="{_color(values[r, c] / largest)}"><title>{values[r, c]:+.3f}</title></rect>'
        for r in range(rows)
        for c in range(columns)
    ]
    width, height = columns * cell, rows * cell + 40
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" role="img" aria-label="{escape(title)}">\n'
        f'<rect width="{width}" height="{height}" fill="white"/>\n'
        f'<text x="{width / 2}" y="25" text-anchor="middle" font-family="sans-serif"'
        f' font-size="14">{escape(title)}</text>\n' + "\n".join(squares) + "\n</svg>\n"
    )


def _color(value):
    """A value from -1 to 1 as a color between blue, white and red."""
    strong = BLUE if value < 0 else RED
    mixed = 255 + abs(value) * (strong - 255)
    return "#" + "".join(f"{round(float(channel)):02x}" for channel in mixed)
