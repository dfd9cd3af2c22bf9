/** Optimizers of a spec as equations: values, the bytes of built-in ones, layers and groups, common keys, and mistakes. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { at } from "../../../compiler/ir/expect.js";
import { tensor } from "../../../compiler/ir/tensor.js";
import { definitionOf, optimizers as types } from "../../../compiler/training/optimizers/index.js";
import { definition } from "../../../schema/json-schema.js";
import { build, train } from "../../support/artifacts.js";
import { problemsOf } from "../../support/check-spec.js";
import { operandsOfSteps, stepOfOptimizer, stepsWithParameters } from "../../support/given-gradients.js";
import { normal, unplacedProblems } from "../../support/read-spec.js";
import { expectClose } from "../../support/reference-numbers.js";

const folder = join(import.meta.dirname, "../../../specs/optimizers");
const files = readdirSync(folder).map((file) => file.replace(".json", ""));
const fileOf = (name: string) => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));

const sign_momentum = {
  options: { beta: 0.9 },
  slots: { m: 0 },
  equations: ["m' = beta * m + (1 - beta) * g", "p' = p - rate * sign(m')"],
};

/** Windows of numbers through a convolution, a recurrent and a dense layer: parameters of one, two and three axes. */
const specWith = (optimizer: object, optimizers: object = {}, extra: object = {}) => ({
  data: {
    type: "arrays",
    inputs: [
      [
        [0.5, 1],
        [1, 0.25],
        [0.125, 2],
      ],
      [
        [2, 0.125],
        [0.5, 0.25],
        [1, 1],
      ],
    ],
    targets: [
      [0, 1],
      [1, 0],
    ],
  },
  optimizers,
  model: [
    { layer: "conv1d", size: 3, kernel_size: 2 },
    { layer: "rnn", cell: "gru", hidden_size: 3, return: "last" },
    { layer: "dense", size: 2 },
  ],
  loss: { type: "squared_error" },
  optimizer,
  train: { batch_size: 2, steps: 4 },
  ...extra,
});

const bytesOf = async (spec: object) => Buffer.from((await build(spec)).artifact.train).toString("base64");

test("sign_momentum makes the updates of its equations, in float64", async () => {
  const shapes = { W: [2, 3], b: [3] };
  const optimizer = { type: "sign_momentum", learning_rate: 0.01, beta: 0.95 };
  const step = await stepOfOptimizer(shapes, optimizer, { optimizers: { sign_momentum } });
  const steps = 100;
  const gradientAt = (name: string, t: number, i: number) => Math.sin(1.7 * i + 0.3 * t + (name === "b" ? 1 : 0));
  const entries = { W: 6, b: 3 };
  const gradients = (["W", "b"] as const).map((name) =>
    tensor(
      "float32",
      [steps, ...shapes[name]],
      Array.from({ length: steps * entries[name] }, (_, k) =>
        gradientAt(name, Math.floor(k / entries[name]), k % entries[name]),
      ),
    ),
  );
  const start = (["W", "b"] as const).map((name) => tensor("float32", shapes[name], Array(entries[name]).fill(0.5)));
  const outputs = evaluate(stepsWithParameters(step, step.graph, 2), operandsOfSteps(step, start, gradients));
  for (const [index, name] of (["W", "b"] as const).entries()) {
    const expected = Array.from({ length: entries[name] }, (_, i) => {
      let [m, p] = [0, 0.5];
      for (let t = 0; t < steps; t++) {
        m = 0.95 * m + (1 - 0.95) * gradientAt(name, t, i);
        p -= 0.01 * Math.sign(m);
      }
      return p;
    });
    expectClose(outputs[index], { shape: shapes[name], data: expected }, 1e-12, name);
  }
});

