/** Predicts with a run: its exported model over a file of inputs, what it says written beside it in words or numbers. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import type { Manifest } from "../compiler/artifact.js";
import { type NumericArray, usesOf } from "./data/source.js";
import { runFiles } from "./directory.js";
import { disk, replaceFile } from "./disk.js";
import { failed, type RunFailure, wrongInput } from "./outcome.js";
import type { Prediction, Scores } from "./predict/answers.js";
import { readers } from "./predict/index.js";
import { batchesOf, type PredictionInputs } from "./predict/inputs.js";
import { type OutputKind, outputArray, outputKind, outputText } from "./predict/output.js";
import { decodeSources, readSources } from "./predict/pairs.js";
import type { RunProblem } from "./problem.js";
import { openRun, type Run } from "./run.js";
import { openSession, type RequestedDevice } from "./session.js";
import { floatsOf, tensorOf } from "./tensors.js";

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

/** Examples in a batch, at most. */
const batchSize = 256;

export async function predictRun(request: PredictRequest): Promise<PredictOutcome> {
  const { folder, input, beam, device } = request;
  const opened = openRun(request.run);
  if (!opened.ok) return wrongInput(opened.problems);
  const { run } = opened;
  const kind = outputKind(request.output);
  if (typeof kind !== "string") return wrongInput([kind]);
  if (!existsSync(dirname(pathOf(request)))) return wrongInput([noFolder(request.output)]);
  const model = join(run.folder, runFiles.model);
  if (!existsSync(model)) return wrongInput([notEnded(run)]);
  const elements = run.manifest.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const open = () => openSession(readFileSync(model), device, elements * batchSize);

  const { type } = run.spec.data;
  if (type === "pairs") {
    if (kind === ".npy") return wrongInput([noArray(request.output)]);
    const read = readSources(run, input, folder);
    if (!read.ok) return wrongInput(read.problems.map(asNamedHere));
    const session = await open();
    if (!session.ok) return failed(session.message, session.hint);
    const predictions = await decodeSources(run, session.session, read.sources, beam ?? 1);
    return write(request, Buffer.from(outputText(kind, predictions)), predictions.length, session.notice);
  }
  if (beam !== null && run.spec.loss.type !== "ctc") return wrongInput([nothingDecoded(run)]);
  const read = await readers[type]({ run, file: input, folder, uses: usesOf(run.spec), beam: beam ?? 1 });
  if (!read.ok) return wrongInput(read.problems.map(asNamedHere));
  const session = await open();
  if (!session.ok) return failed(session.message, session.hint);
  const finished = await scoresOf(session.session, run.manifest, read.inputs);
  return write(request, contentOf(kind, read.inputs, finished), finished.length, session.notice);
}

function nothingDecoded({ spec }: Run): RunProblem {
  const message = `The data of this run are of type "${spec.data.type}": there is no sequence to write with a beam.`;
  return { code: "no-decoder", path: "", message, hint: "Leave --beam out." };
}

/** The model's finished numbers for every example. */
async function scoresOf(
  session: InferenceSession,
  { model: { inputs: ports, outputs } }: Manifest,
  inputs: PredictionInputs,
): Promise<readonly Scores[]> {
  const port = outputs.find(({ role }) => role === "prediction");
  if (port === undefined) throw new Error("The model gives no predictions.");
  const perStep = port.shape.length > 2;
  const finished: Scores[] = [];
  for (const examples of batchesOf(inputs, batchSize)) {
    const batch = inputs.batch(examples);
    const fed = ports.filter(({ role }) => role === "data" || role === "state");
    const feeds = fed.map(({ name, role, shape }) => {
      const array = role === "state" ? zeros(examples.length, shape) : batch.get(name);
      if (array === undefined) throw new Error(`The inputs lack "${name}".`);
      return [name, tensorOf(array)] as const;
    });
    const results = await session.run(Object.fromEntries(feeds));
    const data = floatsOf(results, port);
    const [, ...shape] = results[port.name]?.dims ?? [];
    const width = data.length / examples.length;
    for (const [row, example] of examples.entries()) {
      const steps = perStep ? Math.min(shape[0] ?? 0, inputs.lengths[example] ?? 0) : 1;
      const size = perStep ? (width / (shape[0] ?? 1)) * steps : width;
      const scores = {
        shape: perStep ? [steps, ...shape.slice(1)] : shape,
        data: data.slice(row * width, row * width + size),
      };
      finished[example] = inputs.finish(scores);
    }
  }
  return finished;
}

/** First states of layers that carry theirs. */
function zeros(rows: number, [, ...shape]: readonly (number | string)[]): NumericArray {
  const sizes = [rows, ...shape.map(Number)];
  return { dtype: "float32", shape: sizes, data: new Float32Array(sizes.reduce((product, size) => product * size, 1)) };
}

function contentOf(kind: OutputKind, inputs: PredictionInputs, finished: readonly Scores[]): Uint8Array {
  if (kind === ".npy") return outputArray(finished);
  const predictions: readonly Prediction[] = finished.map((scores, example) => inputs.describe(example, scores));
  return Buffer.from(outputText(kind, predictions));
}

function pathOf({ folder, output }: PredictRequest): string {
  return resolve(folder, output);
}

function write(request: PredictRequest, content: Uint8Array, predictions: number, notice: string): PredictOutcome {
  const path = pathOf(request);
  try {
    replaceFile(disk, path, content);
  } catch (error) {
    disk.remove(`${path}.partial`);
    throw error;
  }
  return { ok: true, predictions, notices: notice === "" ? [] : [notice] };
}

/** A flag names the file, and no member of a spec. */
function asNamedHere(problem: RunProblem): RunProblem {
  return { ...problem, path: "", hint: problem.code === "file-missing" ? "" : (problem.hint ?? "") };
}

function notEnded({ folder }: Run): RunProblem {
  const message = `The run "${folder}" has no model.onnx yet: it was killed before its end.`;
  return { code: "not-ended", path: "", message, hint: "Go on with rnnx train --resume." };
}

function noFolder(output: string): RunProblem {
  return { code: "file-missing", path: "", message: `The folder of "${output}" does not exist.`, hint: "" };
}

function noArray(output: string): RunProblem {
  const message = `What a decoder writes is text, and cannot be written to "${output}".`;
  return { code: "file-kind", path: "", message, hint: "Name a .csv, .json or .jsonl file." };
}
