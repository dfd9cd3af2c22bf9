/** The request of a training step of another program's model, and its result. */
import type { Problem } from "../../schema/diagnostics/index.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { Manifest } from "../artifact.js";
import type { ImportOptions } from "../importer/index.js";

export interface FineTuneRequest {
  /** A normalized spec: its loss, optimizer and seed. Its layers and data are not read. */
  readonly spec: NormalSpec;
  /** True where the output is the loss itself. */
  readonly isOutputLoss: boolean;
  /** The trained output; by default the only one of floats. */
  readonly output: string | undefined;
  /** Patterns of the trained parameters; by default all. */
  readonly parameters: readonly string[];
  /** Patterns of parameters that stay as they are. */
  readonly freeze?: readonly string[];
  readonly inputGradient: boolean;
  readonly batchNorm: NonNullable<ImportOptions["batchNorm"]>;
  readonly external: NonNullable<ImportOptions["external"]>;
}

export interface FineTuneArtifact {
  readonly train: Uint8Array;
  readonly eval: Uint8Array;
  /** The loss and its derivative for each input of floats; null without the option. Weights are initializers. */
  readonly inputGradient: Uint8Array | null;
  readonly manifest: Manifest;
  /** Float32 tensors by public name: parameters, frozen, buffers. */
  readonly weights: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
}

export type FineTuneResult =
  | { readonly ok: true; readonly artifact: FineTuneArtifact; readonly notices: readonly string[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };
