"""Counts to three on two counters, and writes down the total."""

from pathlib import Path

from abacus.core import Counter, total

left, right = Counter(), Counter(1)
left.count()
assert total([left, right]) == 2, "1 + 1 is 2"
Path("total.txt").write_text(str(total([left, right])))
print("total:", total([left, right]))
