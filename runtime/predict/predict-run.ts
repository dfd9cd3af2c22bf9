/** Predicts with a run's model from a file of inputs into a file of predictions or outputs. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { invalidInput, type RunFailure } from "../outcome.js";
import type { RunProblem } from "../problem.js";
import { ok, type Result } from "../result.js";
import { openRun } from "../run/open.js";
import { checkOutputFile } from "../run/output-file.js";
import type { RequestedDevice } from "../sessions/session.js";
import { durableFs, writeFileAtomic } from "../storage/durable-fs.js";
import { openPredictor, type Predictions } from "./predictor.js";
import { type OutputKind, outputArray, outputKind, outputText } from "./write-predictions.js";

export interface PredictRequest {
  /** The run directory. */
  readonly run: string;
  /** Files, relative to `folder`. */
  readonly input: string;
  readonly output: string;
  readonly folder: string;
  /** Beam width of a decoder, or of the CTC decoder; null for greedy decoding, and for models without a decoder. */
  readonly beam: number | null;
  readonly device: RequestedDevice;
}

export type PredictOutcome = Result<{ readonly predictions: number; readonly notices: readonly string[] }, RunFailure>;

export async function predictRun(request: PredictRequest): Promise<PredictOutcome> {
  const { folder, input, beam, device } = request;
  const runResult = openRun(request.run);
  if (!runResult.ok) return invalidInput(runResult.error);
  const run = runResult.value;
  const kindResult = outputKind(request.output);
  if (!kindResult.ok) return invalidInput(kindResult.error);
  const kind = kindResult.value;
  if (!existsSync(dirname(outputPath(request)))) return invalidInput([missingFolder(request.output)]);
  const replaced = checkOutputFile(outputPath(request), request.run, resolve(folder, input));
  if (replaced !== undefined) return invalidInput([replaced]);
  if (run.spec.data.type === "pairs" && kind === ".npy") return invalidInput([unsupportedKind(request.output)]);
  const result = await openPredictor(run, device).predict(input, folder, beam);
  if (!result.ok) return result;
  writeOutput(outputPath(request), encodePredictions(kind, result.value));
  return ok({ predictions: result.value.predictions.length, notices: result.value.notices });
}

function encodePredictions(kind: OutputKind, { predictions, scores }: Predictions): Uint8Array {
  return kind === ".npy" ? outputArray(scores ?? []) : Buffer.from(outputText(kind, predictions));
}

function outputPath({ folder, output }: PredictRequest): string {
  return resolve(folder, output);
}

function writeOutput(path: string, content: Uint8Array): void {
  try {
    writeFileAtomic(durableFs, path, content);
  } catch (error) {
    durableFs.remove(`${path}.partial`);
    throw error;
  }
}

function missingFolder(output: string): RunProblem {
  return { code: "file-missing", path: "", message: `The folder of "${output}" does not exist.`, hint: "" };
}

function unsupportedKind(output: string): RunProblem {
  const message = `The predictions of a decoder are texts, which cannot be written to "${output}".`;
  return { code: "file-kind", path: "", message, hint: "Name a .csv, .json or .jsonl file." };
}
