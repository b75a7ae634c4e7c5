"""How far something long has come: a bar where there is a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Self

import click

WIDTH = 24
REDRAW = 0.1  # seconds
LINES = 20  # about as many, where there is no terminal


class Progress:
    """`step` after each of `total` things. Goes to stderr, so that what is printed can be piped."""

    def __init__(self, total: int, unit: str, now: Callable[[], float] = time.monotonic):
        self.total, self.unit, self.done = total, unit, 0
        self._now, self._start, self._drawn = now, now(), 0.0
        self._said: set[str] = set()
        self._terminal = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal and self.done:
            click.echo(err=True)

    def say(self, text: str) -> None:
        """A line above the bar, unless it was said before."""
        if text and text not in self._said:
            self._said.add(text)
            click.echo(f"\r\x1b[K{text}" if self._terminal else text, err=True)

    def step(self) -> None:
        self.done += 1
        if self._terminal:
            self._draw()
        elif self.done % max(self.total // LINES, 1) == 0 or self.done == self.total:
            click.echo(self.line(), err=True)

    def line(self) -> str:
        """`120/1000 submissions, 38.1/s, 23 s left`"""
        passed = self._now() - self._start
        rate = self.done / passed if passed > 0 else 0.0
        text = f"{self.done}/{self.total} {self.unit}, {rate:.1f}/s"
        left = self.total - self.done
        return f"{text}, {_duration(left / rate)} left" if left and rate else text

    def _draw(self) -> None:
        now = self._now()
        if now - self._drawn < REDRAW and self.done < self.total:
            return
        self._drawn = now
        full = WIDTH * self.done // self.total
        click.echo(
            f"\r[{'#' * full}{'.' * (WIDTH - full)}] {self.line()}\x1b[K", nl=False, err=True
        )


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
