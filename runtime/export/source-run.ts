/** The model to export, with its weights and their origin. */
import type { Processing, Scalings } from "../../compiler/export/options.js";
import type { Signature } from "../../compiler/signature.js";
import { isProbabilistic } from "../../schema/kinds/forecasts.js";
import { outputActivationOf, outputsOf } from "../../schema/kinds/outputs.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { columnOfOutput, type Metadata, metadataOf } from "../data/metadata.js";
import { usesOf } from "../data/source.js";
import type { Tensors } from "../tensors/safetensors.js";

export interface TrainedModel {
  readonly spec: NormalSpec;
  /** The signature of the training data. */
  readonly signature: Signature;
  readonly metadata: Metadata;
  /** By public name. */
  readonly parameters: Tensors;
  /** Training step of the weights. */
  readonly step: number;
  /** SHA-256 of the normalized spec and the signature, hex. */
  readonly hash: string;
  /** Metrics of the weights by split, if known. */
  readonly metrics: object | null;
  /** Absent when the model is exported without training state. */
  readonly optimizerState?: OptimizerState;
}

export interface OptimizerState {
  readonly slots: Tensors;
  /** States of stateful layers. */
  readonly states: Tensors;
}

/** Processing between raw data and the model's inputs and outputs. */
export function boundaryOf({ spec, metadata }: Pick<TrainedModel, "spec" | "metadata">): Processing {
  const targetOf = (name: string): readonly string[] => {
    const own = metadataOf(metadata, name);
    if (own.type !== "table") return [];
    const width = own.outputs?.length ?? own.target.length;
    return Array.from({ length: width }, (_, index) => columnOfOutput(own, index) ?? "");
  };
  const namesOf = (name: string): readonly string[] => {
    const own = metadataOf(metadata, name);
    return own.type === "table" ? (own.outputs ?? own.target) : [];
  };
  const scaler = metadata.type === "table" ? metadata.scaler : {};
  const scalersOf = (columns: readonly string[]): Scalings | null => {
    const columnScalers = columns.map((name) => (Object.hasOwn(scaler, name) ? (scaler[name] ?? null) : null));
    return columnScalers.every((columnScaler) => columnScaler === null) ? null : columnScalers;
  };
  return {
    inputs: metadata.type === "table" ? scalersOf(metadata.columns) : null,
    future: metadata.type === "table" && metadata.known_future ? scalersOf(metadata.known_future) : null,
    static: metadata.type === "table" && metadata.static ? scalersOf(metadata.static) : null,
    predictions: outputsOf(spec).map((output) => {
      const { port, prefix, model } = output;
      const { outputs, targets } = usesOf(spec, output);
      const { loss } = output;
      const columns = targetOf(loss.target);
      return {
        port,
        prefix,
        outputs: metadata.type === "table" && outputs === "numbers" ? scalersOf(columns) : null,
        forecasts:
          metadata.type === "table" && isProbabilistic(loss)
            ? { loss, targets: namesOf(loss.target), scalings: targets === "counts" ? null : scalersOf(columns) }
            : null,
        targetKind: outputs === "features" ? "numbers" : outputs,
        endsInLogits: outputActivationOf(model) === "logits",
      };
    }),
    excludedIds: metadata.type === "text" && metadata.unknown !== undefined ? [metadata.unknown] : [],
  };
}
