/** `rnnx init --data FOLDER`: a classifier of the sound files of a folder, by a part of their names or by their folders. */
import type { RunProblem } from "../../../../runtime/problem.js";
import { fail, ok, type Result } from "../../../../runtime/result.js";
import type { ComposedSpec } from "./compose-spec.js";
import { readSoundFacts, type SoundFacts, soundFactsRecord, soundFactsText } from "./sound-facts.js";
import { splitFor, training } from "./training.js";

export interface SoundsProposal {
  readonly composed: ComposedSpec;
  readonly record: object;
  readonly text: string;
}

/**
 * @param folder that the command names.
 * @param file the same, relative to the spec.
 * @param target the number of the part of the names that is the label, from 1; null to find it.
 */
export function proposeSounds(folder: string, file: string, target: string | null): Result<SoundsProposal> {
  const facts = readSoundFacts(folder);
  if (!facts.ok) return facts;
  if (facts.value === null) {
    const hint = "Name a folder of .wav files, or of folders of them, or another kind of file.";
    return refuse("sounds-empty", `The folder "${folder}" has no .wav files.`, hint);
  }
  const found = soundFactsText(facts.value);
  const { parts, separator, pattern, rates } = facts.value;
  const label = labelPart(facts.value, target);
  if (label === undefined || !(parts[label]?.size ?? 0)) {
    const hint =
      parts.length === 0
        ? "Put the sounds of each class into a folder of its own, or rename them, such as LABEL_SPEAKER_1.wav."
        : `Name the part with --target, from 1 to ${parts.length}.`;
    return refuse("init-target", `No part of the names is a label. ${found.split("\n").slice(2).join("; ")}`, hint);
  }
  const classes = parts[label] ?? new Map();
  if (classes.size < 2) {
    const hint = "A classifier needs sounds of two classes.";
    return refuse("init-target", `All sounds have the label ${JSON.stringify([...classes.keys()][0] ?? "")}.`, hint);
  }
  const names =
    separator === null
      ? null
      : `${parts.map((_, index) => (index === label ? "{label}" : `{part${index + 1}}`)).join(separator)}.wav`;
  const source = { file: `${file}/${pattern}`, ...(names !== null && { names }) };
  const composed = composeSoundsSpec({ source, rates, sounds: facts.value.files });
  const where = separator === null ? "the folder of each sound" : `part ${label + 1} of the names`;
  const text = `${found}\n\nA classifier: predicts ${where}, ${classes.size} classes. ${steadySounds}`;
  return ok({ composed, record: { task: "sounds", ...soundFactsRecord(facts.value) }, text });
}

/** A notice of the sounds that the `mean_normalization` of the composed spec makes alike. */
export const steadySounds =
  "It reads changes within a sound: if steady tones or hums are the classes, remove mean_normalization from the spec.";

/** The first part of the names with at least two values that each have two sounds on average; else one of a single value. */
function labelPart({ parts, files }: SoundFacts, target: string | null): number | undefined {
  if (target !== null) return /^[1-9]\d*$/.test(target) ? Number(target) - 1 : undefined;
  const place = parts.findIndex(({ size }) => size >= 2 && 2 * size <= files);
  if (place >= 0) return place;
  const single = parts.findIndex(({ size }) => size === 1);
  return single < 0 ? undefined : single;
}

export function refuse(code: string, message: string, hint: string): Result<never, readonly RunProblem[]> {
  return fail([{ code, path: "", message, hint }]);
}

interface SoundsData {
  /** The keys of the spec that name the files. */
  readonly source: object;
  readonly rates: SoundFacts["rates"];
  readonly sounds: number;
}

/** The spec of a classifier of sounds: bands of the mel scale through convolutions over time. */
export function composeSoundsSpec({ source, rates, sounds }: SoundsData): ComposedSpec {
  const [[commonest] = [0]] = rates;
  return {
    data: {
      type: "audio",
      ...source,
      sample_rate: commonest,
      ...(rates.size > 1 && { resample: true }),
      split: { ...splitFor(sounds), ...(sounds >= 10 && { stratify: true }) },
    },
    model: [
      { layer: "log_mel", range: 40, mean_normalization: 25 },
      { layer: "conv1d", size: 64, kernel_size: 5, activation: "relu", initializer: "pytorch_uniform" },
      { layer: "conv1d", size: 96, kernel_size: 5, stride: 2, activation: "relu", initializer: "pytorch_uniform" },
      { layer: "dropout", rate: 0.5 },
      { layer: "pool", mode: "max" },
      { layer: "dropout", rate: 0.5 },
      { layer: "dense", size: "classes", initializer: "pytorch_uniform" },
    ],
    loss: { type: "cross_entropy", label_smoothing: 0.1 },
    metrics: ["accuracy", "f1"],
    ...training(sounds, true),
    optimizer: { type: "adam", learning_rate: 0.001, clip: { global_norm: 1 } },
  };
}
