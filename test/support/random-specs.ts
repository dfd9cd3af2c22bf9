/**
 * Random specs of arrays that, in turn, have every layer, cell, loss and optimizer of the vocabulary, and by chance
 * dropout, zoneout, penalties, lengths and weights.
 */
import fc from "fast-check";
import { layers } from "../../compiler/elaborate/layers/index.js";
import { optimizers } from "../../compiler/training/optimizers/index.js";
import { builtInLoss } from "../../schema/built-in.js";
import { lossTypes } from "../../schema/custom-losses.js";
import { sequenceCells } from "./cell-definition.js";
import { rowsModel } from "./onnx-models.js";

export const BATCH = 6;
const TIME = 5;
const CLASSES = 3;
const WIDTH = 4;

export const examples = Array.from({ length: 2 * BATCH }, (_, row) => row);
const grid = <T>(entry: (row: number, step: number) => T) =>
  examples.map((row) => Array.from({ length: TIME }, (_, step) => entry(row, step)));
const classAt = (row: number, step: number) => (row * row + step) % CLASSES;

const vectors = grid((row, step) => [Math.sin(row + 2 * step), Math.cos(row * step)]);
const ids = grid((row, step) => (row + 2 * step) % 5);
const lengths = examples.map((row) => 1 + ((row * 3) % TIME));
/** ctc needs a step for each label, and one between equal ones. */
const longLengths = examples.map((row) => TIME - (row % 2));

/** Steps of one size in each parameter, whose norms are those of a moving average. */
const normalized = {
  options: { beta: 0.8 },
  slots: { m: 0, scale: { initial: 1, shape: [] } },
  equations: [
    "m' = beta * m + (1 - beta) * g",
    "scale' = beta * scale + (1 - beta) * norm(m')",
    "p' = p - rate * m' / (scale' + 0.1)",
  ],
};

/** Names of the vocabulary, each list in turn. A loss of a whole batch has no value that batches of any size share. */
export const vocabulary = {
  layers: Object.keys(layers),
  cells: sequenceCells,
  losses: lossTypes().filter((type) => type !== "custom" && builtInLoss(type)?.scope !== "batch"),
  optimizers: Object.keys(optimizers),
};

const optional = <T>(value: T) => fc.constantFrom<T | undefined>(undefined, value);
const rate = fc.constantFrom(0, 0.3);

/** The outputs of losses that read several for the one target. */
const outputSizes: Readonly<Record<string, number>> = {
  quantile: 3,
  gaussian_nll: 2,
  mixture_density: 9,
  student_t_nll: 3,
  negative_binomial_nll: 2,
};

/** Options of a loss in addition to its type. */
function lossOptions(type: string): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  const reduction = fc.constantFrom("mean", "sum");
  const class_weights = optional([1, 2, 0.5]);
  if (type === "sequence_loss")
    return fc.record({ average_across_timesteps: fc.boolean(), average_across_batch: fc.boolean(), class_weights });
  if (type === "cross_entropy")
    return fc.record({ reduction, label_smoothing: fc.constantFrom(0, 0.1), class_weights });
  if (type === "sampled_softmax") return fc.record({ samples: fc.constant(2), reduction });
  return fc.record({ reduction, ...(type === "ctc" && { zero_infinity: fc.boolean() }) });
}

/** R. K. Srivastava, K. Greff, J. Schmidhuber (2015). */
const highway = {
  parameters: {
    Wt: ["input_size", "input_size"],
    bt: ["input_size"],
    Wh: ["input_size", "input_size"],
    bh: ["input_size"],
  },
  equations: ["t = sigmoid(x @ Wt + bt)", "y = t * tanh(x @ Wh + bh) + (1 - t) * x"],
};

/** Layers between the inputs and the rnn layer, with one of a kind; options of the kinds that need them. */
function layersWith(kind: string, weight_norm: boolean): readonly object[] {
  const lift = { layer: "dense", name: "lift", size: WIDTH, weight_norm };
  if (kind === "embedding") return [{ layer: kind, vocabulary_size: 5, size: WIDTH }];
  if (kind === "one_hot") return [{ layer: kind, size: 5 }];
  if (kind === "cycle") return [{ layer: kind, period: 5 }];
  if (["dense", "rnn", "pool", "dropout", "log_mel"].includes(kind)) return [lift];
  if (["concat", "add", "multiply"].includes(kind))
    return [lift, { ...lift, name: "other", from: "inputs" }, { layer: kind, from: ["lift", "other"] }];
  const options: Readonly<Record<string, object>> = {
    activation: { activation: "tanh" },
    projection: { size: WIDTH, weight_norm },
    group_norm: { groups: 2 },
    conv1d: { size: WIDTH, kernel_size: 2, padding: "causal", weight_norm },
    position: { type: "learned", length: TIME + 1 },
    attention: { heads: 2 },
    custom: { type: "highway" },
    onnx: { file: rowsModel, output: "y", padding: "zeros" },
  };
  return [lift, { layer: kind, ...options[kind] }];
}

