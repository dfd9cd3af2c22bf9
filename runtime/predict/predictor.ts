/** A run's exported model, put to use: what it says of a file of inputs. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import type { Manifest } from "../../compiler/artifact.js";
import { usesOf } from "../data/source.js";
import { invalidInput, type RunFailure, runFailed } from "../outcome.js";
import type { RunProblem } from "../problem.js";
import { ok, type Result } from "../result.js";
import { runFiles } from "../run/layout.js";
import type { Run } from "../run/open.js";
import { feedsFor, portsWithRole, predictionPort } from "../sessions/ports.js";
import { zeroStates } from "../sessions/recurrent-states.js";
import { estimateWorkPerSync, openSession, type RequestedDevice } from "../sessions/session.js";
import { feedsOf, floatsOf } from "../tensors/ort.js";
import type { Prediction, Scores } from "./format-predictions.js";
import { readers } from "./index.js";
import { batchesOf, type PredictionInputs } from "./inputs.js";
import { decodeSources, readSources } from "./pairs.js";

export interface Predictions {
  /** In words: classes by name with their probabilities, quantities scaled back, sequences spelt out. */
  readonly predictions: readonly Prediction[];
  /** The numbers that these words were made of; null for what a decoder wrote. */
  readonly scores: readonly Scores[] | null;
  readonly notices: readonly string[];
}

export type PredictionsOutcome = Result<Predictions, RunFailure>;

export interface Predictor {
  /**
   * @param file Inputs in the format of the run's data, from `folder`.
   * @param beam Sequences that a decoder, or a search over the labels of ctc, keeps; null: greedily, the only way where nothing is decoded.
   */
  predict(file: string, folder: string, beam: number | null): Promise<PredictionsOutcome>;
}

/** Examples in a batch, at most. */
const BATCH_SIZE = 256;

/** The model is read when it is first asked, and kept. */
export function openPredictor(run: Run, device: RequestedDevice): Predictor {
  const model = join(run.folder, runFiles.model);
  let sessionPromise: ReturnType<typeof openSession> | undefined;
  const getSession = () => {
    sessionPromise ??= openSession(
      readFileSync(model),
      device,
      estimateWorkPerSync(run.manifest.parameters, BATCH_SIZE),
    );
    return sessionPromise;
  };
  const { type } = run.spec.data;

  return {
    async predict(file, folder, beam) {
      if (!existsSync(model)) return invalidInput([noModelYet(run)]);
      if (type === "pairs") {
        const inputResult = readSources(run, file, folder);
        if (!inputResult.ok) return invalidInput(inputResult.error.map(withoutSpecPath));
        const sessionResult = await getSession();
        if (!sessionResult.ok) return runFailed(sessionResult.error.message, sessionResult.error.hint);
        const predictions = await decodeSources(run, sessionResult.value.session, inputResult.value, beam ?? 1);
        return ok({ predictions, scores: null, notices: noticesOf(sessionResult.value.notice) });
      }
      if (beam !== null && run.spec.loss.type !== "ctc") return invalidInput([noDecoder(run)]);
      const inputResult = await readers[type]({ run, file, folder, uses: usesOf(run.spec), beam: beam ?? 1 });
      if (!inputResult.ok) return invalidInput(inputResult.error.map(withoutSpecPath));
      const inputs = inputResult.value;
      const sessionResult = await getSession();
      if (!sessionResult.ok) return runFailed(sessionResult.error.message, sessionResult.error.hint);
      const scores = await computeScores(sessionResult.value.session, run.manifest, inputs);
      const predictions = scores.map((exampleScores, example) => inputs.describe(example, exampleScores));
      const notices = [...(inputs.notices ?? []), ...noticesOf(sessionResult.value.notice)];
      return ok({ predictions, scores, notices });
    },
  };
}

function noticesOf(notice: string): readonly string[] {
  return notice === "" ? [] : [notice];
}

/** The model's finished numbers for every example. */
async function computeScores(
  session: InferenceSession,
  { model }: Manifest,
  inputs: PredictionInputs,
): Promise<readonly Scores[]> {
  const port = predictionPort(model);
  const isSequence = port.shape.length > 2;
  const allScores: Scores[] = [];
  for (const examples of batchesOf(inputs, BATCH_SIZE)) {
    const batch = inputs.batch(examples);
    const states = zeroStates(portsWithRole(model.inputs, "state"), examples.length);
    const feeds = feedsFor(portsWithRole(model.inputs, "data"), ({ name }) => batch.get(name));
    const results = await session.run({ ...feeds, ...feedsOf(states) });
    const data = floatsOf(results, port);
    const [, ...shape] = results[port.name]?.dims ?? [];
    const width = data.length / examples.length;
    for (const [row, example] of examples.entries()) {
      const timeSteps = isSequence ? Math.min(shape[0] ?? 0, inputs.lengths[example] ?? 0) : 1;
      const size = isSequence ? (width / (shape[0] ?? 1)) * timeSteps : width;
      const scores = {
        shape: isSequence ? [timeSteps, ...shape.slice(1)] : shape,
        data: data.slice(row * width, row * width + size),
      };
      allScores[example] = inputs.postprocess(scores);
    }
  }
  return allScores;
}

function noDecoder({ spec }: Run): RunProblem {
  const message = `The data of this run are of type "${spec.data.type}": there is no sequence to write with a beam.`;
  return { code: "no-decoder", path: "", message, hint: "Leave --beam out." };
}

/** A flag names the file, and no member of a spec. */
function withoutSpecPath(problem: RunProblem): RunProblem {
  return { ...problem, path: "", hint: problem.code === "file-missing" ? "" : (problem.hint ?? "") };
}

function noModelYet({ folder }: Run): RunProblem {
  const message = `The run "${folder}" has no model.onnx yet: it was killed before its end.`;
  return { code: "not-ended", path: "", message, hint: "Go on with rnnx train --resume." };
}
