/** Equations of layers: their text, and values computed by it with loops against the layer's graph in float64. */
import { expect, test } from "vitest";
import { at } from "../../../compiler/ir/expect.js";
import {
  expectOutput,
  explained,
  ids,
  lengths,
  type Matrix,
  mean,
  plus,
  product,
  range,
  sigmoid,
  softmax,
  textOf,
  times,
  transpose,
  type Vector,
} from "../../support/layer-equations.js";

test("dense with a gated activation", async () => {
  const layer = await explained({ layer: "dense", size: 3, activation: "swiglu" });
  expect(textOf(layer)).toEqual([
    "z = x @ W + b  [batch, time, 6]",
    "u, v = halves of z  [batch, time, 3]",
    "y = u * sigmoid(u) * v  [batch, time, 3]",
  ]);
  expectOutput(layer, (x) =>
    x.map((row) => {
      const z = plus(product(row, layer.weight("W")), layer.bias("b"));
      const [u, v] = [z.slice(0, 3), z.slice(3)];
      return u.map((value, index) => value * sigmoid(value) * at(v, index));
    }),
  );
});

test("a projection with the table of an embedding", async () => {
  const before = [{ layer: "embedding", size: 4, vocabulary_size: 5 }];
  const options = { layer: "projection", weights: "embedding", size: 5, bias: false, activation: "softmax" };
  const layer = await explained(options, { inputs: ids, before });
  expect(layer.parameters).toEqual([{ name: "W", shape: [5, 4] }]);
  expect(textOf(layer)).toEqual(["z = x @ Wᵀ  [batch, time, 5]", "y = softmax(z) over the features  [batch, time, 5]"]);
  const table = layer.weight("W");
  for (const [row, length] of lengths.entries())
    for (const step of range(length)) {
      const x = at(table, ids[row]?.[step] ?? 0);
      const y = softmax(product(x, transpose(table)));
      expect(layer.output[row]?.[step]).toEqual(y.map((value) => expect.closeTo(value, 9)));
    }
});

test("norms", async () => {
  const layerNorm = await explained({ layer: "layer_norm" });
  expect(textOf(layerNorm)).toEqual([
    "n = layer_norm(x, 1, epsilon)  [batch, time, 4]",
    "s = n * gain  [batch, time, 4]",
    "y = s + shift  [batch, time, 4]",
    "epsilon = 0.00001, gain = true, shift = true.",
  ]);
  const normalized = (values: Vector, epsilon: number) => {
    const c = values.map((value) => value - mean(values));
    return c.map((value) => value / Math.sqrt(mean(times(c, c)) + epsilon));
  };
  expectOutput(layerNorm, (x) =>
    x.map((row) => plus(times(normalized(row, 1e-5), layerNorm.bias("gain")), layerNorm.bias("shift"))),
  );

  const rmsNorm = await explained({ layer: "rms_norm", gain: false, epsilon: 0.5 });
  expect(textOf(rmsNorm)).toEqual([
    "n = x / sqrt(mean(x * x) + epsilon)  [batch, time, 4]",
    "y = n  [batch, time, 4]",
    "epsilon = 0.5, gain = false.",
  ]);
  expectOutput(rmsNorm, (x) => x.map((row) => row.map((value) => value / Math.sqrt(mean(times(row, row)) + 0.5))));

  const groupNorm = await explained({ layer: "group_norm", groups: 2, gain: false, shift: false });
  expect(textOf(groupNorm)).toEqual([
    "c = x - mean(x)  [batch, time, 4]",
    "y = c / √(mean(c²) + 0.00001)  [batch, time, 4]",
    "mean: over the 2 features of each of 2 groups and the valid steps.",
  ]);
  expectOutput(groupNorm, (x) => {
    const groups = [0, 2].map((first) =>
      normalized(
        x.flatMap((row) => row.slice(first, first + 2)),
        1e-5,
      ),
    );
    return x.map((_, step) => groups.flatMap((group) => group.slice(2 * step, 2 * step + 2)));
  });

  const batchNorm = await explained({ layer: "batch_norm" });
  expect(textOf(batchNorm)).toEqual([
    "training: c = x - mean(x)  [batch, time, 4]",
    "training: y = c / √(mean(c²) + 0.00001) · gain + shift  [batch, time, 4]",
    "running_mean' = 0.9 running_mean + 0.1 mean(x)  [4]",
    "running_variance' = 0.9 running_variance + 0.1 mean(c²) N / (N - 1)  [4]",
    "evaluation: y = (x - running_mean) / √(running_variance + 0.00001) · gain + shift  [batch, time, 4]",
    "mean: over the rows of a batch and their valid steps, N in all.",
  ]);
  const [average, variance] = [batchNorm.bias("running_mean"), batchNorm.bias("running_variance")];
  expectOutput(batchNorm, (x) =>
    x.map((row) => {
      const scaled = row.map((value, index) => (value - at(average, index)) / Math.sqrt(at(variance, index) + 1e-5));
      return plus(times(scaled, batchNorm.bias("gain")), batchNorm.bias("shift"));
    }),
  );
});

