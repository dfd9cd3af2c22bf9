/** The arrays of each role: read, and converted to the model's element types. */
import { type ArraySignature, sideTimeAxis } from "../../../compiler/signature.js";
import { child } from "../../../schema/json-pointer.js";
import { ONLY_TARGET, targetPort } from "../../../schema/kinds/outputs.js";
import type { ArraySource, NormalArraysData } from "../../../schema/normal/index.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import type { NumericArray } from "../../tensors/array.js";
import { mergeNotices } from "../float32-merges.js";
import { type Origin, type ParsedArray, toFloat32, toIndices, toLengths } from "../formats/convert-array.js";
import { readArray } from "../formats/read-array.js";
import type { SourceOptions, Uses } from "../source.js";

/** A role's array with its origin and its signature, which names the time axis. */
export interface Role {
  readonly origin: Origin;
  readonly array: NumericArray;
  readonly signature: ArraySignature;
  /** The reading of an array that has another shape in its file, and columns that lose values in float32. */
  readonly notices: readonly string[];
  /** True for a side input. */
  readonly isSide?: true;
}

type Arrays = NormalArraysData["inputs"];

/** True for an object of arrays by name. */
export function isNamed(arrays: Arrays): arrays is Readonly<Record<string, ArraySource>> {
  return typeof arrays === "object" && !Array.isArray(arrays);
}

/** The inputs by name, the main one first. */
export function inputSources({
  inputs,
}: Pick<NormalArraysData, "inputs">): readonly (readonly [string, ArraySource])[] {
  return isNamed(inputs) ? Object.entries(inputs) : [["inputs", inputs]];
}

/** The targets by name. */
export function targetSources({
  targets,
}: Pick<NormalArraysData, "targets">): readonly (readonly [string, ArraySource])[] {
  return isNamed(targets) ? Object.entries(targets) : [[ONLY_TARGET, targets]];
}

/** Reads and converts every role; adds the problems of those that fail to `problems`. */
export function readRoles(
  data: NormalArraysData,
  { folder, uses, targetUses }: Pick<SourceOptions, "folder" | "uses" | "targetUses">,
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
  const mainPath = isNamed(data.inputs) ? child("/data/inputs", mainName) : "/data/inputs";
  const asIds = uses.inputs === "ids" || uses.inputKind(mainName) === "ids";
  addRole("inputs", inputsRole(readArray(mainSource, folder, mainName, mainPath), asIds));
  for (const [name, source] of sideInputs) {
    const path = child("/data/inputs", name);
    const asIds = uses.inputKind(name) === "ids";
    addRole(name, sideRole(readArray(source, folder, name, path), asIds, name, timeStepsOf(roles.get("inputs"))));
  }
  const time = timeStepsOf(roles.get("inputs"));
  const outputAxisOf = ({ outputTimeAxis }: Uses) =>
    outputTimeAxis((name) => timeAxisOf(name, roles.get(name === mainName ? "inputs" : name)));
  const outputAxis = outputAxisOf(uses);
  for (const [name, source] of targetSources(data)) {
    const targetUse = targetUses.get(name) ?? uses;
    const path = isNamed(data.targets) ? child("/data/targets", name) : "/data/targets";
    const target = targetsRole(readArray(source, folder, name, path), targetUse, outputAxisOf(targetUse));
    addRole(targetPort(name), target);
  }
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
    const ids = squeezeColumn(numbers, 2);
    if (ids.shape.length !== 2)
      return fail([wrongRank(origin, numbers.shape, "[examples, time] of token ids", idsHint)]);
    return withShapeNotice(
      toRole(toIndices(ids, origin, "Token ids"), origin, ["batch", "time"]),
      numbers,
      "token ids",
    );
  }
  const [, width, features] = numbers.shape;
  if (width === undefined)
    return fail([wrongRank(origin, numbers.shape, "[examples, time, features] or [examples, features]", featuresHint)]);
  if (numbers.shape.length > 3) {
    const rows = joinAxes(numbers);
    const role = withShapeNotice(floatRole(rows, origin, ["batch", rows.shape[1] ?? 0]), numbers, "features");
    if (!role.ok) return role;
    return ok({ ...role.value, signature: { ...role.value.signature, axes: numbers.shape.slice(1) } });
  }
  return floatRole(numbers, origin, features === undefined ? ["batch", width] : ["batch", "time", features]);
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
    return fail([{ ...placeOf(role.origin), code: "reserved-name", message, hint: "Choose another name." }]);
  }
  const time = role.array.shape[1] === mainTime ? "time" : sideTimeAxis(name);
  const shape = role.signature.shape.map((dim) => (dim === "time" ? time : dim));
  return ok({ ...role, isSide: true, signature: { ...role.signature, shape } });
}

