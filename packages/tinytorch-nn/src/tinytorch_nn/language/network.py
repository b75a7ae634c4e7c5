"""What is trained, and how: a GPT, on rows of tokens."""

import numpy as np
import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn, optim
from tinytorch.data import DataLoader, RandomSampler, TensorDataset
from tinytorch.optim.lr_scheduler import CosineAnnealingLR, LinearLR

CONTEXT, WIDTH, HEADS, BLOCKS = 64, 64, 4, 2
LEARNING_RATE, WEIGHT_DECAY, MAX_NORM, WARM_UP = 3e-3, 0.1, 1.0, 100
UNASKED = -100  # a target that cross-entropy leaves out


def gpt(vocabulary, context, seed, blocks=BLOCKS):
    torch.manual_seed(seed)
    return nn.GPT(vocabulary, context, WIDTH, HEADS, blocks)


def loss(logits, targets):
    """The mean cross-entropy of logits (N, T, V) for targets (N, T), where one is asked for."""
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=UNASKED)


def windows(ids, apart):
    """Rows of CONTEXT tokens that begin so far apart, and what follows each of the tokens."""
    both = np.lib.stride_tricks.sliding_window_view(ids, CONTEXT + 1)[::apart]
    return both[:, :-1], both[:, 1:]


def rows(inputs, targets, batch, a_round=None):
    """A loader of these arrays, in their order; or of as many of them as a round has, drawn anew."""
    data = TensorDataset(torch.tensor(inputs), torch.tensor(targets))
    drawn = RandomSampler(data, num_samples=a_round) if a_round else None
    return DataLoader(data, batch_size=batch, sampler=drawn)


def trainer(model, steps):
    """Its learning rate rises for a while, and falls to 0 in so many steps."""
    optimizer = optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedulers = [
        LinearLR(optimizer, start_factor=0.01, total_iters=WARM_UP),
        CosineAnnealingLR(optimizer, T_max=steps),
    ]
    return torch.Trainer(
        model, optimizer, loss, schedulers=schedulers, max_norm=MAX_NORM, metrics=()
    )


def logits_of(model, tokens):
    """In evaluation mode, and without a graph."""
    model.eval()
    with torch.no_grad():
        return model(torch.tensor(tokens)).numpy()
