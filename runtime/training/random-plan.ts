/**
 * A batch of random inputs and targets of the shapes and kinds of a spec's data, with initial weights, so that a gradient
 * can be checked without the data files.
 */
import {
  type ArraySignature,
  classesSize,
  mapTargets,
  type Signature,
  targetArrays,
  vocabularySize,
} from "../../compiler/signature.js";
import type { Problem } from "../../schema/diagnostics/index.js";
import { blankClassOf, targetKindOf } from "../../schema/kinds/losses.js";
import { outputsOf, targetPort } from "../../schema/kinds/outputs.js";
import type { NormalLoss, NormalSpec } from "../../schema/normal/index.js";
import { inferSignature } from "../data/data-signature.js";
import type { Batch } from "../data/source.js";
import { invalidInput, type RunFailure } from "../outcome.js";
import { ok, type Result } from "../result.js";
import { elementCount, type NumericArray } from "../tensors/array.js";
import { type RandomStream, randomStream } from "../tensors/random.js";
import type { TrainingPlan } from "./plan.js";
import { createInitialSnapshot } from "./resume.js";
import { identityOrigins } from "./spec-paths.js";

/** The initial weights and one batch, which a check of the gradient reads. */
export interface CheckPlan extends Pick<TrainingPlan, "spec" | "signature" | "notices" | "initialSnapshot"> {
  readonly batch: Batch;
  /** True for random inputs and targets. */
  readonly isRandom: boolean;
}

const rows = 3;
/** Of the axes of time; more where the windows of a model need them. */
const LEAST_STEPS = 8;
/** Two seconds of sound. */
const MOST_STEPS = 2 ** 15;
/** Of sizes that the files of the data define. */
const defaultSizes = { vocabulary: 7, classes: 3, features: 4 };

/** @param reason of random numbers, for the notice. */
export async function planRandom(
  spec: NormalSpec,
  folder: string,
  reason: string,
): Promise<Result<CheckPlan, RunFailure>> {
  const inferred = await inferSignature(spec, folder);
  if (!inferred.ok) return invalidInput(inferred.error);
  const { analyze, compile } = await import("../../compiler/compile.js");
  const small = withoutDataFacts(spec);
  const problems: Problem[][] = [];
  for (const candidate of inferred.value.signatures) {
    for (const classes of classCounts(spec)) {
      const signature = withSizes(candidate, { ...defaultSizes, classes });
      const result = await compile(small, signature, { origins: identityOrigins(small) });
      if (!result.ok) {
        problems.push([...result.problems]);
        continue;
      }
      const { manifest } = result.artifact;
      const steps = stepsFor((count) => analyze(small, { ...signature, steps: count }).ok, signature);
      return ok({
        spec: small,
        signature,
        batch: randomBatch(small, signature, steps),
        isRandom: true,
        initialSnapshot: () => createInitialSnapshot(small.seed, manifest, new Map(), null),
        notices: [`${reason}: inputs and targets are random numbers of the same kinds.`],
      });
    }
  }
  const fewest = problems.reduce((least, some) => (some.length < least.length ? some : least));
  return invalidInput(fewest);
}

/** The number of steps of the data, or the first one that fits the windows of the model. */
function stepsFor(fits: (steps: number) => boolean, { steps }: Signature): number {
  if (steps !== undefined) return steps;
  let count = LEAST_STEPS;
  while (count < MOST_STEPS && !fits(count)) count *= 2;
  return count;
}

/** The spec without sizes and weights that only its data defines. */
function withoutDataFacts(spec: NormalSpec): NormalSpec {
  const losses = spec.losses.map(
    (loss): NormalLoss =>
      "class_weights" in loss && !Array.isArray(loss.class_weights) ? { ...loss, class_weights: null } : loss,
  );
  return { ...spec, losses, train: { ...spec.train, batch_size: rows, accumulate: 1 } };
}

/** Numbers of classes that may fit the model: the sizes of its outputs, and a default. */
function classCounts(spec: NormalSpec): readonly number[] {
  const sizes = outputsOf(spec).flatMap(({ model }) => {
    const last = model.findLast((layer) => "size" in layer);
    return last !== undefined && "size" in last && typeof last.size === "number" ? [last.size] : [];
  });
  return [...new Set([...sizes, defaultSizes.classes, defaultSizes.vocabulary])];
}

const isTime = (dim: number | string) => dim === "batch" || /time$/.test(String(dim));

