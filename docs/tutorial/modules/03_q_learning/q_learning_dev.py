# %% [markdown]
# # 03 · Q-learning
#
# Planning needs a model: all outcomes of all actions. In 1989, Christopher Watkins showed that none
# is needed. Who acts, sees what comes of
# it, and corrects a table a little each time, ends with the same table.
#
# **Prerequisites:** 01 A world of squares
#
# ```mermaid
# flowchart LR
#     world --> q_learning
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp grid.q_learning

# %%
#| export
import numpy as np

# %%
from rl.grid import RIGHT, GridWorld

HALL = "S.G"


class Lucky:
    """One step to the right from square 1 ends it, for 8, then 4, then 6; nothing else happens."""

    height, width = 1, 3

    def __init__(self):
        self.rewards = iter([8.0, 4.0, 6.0])

    def reset(self, seed=None):
        return 1, {}

    def step(self, action):
        ended = action == RIGHT
        return (2 if ended else 1), (next(self.rewards) if ended else -9.0), ended, False, {}


ROOM = "..G\n.#X\nS.."

# %% [markdown]
# ## 📦 Where this code lives
#
# In `rl.grid.q_learning`. When the lesson is complete, this line works: `from rl.grid import learn`.

# %% [markdown]
# ## 1. To try, or to do what seems best
#
# Who always does what seems best never finds out what else there is. Who always tries never earns
# anything. The simplest way between: with
# probability ε do anything at all, and otherwise what seems best.


# %% nbgrader={"grade_id": "q-learning-choose"}
#| export
def choose(row, epsilon, rng):
    """An action: any of them with probability epsilon, otherwise the best (the first, if several are).

    Args:
        row: what each action seems to be worth, array (A,).
        epsilon: from 0 to 1.
        rng: a NumPy generator; one number of it is drawn, and a second one to choose any action.

    >>> choose(np.array([0.0, 5.0, 1.0]), 0.0, np.random.default_rng(0))
    1
    """
    ### BEGIN SOLUTION
    return rng.integers(len(row)) if rng.random() < epsilon else row.argmax()
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: choose


# %% nbgrader={"grade_id": "test-q-learning-choose", "points": 25}
def test_unit_choose():
    rng = np.random.default_rng(0)
    row = np.array([0.0, 1.0, 5.0, 5.0])
    assert {choose(row, 0.0, rng) for _ in range(20)} == {2}, "epsilon 0: the best, the first of two"
    chosen = [choose(row, 0.4, rng) for _ in range(2000)]
    shares = [chosen.count(action) / 2000 for action in range(4)]
    assert np.allclose(shares, [0.1, 0.1, 0.7, 0.1], atol=0.04), "0.4 is shared by all four"
    assert {choose(row[:3], 1.0, rng) for _ in range(50)} == {0, 1, 2}, "epsilon 1: any of three"


test_unit_choose()

# %% [markdown]
# ## 2. To correct a little
#
# Doing `a` on `s` brought a reward and led to `s'`. So Q(s, a) should be
#
# ```text
# target = reward + γ · the best of Q(s')        only the reward, if it ended
# ```
#
# That is one sample of what planning averages over. Go part of the way: Q(s, a) ← Q(s, a) + α ·
# (target − Q(s, a)). With Q(s, a) = 2, a target of 4 and
# α = 0.25, it becomes 2.5.


# %% nbgrader={"grade_id": "q-learning-update"}
#| export
def update(q, state, action, reward, after, terminated, alpha, gamma):
    """Correct `q[state, action]` in place, from what was seen once.

    Args:
        q: array (S, A).
        alpha: how far to go, from 0 to 1.
        gamma: how much less a reward is worth one step later.

    Source: Watkins 1989; Sutton and Barto, equation 6.8.
    """
    ### BEGIN SOLUTION
    target = reward if terminated else reward + gamma * q[after].max()
    q[state, action] += alpha * (target - q[state, action])
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: update


# %% nbgrader={"grade_id": "test-q-learning-update", "points": 30}
def test_unit_update():
    q = np.array([[2.0, 0.0], [1.0, 6.0]])
    update(q, 0, 0, 1.0, 1, False, alpha=0.25, gamma=0.5)
    assert q[0, 0] == 2.5, "2 + 0.25 · (1 + 0.5 · 6 − 2)"
    update(q, 1, 1, 4.0, 0, True, alpha=0.5, gamma=0.5)
    assert q[1, 1] == 5.0, "it ended: 6 + 0.5 · (4 − 6)"
    assert q[0, 1] == 0 and q[1, 0] == 1, "nothing else changes"


