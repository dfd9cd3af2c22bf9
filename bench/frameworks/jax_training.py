"""Training in JAX on the CPU as one compiled function. Import it before jax."""
import os

from timing import options, report


def start(description):
    """The flags of a script. XLA takes a thread for each core that it may use."""
    sizes = options(description)
    os.environ["JAX_PLATFORMS"] = "cpu"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: sizes.threads]))
    return sizes


def time_training(sizes, weights, loss_of, clip=None, beta2=0.999, epsilon=1e-7, decay=0.0):
    """Times steps of Adam; with `clip` the norm of all gradients is at most that, with `decay` it is AdamW."""
    import jax
    from jax import numpy as jnp
    from jax.tree_util import tree_leaves, tree_map

    @jax.jit
    def update(weights, first, second, count):
        loss, gradients = jax.value_and_grad(loss_of)(weights)
        if clip is not None:
            norm = jnp.sqrt(sum(jnp.sum(g * g) for g in tree_leaves(gradients)))
            gradients = tree_map(lambda g: g / jnp.maximum(norm / clip, 1), gradients)
        count += 1
        first = tree_map(lambda m, g: m + 0.1 * (g - m), first, gradients)
        second = tree_map(lambda v, g: v + (1 - beta2) * (g * g - v), second, gradients)
        rate = 0.001 * jnp.sqrt(1 - beta2**count) / (1 - 0.9**count)
        moved = lambda w, m, v: (1 - 0.001 * decay) * w - rate * m / (jnp.sqrt(v) + epsilon)
        return loss, (tree_map(moved, weights, first, second), first, second, count)

    zeros = tree_map(jnp.zeros_like, weights)
    state = (weights, zeros, zeros, jnp.float32(0))

    def step():
        nonlocal state
        loss, state = update(*state)
        jax.block_until_ready(state)
        return float(loss)

    report(f"jax {jax.__version__}", sizes, step, sum(w.size for w in tree_leaves(weights)))
