import { expect, test } from "vitest";
import { invalidInput } from "../../../runtime/outcome.js";
import { identityOrigins, mapPathsToSource } from "../../../runtime/training/spec-paths.js";
import type { SourceMap } from "../../../schema/diagnostics/source-map.js";
import type { NormalSpec } from "../../../schema/normal/index.js";
import { arraysData, specOf } from "../../support/normal-specs.js";

test("a spec's own places are its pointers", () => {
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

test("a problem's place in the normalized spec becomes its place in the user's text", () => {
  const spec: NormalSpec = specOf({ data: arraysData });
  // As if sugar had expanded: the first layer was written as `encoder`, and everything else stayed where it is.
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
  // Not a member of the normalized spec: its parent says where it would be.
  expect(placed("/model/0/nothing")).toBe("/encoder/nothing");
  // Inside lists of numbers the rest of the path stays.
  expect(placed("/data/inputs/1/0")).toBe("/data/inputs/1/0");
  expect(placed("/model")).toBe("/model");
});
