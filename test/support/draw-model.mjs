/** Random specs: a drawn model between a drawn input and a drawn loss, with an optimizer and settings of the training. */
import { ownCells, stateSizes } from "./draw-cells.mjs";
import { modelDrawer } from "./draw-layers.mjs";
import { keysOf, ownActivations, ownLayers, ownOptimizers, ownSchedules, variantsOf } from "./draw-values.mjs";

export const [FEATURES, IDS, CLASSES] = [3, 5, 3];

const lossesOf = {
  classes: ["cross_entropy", "sampled_softmax"],
  probabilities: ["binary_cross_entropy"],
  numbers: ["squared_error", "absolute_error", "huber"],
  labels: ["ctc"],
};
const metricsOf = {
  classes: ["accuracy", { type: "top_k", k: 2 }, "f1", "precision", "recall", "perplexity", "bits_per_character"],
  probabilities: ["binary_accuracy", "f1"],
  numbers: ["rmse", "mae"],
  labels: ["label_error_rate", "exact_sequence"],
};

const sourceOn = (axis, name = axis === "time" ? "inputs" : "decoder_inputs") => ({
  name,
  axis,
  root: axis,
  steps: (n) => n,
});
const embedding = (name, vocabulary_size) => ({ layer: "embedding", name, vocabulary_size, size: FEATURES });
const oneHot = { layer: "one_hot", name: "first", size: IDS };
const cycle = { layer: "cycle", name: "first", period: IDS };
/** Features of an id. */
const idWidth = ({ layer }) => ({ one_hot: IDS, cycle: 2 })[layer] ?? FEATURES;
const numbers = () => [[{ ...sourceOn("time"), width: FEATURES }]];
const tokens = () => [[sourceOn("time"), embedding("first", "vocabulary")]];

/**
 * Kinds of data: the inputs of the model with the layers that read ids, the kinds of targets, the time axis of targets
 * per step (`isAligned`: always per step, `isWhole`: never), and the name of the output's size for classes.
 */
const inputs = {
  numbers: { sources: numbers, targets: ["classes", "numbers", "probabilities", "labels"], axis: "time" },
  ids: {
    sources: (pick) => [[sourceOn("time"), pick([oneHot, cycle, embedding("first", IDS)])]],
    targets: ["classes", "numbers", "probabilities", "labels"],
    axis: "time",
  },
  pairs: {
    sources: () => [
      [sourceOn("time"), embedding("source", "vocabulary")],
      [sourceOn("target_time"), embedding("target", "target_vocabulary")],
    ],
    targets: ["classes"],
    axis: "target_time",
    isAligned: true,
    size: "target_vocabulary",
    needed: "source",
  },
  text: { sources: tokens, targets: ["classes"], axis: "time", isAligned: true, size: "vocabulary" },
  sequences: { sources: tokens, targets: ["classes"], axis: "time", size: "classes" },
  several: {
    sources: () => [
      [{ ...sourceOn("time", "first"), width: FEATURES }],
      [{ ...sourceOn("second_time", "second"), width: FEATURES }],
    ],
    targets: ["classes", "numbers", "probabilities"],
    axis: "time",
    /** The source that the output has to depend on. */
    needed: "second",
  },
  series: { sources: numbers, targets: ["classes", "numbers", "probabilities"], axis: "time", size: "classes" },
  images: { sources: numbers, targets: ["classes"], axis: "time", isWhole: true, size: "classes" },
  table: { sources: numbers, targets: ["numbers", "classes"], axis: "time", size: "classes" },
};
export const inputKinds = Object.keys(inputs);
/** Those whose data may have several targets. */
const arrayKinds = ["numbers", "ids", "several"];

const finalActivation = { classes: "softmax", labels: "softmax", probabilities: "sigmoid", numbers: "tanh" };

function drawLoss({ once, pick, optional, required }, { kind, everyStep }, hasKnownClasses) {
  const type = kind === "classes" && everyStep && once(2) ? "sequence_loss" : pick(lossesOf[kind]);
  const canWeigh = hasKnownClasses && ["sequence_loss", "cross_entropy"].includes(type);
  return {
    ...required(type),
    ...optional(type, ["from", "target", "class_weights", "positive_weight", "blank"]),
    ...(canWeigh && once(3) ? { class_weights: [1, 2, 0.5] } : {}),
    ...(type === "sampled_softmax" ? { samples: 2 } : {}),
    type,
  };
}

