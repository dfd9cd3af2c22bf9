/** Graphs as text, in DOT and as SVG. */
import { expect, test } from "vitest";
import { graphBuilder } from "../../../../compiler/graph/builder.js";
import { scan } from "../../../../compiler/graph/scan.js";
import { toDot } from "../../../../compiler/ir/print/dot.js";
import { printGraph } from "../../../../compiler/ir/print/text.js";
import { tensor } from "../../../../compiler/ir/tensor.js";
import type { Graph } from "../../../../compiler/ir/types.js";
import { toSvg } from "../../../../views/graph-svg.js";

function recurrence(): Graph {
  const b = graphBuilder("forward");
  const x = b.input("inputs", { dtype: "float32", shape: ["batch", "time", 3] });
  const w = b.input("rnn/0/W", { dtype: "float32", shape: [3, 4] });
  const u = b.input("rnn/0/U", { dtype: "float32", shape: [4, 4] });
  const projected = b.matmul(b.transpose(x, [1, 0, 2]), w);
  const start = b.withName(b.expand(b.scalar(0), ["batch", 4]), "rnn/0/h");
  const { final, scanOutputs: stacked } = scan(
    b,
    "rnn",
    { initial: [start], scans: [projected], reverse: true },
    (inner, [h], [xt]) => {
      if (h === undefined || xt === undefined) throw new Error("one state, one slice");
      const next = inner.tanh(inner.mul(inner.add(xt, inner.matmul(h, u)), 0.5));
      return { next: [next], scanOutputs: [next] };
    },
  );
  const named = stacked.map((value) => b.withName(value, "rnn"));
  return b.finish([...final, ...named.map((value) => b.sum(value, [-1], true))]);
}

function constants(): Graph {
  const b = graphBuilder("constants");
  const x = b.input("x", { dtype: "float32", shape: [2] });
  const table = b.constant(
    tensor(
      "float32",
      [3, 4],
      Array.from({ length: 12 }, (_, i) => i / 2),
    ),
  );
  const row = b.gather(table, b.constant(tensor("int64", [2], [0, 2])), 0);
  const unused = b.where(b.greater(x, Number.NEGATIVE_INFINITY), b.cast(b.scalar(3, "int64"), "float32"), 1e-8);
  const [left, right] = b.split(row, [1, 3], 1);
  if (left === undefined || right === undefined) throw new Error("two parts");
  return b.finish([b.add(unused, 1), left, b.slice(right, 0, 1, 2), b.scalar(1, "bool")]);
}

test("a loop", () => {
  expect(printGraph(recurrence())).toMatchInlineSnapshot(`
    "graph forward
      input inputs: f32[batch, time, 3]
      input rnn/0/W: f32[3, 4]
      input rnn/0/U: f32[4, 4]
      transpose: f32[time, batch, 3] = Transpose(inputs, perm=[1, 0, 2])
      matmul: f32[time, batch, 4] = MatMul(transpose, rnn/0/W)
      rnn/0/h: f32[batch, 4] = Expand(0.0)
      scan: f32[batch, 4], rnn: f32[time, batch, 4] = Scan(length=time, reverse)
        state rnn/0/h.1: f32[batch, 4] = rnn/0/h
        slice slice.0: f32[batch, 4] = matmul
        capture rnn/0/U
        matmul.1: f32[batch, 4] = MatMul(rnn/0/h.1, rnn/0/U)
        add: f32[batch, 4] = Add(slice.0, matmul.1)
        mul: f32[batch, 4] = Mul(add, 0.5)
        tanh: f32[batch, 4] = Tanh(mul)
        next rnn/0/h.1 = tanh
        stack rnn = tanh
      reducesum: f32[time, batch, 1] = ReduceSum(rnn, axes=[2], keep)
      output scan
      output reducesum
    "
  `);
});

test("constants, attributes and several results", () => {
  expect(printGraph(constants())).toMatchInlineSnapshot(`
    "graph constants
      input x: f32[2]
      constant: f32[3, 4] = Constant([0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, … 4 more])
      constant.1: i64[2] = Constant([0, 2])
      gather: f32[2, 4] = Gather(constant, constant.1, axis=0)
      greater: bool[2] = Greater(x, -inf)
      cast: f32 = Cast(3)
      where: f32[2] = Where(greater, cast, 1e-8)
      split: f32[2, 1], split.1: f32[2, 3] = Split(gather, axis=1, sizes=[1, 3])
      add: f32[2] = Add(where, 1.0)
      slice: f32[1, 3] = Slice(split.1, axis=0, start=1, end=2)
      output add
      output split
      output slice
      output true
    "
  `);
});

