"""How milestones train on the digits: with your loader, your AdamW and your trainer."""

from dataclasses import dataclass

import tinytorch.core as torch
import tinytorch.nn.functional as F
from tinytorch import nn, optim
from tinytorch.core import Trainer
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.optim.lr_scheduler import CosineAnnealingLR

from tinytorch_core.digits import load_digits, split
from tinytorch_core.evidence import compare


def digits():
    """Images (N, 8, 8) and labels (N,) as tensors: x, y to learn from, x_test, y_test."""
    return [torch.tensor(array) for array in split(*load_digits())]


def perceptron(seed, hidden):
    """64 pixels, hidden units, ten scores."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, 10))


@dataclass(frozen=True)
class Recipe:
    """All that decides how a network is trained, but for the network itself."""

    batch: int
    epochs: int
    learning_rate: float
    weight_decay: float
    max_norm: float

    def loader(self, *tensors, shuffle=False):
        return DataLoader(TensorDataset(*tensors), batch_size=self.batch, shuffle=shuffle)

    def adamw(self, model):
        return optim.AdamW(
            model.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay
        )

    def trainer(self, model, steps):
        """Its learning rate falls to 0 in so many steps."""
        optimizer = self.adamw(model)
        schedule = CosineAnnealingLR(optimizer, T_max=steps)
        return Trainer(
            model, optimizer, F.cross_entropy, schedulers=[schedule], max_norm=self.max_norm
        )

    def learn(self, model, x, y, x_test, y_test, log=None):
        """Train the model, and ask it about the images that it never learned from. Returns the
        history, and its answers."""
        batches = self.loader(x, y, shuffle=True)
        runner = self.trainer(model, self.epochs * len(batches))
        history = runner.fit(batches, self.epochs, self.loader(x_test, y_test), log=log)
        answers = ask(model, x_test)
        share = (answers == y_test.numpy()).mean()
        compare("training", "the accuracy in the history", history[-1]["val_accuracy"], share)
        return history, answers


HIDDEN = 64  # units of the network of 1986, and how it is trained
RECIPE = Recipe(batch=32, epochs=20, learning_rate=0.01, weight_decay=0.1, max_norm=0.5)


def ask(model, images):
    """What the model, in use, takes each of the images for."""
    model.eval()
    with torch.no_grad():
        return model(images).numpy().argmax(1)
