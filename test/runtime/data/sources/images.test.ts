import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { openData } from "../../../../runtime/data/index.js";
import type { NormalImagesData } from "../../../../schema/normal/index.js";
import { crossEntropy, imagesData, lastModel, specOf, train } from "../../../support/normal-specs.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

function idx(shape: readonly number[], bytes: readonly number[], type = 8): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt8(type, 2);
  header.writeUInt8(shape.length, 3);
  for (const [axis, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * axis);
  return Buffer.concat([header, Buffer.from(bytes)]);
}

/** Three images of two rows and three columns. */
const images = idx(
  [3, 2, 3],
  Array.from({ length: 18 }, (_, index) => index * 15),
);
const labels = idx([3], [4, 0, 4]);

async function opened(files: Partial<Record<"images" | "labels", Uint8Array>>, data: Partial<NormalImagesData> = {}) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "images"), files.images ?? images);
  writeFileSync(join(folder, "labels"), files.labels ?? labels);
  return openData(specOf({ model: lastModel, loss: crossEntropy, data: { ...imagesData, ...data } }), folder);
}

async function open(...request: Parameters<typeof opened>) {
  const result = await opened(...request);
  if (!result.ok) throw new Error(result.error.map(({ message }) => message).join("\n"));
  return result.value;
}

async function problems(...request: Parameters<typeof opened>) {
  const result = await opened(...request);
  return result.ok ? [] : result.error;
}

describe("images", () => {
  test("rows are time steps scaled to 0 … 1, labels are classes", async () => {
    const source = await open({});
    expect(source.examples).toBe(3);
    const batch = source.batch([2, 0]);
    expect(batch.get("inputs")).toMatchObject({ dtype: "float32", shape: [2, 2, 3] });
    expect(batch.get("inputs")?.data[0]).toBe(Math.fround((12 * 15) / 255));
    expect(batch.get("inputs")?.data[11]).toBe(Math.fround((5 * 15) / 255));
    expect(batch.get("targets")).toEqual({ dtype: "int32", shape: [2], data: Int32Array.of(4, 4) });
    expect(source.signature({ ...train, batch_size: 2 })).toEqual({
      inputs: { dtype: "float32", shape: ["batch", "time", 3] },
      targets: { dtype: "int32", shape: ["batch"] },
      sizes: { features: 3, classes: 5 },
      steps: 2,
      expected: { batch: 2, time: 2 },
    });
  });

  test("gzipped files", async () => {
    const [uncompressed, compressed] = [
      await open({}),
      await open({ images: gzipSync(images), labels: gzipSync(labels) }),
    ];
    expect(compressed.digest).toBe(uncompressed.digest);
    expect((await open({ labels: idx([3], [4, 0, 3]) })).digest).not.toBe(uncompressed.digest);
  });

  test("a limit selects the first images", async () => {
    const source = await open({}, { limit: 2 });
    expect(source.examples).toBe(2);
    expect((await open({}, { limit: 100 })).examples).toBe(3);
  });

  test("a split shuffles by the seed", async () => {
    const manyImages = { images: idx([100, 1, 1], Array(100).fill(7)), labels: idx([100], Array(100).fill(1)) };
    const source = await open(manyImages, {
      split: { train: 0.8, validation: 0, test: 0.2, order: "shuffled", stratify: false, folds: null, fold: 1 },
    });
    expect([source.splits.train.length, source.splits.test.length]).toEqual([80, 20]);
    expect([...source.splits.test]).not.toEqual(Array.from({ length: 20 }, (_, index) => 80 + index));
  });

  test("predictions are the most likely classes", async () => {
    const data = Float32Array.of(0, 0, 1, 0, 0, 0, 0, 0, 0, 2);
    expect((await open({})).decode({ dtype: "float32", shape: [2, 5], data })).toEqual([2, 4]);
  });

  test("a class beyond the model's output", async () => {
    const source = await open({});
    expect(source.findOutOfRange("targets", 4, "The model's output has 4.")).toEqual({
      code: "images-class",
      path: "/data/labels",
      file: "labels",
      message: 'Label 1 in "labels" is class 4.',
      hint: "The model's output has 4.",
    });
    expect(source.findOutOfRange("targets", 5, "")).toBeUndefined();
    expect(source.findOutOfRange("inputs", 0, "")).toBeUndefined();
  });
});

