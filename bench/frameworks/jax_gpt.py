"""One training step in JAX on the CPU, as one compiled function: a pre-norm transformer with learned positions, GELU, clipping and AdamW."""
from jax_training import start, time_training

sizes = start(__doc__)
from jax import nn, numpy as jnp, random

HEADS = 4
key = random.PRNGKey(1)
width = sizes.hidden


def matrix(index, rows, columns):
    return random.normal(random.fold_in(key, index), (rows, columns)) * rows**-0.5


def dense(index, rows, columns):
    return matrix(index, rows, columns), jnp.zeros(columns)


def norm():
    return jnp.ones(width), jnp.zeros(width)


def layer(n):
    shapes = {"inward": (width, 3 * width), "outward": (width, width), "up": (width, 4 * width), "down": (4 * width, width)}
    products = {name: dense(10 + 4 * n + i, *shape) for i, (name, shape) in enumerate(shapes.items())}
    return {"before_attention": norm(), "before_dense": norm(), **products}


weights = {
    "embedding": matrix(0, sizes.vocabulary, width),
    "position": matrix(1, sizes.time, width),
    "layers": [layer(n) for n in range(sizes.layers)],
    "norm": norm(),
    "projection": dense(2, width, sizes.vocabulary),
}
inputs, targets = random.randint(key, (2, sizes.batch, sizes.time), 0, sizes.vocabulary)
causal = jnp.tril(jnp.ones((sizes.time, sizes.time), bool))


def affine(x, parts):
    return x @ parts[0] + parts[1]


def normalized(x, parts):
    centered = x - x.mean(-1, keepdims=True)
    return centered / jnp.sqrt((centered**2).mean(-1, keepdims=True) + 1e-5) * parts[0] + parts[1]


def attention(x, parts):
    heads = affine(x, parts["inward"]).reshape(sizes.batch, sizes.time, 3, HEADS, width // HEADS)
    query, keys, value = heads.transpose(2, 0, 3, 1, 4)
    scores = query @ keys.swapaxes(-1, -2) * (width // HEADS) ** -0.5
    mixed = nn.softmax(jnp.where(causal, scores, -jnp.inf)) @ value
    return affine(mixed.swapaxes(1, 2).reshape(x.shape), parts["outward"])


def loss_of(weights):
    x = weights["embedding"][inputs] + weights["position"]
    for parts in weights["layers"]:
        x = x + attention(normalized(x, parts["before_attention"]), parts)
        inner = nn.gelu(affine(normalized(x, parts["before_dense"]), parts["up"]), approximate=False)
        x = x + affine(inner, parts["down"])
    scores = nn.log_softmax(affine(normalized(x, weights["norm"]), weights["projection"]))
    return -jnp.take_along_axis(scores, targets[..., None], axis=2).mean()


time_training(sizes, weights, loss_of, clip=1, beta2=0.99, epsilon=1e-8, decay=0.1)
