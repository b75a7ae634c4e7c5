# %% [markdown]
# # 01 · Counter
#
# **Prerequisites:** none
#
# ```mermaid
# flowchart LR
#     counter --> total
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp core.counter

# %% [markdown]
# ## 📦 Where this code lives
#
# In `abacus.core.counter`.

# %% [markdown]
# ## 1. Counting

# %% nbgrader={"grade_id": "counter-count"}
#| export
class Counter:
    """Counts calls.

    >>> Counter().count()
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


def counter(value=0):
    """A counter that starts at `value`: a function that is called like its module."""
    return Counter(value)

# %% [markdown]
# ### 🧪 Unit Test: Counter.count

# %% nbgrader={"grade_id": "test-counter-count", "points": 60}
def test_unit_count():
    first = counter()
    assert [first.count(), first.count()] == [1, 2], "two calls give 1 and 2"
    ### BEGIN HIDDEN TESTS
    assert counter(7).count() == 8, "after 7 comes 8"
    ### END HIDDEN TESTS
test_unit_count()

# %% [markdown]
# ## 📊 Systems analysis
#
# It costs nothing.

# %% [markdown]
# ## 🧪 Module test
#
# ### 🧪 Unit Test: Counter together

# %% nbgrader={"grade_id": "test-counter-together", "points": 40}
def test_unit_together():
    first, second = counter(), counter(5)
    first.count()
    assert (first.value, second.count()) == (1, 6), "counters do not share their value"
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
#
# How far can it count?

# %% [markdown]
# ## 🎯 Summary
#
# `from abacus.core import Counter`
