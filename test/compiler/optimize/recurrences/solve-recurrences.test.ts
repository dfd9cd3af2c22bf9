/** Chunkwise recurrences: linear matrix states as products within chunks, with the values of the loop. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../../compiler/autodiff/reverse.js";
import { graphBuilder } from "../../../../compiler/graph/builder.js";
import { inline } from "../../../../compiler/graph/rewrite.js";
import type { Builder } from "../../../../compiler/ir/builder.js";
import type { Graph, Value } from "../../../../compiler/ir/types.js";
import type { Pass, RecurrenceForm } from "../../../../compiler/optimize/pass.js";
import { rewriteSolvable, solveRecurrences } from "../../../../compiler/optimize/recurrences/solve-recurrences.js";
import { buildTrainingStep, elaborateTraining } from "../../../../compiler/pipeline/training-step.js";
import { randomStream } from "../../../../runtime/tensors/random.js";
import {
  expectSameValues,
  expectUntouched,
  graphOf,
  type Inputs,
  loop,
  resultOf,
  sizes,
} from "../../../support/before-after.js";
import { normal } from "../../../support/read-spec.js";

/** The pass with chunks and blocks of some steps in place of its cost decision. */
const solvedBy = (matrix: number, block: number): Pass => ({
  ...solveRecurrences,
  run: (graph) => rewriteSolvable(graph, { expected: sizes }, () => ({ matrix, block: () => block })),
});
const chunked = (size: number) => solvedBy(size, 0);

const [K, V] = [3, 2];
const outer = (b: Builder, v: Value, k: Value) => b.mul(b.unsqueeze(v, [2]), b.unsqueeze(k, [1]));
const read = (b: Builder, state: Value, q: Value) => b.squeeze(b.matmul(state, b.unsqueeze(q, [2])), [2]);

/** A step of a state [batch, V, K] from its slices. */
type Step = (b: Builder, state: Value, x: Readonly<Record<string, Value>>) => readonly [next: Value, output: Value];

const steps: Readonly<Record<string, Step>> = {
  "linear attention": (b, s, { v, k, q }) => {
    const next = b.add(s, outer(b, v as Value, k as Value));
    return [next, read(b, next, q as Value)];
  },
  "a state read before its step": (b, s, { v, k, q }) => [
    b.add(outer(b, v as Value, k as Value), s),
    read(b, s, q as Value),
  ],
  "a gate that is a number": (b, s, { v, k, q, f }) => {
    const gate = b.unsqueeze(b.sigmoid(f as Value), [2]);
    const next = b.add(b.mul(gate, s), outer(b, v as Value, k as Value));
    return [next, read(b, next, q as Value)];
  },
  "a gate of any sign": (b, s, { v, k, q, f }) => {
    const next = b.add(b.mul(b.unsqueeze(f as Value, [2]), s), outer(b, v as Value, k as Value));
    return [next, read(b, next, q as Value)];
  },
  "a gate for each key": (b, s, { v, k, q, g }) => {
    const gate = b.unsqueeze(b.exp(b.neg(b.softplus(g as Value))), [1]);
    const next = b.add(b.mul(gate, s), outer(b, v as Value, k as Value));
    return [next, read(b, next, q as Value)];
  },
  "a gate of any sign for each key": (b, s, { v, k, q, g }) => {
    const next = b.add(b.mul(b.unsqueeze(g as Value, [1]), s), outer(b, v as Value, k as Value));
    return [next, read(b, next, q as Value)];
  },
  "the delta rule": (b, s, { v, k, q, f }) => {
    const error = b.sub(v as Value, read(b, s, k as Value));
    const next = b.add(s, outer(b, b.mul(b.sigmoid(f as Value), error), k as Value));
    return [next, read(b, next, q as Value)];
  },
  "the delta rule as a product with I - β k kᵀ": (b, s, { v, k, q, f }) => {
    const beta = b.unsqueeze(b.sigmoid(f as Value), [2]);
    const erased = b.mul(beta, outer(b, read(b, s, k as Value), k as Value));
    const next = b.add(b.sub(s, erased), b.mul(beta, outer(b, v as Value, k as Value)));
    return [next, read(b, next, q as Value)];
  },
  "the delta rule with a gate": (b, s, { v, k, q, f, g }) => {
    const decayed = b.mul(b.unsqueeze(b.sigmoid(g as Value), [1]), s);
    const error = b.sub(v as Value, read(b, decayed, k as Value));
    const next = b.add(decayed, outer(b, b.mul(b.sigmoid(f as Value), error), k as Value));
    return [next, b.tanh(read(b, next, q as Value))];
  },
  "padded steps": (b, s, { v, k, q, f, live }) => {
    const next = b.add(b.mul(b.unsqueeze(b.sigmoid(f as Value), [2]), s), outer(b, v as Value, k as Value));
    const kept = b.where(b.unsqueeze(live as Value, [2]), next, s);
    return [kept, b.where(live as Value, read(b, next, q as Value), 0)];
  },
  "sums in place of products of matrices": (b, s, { v, k, q }) => {
    const next = b.sub(b.identity(s), b.neg(b.matmul(b.unsqueeze(v as Value, [2]), b.unsqueeze(k as Value, [1]))));
    return [next, b.sum(b.mul(next, b.unsqueeze(q as Value, [1])), [2])];
  },
};

