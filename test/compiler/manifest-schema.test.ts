/** The JSON Schema of manifest.json accepts the manifests of all kinds of training, and has every role. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import type { CompileOptions } from "../../compiler/compile.js";
import { compile } from "../../compiler/compile.js";
import { fineTune } from "../../compiler/fine-tune/index.js";
import { readTestSpec } from "../support/fine-tune-spec.js";
import { open } from "../support/programs.js";

const file = join(import.meta.dirname, "../../schema/manifest.schema.json");
const schema = JSON.parse(readFileSync(file, "utf8"));
const validate = new Ajv2020({ strict: false, allErrors: true }).compile(schema);

const base = {
  data: { type: "text", text: "hello world, hello you", window: 4 },
  model: [
    { layer: "one_hot" },
    { layer: "rnn", cell: "lstm", hidden_size: 3, trainable: true },
    { layer: "projection", size: "vocabulary" },
  ],
  loss: { type: "sequence_loss" },
  optimizer: { type: "adam", learning_rate: 0.1 },
  train: { steps: 4, batch_size: 3 },
};
const [oneHot, , projection] = base.model;

const specs: readonly (readonly [string, object, CompileOptions?])[] = [
  ["a plain step", base],
  [
    "states that are carried",
    { ...base, model: [oneHot, { layer: "rnn", cell: "gru", hidden_size: 3, stateful: true }, projection] },
  ],
  [
    "frozen weights",
    { ...base, model: [oneHot, { layer: "rnn", cell: "lstm", hidden_size: 3, trainable: false }, projection] },
  ],
  ["running statistics", { ...base, model: [oneHot, { layer: "batch_norm" }, projection] }],
  ["a plateau schedule", { ...base, optimizer: { type: "sgd", learning_rate: 0.1, schedule: { type: "plateau" } } }],
  ["mixed precision", { ...base, train: { ...base.train, precision: "float16" } }],
  [
    "data parallelism",
    { ...base, model: [oneHot, { layer: "dropout", rate: 0.5 }, projection] },
    { dataParallel: true },
  ],
];

test("manifests of all kinds", async () => {
  const roles = new Set<string>();
  for (const [title, spec, options = {}] of specs) {
    const opened = await open(spec);
    const compiled = await compile(opened.spec, opened.signature, { origins: opened.origins, ...options });
    if (!compiled.ok) throw new Error(`${title}: ${compiled.problems.map(({ message }) => message).join(" ")}`);
    const { manifest } = compiled.artifact;
    expect(validate(JSON.parse(JSON.stringify(manifest))), `${title}: ${JSON.stringify(validate.errors)}`).toBe(true);
    const ports = [manifest.train, manifest.eval, manifest.model, ...Object.values(manifest.shard ?? {})];
    for (const { role } of ports.flatMap(({ inputs, outputs }) => [...inputs, ...outputs])) roles.add(role);
  }
  const encoder = readFileSync(join(import.meta.dirname, "../fixtures/onnx/encoder.onnx"));
  const tuned = await fineTune(encoder, {
    spec: await readTestSpec("cross_entropy", { type: "adam" }),
    isOutputLoss: false,
    output: undefined,
    parameters: [],
    inputGradient: false,
    batchNorm: "inference",
    external: () => new Uint8Array(),
  });
  if (!tuned.ok) throw new Error("the model of another program");
  expect(validate(JSON.parse(JSON.stringify(tuned.artifact.manifest))), JSON.stringify(validate.errors)).toBe(true);
  // The counts of several losses are inside of the training graph.
  const documented = schema.$defs.port.properties.role.oneOf.map((each: { readonly const: string }) => each.const);
  expect([...roles, "count"].sort()).toEqual([...documented].sort());
});

test("another format, and a role that does not exist, are refused", () => {
  expect(validate({ format: 1 })).toBe(false);
  expect(JSON.stringify(validate.errors)).toContain("must be equal to constant");
});