/** Names of metrics; undefined for those of the loss. */
function drawMetrics({ once, pick }, { kind }) {
  if (once(2)) return undefined;
  return [...new Set([pick(metricsOf[kind]), ...(once(3) ? [pick(metricsOf[kind])] : [])])];
}

/** Penalties; undefined without any. */
function drawPenalties({ pick, once }, model) {
  if (!once(3)) return undefined;
  const activity = model.some(({ layer }) => layer === "rnn") ? pick([0, 0.01]) : 0;
  return { l1: pick([0, 0.01]), l2: pick([0, 0.01]), activity, biases: once(2) };
}

/** True for a layer that may carry its states from batch to batch. */
const canCarry = ({ layer, initial_state, cells = [] }) =>
  layer === "rnn" && initial_state === undefined && cells.every(({ bidirectional }) => bidirectional === "none");

/** The states of an rnn layer with their public names and sizes; none for cells with two directions or a projection. */
const statesOf = ({ layer, name, cells = [] }) =>
  (layer === "rnn" ? cells : []).flatMap(({ cell, hidden_size, bidirectional, projection_size }, index) =>
    bidirectional !== "none" || projection_size
      ? []
      : Object.entries(stateSizes[cell]).flatMap(([state, size]) =>
          size === "hidden_size" || typeof size === "number"
            ? [{ name: `${name}/${index}/${state}`, size: size === "hidden_size" ? hidden_size : size }]
            : [],
        ),
  );

/**
 * A model with its loss and penalties, and the description of its arrays.
 *
 * @param random `choices` of draw-values.mjs.
 * @param shortest the steps of the shortest sequence.
 * @param kinds a choice of `inputKinds`.
 * @param outputCount the largest number of outputs.
 * @returns `input` is one of the kinds; each of the `outputs` has a `target` with its kind, its width, and `everyStep`.
 */