test("weight normalization", async () => {
  const dense = await explained({ layer: "dense", size: 3, weight_norm: true });
  expect(textOf(dense)).toEqual([
    "W = g v / ‖v‖  [4, 3]",
    "y = x @ W + b  [batch, time, 3]",
    "‖v‖: the norm for each output unit.",
  ]);
  const norms = transpose(dense.weight("v")).map((column) => Math.hypot(...column));
  const kernel = dense
    .weight("v")
    .map((row) => row.map((entry, unit) => (entry * at(dense.bias("g"), unit)) / at(norms, unit)));
  expectOutput(dense, (x) => x.map((row) => plus(product(row, kernel), dense.bias("b"))));
  const convolution = await explained({ layer: "conv1d", size: 2, kernel_size: 1, weight_norm: true });
  expect(textOf(convolution).slice(0, 2)).toEqual([
    "W = g v / ‖v‖  [1, 4, 2]",
    "y[t] = x[t] @ W[0] + b  [batch, time, 2]",
  ]);
});

test("a convolution", async () => {
  const options = { layer: "conv1d", size: 6, kernel_size: 3, stride: 2, dilation: 2, groups: 2, activation: "tanh" };
  const layer = await explained(options);
  expect(textOf(layer)).toEqual([
    "z[t] = Σ_k x[2 t + 2 k - 2] @ W[k] + b  [batch, floor((time+1)/2), 6]",
    "y = tanh(z)  [batch, floor((time+1)/2), 6]",
    "k = 0, …, 2.",
    "x is 0 before the first step and after the last valid one.",
    "Channels are in 2 groups: the columns of W[k] for a group read the channels of x in that group.",
    "The output has floor((n + 4 - 5) / 2) + 1 steps.",
  ]);
  const kernel = layer.weight("W") as unknown as readonly Matrix[];
  expectOutput(layer, (x) =>
    range(Math.floor((x.length + 4 - 5) / 2) + 1).map((t) => {
      const z = range(3).map((k) => {
        const step = x[2 * t + 2 * k - 2] ?? [0, 0, 0, 0];
        return [0, 1].flatMap((group) =>
          product(
            step.slice(2 * group, 2 * group + 2),
            at(kernel, k).map((row) => row.slice(3 * group, 3 * group + 3)),
          ),
        );
      });
      return plus(z.reduce(plus), layer.bias("b")).map(Math.tanh);
    }),
  );
  const causal = await explained({ layer: "conv1d", size: 2, kernel_size: 2, padding: "causal", bias: false });
  expect(textOf(causal)).toEqual([
    "y[t] = Σ_k x[t + k - 1] @ W[k]  [batch, time, 2]",
    "k = 0, …, 1.",
    "x is 0 before the first step.",
  ]);
});

