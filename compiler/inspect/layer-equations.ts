/**
 * The equations of a layer, with its sizes and the options that it uses. x is the input, t counts its steps from 0, n is
 * the number of valid steps, and every row of a batch has its own values.
 */
import { activationNotation } from "../../schema/kinds/activation-notation.js";
import { convolutionWindows, spanOf, type Windows, windowsOf } from "../../schema/kinds/windows.js";
import type { ActivationUse, NormalConv1d, NormalPool, NormalPosition } from "../../schema/normal/index.js";
import { applyActivation, featuresRead } from "../elaborate/activations.js";
import { graphBuilder } from "../graph/builder.js";
import { at } from "../ir/expect.js";
import { equationScope, infixLines } from "../ir/print/equations.js";
import { attentionEquations } from "./attention-equations.js";
import {
  type ExplainedLayer,
  type LayerEquation,
  type LayerEquations,
  type LayerShapes,
  line,
  plus,
  widthOf,
  withWidth,
} from "./equation-lines.js";
import { equationsOfLayer } from "./equations-of-layer.js";
import { logMelEquations } from "./log-mel-equations.js";

export type { ExplainedLayer, LayerEquation, LayerEquations, LayerShapes } from "./equation-lines.js";

type LayerOf<K extends ExplainedLayer["layer"]> = Extract<ExplainedLayer, { readonly layer: K }>;

const only = (...equations: readonly LayerEquation[]): LayerEquations => ({ equations, notes: [] });

/** y of a pre-activation; without an activation the pre-activation is y itself. */
function activated(preActivation: string, given: ActivationUse, shapes: LayerShapes): LayerEquation[] {
  const { output, functions } = shapes;
  const activation = activationNotation(given);
  if (activation === "none") return [line(`y = ${preActivation}`, output)];
  const width = widthOf(output);
  const columns = typeof width === "number" ? width * featuresRead(activation, functions) : width;
  return [line(`z = ${preActivation}`, withWidth(output, columns)), ...activationLines(activation, "z", shapes)];
}

/** The formula of the primitives that compute an activation; of a gated one u and v are the halves of the operand. */
function activationLines(activation: string, operand: string, { output, functions }: LayerShapes): LayerEquation[] {
  if (activation === "softmax") return [line(`y = softmax(${operand}) over the features`, output)];
  const b = graphBuilder("activation");
  const width = widthOf(output);
  const columns = Math.max(1, (typeof width === "number" ? width : 1) * featuresRead(activation, functions));
  const x = b.input(operand, { dtype: "float32", shape: ["batch", columns] });
  const value = applyActivation(b, activation, x, functions);
  if (value === undefined || "kind" in value) throw new Error(`${activation} has a problem: check it first`);
  const graph = b.finish([value]);
  const halves = graph.nodes.find(({ op }) => op === "Split")?.outputs ?? [];
  const names = new Map([[x, operand], ...halves.map((half, index) => [half, at(["u", "v"], index)] as const)]);
  names.set(at(graph.outputs, 0), "y");
  return infixLines(graph.nodes, equationScope(names, graph.nodes, graph.outputs)).map((text) =>
    line(
      text
        .replace(`split(${operand}, 2)`, `halves of ${operand}`)
        .replace(/\d+\.\d{7,}/g, (number) => `${Number(Number(number).toPrecision(6))}`),
      output,
    ),
  );
}

/** Normalization by a mean and a variance, then gain and shift. */
function normalization({ output, parameters }: LayerShapes, epsilon: number, mean: string): LayerEquations {
  const scaled = `c / √(mean(c²) + ${epsilon})${parameters.has("gain") ? " · gain" : ""}`;
  const equations = [
    line("c = x - mean(x)", output),
    line(`y = ${plus(scaled, parameters.has("shift") ? "shift" : undefined)}`, output),
  ];
  return { equations, notes: [`mean: ${mean}.`] };
}

function positionEquations({ type }: NormalPosition, { output, parameters }: LayerShapes): LayerEquations {
  if (type === "learned") {
    const [length] = at([...parameters.values()], 0);
    return { equations: [line("y[t] = x[t] + W[t]", output)], notes: [`A sequence has at most ${length} steps.`] };
  }
  const angle = `(t / 10000^(2 i / ${widthOf(output)}))`;
  return only(
    line(`y[t, 2 i] = x[t, 2 i] + sin${angle}`, output),
    line(`y[t, 2 i + 1] = x[t, 2 i + 1] + cos${angle}`, output),
  );
}