const slices = (float: Inputs, bool: Inputs, time: number) => ({
  v: float("v", time, "batch", V),
  k: float("k", time, "batch", K),
  q: float("q", time, "batch", K),
  f: float("f", time, "batch", 1),
  g: float("g", time, "batch", K),
  live: bool("live", time, "batch", 1),
});

const graphFor = (step: Step, time: number, reverse: boolean): Graph =>
  graphOf((b, float, typed) => {
    const values = slices(float, typed("bool"), time);
    const names = Object.keys(values);
    return loop(
      b,
      [float("s", "batch", V, K)],
      Object.values(values),
      (inner, [s], inputs) => {
        const [next, output] = step(
          inner,
          s,
          Object.fromEntries(names.map((name, index) => [name, inputs[index] as Value])),
        );
        return [[next], [output]];
      },
      reverse,
    );
  });

describe.each(Object.keys(steps))("%s", (name) => {
  test.each([
    [8, 4, false],
    [7, 4, false],
    [7, 4, true],
    [5, 8, true],
  ])("%i steps in chunks of %i, reverse %s", (time, size, reverse) => {
    const text = resultOf(chunked(size), graphFor(steps[name] as Step, time, reverse));
    const lengths = [...text.matchAll(/Scan\(length=(\d+)/g)].map(([, length]) => Number(length));
    expect(lengths).toEqual([Math.ceil(time / size)]);
  });
});

describe("random recurrences", () => {
  const random = randomStream(3, "recurrences");
  const one = <T>(choices: readonly T[]) => choices[random.below(choices.length)] as T;
  /** The parts of a step: a gate, an update, a mask and a read, each drawn at random. */
  const drawStep = () => {
    const [gate, isErased, isMasked, readsBefore] = [
      one(["none", "number", "any sign", "key", "key of any sign"]),
      one([false, true]),
      one([false, true]),
      one([false, true]),
    ];
    const step: Step = (b, s, { v, k, q, f, g, live }) => {
      const gates = {
        none: () => s,
        number: () => b.mul(s, b.sigmoid(b.unsqueeze(f as Value, [2]))),
        "any sign": () => b.mul(b.unsqueeze(f as Value, [2]), s),
        key: () => b.mul(s, b.unsqueeze(b.sub(1, b.sigmoid(g as Value)), [1])),
        "key of any sign": () => b.mul(b.unsqueeze(g as Value, [1]), s),
      };
      const decayed = gates[gate as keyof typeof gates]();
      const value = isErased ? b.sub(v as Value, b.mul(f as Value, read(b, decayed, k as Value))) : (v as Value);
      const updated = b.add(outer(b, value, k as Value), decayed);
      const next = isMasked ? b.where(b.unsqueeze(live as Value, [2]), updated, s) : updated;
      return [next, read(b, readsBefore ? s : updated, q as Value)];
    };
    return { step, name: [gate, isErased && "erased", isMasked && "masked", readsBefore && "before"].join(" ") };
  };
  const cases = Array.from({ length: 24 }, (_, index) => {
    const { step, name } = drawStep();
    const drawn = { step, time: 2 + random.below(9), size: one([2, 4, 8]), reverse: one([false, true]) };
    return [`${index}: ${name}, ${drawn.time} steps by ${drawn.size}, reverse ${drawn.reverse}`, drawn] as const;
  });

  test.each(cases)("%s: equal values and gradients", (_, { step, time, size, reverse }) => {
    const gradients = (pass: Pass | undefined) => {
      const graph = graphFor(step, time, reverse);
      const before = pass ? pass.run(graph, { expected: new Map() }) : graph;
      const b = graphBuilder("loss");
      const inputs = before.inputs.map(({ name, type }) => b.input(name, type));
      const outputs = inline(b, before, inputs);
      const loss = outputs.map((output) => b.sum(b.mul(b.sin(output), output))).reduce((x, y) => b.add(x, y));
      const floats = inputs.flatMap(({ type }, index) => (type.dtype === "float32" ? [index] : []));
      return differentiate(b.finish([loss, ...outputs]), 0, floats);
    };
    expectSameValues(gradients(chunked(size)), gradients(undefined));
  });
});

describe("the choice", () => {
  const attention = (batch: number, keys: number) =>
    graphOf((b, float) =>
      loop(
        b,
        [float("s", batch, keys, keys)],
        [float("k", 256, batch, keys), float("v", 256, batch, keys)],
        (inner, [s], [k, v]) => {
          const next = inner.add(s, outer(inner, v, k));
          return [[next], [read(inner, next, k)]];
        },
      ),
    );
  const lengths = (graph: Graph) =>
    graph.nodes.flatMap((node) => (node.op === "Scan" ? [node.attributes.length as number] : []));
  const lengthsIn = (recurrence?: RecurrenceForm) =>
    lengths(solveRecurrences.run(attention(4, 16), { expected: new Map(), recurrence }));

  test("is the fastest form by the costs of the target, or the requested one", () => {
    expect([lengthsIn(), lengthsIn("loop"), lengthsIn("scan"), lengthsIn("chunkwise")]).toEqual([
      [8],
      [256],
      [256],
      [8],
    ]);
  });

  test("is the loop where chunks cost more than they save", () => {
    // A gate of any sign for each key has no logarithm, so each chunk has a product for each pair of steps.
    const step = steps["a gate of any sign for each key"] as Step;
    const wide = graphOf((b, float, typed) => {
      const values = { ...slices(float, typed("bool"), 64) };
      return loop(b, [float("s", "batch", V, K)], Object.values(values), (inner, [s], inputs) => {
        const [next, output] = step(
          inner,
          s,
          Object.fromEntries(Object.keys(values).map((name, index) => [name, inputs[index] as Value])),
        );
        return [[next], [output]];
      });
    });
    expect(solveRecurrences.run(wide, { expected: new Map([["batch", 100_000]]) })).toBe(wide);
  });
});

test("keeps loops whose state is read entry by entry, is not linear, or has no static length", () => {
  const graphs = [
    (b: Builder, s: Value, v: Value, k: Value) => [b.add(s, outer(b, v, k)), b.tanh(s)],
    (b: Builder, s: Value, v: Value, k: Value) => [b.tanh(b.add(s, outer(b, v, k))), read(b, s, k)],
    (b: Builder, s: Value, v: Value, k: Value) => [b.mul(s, b.add(s, outer(b, v, k))), read(b, s, k)],
    (b: Builder, s: Value, v: Value, k: Value) => [b.add(s, outer(b, v, b.tanh(b.sum(s, [1])))), read(b, s, k)],
  ].map((step) =>
    graphOf((b, float) =>
      loop(
        b,
        [float("s", "batch", V, K)],
        [float("v", 4, "batch", V), float("k", 4, "batch", K)],
        (inner, [s], [v, k]) => {
          const [next, output] = step(inner, s, v, k);
          return [[next as Value], [output as Value]];
        },
      ),
    ),
  );
  for (const graph of graphs) expectUntouched(chunked(4), graph);
  const open = graphOf((b, float) =>
    loop(
      b,
      [float("s", "batch", V, K)],
      [float("v", "time", "batch", V), float("k", "time", "batch", K)],
      (inner, [s], [v, k]) => [[inner.add(s, outer(inner, v, k))], [read(inner, s, k)]],
    ),
  );
  expectUntouched(chunked(4), open);
});

test("states that are not linear keep a loop of their own", () => {
  const graph = graphOf((b, float) =>
    loop(
      b,
      [float("h", "batch", 1), float("s", "batch", V, K)],
      [float("x", 6, "batch", 1), float("v", 6, "batch", V), float("k", 6, "batch", K)],
      (inner, [h, s], [x, v, k]) => {
        const h1 = inner.tanh(inner.add(h, x));
        const next = inner.add(inner.mul(s, inner.unsqueeze(inner.sigmoid(h1), [2])), outer(inner, v, k));
        return [[h1, next], [inner.mul(h1, read(inner, next, k))]];
      },
    ),
  );
  const text = resultOf(chunked(4), graph);
  expect([...text.matchAll(/Scan\(length=(\d+)/g)].map(([, length]) => Number(length))).toEqual([6, 2]);
});

describe.each([false, true])("a window of the last steps, reverse %s", (reverse) => {
  test.each([1, 2])("of %i entries a step is slices of the sequence, and what reads it leaves the loop", (count) => {
    const graph = graphOf((b, float) =>
      loop(
        b,
        [float("h", "batch", 2), float("w", "batch", 2, 4)],
        [float("x", 5, "batch", 2, count)],
        (inner, [h, w], [x]) => {
          const next = inner.concat([inner.slice(w, 2, count, 4), x], 2);
          const v = inner.sum(inner.mul(next, float("K", 2, 4)), [2]);
          const h1 = inner.tanh(inner.add(inner.mul(h, inner.sigmoid(v)), inner.sum(w, [2])));
          return [[h1, next], [inner.mul(h1, v)]];
        },
        reverse,
      ),
    );
    const loops = solvedBy(0, 0)
      .run(graph, { expected: sizes })
      .nodes.filter(({ op }) => op === "Scan");
    expect(loops.map(({ attributes }) => (attributes as { stateCount: number }).stateCount)).toEqual([1]);
    resultOf(chunked(4), graph);
  });

  test("of one step is the sequence, shifted", () => {
    const graph = graphOf((b, float) =>
      loop(
        b,
        [float("p", "batch", 2)],
        [float("x", 5, "batch", 2)],
        (inner, [p], [x]) => [[x], [inner.sub(x, p)]],
        reverse,
      ),
    );
    expect(resultOf(chunked(4), graph)).not.toContain("Scan");
  });
});

describe("training steps of built-in cells", () => {
  const ids = { dtype: "int32", shape: ["batch", "time"] } as const;
  const signature = { inputs: ids, targets: ids, sizes: { vocabulary: 5 }, expected: { batch: 2, time: 3 } };
  const specOf = async (cell: object) => {
    const { spec } = await normal({
      data: { type: "text", text: "hello ".repeat(20), window: 3 },
      model: [
        { layer: "one_hot" },
        { layer: "rnn", ...("cells" in cell ? {} : { hidden_size: 4 }), ...cell },
        { layer: "projection", size: "vocabulary" },
      ],
      loss: { type: "sequence_loss" },
      optimizer: { type: "sgd", learning_rate: 0.1 },
    });
    return spec;
  };

  test.each([
    { cell: "mlstm", heads: 2 },
    { cell: "gla", heads: 2 },
    { cell: "delta_net", heads: 2 },
    { cell: "mamba", state_size: 3 },
    { cell: "lru" },
    { cell: "minlstm" },
  ])("$cell has the same updates in every form", async (cell) => {
    const spec = await specOf(cell);
    const stepOf = (recurrence: RecurrenceForm) => {
      const built = buildTrainingStep(spec, { ...signature, steps: 3 }, { recurrence });
      if (!built.ok) throw new Error("the spec is refused");
      return built.trainingStep.step.graph;
    };
    for (const form of ["scan", "chunkwise"] as const) expectSameValues(stepOf(form), stepOf("loop"));
  });

  test.each([{ cell: "gru" }, { cell: "lstm" }])("a form needs a linear recurrence: $cell", async (cell) => {
    const built = buildTrainingStep(await specOf(cell), { ...signature, steps: 3 }, { recurrence: "scan" });
    expect(built).toMatchObject({ ok: false, problems: [{ code: "recurrence-form", path: "/model" }] });
  });

  test("loops without a recurrence of the form are named", async () => {
    const mixed = [
      { cell: "minlstm", hidden_size: 2 },
      { cell: "lstm", hidden_size: 2 },
    ];
    const noticesOf = async (cell: object, recurrence: RecurrenceForm) => {
      const input = { spec: await specOf(cell), signature: { ...signature, steps: 3 }, options: { recurrence } };
      const elaborated = elaborateTraining(input);
      return elaborated.ok ? elaborated.program.notices : elaborated.problems;
    };
    expect(await noticesOf({ cells: mixed }, "scan")).toEqual([
      "--recurrence scan: rnn/1 has no recurrence of this form, and keeps its loop.",
    ]);
    expect(await noticesOf({ cells: mixed }, "loop")).toEqual([]);
    expect(await noticesOf({ cell: "minlstm" }, "scan")).toEqual([]);
  });

  test("a form needs sequences of one length", async () => {
    const built = buildTrainingStep(await specOf({ cell: "gla" }), signature, { recurrence: "scan" });
    expect(built).toMatchObject({ ok: false, problems: [{ code: "recurrence-steps", path: "/data" }] });
  });
});
