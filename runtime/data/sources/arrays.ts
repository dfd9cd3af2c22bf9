/** Arrays: one array per role, examples first, as nested lists in the spec or in `.npy`, `.npz` and `.json` files. */
import { createHash } from "node:crypto";
import type { Signature } from "../../../compiler/signature.js";
import type { ArraySource, NormalArraysData } from "../../../schema/normal/index.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok } from "../../result.js";
import type { NumericArray } from "../../tensors/array.js";
import { gatherRows, nestedRows } from "../../tensors/rows.js";
import { valueProblem } from "../formats/convert-array.js";
import { renameArray } from "../formats/read-array.js";
import { type DataSource, expectedBatchSize, type SourceKind } from "../source.js";
import { type Splits, splitExamples } from "../splits.js";
import { checkShapes, checkTargets } from "./array-checks.js";
import { inputSources, isNamedInputs, type Role, readRoles, timeStepsOf } from "./array-roles.js";

export const arrays: SourceKind<NormalArraysData> = {
  async open(data, { folder, seed, uses }) {
    const problems: RunProblem[] = [];
    const roles = readRoles(data, folder, uses, problems);
    problems.push(...checkShapes(roles));
    if (problems.length === 0) problems.push(...checkTargets(roles, uses));
    if (problems.length > 0) return fail(problems);
    const examples = roles.get("inputs")?.array.shape[0] ?? 0;
    const split = splitExamples(data.split, seed, examples);
    return split.ok ? ok(arraySource(roles, inputSources(data)[0]?.[0] ?? "inputs", examples, split.value)) : split;
  },
  mapFiles(data, rename) {
    const renameSource = (source: ArraySource) => renameArray(source, rename);
    const inputs = isNamedInputs(data.inputs)
      ? Object.fromEntries(Object.entries(data.inputs).map(([name, source]) => [name, renameSource(source)]))
      : renameSource(data.inputs);
    const states = Object.entries(data.initial_states).map(([name, source]) => [name, renameSource(source)]);
    return {
      ...data,
      inputs,
      targets: renameSource(data.targets),
      lengths: data.lengths === null ? null : renameSource(data.lengths),
      weights: data.weights === null ? null : renameSource(data.weights),
      initial_states: Object.fromEntries(states),
    };
  },
};

function arraySource(
  roles: ReadonlyMap<string, Role>,
  mainInput: string,
  examples: number,
  splits: Splits,
): DataSource {
  const digest = createHash("sha256");
  for (const [name, { array }] of roles)
    digest.update(JSON.stringify([name, array.dtype, array.shape])).update(array.data);
  return {
    examples,
    splits,
    digest: digest.digest("hex"),
    notices: [...roles.values()].flatMap(({ notices }) => notices),
    metadata: { type: "arrays" },
    signature: (train) => signatureOf(roles, mainInput, expectedBatchSize(train, splits)),
    batch: (indices) => new Map([...roles].map(([name, role]) => [name, gatherRows(role.array, indices)])),
    findOutOfRange(name, limit, reason) {
      const role = roles.get(name);
      if (role?.array.dtype !== "int32") return undefined;
      const index = role.array.data.findIndex((value) => value >= limit);
      if (index < 0) return undefined;
      return valueProblem(role.array, role.origin, index, `${role.array.data[index]}`, reason);
    },
    decode: nestedRows,
  };
}

function signatureOf(roles: ReadonlyMap<string, Role>, mainInput: string, batch: number): Signature {
  const { inputs, targets, lengths, weights, ...others } = Object.fromEntries(roles);
  if (inputs === undefined || targets === undefined) throw new Error("Arrays were opened without inputs or targets.");
  const signaturesOf = (sideInputs: boolean) =>
    Object.entries(others).flatMap(([name, role]) =>
      (role.isSide ?? false) === sideInputs ? [[name, role.signature] as const] : [],
    );
  const initialStates = signaturesOf(false);
  const sideInputs = signaturesOf(true);
  const sideSteps = Object.fromEntries(
    Object.values(others).flatMap((role) => {
      const axis = role.isSide === true ? role.signature.shape[1] : undefined;
      return typeof axis === "string" && axis !== "time" ? [[axis, role.array.shape[1] ?? 1] as const] : [];
    }),
  );
  return {
    inputs: inputs.signature,
    ...(mainInput !== "inputs" && { main_input: mainInput }),
    ...(sideInputs.length > 0 && { side_inputs: Object.fromEntries(sideInputs) }),
    targets: targets.signature,
    ...(lengths !== undefined && { lengths: lengths.signature }),
    ...(weights !== undefined && { weights: weights.signature }),
    ...(initialStates.length > 0 && { initial_states: Object.fromEntries(initialStates) }),
    sizes: {
      ...(inputs.array.dtype === "int32"
        ? { vocabulary: maxValue(inputs.array) + 1 }
        : lastAxisSize("features", inputs)),
      ...(targets.array.dtype === "int32"
        ? { classes: maxValue(targets.array) + 1 }
        : lastAxisSize("classes", targets)),
    },
    ...(timeStepsOf(inputs) !== undefined && { steps: timeStepsOf(inputs) ?? 1 }),
    ...(Object.keys(sideSteps).length > 0 && { side_steps: sideSteps }),
    expected: { ...sideSteps, batch, time: timeStepsOf(inputs) ?? 1 },
  };
}

/** The size of the last axis, unless that is examples or time. */
function lastAxisSize(name: string, role: Role): Readonly<Record<string, number>> {
  const size = role.signature.shape.at(-1);
  return typeof size === "number" ? { [name]: size } : {};
}

function maxValue(array: NumericArray & { readonly dtype: "int32" }): number {
  return array.data.reduce((maximum, value) => Math.max(maximum, value), 0);
}