/** The `index`-th spec: it has the `index`-th name of each list, counted around. */
export function randomSpec(index: number): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  const nameOf = (list: readonly string[]) => list[index % list.length] ?? "";
  const [layer, cell, loss] = [vocabulary.layers, vocabulary.cells, vocabulary.losses].map(nameOf) as [
    string,
    string,
    string,
  ];
  const optimizer = nameOf(vocabulary.optimizers);
  const isClasses = ["sequence_loss", "cross_entropy", "sampled_softmax", "ctc", "focal"].includes(loss);
  const isEveryStep = ["sequence_loss", "ctc"].includes(loss);
  return (
    fc
      .record({
        options: lossOptions(loss),
        isLast: isEveryStep ? fc.constant(false) : layer === "pool" ? fc.constant(true) : fc.boolean(),
        pool: layer === "pool" ? fc.constantFrom("max", "mean", "last") : optional("mean"),
        masked: fc.boolean(),
        weighted: fc.boolean(),
        reader: fc.record({
          layers: fc.constantFrom(1, 2),
          bidirectional: optional("concat"),
          // Rows of equal outputs, which relu makes of zeros, have an ill-conditioned layer normalization.
          layer_norm: fc.constantFrom(...(cell === "indrnn" ? [false] : [false, true])),
          zoneout: rate,
          dropout: fc.record({ input: rate, output: rate, state: rate, variational: fc.boolean() }),
        }),
        dropout: layer === "dropout" ? fc.constant(0.3) : rate,
        regularization: fc.constantFrom(undefined, { l2: 0.01 }, { l1: 0.01, activity: 0.1 }, { activity: 0.2 }),
        clip: optional({ global_norm: 1 }),
        average: optional({ decay: 0.8 }),
      })
      .map(({ options, isLast, pool, masked, weighted, reader, dropout, regularization, clip, average }) => {
        const rnn = { layer: "rnn", cell, hidden_size: WIDTH - 1, ...reader };
        const target = (row: number, step: number) =>
          isClasses
            ? classAt(row, step)
            : [classAt(row, step) / (loss === "poisson_nll" || loss === "negative_binomial_nll" ? 1 : 2)];
        const ctcTargets = examples.map((row) => [1 + (row % 2), 2 - (row % 2)]);
        const weights = isLast ? examples.map((row) => 0.5 + (row % 3)) : grid((row, step) => 0.5 + ((row + step) % 3));
        const isSum =
          options.reduction === "sum" ||
          options.average_across_batch === false ||
          options.average_across_timesteps === false;
        return {
          seed: 3,
          ...(layer === "custom" && { layers: { highway } }),
          ...(optimizer === "custom" && { optimizers: { normalized } }),
          data: {
            type: "arrays",
            inputs: ["embedding", "one_hot", "cycle"].includes(layer) ? ids : vectors,
            targets: loss === "ctc" ? ctcTargets : isLast ? examples.map((row) => target(row, 1)) : grid(target),
            ...(masked && { lengths: loss === "ctc" ? longLengths : lengths }),
            ...(weighted && loss !== "ctc" && { weights }),
          },
          model: [
            ...layersWith(layer, index % 2 === 1),
            { layer: "dropout", rate: dropout },
            isLast && pool === undefined ? { ...rnn, return: "last" } : rnn,
            ...(isLast && pool !== undefined ? [{ layer: "pool", mode: pool }] : []),
            { layer: "dense", size: isClasses ? CLASSES : (outputSizes[loss] ?? 1) },
          ],
          loss: { type: loss, ...options },
          regularization,
          // Small steps: large ones of a sum of losses amplify rounding.
          optimizer: {
            type: optimizer,
            ...(optimizer === "custom" && { name: "normalized", options: { beta: 0.7 } }),
            learning_rate: isSum ? 0.002 : 0.01,
            clip,
            average,
          },
        };
      })
      // JSON leaves out what is undefined.
      .map((spec) => JSON.parse(JSON.stringify(spec)))
  );
}