test("DOT", () => {
  expect(toDot(recurrence())).toMatchInlineSnapshot(`
    "digraph "forward" {
      node [fontname="Helvetica", fontsize=10];
      edge [fontname="Helvetica", fontsize=8];
      n0 [label="inputs\\nf32[batch, time, 3]", shape=parallelogram, style=filled, fillcolor="#d9f2d9"];
      n1 [label="rnn/0/W\\nf32[3, 4]", shape=box, style=filled, fillcolor="#cfe3ff"];
      n2 [label="rnn/0/U\\nf32[4, 4]", shape=box, style=filled, fillcolor="#cfe3ff"];
      n3 [label="Transpose perm=[1, 0, 2]\\nf32[time, batch, 3]", shape=box, style="rounded,filled", fillcolor="#f4f4f4"];
      n4 [label="MatMul\\nf32[time, batch, 4]", shape=box, style="rounded,filled", fillcolor="#f4f4f4"];
      n5 [label="Expand(0.0)\\nf32[batch, 4]", shape=box, style="rounded,filled", fillcolor="#f4f4f4"];
      subgraph cluster_6 {
        label="Scan rnn, time steps, from the last";
        fontname="Helvetica"; fontsize=10; style="rounded"; color="#888888";
        n7 [label="state rnn/0/h\\nf32[batch, 4]", shape=cds, style=filled, fillcolor="#ffe0cc"];
        n8 [label="slice slice.0\\nf32[batch, 4]", shape=cds, style=filled, fillcolor="#ffe0cc"];
        n9 [label="MatMul\\nf32[batch, 4]", shape=box, style="rounded,filled", fillcolor="#f4f4f4"];
        n10 [label="Add\\nf32[batch, 4]", shape=box, style="rounded,filled", fillcolor="#f4f4f4"];
        n11 [label="Mul(·, 0.5)\\nf32[batch, 4]", shape=box, style="rounded,filled", fillcolor="#f4f4f4"];
        n12 [label="Tanh\\nf32[batch, 4]", shape=box, style="rounded,filled", fillcolor="#f4f4f4"];
        n13 [label="last\\nf32[batch, 4]", shape=cds, style=filled, fillcolor="#ffe0cc"];
        n14 [label="stacked rnn\\nf32[time, batch, 4]", shape=cds, style=filled, fillcolor="#ffe0cc"];
      }
      n15 [label="ReduceSum axes=[2] keep\\nf32[time, batch, 1]", shape=box, style="rounded,filled", fillcolor="#f4f4f4"];
      n16 [label="output 0\\nf32[batch, 4]", shape=ellipse, style=filled, fillcolor="#eadcf7"];
      n17 [label="output 1\\nf32[time, batch, 1]", shape=ellipse, style=filled, fillcolor="#eadcf7"];
      n0 -> n3 [label="inputs"];
      n3 -> n4;
      n1 -> n4 [label="rnn/0/W"];
      n5 -> n7 [label="rnn/0/h"];
      n4 -> n8;
      n7 -> n9 [label="rnn/0/h"];
      n2 -> n9 [label="rnn/0/U"];
      n8 -> n10 [label="slice.0"];
      n9 -> n10;
      n10 -> n11;
      n11 -> n12;
      n12 -> n13;
      n13 -> n7 [style=dashed, constraint=false];
      n12 -> n14;
      n14 -> n15 [label="rnn"];
      n13 -> n16;
      n15 -> n17;
    }
    "
  `);
});

test("DOT of constants", () => {
  expect(toDot(constants())).toMatchInlineSnapshot(`
    "digraph "constants" {
      node [fontname="Helvetica", fontsize=10];
      edge [fontname="Helvetica", fontsize=8];
      n0 [label="x\\nf32[2]", shape=parallelogram, style=filled, fillcolor="#d9f2d9"];
      n1 [label="f32[3, 4]\\n[0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, … 4 more]", shape=box, style="filled,dashed", fillcolor="#fff3c4"];
      n2 [label="i64[2]\\n[0, 2]", shape=box, style="filled,dashed", fillcolor="#fff3c4"];
      n3 [label="Gather axis=0\\nf32[2, 4]", shape=box, style="rounded,filled", fillcolor="#f4f4f4"];
      n4 [label="Greater(·, -inf)\\nbool[2]", shape=box, style="rounded,filled", fillcolor="#f4f4f4"];
      n5 [label="Cast(3)\\nf32", shape=box, style="rounded,filled", fillcolor="#f4f4f4"];
      n6 [label="Where(·, ·, 1e-8)\\nf32[2]", shape=box, style="rounded,filled", fillcolor="#f4f4f4"];
      n7 [label="Split axis=1 sizes=[1, 3]\\nf32[2, 1], f32[2, 3]", shape=box, style="rounded,filled", fillcolor="#f4f4f4"];
      n8 [label="Add(·, 1.0)\\nf32[2]", shape=box, style="rounded,filled", fillcolor="#f4f4f4"];
      n9 [label="Slice axis=0 start=1 end=2\\nf32[1, 3]", shape=box, style="rounded,filled", fillcolor="#f4f4f4"];
      n10 [label="output 0\\nf32[2]", shape=ellipse, style=filled, fillcolor="#eadcf7"];
      n11 [label="output 1\\nf32[2, 1]", shape=ellipse, style=filled, fillcolor="#eadcf7"];
      n12 [label="output 2\\nf32[1, 3]", shape=ellipse, style=filled, fillcolor="#eadcf7"];
      n13 [label="output 3 = true\\nbool", shape=ellipse, style=filled, fillcolor="#eadcf7"];
      n1 -> n3;
      n2 -> n3;
      n0 -> n4 [label="x"];
      n4 -> n6;
      n5 -> n6;
      n3 -> n7;
      n6 -> n8;
      n7 -> n9;
      n8 -> n10;
      n7 -> n11;
      n9 -> n12;
    }
    "
  `);
});

