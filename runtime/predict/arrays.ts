/**
 * Arrays: the inputs in an `.npy` or `.json` file, or with lengths and first states beside them as members of an `.npz` file or
 * of a JSON object.
 */
import { existsSync, readFileSync } from "node:fs";
import { extname, resolve } from "node:path";
import type { ArraySignature } from "../../compiler/signature.js";
import type { ArraySource } from "../../schema/normal.js";
import { type Origin, toFloat32, toIndices, toLengths } from "../data/numbers.js";
import { readArray } from "../data/read.js";
import { gatherRows } from "../data/rows.js";
import type { NumericArray } from "../data/source.js";
import { type Checked, type RunProblem, refuse } from "../problem.js";
import { classified, likeliest, probabilities, quantities } from "./answers.js";
import type { InputsOpening, OpenInputs } from "./inputs.js";
import { blankOf, spell, spelledOut } from "./spelling.js";

export const arrays: OpenInputs = async (opening) => {
  const { run, uses, beam } = opening;
  const { spec, signature } = run;
  const { inputs: wanted, lengths: timed, initial_states = {} } = signature;
  const sources = sourcesOf(opening, Object.keys(initial_states));
  const first = read(sources, "inputs", wanted, opening);
  if (!first.ok) return first;
  const inputs = first.array;
  const [examples = 0, time = 1] = inputs.shape;
  const all = new Map([["inputs", inputs]]);
  const problems: RunProblem[] = [];
  if (timed !== undefined) {
    const live = sources.has("lengths") ? read(sources, "lengths", timed, opening, time) : undefined;
    const whole = BigInt64Array.from({ length: examples }, () => BigInt(time));
    if (live === undefined) all.set("lengths", { dtype: "int64", shape: [examples], data: whole });
    else if (live.ok) all.set("lengths", live.array);
    else problems.push(...live.problems);
  }
  for (const [name, state] of Object.entries(initial_states)) {
    const found = read(sources, name, state, opening);
    if (found.ok) all.set(name, found.array);
    else problems.push(...found.problems);
  }
  for (const [name, { shape }] of all) {
    if (shape[0] === examples) continue;
    const message = `${name} has ${shape[0]} examples, and inputs has ${examples}.`;
    problems.push({ code: "array-shape", path: "", file: opening.file, message, hint: "" });
  }
  if (problems.length > 0) return refuse(...problems);

  const steps = timed === undefined ? undefined : all.get("lengths")?.data;
  return {
    ok: true,
    inputs: {
      lengths: Uint32Array.from({ length: examples }, (_, example) => Number(steps?.[example] ?? time)),
      // The rows of an array are of one length, whether or not all of their steps are live.
      padded: true,
      batch: (chosen) => new Map([...all].map(([name, array]) => [name, gatherRows(array, chosen)])),
      finish: (scores) => probabilities(spec, uses.targets, scores),
      describe(index, finished) {
        if (uses.targets !== "classes") return { index, output: quantities(finished) };
        if (spec.loss.type === "ctc")
          return { index, ...spelledOut(spell(finished, blankOf(spec.loss, finished), beam)) };
        if (finished.shape.length === 1) return { index, ...classified("class", finished, null) };
        const said = likeliest(finished, null);
        return { index, class: said.map(({ id }) => id), probability: said.map(({ probability }) => probability) };
      },
    },
  };
};

/** Where each role is, by its name. */
function sourcesOf({ file, folder }: InputsOpening, states: readonly string[]): ReadonlyMap<string, ArraySource> {
  const kind = extname(file).toLowerCase();
  if (kind === ".npz") return new Map(["inputs", "lengths", ...states].map((name) => [name, `${file}#${name}`]));
  const members = kind === ".json" && existsSync(resolve(folder, file)) ? membersOf(resolve(folder, file)) : undefined;
  return new Map(members === undefined ? [["inputs", file]] : Object.entries(members));
}

/** The members of an object in a file; undefined where it holds something else, or nothing that can be read. */
function membersOf(file: string): Readonly<Record<string, ArraySource>> | undefined {
  try {
    const { initial_states = {}, ...others } = JSON.parse(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
    return Array.isArray(others) || !("inputs" in others) ? undefined : { ...others, ...initial_states };
  } catch {
    return undefined;
  }
}

function read(
  sources: ReadonlyMap<string, ArraySource>,
  name: string,
  { dtype, shape }: ArraySignature,
  { file, folder }: InputsOpening,
  time?: number,
): Checked<{ readonly array: NumericArray }> {
  const refuseHere = (code: string, message: string, hint = "") => refuse({ code, path: "", file, message, hint });
  const source = sources.get(name);
  if (source === undefined) return refuseHere("array-missing", `"${file}" has no ${name}, which the model reads.`);
  if (Array.isArray(source) && source.length === 0) return refuseHere("array-shape", `${name} in "${file}" is empty.`);
  const found = readArray(source, folder, name, "");
  if (!found.ok) return refuse(...found.problems.map((problem) => ({ ...problem, file })));
  const { numbers } = found;
  const fits =
    numbers.shape.length === shape.length &&
    shape.every((size, axis) => typeof size !== "number" || size === numbers.shape[axis]);
  if (!fits || numbers.shape.includes(0)) {
    const message = `${name} in "${file}" has shape [${numbers.shape.join(", ")}], and should be [${shape.join(", ")}].`;
    return refuseHere("array-shape", message, "That is the shape that the run was trained on.");
  }
  const origin: Origin = { name, path: "", file };
  if (dtype === "int64") return toLengths(numbers, origin, time);
  return dtype === "int32" ? toIndices(numbers, origin, "Token ids") : toFloat32(numbers, origin);
}
