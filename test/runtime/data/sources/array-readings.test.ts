/** Arrays in other shapes and types than the model's: what is read and stated, and what is refused with a way out. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeNpy } from "../../../../runtime/data/formats/npy.js";
import { openData } from "../../../../runtime/data/index.js";
import type { NormalArraysData } from "../../../../schema/normal/index.js";
import { arraysData, type SpecParts, specOf } from "../../../support/normal-specs.js";
import { array } from "../../../support/predict-file.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";
import { trainSpec } from "../../../support/training-runs.js";

async function open(data: Partial<NormalArraysData>, parts: SpecParts = {}, files: object = {}) {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return openData(specOf({ ...parts, data: { ...arraysData, ...data } }), folder);
}

async function hintOf(...request: Parameters<typeof open>) {
  const opened = await open(...request);
  const [problem] = opened.ok ? [] : opened.error;
  return problem && [problem.message, problem.hint];
}

test("token ids [N, T, 1] are read as [N, T]", async () => {
  const opened = await open({
    inputs: [
      [[0], [1]],
      [[2], [1]],
    ],
    targets: [
      [0, 1],
      [1, 0],
    ],
  });
  if (!opened.ok) throw new Error(opened.error.map(({ message }) => message).join());
  expect(opened.value.notices).toEqual(["inputs of shape [2, 2, 1] are read as token ids [2, 2]."]);
  expect(opened.value.batch([1]).get("inputs")).toEqual({ dtype: "int32", shape: [1, 2], data: Int32Array.of(2, 1) });
});

test("a prediction from token ids [N, T, 1] is that from [N, T]", async () => {
  const { out } = await trainSpec({
    data: {
      type: "arrays",
      inputs: [
        [0, 1],
        [2, 1],
      ],
      targets: [0, 1],
    },
    model: [
      { layer: "embedding", size: 2 },
      { layer: "rnn", cell: "gru", hidden_size: 2, return: "last" },
      { layer: "dense", size: 2 },
    ],
    loss: { type: "cross_entropy" },
    train: { steps: 2 },
  });
  const flat = await array(
    out,
    "flat.json",
    JSON.stringify([
      [2, 0],
      [1, 1],
    ]),
  );
  const column = await array(
    out,
    "column.json",
    JSON.stringify([
      [[2], [0]],
      [[1], [1]],
    ]),
  );
  expect(column).toEqual(flat);
});

test("integral float64 targets of a class loss are ids, as those of JSON are", async () => {
  const files = { "y.npy": writeNpy([2, 2], Float64Array.of(2, 0, 1, 2)) };
  const opened = await open({ targets: "y.npy" }, {}, files);
  if (!opened.ok) throw new Error(opened.error.map(({ message }) => message).join());
  expect(opened.value.batch([0]).get("targets")).toEqual({ dtype: "int32", shape: [1, 2], data: Int32Array.of(2, 0) });
});

const npyOf = (descr: string) => {
  const bytes = Buffer.from(writeNpy([2], Float32Array.of(1, 2))).toString("latin1");
  return Buffer.from(bytes.replace("'<f4'", `'${descr}'`.padEnd(5)), "latin1");
};
const saveHint =
  'Save an array of numbers again, such as numpy.save("x.npy", array) with array = numpy.asarray(x, "float32").';

test.each([
  ["|O", "O (Python objects)"],
  ["<U5", "U5 (text)"],
  ["<c8", "c8 (complex numbers)"],
])("an .npy file of %s is refused by the name of its type", async (descr, shown) => {
  const hint = await hintOf({ inputs: "x.npy" }, {}, { "x.npy": npyOf(descr) });
  expect(hint?.[0]).toContain(`"x.npy" cannot be read as an array: its elements are of type ${shown}, not one of`);
  expect(hint?.[1]).toBe(saveHint);
});

test("rows of unequal length are named with both lengths, and null with its place", async () => {
  const raggedHint = "Give all rows one shape: pad shorter sequences, and give their lengths in data.lengths.";
  expect(await hintOf({ inputs: [[0, 1], [1]] as never })).toEqual([
    "inputs[1] has 1 entry, but inputs[0] has 2.",
    raggedHint,
  ]);
  expect(
    await hintOf({
      inputs: [
        [0, 1],
        [1, null],
      ] as never,
    }),
  ).toEqual([
    "inputs[1][1] is null, but must be a number.",
    "Write a number. Steps of weight 0 (data.weights) have no effect on the loss.",
  ]);
});

test("arrays of unequal first axes are both named", async () => {
  expect(
    await hintOf({
      inputs: [
        [0, 1],
        [1, 2],
      ],
      targets: [[0, 1]],
    }),
  ).toEqual([
    "targets has shape [1, 2] and inputs has shape [2, 2]: the first axes (examples) must be equal.",
    "Give all arrays the same examples, in one order.",
  ]);
});
