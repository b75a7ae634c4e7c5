# %% [markdown]
# # 01 · A world of squares
#
# A robot stands on a grid. It wants to reach the goal, it must not fall into a pit, and the floor
# is wet: now and then it
# slips and goes sideways. You build this world, in two forms: as something to act in, and as a
# model to plan with.
#
# **Prerequisites:** Python, and a little NumPy
#
# ```mermaid
# flowchart LR
#     world --> planning
#     world --> q_learning
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp grid.world

# %%
#| export
import numpy as np

LEFT, DOWN, RIGHT, UP = range(4)
STEPS = [(0, -1), (1, 0), (0, 1), (-1, 0)]  # rows, columns
REWARDS = {"G": 1.0, "X": -1.0, "S": -0.04, ".": -0.04}  # for entering a square

# %%
ROOM = ["..G", ".#X", "S.."]

# %% [markdown]
# ## 📦 Where this code lives
#
# In `rl.grid.world`. When the lesson is complete, this line works: `from rl.grid import GridWorld`.

# %% [markdown]
# ## 1. Where a step leads
#
# A map is a few lines of text: `S` is the start, `G` the goal, `X` a pit, `#` a wall. Squares are
# numbered like words on a page:
#
# ```text
#   . . G        0 1 2
#   . # X        3 4 5
#   S . .        6 7 8
# ```
#
# The robot stands on 6. Up from there is 3; to the right is 7. From 7, up would be 4, but that is a
# wall: it stays on 7. Left of 6
# the grid ends: it stays on 6.


# %% nbgrader={"grade_id": "world-move"}
#| export
def move(rows, state, action):
    """The state after one step that does not slip. Walls and the edge hold one back.

    Args:
        rows: the lines of the map.
        state: the number of a square.
        action: LEFT, DOWN, RIGHT or UP.

    >>> move(["S.G"], 0, RIGHT)
    1

    Approach: from the number to row and column, one step on, and back to a number, unless that
    is outside or a wall.
    """
    ### BEGIN SOLUTION
    height, width = len(rows), len(rows[0])
    row, column = divmod(state, width)
    down, right = STEPS[action]
    row, column = row + down, column + right
    inside = 0 <= row < height and 0 <= column < width
    return row * width + column if inside and rows[row][column] != "#" else state
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: move


# %% nbgrader={"grade_id": "test-world-move", "points": 30}
def test_unit_move():
    assert move(ROOM, 6, UP) == 3, "from 6 up to 3"
    assert [move(ROOM, 6, RIGHT), move(ROOM, 8, LEFT)] == [7, 7], "7 lies between 6 and 8"
    assert move(ROOM, 0, DOWN) == 3, "from 0 down to 3"
    assert move(ROOM, 7, UP) == 7, "4 is a wall: stay on 7"
    edges = [(0, UP), (0, LEFT), (2, RIGHT), (8, DOWN), (3, LEFT), (6, LEFT), (6, DOWN)]
    assert all(move(ROOM, state, action) == state for state, action in edges), "the grid ends there"
    assert [move(["S.G"], state, RIGHT) for state in range(3)] == [1, 2, 2], "a grid of one row"


test_unit_move()

# %% [markdown]
# ## 2. What may come of an action
#
# With `slip=0.2`, going up from 3 leads up with probability 0.8, and with 0.1 each to the left,
# where the grid ends, and to the right,
# where the wall is. So the outcomes are: square 0 with 0.8, and twice square 3 with 0.1.
#
# Entering a square is rewarded: the goal with 1, a pit with −1, any other with −0.04, because time
# is precious. Goal and pit end the episode.
# A list of such outcomes for each state and action is all there is to know about a world. It is
# called a **Markov decision
# process**: what comes next depends on where one is, and not on how one got there.


# %% nbgrader={"grade_id": "world-outcomes"}
#| export
def outcomes(rows, slip, state, action):
    """What may come of an action: a list of (probability, next state, reward, terminated).

    The intended direction comes first, then the one before it (LEFT comes before DOWN), then the
    one after it. What has probability 0 is left out.

    Args:
        rows, state, action: as for move.
        slip: how probable it is that a step goes sideways, to either side as often as to the other.

    >>> outcomes(["S.G"], 0.0, 1, RIGHT)
    [(1.0, 2, 1.0, True)]

    Approach: three directions and their probabilities; then ask `move` and the map.
    """
    ### BEGIN SOLUTION
    directions = [(1 - slip, action)]
    directions += [(slip / 2, (action + turn) % 4) for turn in (-1, 1)]
    found = []
    for probability, direction in directions:
        after = move(rows, state, direction)
        kind = "".join(rows)[after]
        if probability > 0:
            found.append((probability, after, REWARDS[kind], kind in "GX"))
    return found
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: outcomes


# %% nbgrader={"grade_id": "test-world-outcomes", "points": 35}
def test_unit_outcomes():
    assert outcomes(ROOM, 0.2, 3, UP) == [
        (0.8, 0, -0.04, False),
        (0.1, 3, -0.04, False),
        (0.1, 3, -0.04, False),
    ], "from 3 up: 0.8 to square 0, and 0.1 each to stay"
    assert outcomes(ROOM, 0.2, 8, LEFT) == [
        (0.8, 7, -0.04, False),
        (0.1, 5, -1.0, True),
        (0.1, 8, -0.04, False),
    ], "from 8 to the left: up (the pit) comes before LEFT, and down (the edge) after it"
    assert outcomes(ROOM, 0.0, 1, RIGHT) == [(1.0, 2, 1.0, True)], "the goal, for certain"
    assert len(outcomes(ROOM, 1.0, 7, UP)) == 2, "never as it was meant: left out"


