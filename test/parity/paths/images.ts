/** Images in a gzipped IDX file. */
import { gzipSync } from "node:zlib";
import { predict } from "../../../web/predict.js";
import { floats, onlyOutput, type PathCase, rnn } from "./path-case.js";

const pixels = Uint8Array.from({ length: 6 * 25 }, (_, index) => (index * 37) % 256);

function idx(shape: readonly number[], data: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + shape.length * 4));
  header.setUint32(0, 0x0800 + shape.length);
  for (const [axis, size] of shape.entries()) header.setUint32(4 + axis * 4, size);
  return Buffer.concat([Buffer.from(header.buffer), data]);
}

export const images: PathCase = {
  spec: {
    data: { type: "images", file: "images.gz", labels: "labels.idx" },
    model: [rnn("gru", { return: "last" }), { layer: "dense", size: "classes" }],
    loss: { type: "cross_entropy" },
    train: { steps: 6 },
  },
  files: { "images.gz": gzipSync(idx([6, 5, 5], pixels)), "labels.idx": idx([6], Uint8Array.of(0, 1, 2, 0, 1, 2)) },
  batchSize: 4,
  input: { name: "in.gz", content: gzipSync(idx([6, 5, 5], pixels)) },
  arrays: () =>
    new Map([
      [
        "inputs",
        floats(
          [6, 5, 5],
          Array.from(pixels, (gray) => gray / 255),
        ),
      ],
    ]),
  lengths: new Array(6).fill(5),
  hasSteps: true,
  onPage: (model) =>
    onlyOutput(
      predict(
        model,
        new Map([
          [
            "inputs",
            floats(
              [6, 5, 5],
              Array.from(pixels, (gray) => gray / 255),
            ),
          ],
        ]),
      ),
    ),
  exampleOf: () => ({ name: "example.idx", content: idx([1, 5, 5], new Uint8Array(25)) }),
  printed: ({ label }) => [Number(label)],
};
