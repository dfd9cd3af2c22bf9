/** Random specs that match the schema: `check` returns problems and never throws. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check, compile } from "../../../compiler/compile.js";
import { buildTrainingStep } from "../../../compiler/pipeline/training-step.js";
import { inferSignature } from "../../../runtime/data/data-signature.js";
import { builtInCells } from "../../../schema/built-in.js";
import { readSpec } from "../../../schema/read.js";

const size = fc.integer({ min: 1, max: 4 });
const sizeName = fc.oneof(size, fc.constantFrom("vocabulary", "classes", "features"));
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

/** A spec without the keys that were not drawn. */
const toJson = (value: unknown) => JSON.parse(JSON.stringify(value));

const names = ["a", "b", "inputs", "rnn", "one_hot", "nowhere"];
const common = {
  name: some(fc.constantFrom("a", "b", "c")),
  from: some(
    fc.oneof({ weight: 1, arbitrary: fc.constantFrom(...names) }, { weight: 3, arbitrary: fc.constant(undefined) }),
  ),
};
const mergedLayer = { ...common, from: fc.array(fc.constantFrom(...names), { minLength: 2, maxLength: 3 }) };
const weights = some(
  fc.oneof({ weight: 1, arbitrary: fc.constantFrom("a", "b") }, { weight: 4, arbitrary: fc.constant(undefined) }),
);
const rate = fc.constantFrom(0, 0.5);
const rates = fc.oneof(rate, fc.constantFrom({ h: 0.5 }, { c: 0.2 }));
const cellUse = {
  cell: fc.constantFrom(...builtInCells(), "mine"),
  hidden_size: size,
  residual: some(fc.boolean()),
  bidirectional: some(fc.constantFrom("none", "concat", "sum", "mul")),
  dropout: some(fc.record({ input: rate, output: rate, state: rates, variational: fc.boolean() })),
  zoneout: some(rates),
  layer_norm: some(fc.boolean()),
};
const activation = some(fc.constantFrom("none", "softmax", "sigmoid", "tanh"));

const layer = fc.oneof(
  fc.record({ layer: fc.constant("one_hot"), ...common, size: some(sizeName) }),
  fc.record({ layer: fc.constant("embedding"), ...common, size: sizeName, vocabulary_size: some(sizeName), weights }),
  fc.record({ layer: fc.constant("dense"), ...common, size: sizeName, activation, bias: some(fc.boolean()), weights }),
  fc.record({ layer: fc.constant("projection"), ...common, size: sizeName, activation }),
  fc.record({ layer: fc.constant("pool"), ...common, mode: fc.constantFrom("max", "mean", "last"), size: some(size) }),
  fc.record({
    layer: fc.constant("conv1d"),
    ...common,
    size: sizeName,
    kernel_size: size,
    stride: some(size),
    dilation: some(size),
    groups: some(fc.constantFrom(1, 2)),
    padding: some(fc.constantFrom("same", "valid", "causal")),
    activation,
  }),
  fc.record({ layer: fc.constant("dropout"), ...common, rate }),
  fc.record({ layer: fc.constantFrom("concat", "add", "multiply", "attention"), ...mergedLayer }),
  ...[1, 2].map(() =>
    fc.record({
      layer: fc.constant("rnn"),
      ...common,
      ...cellUse,
      layers: some(fc.integer({ min: 1, max: 2 })),
      share_weights: some(fc.boolean()),
      weights,
      initial_state: some(fc.constantFrom("zeros", "learned", "a", "b")),
      return: some(fc.constantFrom("sequence", "last", "state")),
    }),
  ),
);

const block = fc.record({
  block: fc.array(layer, { minLength: 1, maxLength: 2 }),
  ...common,
  repeat: some(fc.integer({ min: 1, max: 2 })),
  residual: some(fc.boolean()),
});
/** Mostly layers, as a block has several. */
const entry = fc.oneof({ weight: 4, arbitrary: layer }, { weight: 1, arbitrary: block });

const expression: fc.Arbitrary<string> = fc.letrec<{ nested: string; leaf: string }>((recurse) => ({
  leaf: fc.constantFrom("x", "h", "W", "U", "b", "s", "y", "2", "rate", "hidden_size"),
  nested: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    recurse("leaf"),
    fc
      .tuple(recurse("nested"), fc.constantFrom("+", "-", "*", "/", "@", ">"), recurse("nested"))
      .map((parts) => `(${parts.join(" ")})`),
    fc
      .tuple(fc.constantFrom("tanh", "sum", "softmax", "layer_norm", "exp"), recurse("nested"))
      .map(([f, x]) => `${f}(${x})`),
    fc.tuple(recurse("nested"), recurse("nested")).map(([x, y]) => `concat(${x}, ${y})`),
    fc.tuple(recurse("nested"), recurse("nested"), recurse("nested")).map(([c, x, y]) => `where(${c} > 0, ${x}, ${y})`),
  ),
})).nested;
const sizeExpression = fc.constantFrom<string | number>(
  "hidden_size",
  "input_size",
  "2*hidden_size",
  "input_size/2",
  "hidden_size-1",
  1,
  2,
);
const cell = fc.record({
  options: some(fc.constant({ rate: 0.5 })),
  state: fc.oneof(fc.record({ h: sizeExpression }), fc.record({ h: sizeExpression, s: sizeExpression })),
  parameters: fc.record({
    W: fc.constantFrom(["input_size", "hidden_size"], ["input_size", 2], ["hidden_size"]),
    U: fc.constantFrom(["hidden_size", "hidden_size"], ["hidden_size"], []),
  }),
  equations: fc
    .tuple(expression, expression, expression)
    .map(([y, h, s]) => [
      `y = ${y}`,
      `h' = tanh(x @ W + h @ U) + 0.1 * (${h})`,
      ...(s.length % 2 ? [`s' = ${s}`] : []),
    ]),
  output: fc.constantFrom("h'", "y"),
});

