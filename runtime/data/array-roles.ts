/** The arrays of each role: read, converted to what the model reads, and held against each other. */
import type { ArraySignature } from "../../compiler/signature.js";
import type { ArraySource, NormalArraysData } from "../../schema/normal.js";
import { child } from "../../schema/pointer.js";
import { type Checked, type RunProblem, refuse } from "../problem.js";
import { type Origin, toFloat32, toIndices, toLengths } from "./numbers.js";
import { readArray } from "./read.js";
import type { NumericArray, Uses } from "./source.js";

/** One role's array, where it was written, and its signature: only the source knows which axis is time. */
export interface Role {
  readonly origin: Origin;
  readonly array: NumericArray;
  readonly signature: ArraySignature;
  /** An input besides the main one. */
  readonly side?: true;
}

type Inputs = NormalArraysData["inputs"];

export function isSeveral(inputs: Inputs): inputs is Readonly<Record<string, ArraySource>> {
  return typeof inputs === "object" && !Array.isArray(inputs);
}

/** The inputs by name, the main one first. */
export function inputSources({
  inputs,
}: Pick<NormalArraysData, "inputs">): readonly (readonly [string, ArraySource])[] {
  return isSeveral(inputs) ? Object.entries(inputs) : [["inputs", inputs]];
}

/** Reads and converts every role that can be; the rest are reported. */
export function readRoles(
  data: NormalArraysData,
  folder: string,
  uses: Uses,
  problems: RunProblem[],
): ReadonlyMap<string, Role> {
  const roles = new Map<string, Role>();
  const keep = (name: string, checked: Checked<{ readonly role: Role }>) => {
    if (checked.ok) roles.set(name, checked.role);
    else problems.push(...checked.problems);
  };
  const read = (key: string, source: ArraySource) => readArray(source, folder, key, `/data/${key}`);

  const [first, ...sides] = inputSources(data);
  const [mainName, main] = first ?? ["inputs", []];
  const mainPath = isSeveral(data.inputs) ? child("/data/inputs", mainName) : "/data/inputs";
  const asIds = uses.inputs === "ids" || uses.inputNamed(mainName) === "ids";
  keep("inputs", inputsRole(readArray(main, folder, mainName, mainPath), asIds));
  for (const [name, source] of sides) {
    const place = child("/data/inputs", name);
    const asIds = uses.inputNamed(name) === "ids";
    keep(name, sideRole(readArray(source, folder, name, place), asIds, name, timeOf(roles.get("inputs"))));
  }
  // Axes are named by comparison with the inputs' time axis, so nothing is asked of the others when the inputs are unknown.
  const time = timeOf(roles.get("inputs"));
  keep("targets", targetsRole(read("targets", data.targets), uses, time));
  if (data.lengths !== null) keep("lengths", lengthsRole(read("lengths", data.lengths), time, roles.has("inputs")));
  if (data.weights !== null) keep("weights", weightsRole(read("weights", data.weights)));
  for (const [name, source] of Object.entries(data.initial_states)) {
    keep(name, stateRole(readArray(source, folder, name, child("/data/initial_states", name))));
  }
  return roles;
}

type ReadRole = ReturnType<typeof readArray>;

function inputsRole(read: ReadRole, asIds: boolean): Checked<{ readonly role: Role }> {
  if (!read.ok) return read;
  const { numbers, origin } = read;
  if (asIds) {
    if (numbers.shape.length !== 2) return refuse(wrongRank(origin, numbers.shape, "[examples, time] of token ids"));
    return roleOf(toIndices(numbers, origin, "Token ids"), origin, ["batch", "time"]);
  }
  const [, width, features] = numbers.shape;
  if (width === undefined || numbers.shape.length > 3) {
    return refuse(wrongRank(origin, numbers.shape, "[examples, time, features] or [examples, features]"));
  }
  return roleOf(
    toFloat32(numbers, origin),
    origin,
    features === undefined ? ["batch", width] : ["batch", "time", features],
  );
}

/** Words for what the data feeds besides its inputs. */
const reserved: readonly string[] = ["inputs", "targets", "lengths", "weights", "step"];

/** An input besides the main one has an axis of time of its own, unless it is as long. */
function sideRole(
  read: ReadRole,
  asIds: boolean,
  name: string,
  mainTime: number | undefined,
): Checked<{ readonly role: Role }> {
  const made = inputsRole(read, asIds);
  if (!made.ok) return made;
  const { role } = made;
  if (reserved.includes(name)) {
    const message = `An input besides the first cannot be named "${name}".`;
    return refuse({ ...placeOf(role), code: "reserved-name", message, hint: "Choose another name." });
  }
  const time = role.array.shape[1] === mainTime ? "time" : `${name}_time`;
  const shape = role.signature.shape.map((dim) => (dim === "time" ? time : dim));
  return { ok: true, role: { ...role, side: true, signature: { ...role.signature, shape } } };
}

