/** Arrays: one array per role, examples first, as nested lists in the spec or in `.npy`, `.npz` and `.json` files. */
import { createHash } from "node:crypto";
import { classesSize, type Signature, targetsSignature } from "../../../compiler/signature.js";
import { targetPort } from "../../../schema/kinds/outputs.js";
import type { ArraySource, NormalArraysData } from "../../../schema/normal/index.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok } from "../../result.js";
import type { NumericArray } from "../../tensors/array.js";
import { gatherRows, nestedRows } from "../../tensors/rows.js";
import { splitOrFold } from "../folds.js";
import { valueProblem } from "../formats/convert-array.js";
import { renameArray } from "../formats/read-array.js";
import { type DataSource, expectedBatchSize, type SourceKind } from "../source.js";
import type { Splits } from "../splits.js";
import { checkShapes, checkTargets } from "./array-checks.js";
import { inputSources, isNamed, type Role, readRoles, targetSources, timeStepsOf } from "./array-roles.js";

export const arrays: SourceKind<NormalArraysData> = {
  async open(data, options) {
    const { seed, uses, targetUses } = options;
    const problems: RunProblem[] = [];
    const roles = readRoles(data, options, problems);
    const targets = targetSources(data).map(([name]) => name);
    problems.push(...checkShapes(roles));
    if (problems.length === 0)
      problems.push(...targets.flatMap((name) => checkTargets(roles, name, targetUses.get(name) ?? uses)));
    if (problems.length > 0) return fail(problems);
    const examples = roles.get("inputs")?.array.shape[0] ?? 0;
    const [target, ...otherTargets] = targets.map((name) => roles.get(targetPort(name))?.array);
    const isIds = target?.dtype !== "float32" && target?.shape.length === 1;
    const classes = isIds && otherTargets.length === 0 ? Array.from<number | bigint>(target.data).map(Number) : null;
    const split = splitOrFold(data.split, seed, examples, classes);
    const names = { mainInput: inputSources(data)[0]?.[0] ?? "inputs", targets };
    return split.ok ? ok(arraySource(roles, names, examples, split.value)) : split;
  },
  mapFiles(data, rename) {
    const renameSource = (source: ArraySource) => renameArray(source, rename);
    const renameAll = (sources: NormalArraysData["inputs"]) =>
      isNamed(sources)
        ? Object.fromEntries(Object.entries(sources).map(([name, source]) => [name, renameSource(source)]))
        : renameSource(sources);
    const states = Object.entries(data.initial_states).map(([name, source]) => [name, renameSource(source)]);
    return {
      ...data,
      inputs: renameAll(data.inputs),
      targets: renameAll(data.targets),
      lengths: data.lengths === null ? null : renameSource(data.lengths),
      weights: data.weights === null ? null : renameSource(data.weights),
      initial_states: Object.fromEntries(states),
    };
  },
};

/** The names of the first input and of the targets. */
interface ArrayNames {
  readonly mainInput: string;
  readonly targets: readonly string[];
}

function arraySource(
  roles: ReadonlyMap<string, Role>,
  names: ArrayNames,
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
    signature: (train) => signatureOf(roles, names, expectedBatchSize(train, splits)),
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

function signatureOf(
  roles: ReadonlyMap<string, Role>,
  { mainInput, targets: targetNames }: ArrayNames,
  batch: number,
): Signature {
  const targetPorts = targetNames.map(targetPort);
  const otherRoles = [...roles].filter(([name]) => !targetPorts.includes(name));
  const { inputs, lengths, weights, ...others } = Object.fromEntries(otherRoles);
  const targets = targetNames.flatMap((name) => {
    const role = roles.get(targetPort(name));
    return role === undefined ? [] : [[name, role] as const];
  });
  if (inputs === undefined || targets.length === 0) throw new Error("Arrays were opened without inputs or targets.");
  const classes = targets.map(([name, target]) => {
    const size = classesSize(name);
    return target.array.dtype === "int32" ? { [size]: maxValue(target.array) + 1 } : lastAxisSize(size, target);
  });
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
    targets: targetsSignature(targets.map(([name, { signature }]) => [name, signature])),
    ...(lengths !== undefined && { lengths: lengths.signature }),
    ...(weights !== undefined && { weights: weights.signature }),
    ...(initialStates.length > 0 && { initial_states: Object.fromEntries(initialStates) }),
    sizes: {
      ...(inputs.array.dtype === "int32"
        ? { vocabulary: maxValue(inputs.array) + 1 }
        : lastAxisSize("features", inputs)),
      ...Object.assign({}, ...classes),
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
