/** The arrays of each role: read, converted to the model's element types, and checked against each other. */
import type { ArraySignature } from "../../../compiler/signature.js";
import { child } from "../../../schema/json-pointer.js";
import type { ArraySource, NormalArraysData } from "../../../schema/normal/index.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import type { NumericArray } from "../../tensors/array.js";
import { type Origin, toFloat32, toIndices, toLengths } from "../formats/convert-array.js";
import { readArray } from "../formats/read-array.js";
import type { Uses } from "../source.js";
import { checkTargetValues, type TargetUse } from "../target-values.js";

/** A role's array with its origin and its signature, which names the time axis. */
export interface Role {
  readonly origin: Origin;
  readonly array: NumericArray;
  readonly signature: ArraySignature;
  /** The reading of an array that has another shape in its file. */
  readonly notice?: string;
  /** True for a side input. */
  readonly isSide?: true;
}

type Inputs = NormalArraysData["inputs"];

export function isNamedInputs(inputs: Inputs): inputs is Readonly<Record<string, ArraySource>> {
  return typeof inputs === "object" && !Array.isArray(inputs);
}

/** The inputs by name, the main one first. */
export function inputSources({
  inputs,
}: Pick<NormalArraysData, "inputs">): readonly (readonly [string, ArraySource])[] {
  return isNamedInputs(inputs) ? Object.entries(inputs) : [["inputs", inputs]];
}

/** Reads and converts every role; adds the problems of those that fail to `problems`. */
export function readRoles(
  data: NormalArraysData,
  folder: string,
  uses: Uses,
  problems: RunProblem[],
): ReadonlyMap<string, Role> {
  const roles = new Map<string, Role>();
  const addRole = (name: string, checked: Result<Role>) => {
    if (checked.ok) roles.set(name, checked.value);
    else problems.push(...checked.error);
  };
  const read = (key: string, source: ArraySource) => readArray(source, folder, key, `/data/${key}`);

  const [first, ...sideInputs] = inputSources(data);
  const [mainName, mainSource] = first ?? ["inputs", []];
  const mainPath = isNamedInputs(data.inputs) ? child("/data/inputs", mainName) : "/data/inputs";
  const asIds = uses.inputs === "ids" || uses.inputKind(mainName) === "ids";
  addRole("inputs", inputsRole(readArray(mainSource, folder, mainName, mainPath), asIds));
  for (const [name, source] of sideInputs) {
    const path = child("/data/inputs", name);
    const asIds = uses.inputKind(name) === "ids";
    addRole(name, sideRole(readArray(source, folder, name, path), asIds, name, timeStepsOf(roles.get("inputs"))));
  }
  const time = timeStepsOf(roles.get("inputs"));
  const outputAxis = uses.outputTimeAxis((name) => timeAxisOf(name, roles.get(name === mainName ? "inputs" : name)));
  addRole("targets", targetsRole(read("targets", data.targets), uses, outputAxis));
  if (data.lengths !== null) addRole("lengths", lengthsRole(read("lengths", data.lengths), time, roles.has("inputs")));
  if (data.weights !== null) addRole("weights", weightsRole(read("weights", data.weights), outputAxis));
  for (const [name, source] of Object.entries(data.initial_states)) {
    addRole(name, stateRole(readArray(source, folder, name, child("/data/initial_states", name))));
  }
  return roles;
}

type ReadArrayResult = ReturnType<typeof readArray>;

function inputsRole(result: ReadArrayResult, asIds: boolean): Result<Role> {
  if (!result.ok) return result;
  const { numbers, origin } = result.value;
  if (asIds) {
    if (numbers.shape.length !== 2) return fail([wrongRank(origin, numbers.shape, "[examples, time] of token ids")]);
    return toRole(toIndices(numbers, origin, "Token ids"), origin, ["batch", "time"]);
  }
  const [, width, features] = numbers.shape;
  if (width === undefined || numbers.shape.length > 3) {
    return fail([wrongRank(origin, numbers.shape, "[examples, time, features] or [examples, features]")]);
  }
  return toRole(
    toFloat32(numbers, origin),
    origin,
    features === undefined ? ["batch", width] : ["batch", "time", features],
  );
}

/** Names of data ports, which a side input must not have. */
const reservedNames: readonly string[] = ["inputs", "targets", "lengths", "weights", "step"];

