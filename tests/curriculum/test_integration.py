"""The tiers' integration tests pass on whole modules, and notice each one that is broken or missing."""

from __future__ import annotations

import pytest

from curriculum_support import folder, modules, own, tiers
from tito.curriculum.compile import read_draft
from tito.curriculum.integration import integration_files, requirements
from tito.curriculum.views import LEARNER, view
from tito.export import export
from tito.learner.desk import Desk
from tito.learner.integration import choose, run_integration

FILES = {path: requirements(path) for t in tiers().tiers for path in integration_files(t.package)}
HERE = {module.id: module for module in modules()}
REQUIRED = sorted({name for ids in FILES.values() for name in ids if name in HERE})


def instead_of(name: str, result: str) -> str:
    """Code that puts another function, under which autograd finds its rule, in place of this one."""
    return (
        f"_right = {name}\n\ndef {name}(*args, **more): return {result}\n\n"
        f"{name}.forward = _right.forward"
    )


# What is appended to the learner's exported file: something comes out, and it is wrong.
BROKEN = {
    "tensor": "_right = Tensor.flatten\n\nTensor.flatten = lambda self, *dims: _right(self, *dims) * 2",
    "activations": instead_of("gelu", "_right(*args, **more) + 1e-4"),
    "layers": instead_of("linear", "_right(*args[:2])"),
    "losses": instead_of("cross_entropy", "2 * _right(*args, **more)"),
    "dataloader": (
        "_right = RandomSampler.__iter__\n\n"
        "RandomSampler.__iter__ = lambda self: (i // 2 for i in _right(self))"
    ),
    "autograd": (
        "_right = accumulate\n\n"
        "def accumulate(leaf, gradient): return _right(leaf, gradient * 1.0001)"
    ),
    "optimizers": (
        "_right = SGD._move\n\n"
        "def _move(self, param, grad, group): _right(self, param, grad * 1.001, group)\n\n"
        "SGD._move = _move"
    ),
    "training": (
        "_right = Trainer.evaluate\n\n"
        "def evaluate(self, loader):\n"
        "    self.model.eval = lambda: self.model\n"
        "    return _right(self, loader)\n\n"
        "Trainer.evaluate = evaluate"
    ),
    "convolutions": (
        "_right = conv2d_input\n\n"
        "def conv2d_input(g, weight, stride, padding, dilation, groups, shape):\n"
        "    return _right(g * 1.001, weight, stride, padding, dilation, groups, shape)\n\n"
        "gradients(conv2d, input=conv2d_input, weight=conv2d_weight, bias=lambda g: g.sum((0, 2, 3)))"
    ),
    "tokenization": (
        "_right = BPETokenizer.decode\n\n"
        "BPETokenizer.decode = lambda self, ids: _right(self, ids).replace('\\U0001f41a', '?')"
    ),
    "embeddings": "_right = add_rows\n\ndef add_rows(*args): return _right(*args) * 1.001",
    "attention": (
        "_right = scores_gradient\n\ndef scores_gradient(*args): return _right(*args) * 1.001"
    ),
    "transformers": (
        "_right = TransformerEncoderLayer.forward\n\n"
        "TransformerEncoderLayer.forward = lambda self, src, mask=None, padding=None, late=False: "
        "_right(self, src, mask, None, late)"
    ),
    "profiling": "_right = flops\n\ndef flops(*args): return _right(*args) * 2",
    "quantization": (
        "def integer_linear(input, weight, sums=None):\n"
        "    return int_matmul(input.codes, weight.codes.T)"
    ),
    "compression": (
        "_right = taken\n\n"
        "def taken(layer, outputs, inputs=()): return _right(layer, outputs[::-1], inputs)"
    ),
    "acceleration": (
        "_right = absorb\n\n"
        "def absorb(partial, scores, value): return _right(partial, scores * 1.001, value)"
    ),
    "memoization": (
        "_right = KVCache.write\n\n"
        "KVCache.write = lambda self, layer, key, value: _right(self, layer, key, value * 1.05)"
    ),
    "benchmarking": (
        "_right = bootstrap\n\n"
        "def bootstrap(*args, **more):\n"
        "    low, high = _right(*args, **more)\n"
        "    return Interval((3 * low + high) / 4, (low + 3 * high) / 4)"
    ),
    "olympics": (
        "_right = wilson\n\ndef wilson(right, total, z=1.96): return _right(right, total, 2 * z)"
    ),
}


def complete(desk: Desk, *ids: str) -> None:
    for name in ids:
        own(desk, desk.course.by_id[name])


def test_every_test_file_is_run_by_somebody() -> None:
    assert FILES
    assert len({path.name for path in FILES}) == len(FILES), "two tests of one name"


def test_all_that_can_run_passes_on_whole_modules(desk: Desk) -> None:
    complete(desk, *HERE)
    report = run_integration(desk.gate, 300)
    assert not report.findings
    assert not [(name, result) for name, result in report.tests if result.outcome != "passed"]
    ran = {name.partition("::")[0].rpartition("/")[2] for name, _ in report.tests}
    assert ran == {path.name for path, ids in FILES.items() if set(ids) <= set(HERE)}


@pytest.mark.parametrize("module", REQUIRED)
def test_a_module_that_is_not_complete_leaves_its_tests_out(desk: Desk, module: str) -> None:
    complete(desk, *(set(HERE) - {module}))
    chosen = choose(desk.gate)
    needs_it = {
        path.name
        for path, ids in FILES.items()
        if any(name in HERE and module in desk.course.requirements(name) for name in ids)
    }
    assert needs_it
    assert not needs_it & {path.name for path in chosen.files}
    for finding in chosen.left_out:
        assert finding.message
        assert finding.fix


@pytest.mark.parametrize("module", REQUIRED)
def test_a_module_of_stubs_makes_an_integration_test_fail(desk: Desk, module: str) -> None:
    complete(desk, *HERE)
    target = HERE[module]
    stubs = view(read_draft(folder(target)).lesson, LEARNER)
    desk.workspace.own_file(target).write_text(export(stubs, target, "law"), encoding="utf-8")
    assert not run_integration(desk.gate, 300).passed


def test_each_module_that_a_test_names_is_broken_here() -> None:
    assert set(BROKEN) == set(REQUIRED)


@pytest.mark.parametrize("module", BROKEN)
def test_a_module_that_computes_something_else_is_noticed(desk: Desk, module: str) -> None:
    complete(desk, *HERE)
    path = desk.workspace.own_file(HERE[module])
    path.write_text(path.read_text(encoding="utf-8") + f"\n\n{BROKEN[module]}\n", encoding="utf-8")
    report = run_integration(desk.gate, 300)
    assert not report.findings
    assert [name for name, result in report.tests if result.outcome == "failed"]
