# %% [markdown]
# # 20 · Olympics
#
# You can build a network, train it, shrink it and measure it. Now compete with it. A contest is easily
# won by whoever measures best, tests most often, or has seen the questions before; so most of the work
# is in the rules. You build them: figures that say how sure they are, events with places, one number
# for a trade-off, a file that others can check, and the check. Wilson (1927) said how much a share can
# be trusted, Fleming and Wallace (1986) which mean doesn't lie, SPEC (1988) and MLPerf (2018) made
# whole industries agree on rules, and many a leaderboard was won by heart.
#
# **Prerequisites:** modules 01, 03, 04, 06, 07, 09, 15 and 19; zip files; SHA-256 as a black box.
# **Time:** about 180 minutes, eight exercises.
#
# ```mermaid
# flowchart LR
#     C[09 Convolutions] & Q[15 Quantization] & B[19 Benchmarking] --> O(20 Olympics)
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp profiling.olympics

# %%
#| export
import hashlib, io, json, zipfile, zlib
from collections import namedtuple
from math import sqrt

import numpy as np
from tinytorch.core import no_grad, tensor

# %%
from tinytorch import nn, optim
import tinytorch.nn.functional as F
from tinytorch.core import manual_seed
from tinytorch.optim.quantization import quantize_dynamic
from tinytorch_core.digits import load_digits, split  # 1,797 images of 8×8, the data of 1986

def equal(got, expected, what):
    assert got == expected, f"{what}: should be {expected}, got {got}"

def close(got, expected, what, atol=1e-6):
    got, expected = np.asarray(got, float), np.asarray(expected, float)
    assert got.shape == expected.shape, f"{what}: {expected.shape} numbers expected, got {got}"
    assert np.allclose(got, expected, 1e-6, atol), f"{what}: should be\n{expected}, got\n{got}"

def refuses(error, call, *parts):
    try:
        got = call()
    except error as problem:
        assert all(part in str(problem) for part in parts), f"it should say {parts}: {problem}"
    else:
        raise AssertionError(f"this should raise {error.__name__}, but it returned {got!r}")

# %%
# The data, and the network that everybody has to beat: that of 1986.
x, y, x_test, y_test = split(*load_digits())

def learn(net, epochs=20):
    rng, optimizer = np.random.default_rng(1), optim.AdamW(net.parameters(), 0.01, weight_decay=0.1)
    for _ in range(epochs):
        for batch in np.array_split(rng.permutation(len(x)), len(x) // 32):
            optimizer.zero_grad()
            F.cross_entropy(net(tensor(x[batch])), tensor(y[batch])).backward()
            optimizer.step()
    return net.eval()

def perceptron(hidden):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, 10))
def answering(net):  # what competes: a function from images, an array (N, 8, 8), to scores (N, 10)
    return no_grad()(lambda images: net(tensor(images)))
manual_seed(1)
net = learn(perceptron(64))
baseline = answering(net)

# %% [markdown]
# ## 📦 Where this code lives
# The exported cells become `tinytorch/profiling/olympics.py`. PyTorch has no such module; these names
# are ours, and you get them from `tinytorch.profiling`.

# %% [markdown]
# ## 1. How sure is a share?
# 352 of 360 images right: 97.8 %. With 360 *other* images, it would be another share. So a figure of
# ours is never one number, but three: its value, and between what it may well lie.
#
# Which shares p could be behind it? Those that aren't too surprised by what we saw. If a model gets p
# of all images right, then its share of n images scatters around p, with the standard deviation
# sqrt(p·(1 - p)/n). It stays within z = 1.96 of them 95 times of 100. So **p is believable if**
#
# ```
#    |share - p|  ≤  z · sqrt(p · (1 - p) / n)
# ```
#
# Square it, and there is a quadratic equation for both ends. Its solution is Wilson's interval:
#
# ```
#          right + z²/2   ±   z · sqrt(share·(1 - share)·n + z²/4)
#    p  =  ───────────────────────────────────────────────────────        352 of 360:  95.7 % … 98.9 %
#                               n + z²                                    360 of 360:  98.9 % … 100 %
# ```
#
# Books often take ± z·sqrt(share·(1 - share)/n), which puts the *observed* share under the root. For 360
# of 360 that says 100 % ± 0: absurd. And see how wide it is: one point less, or one more, means little.