/** A side input has a time axis of its own, unless it has as many steps as the main input. */
function sideRole(result: ReadArrayResult, asIds: boolean, name: string, mainTime: number | undefined): Result<Role> {
  const inputRole = inputsRole(result, asIds);
  if (!inputRole.ok) return inputRole;
  const role = inputRole.value;
  if (reservedNames.includes(name)) {
    const message = `A side input cannot be named "${name}".`;
    return fail([{ ...locationOf(role), code: "reserved-name", message, hint: "Choose another name." }]);
  }
  const time = role.array.shape[1] === mainTime ? "time" : `${name}_time`;
  const shape = role.signature.shape.map((dim) => (dim === "time" ? time : dim));
  return ok({ ...role, isSide: true, signature: { ...role.signature, shape } });
}

/** Axes of targets and of weights are named by comparison with the time axis of the output. */
function targetsRole(result: ReadArrayResult, uses: Uses, axis: TimeAxis | undefined): Result<Role> {
  if (!result.ok) return result;
  const { numbers: stored, origin } = result.value;
  if (stored.shape.length > 3) return fail([wrongRank(origin, stored.shape, "at most [examples, time, size]")]);
  // Integers are class ids when there is one per output, also as a column; with one more axis they are rows of
  // probabilities.
  const areIds = uses.targets === "classes" && stored.isInteger;
  const idAxes = axis === undefined ? 1 : 2;
  const isColumn = areIds && stored.shape.length === idAxes + 1 && stored.shape.at(-1) === 1;
  const numbers = isColumn ? { ...stored, shape: stored.shape.slice(0, -1) } : stored;
  const classes = areIds && numbers.shape.length === idAxes;
  const [, second, third] = numbers.shape;
  const hasTime = axis !== undefined && second === axis.steps && !uses.areLabels;
  const isPerStep = !uses.areLabels && (classes || third !== undefined);
  if (axis !== undefined && axis.steps > 0 && isPerStep && !hasTime)
    return fail([wrongSteps(origin, numbers.shape, axis)]);
  const rest = [second, third].filter((size) => size !== undefined);
  const shape = ["batch", ...(hasTime ? [axis.name, ...rest.slice(1)] : rest)];
  const role = toRole(classes ? toIndices(numbers, origin, "Classes") : toFloat32(numbers, origin), origin, shape);
  if (!role.ok || !isColumn) return role;
  const shapes = [stored, numbers].map((array) => `[${array.shape.join(", ")}]`);
  return ok({ ...role.value, notice: `${origin.name} of shape ${shapes[0]} are read as class ids ${shapes[1]}.` });
}

function wrongSteps(origin: Origin, shape: readonly number[], axis: TimeAxis): RunProblem {
  const { input, steps } = axis;
  const message = `${origin.name} has shape [${shape.join(", ")}], but the model predicts at each of the ${steps} steps of ${input} [${axis.shape.join(", ")}].`;
  const hint = `Provide targets [examples, ${steps}, …], or write "return": "last" in the last rnn layer for one prediction per sequence.`;
  return { ...placeOf(origin), code: "array-shape", message, hint };
}

function lengthsRole(result: ReadArrayResult, time: number | undefined, hasInputs: boolean): Result<Role> {
  if (!result.ok) return result;
  const { numbers, origin } = result.value;
  if (numbers.shape.length !== 1) return fail([wrongRank(origin, numbers.shape, "[examples]")]);
  if (time === undefined && hasInputs) {
    const message = "lengths needs inputs with a time axis.";
    return fail([
      {
        code: "array-shape",
        path: origin.path,
        message,
        hint: "Remove lengths, or give inputs as [examples, time, features].",
      },
    ]);
  }
  return toRole(toLengths(numbers, origin, time), origin, ["batch"]);
}

function weightsRole(result: ReadArrayResult, axis: TimeAxis | undefined): Result<Role> {
  if (!result.ok) return result;
  const { numbers, origin } = result.value;
  const rank = numbers.shape.length;
  if (rank > 2) return fail([wrongRank(origin, numbers.shape, "[examples, time] or [examples]")]);
  return toRole(toFloat32(numbers, origin), origin, rank === 2 ? ["batch", axis?.name ?? "time"] : ["batch"]);
}

function stateRole(result: ReadArrayResult): Result<Role> {
  if (!result.ok) return result;
  const { numbers, origin } = result.value;
  const [, size] = numbers.shape;
  if (size === undefined || numbers.shape.length !== 2) {
    return fail([wrongRank(origin, numbers.shape, "[examples, size of the state]")]);
  }
  return toRole(toFloat32(numbers, origin), origin, ["batch", size]);
}

