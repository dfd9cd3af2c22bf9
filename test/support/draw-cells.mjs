/** Random cells of rnn layers: the built-in ones with their options, and one of equations in the spec. */
import { cells } from "./draw-values.mjs";

/** A cell with two states of different sizes, whose output is neither. */
export const ownCells = {
  mine: {
    state: { h: "hidden_size", s: 3 },
    parameters: { W: ["input_size", "hidden_size"], U: ["hidden_size", "hidden_size"], V: ["hidden_size", 3] },
    equations: ["h' = 0.5 * h + tanh(x @ W + h @ U)", "s' = tanh(h' @ V) + 0.1 * s", "y = h' * sum(s')"],
    output: "y",
  },
};
const allCells = [...cells, { name: "mine", options: {}, state: ownCells.mine.state }];
/** The states of each cell with their sizes: a number or `hidden_size`. */
export const stateSizes = Object.fromEntries(allCells.map(({ name, state }) => [name, state]));

/** One cell of an rnn layer with its options, and the width of its output. */
export function drawCell({ pick, once, between }, inputWidth) {
  const { name, options } = pick(allCells);
  const entries = Object.entries(options).flatMap(([key, values]) => (once(2) ? [[key, pick(values)]] : []));
  const drawn = Object.fromEntries(entries);
  const hidden_size = between(1, 4);
  const bidirectional = once(3) ? pick(["concat", "sum", "mean", "mul"]) : "none";
  const own = drawn.projection_size || hidden_size;
  const width = bidirectional === "concat" ? 2 * own : own;
  const wrappers = {
    residual: width === inputWidth && once(2) ? true : undefined,
    layer_norm: once(4) ? true : undefined,
    zoneout: once(5) ? 0.3 : undefined,
    dropout: once(4)
      ? pick([{ input: 0.2 }, { output: 0.2, variational: true }, { state: 0.2, input: 0.1 }])
      : undefined,
  };
  return { cell: { cell: name, hidden_size, bidirectional, ...drawn, ...wrappers }, width };
}