test_unit_outcomes()

# %% [markdown]
# ## 3. To act in it
#
# The model knows everything at once. A robot knows what happens to it: it does something, and sees
# where it is and what that was worth. The interface
# for this is the same in nearly every program of the field (Gymnasium's): `reset()` begins an
# episode, `step(action)` goes on.


# %% nbgrader={"grade_id": "world-step"}
#| export
class GridWorld:
    """A grid of squares. States are numbers from 0, row by row; actions are LEFT, DOWN, RIGHT, UP.

    Args:
        text: the map, a line for each row.
        slip: how probable it is that a step goes sideways.
    """

    def __init__(self, text, slip=0.0):
        self.rows, self.slip = text.split(), slip
        self.height, self.width = len(self.rows), len(self.rows[0])
        self.start = "".join(self.rows).index("S")
        self.state, self.rng = self.start, np.random.default_rng()

    def kind(self, state):
        """What stands on the map there: '.', 'S', 'G', 'X' or '#'."""
        return "".join(self.rows)[state]

    def outcomes(self, state, action):
        """The model: what may come of an action, a list of (probability, next, reward, terminated)."""
        return outcomes(self.rows, self.slip, state, action)

    def reset(self, seed=None):
        """Begin an episode. Returns (state, {}). With a seed, chance begins anew, too."""
        ### BEGIN SOLUTION
        if seed is not None:
            self.rng = np.random.default_rng(seed)
        self.state = self.start
        return self.state, {}
        ### END SOLUTION

    def step(self, action):
        """Do something. Returns (state, reward, terminated, truncated, {}); truncated is False.

        Approach: draw one of the outcomes by their probabilities, with `self.rng`.
        """
        ### BEGIN SOLUTION
        found = self.outcomes(self.state, action)
        drawn = self.rng.choice(len(found), p=[outcome[0] for outcome in found])
        _, self.state, reward, terminated = found[drawn]
        return self.state, reward, terminated, False, {}
        ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: reset and step


# %% nbgrader={"grade_id": "test-world-step", "points": 25}
def test_unit_step():
    room = GridWorld("..G .#X S..")
    assert room.reset() == (6, {}), "an episode begins at S"
    assert room.step(UP) == (3, -0.04, False, False, {}), "one step up, for 0.04"
    assert [room.step(action)[0] for action in (UP, RIGHT)] == [0, 1], "the state is kept"
    assert room.step(RIGHT) == (2, 1.0, True, False, {}), "the goal ends it"
    wet = GridWorld("..G .#X S..", slip=0.5)
    seen = []
    for seed in range(400):
        assert wet.reset(seed) == (6, {}), "back to S"
        seen.append(wet.step(RIGHT)[0])
    assert abs(seen.count(7) / 400 - 0.5) < 0.1, "half of the steps go where they should"
    assert abs(seen.count(3) / 400 - 0.25) < 0.1, "a quarter slips upwards"
    wet.reset(5)
    first = [wet.step(RIGHT)[0] for _ in range(20)]
    wet.reset(5)
    assert [wet.step(RIGHT)[0] for _ in range(20)] == first, "the same seed, the same luck"
    wet.reset()
    assert [wet.step(RIGHT)[0] for _ in range(20)] != first, "without a seed, luck goes on"


test_unit_step()

# %% [markdown]
# ## 📊 Systems analysis
#
# A model with S states and 4 actions lists at most 12 · S outcomes. How long does it take to list
# them all?

# %%
import timeit

for size in (4, 8, 16):
    big = GridWorld("S" + "." * (size - 1) + ("\n" + "." * size) * (size - 1), slip=0.2)
    states = range(size * size)
    seconds = timeit.timeit(lambda: [big.outcomes(s, a) for s in states for a in range(4)], number=3) / 3
    print(f"{size * size:4} states: {seconds * 1e3:7.2f} ms, {seconds / size**2 * 1e6:6.1f} µs each")

# %% [markdown]
# What a state takes grows with the size of the map: `kind` joins all rows, each time. A list that
# is joined once would mend that.

# %% [markdown]
# ## 🧪 Module test
#
# ### 🧪 Unit Test: the model and the world agree


# %% nbgrader={"grade_id": "test-world-agree", "points": 10}
def test_unit_agree():
    wet = GridWorld("..G .#X S..", slip=0.4)
    wet.reset(seed=1)
    for _ in range(200):
        before = wet.state
        state, reward, terminated, _, _ = wet.step(UP)
        model = wet.outcomes(before, UP)
        assert abs(sum(each[0] for each in model) - 1) < 1e-12, "probabilities add up to 1"
        assert (state, reward, terminated) in [each[1:] for each in model], "not in the model"
        if terminated:
            wet.reset()


test_unit_agree()

# %% [markdown]
# ## 🤔 Questions to think about
#
# 1. What would have to be part of the state if the robot had a battery?
# 2. Where would the best way lead if a step cost 2 instead of 0.04?

# %% [markdown]
# ## 🎯 Summary
#
# You can now import `rl.grid.GridWorld`. Next: which way is best? With the model in hand, that can
# be computed.