/** `2 t + 3 k - 1`: step k of window t in the input. */
function windowStep(stride: number, dilation: number, before: number, size: number): string {
  const terms = [stride === 1 ? "t" : `${stride} t`];
  if (size > 1) terms.push(dilation === 1 ? "k" : `${dilation} k`);
  return `${terms.join(" + ")}${before === 0 ? "" : ` - ${before}`}`;
}

function paddingNote({ before, after }: Windows): readonly string[] {
  const ends = [...(before > 0 ? ["before the first step"] : []), ...(after > 0 ? ["after the last valid one"] : [])];
  return ends.length === 0 ? [] : [`x is 0 ${ends.join(" and ")}.`];
}

function convolutionEquations(layer: NormalConv1d, shapes: LayerShapes): LayerEquations {
  const { kernel_size: size, groups, activation, stride, dilation } = layer;
  const windows = convolutionWindows(layer);
  const step = windowStep(stride, dilation, windows.before, size);
  const product = size === 1 ? `x[${step}] @ W[0]` : `Σ_k x[${step}] @ W[k]`;
  const z = plus(product, shapes.parameters.has("b") ? "b" : undefined);
  const [first, ...others] = activated(z, activation, shapes);
  const kernel = normalizedKernel(layer, shapes);
  const indexed = first && line(first.text.replace(/^(\w) =/, "$1[t] ="), first.shape);
  return {
    equations: [...kernel.equations, ...(indexed ? [indexed] : []), ...others],
    notes: [
      ...kernel.notes,
      ...(size === 1 ? [] : [`k = 0, …, ${size - 1}.`]),
      ...paddingNote(windows),
      ...(groups === 1
        ? []
        : [`Channels are in ${groups} groups: the columns of W[k] for a group read the channels of x in that group.`]),
      ...(windows.before + windows.after === spanOf(windows) && stride === 1
        ? []
        : [
            `The output has floor((n + ${windows.before + windows.after} - ${spanOf(windows) + 1}) / ${stride}) + 1 steps.`,
          ]),
    ],
  };
}

const validSteps = "t runs over the n valid steps.";

function poolEquations(layer: NormalPool, { output }: LayerShapes): LayerEquations {
  const windows = windowsOf(layer);
  const { mode } = layer;
  if (windows === undefined) {
    if (mode === "last")
      return { equations: [line("y = x[n - 1]", output)], notes: ["n is the number of valid steps."] };
    return { equations: [line(`y = ${mode} over t of x[t]`, output)], notes: [validSteps] };
  }
  const { size, stride } = windows;
  const last = `x[${stride === 1 ? "t" : `${stride} t`}${size === 1 ? "" : ` + ${size - 1}`}]`;
  const text = mode === "last" ? last : `${mode} over k of x[${windowStep(stride, 1, 0, size)}]`;
  return {
    equations: [line(`y[t] = ${text}`, output)],
    notes: [
      ...(mode === "last" || size === 1 ? [] : [`k = 0, …, ${size - 1}.`]),
      `The output has floor((n - ${size}) / ${stride}) + 1 steps.`,
    ],
  };
}

type Explain<L> = (layer: L, shapes: LayerShapes) => LayerEquations;

const combined =
  (sign: string): Explain<ExplainedLayer> =>
  (_, { inputs, output }) =>
    only(line(`y = ${inputs.map((_input, index) => `x${index + 1}`).join(` ${sign} `)}`, output));

/** The kernel of a layer with weight normalization. */
function normalizedKernel(layer: { readonly weight_norm: boolean }, { parameters }: LayerShapes): LayerEquations {
  const shape = parameters.get("v");
  if (!layer.weight_norm || shape === undefined) return only();
  return { equations: [line("W = g v / ‖v‖", shape)], notes: ["‖v‖: the norm for each output unit."] };
}