test_unit_update()

# %% [markdown]
# ## 3. To learn
#
# Episodes, one after the other: choose, act, correct. If α stayed the same, Q would go on trembling
# with every slip. It has to fall, and not too fast:
# α = n^(−0.6) for the n-th time that this action is done on this square is small enough in the end,
# and large enough to get anywhere.


# %% nbgrader={"grade_id": "q-learning-learn"}
#| export
def learn(world, episodes, gamma=0.95, epsilon=0.3, seed=0):
    """What each action is worth on each square, learnt by acting.

    Args:
        world: something with `height`, `width`, `reset` and `step`; its model is not asked.
        episodes: how many.

    Returns:
        array (S, 4), and what each episode earned, a list of the sums of its rewards.
    """
    q = np.zeros((world.height * world.width, 4))
    counts, earned = np.zeros_like(q), []
    rng = np.random.default_rng(seed)
    world.reset(seed)
    ### BEGIN SOLUTION
    for _ in range(episodes):
        state, _ = world.reset()
        total, terminated = 0.0, False
        while not terminated:
            action = choose(q[state], epsilon, rng)
            after, reward, terminated, _, _ = world.step(action)
            counts[state, action] += 1
            alpha = counts[state, action] ** -0.6
            update(q, state, action, reward, after, terminated, alpha, gamma)
            state, total = after, total + reward
        earned.append(total)
    ### END SOLUTION
    return q, earned


# %% [markdown]
# ### 🧪 Unit Test: learn


# %% nbgrader={"grade_id": "test-q-learning-learn", "points": 30}
def test_unit_learn():
    q, earned = learn(GridWorld(HALL), 3000, gamma=0.5)
    assert abs(q[0, RIGHT] - 0.46) < 0.01, "in the hall, -0.04 + 0.5 · 1"
    assert abs(q[1, RIGHT] - 1) < 1e-6, "one step from the goal"
    assert len(earned) == 3000, "one number for each episode"
    assert np.isclose(max(earned), 0.96), "at best, two steps: -0.04 + 1"
    assert max(earned[:5]) < 0.97 and np.mean(earned[-500:]) > 0.8, "each episode counts for itself"
    again, _ = learn(GridWorld(HALL), 3000, gamma=0.5)
    assert np.array_equal(q, again), "the same seed, the same table"
    three = [q[1, RIGHT] for q, _ in (learn(Lucky(), count, epsilon=0.0) for count in (1, 2, 3))]
    expected = [8.0, 8.0 - 2**-0.6 * 4, 0]
    expected[2] = expected[1] + 3**-0.6 * (6 - expected[1])
    assert np.allclose(three, expected), "rewards of 8, 4 and 6: all of the way, then 2^-0.6, 3^-0.6"


test_unit_learn()

# %% [markdown]
# ## 📊 Systems analysis
#
# What does experience cost, and what does it bring?

# %%
import time

for episodes in (100, 1000, 4000):
    begin = time.perf_counter()
    q, earned = learn(GridWorld(ROOM, slip=0.2), episodes)
    seconds = time.perf_counter() - begin
    late = np.mean(earned[-100:])
    print(f"{episodes:5} episodes: {seconds:5.2f} s, the last hundred earned {late:5.2f} on average")

# %% [markdown]
# ## 🧪 Module test
#
# ### 🧪 Unit Test: it finds the way in a wet room


# %% nbgrader={"grade_id": "test-q-learning-room", "points": 15}
def test_unit_room():
    room = GridWorld(ROOM, slip=0.1)
    q, _ = learn(room, 3000)
    reached = 0
    for seed in range(100):
        state, over = room.reset(seed)[0], False
        while not over:
            state, _, over, _, _ = room.step(q[state].argmax())
        reached += room.kind(state) == "G"
    assert reached >= 90, f"only {reached} of 100 ways end at the goal"


test_unit_room()

# %% [markdown]
# ## 🤔 Questions to think about
#
# 1. Why does the table become that of the best behaviour, although the robot did something else
#    three times out of ten?
# 2. What changes if `update` takes Q of the action that is done next, instead of the best one?

# %% [markdown]
# ## 🎯 Summary
#
# You can now import `rl.grid.learn`. The milestone compares what it learns with what planning computes.