# %% nbgrader={"grade_id": "olympics-wilson"}
#| export
Figure = namedtuple("Figure", "value low high")

def exact(value):  # what is counted, and comes out the same each time
    return Figure(value, value, value)

def wilson(right, total, z=1.96):
    """The Figure of a share: wilson(352, 360) is (0.9778, 0.9567, 0.9887).

    right, of total ≥ 1, are whole numbers. In floats, the end at 0 or at 1 may miss by a rounding
    error; so take care that low ≤ value ≤ high."""
    ### BEGIN SOLUTION
    share = right / total
    middle = right + z * z / 2
    half = z * sqrt(share * (1 - share) * total + z * z / 4)
    whole = total + z * z
    return Figure(share, min(share, (middle - half) / whole), max(share, (middle + half) / whole))
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Shares

# %% nbgrader={"grade_id": "test-olympics-wilson", "points": 12}
def test_unit_wilson():
    close(wilson(352, 360), [0.977778, 0.956756, 0.988694], "352 of 360")
    close(wilson(np.int64(5), 10, z=1), [0.5, 0.349241, 0.650759], "5 of 10, with z = 1")
    for right, total, z in [(3, 7, 1.96), (90, 100, 3), (1, 360, 1.96)]:
        share, *ends = wilson(right, total, z)
        for p in ends:
            close(abs(share - p), z * sqrt(p * (1 - p) / total), f"{right} of {total}: just believable")
    for total in range(1, 400):
        low, high = wilson(0, total), wilson(total, total)
        assert low.low <= 0 == low.value < low.high, f"0 of {total}: {low}"
        assert high.low < high.value == 1 <= high.high, f"{total} of {total}: {high}"
        close([low.low, high.high], [0, 1], f"0 of {total}, and {total} of {total}: the ends")
test_unit_wilson()

# %% [markdown]
# ## 2. One number for two wins
# Your model is half as large, and takes twice as long. Is it better? That's a question of taste, but
# an average should at least not contradict itself. Let two models take these bytes and microseconds:
#
# ```
#            bytes    µs        B is, compared to A        A is, compared to B
#    A        1000    10        4 ×  as small              0.25 × as small
#    B         250    40        0.25 × as fast             4 ×  as fast
#                               mean  2.125                mean  2.125
# ```
#
# Each is twice as good as the other! The **geometric mean**, the square root of the product, says 1
# both times. It is the only mean of ratios for which mean(a)/mean(b) = mean(a/b), so that the ranking
# doesn't depend on whom you compare with; SPEC uses it for this reason. In logarithms, it's plain.
#
# ```
#    geometric mean of 4 and 0.25 = exp((log 4 + log 0.25) / 2) = exp(0) = 1
# ```
#
# And the interval? A gain is what the baseline needs, divided by what you need. If your time is 0.5
# times the baseline's, and may be 0.4 to 0.8, the gain is 2, and may be 1.25 to 2.5: **the ends change
# places**. For a mean, all low ends go to the low end, all high ends to the high end. That is wider
# than need be (not all figures are at their worst at once), and never too narrow.

# %% nbgrader={"grade_id": "olympics-gain"}
#| export
def gain(before, after):
    """A Figure: how many times less `after` is, a Figure, than `before`, a number.
    gain(1, Figure(0.5, 0.4, 0.8)) is Figure(2.0, 1.25, 2.5)."""
    ### BEGIN SOLUTION
    return Figure(before / after.value, before / after.high, before / after.low)
    ### END SOLUTION

def geometric_mean(figures):
    """The Figure whose value is the geometric mean of the values, and so on, as floats.
    Approach: `zip(*figures)` gives all values, then all low ends, then all high ends."""
    ### BEGIN SOLUTION
    return Figure(*(float(np.exp(np.mean(np.log(numbers)))) for numbers in zip(*figures)))
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Gains

