/** Random bodies of blocks. */
import { activations } from "./draw-values.mjs";

/**
 * Layers that keep the width and the time axis, which a residual connection needs.
 *
 * @param wire width and time axis of the block's input. @param depth the number of blocks around it.
 */
export function drawBlock(random, { width, axis }, depth = 0) {
  const { between, once, pick } = random;
  const entries = [
    () => ({ layer: "layer_norm" }),
    () => ({ layer: "dense", size: width, activation: pick(activations) }),
    () => ({ layer: "batch_norm" }),
    ...(depth > 0 ? [] : [() => ({ block: drawBlock(random, { width, axis }, depth + 1), residual: once(2) })]),
    ...(axis === null
      ? []
      : [
          () => ({ layer: "attention", heads: 1, head_size: 2, causal: once(2) }),
          () => ({ layer: "conv1d", size: width, kernel_size: 3, padding: pick(["same", "causal"]) }),
          () => ({ layer: "rnn", cell: pick(["gru", "lstm"]), hidden_size: width }),
        ]),
  ];
  const body = Array.from({ length: between(1, 3) }, () => pick(entries)());
  if (!once(4) || body.at(-1).layer === undefined) return body;
  body.push({ ...body.pop(), name: "inner" });
  return [...body, { layer: pick(["add", "multiply"]), from: ["inner", "block_input"] }];
}
