import { expect, test } from "vitest";
import { invalidInput } from "../../../runtime/outcome.js";
import { identityOrigins, mapPathsToSource } from "../../../runtime/training/spec-paths.js";
import type { SourceMap } from "../../../schema/diagnostics/source-map.js";
import type { NormalSpec } from "../../../schema/normal/index.js";
import { arraysData, specOf } from "../../support/normal-specs.js";

test("identity origins are the pointers of the normalized spec", () => {
  const spec = specOf({ data: { ...arraysData, initial_states: { "rnn/0/h": "h.npy" } } });
  const { pathOf } = identityOrigins(spec);
  const [layer] = spec.model;
  expect(pathOf(spec)).toBe("");
  expect(pathOf(spec, "seed")).toBe("/seed");
  expect(layer && pathOf(layer, "size")).toBe("/model/0/size");
  expect(spec.data.type === "arrays" && pathOf(spec.data.initial_states, "rnn/0/h")).toBe(
    "/data/initial_states/rnn~10~1h",
  );
});

test("a path in the normalized spec becomes a path in the user's text", () => {
  const spec: NormalSpec = specOf({ data: arraysData });
  // Simulates expanded sugar: the first layer was written as `encoder`, and the rest is unchanged.
  const own = identityOrigins(spec);
  const origins: SourceMap = {
    pathOf: (section, key) => own.pathOf(section, key).replace("/model/0", "/encoder"),
  };
  const placed = (path: string) => {
    const outcome = mapPathsToSource(spec, origins, invalidInput([{ code: "x", path, message: "x" }]));
    return !outcome.ok && outcome.error.kind === "input" ? outcome.error.problems[0]?.path : undefined;
  };
  expect(placed("")).toBe("");
  expect(placed("/seed")).toBe("/seed");
  expect(placed("/model/0")).toBe("/encoder");
  expect(placed("/model/0/size")).toBe("/encoder/size");
  // Not a member of the normalized spec: the path of its parent is used.
  expect(placed("/model/0/nothing")).toBe("/encoder/nothing");
  // In lists of numbers the rest of the path is kept.
  expect(placed("/data/inputs/1/0")).toBe("/data/inputs/1/0");
  expect(placed("/model")).toBe("/model");
});
