/** The explanation of the optimizer and the schedule: groups of parameters, equations with shapes, options, sources. */
import { describe, expect, test } from "vitest";
import { explainOptimizer, explainSchedule } from "../../../compiler/inspect/explain-update.js";
import { definition } from "../../../schema/json-schema.js";
import { base, normal } from "../../support/read-spec.js";

const trained = [
  { name: "rnn/0/W", shape: [5, 20] },
  { name: "rnn/0/b", shape: [20] },
  { name: "rnn/1/W", shape: [5, 20] },
];
const specOf = async (optimizer: object, parts: object = {}) => (await normal({ ...base, ...parts, optimizer })).spec;

test("parameters with equal equations and numbers of axes are one group", async () => {
  const updates = explainOptimizer(await specOf({ type: "muon", no_decay: ["*/b"] }), trained);
  expect(updates.map(({ optimizer, parameters }) => [optimizer, parameters.map(({ name }) => name)])).toEqual([
    ["muon", ["rnn/0/W", "rnn/1/W"]],
    ["adamw", ["rnn/0/b"]],
  ]);
  const [muon, adam] = updates;
  expect(muon?.slots).toEqual([{ name: "m", initial: 0, shape: ["rows", "columns"] }]);
  expect(muon?.equations.find(({ text }) => text.startsWith("factor"))).toEqual({
    text: "factor = sqrt(max(1, columns / rows))",
    shape: [],
  });
  expect(muon?.source).toBe(definition("muon")["x-source"]);
  expect(adam?.equations[0]).toEqual({ text: "decayed = p", shape: ["size"] });
  expect(adam?.options).toMatchObject({ weight_decay: 0, variant: "torch" });
});

test("variants by rank have slots of their own", async () => {
  const [matrices, vectors] = explainOptimizer(await specOf({ type: "adafactor" }), trained);
  expect(matrices?.slots).toEqual([
    { name: "row", initial: 0, shape: ["rows", 1] },
    { name: "column", initial: 0, shape: [1, "columns"] },
  ]);
  expect(vectors?.slots).toEqual([{ name: "v", initial: 0, shape: ["size"] }]);
});

describe("schedules", () => {
  test("of the spec, with a warmup", async () => {
    const halving = { description: "Halves.", options: { every: 10 }, equations: ["factor = 0.5 ^ floor(n / every)"] };
    const optimizer = { type: "sgd", learning_rate: 1, schedule: { type: "halving", every: 5, warmup_steps: 3 } };
    expect(explainSchedule(await specOf(optimizer, { schedules: { halving } }))).toEqual({
      schedule: "halving",
      description: "Halves.",
      source: null,
      equations: halving.equations,
      options: { every: 5 },
      warmupSteps: 3,
    });
  });

  test("built-in ones: a file, or the equation of the reference", async () => {
    const explain = async (schedule: object) => explainSchedule(await specOf({ type: "adam", schedule }));
    expect((await explain({ type: "inverse_sqrt", decay_steps: 7 })).equations).toEqual([
      "factor = 1 / sqrt(n / decay_steps + 1)",
    ]);
    expect(await explain({ type: "linear_warmup", warmup_steps: 4 })).toMatchObject({
      equations: ["min(1, (n + 1) / warmup_steps)"],
      source: definition("linear_warmup")["x-source"],
      warmupSteps: 4,
    });
    expect((await explain({ type: "one_cycle", total_steps: 9 })).options).toMatchObject({ total_steps: 9 });
  });
});
