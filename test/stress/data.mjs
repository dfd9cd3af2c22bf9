/**
 * Large files of data, and the memory that training on them takes: `node test/stress/data.mjs table --rows 5000000`, or
 * `node test/stress/data.mjs text --bytes 2000000000`; `npm run build` first. Linux.
 */
import { closeSync, openSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { flagsOf } from "../../scripts/flags.mjs";
import { memoryOf, rnnx, temporaryFolder, watched, writeSpec } from "../support/training-processes.mjs";
import { report } from "./report.mjs";

const { words: wanted, rows, bytes } = flagsOf(import.meta.filename, { rows: 5e6, bytes: 2e9 }, ["table", "text"]);
const folder = temporaryFolder();
const generator = xoroshiro128plus(1);
const random = () => (generator.next() >>> 0) / 2 ** 32;

/** Writes what `part` gives until it gives nothing more. */
function fill(file, part) {
  const descriptor = openSync(file, "w");
  for (let text = part(); text !== undefined; text = part()) writeSync(descriptor, text);
  closeSync(descriptor);
}

const kinds = {
  table() {
    let row = 0;
    fill(join(folder, "t.csv"), () => {
      if (row === rows) return undefined;
      const lines = row === 0 ? ["time,a,b,c,d,e,f,g"] : [];
      for (const end = Math.min(rows, row + 10_000); row < end; row++) {
        const wave = Math.sin(row / 50);
        const numbers = Array.from({ length: 7 }, (_, column) => (wave * (column + 1) + random()).toFixed(3));
        lines.push([row, ...numbers].join());
      }
      return `${lines.join("\n")}\n`;
    });
    return {
      said: { rows, columns: 8 },
      data: { type: "table", file: "t.csv", window: 24, target: ["g"] },
      model: [
        { layer: "rnn", cell: "gru", hidden_size: 16, return: "last" },
        { layer: "dense", size: 1 },
      ],
      loss: { type: "squared_error" },
    };
  },
  text() {
    const words = Array.from({ length: 2000 }, () =>
      random()
        .toString(36)
        .slice(2, 4 + Math.floor(8 * random())),
    );
    let left = bytes;
    fill(join(folder, "t.txt"), () => {
      if (left === 0) return undefined;
      const text = Array.from({ length: 20_000 }, () => words[Math.floor(random() ** 2 * words.length)]).join(" ");
      const part = `${text}\n`.slice(0, left);
      left -= part.length;
      return part;
    });
    return {
      said: { bytes: statSync(join(folder, "t.txt")).size },
      data: { type: "text", file: "t.txt", window: 50, stride: 50 },
      model: [{ layer: "one_hot" }, { layer: "rnn", cell: "gru", hidden_size: 16 }, { layer: "projection" }],
      loss: { type: "sequence_loss" },
    };
  },
};

for (const kind of wanted.length > 0 ? wanted : Object.keys(kinds)) {
  const { said, ...parts } = kinds[kind]();
  const spec = writeSpec(folder, kind, {
    ...parts,
    optimizer: { type: "adam", learning_rate: 0.001 },
    train: { steps: 20, batch_size: 32, evaluate_every: 1_000_000 },
  });
  let peak = 0;
  const { code, stderr } = await watched([rnnx, "train", spec, "--out", join(folder, `run-${kind}`)], (pid) => {
    peak = Math.max(peak, memoryOf(pid, "VmHWM") ?? 0);
  });
  if (code !== 0) throw new Error(stderr);
  const bytes = statSync(join(folder, kind === "table" ? "t.csv" : "t.txt")).size;
  report("data", { kind, ...said, bytes, peak: Math.round(peak) });
}