test("pools", async () => {
  const windows = await explained({ layer: "pool", mode: "mean", size: 3, stride: 2 });
  expect(textOf(windows)).toEqual([
    "y[t] = mean over k of x[2 t + k]  [batch, floor((time+1)/2)-1, 4]",
    "k = 0, …, 2.",
    "The output has floor((n - 3) / 2) + 1 steps.",
  ]);
  expectOutput(windows, (x) =>
    range(Math.floor((x.length - 3) / 2) + 1).map((t) => transpose(range(3).map((k) => at(x, 2 * t + k))).map(mean)),
  );
  const whole = await explained({ layer: "pool", mode: "max" }, { after: [] });
  expect(textOf(whole)).toEqual(["y = max over t of x[t]  [batch, 4]", "t runs over the n valid steps."]);
  expectOutput(whole, (x) => [transpose(x).map((column) => Math.max(...column))]);
  const last = await explained({ layer: "pool", mode: "last" }, { after: [] });
  expect(textOf(last)).toEqual(["y = x[n - 1]  [batch, 4]", "n is the number of valid steps."]);
  expectOutput(last, (x) => [at(x, x.length - 1)]);
});

test("positions", async () => {
  const layer = await explained({ layer: "position", type: "sinusoidal" });
  expect(textOf(layer)).toEqual([
    "y[t, 2 i] = x[t, 2 i] + sin(t / 10000^(2 i / 4))  [batch, time, 4]",
    "y[t, 2 i + 1] = x[t, 2 i + 1] + cos(t / 10000^(2 i / 4))  [batch, time, 4]",
  ]);
  expectOutput(layer, (x) =>
    x.map((row, t) =>
      row.map((value, column) => {
        const angle = t / 10000 ** ((2 * Math.floor(column / 2)) / 4);
        return value + (column % 2 === 0 ? Math.sin(angle) : Math.cos(angle));
      }),
    ),
  );
  const learned = await explained({ layer: "position", type: "learned", length: 9 });
  expect(textOf(learned)).toEqual(["y[t] = x[t] + W[t]  [batch, time, 4]", "A sequence has at most 9 steps."]);
  expectOutput(learned, (x) => x.map((row, t) => plus(row, at(learned.weight("W"), t))));
});

test("layers without weights", async () => {
  const before = [{ layer: "dense", size: 4, name: "first" }];
  const add = await explained({ layer: "add", from: ["inputs", "first"] }, { before });
  expect(textOf(add)).toEqual(["y = x1 + x2  [batch, time, 4]"]);
  const concat = await explained({ layer: "concat", from: ["inputs", "first"] }, { before });
  expect(textOf(concat)).toEqual(["y = x1, x2, joined along the features  [batch, time, 8]"]);
  const dropout = await explained({ layer: "dropout", rate: 0.2 });
  expect(textOf(dropout)).toEqual([
    "training: y = x · m / 0.8  [batch, time, 4]",
    "evaluation: y = x  [batch, time, 4]",
    "m is 0 with probability 0.2, else 1.",
  ]);
  const gelu = await explained({ layer: "activation", activation: "gelu" });
  expect(textOf(gelu)).toEqual(["y = x * (erf(x * 0.707107) * 0.5 + 0.5)  [batch, time, 4]"]);
  const activation = await explained({ layer: "activation", activation: "silu" });
  expect(textOf(activation)).toEqual(["y = x * sigmoid(x)  [batch, time, 4]"]);
  expectOutput(activation, (x) => x.map((row) => row.map((value) => value * sigmoid(value))));
  const oneHot = await explained({ layer: "one_hot", size: 5 }, { inputs: ids });
  expect(textOf(oneHot)).toEqual(["y = row x of the identity matrix  [batch, time, 5]"]);
  expect(oneHot.output[1]?.[2]).toEqual([0, 0, 0, 0, 1]);
});
