/** Attention weights: which memory steps a step sees, the biases of the scores, softmax, dropout. */
import type { NormalAttention } from "../../../../schema/normal/index.js";
import { addDims } from "../../../ir/dims.js";
import { at, expectDefined } from "../../../ir/expect.js";
import { tensor } from "../../../ir/tensor.js";
import type { Dim, Value } from "../../../ir/types.js";
import type { Context } from "../../context.js";
import { pastSteps } from "../../positions.js";
import { dropoutMask } from "../../random.js";
import type { Wire } from "../../wire.js";
import { blockStepsOf, cachedSteps } from "./cache.js";

/**
 * The bias of the score of a step that is not seen: its weight is 0, since a float32 sum with a score is the bias
 * itself, and its gradient is finite.
 */
const UNSEEN = -1e30;

/** The state that counts the steps that a block has read, [1]. */
export const STEPS_OF_BLOCK = "steps_of_block";

/** The position of an entry of no step: before the first step of any sequence. */
const NO_STEP = -(2 ** 30);

export interface AttentionInputs {
  /** [steps, batch, n]; of a query that is no sequence one step. */
  readonly query: Value;
  readonly memory: Wire;
  /** The query is the memory. */
  readonly isSelfAttention: boolean;
}

/** The biases of scores, and the steps that see a step of the memory. */
export interface ScoreBias {
  /** Broadcasts to [batch, heads, steps, memory steps]; without heads to [batch, steps, memory steps]. Null for zeros. */
  readonly bias: Value | null;
  /** The axes of the bias with size 1 along the memory steps; null where every valid step sees one. */
  readonly seesAny: Value | null;
}

/**
 * Slopes of the linear biases: 2^(-8 h / n), h = 1 … n, for a power of two n; for other numbers of heads those of the
 * largest power of two below, then every second one of the next power of two (O. Press et al., ICLR 2022).
 */
export function alibiSlopes(heads: number): readonly number[] {
  const n = 2 ** Math.floor(Math.log2(heads));
  const slopes = (count: number) => Array.from({ length: count }, (_, index) => 2 ** ((-8 * (index + 1)) / count));
  const others = slopes(2 * n).filter((_, index) => index % 2 === 0);
  return [...slopes(n), ...others.slice(0, heads - n)];
}

/**
 * The biases of the scores. They depend on the lengths alone, and not on weights, so that layers of the same kind share
 * them, and without lengths every training step does.
 */
export function scoreBias(layer: NormalAttention, inputs: AttentionInputs, context: Context): ScoreBias {
  const { b } = context;
  const { query, memory, isSelfAttention } = inputs;
  const { causal, window, heads } = layer;
  const past = pastSteps(context, query);
  // Positions from the first step of this part of a stream; those of cached steps are negative.
  const queryPositions = b.range(at(query.type.shape, 0));
  const memoryPositions = memoryPositionsOf(layer, at(memory.value.type.shape, 0), past !== undefined, context);
  const distances = () => b.sub(b.unsqueeze(queryPositions, [1]), b.unsqueeze(memoryPositions, [0]));
  /** Conditions of the shape [1 or batch, 1 or steps, memory steps], or without its first axis. */
  const conditions: Value[] = [];
  if (past !== undefined)
    conditions.push(b.greater(b.add(b.unsqueeze(memoryPositions, [0, 1]), b.unsqueeze(past, [1, 2])), -1));
  if (causal) conditions.push(b.greater(distances(), -1));
  if (window !== null) conditions.push(b.less(causal ? distances() : b.abs(distances()), window + 1));
  if (memory.mask !== null) conditions.push(b.transpose(memory.mask, [1, 2, 0]));
  const [first, ...others] = conditions;
  const seen = first && others.reduce((x, y) => b.and(x, y), first);
  const withHeads = (value: Value) =>
    heads !== null && value.type.shape.length === 3 ? b.unsqueeze(value, [1]) : value;
  const slopes = layer.alibi ? alibiSlopes(heads ?? 1) : null;
  const linear =
    slopes &&
    b.mul(
      b.cast(b.abs(distances()), "float32"),
      b.constant(
        tensor(
          "float32",
          [slopes.length, 1, 1],
          slopes.map((slope) => -slope),
        ),
      ),
    );
  const bias = seen === undefined ? linear : b.where(withHeads(seen), linear ?? 0, UNSEEN);
  // In self-attention a valid step sees itself.
  const isAlwaysSeen = seen === undefined || isSelfAttention || memory.mask === null;
  const seesAny = isAlwaysSeen ? null : b.greater(b.reduceMax(b.cast(withHeads(seen), "float32"), [-1], true), 0);
  return { bias, seesAny };
}

/** int64 [memory steps], with those that a stream has cached. */
function memoryPositionsOf(layer: NormalAttention, steps: Dim, isStream: boolean, context: Context): Value {
  const { b } = context;
  if (!isStream) return b.range(steps);
  const past = cachedSteps(layer, context);
  const block = blockStepsOf(layer, context);
  const sizeOf = (dim: Dim) => (typeof dim === "number" ? dim : b.size(b.range(dim)));
  const endingAt = (dim: Dim) => b.sub(b.range(addDims(dim, steps)), sizeOf(dim));
  if (block === null) return endingAt(past);
  const read = expectDefined(context.inputState(STEPS_OF_BLOCK, [1], false), STEPS_OF_BLOCK);
  context.outputState(STEPS_OF_BLOCK, b.add(read, b.cast(b.size(b.range(steps)), "float32")));
  const count = b.cast(read, "int64");
  const ofBlock = endingAt(block);
  // The block has read `count` steps: entries before them are those of no step.
  const isRead = b.greater(b.add(ofBlock, count), -1);
  return b.concat([b.sub(b.sub(b.range(past), sizeOf(past)), count), b.where(isRead, ofBlock, NO_STEP)], 0);
}

/** The weights of scores [batch, steps, memory steps], or with heads [batch, heads, steps, memory steps]. */
export function attentionWeights(
  layer: NormalAttention,
  scores: Value,
  { bias, seesAny }: ScoreBias,
  context: Context,
): Value {
  const { b, mode } = context;
  const softmax = b.softmax(bias === null ? scores : b.add(scores, bias));
  const weights = seesAny === null ? softmax : b.where(seesAny, softmax, 0);
  context.recordAttention(layer.name, weights);
  if (mode !== "training" || layer.dropout === 0) return weights;
  // Steps lead, so that the random numbers of a row do not depend on the number of steps of its batch.
  const [batch = 1, ...rest] = scores.type.shape;
  const perHead = rest.slice(0, -2);
  const [steps = 1, memorySteps = 1] = rest.slice(-2);
  const mask = dropoutMask(context, layer.name, [steps, batch, ...perHead, memorySteps], layer.dropout);
  return b.mul(weights, b.transpose(mask, perHead.length === 0 ? [1, 0, 2] : [1, 2, 0, 3]));
}
