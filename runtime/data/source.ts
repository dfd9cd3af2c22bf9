/** What every data source gives: examples by number, as arrays that a session can be fed, and what they say of themselves. */
import type { Signature } from "../../compiler/signature.js";
import { outputIsSequence, vocabularyOf } from "../../schema/kinds/layers.js";
import { type TargetKind, targetKindOf } from "../../schema/kinds/losses.js";
import { batchSizeOf } from "../../schema/micro-batches.js";
import type { NormalData, NormalSpec, NormalTrain } from "../../schema/normal/index.js";
import type { RunProblem } from "../problem.js";
import type { Result } from "../result.js";
import type { NumericArray } from "../tensors/array.js";
import type { Metadata } from "./metadata.js";
import type { Indices, Splits } from "./splits.js";

/** Arrays by the names of the data ports: `inputs`, `targets`, `lengths`, `weights`, and first states by public name. */
export type Batch = ReadonlyMap<string, NumericArray>;

export interface DataSource {
  /** How many examples there are, numbered from 0. At least 1. */
  readonly examples: number;
  /** Which of them train, validate and test. Some may do none of these. */
  readonly splits: Splits;
  /** The training part in buckets, where only the batches of one bucket have one shape; absent where all have. */
  readonly buckets?: readonly Indices[];
  /** SHA-256, hex, of all that training reads of the data. Two sources with one digest feed the same numbers. */
  readonly digest: string;
  /** What predictions need to be understood, such as the vocabulary. JSON. */
  readonly metadata: Metadata & Readonly<Record<string, unknown>>;
  signature(train: NormalTrain): Signature;
  batch(indices: ArrayLike<number>): Batch;
  /** The first id or class that is not below `limit`, which `reason` explains; undefined where there is none. */
  findOutOfRange(role: "inputs" | "targets", limit: number, reason: string): RunProblem | undefined;
  /**
   * One plain value for each row of a model's predictions: text, names, or nested lists of numbers. `examples` are the rows'
   * own, where they are of this source: predictions past their ends are left out.
   */
  decode(predictions: NumericArray, examples?: ArrayLike<number>): readonly unknown[];
}

/** How the model reads the arrays that a source gives. */
export interface Uses {
  /** `ids` are whole numbers that index a vocabulary; `numbers` are features. */
  readonly inputs: "ids" | "numbers";
  /** The same of an input by its name. */
  readonly inputKind: (name: string) => "ids" | "numbers";
  /** `classes` may be whole numbers, or rows of probabilities; `probabilities` are from 0 to 1; `numbers` are quantities. */
  readonly targets: Exclude<TargetKind, "labels">;
  /** Whether the model says something at every step of a sequence, or once at its end. */
  readonly everyStep: boolean;
}

/** What a source is opened with, beside its own part of the spec. */
export interface SourceOptions {
  /** Relative paths start from it. */
  readonly folder: string;
  /** The spec's seed, which a shuffled split depends on. */
  readonly seed: number;
  readonly uses: Uses;
  /** What an earlier opening learnt, to be used in place of what these data would say: other data for the same model. */
  readonly fittedMetadata?: Metadata;
}

/** One type of data: how it is opened, and which of its members name files. */
export interface SourceKind<D extends NormalData> {
  open(data: D, options: SourceOptions): Promise<Result<DataSource>>;
  /** The same data with each file's name replaced. */
  mapFiles(data: D, rename: (file: string) => string): D;
}

/** Examples in a batch of training. */
export function expectedBatchSize(train: NormalTrain, { train: { length } }: Splits): number {
  return batchSizeOf(train, length);
}

export function usesOf({ model, loss }: NormalSpec): Uses {
  const targetKind = targetKindOf(loss);
  const idInputs = new Set(model.flatMap((layer) => (vocabularyOf(layer) === undefined ? [] : layer.from)));
  const inputKind = (name: string) => (idInputs.has(name) ? "ids" : "numbers");
  return {
    inputs: inputKind("inputs"),
    inputKind,
    targets: targetKind === "labels" ? "classes" : targetKind,
    everyStep: outputIsSequence(model),
  };
}