function toRole(converted: Result<NumericArray>, origin: Origin, shape: readonly (number | string)[]): Result<Role> {
  if (!converted.ok) return converted;
  const array = converted.value;
  return ok({ origin, array, signature: { dtype: array.dtype, shape } });
}

/** The time axis of an input, with its name in signatures. */
interface TimeAxis {
  readonly name: string;
  readonly steps: number;
  readonly input: string;
  /** The shape of the input. */
  readonly shape: readonly number[];
}

function timeAxisOf(input: string, role: Role | undefined): TimeAxis | undefined {
  const name = role?.signature.shape[1];
  if (role === undefined || typeof name !== "string") return undefined;
  const { shape } = role.array;
  return { name, steps: shape[1] ?? 1, input, shape };
}

export function timeStepsOf(inputs: Role | undefined): number | undefined {
  return inputs?.signature.shape[1] === "time" ? inputs.array.shape[1] : undefined;
}

/** Checks that all roles have the same number of examples, and those with a time axis the same number of steps. */
export function checkShapes(roles: ReadonlyMap<string, Role>): readonly RunProblem[] {
  const inputs = roles.get("inputs");
  if (inputs === undefined) return [];
  if (inputs.array.shape.includes(0)) {
    return [
      {
        ...locationOf(inputs),
        code: "array-shape",
        message: `inputs has shape ${formatShape(inputs)} and contains no numbers.`,
      },
    ];
  }
  const examples = inputs.array.shape[0];
  const problems: RunProblem[] = [];
  /** Inputs by the name of their time axis. */
  const sequences = new Map<unknown, readonly [string, Role]>([["time", ["inputs", inputs]]]);
  for (const [name, role] of roles) {
    const report = (axes: string, otherName: string, other: Role) => {
      const shapes = `${name} has shape ${formatShape(role)} and ${otherName} has shape ${formatShape(other)}`;
      const message = `${shapes}: ${axes} must be equal.`;
      problems.push({ ...locationOf(role), code: "array-shape", message });
    };
    const axis = role.signature.shape[1];
    if (role.isSide === true && typeof axis === "string" && !sequences.has(axis)) sequences.set(axis, [name, role]);
    const [sequenceName, sequence] = sequences.get(axis) ?? [name, role];
    if (role.array.shape[0] !== examples) report("the first axes (examples)", "inputs", inputs);
    else if (role.array.shape[1] !== sequence.array.shape[1]) report("the time axes", sequenceName, sequence);
  }
  return problems;
}

/** The problem of the first target that the loss cannot read. Steps past the lengths and of weight 0 are not read. */
export function checkTargets(roles: ReadonlyMap<string, Role>, use: TargetUse): readonly RunProblem[] {
  const [targets, lengths, weights] = ["targets", "lengths", "weights"].map((name) => roles.get(name));
  if (targets?.array.dtype !== "float32") return [];
  const { shape, data } = targets.array;
  const hasTime = typeof targets.signature.shape[1] === "string";
  const steps = hasTime ? (shape[1] ?? 1) : 1;
  // Numbers [examples, time] have one value for each step, others a row of values.
  const width = shape.length === (hasTime ? 2 : 1) ? 1 : (shape.at(-1) ?? 1);
  const weightSteps = weights?.array.shape.length === 2 ? steps : 1;
  const isRead = (row: number) => {
    const [example, step] = [Math.floor(row / steps), row % steps];
    const weight = weights?.array.data[weightSteps === 1 ? example : row] ?? 1;
    return Number(weight) !== 0 && (!hasTime || step < Number(lengths?.array.data[example] ?? steps));
  };
  const problem = checkTargetValues({ shape, width, data }, targets.origin, use, isRead);
  return problem === undefined ? [] : [problem];
}

function wrongRank(origin: Origin, shape: readonly number[], expected: string): RunProblem {
  const message = `${origin.name} has shape [${shape.join(", ")}], but must be ${expected}.`;
  return { code: "array-shape", ...placeOf(origin), message };
}

function locationOf({ origin }: Role): Pick<RunProblem, "path" | "file"> {
  return placeOf(origin);
}

function placeOf({ path, file }: Origin): Pick<RunProblem, "path" | "file"> {
  return { path, ...(file !== undefined && { file }) };
}

function formatShape(role: Role): string {
  return `[${role.array.shape.join(", ")}]`;
}
