/** A run directory as a value: its spec, manifest and weights, with evaluation, prediction, generation and export. */
import { basename, dirname } from "node:path";
import type { Manifest } from "../compiler/artifact.js";
import type { Signature } from "../compiler/signature.js";
import type { NormalData, NormalSpec } from "../schema/normal/index.js";
import type { Splits } from "./data/splits.js";
import { type EvaluateOutcome, evaluateRun } from "./evaluation/evaluate-run.js";
import type { ExportOutcome, ExportRequest } from "./export/index.js";
import { type GeneratedText, openTextGenerator, type TextGenerator } from "./generation/generate-run.js";
import { invalidInput } from "./outcome.js";
import { type PredictionSource, toInputFile } from "./predict/inline-inputs.js";
import { openPredictor, type PredictionsOutcome, type Predictor } from "./predict/predictor.js";
import { withTemporaryInput } from "./predict/temporary-input.js";
import { ok, type Result } from "./result.js";
import { openRun, readRunWeights, type Weights, type WeightsSelector } from "./run/open.js";
import type { RequestedDevice } from "./sessions/session.js";

export interface LoadedRun {
  /** The run directory. */
  readonly folder: string;
  /** The spec with all defaults; its paths are relative to `folder`. */
  readonly spec: NormalSpec;
  /** Names, roles and shapes of the models' inputs and outputs, and of the stored tensors. */
  readonly manifest: Manifest;
  /** The array signature of the training data. */
  readonly signature: Signature;

  /**
   * Weights by public name (`rnn/0/W`), float32; kernels are [in, out].
   *
   * @param selector The final weights (the default; the latest checkpoint's in an unfinished run), those of the best or
   * the last checkpoint, or those of a step's. Fails with `no-checkpoint` where there is no such checkpoint.
   */
  weights(selector?: WeightsSelector): Result<Weights>;

  /**
   * Loss and metrics over all examples of each split: means over unmasked steps, in the scale of the targets in
   * training.
   */
  evaluate(options?: EvaluateOptions): Promise<EvaluateOutcome>;

  /**
   * Predictions for new inputs: a file in the format of the run's data, or values.
   *
   * ```ts
   * const predicted = await run.predict({ lines: ["hihel"] });
   * if (predicted.ok) console.log(predicted.value.predictions[0]?.next);
   * ```
   *
   * Fails for inputs that the model cannot read: a token that is not in its vocabulary, a vector of another width.
   */
  predict(inputs: PredictionSource, options?: PredictOptions): Promise<PredictionsOutcome>;

  /** Writes the model as one ONNX file, whose name ends in `.onnx`, after verifying it against the run. */
  export(out: string, options?: Omit<ExportRequest, "run" | "out">): Promise<ExportOutcome>;

  /**
   * Text that the model generates after a prompt; for runs on text. The same seed gives the same text. Tokens are
   * characters, words or bytes, as in training.
   */
  generate(options?: GenerateOptions): Promise<Result<GeneratedText>>;
}

export interface EvaluateOptions {
  /**
   * Other data of the same type, with paths relative to the run directory; read with the run's vocabulary, classes and
   * scaler.
   */
  readonly data?: NormalData;
  /** One split; by default all splits of the run's own data, and all examples of other data as its test split. */
  readonly split?: keyof Splits;
  readonly weights?: WeightsSelector;
  readonly device?: RequestedDevice;
}

export interface PredictOptions {
  /** The windows of a table to predict from; default: all for the forecast of one row, the last for several rows. */
  readonly windows?: "all" | "last";
  /** Beam width, from 1 (greedy, the default); for pairs and ctc. */
  readonly beam?: number;
  readonly device?: RequestedDevice;
}

export interface GenerateOptions {
  /** The start of the text; by default the first token of the training text. */
  readonly prompt?: string;
  /** Number of tokens to generate; 200 by default. */
  readonly length?: number;
  /** Divides the logits; 0 always takes the most likely token. 1 by default. */
  readonly temperature?: number;
  /** Samples among the k most likely tokens. */
  readonly topK?: number;
  /** Samples among the most likely tokens with this total probability, from 0 to 1. */
  readonly topP?: number;
  /** By default the run's seed. */
  readonly seed?: number;
  /** Of a model with several outputs the name of the one that continues the text. */
  readonly output?: string;
  /** Receives the text in chunks, the prompt first. */
  readonly onText?: (chunk: string) => void;
}

/**
 * Opens a run directory. Models are loaded on first use, and kept.
 *
 * ```ts
 * const loaded = await loadRun("runs/hihello");
 * if (!loaded.ok) throw new Error(loaded.error[0]?.message);
 * const generated = await loaded.value.generate({ prompt: "hih", length: 3, temperature: 0 });
 * ```
 *
 * @returns The run, or problems: `not-a-run` for a missing folder or one without manifest.json, spec.json or data.json.
 */
export async function loadRun(folder: string): Promise<Result<LoadedRun>> {
  const runResult = openRun(folder);
  if (!runResult.ok) return runResult;
  const run = runResult.value;
  const { spec, manifest, signature } = run;
  const predictors = new Map<RequestedDevice, Predictor>();
  const predictorFor = (device: RequestedDevice): Predictor => {
    const predictor = predictors.get(device) ?? openPredictor(run, device);
    predictors.set(device, predictor);
    return predictor;
  };
  let generator: Promise<Result<TextGenerator>> | undefined;

  return ok({
    folder,
    spec,
    manifest,
    signature,
    weights: (selector = "end") => readRunWeights(run, selector),
    evaluate: ({ data, split, weights = "end", device = "auto" } = {}) =>
      evaluateRun({ run: folder, data: data ?? null, split: split ?? null, weights, device }),
    async predict(inputs, { beam, windows, device = "auto" } = {}) {
      const predictor = predictorFor(device);
      const inputFile = typeof inputs === "string" ? inputs : toInputFile(spec.data, inputs);
      if (typeof inputFile === "string")
        return predictor.predict(basename(inputFile), dirname(inputFile), beam ?? null, windows);
      if (!inputFile.ok) return invalidInput(inputFile.error);
      const { name } = inputFile.value;
      return withTemporaryInput(inputFile.value, (folder) => predictor.predict(name, folder, beam ?? null, windows));
    },
    async export(out, options = {}) {
      const { exportModel } = await import("./export/index.js");
      return exportModel({ ...options, run: folder, out });
    },
    async generate(options = {}) {
      const { prompt = "", length = 200, temperature = 1, topK, topP, seed, output, onText } = options;
      generator ??= openTextGenerator(folder);
      const generatorResult = await generator;
      if (!generatorResult.ok) return generatorResult;
      const sampling = { temperature, topK: topK ?? null, topP: topP ?? null };
      return generatorResult.value.generate(
        { prompt, length, sampling, seed: seed ?? null, output: output ?? null },
        onText ?? (() => undefined),
      );
    },
  });
}
