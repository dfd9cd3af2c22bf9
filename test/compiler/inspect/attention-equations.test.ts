/** Equations of attention: their text, and values computed by it with loops against the layer's graph in float64. */
import { expect, test } from "vitest";
import { at } from "../../../compiler/ir/expect.js";
import {
  dot,
  expectOutput,
  explained,
  plus,
  product,
  range,
  softmax,
  textOf,
  transpose,
  type Vector,
} from "../../support/layer-equations.js";

test("attention with heads", async () => {
  const options = { heads: 4, key_value_heads: 2, head_size: 2, causal: true, window: 2, rotary: true, alibi: true };
  const layer = await explained({ layer: "attention", ...options, dropout: 0.1 });
  expect(textOf(layer)).toEqual([
    "q = rotate(x @ Wq + bq)  [batch, time, 4, 2]",
    "k = rotate(x @ Wk + bk)  [batch, time, 2, 2]",
    "v = x @ Wv + bv  [batch, time, 2, 2]",
    "s[h, i, j] = q[i, h] · k[j, g] / √2 - slope[h] |i - j|  [batch, 4, time, time]",
    "a[h, i, j] = softmax over j of s[h, i, j]  [batch, 4, time, time]",
    "o[i, h] = Σ_j a[h, i, j] v[j, g]  [batch, time, 4, 2]",
    "y = (all heads of o) @ Wo + bo  [batch, time, 4]",
    "j runs over the valid steps of x where j ≤ i and i - j ≤ 2.",
    "Head h reads the keys and values of g = floor(h / 2).",
    "rotate turns entries e and e + 1 of a head as a pair by the angle t / 10000^(2 e / 2) at step t.",
    "slope: 0.25, 0.0625, 0.01563, 0.003906.",
    "In training each a is 0 with probability 0.1, else a / 0.9.",
  ]);
  const headsOf = (vector: Vector) => range(vector.length / 2).map((h) => vector.slice(2 * h, 2 * h + 2));
  const rotate = ([a = 0, b = 0]: Vector, t: number) => [
    a * Math.cos(t) - b * Math.sin(t),
    b * Math.cos(t) + a * Math.sin(t),
  ];
  const projected = (x: Vector, letter: string) =>
    headsOf(plus(product(x, layer.weight(`W${letter}`)), layer.bias(`b${letter}`)));
  expectOutput(layer, (x) => {
    const q = x.map((row, t) => projected(row, "q").map((head) => rotate(head, t)));
    const k = x.map((row, t) => projected(row, "k").map((head) => rotate(head, t)));
    const v = x.map((row) => projected(row, "v"));
    return x.map((_, i) => {
      const o = range(4).flatMap((h) => {
        const seen = range(x.length).filter((j) => j <= i && i - j <= 2);
        const g = Math.floor(h / 2);
        const slope = [0.25, 0.0625, 0.015625, 0.00390625][h] ?? 0;
        const s = seen.map((j) => dot(at(at(q, i), h), at(at(k, j), g)) / Math.sqrt(2) - slope * (i - j));
        const a = softmax(s);
        return transpose(seen.map((j) => at(at(v, j), g))).map((column) => dot(a, column));
      });
      return plus(product(o, layer.weight("Wo")), layer.bias("bo"));
    });
  });
});

test("attention without heads", async () => {
  const layer = await explained({ layer: "attention", score: "additive", size: 3 });
  expect(textOf(layer)).toEqual([
    "s[i, j] = tanh(x[i] @ Wq + x[j] @ Wk) @ v  [batch, time, time]",
    "a[i, j] = softmax over j of s[i, j]  [batch, time, time]",
    "y[i] = Σ_j a[i, j] x[j]  [batch, time, 4]",
    "j runs over the valid steps of x.",
  ]);
  expectOutput(layer, (x) =>
    x.map((query) => {
      const s = x.map((memory) => {
        const hidden = plus(product(query, layer.weight("Wq")), product(memory, layer.weight("Wk"))).map(Math.tanh);
        return at(product(hidden, layer.weight("v")), 0);
      });
      const a = softmax(s);
      return transpose(x).map((column) => dot(a, column));
    }),
  );
  const query = { layer: "attention", from: ["last", "inputs"], score: "general", scale: true };
  const last = await explained(query, { before: [{ layer: "pool", mode: "last", name: "last" }], after: [] });
  expect(last.inputs).toEqual([
    { name: "x", from: "last", shape: ["batch", 4] },
    { name: "m", from: "inputs", shape: ["batch", "time", 4] },
  ]);
  expect(textOf(last)).toEqual([
    "s[j] = (x @ W) · m[j] / √4  [batch, time]",
    "a[j] = softmax over j of s[j]  [batch, time]",
    "y = Σ_j a[j] m[j]  [batch, 4]",
    "j runs over the valid steps of m.",
  ]);
  expectOutput(last, (m) => {
    const x = at(m, m.length - 1);
    const a = softmax(m.map((row) => dot(product(x, last.weight("W")), row) / Math.sqrt(4)));
    return [transpose(m).map((column) => dot(a, column))];
  });
});
