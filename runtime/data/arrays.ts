/** Arrays: numbers written in the spec or held in `.npy` and `.json` files, one array for each role, examples first. */
import { createHash } from "node:crypto";
import type { Signature } from "../../compiler/signature.js";
import type { ArraySource, NormalArraysData } from "../../schema/normal.js";
import { type RunProblem, refuse } from "../problem.js";
import { disagreements, inputSources, isSeveral, type Role, readRoles, timeOf } from "./array-roles.js";
import { valueProblem } from "./numbers.js";
import { renameArray } from "./read.js";
import { gatherRows, nestedRows } from "./rows.js";
import { type DataSource, expectedBatch, type NumericArray, type SourceKind } from "./source.js";
import { type Splits, splitExamples } from "./splits.js";

export const arrays: SourceKind<NormalArraysData> = {
  async open(data, { folder, seed, uses }) {
    const problems: RunProblem[] = [];
    const roles = readRoles(data, folder, uses, problems);
    problems.push(...disagreements(roles));
    if (problems.length > 0) return refuse(...problems);
    const examples = roles.get("inputs")?.array.shape[0] ?? 0;
    const split = splitExamples(data.split, seed, examples);
    return split.ok
      ? { ok: true, source: arraySource(roles, inputSources(data)[0]?.[0] ?? "inputs", examples, split.splits) }
      : split;
  },
  mapFiles(data, rename) {
    const one = (source: ArraySource) => renameArray(source, rename);
    const inputs = isSeveral(data.inputs)
      ? Object.fromEntries(Object.entries(data.inputs).map(([name, source]) => [name, one(source)]))
      : one(data.inputs);
    const states = Object.entries(data.initial_states).map(([name, source]) => [name, one(source)]);
    return {
      ...data,
      inputs,
      targets: one(data.targets),
      lengths: data.lengths === null ? null : one(data.lengths),
      weights: data.weights === null ? null : one(data.weights),
      initial_states: Object.fromEntries(states),
    };
  },
};

function arraySource(roles: ReadonlyMap<string, Role>, main: string, examples: number, splits: Splits): DataSource {
  const digest = createHash("sha256");
  for (const [name, { array }] of roles)
    digest.update(JSON.stringify([name, array.dtype, array.shape])).update(array.data);
  return {
    examples,
    splits,
    digest: digest.digest("hex"),
    metadata: { type: "arrays" },
    signature: (train) => signatureOf(roles, main, expectedBatch(train, splits)),
    batch: (indices) => new Map([...roles].map(([name, role]) => [name, gatherRows(role.array, indices)])),
    beyond(name, limit, reason) {
      const role = roles.get(name);
      if (role?.array.dtype !== "int32") return undefined;
      const place = role.array.data.findIndex((value) => value >= limit);
      if (place < 0) return undefined;
      return valueProblem(role.array, role.origin, place, `${role.array.data[place]}`, reason);
    },
    decode: nestedRows,
  };
}

function signatureOf(roles: ReadonlyMap<string, Role>, main: string, batch: number): Signature {
  const { inputs, targets, lengths, weights, ...others } = Object.fromEntries(roles);
  if (inputs === undefined || targets === undefined) throw new Error("Arrays were opened without inputs or targets.");
  const signaturesOf = (sides: boolean) =>
    Object.entries(others).flatMap(([name, role]) =>
      (role.side ?? false) === sides ? [[name, role.signature] as const] : [],
    );
  const initial = signaturesOf(false);
  const sides = signaturesOf(true);
  const times = Object.entries(others).flatMap(([name, { array, side }]) =>
    side === true ? [[`${name}_time`, array.shape[1] ?? 1] as const] : [],
  );
  return {
    inputs: inputs.signature,
    ...(main !== "inputs" && { main_input: main }),
    ...(sides.length > 0 && { side_inputs: Object.fromEntries(sides) }),
    targets: targets.signature,
    ...(lengths !== undefined && { lengths: lengths.signature }),
    ...(weights !== undefined && { weights: weights.signature }),
    ...(initial.length > 0 && { initial_states: Object.fromEntries(initial) }),
    sizes: {
      ...(inputs.array.dtype === "int32" ? { vocabulary: largest(inputs.array) + 1 } : lastAxis("features", inputs)),
      ...(targets.array.dtype === "int32" ? { classes: largest(targets.array) + 1 } : lastAxis("classes", targets)),
    },
    ...(timeOf(inputs) !== undefined && { steps: timeOf(inputs) ?? 1 }),
    expected: { ...Object.fromEntries(times), batch, time: timeOf(inputs) ?? 1 },
  };
}

/** The size of the last axis, where that is neither examples nor time. */
function lastAxis(name: string, role: Role): Readonly<Record<string, number>> {
  const size = role.signature.shape.at(-1);
  return typeof size === "number" ? { [name]: size } : {};
}

function largest(array: NumericArray & { readonly dtype: "int32" }): number {
  return array.data.reduce((most, value) => Math.max(most, value), 0);
}
