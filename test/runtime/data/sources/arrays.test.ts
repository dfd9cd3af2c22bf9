import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { writeNpy } from "../../../../runtime/data/formats/npy.js";
import { mapDataFiles, openData } from "../../../../runtime/data/index.js";
import type { ArraySource, NormalArraysData, NormalSpec } from "../../../../schema/normal/index.js";
import {
  arraysData,
  type LossOptions,
  lastModel,
  numbersModel,
  type SpecParts,
  specOf,
  squaredError,
  train,
} from "../../../support/normal-specs.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

const numbers = { model: numbersModel, loss: squaredError };

async function open(data: Partial<NormalArraysData>, parts: SpecParts = {}, folder = ".") {
  const opened = await openData(specOf({ ...parts, data: { ...arraysData, ...data } }), folder);
  if (!opened.ok) throw new Error(opened.error.map(({ message }) => message).join("\n"));
  return opened.value;
}

async function problems(data: Partial<NormalArraysData>, parts: SpecParts = {}, folder = ".") {
  const opened = await openData(specOf({ ...parts, data: { ...arraysData, ...data } }), folder);
  return opened.ok ? [] : opened.error;
}

const sequences = [
  [
    [1, 2],
    [3, 4],
    [5, 6],
  ],
  [
    [7, 8],
    [9, 10],
    [11, 12.5],
  ],
];

describe("element types of arrays", () => {
  test("ids for a model with an embedding or one_hot, and class targets", async () => {
    const source = await open({});
    expect(source.examples).toBe(2);
    expect(source.batch([1]).get("inputs")).toEqual({ dtype: "int32", shape: [1, 2], data: Int32Array.of(1, 2) });
    expect(source.batch([1, 0]).get("targets")).toEqual({
      dtype: "int32",
      shape: [2, 2],
      data: Int32Array.of(2, 0, 1, 2),
    });
    expect(source.signature(train)).toEqual({
      inputs: { dtype: "int32", shape: ["batch", "time"] },
      targets: { dtype: "int32", shape: ["batch", "time"] },
      sizes: { vocabulary: 3, classes: 3 },
      steps: 2,
      expected: { batch: 2, time: 2 },
    });
  });

  test("numbers for any other model, integers included", async () => {
    const xor = {
      inputs: [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ],
      targets: [[0], [1], [1], [0]],
    };
    const source = await open(xor, numbers);
    expect(source.signature(train)).toEqual({
      inputs: { dtype: "float32", shape: ["batch", 2] },
      targets: { dtype: "float32", shape: ["batch", 1] },
      sizes: { features: 2, classes: 1 },
      expected: { batch: 4, time: 1 },
    });
    expect(source.batch([2]).get("inputs")?.data).toEqual(Float32Array.of(1, 0));
  });

  describe("targets of sequences", () => {
    const crossEntropy = { type: "cross_entropy", reduction: "mean", label_smoothing: 0, class_weights: null } as const;
    const rows = [
      [0.5, 0.5],
      [0.1, 0.9],
    ];

    test.each<[string, NormalSpec["model"], LossOptions, NormalArraysData["targets"], object]>([
      [
        "a class at each step",
        numbersModel,
        crossEntropy,
        [
          [0, 1, 1],
          [2, 0, 1],
        ],
        { dtype: "int32", shape: ["batch", "time"] },
      ],
      ["a class for all steps", lastModel, crossEntropy, [4, 0], { dtype: "int32", shape: ["batch"] }],
      ["probabilities of classes", lastModel, crossEntropy, rows, { dtype: "float32", shape: ["batch", 2] }],
      [
        "certain classes, as rows",
        lastModel,
        crossEntropy,
        [
          [0, 1],
          [1, 0],
        ],
        { dtype: "float32", shape: ["batch", 2] },
      ],
      [
        "numbers at each step",
        numbersModel,
        squaredError,
        sequences,
        { dtype: "float32", shape: ["batch", "time", 2] },
      ],
      [
        "one number at each step",
        numbersModel,
        squaredError,
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        { dtype: "float32", shape: ["batch", "time"] },
      ],
      [
        "three numbers for three steps",
        lastModel,
        squaredError,
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        { dtype: "float32", shape: ["batch", 3] },
      ],
    ])("%s", async (_, model, loss, targets, signature) => {
      const source = await open({ inputs: sequences, targets }, { model, loss });
      expect(source.signature(train).targets).toEqual(signature);
    });

    test("classes are counted", async () => {
      const source = await open({ inputs: sequences, targets: [4, 0] }, { model: lastModel, loss: crossEntropy });
      expect(source.signature(train).sizes).toEqual({ features: 2, classes: 5 });
    });
  });

  test("lengths, weights and initial states", async () => {
    const source = await open(
      {
        inputs: sequences,
        targets: sequences,
        lengths: [3, 1],
        weights: [
          [1, 1, 1],
          [1, 0, 0],
        ],
        initial_states: {
          "rnn/0/h": [
            [0, 0.5],
            [1, 1],
          ],
        },
      },
      numbers,
    );
    expect(source.signature(train)).toMatchObject({
      lengths: { dtype: "int64", shape: ["batch"] },
      weights: { dtype: "float32", shape: ["batch", "time"] },
      initial_states: { "rnn/0/h": { dtype: "float32", shape: ["batch", 2] } },
    });
    const batch = source.batch([1]);
    expect(batch.get("lengths")?.data).toEqual(BigInt64Array.of(1n));
    expect(batch.get("weights")?.data).toEqual(Float32Array.of(1, 0, 0));
    expect(batch.get("rnn/0/h")).toEqual({ dtype: "float32", shape: [1, 2], data: Float32Array.of(1, 1) });
  });

  test("arrays in files", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "inputs.npy"), writeNpy([2, 3, 2], Float32Array.from(sequences.flat(2))));
    writeFileSync(join(folder, "targets.json"), `\uFEFF${JSON.stringify(sequences)}`);
    const fromFiles = await open({ inputs: "inputs.npy", targets: "targets.json" }, numbers, folder);
    const fromSpec = await open({ inputs: sequences, targets: sequences }, numbers);
    expect(fromFiles.batch([0, 1])).toEqual(fromSpec.batch([0, 1]));
    expect(fromFiles.digest).toBe(fromSpec.digest);
    expect((await open({ inputs: sequences, targets: [[1], [2]] }, numbers)).digest).not.toBe(fromSpec.digest);
  });

  test("predictions are nested lists", async () => {
    const predictions = { dtype: "float32" as const, shape: [2, 2, 1], data: Float32Array.of(1, 2, 3, 4) };
    expect((await open({})).decode(predictions)).toEqual([
      [[1], [2]],
      [[3], [4]],
    ]);
  });

  test("the first id beyond a limit is located", async () => {
    const source = await open({});
    expect(source.findOutOfRange("inputs", 3, "why")).toBeUndefined();
    expect(source.findOutOfRange("targets", 2, "why")).toEqual({
      code: "array-value",
      path: "/data/targets/0/1",
      message: "targets[0][1] is 2.",
      hint: "why",
    });
  });

  test("renames the files of all roles", () => {
    const data: NormalArraysData = { ...arraysData, inputs: "a.npy", lengths: "b.npy", initial_states: { h: "c.npy" } };
    expect(mapDataFiles(data, (file) => `../${file}`)).toEqual({
      ...data,
      inputs: "../a.npy",
      lengths: "../b.npy",
      initial_states: { h: "../c.npy" },
    });
  });
});

