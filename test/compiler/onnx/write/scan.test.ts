/** Loops in ONNX: nesting, captures, directions, sizes known inside and outside, and outputs without a node in the body. */
import { describe, expect, test } from "vitest";
import { graphBuilder } from "../../../../compiler/graph/builder.js";
import { scan } from "../../../../compiler/graph/scan.js";
import type { Builder } from "../../../../compiler/ir/builder.js";
import { tensor } from "../../../../compiler/ir/tensor.js";
import type { Graph, Tensor, Type, Value } from "../../../../compiler/ir/types.js";
import { readModel } from "../../../../compiler/onnx/read/model.js";
import { expectSame, modelOf } from "../../../support/run-graph.js";

const f32 = (...shape: (number | string)[]): Type => ({ dtype: "float32", shape });

function wave(shape: readonly number[], seed = 1): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor(
    "float32",
    shape,
    Array.from({ length: count }, (_, i) => Math.fround(Math.sin(12.9898 * (i + 1) + seed))),
  );
}

/** An argument of a body. */
function loopInput(values: readonly Value[], index = 0): Value {
  const value = values[index];
  if (value === undefined) throw new Error(`the step has no value ${index}`);
  return value;
}

/** h' = tanh(x W + h U) over time, all states stacked. */
function recurrence(b: Builder, x: Value, h: Value, w: Value, u: Value, reverse = false) {
  return scan(b, "recurrence", { initial: [h], scans: [x], reverse }, (inner, states, slices) => {
    const next = inner.tanh(inner.add(inner.matmul(loopInput(slices), w), inner.matmul(loopInput(states), u)));
    return { next: [next], scanOutputs: [next] };
  });
}

function recurrent(reverse: boolean): Graph {
  const b = graphBuilder("recurrent");
  const x = b.input("x", f32("time", "batch", 3));
  const [w, u] = [b.input("rnn/0/W", f32(3, 4)), b.input("rnn/0/U", f32(4, 4))];
  const { final, scanOutputs: stacked } = recurrence(b, x, b.expand(b.scalar(0), ["batch", 4]), w, u, reverse);
  return b.finish([...final, ...stacked]);
}

/** K updates of two weights, each from a loop over the time steps of one batch: the structure of a training graph. */
function updates(symbolic: boolean): Graph {
  const [steps, time, batch] = symbolic ? ["steps", "time", "batch"] : [2, 3, 2];
  const b = graphBuilder("updates");
  const [w0, u0] = [b.input("W", f32(3, 4)), b.input("U", f32(4, 4))];
  const data = b.input("data", f32(steps, batch, time, 3));
  const { final, scanOutputs: stacked } = scan(
    b,
    "update",
    { initial: [w0, u0], scans: [data] },
    (step, [w, u], slices) => {
      if (w === undefined || u === undefined) throw new Error("two states");
      const x = step.transpose(loopInput(slices), [1, 0, 2]);
      const forward = recurrence(step, x, step.expand(step.scalar(0), [batch, 4]), w, u);
      const total = loopInput(forward.scanOutputs);
      // A second loop, backward, that captures a state of the outer one and the first loop's result.
      const back = scan(
        step,
        "back",
        { initial: [loopInput(forward.final)], scans: [total], reverse: true },
        (inner, g, hs) => {
          const next = inner.mul(inner.matmul(loopInput(hs), u), loopInput(g));
          return { next: [next], scanOutputs: [inner.add(next, loopInput(forward.final))] };
        },
      );
      const count = step.cast(step.size(total), "float32");
      const loss = step.div(step.sum(loopInput(back.scanOutputs)), count);
      const rows = step.reshape(total, [batch, time, 4]);
      return {
        next: [step.sub(w, step.mul(loss, 0.1)), step.mul(u, step.sub(1, step.mul(step.mean(rows), 0.1)))],
        scanOutputs: [loss],
      };
    },
  );
  return b.finish([...final, ...stacked]);
}

describe.each([13, 17, 18, 21])("opset %i", (opset) => {
  test.each([false, true])("a recurrence, reverse %s", async (reverse) => {
    await expectSame(recurrent(reverse), [wave([5, 2, 3]), wave([3, 4], 2), wave([4, 4], 3)], opset);
  });

  test.each([false, true])("loops within a loop, symbolic %s", async (symbolic) => {
    await expectSame(updates(symbolic), [wave([3, 4]), wave([4, 4], 2), wave([2, 2, 3, 3], 3)], opset);
  });

  test("zero steps, which onnxruntime refuses", async () => {
    const inputs = [wave([0, 2, 3]), wave([3, 4], 2), wave([4, 4], 3)];
    await expect(expectSame(recurrent(false), inputs, opset)).rejects.toThrow("Dimension 0 is 0");
  });
});

test("outputs that are inputs, captures, constants or listed twice", async () => {
  const b = graphBuilder("passing");
  const [x, s, c] = [b.input("x", f32("time", 2)), b.input("s", f32(2)), b.input("c", f32(2))];
  const { final, scanOutputs: stacked } = scan(
    b,
    "pass",
    { initial: [s, c, s], scans: [x] },
    (inner, states, slices) => {
      const sum = inner.add(loopInput(states), loopInput(slices));
      return {
        next: [sum, loopInput(states, 1), c],
        scanOutputs: [
          sum,
          sum,
          loopInput(slices),
          loopInput(states),
          c,
          inner.constant(tensor("float32", [2], [1, 2])),
        ],
      };
    },
  );
  await expectSame(b.finish([...final, ...stacked]), [wave([3, 2]), wave([2], 2), wave([2], 3)], 18);
});

test("states that swap places", async () => {
  const b = graphBuilder("swapping");
  const [x, p, q] = [b.input("x", f32("time", 2)), b.input("p", f32(2)), b.input("q", f32(2))];
  const { final, scanOutputs: stacked } = scan(
    b,
    "swap",
    { initial: [p, q], scans: [x] },
    (_, [first, second], slices) => ({
      next: [second, first].flatMap((value) => value ?? []),
      scanOutputs: slices,
    }),
  );
  await expectSame(b.finish([...final, ...stacked]), [wave([3, 2]), wave([2], 2), wave([2], 3)], 18);
});

test("one body used by two loops", async () => {
  const b = graphBuilder("twice");
  const [x, s] = [b.input("x", f32("time", 2)), b.input("s", f32(2))];
  const inner = graphBuilder("sum");
  const [state, slice] = [inner.input("s", f32(2)), inner.input("x", f32(2))];
  const sum = inner.add(state, slice);
  const body = inner.finish([sum, sum]);
  const once = (reverse: boolean) =>
    b.apply("Scan", [s, x], { body, stateCount: 1, scanCount: 1, reverse, length: "time" });
  await expectSame(b.finish([...once(false), ...once(true)]), [wave([3, 2]), wave([2])], 18);
});

test("sizes are computed once, in the main graph, for all bodies", async () => {
  const model = readModel(await modelOf(updates(true), 18));
  const count = (name: string) =>
    (model.ok ? model.model.operators : []).find(({ operator }) => operator === name)?.count;
  expect(count("Shape")).toBe(1);
  expect(count("Scan")).toBe(3);
});
