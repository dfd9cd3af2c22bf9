/** Reads images from an IDX file, and formats their classes. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { readIdx } from "../data/formats/idx.js";
import { usesOf } from "../data/source.js";
import { mergeInOrder } from "../ordered-json.js";
import { fail, ok } from "../result.js";
import { unreadableFile } from "../storage/system-errors.js";
import { describeClass, describeValues, predictionKeys, toProbabilities } from "./format-predictions.js";
import { floatArray, type OpenInputs } from "./inputs.js";

export const images: OpenInputs = async ({ run, file, folder }) => {
  const { metadata, spec } = run;
  if (metadata.type !== "images") throw new Error("The run was not trained on images.");
  let bytes: Buffer;
  try {
    bytes = readFileSync(resolve(folder, file));
  } catch (error) {
    return fail([unreadableFile("", file, error)]);
  }
  const idx = readIdx(bytes);
  if (!idx.ok) {
    const message = `"${file}" cannot be read as images: ${idx.error}.`;
    return fail([{ code: "file-format", path: "", file, message, hint: "" }]);
  }
  const [count = 0, rows = 0, columns = 0] = idx.value.shape;
  if (idx.value.shape.length !== 3 || rows !== metadata.rows || columns !== metadata.columns || count === 0) {
    const message = `"${file}" has shape [${idx.value.shape.join(", ")}], but must be [images, ${metadata.rows}, ${metadata.columns}].`;
    return fail([{ code: "images-shape", path: "", file, message, hint: "" }]);
  }
  const size = rows * columns;
  const pixels = idx.value.bytes;
  return ok({
    lengths: new Uint32Array(count).fill(rows),
    hasLengths: false,
    batch(examples) {
      const data = new Float32Array(examples.length * size);
      for (const [row, image] of examples.entries()) {
        for (let pixel = 0; pixel < size; pixel++) data[row * size + pixel] = (pixels[image * size + pixel] ?? 0) / 255;
      }
      return new Map([["inputs", floatArray(examples.length, [rows, columns], data)]]);
    },
    formatOf: (output) => ({
      postprocess: (scores) => toProbabilities(output, usesOf(spec, output).outputs, scores),
      describe: (_, scores) =>
        usesOf(spec, output).outputs === "features"
          ? { [predictionKeys(output, "output").value]: describeValues(scores) }
          : describeClass(predictionKeys(output, "label"), scores, metadata.classes),
    }),
    identify: (image, prediction) => mergeInOrder({ image: image + 1 }, prediction),
  });
};