const row = (time: number) => fc.array(fc.integer({ min: 0, max: 3 }), { minLength: time, maxLength: time });
const two = <T>(value: fc.Arbitrary<T>) => fc.array(value, { minLength: 2, maxLength: 2 });
const nestedNumbers = fc.oneof(
  row(2),
  two(row(3)),
  two(two(row(3))),
  two(fc.array(row(2), { minLength: 3, maxLength: 3 })),
);
const source = fc.oneof(nestedNumbers, fc.constant("somewhere.npy"));
const data = fc.oneof(
  fc.constant({ type: "text", text: "hihello", window: 3 }),
  fc.constant({ type: "text", file: "somewhere.txt", window: 3 }),
  fc.record({
    type: fc.constant("arrays"),
    inputs: source,
    targets: source,
    lengths: some(fc.constant([1, 2])),
    weights: some(nestedNumbers),
    initial_states: some(fc.dictionary(fc.constantFrom("rnn/0/h", "a/0/c", "x"), two(row(2)), { maxKeys: 2 })),
  }),
);

const anySpec = fc.record({
  data,
  cells: fc.record({ mine: cell }),
  model: fc.array(entry, { minLength: 1, maxLength: 4 }),
  loss: fc.record({
    type: fc.constantFrom("sequence_loss", "cross_entropy", "binary_cross_entropy", "squared_error", "huber"),
  }),
  optimizer: fc.constant({ type: "adam" }),
});

/** A text, one_hot or embedding, some random layers, a projection: often valid. */
const plausibleSpec = fc.record({
  data: fc.constant({ type: "text", text: "hihello", window: 3 }),
  cells: fc.constant({
    mine: {
      state: { h: "hidden_size", s: 2 },
      parameters: { W: ["input_size", "hidden_size"], U: ["hidden_size", 2] },
      equations: ["s' = tanh(h @ U) + s", "h' = 0.5 * h + x @ W * sum(s')"],
      output: "h'",
    },
  }),
  model: fc
    .tuple(
      fc.constantFrom<object>({ layer: "one_hot" }, { layer: "embedding", size: 3 }),
      fc.array(layer, { maxLength: 2 }).map((layers) => layers.map(({ from: _, ...rest }) => rest)),
    )
    .map(([first, layers]) => [first, ...layers, { layer: "projection" }]),
  loss: fc.constantFrom({ type: "sequence_loss" }, { type: "cross_entropy" }),
  optimizer: fc.constantFrom({ type: "adam" }, { type: "sgd", learning_rate: 0.1, clip: { global_norm: 1 } }),
});

test("check never throws, and a spec without problems compiles to a training step", async () => {
  const count = { right: 0, wrong: 0 };
  await fc.assert(
    fc.asyncProperty(fc.oneof(anySpec, plausibleSpec), async (spec) => {
      const read = await readSpec(JSON.stringify(toJson(spec)));
      const outline = read.ok ? await inferSignature(read.spec, ".") : undefined;
      if (!read.ok || !outline?.ok) return;
      for (const signature of outline.value.signatures) {
        const problems = check(read.spec, signature, read.origins);
        for (const problem of problems) {
          expect(read.document.locate(problem).line).toBe(1);
          expect(problem.message).not.toBe("");
        }
        const allKnown = Object.values(signature.sizes).every((dim) => typeof dim === "number");
        if (problems.length === 0 && allKnown) expect(buildTrainingStep(read.spec, signature).ok).toBe(true);
        count[problems.length > 0 ? "wrong" : "right"]++;
      }
    }),
    { numRuns: 120, seed: 1 },
  );
  expect(count.wrong).toBeGreaterThan(20);
  expect(count.right).toBeGreaterThan(20);
});

test("some specs without problems compile to artifacts", async () => {
  let compiled = 0;
  for (const spec of fc.sample(plausibleSpec, { numRuns: 40, seed: 2 })) {
    const read = await readSpec(JSON.stringify(toJson(spec)));
    const outline = read.ok ? await inferSignature(read.spec, ".") : undefined;
    if (!read.ok || !outline?.ok) continue;
    for (const signature of outline.value.signatures) {
      if (compiled >= 3 || check(read.spec, signature).length > 0) continue;
      expect((await compile(read.spec, signature)).ok).toBe(true);
      compiled++;
    }
  }
  expect(compiled).toBe(3);
});
