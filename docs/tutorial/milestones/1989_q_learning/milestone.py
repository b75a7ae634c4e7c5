"""1989: learns by acting what planning computes from the model, and draws both."""

import sys
from pathlib import Path

import numpy as np
from rl.grid import GridWorld, backup, greedy, learn, value_iteration

GAMMA = 0.95
FLOOR = GridWorld("....G\n.#X..\n.#.#.\nS..X.", slip=0.2)
ARROWS = "←↓→↑"


def main():
    truth = worth(greedy(backup(FLOOR, value_iteration(FLOOR, GAMMA), GAMMA)))
    nothing = worth(np.zeros(FLOOR.height * FLOOR.width, int))
    print(f"From the start, always going left is worth {nothing:.3f}, and the plan {truth:.3f}.")
    print(f"value_iteration says {value_iteration(FLOOR, GAMMA)[FLOOR.start]:.3f}.")
    if abs(truth - value_iteration(FLOOR, GAMMA)[FLOOR.start]) > 1e-4:
        sys.exit("The plan is not worth what it promises: look at the work of module 'planning'.")
    for seed in range(3):
        q, _ = learn(FLOOR, 6000, GAMMA, seed=seed)
        learnt = worth(greedy(q))
        print(f"Learnt with seed {seed}: {learnt:.3f}")
        if not learnt > truth - 0.02:
            sys.exit("What was learnt is worse than the plan: look at the work of module 'q_learning'.")
    Path("behaviour.svg").write_text(drawn(greedy(q)), encoding="utf-8")
    print("Nobody told it how the world works. behaviour.svg shows what it does.")


def worth(actions):
    """What a behaviour is worth from the start, from solving its linear equations."""
    size = FLOOR.height * FLOOR.width
    leads, brings = np.zeros((size, size)), np.zeros(size)
    for state, action in enumerate(actions):
        if FLOOR.kind(state) in ".S":
            for probability, after, reward, terminated in FLOOR.outcomes(state, action):
                leads[state, after] += 0 if terminated else probability
                brings[state] += probability * reward
    return np.linalg.solve(np.eye(size) - GAMMA * leads, brings)[FLOOR.start]


def drawn(actions):
    """The map with an arrow on each square where something is done."""
    signs = []
    for state, action in enumerate(actions):
        row, column = divmod(state, FLOOR.width)
        kind = FLOOR.kind(state)
        sign = ARROWS[action] if kind in ".S" else {"#": "■", "X": "✖", "G": "★"}[kind]
        place = f'x="{40 * column + 20}" y="{40 * row + 28}"'
        signs.append(f'<text {place} text-anchor="middle" font-size="24">{sign}</text>')
    size = f'viewBox="0 0 {40 * FLOOR.width} {40 * FLOOR.height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(signs)}</svg>'


main()
