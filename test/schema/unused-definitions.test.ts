/** Warnings about definitions of a spec that nothing uses. */
import { expect, test } from "vitest";
import type { JsonObject } from "../../schema/json-pointer.js";
import { unusedDefinitions } from "../../schema/validate/unused-definitions.js";

const definitions: JsonObject = {
  cells: { c: { equations: ["h' = h + x @ W"] } },
  layers: { l: { equations: ["y = x * 2"] } },
  activations: { inner: { equations: ["y = x * 2"] }, outer: { equations: ["y = inner(x)"] } },
  losses: { own: { equations: ["loss = abs(y - t)"] } },
  optimizers: { o: { equations: ["p' = p - rate * g"] } },
  schedules: { s: { equations: ["factor = 1 / n"] } },
};

test("each unused definition is named, with its use", () => {
  const spec: JsonObject = { ...definitions, model: [{ layer: "dense" }], loss: { type: "squared_error" } };
  expect(unusedDefinitions(spec).map(({ path, message, hint, severity }) => [path, message, hint, severity])).toEqual([
    [
      "/cells/c",
      'Nothing uses the cell "c".',
      'Write "cell": "c" in an rnn layer, or remove the definition.',
      "warning",
    ],
    [
      "/layers/l",
      'Nothing uses the layer "l".',
      'Write { "layer": "l" } in "model", or remove the definition.',
      "warning",
    ],
    [
      "/activations/outer",
      'Nothing uses the activation "outer".',
      'Write "activation": "outer" in a layer, or remove the definition.',
      "warning",
    ],
    [
      "/losses/own",
      'Nothing uses the loss "own".',
      'Write "loss": { "type": "own" }, or remove the definition.',
      "warning",
    ],
    [
      "/optimizers/o",
      'Nothing uses the optimizer "o".',
      'Write "type": "o" in "optimizer", or remove the definition.',
      "warning",
    ],
    [
      "/schedules/s",
      'Nothing uses the schedule "s".',
      'Write "schedule": { "type": "s" } in "optimizer", or remove the definition.',
      "warning",
    ],
  ]);
});

test.each<[string, JsonObject]>([
  [
    "in short form, in blocks, with options",
    {
      model: [
        { layer: "rnn", cells: [{ cell: "c" }] },
        { block: [{ layer: "l" }], repeat: 2 },
        { layer: "dense", activation: { type: "outer", slope: 2 } },
      ],
      loss: [{ type: "own" }],
      optimizer: { type: "o", schedule: { type: "s" } },
    },
  ],
  [
    "in long form, of a cell's option",
    {
      model: [
        { layer: "rnn", cell: "c", activation: "outer" },
        { layer: "custom", type: "l" },
      ],
      loss: { type: "custom", name: "own" },
      optimizer: { type: "custom", name: "o", schedule: { type: "custom", name: "s" } },
    },
  ],
])("used %s", (_, uses) => {
  expect(unusedDefinitions({ ...definitions, ...uses })).toEqual([]);
});

test("losses as a list of uses define none", () => {
  expect(unusedDefinitions({ model: [], losses: [{ type: "squared_error", from: "a" }] })).toEqual([]);
});
