/** Images in IDX files: the rows of an image are the time steps, its label is the class. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { NormalImagesData } from "../../../schema/normal/index.js";
import { formatCount } from "../../format.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import { unreadableFile } from "../../storage/system-errors.js";
import type { NumericArray } from "../../tensors/array.js";
import { splitOrFold } from "../folds.js";
import { readIdx } from "../formats/idx.js";
import { decodeClasses } from "../labels.js";
import { type DataSource, expectedBatchSize, type SourceKind } from "../source.js";
import { MEMORY_LIMIT } from "../spill/spill-store.js";
import type { Splits } from "../splits.js";

export const images: SourceKind<NormalImagesData> = {
  async open(data, { folder, seed }) {
    const pixels = readIdxFile(data, "file", folder, "[images, rows, columns]");
    const labels = readIdxFile(data, "labels", folder, "[images]");
    if (!pixels.ok || !labels.ok) return fail([pixels, labels].flatMap((result) => (result.ok ? [] : result.error)));
    const [count = 0, rows = 0, columns = 0] = pixels.value.shape;
    if (count !== labels.value.shape[0]) {
      const message = `"${data.file}" has ${formatCount(count, "image")}, but "${data.labels}" has ${formatCount(labels.value.shape[0] ?? 0, "label")}.`;
      return fail([{ code: "images-count", path: "/data/labels", file: data.labels, message, hint: "" }]);
    }
    if (count * rows * columns === 0) {
      const message = `"${data.file}" has shape [${pixels.value.shape.join(", ")}] and contains no pixels.`;
      return fail([{ code: "images-shape", path: "/data/file", file: data.file, message, hint: "" }]);
    }
    const examples = Math.min(count, data.limit ?? count);
    const split = splitOrFold(data.split, seed, examples, labels.value.bytes.subarray(0, examples));
    if (!split.ok) return split;
    const selected = {
      pixels: pixels.value.bytes.subarray(0, examples * rows * columns),
      labels: labels.value.bytes.subarray(0, examples),
    };
    return ok(imageSource(data, selected, rows, columns, split.value));
  },
  mapFiles(data, rename) {
    return { ...data, file: rename(data.file), labels: rename(data.labels) };
  },
};

function readIdxFile(
  data: NormalImagesData,
  key: "file" | "labels",
  folder: string,
  shape: string,
): Result<{ readonly shape: readonly number[]; readonly bytes: Uint8Array }> {
  const path = `/data/${key}`;
  const file = data[key];
  const report = (code: string, message: string) => fail([{ code, path, file, message, hint: "" }]);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(resolve(folder, file));
  } catch (error) {
    return fail([unreadableFile(path, file, error)]);
  }
  const idx = readIdx(bytes);
  if (!idx.ok)
    return report("file-format", `"${file}" cannot be read as ${key === "file" ? "images" : "labels"}: ${idx.error}.`);
  if (idx.value.shape.length !== shape.split(",").length) {
    return report("images-shape", `"${file}" has shape [${idx.value.shape.join(", ")}], but must be ${shape}.`);
  }
  return idx;
}

function imageSource(
  data: NormalImagesData,
  { pixels, labels }: Readonly<Record<"pixels" | "labels", Uint8Array>>,
  rows: number,
  columns: number,
  splits: Splits,
): DataSource {
  const size = rows * columns;
  const examples = labels.length;
  const write = createImageWriter(pixels, size);
  const classes = labels.reduce((maximum, label) => Math.max(maximum, label), 0) + 1;
  return {
    examples,
    splits,
    digest: createHash("sha256")
      .update(JSON.stringify([rows, columns]))
      .update(pixels)
      .update(labels)
      .digest("hex"),
    metadata: { type: "images", rows, columns, classes: null },
    signature: (train) => ({
      inputs: { dtype: "float32", shape: ["batch", "time", columns] },
      targets: { dtype: "int32", shape: ["batch"] },
      sizes: { features: columns, classes },
      steps: rows,
      expected: { batch: expectedBatchSize(train, splits), time: rows },
    }),
    batch(indices) {
      const inputs = new Float32Array(indices.length * size);
      const targets = new Int32Array(indices.length);
      for (let row = 0; row < indices.length; row++) {
        const image = indices[row] ?? 0;
        targets[row] = labels[image] ?? 0;
        write(image, inputs, row * size);
      }
      return new Map<string, NumericArray>([
        ["inputs", { dtype: "float32", shape: [indices.length, rows, columns], data: inputs }],
        ["targets", { dtype: "int32", shape: [indices.length], data: targets }],
      ]);
    },
    findOutOfRange(array, limit, reason): RunProblem | undefined {
      const image = array === "targets" ? labels.findIndex((label) => label >= limit) : -1;
      if (image < 0) return undefined;
      const message = `Label ${image + 1} in "${data.labels}" is class ${labels[image]}.`;
      return { code: "images-class", path: "/data/labels", file: data.labels, message, hint: reason };
    },
    decode: (predictions) => decodeClasses(predictions, { names: null, count: classes }),
  };
}

/** Writes the pixels of an image, scaled to 0 … 1, into `target`, starting at `offset`. */
type ImageWriter = (image: number, target: Float32Array, offset: number) => void;

/** Caches converted images, unless all of them would exceed the memory limit. */
function createImageWriter(pixels: Uint8Array, size: number): ImageWriter {
  const writeImage = (image: number, target: Float32Array, offset: number) => {
    for (let pixel = 0; pixel < size; pixel++) target[offset + pixel] = (pixels[image * size + pixel] ?? 0) / 255;
  };
  if (pixels.length * Float32Array.BYTES_PER_ELEMENT > MEMORY_LIMIT) return writeImage;
  const cache = new Float32Array(pixels.length);
  const isCached = new Uint8Array(pixels.length / size);
  return (image, target, offset) => {
    const start = image * size;
    if (isCached[image] === 0) writeImage(image, cache, start);
    isCached[image] = 1;
    target.set(cache.subarray(start, start + size), offset);
  };
}
