"""The rival: it counts which token follows which, and nothing else. No module of yours is in it."""

import numpy as np

DISCOUNTS = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def counted(ids, vocabulary, discount):
    """A table of chances (V, V): row a tells what follows a. (Kneser and Ney, 1995.)

    Each pair that was seen gives away `discount` of its count. What a row gives away goes to all
    tokens, to each as much as the number of different tokens that it was seen after."""
    counts = np.zeros((vocabulary, vocabulary))
    np.add.at(counts, (ids[:-1], ids[1:]), 1)
    kinds, total = (counts > 0).sum(0) + 0.01, counts.sum(1, keepdims=True)
    given = discount * (counts > 0).sum(1, keepdims=True)
    rest = np.where(total > 0, given / np.maximum(total, 1), 1)  # of a token never seen: all
    return np.maximum(counts - discount, 0) / np.maximum(total, 1) + rest * kinds / kinds.sum()


def loss(table, now, after):
    """The mean surprise, in nats, at `after`, each behind its `now`."""
    return -np.log(table[now, after]).mean()


def best(ids, vocabulary):
    """A table of all ids, with the discount that does best on their last tenth, given the others."""
    cut = len(ids) * 9 // 10
    first, last = ids[:cut], ids[cut:]

    def costs(discount):
        return loss(counted(first, vocabulary, discount), last[:-1], last[1:])

    return counted(ids, vocabulary, min(DISCOUNTS, key=costs))