/** The signature with numbers in place of sizes that depend on files. Equal symbols are equal numbers. */
function withSizes(signature: Signature, numbers: typeof defaultSizes): Signature {
  const sizeOf = (symbol: number | string): number => {
    if (typeof symbol === "number") return symbol;
    if (symbol.includes("vocabulary")) return numbers.vocabulary;
    return symbol.startsWith("classes") ? numbers.classes : numbers.features;
  };
  const withNumbers = (array: ArraySignature): ArraySignature => ({
    ...array,
    shape: array.shape.map((dim) => (isTime(dim) ? dim : sizeOf(dim))),
  });
  const mapRecord = <T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U) =>
    Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
  const { side_inputs: sides, initial_states: states, weights } = signature;
  return {
    ...signature,
    inputs: withNumbers(signature.inputs),
    targets: mapTargets(signature.targets, withNumbers),
    ...(sides && { side_inputs: mapRecord(sides, withNumbers) }),
    ...(states && { initial_states: mapRecord(states, withNumbers) }),
    ...(weights && { weights: withNumbers(weights) }),
    sizes: mapRecord(signature.sizes, sizeOf),
  };
}

function randomBatch(spec: NormalSpec, signature: Signature, steps: number): Batch {
  const random = randomStream(spec.seed, "random-inputs");
  const { inputs, side_inputs: sides = {}, initial_states: states = {}, lengths, target_lengths, weights } = signature;
  const shapeOf = ({ shape }: ArraySignature) =>
    shape.map((dim) => (dim === "batch" ? rows : typeof dim === "number" ? dim : steps));
  const numbers = (array: ArraySignature, draw: () => number): NumericArray => {
    const shape = shapeOf(array);
    return { dtype: "float32", shape, data: Float32Array.from({ length: elementCount(shape) }, draw) };
  };
  const integers = (array: ArraySignature, draw: () => number): NumericArray => {
    const shape = shapeOf(array);
    const values = Array.from({ length: elementCount(shape) }, draw);
    if (array.dtype === "int64") return { dtype: "int64", shape, data: BigInt64Array.from(values, BigInt) };
    return { dtype: "int32", shape, data: Int32Array.from(values) };
  };
  const size = (...names: readonly string[]) => Number(names.map((name) => signature.sizes[name]).find(Boolean) ?? 2);
  const input = (name: string, array: ArraySignature, ids: number) =>
    [
      name,
      array.dtype === "float32" ? numbers(array, random.normal) : integers(array, () => random.below(ids)),
    ] as const;
  const full = (array: ArraySignature) => integers(array, () => steps);
  const batch = new Map<string, NumericArray>([
    input("inputs", inputs, size(vocabularySize("inputs"), "vocabulary")),
    ...Object.entries(sides).map(([name, array]) =>
      input(name, array, size(vocabularySize(name), "target_vocabulary", "vocabulary")),
    ),
    ...Object.entries(states).map(([name, array]) => [name, numbers(array, random.normal)] as const),
  ]);
  for (const [name, array] of targetArrays(signature)) {
    const loss = spec.losses.find(({ target }) => target === name);
    const classes = size(classesSize(name), "classes");
    const isOfRows = array.dtype === "float32" && loss !== undefined && targetKindOf(loss) === "classes";
    const drawn = array.dtype === "float32" ? numbers(array, drawOf(loss, random)) : null;
    const target = drawn === null ? integers(array, classOf(loss, classes, random)) : isOfRows ? asRows(drawn) : drawn;
    batch.set(targetPort(name), target);
  }
  if (lengths) batch.set("lengths", full(lengths));
  if (target_lengths) batch.set("target_lengths", full(target_lengths));
  if (weights)
    batch.set(
      "weights",
      numbers(weights, () => 0.5 + random.uniform()),
    );
  return batch;
}

/** A random class: of label sequences one that is no blank. */
function classOf(loss: NormalLoss | undefined, classes: number, { below }: RandomStream): () => number {
  if (loss?.type !== "ctc") return () => below(classes);
  const blank = blankClassOf(loss, classes);
  return () => (blank + 1 + below(classes - 1)) % classes;
}

/** A random number of the kind of a loss's targets. */
function drawOf(loss: NormalLoss | undefined, { normal, uniform, below }: RandomStream): () => number {
  switch (loss && targetKindOf(loss)) {
    case "probabilities":
      return () => below(2);
    case "classes":
      return uniform;
    case "counts":
      return () => below(5);
    default:
      return normal;
  }
}

/** Rows of numbers whose sum is 1. */
function asRows(array: NumericArray): NumericArray {
  const width = array.shape.at(-1) ?? 1;
  const data = Float32Array.from(array.data as Float32Array);
  for (let start = 0; start < data.length; start += width) {
    const row = data.subarray(start, start + width);
    const sum = row.reduce((total, entry) => total + entry, 0);
    row.forEach((entry, index) => {
      row[index] = entry / sum;
    });
  }
  return { dtype: "float32", shape: array.shape, data };
}
