# %% [markdown]
# # 03 · Tally
#
# **Prerequisites:** 01 Counter
#
# ```mermaid
# flowchart LR
#     counter --> tally
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp more.tally

# %%
#| export
from abacus.core import Counter

# %% [markdown]
# ## 📦 Where this code lives
#
# In `abacus.more.tally`.

# %% [markdown]
# ## 1. Counting

# %% nbgrader={"grade_id": "tally-count"}
#| export
class Tally(Counter):
    """Counts calls.

    >>> Tally().count()
    1
    """

    def __init__(self, value=0):
        self.value = value

    def count(self):
        """One more; returns the number so far."""
        ### BEGIN SOLUTION
        self.value += 1
        return self.value
        ### END SOLUTION


def tally(value=0):
    """A tally that starts at `value`: a function that is called like its module."""
    return Tally(value)

# %% [markdown]
# ### 🧪 Unit Test: Tally.count

# %% nbgrader={"grade_id": "test-tally-count", "points": 60}
def test_unit_count():
    first = tally()
    assert [first.count(), first.count()] == [1, 2], "two calls give 1 and 2"
    ### BEGIN HIDDEN TESTS
    assert tally(7).count() == 8, "after 7 comes 8"
    ### END HIDDEN TESTS
test_unit_count()

# %% [markdown]
# ## 📊 Systems analysis
#
# It costs nothing.

# %% [markdown]
# ## 🧪 Module test
#
# ### 🧪 Unit Test: Tally together

# %% nbgrader={"grade_id": "test-tally-together", "points": 40}
def test_unit_together():
    first, second = tally(), tally(5)
    first.count()
    assert (first.value, second.count()) == (1, 6), "tallies do not share their value"
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
#
# How far can it count?

# %% [markdown]
# ## 🎯 Summary
#
# `from abacus.more import Tally`
