/** Images of an IDX file: the class of each. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { unreadable } from "../data/file.js";
import { readIdx } from "../data/idx.js";
import { refuse } from "../problem.js";
import { classified, probabilities } from "./answers.js";
import { floats, type OpenInputs } from "./inputs.js";

export const images: OpenInputs = async ({ run, file, folder, uses }) => {
  const { metadata, spec } = run;
  if (metadata.type !== "images") throw new Error("The run's data are no images.");
  let bytes: Buffer;
  try {
    bytes = readFileSync(resolve(folder, file));
  } catch (error) {
    return refuse(unreadable("", file, error));
  }
  const read = readIdx(bytes);
  if (!read.ok) {
    const message = `"${file}" cannot be read as images: ${read.message}.`;
    return refuse({ code: "file-format", path: "", file, message, hint: "" });
  }
  const [count = 0, rows = 0, columns = 0] = read.shape;
  if (read.shape.length !== 3 || rows !== metadata.rows || columns !== metadata.columns || count === 0) {
    const message = `"${file}" has shape [${read.shape.join(", ")}], and should be [images, ${metadata.rows}, ${metadata.columns}].`;
    return refuse({ code: "images-shape", path: "", file, message, hint: "" });
  }
  const size = rows * columns;
  const pixels = read.bytes;
  return {
    ok: true,
    inputs: {
      lengths: new Uint32Array(count).fill(rows),
      padded: false,
      batch(examples) {
        const data = new Float32Array(examples.length * size);
        for (const [row, image] of examples.entries()) {
          for (let place = 0; place < size; place++)
            data[row * size + place] = (pixels[image * size + place] ?? 0) / 255;
        }
        return new Map([["inputs", floats(examples.length, [rows, columns], data)]]);
      },
      finish: (scores) => probabilities(spec, uses.targets, scores),
      describe: (image, finished) => ({ image: image + 1, ...classified("label", finished, metadata.classes) }),
    },
  };
};
