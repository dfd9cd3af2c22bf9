/** Random data for a drawn model: the `data` of its spec, and the files that it names. */
import { CLASSES, FEATURES, IDS } from "./draw-model.mjs";

const EXAMPLES = 6;
export const STEPS = 7;
/** Steps of the shortest sequence of data with lengths. */
export const SHORTEST = 5;
const words = ["red", "green", "blue", "gold"];

const list = (count, entry) => Array.from({ length: count }, (_, index) => entry(index));

const jsonl = (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

const arrays = ({ below, between, once, drawn, number, entryOf, split }) => {
  const isPerStep = ({ everyStep, kind }) => everyStep && kind !== "labels";
  const weight = () => (1 + below(4)) / 2;
  const perExample = (target, value) => list(EXAMPLES, () => (isPerStep(target) ? list(STEPS, value) : value()));
  const targetsOf = ({ target }) => {
    const targets = perExample(target, entryOf(target));
    // Every class, so that their number is the model's.
    return target.kind === "classes" ? withEveryClass(targets) : targets;
  };
  const [{ target }, second] = drawn.outputs;
  // Weights have the shape of all targets.
  const canWeigh = target.kind !== "labels" && (!second || isPerStep(target) === isPerStep(second.target));
  const states = once(3) ? drawn.states.filter(() => !once(3)) : [];
  return {
    data: {
      type: "arrays",
      inputs: list(EXAMPLES, () => list(STEPS, () => (drawn.input === "ids" ? below(IDS) : list(FEATURES, number)))),
      targets:
        second === undefined
          ? targetsOf(drawn.outputs[0])
          : Object.fromEntries(drawn.outputs.map((output) => [`of_${output.name}`, targetsOf(output)])),
      lengths: once(2) ? list(EXAMPLES, (row) => (row === 0 ? STEPS : between(SHORTEST, STEPS))) : undefined,
      weights: canWeigh && once(3) ? perExample(target, weight) : undefined,
      initial_states: Object.fromEntries(
        states.map(({ name, size }) => [name, list(EXAMPLES, () => list(size, number))]),
      ),
      ...split,
    },
  };
};

const several = (context) => {
  const { data } = arrays(context);
  const second = list(EXAMPLES, () => list(STEPS + 1, () => list(FEATURES, context.number)));
  return { data: { ...data, inputs: { first: data.inputs, second } } };
};

const text = ({ between, once, pick, drawn, sentence, vocabulary, split }) => {
  const unit = pick(["word", "char", "byte"]);
  const count = drawn.isStateful ? 60 : 12;
  const stride = drawn.isStateful ? undefined : between(1, 5);
  const evaluation_stride = !drawn.isStateful && once(4) ? 2 : undefined;
  return {
    data: {
      type: "text",
      text: sentence(count),
      unit,
      window: STEPS,
      stride,
      evaluation_stride,
      vocabulary: unit === "byte" ? undefined : vocabulary(),
      ...split,
    },
  };
};

const sequences = ({ between, once, pick, drawn, sentence, vocabulary, split }) => {
  const { everyStep } = drawn.outputs[0].target;
  const rows = list(EXAMPLES + 2, (row) => {
    const count = between(SHORTEST, STEPS);
    return { count, labels: list(count, (step) => words[(row + step) % CLASSES]) };
  });
  const unit = once(3) ? "char" : undefined;
  const isCsv = unit === undefined && once(3);
  const lines = rows.map(({ count, labels }) =>
    everyStep ? { tokens: list(count, () => pick(words)), tags: labels } : { text: sentence(count), label: labels[0] },
  );
  const joined = (value) => [value].flat().join(" ");
  const csv = () => `${Object.values(lines.map((line) => Object.values(line).map(joined).join())).join("\n")}\n`;
  const file = isCsv ? "s.csv" : "s.jsonl";
  const header = `${everyStep ? "tokens,tags" : "text,label"}\n`;
  return {
    data: {
      type: "sequences",
      file,
      unit,
      vocabulary: vocabulary(),
      max_length: once(4) ? SHORTEST : undefined,
      buckets: once(4) ? 2 : undefined,
      ...split,
    },
    files: { [file]: isCsv ? header + csv() : jsonl(lines) },
  };
};

const series = ({ between, once, drawn, number, entryOf, split }) => {
  const { kind, everyStep } = drawn.outputs[0].target;
  const lines = list(EXAMPLES + 2, (row) => {
    const count = between(SHORTEST, STEPS);
    const inputs = list(count, () => list(FEATURES, number));
    const own = (step) => (kind === "classes" ? words[(row + step) % CLASSES] : entryOf(drawn.outputs[0].target)());
    return everyStep ? { inputs, tags: list(count, own) } : { inputs, label: own(0) };
  });
  const isTs = kind === "classes" && !everyStep && once(2);
  const file = isTs ? "s.ts" : "s.jsonl";
  const dimension = (inputs, index) => inputs.map((step) => step[index]).join();
  const ts = () =>
    [
      "@problemName random",
      "@timeStamps false",
      "@univariate false",
      `@classLabel true ${words.slice(0, CLASSES).join(" ")}`,
      "@data",
      ...lines.map(({ inputs, label }) => `${list(FEATURES, (index) => dimension(inputs, index)).join(":")}:${label}`),
      "",
    ].join("\n");
  return {
    data: { type: "sequences", file, buckets: once(4) ? 2 : undefined, ...split },
    files: { [file]: isTs ? ts() : jsonl(lines) },
  };
};

const images = ({ below, once, split }) => {
  const count = EXAMPLES + 2;
  const header = (...sizes) => [0, 0, 8, sizes.length, ...sizes.flatMap((size) => [0, 0, 0, size])];
  const pixels = list(count * STEPS * FEATURES, () => below(256));
  const labels = list(count, (index) => index % CLASSES);
  return {
    data: { type: "images", file: "i.idx", labels: "l.idx", limit: once(3) ? count - 1 : undefined, ...split },
    files: {
      "i.idx": Uint8Array.from([...header(count, STEPS, FEATURES), ...pixels]),
      "l.idx": Uint8Array.from([...header(count), ...labels]),
    },
  };
};

const table = ({ below, between, once, pick, drawn, number, split }) => {
  const { kind, width } = drawn.outputs[0].target;
  const rows = drawn.isStateful ? 60 : 24;
  const label = (row) => (kind === "classes" ? [words[(row + below(2)) % CLASSES]] : []);
  const missing = once(4) ? pick(["drop", "previous"]) : undefined;
  const lines = list(rows, (row) => {
    const numbers = list(FEATURES, number);
    if (missing !== undefined && row === 9) numbers[1] = "";
    return [...numbers, ...label(row)].join();
  });
  return {
    data: {
      type: "table",
      file: "t.csv",
      window: STEPS,
      target: kind === "classes" ? ["d"] : ["a", "b"].slice(0, width),
      scale: pick(["none", "min_max", "standard"]),
      horizon: kind === "classes" ? between(0, 2) : between(1, 2),
      reverse: once(3) ? true : undefined,
      missing,
      evaluation_stride: !drawn.isStateful && once(4) ? 2 : undefined,
      ...split,
    },
    files: { "t.csv": `a,b,c${kind === "classes" ? ",d" : ""}\n${lines.join("\n")}\n` },
  };
};

const pairs = ({ between, pick, sentence, split }) => ({
  data: {
    type: "pairs",
    unit: pick(["word", "char"]),
    pairs: list(EXAMPLES, () => [sentence(between(SHORTEST, STEPS)), sentence(between(SHORTEST, STEPS))]),
    ...split,
  },
});

const sources = { numbers: arrays, several, ids: arrays, pairs, text, sequences, series, images, table };

/** @param random `choices` of draw-values.mjs. @param drawn a model of draw-model.mjs. */
export function drawData(random, drawn) {
  const { below, once, pick } = random;
  const number = () => (below(2001) - 1000) / 500;
  const context = {
    ...random,
    drawn,
    number,
    /** One target of a kind. */
    entryOf: ({ kind, width }) =>
      ({
        classes: () => below(CLASSES),
        numbers: () => list(width, number),
        probabilities: () => list(width, () => below(2)),
        labels: () => list(2, () => 1 + below(2)),
      })[kind],
    split: once(3)
      ? {
          split: {
            train: 0.7,
            ...pick([{ validation: 0.3 }, { validation: 0.15, test: 0.15 }]),
            order: drawn.isStateful ? undefined : pick([undefined, "time", "shuffled"]),
          },
        }
      : {},
    sentence: (count) => list(count, () => pick(words)).join(" "),
    vocabulary: () => (once(4) ? pick([{ min_count: 2 }, { size: 4 }]) : undefined),
  };
  return sources[drawn.input](context);
}

function withEveryClass(targets) {
  const [first] = targets;
  if (Array.isArray(first)) first.splice(0, CLASSES, ...list(CLASSES, (index) => index));
  else targets.splice(0, CLASSES, ...list(CLASSES, (index) => index));
  return targets;
}

/** Settings of a training of a few steps. */
export function drawTraining({ between, pick, once }, data, isStateful) {
  const hasValidation = data.split?.validation > 0;
  return {
    checkpoint_every: once(4) ? 1 : undefined,
    keep_last: once(6) ? 1 : undefined,
    keep_every: once(6) ? 2 : undefined,
    evaluate_every: once(3) ? 1 : undefined,
    early_stopping: hasValidation && once(4) ? pick([{ patience: 3 }, { patience: 1, minimum_delta: 1 }]) : undefined,
    keep_best: hasValidation && once(3) ? null : undefined,
    sample: data.type === "text" && once(5) ? { every: 1, length: 3 } : undefined,
    ...(once(8) ? { epochs: 1 } : { steps: 3 }),
    batch_size: isStateful ? between(1, 2) : pick([2, 4, "all"]),
    shuffle: !isStateful && once(2) ? false : undefined,
    steps_per_call: pick([1, 2, "auto"]),
    accumulate: !isStateful && once(6) ? 2 : undefined,
    memory: once(6) ? "low" : undefined,
    precision: once(6) ? pick(["float16", { type: "float16", loss_scale: 128 }]) : undefined,
  };
}

/** A spec with one leaf changed: often invalid. */
export function damaged({ below, pick }, spec) {
  const leaves = [];
  const visit = (value, path) => {
    if (typeof value !== "object" || value === null) leaves.push(path);
    else
      for (const [key, entry] of Object.entries(value))
        if (path.length > 0 || key !== "data") visit(entry, [...path, key]);
  };
  const copy = JSON.parse(JSON.stringify(spec));
  visit(copy, []);
  const path = pick(leaves);
  const holder = path.slice(0, -1).reduce((value, key) => value[key], copy);
  const key = path.at(-1);
  const values = [0, 1, 3, -1, 0.5, "none", "output", "zeros", true, null, [], {}];
  if (below(4) === 0 && !Array.isArray(holder)) delete holder[key];
  else holder[key] = pick(values);
  return copy;
}
