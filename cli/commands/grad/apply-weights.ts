/** `rnnx grad --apply`: trained weights in place of those of the model that they came from. */
import { readFileSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { formatBytes } from "../../../runtime/format.js";
import { suggestion } from "../../../schema/diagnostics/suggest.js";
import { matchesAny } from "../../../schema/kinds/parameter-patterns.js";
import { modelOf } from "../../../schema/model-files.js";
import { reportInvalidInput } from "../../errors.js";
import { exitCodes } from "../../exit-codes.js";
import type { Output } from "../../output.js";

/** The bytes of a file; undefined after a reported error. */
async function readFileOf(output: Output, file: string): Promise<Uint8Array | undefined> {
  try {
    return readFileSync(file);
  } catch (error) {
    const { unreadableFile } = await import("../../../runtime/storage/system-errors.js");
    const { code, message, hint = "" } = unreadableFile("", file, error);
    reportInvalidInput(output, code, message, hint);
    return undefined;
  }
}

/** The bytes of a model with its named tied weights separated; undefined after a reported error. */
export async function readModelFile(
  output: Output,
  file: string,
  untie: readonly string[],
): Promise<Uint8Array | undefined> {
  const bytes = await readFileOf(output, file);
  if (bytes === undefined || untie.length === 0) return bytes;
  const [{ readModel }, { separateWeights }, { unmatchedUntie }] = await Promise.all([
    import("../../../compiler/onnx/read/model.js"),
    import("../../../compiler/onnx/splice/separate-weights.js"),
    import("../../../compiler/elaborate/layers/onnx/model.js"),
  ]);
  // A file that is no model is reported where it is read.
  if (!readModel(bytes).ok) return bytes;
  const unmatched = unmatchedUntie(bytes, untie);
  if (unmatched === undefined) return separateWeights(bytes, (name) => matchesAny(untie, name));
  const { pattern, names } = unmatched;
  const hint = names.length === 0 ? "Remove --untie." : suggestion(pattern, names, "Such tensors");
  reportInvalidInput(output, "untie", `${file}: --untie ${pattern} names no tensor that several nodes read`, hint);
  return undefined;
}

/** Writes the model with other weights. @returns the exit code. */
export async function applyWeights(
  output: Output,
  file: string,
  weightsFile: string,
  out: string,
  untie: readonly string[],
): Promise<number> {
  const [
    { readModel },
    { separateStatistics },
    { separateWeights },
    { replaceWeights },
    { readSafetensors },
    { durableFs },
    { dataFileTaken, writeVerified },
    { openModelFile },
  ] = await Promise.all([
    import("../../../compiler/onnx/read/model.js"),
    import("../../../compiler/onnx/splice/separate-statistics.js"),
    import("../../../compiler/onnx/splice/separate-weights.js"),
    import("../../../compiler/onnx/splice/replace-weights.js"),
    import("../../../runtime/tensors/safetensors.js"),
    import("../../../runtime/storage/durable-fs.js"),
    import("../../../runtime/export/write-files.js"),
    import("../../../schema/parse/model-file.js"),
  ]);
  const fail = (code: string, message: string, hint: string): number => {
    reportInvalidInput(output, code, message, hint);
    return exitCodes.invalidInput;
  };
  const target = statSync(out, { throwIfNoEntry: false });
  if (target?.isDirectory() === true)
    return fail("usage", `--out ${out} is a folder; with --apply it is a file`, "Name a file, such as trained.onnx.");
  if (target !== undefined && [file, weightsFile].some((source) => resolve(source) === resolve(out)))
    return fail("usage", `--out ${out} is a file that is read`, "Name another file with --out.");
  const [bytes, weightBytes] = [await readModelFile(output, file, untie), await readFileOf(output, weightsFile)];
  if (bytes === undefined || weightBytes === undefined) return exitCodes.invalidInput;
  const model = readModel(bytes);
  if (!model.ok) return fail(model.problem.code, `${file}: ${model.problem.message}`, model.problem.hint);
  const weights = readSafetensors(weightBytes);
  if (!weights.ok)
    return fail("weights", `${weightsFile} ${weights.error}`, "Give the weights that a training of the model wrote.");
  // Names of the ports of a training step have a prefix.
  const tensors = new Map([...weights.value.tensors].map(([name, tensor]) => [name.replace(/^model\//, ""), tensor]));
  const namesIn = (changed: Uint8Array): ReadonlySet<string> => {
    const read = readModel(changed);
    return new Set(read.ok ? read.model.initializers.map(({ name }) => name) : []);
  };
  const stored = namesIn(separateStatistics(bytes));
  const untied = namesIn(separateWeights(bytes, () => true));
  // Files of a training have optimizer state too, PARAMETER/SLOT. Weights that --untie separated are named alike.
  const isSlot = (name: string) => !untied.has(name) && stored.has(name.slice(0, name.lastIndexOf("/")));
  const unknown = [...tensors.keys()].find((name) => !stored.has(name) && !isSlot(name));
  if (unknown !== undefined)
    return fail(
      "weights",
      `${file} stores no tensor "${unknown}", which ${weightsFile} has`,
      "Give the weights of this model, and the --untie of its training.",
    );
  // Next to the model its files stay as they are, and trained values move into the new model.
  const isNextToModel = resolve(dirname(out)) === resolve(dirname(file));
  const opened = openModelFile(resolve(file), file);
  if (typeof opened !== "string") return fail(opened.code, opened.message, opened.hint ?? "");
  const result = replaceWeights(bytes, tensors, isNextToModel ? new Map() : modelOf(opened)?.files);
  if (!result.ok) return fail("weights", result.message, "Give the weights of this model.");
  const taken = dataFileTaken(out, result.files);
  if (taken !== undefined) return fail(taken.code, taken.message, taken.hint ?? "");
  const data = [...result.files].map(([name, content]) => ({ name, content }));
  await writeVerified(durableFs, out, [...data, { name: basename(out), content: result.model }], async () => true);
  output.record({ event: "result", out, bytes: result.model.length, replaced: result.replaced });
  output.print(`${out}  ${formatBytes(result.model.length)}`);
  return exitCodes.success;
}
