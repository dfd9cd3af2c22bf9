"""One training step in TensorFlow on the CPU, as a compiled function: embedding, LSTM or GRU layers, projection, mean cross-entropy, Adam."""
import tensorflow as tf

from timing import options, report

sizes = options(__doc__)
tf.config.threading.set_intra_op_parallelism_threads(sizes.threads)
tf.config.threading.set_inter_op_parallelism_threads(1)
tf.random.set_seed(1)

layers = tf.keras.layers
cell = {"lstm": layers.LSTM, "gru": layers.GRU}[sizes.cell]
model = tf.keras.Sequential(
    [
        layers.Input((sizes.time,), dtype="int32"),
        layers.Embedding(sizes.vocabulary, sizes.hidden),
        *(cell(sizes.hidden, return_sequences=True) for _ in range(sizes.layers)),
        layers.Dense(sizes.vocabulary),
    ]
)
cross_entropy = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
adam = tf.keras.optimizers.Adam(0.001)
ids = lambda: tf.random.uniform((sizes.batch, sizes.time), maxval=sizes.vocabulary, dtype=tf.int32)
inputs, targets = ids(), ids()


@tf.function
def update():
    with tf.GradientTape() as tape:
        loss = cross_entropy(targets, model(inputs, training=True))
    weights = model.trainable_variables
    adam.apply_gradients(zip(tape.gradient(loss, weights), weights))
    return loss


report(f"tensorflow {tf.__version__}", sizes, lambda: float(update()))
