# %% [markdown]
# # 02 · Planning
#
# The robot of module 01 knows its map. What should it do on each square? In 1957, Richard Bellman
# turned this into an equation that
# can be solved by filling in numbers again and again.
#
# **Prerequisites:** 01 A world of squares
#
# ```mermaid
# flowchart LR
#     world --> planning
#     planning -. the truth to compare with .-> q_learning
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp grid.planning

# %%
#| export
import numpy as np

# %%
from rl.grid import DOWN, LEFT, RIGHT, UP, GridWorld

HALL = GridWorld("S.G")
ROOM = GridWorld("..G\n.#X\nS..", slip=0.2)

# %% [markdown]
# ## 📦 Where this code lives
#
# In `rl.grid.planning`. When the lesson is complete, this line works: `from rl.grid import
# value_iteration`.

# %%
#| export
def greedy(q):
    """The best action on each square: array (S,) of an array (S, 4)."""
    return q.argmax(axis=1)


# %% [markdown]
# ## 1. From values of states to values of actions
#
# Say somebody told us what each square is worth, V. Then an action is worth what it brings now, and
# what the square is worth to which it leads,
# a little less, because it comes later: γ times that. Outcomes that may happen count as much as
# they are probable:
#
# ```text
# Q(s, a) = Σ  probability · (reward + γ · V(next))        γ · V(next) only if it goes on
# ```
#
# In the hall `S.G`, with γ = 0.5 and V = (10, 20, 0): from 0 to the right is worth −0.04 + 0.5 · 20
# = 9.96. From 1 to the right is worth 1: there it ends.


# %% nbgrader={"grade_id": "planning-backup"}
#| export
def backup(world, values, gamma):
    """What each action is worth on each square, if these are the values of the squares.

    Args:
        world: a GridWorld with S = world.height * world.width states.
        values: array (S,).
        gamma: how much less a reward is worth one step later, from 0 to 1.

    Returns:
        array (S, 4). On walls, which nobody enters, it is 0.

    Source: Bellman's equation; Sutton and Barto, equation 4.10.

    Approach: for each square and action, add up what its outcomes are worth.
    """
    ### BEGIN SOLUTION
    q = np.zeros((world.height * world.width, 4))
    for state, action in np.ndindex(q.shape):
        if world.kind(state) == "#":
            continue
        for probability, after, reward, terminated in world.outcomes(state, action):
            later = 0 if terminated else gamma * values[after]
            q[state, action] += probability * (reward + later)
    return q
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: backup


# %% nbgrader={"grade_id": "test-planning-backup", "points": 45}
def test_unit_backup():
    q = backup(HALL, np.array([10.0, 20.0, 0.0]), 0.5)
    assert q.shape == (3, 4), "a row for each square, a column for each action"
    assert np.isclose(q[0, RIGHT], 9.96), "-0.04 + 0.5 · 20"
    assert np.isclose(q[1, RIGHT], 1.0), "there it ends: no later"
    assert np.isclose(q[1, LEFT], 4.96), "-0.04 + 0.5 · 10"
    q = backup(ROOM, np.full(9, 2.0), 1.0)
    assert np.isclose(q[8, LEFT], 0.8 * 1.96 + 0.1 * -1 + 0.1 * 1.96), "three outcomes, the pit is one"
    assert not q[4].any(), "nobody stands on a wall"


test_unit_backup()

# %% [markdown]
# ## 2. Value iteration
#
# Nobody tells us V. But V is the best of Q, and Q comes from V. So begin with zeros, compute Q,
# take the best of each row as the new V, and do it again.
# In the hall with γ = 0.5:
#
# ```text
# V = (0, 0, 0)  →  (−0.04, 1, 0)  →  (0.46, 1, 0)  →  (0.46, 1, 0)        (what the goal is worth doesn't matter)
# ```
#
# Each time, the largest error is multiplied by γ or less. So if V changes by d, it is still at most
# γ · d / (1 − γ) away from the truth. To be within
# a tolerance, stop as soon as d ≤ tolerance · (1 − γ) / γ.