# %% nbgrader={"grade_id": "test-olympics-gain", "points": 12}
def test_unit_gain():
    close(gain(1, Figure(0.5, 0.4, 0.8)), [2, 1.25, 2.5], "a time of 0.5, 0.4 to 0.8")
    close(gain(1000, exact(250)), [4, 4, 4], "250 bytes instead of 1000")
    figures = [Figure(4, 4, 4), Figure(0.25, 0.16, 0.36), Figure(1, 0.5, 2)]
    close(geometric_mean(figures[:2]), [1, 0.8, 1.2], "4 and 0.25, which may be 0.16 to 0.36")
    close(geometric_mean(figures), [1, 0.32 ** (1 / 3), 2.88 ** (1 / 3)], "and 1, 0.5 to 2")
    close(geometric_mean([exact(3)]), [3, 3, 3], "one figure")
    assert isinstance(geometric_mean(figures), Figure), "a Figure comes out"
    assert type(geometric_mean(figures).value) is float, "of Python's floats, which JSON can write"
    rng = np.random.default_rng(0)
    a, b = ([exact(n) for n in rng.uniform(0.1, 9, 5)] for _ in range(2))
    ratios = [exact(one.value / other.value) for one, other in zip(a, b)]
    close(geometric_mean(ratios).value, geometric_mean(a).value / geometric_mean(b).value,
          "the mean of ratios is the ratio of means")
test_unit_gain()

# %% [markdown]
# ## 3. Questions that nobody knows
# The test images lie in a file. Whoever likes can look them up: a dictionary from images to labels is
# 100 % right, and has learnt nothing. Choosing the best of a hundred models *by* the test images is a
# weaker dose of the same. So the judge should ask what nobody has seen, and yet everybody who
# checks should get the same number.
#
# **New images from old ones.** Move each by up to a quarter of a pixel in both directions, and add a
# little noise. For a reader, that is the same digit. For a dictionary, it's a key that it doesn't have.
# Moving by part of a pixel is a mean of neighbours; from outside come zeros. A row, by +0.25 and -0.25:
#
# ```
#    row              0      1      0.5    0         each pixel:
#    by +0.25         0      0.75   0.625  0.125     0.75 · itself + 0.25 · the one before it
#    by -0.25         0.25   0.875  0.375  0         0.75 · itself + 0.25 · the one after it
# ```
#
# **And the same for everybody.** The random numbers start from a seed, and the seed comes from the
# submission itself (part 6): fixed when it is handed in, and not before.

# %% nbgrader={"grade_id": "olympics-fresh"}
#| export
FARTHEST, NOISE = 0.25, 0.03  # in pixels, and in parts of full ink

def moved(images, by, axis):
    """Images (N, H, W), each moved along axis 1 or 2 by its own part of a pixel: by is (N, 1, 1), from
    -1 to 1; positive means towards higher indices, as in the drawing. float32 stays float32.

    Approach: np.pad puts a zero at both ends of that axis only. In the padded array, the pixels
    before all pixels, and those after them, are two slices: np.take(padded, np.arange(…), axis). np.where
    chooses between them by the sign of by; np.abs says how much of it there will be."""
    ### BEGIN SOLUTION
    size, share = images.shape[axis], np.abs(by)
    padded = np.pad(images, [(1, 1) if each == axis else (0, 0) for each in range(3)])
    before = np.take(padded, np.arange(size), axis)
    after = np.take(padded, np.arange(2, size + 2), axis)
    return (1 - share) * images + share * np.where(by > 0, before, after)
    ### END SOLUTION

def fresh(images, seed):
    """New images of the same digits, float32 from 0 to 1; the same ones for the same seed."""
    rng, each = np.random.default_rng(seed), (len(images), 1, 1)
    for axis in (1, 2):
        images = moved(images, rng.uniform(-FARTHEST, FARTHEST, each).astype(np.float32), axis)
    noise = rng.normal(0, NOISE, images.shape).astype(np.float32)
    return np.clip(images + noise, 0, 1)

def share_right(scores, images, labels):
    """The Figure of how many images get the right answer: the place of the largest of 10 scores.
    scores(images) is an array or a Tensor (N, 10); np.asarray takes both."""
    ### BEGIN SOLUTION
    answers = np.asarray(scores(images)).argmax(1)
    return wilson((answers == labels).sum(), len(labels))
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Fresh

# %% nbgrader={"grade_id": "test-olympics-fresh", "points": 13}
def by_heart(images, labels):  # knows these images, and nothing else: what it doesn't know is a 0
    known = {image.tobytes(): label for image, label in zip(images, labels)}
    return lambda images: np.eye(10)[[known.get(image.tobytes(), 0) for image in images]]

