"""One training step of minGRU in JAX on the CPU, as one compiled function: embedding, an associative scan, projection, cross-entropy, Adam."""
import os

from timing import options, report

sizes = options(__doc__)
if sizes.cell != "mingru":
    raise SystemExit("This script has mingru alone.")
os.environ["JAX_PLATFORMS"] = "cpu"
# XLA takes a thread for each core that it may use.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: sizes.threads]))
import jax
from jax import lax, nn, numpy as jnp, random, tree_util

key = random.PRNGKey(1)
size = sizes.hidden


def matrix(index, rows, columns):
    return random.normal(random.fold_in(key, index), (rows, columns)) * rows**-0.5


weights = {
    "embedding": matrix(0, sizes.vocabulary, size),
    "cell": (matrix(1, size, 2 * size), jnp.zeros(2 * size)),
    "projection": (matrix(2, size, sizes.vocabulary), jnp.zeros(sizes.vocabulary)),
}
inputs, targets = random.randint(key, (2, sizes.time, sizes.batch), 0, sizes.vocabulary)


def joined(before, after):
    return before[0] * after[0], after[0] * before[1] + after[1]


def loss_of(weights):
    W, b = weights["cell"]
    gates = weights["embedding"][inputs] @ W + b
    admitted = nn.sigmoid(gates[..., :size])
    states = lax.associative_scan(joined, (1 - admitted, admitted * gates[..., size:]))[1]
    W, b = weights["projection"]
    scores = nn.log_softmax(states @ W + b)
    return -jnp.take_along_axis(scores, targets[..., None], axis=2).mean()


@jax.jit
def update(weights, first, second, count):
    loss, gradients = jax.value_and_grad(loss_of)(weights)
    count += 1
    first = tree_util.tree_map(lambda m, g: m + 0.1 * (g - m), first, gradients)
    second = tree_util.tree_map(lambda v, g: v + 0.001 * (g * g - v), second, gradients)
    rate = 0.001 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    weights = tree_util.tree_map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), weights, first, second)
    return loss, (weights, first, second, count)


zeros = tree_util.tree_map(jnp.zeros_like, weights)
state = (weights, zeros, zeros, jnp.float32(0))


def step():
    global state
    loss, state = update(*state)
    jax.block_until_ready(state)
    return float(loss)


report(f"jax {jax.__version__}", sizes, step, sum(w.size for w in tree_util.tree_leaves(weights)))
