/** The pipeline. (Faces only; the stages follow.) */
import type { NormalSpec } from "../schema/normal.js";
import type { Origins } from "../schema/origins.js";
import type { Problem } from "../schema/diagnostics.js";
import type { Artifact } from "./artifact.js";
import type { Graph } from "./ir/types.js";
import type { Signature } from "./signature.js";

export interface CompileOptions {
  /** Places problems in the user's text. */
  readonly origins?: Origins;
  /** Names of passes to leave out. */
  readonly without?: readonly string[];
  /** Called with each stage's graph as it is made, in order. */
  readonly onStage?: (stage: string, graph: Graph) => void;
}

export type CompileResult =
  | { readonly ok: true; readonly artifact: Artifact }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Everything that can be known of a spec without its data; `signature` may hold symbols where only the data knows. */
export declare function check(spec: NormalSpec, signature: Signature, origins?: Origins): readonly Problem[];

export declare function compile(spec: NormalSpec, signature: Signature, options?: CompileOptions): Promise<CompileResult>;

export interface LayerSummary {
  readonly name: string;
  readonly layer: string;
  /** Output shape, batch first, such as ["batch", "time", 25]. */
  readonly output: readonly (number | string)[];
  readonly parameters: number;
  /** Multiply-adds times two of one forward pass over one batch of the expected size. */
  readonly flops: number;
}

export interface Analysis {
  readonly parameters: {
    readonly total: number;
    readonly trainable: number;
    readonly tensors: readonly { readonly name: string; readonly shape: readonly number[]; readonly count: number }[];
  };
  readonly layers: readonly LayerSummary[];
  /** Per training step at the expected batch and time, by kind of work. */
  readonly flops: { readonly forward: number; readonly backward: number; readonly update: number; readonly step: number };
  /** Bytes at the expected batch and time. */
  readonly memory: {
    readonly parameters: number;
    readonly slots: number;
    readonly activations: number;
    readonly data: number;
    readonly total: number;
  };
}

export declare function analyze(spec: NormalSpec, signature: Signature): Analysis;
