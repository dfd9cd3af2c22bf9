/** A run directory as a value: what it holds, and what can be done with it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
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
import { ok, type Result } from "./result.js";
import { openRun, readRunWeights, type Weights, type WeightsSelector } from "./run/open.js";
import type { RequestedDevice } from "./sessions/session.js";

export interface LoadedRun {
  /** The run directory. */
  readonly folder: string;
  /** The spec with every default filled in; its paths start from `folder`. */
  readonly spec: NormalSpec;
  /** Names, roles and shapes of the models' inputs and outputs, and of the stored tensors. */
  readonly manifest: Manifest;
  /** The sizes of the data that it was trained on. */
  readonly signature: Signature;

  /**
   * Weights by public name (`rnn/0/W`), float32; kernels are [in, out].
   *
   * @param selector What the run ended with (the default; of a run that has not ended, its newest checkpoint), its best or last checkpoint,
   * or the checkpoint of a step. A checkpoint that is not there is a problem.
   */
  weights(selector?: WeightsSelector): Result<Weights>;

  /** Loss and metrics over every example of each part of the data; means over live steps, in the units of the targets as the model sees them. */
  evaluate(options?: EvaluateOptions): Promise<EvaluateOutcome>;

  /**
   * What the model says of new inputs: a file in the format of the run's data, or values.
   *
   * ```ts
   * const said = await run.predict({ lines: ["hihel"] });
   * if (said.ok) console.log(said.predictions[0]?.next);
   * ```
   *
   * Inputs that do not fit the run (a unit that its vocabulary lacks, a vector of another width) are an outcome that is not ok.
   */
  predict(inputs: PredictionSource, options?: PredictOptions): Promise<PredictionsOutcome>;

  /** Writes the model as one ONNX file, compared with the run before it is left; `out` ends in `.onnx`. */
  export(out: string, options?: Omit<ExportRequest, "run" | "out">): Promise<ExportOutcome>;

  /**
   * Text that the model writes after a prompt; for runs on text. The same seed gives the same text. Units are characters, words or bytes, as
   * the model was trained.
   */
  generate(options?: GenerateOptions): Promise<Result<GeneratedText>>;
}

export interface EvaluateOptions {
  /** Data of the same kind in place of the run's own, paths from the run directory; read with its vocabulary, classes and scaler. */
  readonly data?: NormalData;
  /** One part; by default every part of the run's own data, and other data as a whole, as the part to test with. */
  readonly split?: keyof Splits;
  readonly weights?: WeightsSelector;
  readonly device?: RequestedDevice;
}

export interface PredictOptions {
  /** Sequences that a decoder keeps while it writes one, from 1 (greedy, the default); for pairs and ctc alone. */
  readonly beam?: number;
  readonly device?: RequestedDevice;
}

export interface GenerateOptions {
  /** What the text begins with; by default the first unit of the training text. */
  readonly prompt?: string;
  /** Units to write after the prompt; 200 by default. */
  readonly length?: number;
  /** Divides the logits; 0 always takes the likeliest unit. 1 by default. */
  readonly temperature?: number;
  /** Draw among the likeliest so many alone. */
  readonly topK?: number;
  /** Draw among the likeliest that together have this probability, from 0 to 1. */
  readonly topP?: number;
  /** By default the run's. */
  readonly seed?: number;
  /** Given the text as it comes, the prompt first. */
  readonly onText?: (chunk: string) => void;
}

/**
 * Opens the directory that a training left. Models are read when they are first used, and kept.
 *
 * ```ts
 * const loaded = await loadRun("runs/hihello");
 * if (!loaded.ok) throw new Error(loaded.problems[0]?.message);
 * const { generated } = await loaded.run.generate({ prompt: "hih", length: 3, temperature: 0 });
 * ```
 *
 * @returns The run, or why it is none: `not-a-run` for a folder without a manifest, a spec and what was learnt of the data.
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
    async predict(inputs, { beam, device = "auto" } = {}) {
      const predictor = predictorFor(device);
      const inputFile = typeof inputs === "string" ? inputs : toInputFile(spec.data, inputs);
      if (typeof inputFile === "string")
        return predictor.predict(basename(inputFile), dirname(inputFile), beam ?? null);
      if (!inputFile.ok) return invalidInput(inputFile.error);
      const temporaryFolder = mkdtempSync(join(tmpdir(), "rnnx-inputs-"));
      try {
        writeFileSync(join(temporaryFolder, inputFile.value.name), inputFile.value.content);
        return await predictor.predict(inputFile.value.name, temporaryFolder, beam ?? null);
      } finally {
        rmSync(temporaryFolder, { recursive: true, force: true });
      }
    },
    async export(out, options = {}) {
      const { exportModel } = await import("./export/index.js");
      return exportModel({ ...options, run: folder, out });
    },
    async generate({ prompt = "", length = 200, temperature = 1, topK, topP, seed, onText = () => undefined } = {}) {
      generator ??= openTextGenerator(folder);
      const generatorResult = await generator;
      if (!generatorResult.ok) return generatorResult;
      const sampling = { temperature, topK: topK ?? null, topP: topP ?? null };
      return generatorResult.value.generate({ prompt, length, sampling, seed: seed ?? null }, onText);
    },
  });
}
