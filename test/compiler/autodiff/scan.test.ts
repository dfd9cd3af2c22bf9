/** Gradients of loops against finite differences: every use of states, slices and captured values in a body. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/reverse.js";
import { scan } from "../../../compiler/graph/scan.js";
import { verify } from "../../../compiler/graph/verify.js";
import { at } from "../../../compiler/ir/expect.js";
import type { Graph, NodeOf } from "../../../compiler/ir/types.js";
import { CLASSES, expectGradientsOf, model } from "./model.js";

describe("states", () => {
  test("that are unread, unchanged, or overwritten", () => {
    expectGradientsOf(
      model("idle", (b, { float }) => {
        const xs = float("xs", "time", 2);
        const idle0 = float("idle0", 2);
        const kept0 = float("kept0", 2);
        const h0 = float("h0", 2);
        const c = float("c", 2);
        const initial = [idle0, kept0, h0, h0, h0, h0];
        const { final, scanOutputs: stacked } = scan(
          b,
          "step",
          { initial, scans: [xs] },
          (inner, [idle = h0, kept = h0, h = h0, last = h0, outer = h0, zero = h0], [x = xs]) => {
            const { add, mul, tanh } = inner;
            const next = tanh(add(add(mul(h, kept), mul(x, last)), add(outer, zero)));
            // The next states: unchanged, another state, computed, a slice, a captured value, a constant.
            return { next: [tanh(idle), kept, next, x, c, inner.expand(0, [2])], scanOutputs: [next] };
          },
        );
        return [...final.slice(1), ...stacked];
      }),
    );
  });

  test("that swap, or become equal", () => {
    expectGradientsOf(
      model("places", (b, { float }) => {
        const xs = float("xs", "time", 2);
        const p0 = float("p0", 2);
        const q0 = float("q0", 2);
        const swapped = scan(b, "swap", { initial: [p0, q0], scans: [xs] }, (inner, [p = p0, q = q0], [x = xs]) => ({
          next: [q, inner.mul(p, x)],
          scanOutputs: [p],
        }));
        const joined = scan(b, "join", { initial: [p0, q0], scans: [xs] }, (inner, [p = p0, q = q0], [x = xs]) => {
          const next = inner.tanh(inner.add(inner.mul(p, q), x));
          return { next: [next, next], scanOutputs: [next, next] };
        });
        return [...swapped.final, ...swapped.scanOutputs, ...joined.final, ...joined.scanOutputs];
      }),
    );
  });

  test("with one initial value, which the body also captures", () => {
    expectGradientsOf(
      model("shared start", (b, { float }) => {
        const xs = float("xs", "time", 2);
        const start = float("start", 2);
        const { final } = scan(
          b,
          "step",
          { initial: [start, start], scans: [xs] },
          (inner, [p = xs, q = xs], [x = xs]) => ({
            next: [inner.add(inner.mul(p, start), x), inner.tanh(inner.add(q, p))],
            scanOutputs: [],
          }),
        );
        return final;
      }),
    );
  });

  test("of integers and booleans, which have no gradient", () => {
    expectGradientsOf(
      model("counters", (b, { float, integer, flag }) => {
        const xs = float("xs", "time", 2);
        const ids = integer("ids", "time");
        const marks = flag("marks", "time", 2);
        const table = float("E", CLASSES, 2);
        const count0 = integer("count0");
        const seen0 = flag("seen0", 2);
        const h0 = float("h0", 2);
        const { final, scanOutputs: stacked } = scan(
          b,
          "step",
          { initial: [count0, seen0, h0], scans: [xs, ids, marks] },
          (inner, [count = count0, seen = seen0, h = h0], [x = xs, id = ids, mark = marks]) => {
            const { add, mul, cast, where, tanh, or } = inner;
            const scaled = mul(add(x, inner.gather(table, id, 0)), cast(count, "float32"));
            const next = tanh(add(h, where(seen, scaled, mul(h, 0.5))));
            return { next: [add(count, id), or(seen, mark), next], scanOutputs: [count, seen, next] };
          },
        );
        return [...final, ...stacked];
      }),
    );
  });
});

describe("slices", () => {
  test("of inputs that are scanned twice, also captured, or unread", () => {
    expectGradientsOf(
      model("one sequence", (b, { float }) => {
        const xs = float("xs", "time", 2);
        const unread = float("unread", "time", 3);
        const h0 = float("h0", 2);
        const { final, scanOutputs: stacked } = scan(
          b,
          "step",
          { initial: [h0], scans: [xs, unread, xs] },
          (inner, [h = h0], [x = xs, , again = xs]) => ({
            next: [inner.tanh(inner.add(inner.mul(x, again), inner.mul(h, inner.mean(xs, [0]))))],
            scanOutputs: [x, inner.mul(again, 2)],
          }),
        );
        return [...final, ...stacked];
      }),
    );
  });

  test("without any state: a map", () => {
    expectGradientsOf(
      model("map", (b, { float }) => {
        const xs = float("xs", "time", 2);
        const w = float("W", 2, 3);
        return scan(b, "step", { initial: [], scans: [xs] }, (inner, _, [x = xs]) => ({
          next: [],
          scanOutputs: [inner.squeeze(inner.matmul(inner.unsqueeze(x, [0]), w), [0]), w],
        })).scanOutputs;
      }),
    );
  });

  test("of a computed sequence, with outputs that are read", () => {
    expectGradientsOf(
      model("between", (b, { float }) => {
        const xs = float("xs", "batch", "time", 2);
        const steps = b.transpose(b.mul(xs, xs), [1, 0, 2]);
        const zero = b.expand(b.scalar(0), ["batch", 2]);
        const { scanOutputs: stacked, final } = scan(
          b,
          "step",
          { initial: [zero], scans: [steps] },
          (inner, [h = zero], [x = steps]) => {
            const next = inner.tanh(inner.add(h, x));
            return { next: [next], scanOutputs: [next] };
          },
        );
        return [b.softmax(b.transpose(at(stacked, 0), [1, 0, 2])), b.mul(at(final, 0), b.mean(xs, [1]))];
      }),
    );
  });
});

describe("captured values", () => {
  test("a matrix, a vector, a scalar, and a computed value", () => {
    expectGradientsOf(
      model("captures", (b, { float }) => {
        const xs = float("xs", "time", "batch", 2);
        const h0 = float("h0", "batch", 2);
        const u = float("U", 2, 2);
        const gain = float("gain", 2);
        const rate = float("rate");
        const gate = b.sigmoid(rate);
        const { final } = scan(b, "step", { initial: [h0], scans: [xs] }, (inner, [h = h0], [x = xs]) => {
          const { add, sub, mul, matmul, tanh } = inner;
          const candidate = tanh(add(mul(x, gain), matmul(h, u)));
          return { next: [add(mul(gate, h), mul(sub(1, gate), candidate))], scanOutputs: [] };
        });
        return [...final, b.mul(rate, rate)];
      }),
    );
  });

  test("a linear step, which has no residuals", () => {
    const graph = model("linear", (b, { float }) => {
      const xs = float("xs", "time", 2);
      const h0 = float("h0", 2);
      return scan(b, "step", { initial: [h0], scans: [xs] }, (inner, [h = h0]) => ({
        next: [inner.mul(h, 0.5)],
        scanOutputs: [],
      })).final;
    });
    expectGradientsOf(graph);
    const total = model("total", (b, { float }) => {
      const xs = float("xs", "time");
      const s = float("s");
      return scan(b, "step", { initial: [s], scans: [xs] }, (inner, [h = s]) => ({
        next: [inner.mul(h, 0.5)],
        scanOutputs: [],
      })).final;
    });
    // A Scan of ONNX needs a scanned input.
    const loops = verify(differentiate(total, 0, [1]), "test").nodes.filter(({ op }) => op === "Scan");
    expect(loops.map((loop) => (loop as NodeOf<"Scan">).attributes.scanCount)).toEqual([1, 1]);
  });
});

test("the backward loop carries sums only for captured values in `wrt`", () => {
  const graph = model("asked", (b, { float }) => {
    const xs = float("xs", "time", 2);
    const h0 = float("h0", 2);
    const gain = float("gain", 2);
    const bias = float("bias", 2);
    const { final } = scan(b, "step", { initial: [h0], scans: [xs] }, (inner, [h = h0], [x = xs]) => ({
      next: [inner.tanh(inner.add(inner.mul(gain, h), inner.add(x, bias)))],
      scanOutputs: [],
    }));
    return final.map((value) => b.sum(value));
  });
  const stateGradient = (...wrt: readonly number[]) => {
    const backward = differentiate(graph, 0, wrt).nodes.findLast(({ op }) => op === "Scan") as NodeOf<"Scan">;
    const { body, stateCount: states } = backward.attributes;
    return body.inputs.slice(0, states).map(({ name }) => name);
  };
  expect(stateGradient(1)).toEqual(["gradient/h0"]);
  expect(stateGradient(3)).toEqual(["gradient/h0", "gradient/bias"]);
  expect(stateGradient(0, 2, 3)).toEqual(["gradient/h0", "gradient/gain", "gradient/bias"]);
});

describe("a loop inside a loop", () => {
  test("over slices of slices, from the outer state, with a matrix captured through both", () => {
    expectGradientsOf(nestedLoops("nested", false));
    expectGradientsOf(nestedLoops("nested in reverse", true));
  });

  test("over a sequence that the outer body captures", () => {
    expectGradientsOf(
      model("attention", (b, { float }) => {
        const xs = float("xs", "time", 2);
        const memory = float("memory", "words", 2);
        const h0 = float("h0", 2);
        const { final } = scan(b, "outer", { initial: [h0], scans: [xs] }, (outer, [h = h0], [x = xs]) => {
          const query = outer.tanh(outer.add(h, x));
          const zero = outer.mul(query, 0);
          const read = scan(
            outer,
            "read",
            { initial: [zero], scans: [memory] },
            (inner, [sum = zero], [m = memory]) => ({
              next: [inner.add(sum, inner.mul(m, inner.sigmoid(inner.sum(inner.mul(m, query)))))],
              scanOutputs: [],
            }),
          );
          return { next: [at(read.final, 0)], scanOutputs: [] };
        });
        return final;
      }),
    );
  });
});

/** Words of letters: the inner loop reads letters from the state of the words so far. */
function nestedLoops(name: string, reverse: boolean): Graph {
  return model(name, (b, { float }) => {
    const xs = float("xs", "words", "time", "batch", 2);
    const h0 = float("h0", "batch", 2);
    const u = float("U", 2, 2);
    const { final, scanOutputs: stacked } = scan(
      b,
      "words",
      { initial: [h0], scans: [xs] },
      (outer, [h = h0], [word = xs]) => {
        const letters = scan(
          outer,
          "letters",
          { initial: [h], scans: [word], reverse },
          (inner, [s = h], [x = word]) => {
            const next = inner.tanh(inner.add(inner.mul(x, h), inner.matmul(s, u)));
            return { next: [next], scanOutputs: [inner.mul(next, s)] };
          },
        );
        const summary = outer.mean(at(letters.scanOutputs, 0), [0]);
        return { next: [outer.add(at(letters.final, 0), summary)], scanOutputs: [summary, at(letters.scanOutputs, 0)] };
      },
    );
    return [...final, ...stacked];
  });
}