/** The table of an embedding is used transposed. */
const affine: Explain<LayerOf<"dense" | "projection">> = (layer, shapes) => {
  const kernel = shapes.owner === "embedding" ? "Wᵀ" : "W";
  const { equations, notes } = normalizedKernel(layer, shapes);
  const product = plus(`x @ ${kernel}`, layer.bias ? "b" : undefined);
  return { equations: [...equations, ...activated(product, layer.activation, shapes)], notes };
};

const explainers: { readonly [K in ExplainedLayer["layer"]]: Explain<LayerOf<K>> } = {
  one_hot: (_, { output }) => only(line("y = row x of the identity matrix", output)),
  cycle: ({ period }, { output }) => {
    const angle = `2π · x / ${typeof period === "number" ? period : "P"}`;
    return {
      equations: [line(`y = (sin(${angle}), cos(${angle}))`, output)],
      notes: typeof period === "number" ? [] : ["P: the number of ids."],
    };
  },
  embedding: (_, { output }) => only(line("y = row x of W", output)),
  dense: affine,
  projection: affine,
  activation: ({ activation }, shapes) =>
    only(
      ...(activation === "none"
        ? [line("y = x", shapes.output)]
        : activationLines(activationNotation(activation), "x", shapes)),
    ),
  layer_norm: equationsOfLayer,
  rms_norm: equationsOfLayer,
  group_norm: ({ epsilon, groups }, shapes) => {
    const steps = shapes.output.length === 3 ? " and the valid steps" : "";
    const size = Number(widthOf(shapes.output)) / groups;
    return normalization(shapes, epsilon, `over the ${size} features of each of ${groups} groups${steps}`);
  },
  batch_norm: ({ epsilon, momentum }, shapes) => {
    const { output, parameters } = shapes;
    const steps = output.length === 3 ? " and their valid steps" : "";
    const training = normalization(shapes, epsilon, `over the rows of a batch${steps}, N in all`);
    const kept = Number((1 - momentum).toPrecision(12));
    const statistic = [widthOf(output)];
    const gain = parameters.has("gain") ? " · gain" : "";
    const shift = parameters.has("shift") ? "shift" : undefined;
    const evaluated = plus(`(x - running_mean) / √(running_variance + ${epsilon})${gain}`, shift);
    return {
      equations: [
        ...training.equations.map(({ text, shape }) => line(`training: ${text}`, shape)),
        line(`running_mean' = ${kept} running_mean + ${momentum} mean(x)`, statistic),
        line(`running_variance' = ${kept} running_variance + ${momentum} mean(c²) N / (N - 1)`, statistic),
        line(`evaluation: y = ${evaluated}`, output),
      ],
      notes: training.notes,
    };
  },
  dropout: ({ rate }, { output }) => ({
    equations: [
      line(`training: y = x · m / ${Number((1 - rate).toPrecision(12))}`, output),
      line("evaluation: y = x", output),
    ],
    notes: [`m is 0 with probability ${rate}, else 1.`],
  }),
  spec_augment: ({ time_masks, time_width, feature_masks, feature_width }, { output }) => ({
    equations: [line("training: y = x · m", output), line("evaluation: y = x", output)],
    notes: [
      `m is 0 in ${time_masks} spans of at most ${time_width} of the steps, and in ${feature_masks} of at most ${feature_width} of the features; else 1.`,
    ],
  }),
  conv1d: convolutionEquations,
  log_mel: logMelEquations,
  pool: poolEquations,
  concat: (_, { inputs, output }) =>
    only(line(`y = ${inputs.map((_input, index) => `x${index + 1}`).join(", ")}, joined along the features`, output)),
  add: combined("+"),
  multiply: combined("·"),
  position: positionEquations,
  attention: attentionEquations,
  custom: equationsOfLayer,
  onnx: ({ file, output, trainable }, { inputs, output: shape }) => ({
    equations: [
      line(
        `y = ${output ?? "output"} of ${file}(${inputs.map((_, index) => `x${inputs.length > 1 ? index + 1 : ""}`).join(", ")})`,
        shape,
      ),
    ],
    notes: [`The weights of the model are ${trainable ? "trained" : "frozen"}.`],
  }),
};

/** The equations of a layer that is not recurrent. */
export function layerEquations(layer: ExplainedLayer, shapes: LayerShapes): LayerEquations {
  const explain = explainers[layer.layer] as Explain<ExplainedLayer>;
  return explain(layer, shapes);
}
