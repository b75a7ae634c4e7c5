"""Why no single layer can learn exclusive or: nothing is trained here, and all numbers are whole."""

from itertools import product

import numpy as np

ROWS = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])  # ROWS @ (w1, w2, b): four scores
LINES = list(product((0, -2, 2), (0, -2, 2), (-3, -1, 1, 3)))


def prove():
    """Show for each way to answer the four corners a line that does it, or why there is none."""
    print(
        "A single layer says yes where its score, w1·x1 + w2·x2 + b, is above 0. Here are all 16 ways"
    )
    print("to answer the corners (0,0) (0,1) (1,0) (1,1), each with a score that does it:\n")
    impossible = []
    for answers in product((0, 1), repeat=4):
        found = line_for(answers)
        if found:
            w1, w2, b = found
            print("  ", *answers, f"   {w1:+}·x1 {w2:+}·x2 {b:+}")
        else:
            signs = 2 * np.array(answers) - 1
            assert not (signs @ ROWS).any(), "what is said below would not hold"
            print(
                "  ", *answers, "   none: with + for yes and - for no, any four scores add up to 0"
            )
            impossible.append(answers)
    assert impossible == [(0, 1, 1, 0), (1, 0, 0, 1)]
    print(
        "\n0 1 1 0 is exclusive or. Whatever w1, w2 and b are, its two yeses have the scores w2 + b and"
        "\nw1 + b, and its two noes b and w1 + w2 + b. Both pairs add up to w1 + w2 + 2·b. If all four"
        "\nwere right, the first sum would be above 0, and the second would not. So a single layer"
        "\nanswers at most 3 of 4 rightly, which is 75 %, with any weights and however it is trained.\n"
    )


def line_for(answers):
    """The first of our lines with these answers, or None."""
    right = (line for line in LINES if np.array_equal(ROWS @ line > 0, np.array(answers) == 1))
    return next(right, None)