describe("problems", () => {
  const problemAt = (path: string, code: string, message: string, hint?: string) => ({
    code,
    path,
    message,
    ...(hint !== undefined && { hint }),
  });

  test.each([
    [
      "lists that are not rectangular",
      { inputs: [[0, 1], [1]] },
      problemAt(
        "/data/inputs/1",
        "array-shape",
        "inputs[1] has 1 entry, but inputs[0] has 2.",
        "Give all rows one shape: pad shorter sequences, and give their lengths in data.lengths.",
      ),
    ],
    [
      "a list, but must be a number",
      {
        inputs: [
          [0, 1],
          [1, [2]],
        ],
      },
      problemAt(
        "/data/inputs/1/1",
        "array-shape",
        "inputs[1][1] is a list, but must be a number.",
        "Give all rows one shape: pad shorter sequences, and give their lengths in data.lengths.",
      ),
    ],
    [
      "a number, but must be a list",
      { inputs: [[0, 1], 1] },
      problemAt(
        "/data/inputs/1",
        "array-shape",
        "inputs[1] is a number, but must be a list.",
        "Give all rows one shape: pad shorter sequences, and give their lengths in data.lengths.",
      ),
    ],
    [
      "one number",
      { inputs: 1 as unknown as ArraySource },
      problemAt(
        "/data/inputs",
        "array-shape",
        "inputs is a number, not a list of numbers.",
        "Write nested lists of numbers, one entry for each example.",
      ),
    ],
    [
      "no examples",
      { inputs: [], targets: [] },
      problemAt(
        "/data/inputs",
        "array-shape",
        "inputs has shape [0], but must be [examples, time] of token ids.",
        'Give one integer for each step. For vectors of features remove the "embedding" or "one_hot" layer that reads them.',
      ),
    ],
    [
      "empty examples",
      { inputs: [[], []] },
      problemAt(
        "/data/inputs",
        "array-shape",
        "inputs has shape [2, 0] and contains no numbers.",
        "Give at least one example with at least one number.",
      ),
    ],
    [
      "ids that are not whole",
      {
        inputs: [
          [0, 1],
          [1, 0.5],
        ],
      },
      problemAt("/data/inputs/1/1", "array-value", "inputs[1][1] is 0.5.", "Token ids are integers from 0."),
    ],
    [
      "negative classes",
      {
        targets: [
          [0, -1],
          [1, 0],
        ],
      },
      problemAt("/data/targets/0/1", "array-value", "targets[0][1] is -1.", "Classes are integers from 0."),
    ],
    [
      "numbers of examples that differ",
      { targets: [[1, 2]] },
      problemAt(
        "/data/targets",
        "array-shape",
        "targets has shape [1, 2] and inputs has shape [2, 2]: the first axes (examples) must be equal.",
        "Give all arrays the same examples, in one order.",
      ),
    ],
    [
      "weights of another length",
      { weights: [[1], [1]] },
      problemAt(
        "/data/weights",
        "array-shape",
        "weights has shape [2, 1] and inputs has shape [2, 2]: the time axes must be equal.",
        "Give both the same number of steps: pad shorter sequences.",
      ),
    ],
    [
      "weights of another rank",
      { weights: [[[1, 1]], [[1, 1]]] },
      problemAt(
        "/data/weights",
        "array-shape",
        "weights has shape [2, 1, 2], but must be [examples, time] or [examples].",
        "Reshape it: the first axis has the examples.",
      ),
    ],
    [
      "a length of nothing",
      { lengths: [2, 0] },
      problemAt(
        "/data/lengths/1",
        "array-value",
        "lengths[1] is 0.",
        "A length is an integer from 1 to 2, the number of steps of inputs.",
      ),
    ],
    [
      "a length past the end",
      { lengths: [3, 2] },
      problemAt(
        "/data/lengths/0",
        "array-value",
        "lengths[0] is 3.",
        "A length is an integer from 1 to 2, the number of steps of inputs.",
      ),
    ],
    [
      "a state without its size",
      { initial_states: { "rnn/0/h": [0, 0] } },
      problemAt(
        "/data/initial_states/rnn~10~1h",
        "array-shape",
        "rnn/0/h has shape [2], but must be [examples, axes of the state].",
        "Reshape it: the first axis has the examples.",
      ),
    ],
    [
      "a kind of file that holds no arrays",
      { inputs: "data.csv" },
      problemAt(
        "/data/inputs",
        "file-kind",
        '"data.csv" is not an .npy, .npz or .json file.',
        "Use nested lists, an .npy file, a member of an .npz file, or a .json file.",
      ),
    ],
  ] satisfies [string, Partial<NormalArraysData>, object][])("%s", async (_, data, problem) => {
    expect(await problems(data)).toEqual([problem]);
  });

  test("numbers beyond float32", async () => {
    expect(await problems({ inputs: [[1, 1e39]], targets: [[1]] }, numbers)).toEqual([
      problemAt(
        "/data/inputs/0/1",
        "array-value",
        "inputs[0][1] is 1e+39, too large for float32.",
        "Numbers must be finite.",
      ),
    ]);
  });

  test("lengths without a time axis", async () => {
    expect(await problems({ lengths: [1, 1] }, numbers)).toEqual([
      problemAt(
        "/data/lengths",
        "array-shape",
        "lengths needs inputs with a time axis.",
        "Remove lengths, or give inputs as [examples, time, features].",
      ),
    ]);
  });

  test("NaN in a file", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "x.npy"), writeNpy([1, 2], Float32Array.of(0, Number.NaN)));
    expect(await problems({ inputs: "x.npy", targets: [[1]] }, numbers, folder)).toEqual([
      {
        code: "array-value",
        path: "/data/inputs",
        file: "x.npy",
        message: 'inputs[0][1] in "x.npy" is NaN.',
        hint: "Numbers must be finite.",
      },
    ]);
  });

  test("files with other contents", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "short.npy"), writeNpy([2], Float32Array.of(1, 2)).subarray(0, -1));
    writeFileSync(join(folder, "wrong.json"), '[[1, 2], ["three", 4]]');
    writeFileSync(join(folder, "cut.json"), "[[1, 2");
    writeFileSync(join(folder, "deep.json"), `${"[".repeat(100_000)}${"]".repeat(100_000)}`);
    const message = async (file: string) => (await problems({ inputs: file }, {}, folder))[0];
    expect(await message("short.npy")).toEqual({
      code: "file-format",
      path: "/data/inputs",
      file: "short.npy",
      message: '"short.npy" cannot be read as an array: its header declares 8 bytes of data, but it has 7.',
      hint: 'Save an array of numbers again, such as numpy.save("x.npy", array) with array = numpy.asarray(x, "float32").',
    });
    expect(await message("wrong.json")).toEqual({
      code: "array-shape",
      path: "/data/inputs",
      file: "wrong.json",
      message: "inputs[1][0] is text, but must be a number.",
      hint: "Write a number; number classes and tokens from 0.",
    });
    expect(await message("cut.json")).toMatchObject({ code: "file-format", file: "cut.json" });
    expect(await message("deep.json")).toMatchObject({ message: "inputs has more than 8 levels of lists." });
  });

  test("problems of all roles are reported", async () => {
    const messages = await problems({ inputs: "no.npy", targets: [[1], [1, 2]], weights: [[[1]]], lengths: [0] });
    expect(messages.map(({ path }) => path)).toEqual([
      "/data/inputs",
      "/data/targets/1",
      "/data/lengths/0",
      "/data/weights",
    ]);
  });
});
