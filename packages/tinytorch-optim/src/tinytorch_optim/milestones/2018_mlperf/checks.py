"""All modules, each next to something that doesn't use it, from the tensor up to the benchmark."""

from checks_acceleration import check_acceleration
from checks_benchmarking import check_benchmarking
from checks_compression import check_compression
from checks_memoization import check_memoization
from checks_profiling import check_profiling
from checks_quantization import check_quantization
from tinytorch_core.checks import MANY
from tinytorch_core.recipe import digits
from tinytorch_nn.language.checks import check_modules as check_language
from tinytorch_nn.vision.checks import check_convolutions


def check_modules(text):
    check_language(text)  # which begins with modules 01 to 08
    x, y, *_ = digits()
    x, y = x[:MANY], y[:MANY]
    check_convolutions(x[:, None], y)
    check_profiling(x, y)
    check_quantization()
    check_compression(x)
    check_acceleration()
    check_memoization()
    check_benchmarking()
