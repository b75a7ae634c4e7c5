"""Figures as a person reads them."""

NAMES = {"bytes": "bytes", "accuracy": "accuracy", "time": "time", "tradeoff": "trade-off"}


def of_figure(figure, value):
    if figure == "bytes":
        return f"{round(value):,}"
    if figure == "accuracy":
        return f"{100 * value:.1f} %"
    return f"{value:.2f} ×"


def bounds(figure, spread):
    """Empty for what is exact."""
    if spread.low == spread.high:
        return ""
    return f"{of_figure(figure, spread.low)} to {of_figure(figure, spread.high)}"


def seconds(value):
    return f"{value * 1e6:.0f} µs" if value < 1e-3 else f"{value * 1e3:.1f} ms"