describe("a copy of a built-in optimizer compiles to the same bytes", () => {
  const common = {
    clip: { global_norm: 1 },
    average: { decay: 0.9 },
    rates: [{ parameters: ["*/b"], factor: 2 }],
    schedule: { type: "cosine_decay", decay_steps: 10 },
  };
  // Matrices alone, because muon chooses its parameters in code.
  const matrices = {
    model: [
      { layer: "pool", mode: "mean" },
      { layer: "dense", size: 2, bias: false },
    ],
  };

  test.each(Object.entries(types).filter(([, file]) => file !== null))("%s", async (type, file) => {
    const extra = type === "muon" ? matrices : {};
    const rates = type === "muon" ? { rates: [] } : {};
    const given = { learning_rate: 0.02, ...common, ...rates };
    const builtIn = specWith({ type, ...given }, {}, extra);
    const { optimizer } = (await normal(builtIn)).spec;
    const { options } = fileOf(file ?? "");
    // The defaults of a variant may differ from those of the file.
    const used = Object.fromEntries(Object.keys(options ?? {}).map((key) => [key, (optimizer as never)[key]]));
    const copy = specWith({ type: "copy", ...given, ...used }, { copy: fileOf(file ?? "") }, extra);
    expect(await bytesOf(copy)).toBe(await bytesOf(builtIn));
  });

  test("with patterns without weight decay, and a cycle of beta1", async () => {
    const given = {
      weight_decay: 0.1,
      no_decay: ["*/b"],
      learning_rate: 0.02,
      schedule: { type: "one_cycle", total_steps: 20, minimum_momentum: 0.5 },
    };
    const copy = specWith({ type: "copy", ...given }, { copy: fileOf("adam") });
    expect(await bytesOf(copy)).toBe(await bytesOf(specWith({ type: "adamw", ...given })));
  });
});

test("the files have the defaults of the schema", () => {
  for (const name of files) {
    const { properties = {} } = definition(name);
    for (const [option, value] of Object.entries(fileOf(name).options ?? {})) {
      const { default: plain, "x-default-by": by } = properties[option] ?? {};
      const variant = String(properties.variant?.default);
      expect([name, option, value]).toEqual([name, option, plain ?? Object.values(by ?? {})[0]?.[variant]]);
    }
  }
  expect(files.length).toBeGreaterThan(12);
});

test("groups of elementwise updates are flattened, those of norms, sizes, axes and slots of their own are not", async () => {
  const groups = async (equations: readonly string[], rest: object = {}) => {
    const optimizers = { own: { slots: { m: 0 }, equations: ["m' = m + g", ...equations], ...rest } };
    const step = await stepOfOptimizer(
      { W: [2, 2], V: [2, 3], b: [2], c: [3] },
      { type: "own", learning_rate: 0.1 },
      { optimizers },
    );
    return step.flatGroups;
  };
  const all = [
    [0, 1, 2, 3],
    [4, 5, 6, 7],
  ];
  expect(await groups(["p' = p - rate * m'"])).toEqual(all);
  expect(await groups(["p' = p - rate * gelu(m') / sqrt(t)"])).toEqual(all);
  expect(await groups(["p' = p - rate * m' / norm(m')"])).toEqual([]);
  expect(await groups(["p' = p - rate * m' / sqrt(size)"])).toEqual([]);
  expect(await groups(["p' = p - rate * softmax(m')"])).toEqual([]);
  const byRank = { rank: { 2: { equations: { d: "d = sign(m')" } }, otherwise: {} } };
  expect(await groups(["d = m'", "p' = p - rate * d"], { variants: byRank })).toEqual([
    [0, 1],
    [4, 5],
    [2, 3],
    [6, 7],
  ]);
  const scalar = { slots: { m: { shape: [] } } };
  expect(
    await groups(["p' = p - rate * g * m'"], { ...scalar, equations: ["m' = m + 1", "p' = p - rate * g * m'"] }),
  ).toEqual([]);
});

test("slots have shapes of their own, also of convolutions", async () => {
  const own = {
    options: { start: 2 },
    slots: {
      r: { initial: "start", shape: ["rows", 1] },
      c: { initial: 1, shape: [1, "columns"] },
      s: { shape: [] },
      k: { shape: ["rows", "rows"] },
    },
    equations: [
      "r' = r + mean(g * g, -1)",
      "c' = c + mean(g * g, -2)",
      "s' = s + mean_all(g * g)",
      "k' = k + g @ transpose(g)",
      "p' = p - rate * g / sqrt(r' * c' / s' + sum(k', -1))",
    ],
    variants: { rank: { 0: plain(), 1: plain(), otherwise: {} } },
  };
  function plain() {
    return {
      equations: ["r' = r", "c' = c", "s' = s", "k' = k", "p' = p - rate * (g + sum_all(r + c + k) + s)"],
      slots: { r: 0, c: 0, s: 0, k: 0 },
    };
  }
  const step = await stepOfOptimizer(
    { K: [2, 3, 4], W: [3, 4], b: [4] },
    { type: "own", learning_rate: 0.1 },
    { optimizers: { own } },
  );
  expect(Object.fromEntries(step.slots.map(({ name, shape, initial }) => [name, [shape, initial]]))).toEqual({
    "K/r": [[2, 3, 1], 2],
    "K/c": [[2, 1, 4], 1],
    "K/s": [[], 0],
    "K/k": [[2, 3, 3], 0],
    "W/r": [[3, 1], 2],
    "W/c": [[1, 4], 1],
    "W/s": [[], 0],
    "W/k": [[3, 3], 0],
    "b/r": [[4], 0],
    "b/c": [[4], 0],
    "b/s": [[4], 0],
    "b/k": [[4], 0],
  });
});

