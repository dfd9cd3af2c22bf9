/** The tensors of floats that a model stores: inputs of the graph, trained or frozen. */
import type { Builder } from "../ir/builder.js";
import { tensor as tensorOf } from "../ir/tensor.js";
import type { Shape, Tensor, Value } from "../ir/types.js";
import type { TensorProto } from "../onnx/read/tensor-values.js";
import { type Known, materialize, type Present, type StoredWeight } from "./operand.js";

/** A stored tensor that the graph reads. */
export interface WeightInput {
  readonly name: string;
  readonly value: Value;
  readonly shape: Shape;
  /** True where no gradient changes it: statistics, and numbers that the graph has as constants. */
  readonly isFrozen: boolean;
  /** Its value after a training step, of running statistics. */
  readonly next: Value | undefined;
  values(): Float64Array;
}

export interface Weights {
  /** The same weight for the same tensor. Throws a RangeError where another one has its name. */
  store(tensor: TensorProto): StoredWeight;
  valueOf(b: Builder, operand: Present): Value;
  numbers(operand: Present): Tensor | undefined;
  freeze(operand: Present): void;
  update(operand: Present, next: Value): void;
  /** In the order of their first readers. */
  inputs(): readonly WeightInput[];
}

/** @param root the builder of the main graph, which has the weights as inputs. */
export function openWeights(root: Builder): Weights {
  const opened = new Map<string, { readonly weight: StoredWeight; readonly value: Value }>();
  const stored = new Map<string, { readonly tensor: TensorProto; readonly weight: StoredWeight }>();
  const frozen = new Set<string>();
  const nextValues = new Map<string, Value>();
  const constants = new WeakMap<Builder, Map<Known, Value>>();
  const constantIn = (b: Builder, operand: Known): Value => {
    const values = constants.get(b) ?? new Map<Known, Value>();
    constants.set(b, values);
    const value = values.get(operand) ?? materialize(b, operand);
    values.set(operand, value);
    return value;
  };
  return {
    store(tensor) {
      const { name, shape, values } = tensor;
      const existing = stored.get(name);
      if (existing?.tensor === tensor) return existing.weight;
      if (existing !== undefined) throw new RangeError("another tensor has its name");
      let read: Float64Array | undefined;
      const weight: StoredWeight = {
        kind: "weight",
        name,
        shape,
        values: () => {
          read ??= values();
          return read;
        },
      };
      stored.set(name, { tensor, weight });
      return weight;
    },
    valueOf(b, operand) {
      if (operand.kind === "computed") return operand.value;
      if (operand.kind === "known") return constantIn(b, operand);
      const { name, shape } = operand;
      const existing = opened.get(name);
      if (existing !== undefined) return existing.value;
      const value = root.input(name, { dtype: "float32", shape });
      opened.set(name, { weight: operand, value });
      return value;
    },
    numbers(operand) {
      if (operand.kind !== "weight") return undefined;
      frozen.add(operand.name);
      return tensorOf("float32", operand.shape, operand.values());
    },
    freeze(operand) {
      if (operand.kind === "weight") frozen.add(operand.name);
    },
    update(operand, next) {
      if (operand.kind === "weight") nextValues.set(operand.name, next);
    },
    inputs: () =>
      [...opened].map(([name, { weight, value }]) => ({
        name,
        value,
        shape: weight.shape,
        isFrozen: frozen.has(name),
        next: nextValues.get(name),
        values: weight.values,
      })),
  };
}
