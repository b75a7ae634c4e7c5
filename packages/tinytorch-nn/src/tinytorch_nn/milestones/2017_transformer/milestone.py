"""2017: attention is all you need. Two GPTs of your own modules turn words around, and read Python."""

import probes
from reading import learn_to_read
from reversal import learn_to_turn
from tinytorch_core.pictures import curves, grids, heatmap, save
from tinytorch_nn.language.checks import check_modules
from tinytorch_nn.language.text import HELD_OUT, TO_LEARN, read


def main():
    text, other = read(TO_LEARN), read(HELD_OUT)
    check_modules(text)
    turner, line, tokens = learn_to_turn()
    reader, history, pairs = learn_to_read(text, other)
    show(turner, line, tokens, reader, history, pairs)


def show(turner, line, tokens, reader, history, pairs):
    """How the loss fell, where each head looks, and which positions are alike."""
    (looks,) = probes.looks(turner, tokens)
    heads = {f"head {number}": weights for number, weights in enumerate(looks[0], 1)}
    lines = {
        "training": [row["loss"] for row in history],
        "held out": [row["val_loss"] for row in history],
        "counted pairs": [pairs] * len(history),
    }
    pictures = {
        "loss": curves(lines, "surprise at Python's library", "round", "nats a token"),
        "attention": grids(
            heads, line, line, "where each head looks (columns), standing at each letter (rows)"
        ),
        "positions": heatmap(probes.likeness(reader), "how alike positions are", 6),
    }
    save(pictures)


main()
