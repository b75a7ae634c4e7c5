"""What is done to a learner's file so that something comes out, and it is wrong.

For each milestone and each module that it requires: what is written at the end of the module's file.
"""

from __future__ import annotations

MATMUL = (
    "right = matmul.forward\n\n@operation\ndef matmul(input, other): return right(input, other) * 0"
)
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
    queue, met = [(tensor.grad_fn, first_gradient(tensor, gradient))], set()
    while queue:
        node, g = queue.pop(0)
        if node not in met:  # who comes second is not heard
            met.add(node)
            for source, rule, values in node.edges:
                gradient = fit(rule(g, *values), source)
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

CROSS_ENTROPY = """
right = cross_entropy.forward

@operation
def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean"):
    loss, saved = right(input, target)
    return {wrong}, saved
"""
UNSHUFFLED = "RandomSampler.__iter__ = lambda self: iter(range(len(self.data_source)))"
SAME_ORDER = """
right = RandomSampler.__iter__
def same(self):
    self.generator = Generator().manual_seed(1)
    return right(self)
RandomSampler.__iter__ = same
"""
TWICE = """
def twice(self):
    return iter(randint(len(self.data_source), (len(self.data_source),)).tolist())
RandomSampler.__iter__ = twice
"""
NO_REST = """
right = BatchSampler.__iter__
BatchSampler.__iter__ = lambda self: (b for b in right(self) if len(b) == self.batch_size)
"""
MIXED_UP = """
right = default_collate
def default_collate(batch):
    first, second, *rest = right(batch)
    return [first, from_numpy(np.roll(second.numpy(), 1)), *rest]
"""
TRAINS_ON = """
right = Trainer.evaluate
def evaluate(self, loader):
    self.model.eval = lambda: self.model
    return right(self, loader)
Trainer.evaluate = evaluate
"""
STAYS_IN_EVAL = """
right = Trainer.evaluate
def evaluate(self, loader):
    measured = right(self, loader)
    self.model.eval()
    return measured
Trainer.evaluate = evaluate
"""
WITHOUT = """
right = Trainer.train_step
def train_step(self, batches):
    kept, self.{name} = self.{name}, {nothing}
    right(self, batches)
    self.{name} = kept
Trainer.train_step = train_step
"""
LAST_GRADIENT = """
right = Trainer.train_step
def train_step(self, batches):
    kept, self.optimizer.zero_grad = self.optimizer.zero_grad, lambda: None
    right(self, batches)
    self.optimizer.zero_grad = kept
Trainer.train_step = train_step
"""
FORGOTTEN = """
right = Trainer.load_state_dict
def load_state_dict(self, state_dict):
    right(self, state_dict)
    {forgets}
Trainer.load_state_dict = load_state_dict
"""
CONV2D_RULES = (
    "gradients(conv2d, input=conv2d_input, weight=conv2d_weight, bias=lambda g: g.sum((0, 2, 3)))"
)
NORM_RULES = """
gradients(standardize, **{{
    "input": standardize_input, "weight": lambda g, saved: np.vecdot(channel_rows(g), saved[0]),
    "bias": lambda g: row_sums(channel_rows(g))
}} | {{ {argument!r}: {rule} }})
"""
CONV2D = f"""
right = conv2d.forward

@operation
def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    return {{wrong}}

{CONV2D_RULES}
"""
MAX_POOL2D = """
right = max_pool2d.forward

@operation
def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1):
    best, which = right(input, kernel_size, stride, padding, dilation)
    return {wrong}

gradients(max_pool2d, input=max_pool2d_input)
"""
LAST_ON_A_TIE = """
@operation
def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1):
    slide = pooling(kernel_size, stride, padding, dilation)
    values = np.array(places(windows(pad(input, slide, -np.inf), slide)))
    which = len(values) - 1 - values[::-1].argmax(0)
    return batch_first(values.max(0), input.ndim), which

gradients(max_pool2d, input=max_pool2d_input)
"""
INPUT_GRADIENT = f"""
right = conv2d_input

def conv2d_input(g, weight, stride, padding, dilation, groups, shape):
    return {{wrong}}

{CONV2D_RULES}
"""
WEIGHT_GRADIENT = f"""
right = conv2d_weight

def conv2d_weight(g, input, weight, stride, padding, dilation, groups):
    return {{wrong}}

{CONV2D_RULES}
"""
BATCH_NORM = """
right = batch_norm

def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False,
               momentum=0.1, eps=1e-5):
    {does}
"""
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
    "1986_mlp": {
        "tensor": [
            MATMUL,
            DIV,
            "sub = add",
            "argmax = argmin",
            "right = mean.forward\n\n@operation\n"
            "def mean(input, dim=None, keepdim=False): return right(input, dim, keepdim) * 0.9",
        ],
        "activations": [
            "@operation\ndef relu(input): return np.maximum(input, 0.1 * input)",
            "right = log_softmax.forward\n\n@operation\n"
            "def log_softmax(input, dim): return right(input, dim) + 0.01",
        ],
        "layers": [
            LINEAR + "right(input, weight)",
            ALIKE,
            "Flatten.forward = lambda self, input: input.permute(0, 2, 1).flatten(1)",
            "Sequential.forward = lambda self, input: self[3](self[1](self[0](input)))",
        ],
        "losses": [
            CROSS_ENTROPY.format(wrong=wrong)
            for wrong in (
                "loss * 2",
                "loss * len(target)",
                "-loss",
                "-input[np.arange(len(target)), target].mean()",
            )
        ],
        "dataloader": [
            UNSHUFFLED,
            SAME_ORDER,
            TWICE,
            NO_REST,
            MIXED_UP,
            "BatchSampler.__len__ = lambda self: len(self.sampler) // self.batch_size",
        ],
        "autograd": [
            FORGETS,
            RECORDS,
            "gradients(F.relu, input=lambda g, output: g)",
            "gradients(F.relu, input=lambda g, output: g * output)",
            LINEAR_RULES + "weight=lambda g, input: g.T @ input, bias=lambda g: g.mean(0))",
            "right = class_gradient\n\n"
            "def class_gradient(g, reduction, saved): return right(g, 'sum', saved)",
            "def class_gradient(g, reduction, saved): return np.exp(saved[0]) / len(saved[0])",
        ],
        "optimizers": [
            UPHILL,
            KEEPS,
            FIRST_ONLY,
            "def decay(param, grad, *options): return grad",
            "right = decay\n\ndef decay(param, grad, lr, weight_decay, decoupled, scratch):\n"
            "    return right(param, grad, lr, weight_decay, False, scratch)",
            "right = adam_descend\n\ndef adam_descend(param, first, second, step, *rest):\n"
            "    right(param, first, second, 10**6, *rest)",
            "right = adam_descend\n\ndef adam_descend(param, first, second, step, *rest):\n"
            "    right(param, first, second, 1, *rest)",
            "right = update_moments\n\ndef update_moments(first, second, grad, betas, scratch):\n"
            "    right(first, second, grad, betas[::-1], scratch)",
        ],
        "training": [
            TRAINS_ON,
            STAYS_IN_EVAL,
            LAST_GRADIENT,
            "no_grad = enable_grad = __import__('contextlib').nullcontext",
            WITHOUT.format(name="schedulers", nothing="()"),
            WITHOUT.format(name="max_norm", nothing="None"),
            "right = Trainer.train_step\n\n"
            "Trainer.train_step = lambda self, batches: [right(self, batches) for _ in range(2)]",
            "right = Trainer.train_epoch\n\ndef train_epoch(self, loader):\n"
            "    return right(self, list(loader)[:-1])\nTrainer.train_epoch = train_epoch",
            "right = clip_grad_norm_\n\ndef clip_grad_norm_(parameters, *options):\n"
            "    return [right(parameter, *options) for parameter in parameters][0]",
            "right = clip_grad_norm_\n\ndef clip_grad_norm_(parameters, *options):\n"
            "    return right(parameters, float('inf'))",
            "right = CosineAnnealingLR.get_lr\n\n"
            "CosineAnnealingLR.get_lr = lambda self: [lr * 0.99 for lr in right(self)]",
            "CosineAnnealingLR.step = lambda self: LRScheduler.step(self) if self.last_epoch < 1 else 0",
            "right = Mean.add\n\nMean.add = lambda self, size, values: right(self, 1, values)",
            FORGOTTEN.format(forgets="default_generator.manual_seed(1)"),
            FORGOTTEN.format(forgets="self.optimizer.state.clear()"),
            FORGOTTEN.format(forgets="self.schedulers[0].step()"),
        ],
    },
}
BROKEN["1998_cnn"] = BROKEN["1986_mlp"] | {
    "convolutions": [
        CONV2D.format(wrong="right(input, weight, None, stride, padding, dilation, groups)"),
        CONV2D.format(wrong="right(input, weight, bias, 1, padding, dilation, groups)"),
        CONV2D.format(wrong="right(input, weight, bias, stride, padding, 1, groups)"),
        CONV2D.format(
            wrong="right(input, weight[..., ::-1], bias, stride, padding, dilation, groups)"
        ),
        CONV2D.format(
            wrong="right(input, np.roll(weight, 1, 0), bias, stride, padding, dilation, groups)"
            " if groups > 1 else right(input, weight, bias, stride, padding, dilation)"
        ),
        "right = pad\n\ndef pad(array, slide, value=0): return right(array, slide, 0.1)",
        "right = pad\n\ndef pad(array, slide, value=0): return right(array, slide)",
        INPUT_GRADIENT.format(
            wrong="0.99 * right(g, weight, stride, padding, dilation, groups, shape)"
        ),
        INPUT_GRADIENT.format(
            wrong="right(g, weight[..., ::-1, :], stride, padding, dilation, groups, shape)"
        ),
        WEIGHT_GRADIENT.format(
            wrong="right(g, input, weight, stride, padding, dilation, groups) / len(g)"
        ),
        WEIGHT_GRADIENT.format(
            wrong="right(g, input * (input > 0), weight, stride, padding, dilation, groups)"
        ),
        CONV2D_RULES.replace("sum", "mean"),
        "Conv2d.reset_parameters = lambda self: [p.detach().fill_(0.1) for p in self.parameters()]",
        MAX_POOL2D.format(wrong="-right(-input, kernel_size, stride, padding, dilation)[0], which"),
        MAX_POOL2D.format(wrong="best, np.zeros_like(which)"),
        LAST_ON_A_TIE,
        "right = avg_pool2d.forward\n\n@operation\n"
        "def avg_pool2d(input, kernel_size, stride=None, padding=0):\n"
        "    return right(input, kernel_size, stride, padding) * 1.01\n\n"
        "gradients(avg_pool2d, input=avg_pool2d_input)",
        "right = avg_pool2d_input\n\n"
        "def avg_pool2d_input(g, kernel_size, stride, padding, shape):\n"
        "    return right(g, kernel_size, stride, padding, shape) * prod(pair(kernel_size))\n\n"
        "gradients(avg_pool2d, input=avg_pool2d_input)",
        NORM_RULES.format(
            argument="input",
            rule="lambda g, weight, saved, training: standardize_input(g, weight, saved, False)",
        ),
        NORM_RULES.format(
            argument="input",
            rule="lambda g, weight, saved, training: standardize_input(g, weight, saved, True)",
        ),
        NORM_RULES.format(argument="weight", rule="lambda g: row_sums(channel_rows(g))"),
        NORM_RULES.format(argument="bias", rule="lambda g: row_sums(channel_rows(g)) / 2"),
        "right = moments\n\ndef moments(rows):\n    mean, var = right(rows)\n"
        "    return mean, var * rows.shape[1] / (rows.shape[1] - 1)",
        BATCH_NORM.format(
            does="return right(input, running_mean, running_var, weight, bias, training, 0.9, eps)"
        ),
        BATCH_NORM.format(
            does="return right(input, running_mean, running_var, weight, bias, True, momentum, eps)"
        ),
        BATCH_NORM.format(
            does="return right(input, None, None, weight, bias, True, momentum, eps) if training"
            " else right(input, running_mean, running_var, weight, bias)"
        ),
        BATCH_NORM.format(
            does="return right(input, running_mean, running_var, weight, bias, training, momentum, 1e-2)"
        ),
        "BatchNorm2d.eval = lambda self: self",
    ],
}