def test_unit_fresh():
    row, by = np.float32([[[0, 1, 0.5, 0]]]), np.float32([0.25, -0.25, 0, 1, -1])[:, None, None]
    rows = [[0, 0.75, 0.625, 0.125], [0.25, 0.875, 0.375, 0], [0, 1, 0.5, 0], [0, 0, 1, 0.5],
            [1, 0.5, 0, 0]]
    five = np.repeat(row, 5, 0)
    close(moved(five, by, 2)[:, 0], rows, "a row, moved by 0.25, -0.25, 0, 1 and -1")
    close(moved(five.swapaxes(1, 2), by, 1)[:, :, 0], rows, "and a column")
    close(moved(five, by, 1), (1 - np.abs(by)) * five, "a row, moved out of a picture of one row")
    equal(moved(five, by, 2).dtype, np.float32, "the dtype")
    images = fresh(x_test, 1)
    assert (images == fresh(x_test, 1)).all() and (images != fresh(x_test, 2)).any(), "the seed decides"
    for scores in (lambda images: np.eye(10)[[3, 5, 5]], lambda images: tensor(np.eye(10)[[3, 5, 5]])):
        close(share_right(scores, x[:3], np.array([3, 5, 4])), wilson(2, 3), "3, 5, 5 for 3, 5, 4")
    heart = by_heart(x_test, y_test)
    close(share_right(heart, x_test, y_test), wilson(360, 360), "by heart, what it knows")
    close(share_right(heart, images, y_test), wilson((y_test == 0).sum(), 360), "and what it doesn't")
    read = share_right(baseline, images, y_test)
    assert read.low > 0.85, f"whoever has learnt to read still can: {read}"
test_unit_fresh()

# %% [markdown]
# ## 4. Measuring an entry
# An entry gets five figures. The bytes of what has to be stored are counted. Its time is compared with
# the baseline's, by turns, as in module 19: a ratio is the same on a fast machine and on a slow
# one (nearly), microseconds aren't. Accuracy is measured on fresh images, and so is the baseline's,
# **on the same ones**: what luck there is in the choice of images, both have it.
#
# ```
#    bytes       what is stored                                            exact
#    time        its time / the baseline's, taken by turns                 measured, with its interval
#    accuracy    the share of fresh images that it gets right              measured, with its interval
#    lost        the baseline's share - its own, on the same images        exact, for these images
#    tradeoff    geometric mean of the gains in bytes and in time          an interval from theirs
# ```
#
# Why is accuracy no part of the trade-off? 98 % or 99 %, that's a ratio of 1.01, which vanishes beside a
# size of a fifth; as errors, 2 % or 1 %, it's a ratio of 2, on a handful of images. MLPerf
# decides as we do: **quality is a gate**, and whoever is through competes in the rest.

# %% nbgrader={"grade_id": "olympics-measure"}
#| export
def measure(scores, size, baseline, size_of_baseline, images, labels, race=race):
    """The five Figures of an entry, in a dictionary with the names above.

    scores and baseline are functions from images to scores; size and size_of_baseline are bytes.
    race(scores, baseline, images) is the Figure of the time."""
    ### BEGIN SOLUTION
    accuracy = share_right(scores, images, labels)
    lost = share_right(baseline, images, labels).value - accuracy.value
    time = race(scores, baseline, images)
    tradeoff = geometric_mean([gain(size_of_baseline, exact(size)), gain(1, time)])
    return {"bytes": exact(size), "time": time, "accuracy": accuracy, "lost": exact(lost),
            "tradeoff": tradeoff}
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Measuring

# %% nbgrader={"grade_id": "test-olympics-measure", "points": 12}
def test_unit_measure():
    def always(digit): return lambda images: np.eye(10)[[digit] * len(images)]
    three, five = always(3), always(5)
    def fixed(one, other, images):
        assert (one, other) == (five, three) and images is few, "race(scores, baseline, images)"
        return Figure(0.5, 0.4, 0.8)
    few, labels = x[:8], np.array([3, 3, 3, 5, 5, 5, 5, 7])
    got = measure(five, 250, three, 1000, few, labels, fixed)
    for name, expected in {
        "bytes": exact(250), "time": Figure(0.5, 0.4, 0.8), "accuracy": wilson(4, 8),
        "lost": exact(-1 / 8), "tradeoff": Figure(8 ** 0.5, 5 ** 0.5, 10 ** 0.5)}.items():
        assert name in got, f"{name} is missing: {got}"
        close(got[name], expected, f"{name}: 4 of 8 right instead of 3, with 250 bytes instead of 1000")
    equal(len(got), 5, "how many figures")
