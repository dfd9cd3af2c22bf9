/** A run's exported model, put to use: what it says of a file of inputs. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import type { Manifest } from "../compiler/artifact.js";
import { type NumericArray, usesOf } from "./data/source.js";
import { runFiles } from "./directory.js";
import { failed, type RunFailure, wrongInput } from "./outcome.js";
import type { Prediction, Scores } from "./predict/answers.js";
import { readers } from "./predict/index.js";
import { batchesOf, type PredictionInputs } from "./predict/inputs.js";
import { decodeSources, readSources } from "./predict/pairs.js";
import type { RunProblem } from "./problem.js";
import type { Run } from "./run.js";
import { loadOf, openSession, type RequestedDevice } from "./session.js";
import { floatsOf, tensorOf } from "./tensors.js";

export interface Predictions {
  /** In words: classes by name with their probabilities, quantities scaled back, sequences spelt out. */
  readonly predictions: readonly Prediction[];
  /** The numbers that these words were made of; null for what a decoder wrote. */
  readonly scores: readonly Scores[] | null;
  readonly notices: readonly string[];
}

export type PredictionsOutcome = ({ readonly ok: true } & Predictions) | RunFailure;

export interface Predictor {
  /**
   * @param file Inputs in the format of the run's data, from `folder`.
   * @param beam Sequences that a decoder, or a search over the labels of ctc, keeps; null: greedily, the only way where nothing is decoded.
   */
  predict(file: string, folder: string, beam: number | null): Promise<PredictionsOutcome>;
}

/** Examples in a batch, at most. */
const batchSize = 256;

/** The model is read when it is first asked, and kept. */
export function openPredictor(run: Run, device: RequestedDevice): Predictor {
  const model = join(run.folder, runFiles.model);
  let opening: ReturnType<typeof openSession> | undefined;
  const open = () => {
    opening ??= openSession(readFileSync(model), device, loadOf(run.manifest.parameters, batchSize));
    return opening;
  };
  const { type } = run.spec.data;

  return {
    async predict(file, folder, beam) {
      if (!existsSync(model)) return wrongInput([notEnded(run)]);
      if (type === "pairs") {
        const read = readSources(run, file, folder);
        if (!read.ok) return wrongInput(read.problems.map(asNamedHere));
        const session = await open();
        if (!session.ok) return failed(session.message, session.hint);
        const predictions = await decodeSources(run, session.session, read.sources, beam ?? 1);
        return { ok: true, predictions, scores: null, notices: noticesOf(session.notice) };
      }
      if (beam !== null && run.spec.loss.type !== "ctc") return wrongInput([nothingDecoded(run)]);
      const read = await readers[type]({ run, file, folder, uses: usesOf(run.spec), beam: beam ?? 1 });
      if (!read.ok) return wrongInput(read.problems.map(asNamedHere));
      const { inputs } = read;
      const session = await open();
      if (!session.ok) return failed(session.message, session.hint);
      const scores = await scoresOf(session.session, run.manifest, inputs);
      const predictions = scores.map((said, example) => inputs.describe(example, said));
      return { ok: true, predictions, scores, notices: noticesOf(session.notice) };
    },
  };
}

function noticesOf(notice: string): readonly string[] {
  return notice === "" ? [] : [notice];
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

function nothingDecoded({ spec }: Run): RunProblem {
  const message = `The data of this run are of type "${spec.data.type}": there is no sequence to write with a beam.`;
  return { code: "no-decoder", path: "", message, hint: "Leave --beam out." };
}

/** A flag names the file, and no member of a spec. */
function asNamedHere(problem: RunProblem): RunProblem {
  return { ...problem, path: "", hint: problem.code === "file-missing" ? "" : (problem.hint ?? "") };
}

function notEnded({ folder }: Run): RunProblem {
  const message = `The run "${folder}" has no model.onnx yet: it was killed before its end.`;
  return { code: "not-ended", path: "", message, hint: "Go on with rnnx train --resume." };
}