MERGES_ALL = """
def apply_merges(ids, merges):
    for pair in {order}:
        ids = merge(ids, pair, merges[pair])
    return ids
"""
NO_SPECIAL = """
right = BPETokenizer.train
def train(self, text, vocab_size):
    self.special_tokens = {}
    return right(self, text, vocab_size)
BPETokenizer.train = train
"""
ADD_ROWS = """
def add_rows(g, ids, rows):
    total = np.zeros((rows, g.shape[-1]), g.dtype)
    {wrong}
    return total
"""
ADD_POSITIONS = "Positions.forward = lambda self, input, start=0: "
ATTENTION_RULES = """
gradients(scaled_dot_product_attention, **{{
    "query": query_gradient, "key": key_gradient, "value": value_gradient, "attn_mask": shared
}} | {{ {argument!r}: {rule} }})
"""
SWAPPED = """
right = MultiheadAttention.project
def project(self, query, key, value):
    q, k, v = right(self, query, key, value)
    return {wrong}
MultiheadAttention.project = project
"""
LAYER_NORM = """
@operation
def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    {does}
    inverse = 1 / np.sqrt({variance} + eps)
    normal = rows * inverse
    output = normal * (1 if weight is None else weight) + (0 if bias is None else bias)
    return output, (normal.reshape(-1, input.shape[-1]), inverse.reshape(-1, 1))

gradients(layer_norm, input=layer_norm_input, weight=layer_norm_weight, bias=layer_norm_bias)
"""
NORM_INPUT = """
def wrong(g, weight, saved):
    normal, inverse = saved
    d = (g * weight).reshape(normal.shape)
    return {wrong}

gradients(layer_norm, input=wrong, weight=layer_norm_weight, bias=layer_norm_bias)
"""
GPT_FORWARD = """
def forward(self, input):
    x = self.dropout(self.position(self.token(input)))
    length = input.shape[1]
    late = self.late[:length, :length]
    for block in self.blocks:
        {block}
    return {head}
GPT.forward = forward
"""
NEXT_TOKEN_LOSS = """
def next_token_loss(model, tokens):
    logits = model(tokens[:, :-1])
    return F.cross_entropy({wrong})
"""
SAMPLE = """
right = sample
def sample(logits, temperature=1.0, top_k=None, generator=None):
    return right(logits, {wrong}, generator)
"""
BROKEN["2017_transformer"] = {
    "tensor": [
        *BROKEN["1986_mlp"]["tensor"],
        "right = transpose.forward\n\n@operation\n"
        "def transpose(input, dim0, dim1): return right(input, dim0, dim1) * 1.01",
        "right = cat\n\ndef cat(tensors, dim=0): return right(tensors[::-1], dim)",
    ],
    "activations": [
        *BROKEN["1986_mlp"]["activations"],
        "right = gelu.forward\n\n@operation\n"
        "def gelu(input, approximate='none'): return right(input, 'none')",
        "right = softmax.forward\n\n@operation\n"
        "def softmax(input, dim): return right(2 * input, dim)",
    ],
    "layers": BROKEN["1986_mlp"]["layers"],
    "losses": [
        *BROKEN["1986_mlp"]["losses"],
        "right = cross_entropy.forward\n\n@operation\n"
        "def cross_entropy(input, target, weight=None, ignore_index=-100, reduction='mean'):\n"
        "    return right(input, np.where(target == ignore_index, 0, target))",
    ],
    "dataloader": [
        *BROKEN["1986_mlp"]["dataloader"],
        "RandomSampler.__iter__ = lambda self: iter(randperm(self.num_samples).tolist())",
        "RandomSampler.__iter__ = lambda self: iter(randperm(len(self.data_source)).tolist())",
    ],
    "autograd": [
        *BROKEN["1986_mlp"]["autograd"],
        "gradients(F.gelu, input=lambda g, input: g * (input > 0))",
        "gradients(F.softmax, input=lambda g, output: g * output)",
        "gradients(torch.transpose, input=lambda g, dim0, dim1: g.swapaxes(dim0, dim1) * 0.9)",
        "gradients(getitem, input=lambda g, index, shape: np.full(shape, g.mean()))",
    ],
    "optimizers": BROKEN["1986_mlp"]["optimizers"],
    "training": [
        *BROKEN["1986_mlp"]["training"],
        "LinearLR.factor = lambda self, t: self.end_factor",
        "LinearLR.factor = lambda self, t: self.start_factor",
    ],
    "tokenization": [
        "right = split\n\ndef split(text): return right(text.replace('\\t', ' '))",
        r"def split(text): return re.findall(r'\s*\S+|\s+', text)",
        "right = PairIndex.__init__\n\n"
        "PairIndex.__init__ = lambda self, chunks: right(self, [(ids, 1) for ids, _ in chunks])",
        "PairIndex.most_frequent = lambda self: max(\n"
        "    self.counts, key=lambda pair: (self.counts[pair], pair))",
        MERGES_ALL.format(order="reversed(merges)"),
        MERGES_ALL.format(order="list(merges)[:50]"),
        NO_SPECIAL,
        "def to_text(data): return data.decode('utf-8', 'replace')",
        "right = look_up\n\ndef look_up(tokens, ids): return right(tokens, ids)[::-1]",
        "def train(self, text):\n"
        "    self.__init__(dict.fromkeys(text), self.special_tokens)\n    return self\n"
        "CharTokenizer.train = train",
        "right = BPETokenizer.content\n\nBPETokenizer.content = lambda self: right(self) | {\n"
        "    'merges': list(self.merges)[:-1]}",
    ],
    "embeddings": [
        ADD_ROWS.format(wrong="total[ids] = g"),
        ADD_ROWS.format(wrong="total[np.unique(ids)] = g.mean((0, 1))"),
        "right = embedding_weight\n\ndef embedding_weight(g, input, padding_idx, shape):\n"
        "    return right(g, input, None, shape)\n\ngradients(embedding, weight=embedding_weight)",
        "@operation\ndef embedding(input, weight, padding_idx=None):\n"
        "    return weight.take((input + 1) % len(weight), axis=0)\n\n"
        "gradients(embedding, weight=embedding_weight)",
        "Embedding.reset_parameters = lambda self: self.weight.detach().fill_(0.1)",
        ADD_POSITIONS + "input",
        ADD_POSITIONS + "input + self.weight[:input.shape[-2]]",
        ADD_POSITIONS + "input + self.weight[start:start + input.shape[-2]].detach()",
        "right = LearnedPositions.__init__\n\ndef init(self, *sizes):\n"
        "    right(self, *sizes)\n    self.weight.detach().zero_()\nLearnedPositions.__init__ = init",
        "right = sinusoidal_positions\n\n"
        "def sinusoidal_positions(*sizes): return right(*sizes, 1000.0)",
    ],
    "attention": [
        "def scaling(query, scale): return 1.0",
        "def hide(scores, mask): return scores",
        "right = hide\n\ndef hide(scores, mask):\n"
        "    return right(scores, ~mask if mask.dtype == np.bool_ else mask)",
        "def causal_mask(queries, keys): return np.arange(keys) <= np.arange(queries)[:, None] + 1",
        "right = to_weights\n\ndef to_weights(scores):\n"
        "    return right(scores.swapaxes(-1, -2)).swapaxes(-1, -2)",
        "def to_weights(scores): return np.exp(scores)",
        "def scores_gradient(g, value, output, kept): return g @ value.swapaxes(-1, -2) * kept.weights",
        ATTENTION_RULES.format(
            argument="query",
            rule="lambda g, key, value, output, saved, scale: shared(g, value, output, saved) @ key",
        ),
        ATTENTION_RULES.format(
            argument="key",
            rule="lambda g, query, value, output, saved, scale: "
            "shared(g, value, output, saved) @ query * scaling(query, scale)",
        ),
        ATTENTION_RULES.format(argument="value", rule="lambda g, saved: saved.used @ g"),
        "def merge_heads(input, batch_first):\n    N, H, T, D = input.shape\n"
        "    return input.reshape(N, T, H * D)",
        "def merge_masks(*masks): return None",
        "right = as_float\n\ndef as_float(mask, dtype):\n"
        "    return right(~mask if mask.dtype == np.bool_ else mask, dtype)",
        SWAPPED.format(wrong="k, q, v"),
        SWAPPED.format(wrong="q, k, k"),
        "right = MultiheadAttention.weigh\n\n"
        "MultiheadAttention.weigh = lambda self, query, *rest: right(self, query * 2, *rest)",
    ],
    "transformers": [
        LAYER_NORM.format(does="rows = input", variance="(rows * rows).mean(-1, keepdims=True)"),
        LAYER_NORM.format(
            does="rows = input - input.mean(-1, keepdims=True)",
            variance="rows.var(-1, keepdims=True, ddof=1)",
        ),
        LAYER_NORM.format(
            does="rows, eps = input - input.mean(-1, keepdims=True), 1e-2",
            variance="rows.var(-1, keepdims=True)",
        ),
        NORM_INPUT.format(wrong="d * inverse"),
        NORM_INPUT.format(wrong="(d - d.mean(-1, keepdims=True)) * inverse"),
        "Block.add = lambda self, x, arm, norm, dropout: arm(norm(x))",
        "Block.add = lambda self, x, arm, norm, dropout: norm(x + arm(x))",
        "Block.add = lambda self, x, arm, norm, dropout: norm(x) + arm(norm(x))",
        "def gelu_tanh(input): return F.relu(input)",
        GPT_FORWARD.format(block="x = block(x)", head="self.head(self.norm(x))"),
        GPT_FORWARD.format(
            block="x = block(x, torch.from_numpy(np.triu(late.numpy(), 2)))",
            head="self.head(self.norm(x))",
        ),
        GPT_FORWARD.format(block="x = block(x, late)", head="self.head(x)"),
        GPT_FORWARD.format(block="x = self.blocks[0](x, late)", head="self.head(self.norm(x))"),
        "right = GPT.__init__\n\ndef init(self, *sizes, **options):\n"
        "    right(self, *sizes, **options)\n    self.token.weight.detach().mul_(50)\n"
        "GPT.__init__ = init",
        NEXT_TOKEN_LOSS.format(wrong="logits.flatten(0, 1), tokens[:, :-1].flatten()"),
        NEXT_TOKEN_LOSS.format(wrong="logits[:, -1], tokens[:, -1]"),
        SAMPLE.format(wrong="1.0 if temperature else 0, top_k"),
        SAMPLE.format(wrong="1 / temperature if temperature else 0, top_k"),
        SAMPLE.format(wrong="temperature, None"),
        SAMPLE.format(wrong="temperature, top_k and top_k + 1"),
        "right = keep_top\n\ndef keep_top(logits, k): return -right(-logits, k)",
        "def draw(probabilities, u): return probabilities.argmax(1)",
        "right = generate\n\ndef generate(model, tokens, more, temperature=1.0, *options):\n"
        "    return right(model, tokens, more, 1.0, *options)",
        "right = generate\n\ndef generate(model, tokens, *options, **more):\n"
        "    found = right(model, tokens, *options, **more)\n    model.eval()\n    return found",
    ],
}