describe("problems", () => {
  const format = (file: "images" | "labels", reason: string) => ({
    code: "file-format",
    path: file === "images" ? "/data/file" : "/data/labels",
    file,
    message: `"${file}" cannot be read as ${file}: ${reason}.`,
    hint: "",
  });

  test.each<[string, Parameters<typeof opened>[0], object]>([
    ["another kind of file", { images: Buffer.from("hello") }, format("images", "it is not an IDX file")],
    ["an empty file", { labels: Buffer.alloc(0) }, format("labels", "it is not an IDX file")],
    [
      "other numbers than bytes",
      { images: idx([1, 1, 1], [0, 0, 0, 0], 13) },
      format("images", "its elements are 32-bit floats, not unsigned bytes"),
    ],
    ["a truncated header", { images: images.subarray(0, 9) }, format("images", "it ends inside its header")],
    [
      "cut numbers",
      { images: images.subarray(0, 30) },
      format("images", "its header declares 18 bytes of data, but it has 14"),
    ],
    ["truncated gzip data", { labels: gzipSync(labels).subarray(0, 15) }, format("labels", "its gzip data ends early")],
    [
      "damaged gzip data",
      { labels: Buffer.concat([gzipSync(labels).subarray(0, 10), Buffer.alloc(30, 255)]) },
      format("labels", "its gzip data is damaged"),
    ],
    [
      "labels for images",
      { images: labels },
      {
        code: "images-shape",
        path: "/data/file",
        file: "images",
        message: '"images" has shape [3], but must be [images, rows, columns].',
        hint: "",
      },
    ],
    [
      "another number of labels",
      { labels: idx([2], [1, 2]) },
      {
        code: "images-count",
        path: "/data/labels",
        file: "labels",
        message: '"images" has 3 images, but "labels" has 2 labels.',
        hint: "",
      },
    ],
    [
      "no images",
      { images: idx([0, 2, 3], []), labels: idx([0], []) },
      {
        code: "images-shape",
        path: "/data/file",
        file: "images",
        message: '"images" has shape [0, 2, 3] and contains no pixels.',
        hint: "",
      },
    ],
  ])("%s", async (_, files, problem) => {
    expect(await problems(files)).toEqual([problem]);
  });

  test("problems of both files are reported", async () => {
    expect(await problems({ images: labels, labels: images })).toHaveLength(2);
    expect((await problems({}, { file: "no", labels: "none" })).map(({ message }) => message)).toEqual([
      '"no" does not exist.',
      '"none" does not exist.',
    ]);
  });

  test("truncated and changed files do not throw", async () => {
    for (const file of [images, gzipSync(images)]) {
      for (let size = 0; size < file.length; size++)
        expect((await opened({ images: file.subarray(0, size) })).ok).toBe(false);
      for (let index = 0; index < file.length; index++) {
        const changed = Buffer.from(file);
        changed[index] = (changed[index] ?? 0) ^ 255;
        await opened({ images: changed });
      }
    }
  });
});

const mnist = join(import.meta.dirname, "../../../../../shared/data/mnist");
test.skipIf(!existsSync(mnist))("the MNIST test images, where they are", async () => {
  const data = { ...imagesData, file: "t10k-images-idx3-ubyte.gz", labels: "t10k-labels-idx1-ubyte.gz" };
  const result = await openData(specOf({ model: lastModel, loss: crossEntropy, data }), mnist);
  if (!result.ok) throw new Error(result.error.map(({ message }) => message).join("\n"));
  expect(result.value.examples).toBe(10_000);
  expect(result.value.signature(train)).toMatchObject({
    sizes: { features: 28, classes: 10 },
    expected: { time: 28 },
  });
  expect(result.value.batch([0, 1, 2]).get("targets")?.data).toEqual(Int32Array.of(7, 2, 1));
});
