"""How far a milestone has come, and about how long the rest will take."""

from time import monotonic

FIRST, EVERY = 2.0, 10.0  # seconds until the first line, and between two


def steps(count, what, tell=lambda: "", clock=monotonic):
    """Count from 0 up to `count`. Now and then a line tells how many are done, the seconds that the
    rest will take if it goes on like this, and what `tell()` returns."""
    began = clock()
    due = began + FIRST
    for step in range(count):
        yield step
        now, done = clock(), step + 1
        if now >= due and done < count:
            left = (now - began) / done * (count - done)
            more = f", {text}" if (text := tell()) else ""
            print(f"  {what}: {done} of {count}, about {left:.0f} s left{more}")
            due = now + EVERY
