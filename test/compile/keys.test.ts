/** Every key under loss, metrics, regularization, optimizer and its schedule, and every `trainable`, changes what is compiled. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.js";
import { branchOf, definition, resolve, type Schema, specSchema } from "../../schema/contract.js";
import { open } from "../elaborate/programs.js";

const classes = { inputs: [[[1, 2, 3]], [[3, 2, 1]]], targets: [[0], [2]] };
const yesOrNo = { inputs: [[1, 2, 3]], targets: [[1, 0, 1]] };
const rnn = { layer: "rnn", cell: "rnn", hidden_size: 3 };

const base = {
  name: "keys",
  data: { type: "arrays", ...classes },
  model: [rnn, { layer: "dense", size: 3 }],
  loss: { type: "sequence_loss" },
  optimizer: { type: "sgd", learning_rate: 0.1 },
};

/** All that a spec is compiled into, but for what is a hash of the spec itself. */
async function compiled(spec: object): Promise<string> {
  const opened = await open({ ...base, ...spec });
  const result = await compile(opened.spec, opened.signature);
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
  const { train, eval: evaluation, manifest } = result.artifact;
  const { hash: _, ...rest } = manifest;
  return createHash("sha256").update(train).update(evaluation).update(JSON.stringify(rest)).digest("hex");
}

type Options = Readonly<Record<string, unknown>>;

/** What a kind needs beside its type, where the base has it otherwise. */
interface Setting {
  readonly spec?: object;
  readonly options?: Options;
  /** Another legal value of each key. */
  readonly flips: Options;
  /** Keys that act in the training loop, and not in what is compiled: tested with it. */
  readonly elsewhere?: readonly string[];
}

const reduction = { reduction: "sum" };
const numbers = { data: { type: "arrays", ...yesOrNo }, model: [{ layer: "dense", size: 3 }] };

const losses: Readonly<Record<string, Setting>> = {
  sequence_loss: {
    flips: { average_across_timesteps: false, average_across_batch: false, class_weights: [1, 2, 3] },
  },
  cross_entropy: { flips: { ...reduction, label_smoothing: 0.1, class_weights: [1, 2, 3] } },
  binary_cross_entropy: { spec: numbers, flips: { ...reduction, positive_weight: 2 } },
  squared_error: { spec: numbers, flips: reduction },
  absolute_error: { spec: numbers, flips: reduction },
  huber: { spec: numbers, flips: { ...reduction, delta: 2 } },
  ctc: { flips: { ...reduction, blank: "last", zero_infinity: true } },
};

const metrics: Readonly<Record<string, Setting>> = {
  ...Object.fromEntries(
    ["accuracy", "f1", "precision", "recall", "exact_sequence", "perplexity", "bits_per_character"].map((name) => [
      name,
      { flips: {} },
    ]),
  ),
  top_k: { options: { k: 1 }, flips: { k: 2 } },
  binary_accuracy: { spec: { ...numbers, loss: { type: "binary_cross_entropy" } }, flips: {} },
  rmse: { spec: { ...numbers, loss: { type: "squared_error" } }, flips: {} },
  mae: { spec: { ...numbers, loss: { type: "squared_error" } }, flips: {} },
};

const shared = {
  learning_rate: 0.7,
  clip: { value: 1 },
  schedule: { type: "linear_warmup", warmup_steps: 3 },
  average: { decay: 0.9 },
};
const adam = { beta1: 0.7, beta2: 0.7, epsilon: 0.1, weight_decay: 0.2, variant: "torch" };

const optimizers: Readonly<Record<string, Setting>> = {
  sgd: { options: { learning_rate: 0.1 }, flips: shared },
  momentum: { flips: { ...shared, momentum: 0.5, nesterov: true } },
  rmsprop: { flips: { ...shared, decay: 0.5, momentum: 0.5, epsilon: 0.1, variant: "torch" } },
  adagrad: { flips: { ...shared, initial_accumulator_value: 0.5, epsilon: 0.1, variant: "torch" } },
  adadelta: { flips: { ...shared, decay: 0.5, epsilon: 0.1 } },
  adam: { flips: { ...shared, ...adam } },
  adamw: { flips: { ...shared, ...adam } },
  nadam: { flips: { ...shared, beta1: 0.7, beta2: 0.7, epsilon: 0.1, momentum_decay: 0.5, variant: "keras" } },
  lion: { flips: { ...shared, beta1: 0.7, beta2: 0.7, weight_decay: 0.2 } },
};

const rise = { warmup_steps: 7 };

const schedules: Readonly<Record<string, Setting>> = {
  constant: { flips: {} },
  linear_warmup: { options: { warmup_steps: 3 }, flips: rise },
  exponential_decay: {
    options: { decay_steps: 3, decay_rate: 0.5 },
    flips: { ...rise, decay_steps: 4, decay_rate: 0.6, staircase: true },
  },
  cosine_decay: { options: { decay_steps: 3 }, flips: { ...rise, decay_steps: 4, minimum_ratio: 0.1 } },
  step_decay: { options: { every: 3 }, flips: { ...rise, every: 4, boundaries: [3], factor: 0.5 } },
  polynomial_decay: {
    options: { decay_steps: 3 },
    flips: { ...rise, decay_steps: 4, minimum_ratio: 0.1, power: 2 },
  },
  inverse_sqrt: { options: { decay_steps: 3 }, flips: { ...rise, decay_steps: 4 } },
  plateau: {
    flips: rise,
    elsewhere: ["metric", "mode", "factor", "patience", "minimum_delta", "cooldown", "minimum_ratio"],
  },
};

