/** Losses of a spec: their operands, lengths and weights, losses of a whole batch, several outputs, and mistakes. */
import { describe, expect, test } from "vitest";
import { restrictToOutputs } from "../../../../compiler/elaborate/program.js";
import { evaluate } from "../../../../compiler/graph/evaluate.js";
import { tabulate } from "../../../../compiler/ir/tensor.js";
import { build } from "../../../support/artifacts.js";
import { problemsOf } from "../../../support/check-spec.js";
import { open, operandsOf, programOf, tensorOfArray } from "../../../support/programs.js";

/** A model whose outputs are its inputs: the kernel is the identity. */
const specOf = (data: object, loss: object | readonly object[], losses: object, extra: object = {}) => ({
  data: { type: "arrays", ...data },
  losses,
  model: [{ layer: "dense", name: "answer", size: 2, bias: false }],
  loss,
  optimizer: { type: "adam" },
  train: { batch_size: "all" },
  ...extra,
});

async function lossOf(spec: object, mode: "training" | "evaluation" = "training"): Promise<number> {
  const opened = await open(spec);
  const program = restrictToOutputs(programOf(opened, mode), ({ name }) => name === "loss");
  const operands = operandsOf(
    program.inputs,
    new Map([
      ...[...opened.batch].map(([name, array]) => [name, tensorOfArray(array)] as const),
      ["answer/W", tabulate("float32", [2, 2], ([row, column]) => Number(row === column))] as const,
    ]),
  );
  return evaluate(program.graph, operands)[0]?.data[0] ?? Number.NaN;
}

/** The problems of a spec: those of the schema without their positions, or those of the compiler. */
async function mistakes(spec: object): Promise<readonly string[]> {
  try {
    return await problemsOf(spec);
  } catch (error) {
    return String((error as Error).message)
      .split("\n")
      .map((line) => line.replace(/^\d+:\d+ /, ""));
  }
}

const rows = [
  [1, -2],
  [0.5, 3],
];
const numbers = {
  inputs: rows,
  targets: [
    [0, 1],
    [2, 2],
  ],
};
const classes = { inputs: rows, targets: [0, 1] };
const sequences = {
  inputs: [
    rows,
    [
      [2, 1],
      [0, 0],
    ],
  ],
  targets: [
    [0, 1],
    [1, 0],
  ],
  lengths: [2, 1],
};

describe("operands", () => {
  test("numbers are compared as they are", async () => {
    const losses = { mine: { equations: ["loss = abs(y - t) * 2"] } };
    expect(await lossOf(specOf(numbers, { type: "mine" }, losses))).toBeCloseTo((1 + 3 + 1.5 + 1) * (2 / 4), 12);
  });

  test("y of classes is the operand of a final softmax, and of probabilities that of a final sigmoid", async () => {
    const model = (activation: string) => [{ layer: "dense", name: "answer", size: 2, bias: false, activation }];
    const losses = {
      scores: { target: "class", equations: ["loss = gather(y, t)"] },
      logits: { target: "probabilities", equations: ["loss = y * t"] },
    };
    const ofClasses = specOf(classes, { type: "scores" }, losses, { model: model("softmax") });
    expect(await lossOf(ofClasses)).toBeCloseTo((1 + 3) / 2, 12);
    const binary = {
      inputs: rows,
      targets: [
        [0, 1],
        [1, 0],
      ],
    };
    const ofBinary = specOf(binary, { type: "logits" }, losses, { model: model("sigmoid") });
    expect(await lossOf(ofBinary)).toBeCloseTo((-2 + 0.5) / 4, 12);
    expect(await problemsOf(specOf(classes, { type: "scores" }, losses, { model: model("sigmoid") }))).toEqual([
      'activation, /loss/type "scores": scores includes a softmax, but the activation of the last layer is sigmoid. Write "activation": "softmax" in the last layer, or remove its activation.',
    ]);
  });

  test("class ids without the target class are an error", async () => {
    const losses = { scores: { equations: ["loss = gather(y, t)"] } };
    const model = [{ layer: "embedding", size: 3 }, { layer: "projection" }];
    const data = { type: "text", text: "hihello", window: 6 };
    const spec = { ...specOf({}, { type: "scores" }, losses, { model }), data };
    expect(await problemsOf(spec)).toEqual([
      'needs-numbers, /loss/type "scores": scores needs numbers as targets, but the targets are class ids [batch, time]. Add "target": "class" to losses.scores.',
    ]);
  });

  test("gather at targets that are numbers is an error, at their integer parts it is not", async () => {
    const at = (index: string) => ({ scores: { equations: [`loss = gather(y, ${index})`] } });
    expect(await problemsOf(specOf(numbers, { type: "scores" }, at("t")))).toEqual([
      'needs-classes, /losses/scores/equations ["loss = gather(y: gather reads t as an index, but the targets are numbers, not classes Add "target": "class" to losses.scores.',
    ]);
    expect(await problemsOf(specOf(numbers, { type: "scores" }, at("floor(0 * t)")))).toEqual([]);
  });

  test("options are numbers and vectors, and select variants", async () => {
    const losses = {
      mine: {
        options: { scale: 2, factors: [1, 1], squared: false },
        equations: ["loss = scale * factors * abs(y - t)"],
        variants: { squared: { true: { equations: ["loss = scale * factors * (y - t) ^ 2"] }, false: {} } },
      },
    };
    const loss = { type: "mine", scale: 3, factors: [1, 0], squared: true, reduction: "sum" };
    expect(await lossOf(specOf(numbers, loss, losses))).toBeCloseTo(3 * (1 + 2.25), 12);
  });

  test("a definition in the loss itself is its long form", async () => {
    const loss = {
      type: "custom",
      definition: { options: { k: 1 }, equations: ["loss = k * abs(y - t)"] },
      options: { k: 2 },
    };
    expect(await lossOf(specOf(numbers, loss, {}))).toBeCloseTo((1 + 3 + 1.5 + 1) * (2 / 4), 12);
  });

  test("the number of outputs may follow from the targets and the options", async () => {
    const losses = {
      interval: {
        options: { levels: [0.5] },
        output_size: "levels_size * target_size * 2",
        equations: ["low, high = split(y, 2)", "loss = levels * (high - low) + abs(t - low)"],
      },
    };
    const spec = specOf({ inputs: rows, targets: [1, 2] }, { type: "interval" }, losses);
    expect(await lossOf(spec)).toBeCloseTo((-1.5 + 0 + 1.25 + 1.5) / 2, 12);
    expect(await problemsOf(specOf(numbers, { type: "interval" }, losses))).toEqual([
      'output-size, /loss/type "interval": interval reads 4 outputs for 2 targets, but the model has 2. Set the last layer\'s size to 4.',
    ]);
  });
});

