/** Predictions of a run's model for a file of inputs. */
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
  /** Classes by name with probabilities, values in the original scale, or decoded sequences. */
  readonly predictions: readonly Prediction[];
  /** The outputs behind the predictions; null for those of a decoder. */
  readonly scores: readonly Scores[] | null;
  readonly notices: readonly string[];
}

export type PredictionsOutcome = Result<Predictions, RunFailure>;

export interface Predictor {
  /**
   * @param file Inputs in the format of the run's data, relative to `folder`.
   * @param beam Beam width of a decoder, or of the CTC decoder; null for greedy decoding, and for models without a
   * decoder.
   */
  predict(file: string, folder: string, beam: number | null): Promise<PredictionsOutcome>;
}

/** Maximum number of examples in a batch. */
const BATCH_SIZE = 256;

/** Loads the model at the first prediction, and reuses it. */
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
        const inputResult = await readSources(run, file, folder);
        if (!inputResult.ok) return invalidInput(inputResult.error.map(withoutSpecPath));
        const sessionResult = await getSession();
        if (!sessionResult.ok) return runFailed(sessionResult.error.message, sessionResult.error.hint);
        const decoded = await decodeSources(run, sessionResult.value.session, inputResult.value, beam ?? 1);
        const notices = [...decoded.notices, ...noticesOf(sessionResult.value.notice)];
        return ok({ predictions: decoded.predictions, scores: null, notices });
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

/** The model's postprocessed outputs for every example. */
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
  const message = `A run on ${spec.data.type} data has no decoder that takes a beam width.`;
  return { code: "no-decoder", path: "", message, hint: "Remove --beam." };
}

/** Removes the spec path from a problem: a flag names the file, not the spec. */
function withoutSpecPath(problem: RunProblem): RunProblem {
  return { ...problem, path: "", hint: problem.code === "file-missing" ? "" : (problem.hint ?? "") };
}

function noModelYet({ folder }: Run): RunProblem {
  const message = `The run "${folder}" has no model.onnx yet: it was stopped before its end.`;
  return { code: "not-ended", path: "", message, hint: "Finish it with rnnx train --resume." };
}
