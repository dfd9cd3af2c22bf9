"""One training step of minGRU in JAX on the CPU, as one compiled function: embedding, an associative scan, projection, cross-entropy, Adam."""
from jax_training import start, time_training

sizes = start(__doc__)
if sizes.cell != "mingru":
    raise SystemExit("This script has mingru alone.")
from jax import lax, nn, numpy as jnp, random

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


time_training(sizes, weights, loss_of)
