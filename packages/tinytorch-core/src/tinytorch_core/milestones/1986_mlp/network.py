"""What is trained, on what, and how."""

import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn, optim
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.optim.lr_scheduler import CosineAnnealingLR
from tinytorch_core.digits import load_digits, split

HIDDEN, BATCH, EPOCHS = 64, 32, 20
LEARNING_RATE, WEIGHT_DECAY, MAX_NORM = 0.01, 0.1, 0.5


def digits():
    """Images (N, 8, 8) and labels (N,) as tensors: x, y to learn from, x_test, y_test."""
    return [torch.tensor(array) for array in split(*load_digits())]


def perceptron(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 10))


def loader(*tensors, shuffle=False):
    return DataLoader(TensorDataset(*tensors), batch_size=BATCH, shuffle=shuffle)


def adamw(model):
    return optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)


def trainer(model, steps):
    """Its learning rate falls to 0 in so many steps."""
    optimizer = adamw(model)
    schedule = CosineAnnealingLR(optimizer, T_max=steps)
    return torch.Trainer(
        model, optimizer, F.cross_entropy, schedulers=[schedule], max_norm=MAX_NORM
    )
