/** Gradients of recurrent cells, alone and stacked, against finite differences. */
import { describe, test } from "vitest";
import { scan } from "../../../compiler/graph/scan.js";
import { at } from "../../../compiler/ir/expect.js";
import { CLASSES, expectGradientsOf, model } from "./model.js";

describe("cells", () => {
  test.each([false, true])("a tanh RNN, its last state and all its outputs read, reverse: %s", (reverse) => {
    expectGradientsOf(
      model("rnn", (b, { float }) => {
        const xs = float("xs", "time", "batch", 2);
        const h0 = float("h0", "batch", 3);
        const w = float("W", 2, 3);
        const u = float("U", 3, 3);
        const bias = float("b", 3);
        const { final, scanOutputs: stacked } = scan(
          b,
          "step",
          { initial: [h0], scans: [xs], reverse },
          (inner, [h = h0], [x = xs]) => {
            const { add, matmul, tanh } = inner;
            const next = tanh(add(add(matmul(x, w), matmul(h, u)), bias));
            return { next: [next], scanOutputs: [next] };
          },
        );
        return [...final, ...stacked];
      }),
    );
  });

  test("an LSTM whose last c is read", () => {
    expectGradientsOf(
      model("lstm", (b, { float }) => {
        const xs = float("xs", "time", "batch", 2);
        const w = float("W", 2, 8);
        const u = float("U", 2, 8);
        const bias = float("b", 8);
        const zero = b.expand(b.scalar(0), ["batch", 2]);
        const { final, scanOutputs: stacked } = scan(
          b,
          "step",
          { initial: [zero, zero], scans: [xs] },
          (inner, [h = zero, c = zero], [x = xs]) => {
            const { add, mul, matmul, sigmoid, tanh } = inner;
            const gates = add(add(matmul(x, w), matmul(h, u)), bias);
            const [i = gates, f = gates, g = gates, o = gates] = inner.split(gates, [2, 2, 2, 2], -1);
            const nextC = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g)));
            const nextH = mul(sigmoid(o), tanh(nextC));
            return { next: [nextH, nextC], scanOutputs: [nextH] };
          },
        );
        return [at(final, 1), ...stacked];
      }),
    );
  });

  test("two states of different sizes, and an output that is no state", () => {
    expectGradientsOf(
      model("two sizes", (b, { float }) => {
        const xs = float("xs", "time", "batch", 2);
        const fast0 = float("fast0", "batch", 3);
        const slow0 = float("slow0", "batch", 1);
        const w = float("W", 2, 3);
        const v = float("V", 3, 1);
        const decay = float("decay");
        const { final, scanOutputs: stacked } = scan(
          b,
          "step",
          { initial: [fast0, slow0], scans: [xs] },
          (inner, [fast = fast0, slow = slow0], [x = xs]) => {
            const { add, mul, matmul, sigmoid, softplus, tanh } = inner;
            const next = tanh(add(matmul(x, w), mul(fast, slow)));
            return {
              next: [next, add(mul(sigmoid(decay), slow), matmul(next, v))],
              scanOutputs: [softplus(mul(next, slow))],
            };
          },
        );
        return [...final, ...stacked];
      }),
    );
  });

  test("masked steps, which keep the state and output zeros", () => {
    expectGradientsOf(
      model("masked", (b, { float, flag }) => {
        const xs = float("xs", "time", "batch", 2);
        const valid = flag("live", "time", "batch", 1);
        const h0 = float("h0", "batch", 2);
        const u = float("U", 2, 2);
        const { final, scanOutputs: stacked } = scan(
          b,
          "step",
          { initial: [h0], scans: [xs, valid] },
          (inner, [h = h0], [x = xs, on = valid]) => {
            const next = inner.tanh(inner.add(x, inner.matmul(h, u)));
            return { next: [inner.where(on, next, h)], scanOutputs: [inner.where(on, next, 0)] };
          },
        );
        return [...final, ...stacked];
      }),
    );
  });

  test.each([false, true])("two loops, the second over the scan output of the first, reverse: %s", (reverse) => {
    expectGradientsOf(
      model("layers", (b, { float }) => {
        const xs = float("xs", "time", "batch", 2);
        const h0 = float("h0", "batch", 2);
        const u = float("U", 2, 2);
        const layer = (name: string, inputs: typeof xs, backward: boolean) =>
          scan(b, name, { initial: [h0], scans: [inputs], reverse: backward }, (inner, [h = h0], [x = xs]) => {
            const next = inner.tanh(inner.add(x, inner.matmul(h, u)));
            return { next: [next], scanOutputs: [next] };
          });
        const lower = layer("lower", xs, false);
        const upper = layer("upper", at(lower.scanOutputs, 0), reverse);
        return [...upper.scanOutputs, ...lower.final];
      }),
    );
  });

  test("an embedding looked up at each step by scanned ids", () => {
    expectGradientsOf(
      model("lookup", (b, { float, integer }) => {
        const ids = integer("ids", "time", "batch");
        const table = float("E", CLASSES, 2);
        const h0 = float("h0", "batch", 2);
        const { final } = scan(b, "step", { initial: [h0], scans: [ids] }, (inner, [h = h0], [id = ids]) => ({
          next: [inner.tanh(inner.add(h, inner.gather(table, id, 0)))],
          scanOutputs: [],
        }));
        return final;
      }),
    );
  });
});