describe("lengths and weights", () => {
  const losses = { mine: { target: "class", equations: ["loss = -gather(log_softmax(y), t)"] } };

  test("steps past the lengths do not count, and weights of the data are factors", async () => {
    for (const extra of [
      {},
      {
        weights: [
          [1, 2],
          [3, 4],
        ],
      },
    ]) {
      const data = { ...sequences, ...extra };
      const own = await lossOf(specOf(data, { type: "mine" }, losses));
      expect(own).toBeCloseTo(await lossOf(specOf(data, { type: "cross_entropy" }, {})), 12);
    }
  });

  test("weights of classes are those of cross_entropy, also by the data", async () => {
    const weights = { class_weights: [1, 3] };
    const own = await lossOf(specOf(sequences, { type: "mine", ...weights }, losses));
    expect(own).toBeCloseTo(await lossOf(specOf(sequences, { type: "cross_entropy", ...weights }, {})), 12);
  });

  test("equations that are infinite at the padding have a finite loss", async () => {
    const inputs = [
      [
        [1, 2],
        [0.5, 1],
      ],
      [
        [2, 1],
        [0, 0],
      ],
    ];
    const data = { inputs, targets: inputs, lengths: [2, 1] };
    const ratio = { ratio: { equations: ["loss = abs(log(y) - log(t))"] } };
    expect(await lossOf(specOf(data, { type: "ratio" }, ratio))).toBe(0);
  });
});

describe("a loss of the whole batch", () => {
  const spread = {
    spread: {
      scope: "batch",
      equations: [
        "m = sum(valid * y, -2) / sum(valid, -2)",
        "loss = sum(sum(valid * (y - m) ^ 2, -2)) / sum(valid, -2)",
      ],
    },
  };

  test("has the rows as an axis, and valid is 0 past the lengths", async () => {
    const variance = (values: readonly number[]) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    };
    const data = { ...sequences, targets: sequences.inputs };
    expect(await lossOf(specOf(data, { type: "spread" }, spread))).toBeCloseTo(
      variance([1, 0.5, 2]) + variance([-2, 3, 1]),
      12,
    );
  });

  test("cannot be split, and reads valid where sequences have lengths", async () => {
    const data = { ...sequences, targets: sequences.inputs };
    expect(
      await problemsOf(specOf(data, { type: "spread" }, spread, { train: { batch_size: 2, accumulate: 2, steps: 1 } })),
    ).toEqual([
      'accumulate-loss, /train/accumulate 2: spread compares the rows of a batch, so it cannot be accumulated over micro-batches. Remove "accumulate".',
    ]);
    const careless = { careless: { scope: "batch", equations: ["loss = mean(sum((y - t) ^ 2, -2))"] } };
    expect(await problemsOf(specOf(data, { type: "careless" }, careless))).toEqual([
      'unread-valid, /loss/type "careless": The sequences have lengths, but the equations of careless do not read "valid", which is 0 past them. Multiply by it, for example "sum(valid * a, -2) / sum(valid, -2)".',
    ]);
    expect(await problemsOf(specOf(data, { type: "spread", reduction: "sum" }, spread))).toEqual([
      'reduction, /loss/reduction "sum": spread is one number for the batch, so its reduction is always "mean". Remove "reduction".',
    ]);
    const many = { many: { scope: "batch", equations: ["loss = sum(valid * (y - t) ^ 2, -2)"] } };
    expect(await problemsOf(specOf(data, { type: "many" }, many))).toEqual([
      'shape-mismatch, /losses/many/equations ["loss = sum(valid * (y - t) ^ 2: the loss of the batch has 2 entries, not one Reduce it: "sum(a)" or "mean(a)".',
    ]);
  });
});