export function drawModel(random, shortest, kinds, outputCount = 1) {
  const { between, once, pick } = random;
  const input = pick(kinds);
  const { axis, targets, isAligned: mustAlign = false, isWhole = false, needed } = inputs[input];
  const sources = inputs[input].sources(pick);
  const reading = sources.filter(([, layer]) => layer !== undefined);
  const drawer = modelDrawer(random, reading.length > 0 ? [] : sources.flat().reverse(), shortest);
  for (const [source, layer] of reading) drawer.add(layer, { width: idWidth(layer) }, source);
  for (let count = between(1, 5); count > 0; count--) drawer.drawLayer();

  const isLong = drawer.last().axis !== null && drawer.last().steps(shortest) >= 4;
  const kind = pick(targets.filter((target) => target !== "labels" || isLong));
  const size = kind === "classes" ? inputs[input].size : undefined;
  const isAligned = kind !== "labels" && !isWhole && (mustAlign || once(2));
  if (kind !== "labels" && !isAligned) drawer.endAsVector();
  const end = isAligned ? drawer.endOn(axis) : drawer.last();
  const width = kind === "classes" || kind === "labels" ? CLASSES : between(1, 2);
  const activation = once(2) ? finalActivation[kind] : undefined;
  const final = { layer: pick(["dense", "projection"]), name: "output", size: size ?? width, activation };
  const isRead =
    needed === undefined || drawer.layers(end).some(({ name, from }) => [name, from].flat().includes(needed));
  const attention = { layer: "attention", name: "memory", from: [end.name, needed], heads: 1, head_size: 2 };
  const last = isRead ? end : drawer.add(attention, {}, end);
  // The table of an embedding of the same symbols is the kernel of a projection, transposed.
  const table = sources.map(([, layer]) => layer).find((layer) => layer?.vocabulary_size === size);
  const isTied = table !== undefined && last.width === FEATURES && once(2);
  const tied = isTied ? { layer: "projection", weights: table.name, bias: once(2) } : {};
  drawer.add({ ...final, ...tied }, { width }, last);

  const outputs = [{ name: "output", target: { kind, width, everyStep: end.axis !== null }, end }];
  if (outputCount > 1 && arrayKinds.includes(input) && once(3)) {
    const wire = drawer.wireOn([axis, null]);
    const ownKind = pick(["classes", "numbers", "probabilities"]);
    const ownWidth = ownKind === "classes" ? CLASSES : between(1, 2);
    const activation = once(2) ? finalActivation[ownKind] : undefined;
    drawer.add({ layer: "dense", name: "second_output", size: ownWidth, activation }, { width: ownWidth }, wire);
    const target = { kind: ownKind, width: ownWidth, everyStep: wire.axis !== null };
    outputs.push({ name: "second_output", target, end: wire });
  }
  const layers = drawer.layers(...outputs);
  const isStateful = ["text", "table"].includes(input) && layers.some(canCarry) && once(2);
  const model = isStateful ? layers.map((layer) => (canCarry(layer) ? { ...layer, stateful: true } : layer)) : layers;
  const drawnLosses = outputs.map(({ target }) => drawLoss(random, target, size === undefined));
  const isOnly = outputs.length === 1;
  const losses = drawnLosses.map((loss, index) => {
    const { name } = outputs[index];
    return { ...loss, from: name, target: `of_${name}` };
  });
  const metrics = outputs.flatMap(({ name, target }) =>
    (drawMetrics(random, target) ?? []).map((metric) => ({
      ...(typeof metric === "string" ? { type: metric } : metric),
      output: isOnly ? undefined : name,
    })),
  );
  const spec = {
    cells: ownCells,
    activations: ownActivations,
    layers: ownLayers,
    optimizers: ownOptimizers,
    schedules: ownSchedules,
    blocks: drawer.blocks,
    model,
    ...(isOnly ? { loss: drawnLosses[0] } : { losses }),
    metrics: metrics.length === 0 ? undefined : metrics,
    regularization: drawPenalties(random, model),
  };
  return {
    spec,
    input,
    isStateful,
    /** The states of the model that the data may start with. */
    states: model.flatMap(statesOf),
    /** The outputs with their targets, and their valid steps for the steps of each input. */
    outputs: outputs.map(({ name, target, end }) => ({
      name,
      target,
      steps: (steps) => (target.everyStep ? end.steps(steps[end.root]) : 1),
    })),
  };
}

const hasDecay = (type) =>
  type in ownOptimizers ? "weight_decay" in (ownOptimizers[type].options ?? {}) : keysOf(type).includes("no_decay");

/** The types of the schema, and the spec's own in place of `custom`. */
const drawnTypes = (union, own) => [
  ...variantsOf(union).filter((name) => name !== `custom_${union}`),
  ...Object.keys(own),
];

/** An optimizer with any of its options, a schedule, clipping, averages, and rates of groups. */
export function drawOptimizer({ pick, once, optional, required }) {
  const type = pick(drawnTypes("optimizer", ownOptimizers));
  const excluded = [
    "schedule",
    "clip",
    "average",
    "rates",
    "weight_decay",
    "no_decay",
    "exclude",
    "adam",
    "learning_rate",
  ];
  const schedule = pick(drawnTypes("schedule", ownSchedules));
  const isOwn = (name) => name in ownOptimizers || name in ownSchedules;
  return {
    ...(isOwn(type) ? {} : { ...required(type), ...optional(type, excluded) }),
    learning_rate: pick([0.001, 0.01]),
    clip: once(3) ? pick([{ global_norm: 0.5 }, { value: 0.1 }]) : undefined,
    ...(hasDecay(type) && once(3) ? { weight_decay: 0.01, no_decay: ["*/b"] } : {}),
    ...(type === "muon" && once(2) ? { exclude: ["output/*"], adam: { learning_rate: 0.002 } } : {}),
    average: once(5) ? pick([{ decay: 0.5 }, { start: 1 }, { decay: 0.9, every: 2 }]) : undefined,
    rates: once(4) ? [{ parameters: ["output/*"], factor: 0.5 }] : undefined,
    schedule: once(2)
      ? { ...(isOwn(schedule) ? {} : { ...required(schedule), ...optional(schedule) }), type: schedule }
      : undefined,
    type,
  };
}