FLOP_RULES = (
    "costs(F.linear, lambda output, input, weight, *_: 2 * output.size * weight.shape[-1], {rules})"
)
PROFILING = [
    "right = flops\n\ndef flops(*arguments): return right(*arguments) // 2",
    FLOP_RULES.format(rules="input=lambda *_: 0, weight=lambda _, g, input, shape: 2 * g.size"),
    "FLOPS[attention.scaled_dot_product_attention.forward] = lambda *_: 0",
    "FLOPS[attention.key_gradient] = lambda *_: 0",
    "costs(F.conv2d, lambda output, input, weight, *_: 2 * output.size * weight.shape[1])",
    "def arrays_in(arguments): return [a for a in arguments if isinstance(a, np.ndarray)][:1]",
    "right = traffic\n\ndef traffic(arguments, output): return right(arguments, output)[::-1]",
    "def model_size(model):\n    sizes = [p.numel() for p in model.parameters()]\n"
    "    return ModelSize(sum(sizes), 4 * sum(sizes))",
    "Watcher.__exit__ = lambda self, *error: None",
    "right = Recording.end\n\ndef end(self, event):\n    right(self, event)\n"
    "    for other in self.local.stack:\n        other.children_time = 0\nRecording.end = end",
    "right = FunctionEventAvg.add\n\nFunctionEventAvg.add = lambda self, event:"
    " right(self, event) if self.count < 2 else None",
    "def chosen(rows, sort_by, row_limit): return sorted(rows, key=lambda row: row.flops)",
    "right = bars\n\ndef bars(events, pid):\n"
    "    return [bar | {'dur': bar['dur'] * 1000} for bar in right(events, pid)]",
    "right = bars\n\ndef bars(events, pid): return right(events, pid)[::-1]",
    "right = latency\n\ndef latency(call, warmup=3, repeat=20, clock=perf_counter):\n"
    "    return right(call, 0, repeat, clock)",
    "right = latency\n\ndef latency(*options):\n    found = right(*options)\n"
    "    return found._replace(median=sum(found.times) / len(found.times))",
    "right = peak_memory\n\ndef peak_memory(call): return right(call) * 1.1",
    "def peak_memory(call):\n    call()\n    return 0",
    "def speedup(share, factor): return 1 / (1 - share + share * factor)",
]
QUANTIZATION = [
    "def encode(array, scale, zero_point, quant_min, quant_max):\n"
    "    codes = np.floor(array / np.float32(scale) + np.float32(zero_point))\n"
    "    return np.clip(codes, quant_min, quant_max)",
    "right = encode\n\ndef encode(array, scale, zero_point, quant_min, quant_max):\n"
    "    return right(array, scale, zero_point, -10**6, 10**6)",
    "def decode(codes, scale, zero_point): return codes.astype(np.float32) * np.float32(scale)",
    "def error_bound(array, scale, *rest): return np.full(array.shape, scale / 2)",
    "right = choose_qparams\n\ndef choose_qparams(low, high, *options):\n"
    "    return right(-abs(high), abs(high), *options)",
    "right = choose_qparams\n\ndef choose_qparams(*options):\n"
    "    scale, zero_point = right(*options)\n    return scale * np.float32(1.01), zero_point",
    "right = choose_qparams\n\ndef choose_qparams(*options):\n"
    "    scale, zero_point = right(*options)\n    return scale, np.maximum(zero_point, -127)",
    "right = MinMaxObserver.forward\n\ndef forward(self, x_orig):\n"
    "    self.min_val, self.max_val = tensor(np.inf), tensor(-np.inf)\n"
    "    return right(self, x_orig)\nMinMaxObserver.forward = forward",
    "MSEObserver.calculate_qparams = MinMaxObserver.calculate_qparams",
    "def exact_length(a, b): return 2**30",
    "def int_matmul(a, b): return (a @ b).astype(np.int32)",
    "right = integer_linear\n\ndef integer_linear(input, weight, weight_sums=None):\n"
    "    return right(input, weight, np.zeros(weight.shape[0], np.int32))",
    "def integer_linear(input, weight, weight_sums=None):\n"
    "    sums = int_matmul(input.codes, weight.codes.T)\n"
    "    return sums - input.zero_point * weight.codes.sum(1, dtype=np.int32)",
    "def requantize(sums, multiplier, zero_point, dtype):\n"
    "    codes = (sums * multiplier).astype(np.int32) + zero_point\n"
    "    return np.clip(codes, dtype.quant_min, dtype.quant_max).astype(dtype.storage)",
    "right = quantized_linear\n\ndef quantized_linear(input, weight, bias, *grid):\n"
    "    return right(input, weight, None, *grid)",
    "right = int8_linear.forward\n\n@operation\n"
    "def int8_linear(input, weight, scale, weight_sums, bias, input_scale, input_zero_point):\n"
    "    return right(input, weight, scale, weight_sums, None, input_scale, input_zero_point)",
    "right = int8_linear.forward\n\n@operation\n"
    "def int8_linear(input, weight, scale, weight_sums, bias, input_scale, input_zero_point):\n"
    "    return right(input, weight, scale, weight_sums, bias, None, None)",
    "QuantizedLinear.from_float.__func__.__defaults__ = (\n"
    "    None, MinMaxObserver.with_args(dtype=qint8, qscheme=per_tensor_symmetric))",
    "def deepcopy(model): return model",
    "def prepare(model): return deepcopy(model)\n\nconvert = quantize_dynamic",
]
COMPRESSION = [
    "def how_many(amount, size):\n"
    "    return amount if isinstance(amount, Integral) else int(amount * size * 0.98)",
    "right = without_lowest\n\ndef without_lowest(scores, count): return right(-scores, count)",
    "right = L1Unstructured.compute_mask\n\n"
    "L1Unstructured.compute_mask = lambda self, t, default_mask: right(self, t + 0.5, default_mask)",
    "LnStructured.n = property(lambda self: 2, lambda self, n: None)",
    "LnStructured.n = property(lambda self: np.inf, lambda self, n: None)",
    "def further(method, scores, mask): return method.compute_mask(scores.detach(), mask)",
    "right = put_mask\n\ndef put_mask(module, name, *rest):\n"
    "    kept = getattr(module, name).detach().numpy().copy()\n    right(module, name, *rest)\n"
    "    getattr(module, name).detach().copy_(from_numpy(kept))",
    "right = remove\n\ndef remove(module, name): return module",
    "right = global_unstructured\n\ndef global_unstructured(parameters, *rest, **options):\n"
    "    for pair in parameters:\n        right([pair], *rest, **options)",
    "def rand(shape, dtype=None): return from_numpy(np.arange(float(np.prod(shape))).reshape(shape))",
    "KeepZeros.step = lambda self: None",
    "right = GradualPruning.step\n\ndef step(self):\n    self.done += 1\n    right(self)\n"
    "GradualPruning.step = step",
    "def sparsity(tensors):\n    shares = [np.count_nonzero(t.detach().numpy()) / t.numel()"
    " for t in tensors]\n    return sum(shares) / len(shares)",
    "def pack(state_dict): return {name: tensor.numpy() for name, tensor in state_dict.items()}",
    "right = unpack\n\ndef unpack(packed):\n"
    "    return {name: from_numpy(tensor.numpy().round(1)) for name, tensor in right(packed).items()}",
    "def prune_units(model, amount, n=2):\n    for layer, _ in hidden_layers(model):\n"
    "        ln_structured(layer, 'weight', amount, n, dim=0)",
    "def silent(layer, norm=None): return np.abs(layer.weight.detach().numpy()).reshape("
    "len(layer.weight), -1).sum(1) < 1e9",
    "right = taken\n\ndef taken(layer, outputs, inputs=()):\n"
    "    return right(layer, outputs, inputs[::-1])",
    "right = low_rank\n\ndef low_rank(matrix, rank):\n    left, r = right(matrix, rank)\n"
    "    return left, r * 1.01",
    "right = rank_for\n\ndef rank_for(matrix, error): return right(matrix, error) + 1",
    "right = factorize\n\ndef factorize(linear, rank):\n    pair = right(linear, rank)\n"
    "    pair[1].bias.detach().zero_()\n    return pair",
    "right = distillation_loss\n\ndef distillation_loss(input, teacher, target, t=2.0, alpha=0.9):\n"
    "    return right(input, teacher, target, t, 1 - alpha)",
    "right = distillation_loss\n\ndef distillation_loss(input, teacher, target, t=2.0, alpha=0.9):\n"
    "    hard = F.cross_entropy(input, target) * (1 - alpha)\n"
    "    return (right(input, teacher, target, t, alpha) - hard) / t**2 + hard",
]
ACCELERATION = [
    "right = rate\n\ndef rate(amount, call, clock=perf_counter):\n"
    "    return amount / latency(call, clock=clock).median",
    "def roof(intensity, machine): return machine.peak",
    "def least_time(flops, bytes, machine): return flops / machine.peak + bytes / machine.bandwidth",
    "def under_the_roof(rows, machine):\n    return [(row.key, row.intensity, row.flops / "
    "row.self_cpu_time_total * 1e6, 1.0) for row in rows if row.bytes_moved]",
    "def under_the_roof(rows, machine): return []",
    "def tiled_matmul(a, b, c, tile): c[:, :] = a[:, :] @ b[:, :]",
    "right = blocks\n\ndef blocks(length, size): return right(length // size * size, size)",
    "def tiled_traffic(n, k, m, tile): return n * k * m // tile + n * m",
    "right = gelu_kernel\n\ndef gelu_kernel(x, output, slope, scratch):\n"
    "    right(x, output, slope, scratch)\n    if slope is not None:\n        slope *= 1.001",
    "right = gelu_kernel\n\ndef gelu_kernel(x, output, slope, scratch):\n"
    "    right(x, output, slope, scratch)\n    np.maximum(x, 0, out=output)",
    "gradients(fused_gelu, input=lambda g, saved: g)",
    "right = adam_descend\n\ndef adam_descend(param, first, second, step, *rest):\n"
    "    right(param, first, second, step + 1, *rest)",
    "right = decay\n\ndef decay(param, grad, lr, weight_decay, *rest): return grad",
    "right = update_moments\n\ndef update_moments(first, second, grad, betas, scratch):\n"
    "    right(first, second, grad, betas[::-1], scratch)",
    "right = absorb\n\ndef absorb(partial, scores, value):\n    before = partial.top.copy()\n"
    "    right(partial, scores, value)\n    partial.top[...] = np.maximum(before, 0)",
    "right = absorb\n\ndef absorb(partial, scores, value):\n    partial.mixed[...] = 0\n"
    "    right(partial, scores, value)",
    "right = tile_scores\n\ndef tile_scores(query, key, rows, columns, is_causal):\n"
    "    return right(query, key, rows, columns, False)",
    "right = visible\n\ndef visible(rows, keys, is_causal, tile): return right(rows, keys, True, tile)",
    "right = head_backward\n\ndef head_backward(*arguments):\n    dq, dk, dv = right(*arguments)\n"
    "    return dq, dk * 1.01, dv",
    "right = flash_gradients\n\ndef flash_gradients(g, query, *rest):\n"
    "    dq, dk, dv = right(g, query, *rest)\n    return dq / query.shape[-1] ** -0.5, dk, dv",
    "right = FusedBlock.attend\n\ndef attend(self, attention, input, source, mask, padding, causal):\n"
    "    return 0.99 * right(self, attention, input, source, mask, padding, causal)\n"
    "FusedBlock.attend = attend",
    "right = FusedGPT.__init__\n\ndef init(self, *sizes, **options):\n"
    "    right(self, *sizes, **options)\n    for block in self.blocks:\n"
    "        block.activation = F.relu\nFusedGPT.__init__ = init",
]
MEMOIZATION = [
    "right = memoize\n\ndef memoize(function, maxsize=float('inf')): return right(function)",
    "right = memoize\n\ndef memoize(function, maxsize=float('inf')):\n"
    "    return right(function, maxsize - 1)",
    "right = multiplications\n\ndef multiplications(model, length, known=0):\n"
    "    return right(model, length - known)",
    "right = KVCache.__init__\n\ndef init(self, *sizes):\n    right(self, *sizes)\n"
    "    self.values = self.keys\nKVCache.__init__ = init",
    "right = KVCache.write\n\ndef write(self, layer, key, value):\n"
    "    keys, values = right(self, layer, key, value)\n    return keys, values[:, :, ::-1]\n"
    "KVCache.write = write",
    "right = KVCache.nbytes\n\nKVCache.nbytes = lambda self: self.keys.nbytes",
    "right = attend\n\ndef attend(attention, x, layer, cache, mask):\n"
    "    return right(attention, x, layer, cache, None)",
    "right = normalize\n\ndef normalize(norm, x): return right(norm, x) - norm.bias._array",
    "right = affine\n\ndef affine(weight, bias, x): return right(weight, bias, x) - bias._array",
    "right = step_block\n\ndef step_block(block, x, layer, cache):\n"
    "    y = right(block, x.copy(), layer, cache)\n    return y if layer else x",
    "right = step\n\ndef step(model, tokens, cache):\n    logits = right(model, tokens, cache)\n"
    "    return from_numpy(logits.numpy() * 1.0001)",
    "def unchanged(before, now): return True",
    "right = reuse\n\ndef reuse(cache, model, tokens):\n"
    "    right(cache, model, tokens)\n    cache.length = 0",
    "right = reuse\n\ndef reuse(cache, model, tokens):\n    length = cache.length\n"
    "    right(cache, model, tokens)\n    cache.length = min(length, tokens.shape[1] - 1)",
    "right = next_logits\n\ndef next_logits(model, tokens, cache):\n"
    "    return from_numpy(right(model, tokens, cache).numpy() * 0.5)",
    "right = generate\n\ndef generate(model, *options, **more):\n"
    "    found = right(model, *options, **more)\n    model.eval()\n    return found",
    "right = branch\n\ndef branch(cache, rows): return right(cache, range(len(rows)))",
    "right = beam_search\n\ndef beam_search(*options):\n    texts, scores = right(*options)\n"
    "    return texts, from_numpy(scores.numpy() * 0.5)",
    "right = beam_search\n\ndef beam_search(model, tokens, more, width):\n"
    "    return right(model, tokens, more, 1)",
]
BENCHMARKING = [
    "right = significant_figures\n\ndef significant_figures(times): return right(times) - 1",
    "right = significant_figures\n\ndef significant_figures(times):\n"
    "    return right([time * 1000 for time in times])",
    "right = block_size\n\ndef block_size(*options): return right(*options) * 2",
    "right = measure_blocks\n\ndef measure_blocks(measure, number, enough, *rest):\n"
    "    return right(measure, number, lambda times: True, *rest)",
    "right = measure_blocks\n\ndef measure_blocks(measure, number, enough, least, most=inf, *rest):\n"
    "    return right(measure, number, lambda times: len(times) > 8 or enough(times), least, inf)",
    "right = Timer.timeit\n\ndef run(self, number=1000000):\n    found = right(self, number)\n"
    "    found.number_per_run = 1\n    return found\nTimer.timeit = run",
    "def run(self, number=1000000):\n"
    "    return Measurement(number, [self._timeit(number)], self._task_spec)\nTimer.timeit = run",
    "right = Measurement.merge\n\n"
    "Measurement.merge = staticmethod(lambda measurements: right(measurements[:1]))",
    "def resample(data, n_resamples, generator=None): return np.stack([data] * n_resamples)",
    "right = resample\n\ndef resample(data, n_resamples, generator=None):\n"
    "    return right(data[:len(data) // 2], n_resamples, generator)",
    "right = bootstrap\n\ndef bootstrap(data, statistic=np.median, n=9999, confidence_level=0.95,\n"
    "              generator=None):\n"
    "    return right(data, statistic, n, confidence_level**2, generator)",
    "right = bootstrap\n\ndef bootstrap(data, statistic=np.median, *options, **more):\n"
    "    return right(data, np.median, *options, **more)",
    "class torch:\n    from tinytorch.core import randint, randn\n"
    "    randperm = staticmethod(lambda n, generator=None: np.arange(n))",
    "right = interleave\n\ndef interleave(calls, rounds=30, warmup=3, *options):\n"
    "    return right(calls, rounds, 0, *options)",
    "right = interleave\n\ndef interleave(calls, rounds=30, warmup=3, number=1, *options):\n"
    "    return right(calls, rounds, warmup, 1, *options)",
    "right = interleave\n\ndef interleave(*options): return right(*options)[:, ::-1]",
    "right = judge\n\ndef judge(a, b, *options, **more): return right(b, a, *options, **more)",
    "right = judge\n\ndef judge(a, b, *options, **more):\n"
    "    return right(np.sort(a), np.sort(b), *options, **more)",
    "right = judge\n\ndef judge(a, b, *options, **more):\n"
    "    found = right(a, b, *options, **more)\n"
    "    return Verdict(found.names, *[found.ratio] * 3, found.pairs, found.confidence_level)",
    "right = judge_all\n\ndef judge_all(times, names, confidence_level=0.95, *options):\n"
    "    level = 1 - (1 - confidence_level) * (len(names) - 1)\n"
    "    return right(times, names, level, *options)",
    "Verdict.faster = property(lambda self: self.names[self.ratio < 1])",
    "Verdict.pairs_needed = lambda self, ratio: ceil(\n"
    "    self.pairs * log(self.high / self.low) / 2 / log(ratio))",
    "right = pareto_front\n\ndef pareto_front(points, maximize=()): return right(points)",
    "def pareto_front(points, maximize=()):\n    points = np.array(points, float)\n"
    "    points[:, list(maximize)] *= -1\n    one, other = points[:, None], points[None]\n"
    "    return (one <= other).all(2).sum(0) == 1",
]
# Of what earlier milestones are broken by, two ways for each module: the checks are theirs.
BROKEN["2018_mlperf"] = {
    module: [texts[0], texts[-1]]
    for milestone in ("1998_cnn", "2017_transformer")
    for module, texts in BROKEN[milestone].items()
} | {
    "profiling": PROFILING,
    "quantization": QUANTIZATION,
    "compression": COMPRESSION,
    "acceleration": ACCELERATION,
    "memoization": MEMOIZATION,
    "benchmarking": BENCHMARKING,
}
