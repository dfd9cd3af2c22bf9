/** Predicts with a run: its exported model over a file of inputs, what it says written beside it in words or numbers. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { disk, replaceFile } from "./disk.js";
import { type RunFailure, wrongInput } from "./outcome.js";
import { type OutputKind, outputArray, outputKind, outputText } from "./predict/output.js";
import { openPredictor, type Predictions } from "./predictor.js";
import type { RunProblem } from "./problem.js";
import { openRun } from "./run.js";
import type { RequestedDevice } from "./session.js";

export interface PredictRequest {
  /** The run directory. */
  readonly run: string;
  /** Files, from `folder`. */
  readonly input: string;
  readonly output: string;
  readonly folder: string;
  /** Sequences that a decoder, or a search over the labels of ctc, keeps; null: greedily, the only way where nothing is decoded. */
  readonly beam: number | null;
  readonly device: RequestedDevice;
}

export type PredictOutcome =
  | { readonly ok: true; readonly predictions: number; readonly notices: readonly string[] }
  | RunFailure;

export async function predictRun(request: PredictRequest): Promise<PredictOutcome> {
  const { folder, input, beam, device } = request;
  const opened = openRun(request.run);
  if (!opened.ok) return wrongInput(opened.problems);
  const { run } = opened;
  const kind = outputKind(request.output);
  if (typeof kind !== "string") return wrongInput([kind]);
  if (!existsSync(dirname(pathOf(request)))) return wrongInput([noFolder(request.output)]);
  if (run.spec.data.type === "pairs" && kind === ".npy") return wrongInput([noArray(request.output)]);
  const said = await openPredictor(run, device).predict(input, folder, beam);
  if (!said.ok) return said;
  write(pathOf(request), contentOf(kind, said));
  return { ok: true, predictions: said.predictions.length, notices: said.notices };
}

function contentOf(kind: OutputKind, { predictions, scores }: Predictions): Uint8Array {
  return kind === ".npy" ? outputArray(scores ?? []) : Buffer.from(outputText(kind, predictions));
}

function pathOf({ folder, output }: PredictRequest): string {
  return resolve(folder, output);
}

function write(path: string, content: Uint8Array): void {
  try {
    replaceFile(disk, path, content);
  } catch (error) {
    disk.remove(`${path}.partial`);
    throw error;
  }
}

function noFolder(output: string): RunProblem {
  return { code: "file-missing", path: "", message: `The folder of "${output}" does not exist.`, hint: "" };
}

function noArray(output: string): RunProblem {
  const message = `What a decoder writes is text, and cannot be written to "${output}".`;
  return { code: "file-kind", path: "", message, hint: "Name a .csv, .json or .jsonl file." };
}
