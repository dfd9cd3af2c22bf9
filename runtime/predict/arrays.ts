/**
 * Reads inputs for a run on arrays: an `.npy` or `.json` file of inputs, or an `.npz` file or JSON object with inputs,
 * lengths and initial states.
 */
import { existsSync, readFileSync } from "node:fs";
import { extname, resolve } from "node:path";
import type { ArraySignature } from "../../compiler/signature.js";
import type { ArraySource } from "../../schema/normal/index.js";
import { type Origin, toFloat32, toIndices, toLengths } from "../data/formats/convert-array.js";
import { readArray } from "../data/formats/read-array.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";
import type { NumericArray } from "../tensors/array.js";
import { gatherRows } from "../tensors/rows.js";
import { blankIndex, ctcDecode, describeDecoding } from "./ctc-decoder.js";
import { describeClass, describeValues, toProbabilities, topClasses } from "./format-predictions.js";
import type { InputsOptions, OpenInputs } from "./inputs.js";

export const arrays: OpenInputs = async (options) => {
  const { run, uses, beam } = options;
  const { spec, signature } = run;
  const { inputs: inputsSignature, lengths: lengthsSignature, initial_states = {} } = signature;
  const sources = sourcesOf(options, Object.keys(initial_states));
  const inputsResult = readRole(sources, "inputs", inputsSignature, options);
  if (!inputsResult.ok) return inputsResult;
  const inputs = inputsResult.value;
  const [examples = 0, time = 1] = inputs.shape;
  const arraysByRole = new Map([["inputs", inputs]]);
  const problems: RunProblem[] = [];
  if (lengthsSignature !== undefined) {
    const lengthsResult = sources.has("lengths")
      ? readRole(sources, "lengths", lengthsSignature, options, time)
      : undefined;
    const fullLengths = BigInt64Array.from({ length: examples }, () => BigInt(time));
    if (lengthsResult === undefined)
      arraysByRole.set("lengths", { dtype: "int64", shape: [examples], data: fullLengths });
    else if (lengthsResult.ok) arraysByRole.set("lengths", lengthsResult.value);
    else problems.push(...lengthsResult.error);
  }
  for (const [name, state] of Object.entries(initial_states)) {
    const result = readRole(sources, name, state, options);
    if (result.ok) arraysByRole.set(name, result.value);
    else problems.push(...result.error);
  }
  for (const [name, { shape }] of arraysByRole) {
    if (shape[0] === examples) continue;
    const message = `${name} has ${shape[0]} examples, but inputs has ${examples}.`;
    problems.push({ code: "array-shape", path: "", file: options.file, message, hint: "" });
  }
  if (problems.length > 0) return fail(problems);

  const steps = lengthsSignature === undefined ? undefined : arraysByRole.get("lengths")?.data;
  return ok({
    lengths: Uint32Array.from({ length: examples }, (_, example) => Number(steps?.[example] ?? time)),
    // All rows of an array have the same length, including masked steps.
    hasLengths: true,
    batch: (indices) => new Map([...arraysByRole].map(([name, array]) => [name, gatherRows(array, indices)])),
    postprocess: (scores) => toProbabilities(spec, uses.targets, scores),
    describe(index, scores) {
      if (uses.targets !== "classes") return { index, output: describeValues(scores) };
      if (spec.loss.type === "ctc")
        return { index, ...describeDecoding(ctcDecode(scores, blankIndex(spec.loss, scores), beam)) };
      if (scores.shape.length === 1) return { index, ...describeClass("class", scores, null) };
      const topPerStep = topClasses(scores, null);
      return {
        index,
        class: topPerStep.map(({ id }) => id),
        probability: topPerStep.map(({ probability }) => probability),
      };
    },
  });
};

/** The source of each role, by name. */
function sourcesOf({ file, folder }: InputsOptions, states: readonly string[]): ReadonlyMap<string, ArraySource> {
  const kind = extname(file).toLowerCase();
  if (kind === ".npz") return new Map(["inputs", "lengths", ...states].map((name) => [name, `${file}#${name}`]));
  const members = kind === ".json" && existsSync(resolve(folder, file)) ? membersOf(resolve(folder, file)) : undefined;
  return new Map(members === undefined ? [["inputs", file]] : Object.entries(members));
}

/** The members of a JSON object in a file; undefined for other contents, and where the file cannot be read. */
function membersOf(file: string): Readonly<Record<string, ArraySource>> | undefined {
  try {
    const { initial_states = {}, ...others } = JSON.parse(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
    return Array.isArray(others) || !("inputs" in others) ? undefined : { ...others, ...initial_states };
  } catch {
    return undefined;
  }
}

function readRole(
  sources: ReadonlyMap<string, ArraySource>,
  name: string,
  { dtype, shape }: ArraySignature,
  { file, folder }: InputsOptions,
  time?: number,
): Result<NumericArray> {
  const refuseHere = (code: string, message: string, hint = "") => fail([{ code, path: "", file, message, hint }]);
  const source = sources.get(name);
  if (source === undefined)
    return refuseHere("array-missing", `"${file}" has no ${name}, which is an input of the model.`);
  if (Array.isArray(source) && source.length === 0) return refuseHere("array-shape", `${name} in "${file}" is empty.`);
  const result = readArray(source, folder, name, "");
  if (!result.ok) return fail(result.error.map((problem) => ({ ...problem, file })));
  const { numbers } = result.value;
  const isValid =
    numbers.shape.length === shape.length &&
    shape.every((size, axis) => typeof size !== "number" || size === numbers.shape[axis]);
  if (!isValid || numbers.shape.includes(0)) {
    const message = `${name} in "${file}" has shape [${numbers.shape.join(", ")}], but must be [${shape.join(", ")}].`;
    return refuseHere("array-shape", message, "Use the shape of the training data.");
  }
  const origin: Origin = { name, path: "", file };
  if (dtype === "int64") return toLengths(numbers, origin, time);
  return dtype === "int32" ? toIndices(numbers, origin, "Token ids") : toFloat32(numbers, origin);
}
