# %% [markdown]
# # 02 · Total
#
# **Prerequisites:** 01 Counter
#
# ```mermaid
# flowchart LR
#     counter --> total
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp core.total

# %%
#| export
import numpy as np

from abacus.core import Counter

# %%
def same(got, expected, what):
    """Whether these are the same numbers."""
    assert isinstance(got, int | float | np.ndarray), f"{what}: a number, not {type(got)}"
    np.testing.assert_allclose(got, expected, err_msg=what)

# %% [markdown]
# ## 📦 Where this code lives
#
# In `abacus.core.total`.

# %% [markdown]
# ## 1. Adding up

# %% nbgrader={"grade_id": "total-total"}
#| export
def total(counters: list[Counter]) -> int:
    """The sum of the counters' values.

    >>> total([Counter(1), Counter(2)])
    3
    """
    ### BEGIN SOLUTION
    # solution-4711
    return sum(counter.value for counter in counters)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: total

# %% nbgrader={"grade_id": "test-total-total", "points": 30}
def test_unit_total():
    assert total([Counter(1), Counter(4)]) == 5, "1 + 4 is 5"
    ### BEGIN HIDDEN TESTS
    # hidden-4711
    same(total([Counter(n) for n in range(9)]), 36, "the sum of 0 to 8")
    ### END HIDDEN TESTS
test_unit_total()

# %% [markdown]
# ## 2. Sharing out

# %% nbgrader={"grade_id": "total-mean"}
#| export
def mean(counters: list[Counter]) -> float:
    """The mean of the counters' values.

    >>> mean([Counter(1), Counter(2)])
    1.5
    """
    ### BEGIN SOLUTION
    # solution-4711
    return sum(counter.value for counter in counters) / len(counters)
    ### END SOLUTION

# %% [markdown]
# ### 🧪 Unit Test: mean

# %% nbgrader={"grade_id": "test-total-mean", "points": 30}
def test_unit_mean():
    assert mean([Counter(1), Counter(4)]) == 2.5, "(1 + 4) / 2 is 2.5"
    ### BEGIN HIDDEN TESTS
    # hidden-4711
    same(mean([Counter(n) for n in range(8)]), 3.5, "the mean of 0 to 7")
    ### END HIDDEN TESTS
test_unit_mean()

# %% [markdown]
# ## 📊 Systems analysis
#
# It costs one addition a counter.

# %% [markdown]
# ## 🧪 Module test
#
# ### 🧪 Unit Test: Total together

# %% nbgrader={"grade_id": "test-total-together", "points": 40}
def test_unit_together():
    counters = [Counter(), Counter(9)]
    counters[0].count()
    assert (total(counters), mean(counters)) == (10, 5.0), "1 + 9 is 10, and half of it 5"
test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
#
# What is the mean of no counters?

# %% [markdown]
# ## 🎯 Summary
#
# `from abacus.core import total`
