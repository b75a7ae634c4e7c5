"""What is done to a learner's file so that something comes out, and it is wrong.

For each milestone and each module that it requires: what is written at the end of the module's file.
"""

from __future__ import annotations

MATMUL = "right = matmul.forward\n\n@operation\ndef matmul(input, other): return right(input, other) * 0"
DIV = "right = div.forward\n\n@operation\ndef div(input, other): return right(input, other) * 1.01"
LINEAR = "right = linear.forward\n\n@operation\ndef linear(input, weight, bias=None): return "
ALIKE = (
    "def alike(self):\n"
    "    for parameter in self.parameters():\n"
    "        parameter.detach().fill_(0.1)\n"
    "Linear.reset_parameters = alike"
)
FORGETS = "def accumulate(leaf, gradient): leaf.grad = from_numpy(np.array(gradient))"
ONE_WAY = """
def backward(self, tensor, gradient=None, retain_graph=None):
    queue = [(tensor.grad_fn, first_gradient(tensor, gradient))]
    met = set()
    while queue:
        node, g = queue.pop(0)
        if node not in met:  # who comes second is not heard
            met.add(node)
            for source, gradient in sources_with_gradients(node, g):
                if isinstance(source, Tensor):
                    accumulate(source, gradient)
                else:
                    queue.append((source, gradient))
Tape.backward = backward
"""
RECORDS = "no_grad.mode = True"
LINEAR_RULES = "gradients(F.linear, input=lambda g, weight: rows(g) @ weight, "
UPHILL = (
    "right = descend\n\n"
    "def descend(param, direction, lr, scratch): right(param, direction, -lr, scratch)"
)
KEEPS = "Optimizer.zero_grad = lambda self, set_to_none=True: None"
FIRST_ONLY = (
    "right = Optimizer.step\n\n"
    "def step(self, closure=None):\n"
    "    for group in self.param_groups:\n"
    "        for parameter in group['params'][1:]:\n"
    "            parameter.grad = None\n"
    "    return right(self, closure)\n"
    "Optimizer.step = step"
)

BROKEN: dict[str, dict[str, list[str]]] = {
    "1958_perceptron": {
        "tensor": [MATMUL],
        "activations": [
            "right = sigmoid\n\ndef sigmoid(input): return right(input) + 0.01",
        ],
        "layers": [LINEAR + "right(input, weight)"],
        "losses": [
            "right = binary_cross_entropy\n\n"
            "def binary_cross_entropy(*args): return right(*args) * 2",
        ],
    },
    "1969_xor": {
        "tensor": [MATMUL, DIV, "sub = add"],
        "activations": [
            "right = tanh.forward\n\n@operation\ndef tanh(input): return right(input) * 0.99",
            "right = sigmoid.forward\n\n@operation\ndef sigmoid(input): return right(input) + 0.01",
        ],
        "layers": [
            LINEAR + "right(input, weight)",
            LINEAR + "right(input, weight, bias) ** 2",
            "Sequential.forward = lambda self, input: self[-1](self[0](input))",
            ALIKE,
        ],
        "losses": [
            "right = binary_cross_entropy_with_logits.forward\n\n@operation\n"
            "def binary_cross_entropy_with_logits(input, target, weight=None, reduction='mean',\n"
            "                                     pos_weight=None):\n"
            f"    return {wrong}"
            for wrong in (
                "right(input, target) * 2",
                "right(input, target, reduction='sum')",
                "right(-input, target)",
                "np.maximum(input, 0).mean() - (input * target).mean()",
            )
        ],
        "autograd": [
            FORGETS,
            ONE_WAY,
            RECORDS,
            "gradients(F.tanh, input=lambda g, output: g * (1 - output))",
            "gradients(F.tanh, input=lambda g, output: g)",
            "gradients(torch.add, input=lambda g: g, other=lambda g: g * 0)",
            LINEAR_RULES + "weight=lambda g, input: 0.9 * g.T @ input, bias=lambda g: g.sum(0))",
            LINEAR_RULES + "weight=lambda g, input: g.T @ input, bias=lambda g: g.mean(0))",
            "right = logits_input\n\ngradients(F.binary_cross_entropy_with_logits, input=\n"
            "    lambda g, input, target, weight, reduction, pos_weight:\n"
            "    right(g, input, target, weight, 'sum', pos_weight))",
        ],
        "optimizers": [
            UPHILL,
            KEEPS,
            FIRST_ONLY,
            "def gain_momentum(buffer, grad, *options): return grad",
            "right = gain_momentum\n\ndef gain_momentum(buffer, grad, momentum, *rest):\n"
            "    return right(buffer, grad, 0.8, *rest)",
            "right = SGD.__init__\n\ndef init(self, params, lr=1e-3, *options, **more):\n"
            "    right(self, params, 1e-3, *options, **more)\nSGD.__init__ = init",
        ],
    },
}
