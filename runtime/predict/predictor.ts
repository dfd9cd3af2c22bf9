/** Predictions of a run's model for a file of inputs. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { outputsOf } from "../../schema/kinds/outputs.js";
import { outputSteps } from "../../schema/kinds/windows.js";
import { isStateful } from "../data/batching/stateful-batches.js";
import { exampleName } from "../data/short-sequences.js";
import { usesOf } from "../data/source.js";
import { invalidInput, type RunFailure, runFailed } from "../outcome.js";
import type { RunProblem } from "../problem.js";
import { ok, type Result } from "../result.js";
import { runFiles } from "../run/layout.js";
import { severalOutputsProblem } from "../run/one-output.js";
import { type Run, readRunWeights } from "../run/open.js";
import { feedsFor, portsWithRole, predictionPort } from "../sessions/ports.js";
import { estimateWorkPerSync, openSession, type RequestedDevice } from "../sessions/session.js";
import { relativePathHint } from "../storage/system-errors.js";
import { elementCount } from "../tensors/array.js";
import { feedsOf, floatsOf } from "../tensors/ort.js";
import { type ForecastRequest, requestProblem } from "./forecast-members.js";
import { mergeOutputs, type Prediction, type Scores, withoutPadding } from "./format-predictions.js";
import { readers } from "./index.js";
import { batchesOf, batchProblems, type PredictionInputs } from "./inputs.js";
import { readSources } from "./pair-sources.js";
import { decodeSources } from "./pairs.js";
import { drawPaths } from "./sample-paths.js";
import { continuedNotice, predictSeries, restartNotice, type ScoresByPort, type SeriesInputs } from "./stateful.js";

export interface Predictions {
  /** Classes by name with probabilities, values in the original scale, or decoded sequences. */
  readonly predictions: readonly Prediction[];
  /** The outputs behind the predictions; null for those of a decoder, and of several outputs. */
  readonly scores: readonly Scores[] | null;
  /** The same by name, also of several outputs; the only one is named `outputs`. Empty for those of a decoder. */
  readonly scoresByOutput: ReadonlyMap<string, readonly Scores[]>;
  readonly notices: readonly string[];
}

export type PredictionsOutcome = Result<Predictions, RunFailure>;

export interface Predictor {
  /**
   * @param file Inputs in the format of the run's data, relative to `folder`.
   * @param beam Beam width of a decoder, or of the CTC decoder; null for greedy decoding, and for models without a
   * decoder.
   * @param windows The windows of a table to predict from; null: all for the forecast of one row, the last of each
   * series for several rows.
   * @param forecast Levels and samples of quantiles and distributions; null: those of the loss, and no samples.
   */
  predict(
    file: string,
    folder: string,
    beam: number | null,
    windows?: "all" | "last" | null,
    forecast?: ForecastRequest | null,
  ): Promise<PredictionsOutcome>;
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
    async predict(file, folder, beam, windows = null, forecast = null) {
      if (!existsSync(model)) return invalidInput([noModelYet(run)]);
      if (type === "pairs") {
        const several = severalOutputsProblem(run.spec, "decoding", "Train a model with the one output to decode.");
        if (several !== undefined) return invalidInput([several]);
        const inputResult = await readSources(run, file, folder);
        if (!inputResult.ok) return invalidInput(inputResult.error.map(withoutSpecPath));
        const sessionResult = await getSession();
        if (!sessionResult.ok) return runFailed(sessionResult.error.message, sessionResult.error.hint);
        const decoded = await decodeSources(run, sessionResult.value.session, inputResult.value, beam ?? 1);
        if (!decoded.ok) return invalidInput(decoded.error);
        const { predictions, notices } = decoded.value;
        return ok({
          predictions,
          scores: null,
          scoresByOutput: new Map(),
          notices: [...notices, ...noticesOf(sessionResult.value.notice)],
        });
      }
      if (beam !== null && run.spec.losses.every(({ type }) => type !== "ctc")) return invalidInput([noDecoder(run)]);
      const refused = forecast === null ? undefined : requestProblem(run.spec, forecast);
      if (refused !== undefined) return invalidInput([refused]);
      const uses = usesOf(run.spec);
      const inputResult = await readers[type]({ run, file, folder, uses, beam: beam ?? 1, windows, forecast });
      if (!inputResult.ok) return invalidInput(inputResult.error.map(withoutSpecPath));
      const inputs = inputResult.value;
      const computed =
        inputs.series !== undefined && isStateful(run.manifest)
          ? await computeSeriesScores(run, device, inputs.series, inputs)
          : await computeScores(await getSession(), run, inputs);
      if (!computed.ok) return computed;
      const outputs = outputsOf(run.spec).map((output) => {
        const format = inputs.formatOf(output);
        const scores = (computed.value.scores.get(output.port) ?? []).map(format.postprocess);
        return { output, format, scores };
      });
      const { rollout } = run.signature;
      const isFedBack = rollout !== undefined && forecast !== null && forecast.samples > 0;
      const drawn = isFedBack ? await drawPaths(run, rollout, inputs, forecast.samples, device) : ok(null);
      if (!drawn.ok) return drawn;
      const predictions = Array.from(inputs.lengths, (_, example): Prediction | readonly Prediction[] => {
        const members = outputs.map(({ output: { name }, format, scores }) => ({
          name,
          members: format.describe(example, scores[example] as Scores, drawn.value),
        }));
        return inputs.identify(example, mergeOutputs(members));
      }).flat();
      const scoresByOutput = new Map(
        outputs.map(({ output, scores }) => [output.prefix === "" ? output.port : output.name, scores]),
      );
      const restart = inputs.series === undefined && isStateful(run.manifest) ? [restartNotice] : [];
      const notices = [...(inputs.notices ?? []), ...restart, ...computed.value.notices];
      return ok({ predictions, scores: onlyScores(scoresByOutput), scoresByOutput, notices });
    },
  };
}

