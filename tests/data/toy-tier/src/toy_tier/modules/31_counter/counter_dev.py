# %% [markdown]
# # 31 · Counter
#
# **Prerequisites:** 01 Tensor
#
# ```mermaid
# flowchart LR
#     tensor --> counter
# ```

# %% [markdown]
# ## 🔧 Setup

# %%
#| default_exp toy.counter

# %%
#| export
from tinytorch.core import Tensor, tensor

# %% [markdown]
# ## 📦 Where this code lives
#
# In `tinytorch.toy.counter`.

# %% [markdown]
# ## 1. Counting


# %% nbgrader={"grade_id": "counter-count"}
#| export
class Counter:
    """Counts calls.

    >>> Counter().count()
    1
    """

    def __init__(self):
        self.value = 0

    def count(self):
        """One more; returns the number so far."""
        ### BEGIN SOLUTION
        self.value += 1
        return self.value
        ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: Counter.count


# %% nbgrader={"grade_id": "test-counter-count", "points": 40}
def test_unit_count():
    counter = Counter()
    assert [counter.count(), counter.count()] == [1, 2], "two calls give 1 and 2"
    ### BEGIN HIDDEN TESTS
    assert Counter().count() == 1, "each counter starts afresh"
    ### END HIDDEN TESTS


test_unit_count()

# %% [markdown]
# ## 2. Counting tensors


# %% nbgrader={"grade_id": "counter-total"}
#| export
def count(values: Tensor) -> float:
    """The sum of a tensor of any shape.

    >>> count(tensor([1.0, 2.0]))
    3.0
    """
    ### BEGIN SOLUTION
    return values.sum().item()
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: count


# %% nbgrader={"grade_id": "test-counter-total", "points": 40}
def test_unit_total():
    assert count(tensor([[1.0, 2.0], [3.0, 4.5]])) == 10.5, "1 + 2 + 3 + 4.5 is 10.5"


test_unit_total()

# %% [markdown]
# ## 📊 Systems analysis
#
# It costs nothing.

# %% [markdown]
# ## 🧪 Module test
#
# ### 🧪 Unit Test: Counter together


# %% nbgrader={"grade_id": "test-counter-together", "points": 20}
def test_unit_together():
    counter = Counter()
    counter.count()
    assert counter.value == count(tensor([1.0])), "one call counts as much as a one"


test_unit_together()

# %% [markdown]
# ## 🤔 Questions to think about
#
# How far can it count?

# %% [markdown]
# ## 🎯 Summary
#
# `from tinytorch.toy import Counter`
