/** Random data for a drawn model: the `data` of its spec, and the files that it names. */
import { CLASSES, FEATURES, IDS } from "./draw-model.mjs";

const EXAMPLES = 6;
export const STEPS = 7;
/** Steps of the shortest sequence of data with lengths. */
export const SHORTEST = 5;
const words = ["red", "green", "blue", "gold"];

const list = (count, entry) => Array.from({ length: count }, (_, index) => entry(index));

/** @param random `choices` of draw-values.mjs. @param drawn a model of draw-model.mjs. */
export function drawData(random, drawn) {
  const { below, between, once, pick } = random;
  const number = () => (below(2001) - 1000) / 500;
  const { kind, width, everyStep } = drawn.target;
  const split = once(3) ? { split: { train: 0.7, validation: 0.3 } } : {};
  const sentence = (count) => list(count, () => pick(words)).join(" ");
  const jsonl = (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const arrays = () => {
    const entry = {
      classes: () => below(CLASSES),
      numbers: () => list(width, number),
      probabilities: () => list(width, () => below(2)),
      labels: () => list(2, () => 1 + below(2)),
    }[kind];
    const isPerStep = everyStep && kind !== "labels";
    const weight = () => (1 + below(4)) / 2;
    const perExample = (value) => list(EXAMPLES, () => (isPerStep ? list(STEPS, value) : value()));
    return {
      data: {
        type: "arrays",
        inputs: list(EXAMPLES, () => list(STEPS, () => (drawn.input === "ids" ? below(IDS) : list(FEATURES, number)))),
        // Every class, so that their number is the model's.
        targets: kind === "classes" ? withEveryClass(perExample(entry)) : perExample(entry),
        lengths: once(2) ? list(EXAMPLES, (row) => (row === 0 ? STEPS : between(SHORTEST, STEPS))) : undefined,
        weights: kind !== "labels" && once(3) ? perExample(weight) : undefined,
        ...split,
      },
    };
  };
  const several = () => {
    const { data } = arrays();
    const second = list(EXAMPLES, () => list(STEPS + 1, () => list(FEATURES, number)));
    return { data: { ...data, inputs: { first: data.inputs, second } } };
  };
  return {
    numbers: arrays,
    several,
    ids: arrays,
    pairs: () => ({
      data: {
        type: "pairs",
        unit: "word",
        pairs: list(EXAMPLES, () => [sentence(between(SHORTEST, STEPS)), sentence(between(SHORTEST, STEPS))]),
        ...split,
      },
    }),
    text: () => ({ data: { type: "text", text: sentence(12), window: STEPS, stride: between(1, 5), ...split } }),
    sequences: () => ({
      data: { type: "sequences", file: "s.jsonl", ...split },
      files: {
        "s.jsonl": jsonl(
          list(EXAMPLES + 2, (row) => {
            const count = between(SHORTEST, STEPS);
            const labels = list(count, (step) => words[(row + step) % CLASSES]);
            return everyStep
              ? { tokens: list(count, () => pick(words)), tags: labels }
              : { text: sentence(count), label: labels[0] };
          }),
        ),
      },
    }),
    table: () => ({
      data: {
        type: "table",
        file: "t.csv",
        window: STEPS,
        target: ["a", "b"].slice(0, width),
        scale: pick(["none", "min_max", "standard"]),
        horizon: between(1, 2),
        ...split,
      },
      files: { "t.csv": `a,b,c\n${list(24, () => list(FEATURES, number).join()).join("\n")}\n` },
    }),
  }[drawn.input]();
}

function withEveryClass(targets) {
  const [first] = targets;
  if (Array.isArray(first)) first.splice(0, CLASSES, ...list(CLASSES, (index) => index));
  else targets.splice(0, CLASSES, ...list(CLASSES, (index) => index));
  return targets;
}

/** Settings of a training of two steps. */
export function drawTraining({ pick, once }, data) {
  const hasValidation = data.split?.validation > 0;
  return {
    checkpoint_every: once(4) ? 1 : undefined,
    evaluate_every: once(3) ? 1 : undefined,
    early_stopping: hasValidation && once(4) ? { patience: 3 } : undefined,
    keep_best: hasValidation && once(3) ? null : undefined,
    sample: data.type === "text" && once(5) ? { every: 1, length: 3 } : undefined,
    steps: 2,
    batch_size: pick([2, 4, "all"]),
    shuffle: once(2) ? false : undefined,
    steps_per_call: pick([1, 2, "auto"]),
    accumulate: once(6) ? 2 : undefined,
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
