"""2018: MLPerf. Smaller and faster models, by rules under which a claim means something."""

from checks import check_modules
from contest import compete, judge
from drawing import draw
from entries import TASKS
from fusion import fused
from race import race
from reading import read_smaller
from tinytorch_nn.language.text import HELD_OUT, TO_LEARN, read
from writing import cache_pays, learn_to_read, same_logits, same_texts, waits


def main():
    text, other = read(TO_LEARN), read(HELD_OUT)
    check_modules(text)
    results = {}
    for task in TASKS:
        models, right = compete(task)
        judge(models, right)
        results[task.name] = models, right, race(task, models)
    model, tokenizer, loader, inputs, targets = learn_to_read(text, other)
    same_logits(model, inputs)
    same_texts(model, tokenizer)
    cache_pays(model)
    read_smaller(model, loader, inputs, targets)
    fused(model, inputs)
    draw(results, waits(model))


main()