test("the short form is the long one; options have the defaults of the definition", async () => {
  const optimizers = { sign_momentum };
  const short = await normal(specWith({ type: "sign_momentum", learning_rate: 0.01 }, optimizers));
  const long = await normal(
    specWith({ type: "custom", name: "sign_momentum", learning_rate: 0.01, options: { beta: 0.9 } }, optimizers),
  );
  expect(short.spec).toEqual(long.spec);
  expect((await normal(JSON.stringify(short.spec))).spec).toEqual(short.spec);
});

test("updates in calls of several steps, and after a stop, have the same bits", async () => {
  const optimizers = {
    own: { ...sign_momentum, equations: ["m' = beta * m + g / (norm(g) + 1)", at(sign_momentum.equations, 1)] },
  };
  const compiled = await build(specWith({ type: "own", learning_rate: 0.01 }, optimizers));
  const together = await train(compiled, [6]);
  expect(await train(compiled, [1, 2, 3])).toEqual(together);
  expect(Object.keys(together.states).some((name) => name.endsWith("/m"))).toBe(true);
});

describe("mistakes", () => {
  const own = (parts: object) => specWith({ type: "own", learning_rate: 0.1 }, { own: parts });
  const problems = async (parts: object) => problemsOf(own(parts));

  test.each([
    [
      "no next parameter",
      { equations: ["q = p - rate * g"] },
      [
        'state-not-set, /optimizers/own/equations ["q = p - rate * g": no equation sets p\', the next value of the parameter p Add one: "p\' = …".',
      ],
    ],
    [
      "a slot that no equation updates",
      { slots: { m: 0 }, equations: ["p' = p - rate * (g + m)"] },
      [
        'state-not-set, /optimizers/own/equations ["p\' = p - rate * (g + m)": no equation sets m\', the next value of the slot m Add one: "m\' = …".',
      ],
    ],
    [
      "a slot, an option, the gradient and the rate without effect",
      { options: { beta: 1 }, slots: { m: 0 }, equations: ["m' = p", "p' = p"] },
      [
        'unused-option, /optimizers/own/options/beta "beta": nothing depends on the option "beta" Remove it, or read it in an equation, a size, an initializer or a variant.',
        'unused-input, /optimizers/own/equations ["m\' = p": no equation reads g: the gradient has no effect For example "p\' = p - rate * g".',
        'unused-input, /optimizers/own/equations ["m\' = p": no equation reads rate: the learning rate has no effect For example "p\' = p - rate * g".',
        'unused-slot, /optimizers/own/slots/m "m": no equation reads the slot "m" Remove it, or read its value before the update, m.',
      ],
    ],
    [
      "a sum without an axis",
      { equations: ["p' = p - rate * g / sum(g)"] },
      [
        'argument-count, /optimizers/own/equations/0 sum(g)": sum takes 2 arguments, not 1 Name the axis: -1 for the last one, or sum_all for all entries.',
      ],
    ],
    [
      "a wrong shape of a slot",
      { slots: { r: { shape: ["rows", 1] } }, equations: ["r' = r + g * g", "p' = p - rate * g / r'"] },
      [
        'shape-mismatch, /optimizers/own/equations/0 r\' = r + g * g": r\' is [2, 2, 3], and the slot r is [2, 2, 1] In own, p is conv1d/W [2, 2, 3]. Write equations for each number of axes under "variants": "rank".',
        'unknown-size, /optimizers/own/slots/r/shape/0 rows": unknown size "rows" Sizes: rank, size. In own, p is conv1d/b [3]. Write equations for each number of axes under "variants": "rank".',
      ],
    ],
    [
      "names that are taken",
      { options: { t: 1 }, slots: { p: 0, norm: 0, latest: 0 }, equations: ["p' = p - rate * g * t"] },
      [
        'name-taken, /optimizers/own/options/t "t": "t" is the optimizer\'s input already Use another name.',
        'name-taken, /optimizers/own/slots/latest "latest": "latest" is the slot of the weights behind their average Use another name.',
        'name-taken, /optimizers/own/slots/norm "norm": "norm" is a function already Use another name.',
        'name-taken, /optimizers/own/slots/p "p": "p" is the optimizer\'s input already Use another name.',
        'state-not-set, /optimizers/own/equations ["p\' = p - rate * g * t": no equation sets norm\', the next value of the slot norm Add one: "norm\' = …".',
        'state-not-set, /optimizers/own/equations ["p\' = p - rate * g * t": no equation sets latest\', the next value of the slot latest Add one: "latest\' = …".',
      ],
    ],
    [
      "an unknown option of a slot, and an unknown variant",
      {
        slots: { m: "strt" },
        options: { start: 0 },
        equations: ["m' = m + g", "p' = p - rate * m'"],
        variants: { rank: { two: {} } },
      },
      [
        'unknown-option, /optimizers/own/slots/m "strt": the optimizer has no numeric option "strt" Did you mean "start"?',
        'unknown-variant, /optimizers/own/variants/rank/two "two": rank cannot be "two": it is a number Write "otherwise" for all numbers without a variant.',
      ],
    ],
  ])("%s", async (_, parts, expected) => {
    expect([...(await problems(parts))].sort()).toEqual([...expected].sort());
  });

  test("shapes of single parameters, with the way out", async () => {
    expect(await problems({ equations: ["p' = p - rate * newton_schulz(g, 5)"] })).toEqual([
      'argument, /optimizers/own/equations/0 g: g: [2, 2, 3] is no matrix In own, p is conv1d/W [2, 2, 3]. Write equations for each number of axes under "variants": "rank".',
    ]);
    expect(await problems({ equations: ["p' = p - rate * g / columns"] })).toEqual([
      'unknown-name, /optimizers/own/equations/0 columns": unknown name "columns" Names: p, g, rate, t. Numbers are declared in "options". In own, p is conv1d/b [3]. Write equations for each number of axes under "variants": "rank".',
    ]);
  });

  test("names and options of uses", async () => {
    const optimizers = {
      own: sign_momentum,
      adam: sign_momentum,
      other: { ...sign_momentum, options: { clip: 1, beta: 0 } },
    };
    expect(await unplacedProblems(specWith({ type: "own", learning_rate: 0.1, bta: 1 }, optimizers))).toEqual([
      'name-taken /optimizers/adam | "adam" is a built-in type of optimizer already. | Use another name.',
      'reserved-name /optimizers/other/options/clip | The option name "clip" is reserved: every optimizer has a key of that name. | Choose another name.',
      'unknown-key /optimizer/bta | Unknown key "bta" in the optimizer "own". | Did you mean "beta"?',
    ]);
    expect(await unplacedProblems(specWith({ type: "owm", learning_rate: 0.1 }, { own: sign_momentum }))).toEqual([
      'unknown-value /optimizer/type | "type" of "optimizer" cannot be "owm". | Did you mean "own"?',
    ]);
    expect(
      await unplacedProblems(specWith({ type: "custom", name: "owm", learning_rate: 0.1 }, { own: sign_momentum })),
    ).toEqual(['unknown-optimizer /optimizer/name | "optimizers" has no entry "owm". | Did you mean "own"?']);
    expect(
      await unplacedProblems(specWith({ type: "own", learning_rate: 0.1, no_decay: ["*/b"] }, { own: sign_momentum })),
    ).toEqual([
      'no-decay /optimizer/no_decay | "no_decay" has no effect: own has no option "weight_decay". | Remove it, or add the option, with equations that read it, to the optimizer.',
    ]);
  });
});

test("the definition of every built-in type is sound, for each number of axes that it updates", () => {
  expect(Object.keys(types).filter((type) => type !== "custom").length).toBeGreaterThan(13);
  for (const type of Object.keys(types)) {
    if (type !== "custom") expect(definitionOf({ type } as never).equations.length).toBeGreaterThan(0);
  }
});
