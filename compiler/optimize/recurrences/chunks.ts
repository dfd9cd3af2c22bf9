/** Values of all time steps in chunks: from [time, ...axes of the state] to [chunks, ...lead, steps, columns] and back. */
import type { Builder } from "../../ir/builder.js";
import { elementCount, sameShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Dim, Shape, Value } from "../../ir/types.js";

export interface ChunkLayout {
  readonly timeSteps: number;
  /** Time steps of a chunk; the last chunk is padded. */
  readonly size: number;
  /** The shape of the state. */
  readonly state: Shape;
  readonly keyAxis: number;
  readonly valueAxes: readonly number[];
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

export function chunkLayout(b: Builder, layout: ChunkLayout) {
  const { timeSteps, size, state, keyAxis, valueAxes } = layout;
  const leadAxes = range(state.length).filter((axis) => axis !== keyAxis && !valueAxes.includes(axis));
  const chunkCount = Math.ceil(timeSteps / size);
  const padding = chunkCount * size - timeSteps;
  const dims = (shape: Shape, axes: readonly number[]) => axes.map((axis) => at(shape, axis));
  const valueSize = elementCount(dims(state, valueAxes));

  const permuted = (value: Value, perm: readonly number[]) =>
    perm.every((axis, index) => axis === index) ? value : b.transpose(value, perm);
  const reshaped = (value: Value, shape: Shape) =>
    sameShape(value.type.shape, shape) ? value : b.reshape(value, shape);

  /** [time or 1, ...] as [time, ...lead, columns], where the columns are some axes, flattened, or 1. */
  function asColumns(value: Value, axes: readonly number[]): Value {
    const shape = value.type.shape.slice(1);
    const varied = axes.some((axis) => at(shape, axis) !== 1);
    const kept = varied ? axes : [];
    const target = [timeSteps, ...shape.map((dim, axis) => (kept.includes(axis) ? at(state, axis) : dim))];
    const whole = sameShape(value.type.shape, target) ? value : b.expand(value, target);
    const rest = range(state.length).filter((axis) => !leadAxes.includes(axis) && !kept.includes(axis));
    const ordered = permuted(whole, [0, ...[...leadAxes, ...kept, ...rest].map((axis) => axis + 1)]);
    return reshaped(ordered, [timeSteps, ...dims(shape, leadAxes), elementCount(dims(state, kept))]);
  }

  /** [time, ...lead, columns] as [chunks, ...lead, steps, columns]; steps of the padding are `filler`. */
  function inChunks(value: Value, filler: 0 | 1): Value {
    const { shape } = value.type;
    const pad = () =>
      filler === 0
        ? b.pad(value, 0, 0, padding)
        : b.concat([value, b.expand(b.scalar(1, value.type.dtype), [padding, ...shape.slice(1)])], 0);
    const padded = padding === 0 ? value : pad();
    const rest = shape.slice(1);
    const split = reshaped(padded, [chunkCount, size, ...rest]);
    const columns = rest.length + 1;
    return permuted(split, [0, ...range(rest.length - 1).map((axis) => axis + 2), 1, columns]);
  }

  return {
    chunkCount,
    keySize: at(state, keyAxis),
    valueSize,
    /** A product of factors of the key, [chunks, ...lead, steps, key size or 1]. */
    key: (value: Value, filler: 0 | 1 = 0) => inChunks(asColumns(value, [keyAxis]), filler),
    /** A product of factors of the value, [chunks, ...lead, steps, value size or 1]. */
    value: (value: Value) => inChunks(asColumns(value, valueAxes), 0),
    /** A state as [...lead, key size, value size]. */
    state(value: Value): Value {
      const ordered = permuted(value, [...leadAxes, keyAxis, ...valueAxes]);
      return reshaped(ordered, [...dims(state, leadAxes), at(state, keyAxis), valueSize]);
    },
    /** The inverse of `state`. */
    fromState(value: Value): Value {
      const order = [...leadAxes, keyAxis, ...valueAxes];
      return permuted(
        reshaped(value, dims(state, order)),
        range(state.length).map((axis) => order.indexOf(axis)),
      );
    },
    /** [chunks, ...lead, steps, value size] as [time, ...axes of the state], where the key axis is 1. */
    fromChunks(value: Value): Value {
      const lead: readonly Dim[] = value.type.shape.slice(1, -2);
      const rank = value.type.shape.length;
      const byTime = permuted(value, [0, rank - 2, ...range(lead.length).map((axis) => axis + 1), rank - 1]);
      const flat = reshaped(byTime, [chunkCount * size, ...lead, ...dims(state, valueAxes), 1]);
      const steps = padding === 0 ? flat : b.slice(flat, 0, 0, timeSteps);
      const order = [...leadAxes, ...valueAxes, keyAxis];
      return permuted(steps, [0, ...range(state.length).map((axis) => order.indexOf(axis) + 1)]);
    },
  };
}
