/** Predicts with a run's model from a file of inputs into predictions, and writes them or the outputs. */
import { dirname, resolve } from "node:path";
import { writeZip } from "../data/formats/zip.js";
import { invalidInput, type RunFailure } from "../outcome.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";
import { severalOutputsProblem } from "../run/one-output.js";
import { openRun, type Run } from "../run/open.js";
import { checkOutputFile } from "../run/output-file.js";
import type { RequestedDevice } from "../sessions/session.js";
import { durableFs, writeFileAtomic } from "../storage/durable-fs.js";
import type { ForecastRequest } from "./forecast-members.js";
import type { Prediction } from "./format-predictions.js";
import { type InputFile, type PredictionSource, toInputFile } from "./inline-inputs.js";
import { openPredictor, type Predictions, type PredictionsOutcome } from "./predictor.js";
import { withTemporaryInput } from "./temporary-input.js";
import { type OutputKind, outputArray, outputKind, outputText } from "./write-predictions.js";

export interface PredictRequest {
  /** The run directory. */
  readonly run: string;
  /** A file relative to `folder`, the contents of one, or values. */
  readonly input: PredictionSource | InputFile;
  /** The file to write, relative to `folder`; null for none. */
  readonly output: string | null;
  readonly folder: string;
  /** Beam width of a decoder, or of the CTC decoder; null for greedy decoding, and for models without a decoder. */
  readonly beam: number | null;
  /** The windows of a table to predict from; default: all for the forecast of one row, the last for several rows. */
  readonly windows?: "all" | "last" | null;
  /** Levels and samples of quantiles and distributions; default: those of the loss, and no samples. */
  readonly forecast?: ForecastRequest | null;
  readonly device: RequestedDevice;
}

export type PredictOutcome = Result<
  { readonly predictions: readonly Prediction[]; readonly notices: readonly string[] },
  RunFailure
>;

export async function predictRun(request: PredictRequest): Promise<PredictOutcome> {
  const { folder, input, output, beam, windows = null, forecast = null, device } = request;
  const runResult = openRun(request.run);
  if (!runResult.ok) return invalidInput(runResult.error);
  const run = runResult.value;
  const target = output === null ? ok(null) : checkOutput(request, output, run);
  if (!target.ok) return invalidInput(target.error);
  const predictor = openPredictor(run, device);
  const result = await predictFrom(input, folder, run, (file, start) =>
    predictor.predict(file, start, beam, windows, forecast),
  );
  if (!result.ok) return result;
  if (target.value !== null) writeOutput(target.value.path, encodePredictions(target.value.kind, result.value));
  const { predictions, notices } = result.value;
  return ok({ predictions, notices });
}

async function predictFrom(
  input: PredictRequest["input"],
  folder: string,
  run: Run,
  predict: (file: string, folder: string) => Promise<PredictionsOutcome>,
): Promise<PredictionsOutcome> {
  if (typeof input === "string") return predict(input, folder);
  const file = "content" in input ? ok(input) : toInputFile(run.spec.data, input);
  if (!file.ok) return invalidInput(file.error);
  return withTemporaryInput(file.value, (start) => predict(file.value.name, start));
}

interface OutputFile {
  readonly path: string;
  readonly kind: OutputKind;
}

function checkOutput({ folder, input, run: runFolder }: PredictRequest, output: string, run: Run): Result<OutputFile> {
  const kind = outputKind(output);
  if (!kind.ok) return kind;
  const path = resolve(folder, output);
  const replaced = checkOutputFile(path, runFolder, typeof input === "string" ? resolve(folder, input) : undefined);
  if (replaced !== undefined) return fail([replaced]);
  const isArray = kind.value === ".npy" || kind.value === ".npz";
  if (run.spec.data.type === "pairs" && isArray) return fail([unsupportedKind(output)]);
  const several = severalOutputsProblem(
    run.spec,
    "an .npy file",
    "Name an .npz file, which has an array for each output.",
  );
  if (kind.value === ".npy" && several !== undefined) return fail([several]);
  return ok({ path, kind: kind.value });
}

function encodePredictions(kind: OutputKind, { predictions, scoresByOutput }: Predictions): Uint8Array {
  if (kind !== ".npy" && kind !== ".npz") return Buffer.from(outputText(kind, predictions));
  const arrays = [...scoresByOutput].map(([name, outputs]) => ({ name: `${name}.npy`, content: outputArray(outputs) }));
  return kind === ".npz" ? writeZip(arrays) : (arrays[0]?.content ?? outputArray([]));
}

function writeOutput(path: string, content: Uint8Array): void {
  durableFs.makeFolder(dirname(path));
  try {
    writeFileAtomic(durableFs, path, content);
  } catch (error) {
    durableFs.remove(`${path}.partial`);
    throw error;
  }
}

function unsupportedKind(output: string): RunProblem {
  const message = `The predictions of a decoder are texts, which cannot be written to "${output}".`;
  return { code: "file-kind", path: "", message, hint: "Name a .csv, .json or .jsonl file." };
}