test_unit_measure()

# %% [markdown]
# ## 5. Events, and places that mean something
# An **event** says which figure decides, and which way. Four of them are held, and all have one gate:
# an entry may lose at most 2 points of accuracy against the baseline. The gate looks at the value
# itself. A gate with the benefit of the doubt would open wider the *fewer* images one tests with.
#
# Who's first? Sorting is easy, and wrong: two accuracies of 98.1 % and 97.8 % on 360 images are one
# image apart, and the next 360 could turn them round. **A win within the noise is a tie.** So one entry
# *beats* another if its whole interval lies on the better side of the other's, and
#
# ```
#    place = 1 + how many entries beat it
#
#    time (smaller wins)                                                     beaten by   place
#    A     ├──────┤                     0.30 … 0.40                          nobody        1
#    B          ├───────┤               0.35 … 0.45                          nobody        1
#    C                ├──────┤          0.42 … 0.50                          A             2
#    D                          ├──┤    0.60 … 0.65                          A, B, C       4
# ```
#
# B ties with A and with C, though A beats C: ties are not transitive, and so no groups can be made.
# Counting who beats you needs none. Whoever doesn't get through the gate has no place, and beats nobody.
# Exact figures tie only if they are equal.

# %% nbgrader={"grade_id": "olympics-places"}
#| export
Event = namedtuple("Event", "name figure smaller_wins")
EVENTS = [Event("smallest", "bytes", True), Event("fastest", "time", True),
          Event("accurate", "accuracy", False), Event("balanced", "tradeoff", False)]
MAY_LOSE = 0.02

def beats(one, other, smaller_wins):
    """Whether Figure one is better than Figure other for certain: not even their ends meet."""
    ### BEGIN SOLUTION
    return one.high < other.low if smaller_wins else one.low > other.high
    ### END SOLUTION

def places(event, results):
    """{name: place, or None without one}, for results {name: figures, as `measure` returns them}.
    All names are there, in the same order. An entry is through the gate if it has `lost` MAY_LOSE or
    less; a billionth more is rounding, and forgiven."""
    ### BEGIN SOLUTION
    figures = {name: each[event.figure] for name, each in results.items()
               if each["lost"].value <= MAY_LOSE + 1e-9}
    def place(own):
        return 1 + sum(beats(other, own, event.smaller_wins) for other in figures.values())
    return {name: place(figures[name]) if name in figures else None for name in results}
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: Places

# %% nbgrader={"grade_id": "test-olympics-places", "points": 13}
def test_unit_places():
    times = {"A": (0.3, 0.4), "B": (0.35, 0.45), "D": (0.6, 0.65), "C": (0.42, 0.5), "cheap": (0, 0.1)}
    results = {name: {"time": Figure(sum(ends) / 2, *ends), "accuracy": Figure(0.5, 1 - ends[1], 1 - ends[0]),
                      "bytes": exact(7), "lost": exact(0.02)} for name, ends in times.items()}
    results["cheap"]["lost"] = exact(0.0201)
    smallest, fastest, accurate = EVENTS[:3]
    expected = {"A": 1, "B": 1, "D": 4, "C": 2, "cheap": None}
    equal(places(fastest, results), expected, "the drawing, and one that isn't through the gate")
    equal(list(places(fastest, results)), list(results), "the order of names")
    equal(places(accurate, results), expected, "the same, turned round: larger wins")
    equal(set(places(smallest, results).values()), {1, None}, "places of equal sizes")
    results["B"]["bytes"], results["D"]["bytes"] = exact(6), exact(8)
    equal(places(smallest, results), {"A": 2, "B": 1, "D": 4, "C": 2, "cheap": None}, "7, 6, 8, 7 bytes")
    for event in (fastest, Event("", "time", False)):
        results["C"]["time"], results["D"]["time"] = Figure(0.5, 0.4, 0.6), Figure(0.7, 0.6, 0.8)
        got = places(event, {name: results[name] for name in "CD"})
        equal(got, {"C": 1, "D": 1}, "ends that meet are a tie")
    results["C"]["lost"] = exact(0.91 - 0.89)
    equal(places(smallest, {"C": results["C"]}), {"C": 1}, f"91 % - 89 % = {0.91 - 0.89} is 2 points")
test_unit_places()
