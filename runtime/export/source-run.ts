/** What is exported: a model with its weights, and all that is known of where they come from. */
import type { Processing, Scalings } from "../../compiler/export/options.js";
import type { Signature } from "../../compiler/signature.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { Metadata } from "../data/metadata.js";
import { usesOf } from "../data/source.js";
import { outputActivationOf } from "../generation/sampling.js";
import type { Tensors } from "../tensors/safetensors.js";

export interface TrainedModel {
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
  readonly optimizerState?: OptimizerState;
}

export interface OptimizerState {
  readonly slots: Tensors;
  /** Of stateful layers. */
  readonly states: Tensors;
}

/** What stands between the data as its owner has it and the numbers of the model. */
export function boundaryOf({ spec, metadata }: Pick<TrainedModel, "spec" | "metadata">): Processing {
  const { targets } = usesOf(spec);
  const scaler = metadata.type === "table" ? metadata.scaler : {};
  const scalersOf = (columns: readonly string[]): Scalings | null => {
    const columnScalers = columns.map((name) => (Object.hasOwn(scaler, name) ? (scaler[name] ?? null) : null));
    return columnScalers.every((columnScaler) => columnScaler === null) ? null : columnScalers;
  };
  return {
    inputs: metadata.type === "table" ? scalersOf(metadata.columns) : null,
    outputs: metadata.type === "table" && targets === "numbers" ? scalersOf(metadata.target) : null,
    targetKind: targets,
    endsInLogits: outputActivationOf(spec.model) === "logits",
    excludedIds: metadata.type === "text" && metadata.unknown !== undefined ? [metadata.unknown] : [],
  };
}
