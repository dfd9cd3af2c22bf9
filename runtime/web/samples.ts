/** Some of a run's data for its page, so that there is something to try at once: examples that were not trained on, where there are any. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { NormalSpec, NormalTableData, NormalTextData } from "../../schema/normal.js";
import { openData } from "../data/index.js";
import type { Metadata } from "../data/metadata.js";
import { readPairs } from "../data/pairs-file.js";
import { nestedRows } from "../data/rows.js";
import { readSequences } from "../data/sequence-examples.js";
import { type DataSource, usesOf } from "../data/source.js";
import type { Splits } from "../data/splits.js";
import { readRows } from "../data/table-rows.js";
import type { Checked } from "../problem.js";
import type { Run } from "../run.js";
import type { Samples } from "./page.js";

/** Characters of a text. */
const characters = 800;
/** Rows of a table beside those of a window. */
const rowsBeside = 90;
const examples = 24;
const imagesOfClass = 3;

/** The samples of a run whose data are still where they were, or the problems that its data have. */
export async function readSamples({ spec, folder, metadata }: Run): Promise<Checked<{ readonly samples: Samples }>> {
  const opened = await openData(spec, folder, metadata);
  if (!opened.ok) return opened;
  return sampled(spec, folder, metadata, opened.source);
}

async function sampled(
  spec: NormalSpec,
  folder: string,
  metadata: Metadata,
  source: DataSource,
): Promise<Checked<{ readonly samples: Samples }>> {
  const { data } = spec;
  const uses = usesOf(spec);
  const chosen = unseen(source.splits);
  switch (data.type) {
    case "text":
      return { ok: true, samples: { type: "text", text: excerpt(data, folder) } };
    case "table":
      return lastRows({ ...data, ...namesOf(metadata) }, folder, uses.targets === "classes");
    case "sequences": {
      const read = await readSequences(data, folder, uses);
      if (!read.ok) return read;
      const { examples: all, tokens, features, tagged, width } = read.sequences;
      const named = chosen.slice(0, examples).map((index) => {
        const { ids, vectors, labels, values } = all[index] ?? { ids: [], vectors: [], labels: [], values: [] };
        const steps =
          features > 0
            ? chunks(vectors, features)
            : ids.map((id) => tokens[id] ?? "").join(data.unit === "word" ? " " : "");
        const answers = labels.length > 0 ? labels : width > 1 ? chunks(values, width) : values;
        return { steps, answer: tagged ? answers : answers[0] };
      });
      return { ok: true, samples: { type: "sequences", examples: named } };
    }
    case "pairs": {
      const read = await readPairs(data, folder, uses);
      if (!read.ok) return read;
      const all = read.pairs.map(({ source: from, target }) => [from, target] as const);
      const pairs = chosen.slice(0, examples).flatMap((index) => all.slice(index, index + 1));
      return { ok: true, samples: { type: "pairs", pairs } };
    }
    case "images":
      return { ok: true, samples: { type: "images", images: imagesByClass(source, chosen) } };
    case "arrays": {
      const indices = chosen.slice(0, examples);
      const arrays = [...source.batch(indices)].map(([name, array]) => [name, nestedRows(array)] as const);
      const rows = indices.map((_, row) => Object.fromEntries(arrays.map(([name, nested]) => [name, nested[row]])));
      return { ok: true, samples: { type: "arrays", examples: rows } };
    }
  }
}

/** Examples that the model has not seen, or those that it was trained on where it has seen them all. */
function unseen({ train, validation, test }: Splits): readonly number[] {
  const [first = train] = [test, validation].filter(({ length }) => length > 0);
  return Array.from(first);
}

function excerpt({ text, file, unit }: NormalTextData, folder: string): string {
  const whole = text ?? readFileSync(resolve(folder, file ?? ""), "utf8");
  const part = whole.slice(0, characters);
  // Not a part of a word, nor of a line where there are several.
  const end = part.length === whole.length ? part.length : part.lastIndexOf(part.includes("\n") ? "\n" : " ");
  return unit === "byte" || end <= 0 ? part : part.slice(0, end);
}

function namesOf(metadata: Metadata): Pick<NormalTableData, "columns" | "target"> {
  if (metadata.type !== "table") throw new Error("The run's data is no table.");
  return { columns: metadata.columns, target: metadata.target };
}

async function lastRows(
  data: NormalTableData,
  folder: string,
  labelled: boolean,
): Promise<Checked<{ readonly samples: Samples }>> {
  const read = await readRows(data, folder, labelled);
  if (!read.ok) return read;
  const { rows, columns, values, labels, targets } = read.table;
  const from = Math.max(0, rows - data.window - rowsBeside);
  const numbers = new Float64Array((rows - from) * columns.length);
  values.copy(numbers, 0, from * columns.length, rows * columns.length);
  const last = Array.from({ length: rows - from }, (_, index) =>
    columns.map((_, column) =>
      labelled && column === targets[0]
        ? (labels[from + index] ?? "")
        : (numbers[index * columns.length + column] ?? 0),
    ),
  );
  return { ok: true, samples: { type: "table", columns, rows: last } };
}

function imagesByClass(source: DataSource, chosen: readonly number[]) {
  const taken = new Map<number, number>();
  return chosen.flatMap((index) => {
    const batch = source.batch([index]);
    const label = Number(batch.get("targets")?.data[0]);
    const before = taken.get(label) ?? 0;
    if (before === imagesOfClass) return [];
    taken.set(label, before + 1);
    const pixels = Uint8Array.from(Array.from<number | bigint>(batch.get("inputs")?.data ?? []), (value) =>
      Math.round(Number(value) * 255),
    );
    return [{ pixels: Buffer.from(pixels).toString("base64"), label }];
  });
}

function chunks(numbers: readonly number[], size: number): readonly (readonly number[])[] {
  return Array.from({ length: numbers.length / size }, (_, index) => numbers.slice(index * size, (index + 1) * size));
}
