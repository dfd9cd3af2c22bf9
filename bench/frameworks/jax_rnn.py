"""One training step in JAX on the CPU, as one compiled function with scans: embedding, LSTM or GRU layers, projection, mean cross-entropy, Adam."""
from jax_training import start, time_training

sizes = start(__doc__)
from jax import lax, nn, numpy as jnp, random

key = random.PRNGKey(1)
size, wide = sizes.hidden, {"lstm": 4, "gru": 3}[sizes.cell] * sizes.hidden


def matrix(index, rows, columns):
    return random.normal(random.fold_in(key, index), (rows, columns)) * rows**-0.5


weights = {
    "embedding": matrix(0, sizes.vocabulary, size),
    "layers": [
        (matrix(3 * n + 1, size, wide), matrix(3 * n + 2, size, wide), *[jnp.zeros(wide)] * (2 if sizes.cell == "gru" else 1))
        for n in range(sizes.layers)
    ],
    "projection": (matrix(9999, size, sizes.vocabulary), jnp.zeros(sizes.vocabulary)),
}
inputs, targets = random.randint(key, (2, sizes.time, sizes.batch), 0, sizes.vocabulary)


def layer(x, parts):
    W, U, b = parts[:3]
    start = jnp.zeros((sizes.batch, size))

    def gated(h, given):
        z, r, n = (given[:, k * size : (k + 1) * size] for k in range(3))
        hz, hr, hn = ((h @ U + parts[3])[:, k * size : (k + 1) * size] for k in range(3))
        n = jnp.tanh(n + nn.sigmoid(r + hr) * hn)
        h = n + nn.sigmoid(z + hz) * (h - n)
        return h, h

    def cell(carry, given):
        h, c = carry
        gates = given + h @ U
        i, f, g, o = (gates[:, n * size : (n + 1) * size] for n in range(4))
        c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)
        h = nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    if sizes.cell == "gru":
        return lax.scan(gated, start, x @ W + b)[1]
    return lax.scan(cell, (start, start), x @ W + b)[1]


def loss_of(weights):
    x = weights["embedding"][inputs]
    for parts in weights["layers"]:
        x = layer(x, parts)
    W, b = weights["projection"]
    scores = nn.log_softmax(x @ W + b)
    return -jnp.take_along_axis(scores, targets[..., None], axis=2).mean()


time_training(sizes, weights, loss_of)
