/** What is exported: a model with its weights, and all that is known of where they come from. */
import type { Boundary, Scalings } from "../../compiler/export/options.js";
import type { Signature } from "../../compiler/signature.js";
import type { NormalSpec } from "../../schema/normal.js";
import type { Metadata } from "../data/metadata.js";
import { usesOf } from "../data/source.js";
import type { Tensors } from "../safetensors.js";
import { scoresOf } from "../sampling.js";

export interface Subject {
  readonly spec: NormalSpec;
  /** Of the data that the model was trained on. */
  readonly signature: Signature;
  readonly metadata: Metadata;
  /** By public name. */
  readonly parameters: Tensors;
  /** Updates that the weights have seen. */
  readonly step: number;
  /** SHA-256 of the normalized spec and the signature, hex. */
  readonly hash: string;
  /** Metrics of the weights by part of the data, where they are known. */
  readonly metrics: object | null;
  /** What the optimizer stood at; absent where the model travels without its training. */
  readonly training?: TrainingState;
}

export interface TrainingState {
  readonly slots: Tensors;
  /** Of stateful layers. */
  readonly states: Tensors;
}

/** What stands between the data as its owner has it and the numbers of the model. */
export function boundaryOf({ spec, metadata }: Pick<Subject, "spec" | "metadata">): Boundary {
  const { targets } = usesOf(spec);
  const scaler = metadata.type === "table" ? metadata.scaler : {};
  const scalings = (columns: readonly string[]): Scalings | null => {
    const found = columns.map((name) => (Object.hasOwn(scaler, name) ? (scaler[name] ?? null) : null));
    return found.every((scaling) => scaling === null) ? null : found;
  };
  return {
    inputs: metadata.type === "table" ? scalings(metadata.columns) : null,
    outputs: metadata.type === "table" && targets === "numbers" ? scalings(metadata.target) : null,
    answers: targets,
    logits: scoresOf(spec.model) === "logits",
    never: metadata.type === "text" && metadata.unknown !== undefined ? [metadata.unknown] : [],
  };
}