function targetsRole(read: ReadRole, uses: Uses, time: number | undefined): Checked<{ readonly role: Role }> {
  if (!read.ok) return read;
  const { numbers, origin } = read;
  const [, second, third] = numbers.shape;
  if (numbers.shape.length > 3) return refuse(wrongRank(origin, numbers.shape, "at most [examples, time, size]"));
  const perStep = uses.everyStep && time !== undefined;
  // Whole numbers are classes where there is one for each output; with one axis more they are rows of probabilities.
  const classes = uses.targets === "classes" && numbers.integer && numbers.shape.length === (perStep ? 2 : 1);
  const rest = [second, third].filter((size) => size !== undefined);
  const shape = ["batch", ...(perStep && second === time ? ["time", ...rest.slice(1)] : rest)];
  return roleOf(classes ? toIndices(numbers, origin, "Classes") : toFloat32(numbers, origin), origin, shape);
}

function lengthsRole(read: ReadRole, time: number | undefined, known: boolean): Checked<{ readonly role: Role }> {
  if (!read.ok) return read;
  const { numbers, origin } = read;
  if (numbers.shape.length !== 1) return refuse(wrongRank(origin, numbers.shape, "[examples]"));
  if (time === undefined && known) {
    const message = "lengths needs inputs with an axis of time.";
    return refuse({
      code: "array-shape",
      path: origin.path,
      message,
      hint: "Leave lengths out, or give inputs as [examples, time, features].",
    });
  }
  return roleOf(toLengths(numbers, origin, time), origin, ["batch"]);
}

function weightsRole(read: ReadRole): Checked<{ readonly role: Role }> {
  if (!read.ok) return read;
  const { numbers, origin } = read;
  const rank = numbers.shape.length;
  if (rank > 2) return refuse(wrongRank(origin, numbers.shape, "[examples, time] or [examples]"));
  return roleOf(toFloat32(numbers, origin), origin, rank === 2 ? ["batch", "time"] : ["batch"]);
}

function stateRole(read: ReadRole): Checked<{ readonly role: Role }> {
  if (!read.ok) return read;
  const { numbers, origin } = read;
  const [, size] = numbers.shape;
  if (size === undefined || numbers.shape.length !== 2) {
    return refuse(wrongRank(origin, numbers.shape, "[examples, size of the state]"));
  }
  return roleOf(toFloat32(numbers, origin), origin, ["batch", size]);
}

function roleOf(
  converted: Checked<{ readonly array: NumericArray }>,
  origin: Origin,
  shape: readonly (number | string)[],
): Checked<{ readonly role: Role }> {
  if (!converted.ok) return converted;
  const { array } = converted;
  return { ok: true, role: { origin, array, signature: { dtype: array.dtype, shape } } };
}

export function timeOf(inputs: Role | undefined): number | undefined {
  return inputs?.signature.shape[1] === "time" ? inputs.array.shape[1] : undefined;
}

/** Axes that must have one size: examples in every role, time in those that have it. */
export function disagreements(roles: ReadonlyMap<string, Role>): readonly RunProblem[] {
  const inputs = roles.get("inputs");
  if (inputs === undefined) return [];
  if (inputs.array.shape.includes(0)) {
    return [
      {
        ...placeOf(inputs),
        code: "array-shape",
        message: `inputs has shape ${print(inputs)}: there is nothing to train on.`,
      },
    ];
  }
  const examples = inputs.array.shape[0];
  const time = timeOf(inputs);
  const problems: RunProblem[] = [];
  for (const [name, role] of roles) {
    const report = (what: string) => {
      const message = `${name} has shape ${print(role)}, and inputs has shape ${print(inputs)}: ${what} must agree.`;
      problems.push({ ...placeOf(role), code: "array-shape", message });
    };
    if (role.array.shape[0] !== examples) report("the first axes, examples,");
    else if (role.signature.shape[1] === "time" && role.array.shape[1] !== time) report("the axes of time");
  }
  return problems;
}

function wrongRank(origin: Origin, shape: readonly number[], wanted: string): RunProblem {
  const message = `${origin.name} has shape [${shape.join(", ")}], and should be ${wanted}.`;
  return { code: "array-shape", path: origin.path, ...(origin.file !== undefined && { file: origin.file }), message };
}

function placeOf(role: Role): Pick<RunProblem, "path" | "file"> {
  return { path: role.origin.path, ...(role.origin.file !== undefined && { file: role.origin.file }) };
}

function print(role: Role): string {
  return `[${role.array.shape.join(", ")}]`;
}