/** A loop with a captured scalar and without names. */
function unnamedGraph(): Graph {
  const inner = graphBuilder("step");
  const float = (...shape: readonly number[]) => ({ dtype: "float32", shape }) as const;
  const [h, x, k] = [inner.input("", float(2)), inner.input("", float(2)), inner.input("", float())];
  const body = inner.finish([inner.mul(inner.add(h, x), k)]);
  const b = graphBuilder("nameless");
  const operands = [b.input("", float(2)), b.input("", float(3, 2)), b.scalar(0.5)];
  return b.finish(
    b.apply("Scan", operands, { body, stateCount: 1, scanCount: 1, reverse: false, length: 3, rematerialize: true }),
  );
}

test("a checkpointed loop without names", () => {
  expect(printGraph(unnamedGraph())).toMatchInlineSnapshot(`
    "graph nameless
      input input: f32[2]
      input input.1: f32[3, 2]
      scan: f32[2] = Scan(length=3, rematerialize)
        state state: f32[2] = input
        slice slice: f32[2] = input.1
        capture 0.5
        add: f32[2] = Add(state, slice)
        mul: f32[2] = Mul(add, 0.5)
        next state = mul
      output scan
    "
  `);
  expect(toDot(unnamedGraph())).toMatchInlineSnapshot(`
    "digraph "nameless" {
      node [fontname="Helvetica", fontsize=10];
      edge [fontname="Helvetica", fontsize=8];
      n0 [label="input\\nf32[2]", shape=parallelogram, style=filled, fillcolor="#d9f2d9"];
      n1 [label="input\\nf32[3, 2]", shape=parallelogram, style=filled, fillcolor="#d9f2d9"];
      subgraph cluster_2 {
        label="Scan step, 3 steps";
        fontname="Helvetica"; fontsize=10; style="rounded"; color="#888888";
        n3 [label="state\\nf32[2]", shape=cds, style=filled, fillcolor="#ffe0cc"];
        n4 [label="slice\\nf32[2]", shape=cds, style=filled, fillcolor="#ffe0cc"];
        n5 [label="Add\\nf32[2]", shape=box, style="rounded,filled", fillcolor="#f4f4f4"];
        n6 [label="Mul(·, 0.5)\\nf32[2]", shape=box, style="rounded,filled", fillcolor="#f4f4f4"];
        n7 [label="last\\nf32[2]", shape=cds, style=filled, fillcolor="#ffe0cc"];
      }
      n8 [label="output 0\\nf32[2]", shape=ellipse, style=filled, fillcolor="#eadcf7"];
      n0 -> n3;
      n1 -> n4;
      n3 -> n5;
      n4 -> n5;
      n5 -> n6;
      n6 -> n7;
      n7 -> n3 [style=dashed, constraint=false];
      n7 -> n8;
    }
    "
  `);
});

test("NaN, infinities and -0", () => {
  const b = graphBuilder("numbers");
  const numbers = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0].map((value) => b.scalar(value));
  expect(printGraph(b.finish(numbers))).toBe(
    "graph numbers\n  output nan\n  output inf\n  output -inf\n  output -0.0\n",
  );
});

test("a value of another graph is marked", () => {
  const foreignValue = graphBuilder("other").input("x", { dtype: "float32", shape: [] });
  expect(printGraph({ ...graphBuilder("broken").finish([]), outputs: [foreignValue] })).toContain(
    "output (not in this graph)",
  );
});

test("DOT escapes names", () => {
  const b = graphBuilder('a "graph"');
  const x = b.input('back\\slash "quoted"', { dtype: "float32", shape: [] });
  expect(toDot(b.finish([x]))).toContain('label="back\\\\slash \\"quoted\\"\\nf32"');
});

test("SVG", async () => {
  const svg = await toSvg(toDot(recurrence()));
  expect(svg).toContain("<svg");
  expect(svg).toContain("rnn/0/W");
});
