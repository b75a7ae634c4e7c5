"""Statements are measured by a clock of our own, compared in a table, and pooled."""

import torch
from torch.utils.benchmark import Compare, Measurement, Timer

now, runs = 0.0, 0


def clock():
    global now
    now += 2**-22
    return now


def work(amount):
    global now, runs
    runs += 1
    now += amount * (1 + runs % 7 / 10) * 2.0**-20
    return torch.ones(2, 3).sum()


losses, table = [], []
for name in ("slow", "fast"):
    for size in (3, 50):
        timer = Timer(
            stmt="""
            y = work(amount)
            assert y.item() == torch.ones(6).sum().item()
            """,
            setup="amount = size * factor",
            timer=clock,
            globals={"work": work, "size": size, "factor": 4 if name == "slow" else 1},
            label="work",
            sub_label=name,
            description=f"size={size}",
        )
        found = timer.blocked_autorange(min_run_time=0.01)
        table.append(found)
        for each in (found, timer.timeit(200), timer.adaptive_autorange(min_run_time=0.02)):
            losses += [each.median, each.mean, each.iqr, each.number_per_run, len(each.times)]
            losses += [each.significant_figures, each.meets_confidence(0.001)]
        print(found.label, found.as_row_name, found.description, repr(found.stmt), found.setup)

table += [Measurement(2, [3e-6, 5e-6, 4e-6], table[0].task_spec)]
merged = Measurement.merge(table)
print(len(merged), merged[0].number_per_run, len(merged[0].raw_times))
losses += [each.median for each in merged]
compare = Compare(table[:2])
compare.extend_results(table[2:])
print([f" {each.median * 1e6:.1f}" in str(compare) for each in merged])