/** Axes of targets and of weights are named by comparison with the time axis of the output. */
function targetsRole(result: ReadArrayResult, uses: Uses, axis: TimeAxis | undefined): Result<Role> {
  if (!result.ok) return result;
  const { numbers: stored, origin } = result.value;
  if (stored.shape.length > 3)
    return fail([wrongRank(origin, stored.shape, "at most [examples, time, size]", featuresHint)]);
  // Integers are class ids when there is one per output, also as a column; with one more axis they are rows of
  // probabilities.
  const areIds = uses.targets === "classes" && (stored.isInteger || stored.values.every(Number.isInteger));
  const idAxes = axis === undefined ? 1 : 2;
  const numbers = areIds ? squeezeColumn(stored, idAxes) : stored;
  const classes = areIds && numbers.shape.length === idAxes;
  const [, second, third] = numbers.shape;
  const hasTime = axis !== undefined && second === axis.steps && !uses.areLabels;
  const isPerStep = !uses.areLabels && (classes || third !== undefined);
  if (axis !== undefined && axis.steps > 0 && isPerStep && !hasTime)
    return fail([wrongSteps(origin, numbers.shape, axis)]);
  const rest = [second, third].filter((size) => size !== undefined);
  const shape = ["batch", ...(hasTime ? [axis.name, ...rest.slice(1)] : rest)];
  const role = classes
    ? toRole(toIndices(numbers, origin, "Classes"), origin, shape)
    : floatRole(numbers, origin, shape);
  return withShapeNotice(role, stored, "class ids");
}

/** The array without a last axis of size 1 where it has one axis more than `rank`. */
export function squeezeColumn(numbers: ParsedArray, rank: number): ParsedArray {
  const isColumn = numbers.shape.length === rank + 1 && numbers.shape.at(-1) === 1;
  return isColumn ? { ...numbers, shape: numbers.shape.slice(0, -1) } : numbers;
}

/** Rows of the numbers of each example. */
export function joinAxes(numbers: ParsedArray): ParsedArray {
  const [examples = 0, ...axes] = numbers.shape;
  return { ...numbers, shape: [examples, axes.reduce((product, size) => product * size, 1)] };
}

/** The role with a notice where its array has another shape than in its file. */
function withShapeNotice(role: Result<Role>, { shape }: ParsedArray, noun: string): Result<Role> {
  if (!role.ok || role.value.array.shape.length === shape.length) return role;
  const { origin, array, notices } = role.value;
  const [stored, read] = [shape, array.shape].map((sizes) => `[${sizes.join(", ")}]`);
  return ok({ ...role.value, notices: [...notices, `${origin.name} of shape ${stored} are read as ${noun} ${read}.`] });
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
  if (numbers.shape.length !== 1) return fail([wrongRank(origin, numbers.shape, "[examples]", perExampleHint)]);
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
  if (rank > 2) return fail([wrongRank(origin, numbers.shape, "[examples, time] or [examples]", perExampleHint)]);
  return floatRole(numbers, origin, rank === 2 ? ["batch", axis?.name ?? "time"] : ["batch"]);
}

function stateRole(result: ReadArrayResult): Result<Role> {
  if (!result.ok) return result;
  const { numbers, origin } = result.value;
  const [, ...axes] = numbers.shape;
  if (axes.length === 0)
    return fail([wrongRank(origin, numbers.shape, "[examples, axes of the state]", perExampleHint)]);
  return floatRole(numbers, origin, ["batch", ...axes]);
}

function toRole(converted: Result<NumericArray>, origin: Origin, shape: readonly (number | string)[]): Result<Role> {
  if (!converted.ok) return converted;
  const array = converted.value;
  return ok({ origin, array, signature: { dtype: array.dtype, shape }, notices: [] });
}

/** Numbers in float32; with notices of columns that lose values. */
function floatRole(numbers: ParsedArray, origin: Origin, shape: readonly (number | string)[]): Result<Role> {
  const role = toRole(toFloat32(numbers, origin), origin, shape);
  if (!role.ok) return role;
  const size = shape.length > 1 ? shape.at(-1) : 1;
  const width = typeof size === "number" ? size : 1;
  const nameOf = (column: number) => (width === 1 ? origin.name : `${origin.name}[..., ${column}]`);
  return ok({ ...role.value, notices: mergeNotices(numbers.values, width, nameOf) });
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

const idsHint =
  'Give one integer for each step. For vectors of features remove the "embedding" or "one_hot" layer that reads them.';
const featuresHint = "Reshape it: the first axis has the examples, and the last one the numbers of an example or step.";
const perExampleHint = "Reshape it: the first axis has the examples.";

function wrongRank(origin: Origin, shape: readonly number[], expected: string, hint: string): RunProblem {
  const message = `${origin.name} has shape [${shape.join(", ")}], but must be ${expected}.`;
  return { code: "array-shape", ...placeOf(origin), message, hint };
}

export function placeOf({ path, file }: Origin): Pick<RunProblem, "path" | "file"> {
  return { path, ...(file !== undefined && { file }) };
}
