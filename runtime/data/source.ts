/** The interface of data sources: examples by index as arrays for sessions, splits, signature and metadata. */
import { lengthsOfInput, type Signature } from "../../compiler/signature.js";
import { hasIndependentRows } from "../../schema/kinds/columns.js";
import { outputIsSequence, outputTimeAxis, vocabularyOf } from "../../schema/kinds/layers.js";
import { lossName, type OutputKind, outputKindOf, type TargetKind, targetKindOf } from "../../schema/kinds/losses.js";
import { type ModelOutput, outputsOf, targetOfPort } from "../../schema/kinds/outputs.js";
import { batchSizeOf } from "../../schema/micro-batches.js";
import type { NormalData, NormalSpec, NormalTrain } from "../../schema/normal/index.js";
import type { RunProblem } from "../problem.js";
import type { Result } from "../result.js";
import type { NumericArray } from "../tensors/array.js";
import type { Metadata } from "./metadata.js";
import type { SeriesRows } from "./series-rows.js";
import type { Indices, Splits } from "./splits.js";

/** Arrays by data port: `inputs`, `targets`, `lengths`, `weights`, side inputs, and initial states by public name. */
export type Batch = ReadonlyMap<string, NumericArray>;

/**
 * The array of an input of the model; undefined for those of a decoder in a batch without targets. A name that no array
 * has is the main input's own.
 */
export function inputArray(batch: Batch, name: string): NumericArray | undefined {
  return batch.get(name) ?? (name === "decoder_inputs" ? undefined : batch.get("inputs"));
}

/** The lengths of the rows of an array of a batch: its own, those of targets, or else those of the inputs. */
export function lengthsOfArray(batch: Batch, name: string): NumericArray | undefined {
  const isTarget = name === "decoder_inputs" || name === "targets" || targetOfPort(name) !== undefined;
  return (
    batch.get(lengthsOfInput(name)) ?? (isTarget ? batch.get("target_lengths") : undefined) ?? batch.get("lengths")
  );
}

export interface DataSource {
  /** Number of examples, at least 1. */
  readonly examples: number;
  /** The examples of each split. An example may be in no split. */
  readonly splits: Splits;
  /** The training split in buckets, whose batches each have one shape; absent when all batches have one shape. */
  readonly buckets?: readonly Indices[];
  /** SHA-256, hex, of all data that training reads. Sources of equal digest feed equal numbers. */
  readonly digest: string;
  /** Choices that the user has to know of, such as columns that are left out. */
  readonly notices?: readonly string[];
  /** The beginning of the first text, as it is in the data; absent where inputs are no text. */
  readonly firstText?: string;
  /** An example in a message; absent where it has a number alone. */
  readonly nameOf?: (example: number) => string;
  /** Of a table whose rows are in time. */
  readonly series?: SeriesRows;
  /** Vocabulary, classes and scalers, as JSON. */
  readonly metadata: Metadata & Readonly<Record<string, unknown>>;
  signature(train: NormalTrain): Signature;
  batch(indices: ArrayLike<number>): Batch;
  /**
   * The problem of the first id or class that is not below `limit`, with `reason` as hint; undefined if all are below.
   *
   * @param array of a batch: `inputs`, `targets`, or a side input.
   */
  findOutOfRange(array: string, limit: number, reason: string): RunProblem | undefined;
  /**
   * One JSON value per row of the predictions of a target: text, names, or nested lists of numbers.
   *
   * @param examples the examples of the rows, if they are from this source: predictions past their ends are dropped.
   * @param target the name of the target; by default the only one.
   */
  decode(predictions: NumericArray, examples?: ArrayLike<number>, target?: string): readonly unknown[];
}

/** The model's use of the inputs of a source, and of one of its targets. */
export interface Uses {
  /** `ids` index a vocabulary; `numbers` are features. */
  readonly inputs: "ids" | "numbers";
  /** The same for an input by name. */
  readonly inputKind: (name: string) => "ids" | "numbers";
  /** `classes` are class ids or rows of probabilities; `probabilities` are from 0 to 1; `numbers` are quantities. */
  readonly targets: Exclude<TargetKind, "labels">;
  /** The loss that reads the targets. */
  readonly loss: string;
  /** The meaning of the model's outputs. */
  readonly outputs: OutputKind;
  /** True when the output has an entry for every step of a sequence, false when one per sequence. */
  readonly everyStep: boolean;
  /** The time axis of the output, for the time axes of the data's inputs; undefined for one output per sequence. */
  readonly outputTimeAxis: <Axis>(axisOf: (input: string) => Axis | undefined) => Axis | undefined;
  /** True for targets with their own axis: labels that the loss aligns with the outputs. */
  readonly areLabels: boolean;
}

/** Options of a source in addition to its own section of the spec. */
export interface SourceOptions {
  /** Start of relative paths. */
  readonly folder: string;
  /** The spec's seed, for a shuffled split. */
  readonly seed: number;
  /** Of the inputs and of the only target, or the first. */
  readonly uses: Uses;
  /** By the names of the targets. */
  readonly targetUses: ReadonlyMap<string, Uses>;
  /** Metadata of a run to use instead of fitting these data: other data for the same model. */
  readonly fittedMetadata?: Metadata;
  /**
   * The classes of the run that a training resumes, by target (null: the only one): their order is kept where the data
   * has the same.
   */
  readonly recordedClasses: ReadonlyMap<string | null, readonly string[]>;
}

/** A type of data: how to open it, and which of its keys name files. */
export interface SourceKind<D extends NormalData> {
  open(data: D, options: SourceOptions): Promise<Result<DataSource>>;
  /** The same data with each file's name replaced. */
  mapFiles(data: D, rename: (file: string) => string): D;
}

/** Examples in a training batch. */
export function expectedBatchSize(train: NormalTrain, { train: { length } }: Splits): number {
  return batchSizeOf(train, length);
}

/** @param output that is compared with the target; by default the first. */
export function usesOf(spec: Pick<NormalSpec, "data" | "model" | "losses">, output?: ModelOutput): Uses {
  const { data, model } = spec;
  const { loss, model: layers } = output ?? (outputsOf(spec)[0] as ModelOutput);
  const targetKind = targetKindOf(loss);
  const idInputs = new Set(model.flatMap((layer) => (vocabularyOf(layer) === undefined ? [] : layer.from)));
  const inputKind = (name: string) => (idInputs.has(name) ? "ids" : "numbers");
  return {
    inputs: inputKind("inputs"),
    inputKind,
    targets: targetKind === "labels" ? "classes" : targetKind,
    loss: lossName(loss),
    outputs: outputKindOf(loss),
    everyStep: !hasIndependentRows(data) && outputIsSequence(layers),
    outputTimeAxis: (axisOf) => outputTimeAxis(layers, axisOf),
    areLabels: targetKind === "labels",
  };
}

/** The uses of the targets by their names. All outputs that are compared with one target use it alike. */
export function targetUsesOf(spec: Pick<NormalSpec, "data" | "model" | "losses">): ReadonlyMap<string, Uses> {
  return new Map(outputsOf(spec).map((output) => [output.loss.target, usesOf(spec, output)]));
}