# %% nbgrader={"grade_id": "planning-iteration"}
#| export
def value_iteration(world, gamma=0.95, tolerance=1e-6):
    """The values of all squares for somebody who always does what is best.

    Args:
        world: a GridWorld with S states.
        gamma: how much less a reward is worth one step later; more than 0, less than 1.
        tolerance: how far from the truth a value may be.

    Returns:
        array (S,).

    Source: Bellman 1957; Sutton and Barto, section 4.4.

    Approach: best of each row of `backup`, again and again, until the change is small enough.
    """
    ### BEGIN SOLUTION
    values = np.zeros(world.height * world.width)
    while True:
        new = backup(world, values, gamma).max(axis=1)
        change = np.abs(new - values).max()
        values = new
        if change <= tolerance * (1 - gamma) / gamma:
            return values
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: value_iteration


# %% nbgrader={"grade_id": "test-planning-iteration", "points": 40}
def test_unit_value_iteration():
    values = value_iteration(HALL, gamma=0.5)
    assert np.allclose(values[:2], [0.46, 1.0]), "in the hall: -0.04 + 0.5 · 1, and 1"
    exact = value_iteration(ROOM, 0.9, 1e-13)
    best = backup(ROOM, exact, 0.9).max(axis=1)
    assert np.allclose(best, exact, atol=1e-12), "Bellman's equation holds in the end"
    for gamma, tolerance in [(0.9, 0.1), (0.9, 1e-4), (0.3, 1e-3)]:
        rounds, values, change = 0, np.zeros(9), np.inf
        while change > tolerance * (1 - gamma) / gamma:
            new = backup(ROOM, values, gamma).max(axis=1)
            rounds, change, values = rounds + 1, np.abs(new - values).max(), new
        got = value_iteration(ROOM, gamma, tolerance)
        assert np.array_equal(got, values), f"gamma {gamma}: it should stop after {rounds} rounds"


test_unit_value_iteration()

# %%
arrows = dict(zip((LEFT, DOWN, RIGHT, UP), "←↓→↑", strict=True))
for slip in (0.0, 0.2, 0.8):
    wet = GridWorld("..G\n.#X\nS..", slip=slip)
    best = greedy(backup(wet, value_iteration(wet), 0.95))
    signs = [arrows[best[s]] if wet.kind(s) in "S." else wet.kind(s) for s in range(9)]
    print(f"slip {slip}:", *("".join(signs[row : row + 3]) for row in (0, 3, 6)))

# %% [markdown]
# ## 📊 Systems analysis
#
# One round costs as much as the model has outcomes. How many rounds does it take?

# %%
for gamma in (0.5, 0.9, 0.99):
    rounds, values, change = 0, np.zeros(9), np.inf
    while change > 1e-6 * (1 - gamma) / gamma:
        new = backup(ROOM, values, gamma).max(axis=1)
        rounds, change, values = rounds + 1, np.abs(new - values).max(), new
    print(f"gamma {gamma}: {rounds} rounds")

# %% [markdown]
# ## 🧪 Module test
#
# ### 🧪 Unit Test: who follows the plan earns what it promised


# %% nbgrader={"grade_id": "test-planning-earns", "points": 15}
def test_unit_earns():
    values = value_iteration(ROOM, 0.9)
    plan = greedy(backup(ROOM, values, 0.9))
    ROOM.reset(seed=0)
    earned = []
    for _ in range(600):
        state, total, weight, over = ROOM.reset()[0], 0.0, 1.0, False
        while not over:
            state, reward, over, _, _ = ROOM.step(plan[state])
            total, weight = total + weight * reward, weight * 0.9
        earned.append(total)
    wrong = abs(np.mean(earned) - values[ROOM.start])
    assert wrong < 4 * np.std(earned) / np.sqrt(600), "the average is not what the plan promised"


test_unit_earns()

# %% [markdown]
# ## 🤔 Questions to think about
#
# 1. Why does the plan for `slip=0.8` walk into walls?
# 2. What goes wrong with γ = 1, and when does it go well all the same?

# %% [markdown]
# ## 🎯 Summary
#
# You can now import `rl.grid.value_iteration`. It needs the model. Next: to learn the same from
# experience alone.