function onlyScores(scores: ReadonlyMap<string, readonly Scores[]>): readonly Scores[] | null {
  const [first = null, ...others] = scores.values();
  return others.length === 0 ? first : null;
}

function noticesOf(notice: string): readonly string[] {
  return notice === "" ? [] : [notice];
}

interface ComputedScores {
  readonly scores: ScoresByPort;
  readonly notices: readonly string[];
}

/** The model's outputs for every example. */
async function computeScores(
  sessionResult: Awaited<ReturnType<typeof openSession>>,
  { manifest: { model }, spec }: Run,
  inputs: PredictionInputs,
): Promise<Result<ComputedScores, RunFailure>> {
  if (!sessionResult.ok) return runFailed(sessionResult.error.message, sessionResult.error.hint);
  const { session, notice } = sessionResult.value;
  const outputs = outputsOf(spec).map((output) => {
    const port = predictionPort(model, output.port);
    // An example without time steps is in no batch.
    const emptyShape = port.shape.slice(1).map((size) => (typeof size === "number" ? size : 0));
    const missing = { shape: emptyShape, data: new Float32Array(elementCount(emptyShape)).fill(Number.NaN) };
    return { port, layers: output.model, scores: Array.from(inputs.lengths, (): Scores => missing) };
  });
  const nameOf = inputs.nameOf ?? exampleName;
  for (const examples of batchesOf(inputs, BATCH_SIZE)) {
    const batch = inputs.batch(examples);
    const problems = batchProblems(spec.model, batch, (row) => nameOf(examples[row] ?? 0));
    if (problems.length > 0) return invalidInput(problems);
    const feeds = feedsFor(portsWithRole(model.inputs, "data"), ({ name }) => batch.get(name));
    const results = await session.run(feeds);
    for (const { port, layers, scores } of outputs) {
      const data = floatsOf(results, port);
      const [, ...shape] = results[port.name]?.dims ?? [];
      const width = data.length / examples.length;
      for (const [row, example] of examples.entries()) {
        const exampleScores = { shape, data: data.slice(row * width, (row + 1) * width) };
        scores[example] = withoutPadding(exampleScores, port, outputSteps(layers, inputs.lengths[example] ?? 0));
      }
    }
  }
  return ok({ scores: new Map(outputs.map(({ port, scores }) => [port.name, scores])), notices: noticesOf(notice) });
}

/** The outputs of a stateful model for every window of a series. */
async function computeSeriesScores(
  run: Run,
  device: RequestedDevice,
  series: SeriesInputs,
  { lengths, windowOf = (example) => example }: PredictionInputs,
): Promise<Result<ComputedScores, RunFailure>> {
  const weights = readRunWeights(run, "end");
  if (!weights.ok) return invalidInput(weights.error);
  const { parameters } = weights.value;
  const model = readFileSync(join(run.folder, runFiles.eval));
  const sessionResult = await openSession(model, device, estimateWorkPerSync(parameters.values(), BATCH_SIZE));
  if (!sessionResult.ok) return runFailed(sessionResult.error.message, sessionResult.error.hint);
  const { session, notice } = sessionResult.value;
  const graph = { session, ports: run.manifest.eval, parameters: feedsOf(parameters) };
  const ofWindows = await predictSeries(graph, series);
  const scores = new Map(
    [...ofWindows].map(([port, all]) => [
      port,
      Array.from(lengths, (_, example) => all[windowOf(example)]).filter((each) => each !== undefined),
    ]),
  );
  return ok({ scores, notices: [continuedNotice, ...noticesOf(notice)] });
}

function noDecoder({ spec }: Run): RunProblem {
  const message = `A run on ${spec.data.type} data has no decoder that takes a beam width.`;
  return { code: "no-decoder", path: "", message, hint: "Remove --beam." };
}

/** Removes the spec path from a problem: a flag names the file, not the spec. */
function withoutSpecPath(problem: RunProblem): RunProblem {
  return { ...problem, path: "", hint: problem.hint === relativePathHint ? "" : (problem.hint ?? "") };
}

function noModelYet({ folder }: Run): RunProblem {
  const message = `The run "${folder}" has no model.onnx yet: it was stopped before its end.`;
  return { code: "not-ended", path: "", message, hint: "Finish it with rnnx train --resume." };
}