const union = (schema: Schema) => (resolve(schema).oneOf ?? []).map((branch) => resolve(branch));
const top = (key: string) => specSchema().properties?.[key] ?? {};

const sections: readonly [string, Schema, Readonly<Record<string, Setting>>, (part: object) => object][] = [
  ["loss", top("loss"), losses, (loss) => ({ loss })],
  ["metrics", definition("metric"), metrics, (metric) => ({ metrics: [metric] })],
  ["optimizer", top("optimizer"), optimizers, (optimizer) => ({ optimizer })],
  ["schedule", definition("schedule"), schedules, (schedule) => ({ optimizer: { ...base.optimizer, schedule } })],
];

describe.each(sections)("%s", (_, schema, settings, specOf) => {
  test("every kind of the schema is here", () => {
    const kinds = union(schema).map(({ properties }) => properties?.type?.const);
    expect(Object.keys(settings).sort()).toEqual(kinds.sort());
  });

  test("every kind is compiled into something of its own", async () => {
    const made = await Promise.all(
      Object.entries(settings).map(async ([type, { spec, options }]) =>
        compiled({ ...spec, ...specOf({ type, ...options }) }),
      ),
    );
    expect(new Set(made).size).toBe(made.length);
  });

  test.each(Object.entries(settings))("%s: every key has an effect", async (type, setting) => {
    const { spec, options = {}, flips, elsewhere = [] } = setting;
    const keys = Object.keys(branchOf(resolve(schema), { type }).properties ?? {}).filter((key) => key !== "type");
    expect([...Object.keys(flips), ...elsewhere].sort()).toEqual(keys.sort());
    const before = await compiled({ ...spec, ...specOf({ type, ...options }) });
    for (const [key, value] of Object.entries(flips)) {
      // Of two keys that exclude each other only the new one stays.
      const { every: __, ...others }: Options = options;
      const kept = key === "boundaries" ? others : options;
      expect(await compiled({ ...spec, ...specOf({ type, ...kept, [key]: value }) }), key).not.toBe(before);
    }
  });
});

describe("other keys", () => {
  test("regularization", async () => {
    const flips = { l2: 0.1, l1: 0.1, activity: 0.1 };
    const keys = Object.keys(resolve(top("regularization")).properties ?? {});
    expect([...Object.keys(flips), "biases"].sort()).toEqual(keys.sort());
    const made = await Promise.all(
      [null, ...Object.entries(flips).map(([key, value]) => ({ [key]: value })), { l2: 0.1, biases: true }].map(
        (regularization) => compiled({ regularization }),
      ),
    );
    expect(new Set(made).size).toBe(made.length);
  });

  test("trainable, of each layer that has it, and of a cell", async () => {
    const layers = [
      { layer: "embedding", size: 3 },
      rnn,
      { layer: "attention", from: ["rnn", "embedding"], score: "general" },
      { layer: "dense", size: 3 },
      { layer: "projection", size: 3 },
    ];
    const kinds = union(definition("layer")).filter(({ properties }) => properties?.trainable !== undefined);
    const tried = layers.map(({ layer }) => layer);
    const layerKinds = kinds.map(({ properties }) => String(properties?.layer?.const));
    expect(layerKinds.filter((kind) => !tried.includes(kind))).toEqual([]);
    const data = { type: "arrays", inputs: [[0, 1]], targets: [[0, 2]] };
    const before = await compiled({ data, model: layers });
    for (const index of layers.keys()) {
      const model = layers.map((layer, place) => (place === index ? { ...layer, trainable: false } : layer));
      expect(await compiled({ data, model }), `layer ${index}`).not.toBe(before);
    }
    const cells = (trainable: boolean) => [{ layer: "rnn", cells: [{ cell: "rnn", hidden_size: 3, trainable }] }];
    const [plain, ...rest] = [base.model[0], ...base.model.slice(1)];
    expect(await compiled({ model: [...cells(false), ...rest] })).not.toBe(await compiled({ model: [plain, ...rest] }));
    expect(await compiled({ model: [...cells(true), ...rest] })).toBe(await compiled({ model: [plain, ...rest] }));
  });

  test("accumulate", async () => {
    const made = await Promise.all([1, 2].map((accumulate) => compiled({ train: { batch_size: 2, accumulate } })));
    expect(made[0]).not.toBe(made[1]);
  });

  test("clip, in each of its ways", async () => {
    const made = await Promise.all(
      [null, { global_norm: 1 }, { global_norm: 2 }, { value: 1 }, { value: 2 }].map((clip) =>
        compiled({ optimizer: { ...base.optimizer, clip } }),
      ),
    );
    expect(new Set(made).size).toBe(made.length);
  });
});