test("several outputs have losses of their own, as a list in loss", async () => {
  const losses = { mine: { options: { k: 1 }, equations: ["loss = k * (y - t) ^ 2"] } };
  const model = [
    { layer: "dense", name: "answer", size: 2, bias: false },
    { layer: "dense", name: "other", from: "inputs", size: 1 },
  ];
  const data = { inputs: rows, targets: { a: numbers.targets, b: [[1], [2]] } };
  const list = [
    { type: "mine", k: 3, from: "answer", target: "a" },
    { type: "squared_error", from: "other", target: "b", weight: 0.5 },
  ];
  const { artifact } = await build(specOf(data, list, losses, { model }));
  expect(Object.keys(artifact.manifest.metrics)).toEqual(
    expect.arrayContaining(["loss", "answer/loss", "other/loss", "answer/rmse", "other/rmse"]),
  );
});

test.each([
  [
    "a misspelled type",
    { type: "mien" },
    { mine: { equations: ["loss = y - t"] } },
    ['unknown-value /loss/type | "type" of "loss" cannot be "mien". | Did you mean "mine"?'],
  ],
  [
    "a misspelled option, and another kind of value",
    { type: "mine", gama: 3, list: 1 },
    { mine: { options: { gamma: 1, list: [1, 2] }, equations: ["loss = gamma * list * (y - t)"] } },
    [
      'unknown-key /loss/gama | Unknown key "gama" in the loss "mine". | Did you mean "gamma"?',
      'wrong-type /loss/list | "list" must be a list of numbers, but is 1.',
    ],
  ],
  [
    "the name of a built-in loss, and options with the names of keys",
    { type: "squared_error" },
    { huber: { options: { weight: 1 }, equations: ["loss = weight * y"] } },
    [
      'name-taken /losses/huber | "huber" is a built-in type of loss already. | Use another name.',
      'reserved-name /losses/huber/options/weight | The option name "weight" is reserved: every loss has a key of that name. | Choose another name.',
    ],
  ],
  [
    "a loss without loss",
    undefined,
    { mine: { equations: ["loss = y - t"] } },
    ['missing-key | Missing key "loss" in the spec. | Write "loss": { "type": "mine" }.'],
  ],
  [
    "names, an option that nothing reads, a result that is not set",
    { type: "mine" },
    { mine: { options: { a: 1, b: [1] }, equations: ["e = y - target", "l = e * e"] } },
    [
      'unknown-name, /losses/mine/equations/0 target": unknown name "target" Write "t".',
      'unknown-name, /losses/mine/equations ["e = y - target": no equation sets loss, the result of the loss Add one: "loss = …".',
      'unused-option, /losses/mine/options/b "b": nothing depends on the option "b" Remove it, or read it in an equation.',
    ],
  ],
  [
    "an option that nothing reads",
    { type: "mine" },
    { mine: { options: { a: 1, b: [1] }, equations: ["loss = y - t"] } },
    [
      'unused-option, /losses/mine/options/a "a": nothing depends on the option "a" Remove it, or read it in an equation, a size, an initializer or a variant.',
      'unused-option, /losses/mine/options/b "b": nothing depends on the option "b" Remove it, or read it in an equation.',
    ],
  ],
  [
    "a loss that does not depend on y",
    { type: "mine" },
    { mine: { equations: ["loss = t * t"] } },
    [
      'constant-result, /losses/mine/equations ["loss = t * t": loss does not depend on y, the outputs of the model Read y in an equation that leads to it.',
    ],
  ],
  [
    "a loss without a derivative",
    { type: "mine" },
    { mine: { equations: ["e = where(y > t, 1, 0)", "loss = e + sign(y)"] } },
    [
      'constant-result, /losses/mine/equations ["e = where(y > t: the derivative of loss is 0 everywhere: it reads y in comparisons or step functions only Replace the comparison, sign, floor, one_hot or argmax by a function with a derivative.',
    ],
  ],
  [
    "sizes that differ only here",
    { type: "mine" },
    { mine: { options: { factors: [1, 2, 3] }, equations: ["loss = factors * (y - t)"] } },
    [
      'shape-mismatch, /losses/mine/equations/0 * (y - t)": factors * (y - t): [3] and [batch, 2]: the sizes 3 and 2 differ Here y is [2] and t [2], for each row.',
    ],
  ],
  [
    "classes for a loss of numbers",
    { type: "mine", class_weights: [1, 2] },
    { mine: { equations: ["loss = abs(y - t)"] } },
    ['class-weights, /loss/class_weights [1: mine has no classes: its targets are numbers. Remove "class_weights".'],
  ],
])("%s", async (_, loss, losses, problems) => {
  const spec = specOf(numbers, loss ?? {}, losses);
  const { loss: given, ...rest } = spec;
  expect(await mistakes(loss === undefined ? rest : { ...rest, loss: given })).toEqual(problems);
});
