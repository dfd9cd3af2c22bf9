/** Pairs as they are written on a page: a source, text or a vector, and behind an arrow what it becomes. */
import type { PairsMetadata } from "../../runtime/data/metadata.js";
import type { Batch, NumericArray } from "../../runtime/data/source.js";
import { END, padded, START, tokenize } from "../../runtime/data/tokens.js";
import type { Checked } from "../../runtime/problem.js";
import type { Page } from "../../runtime/web/page.js";
import type { ReadLesson } from "./lesson.js";
import { counted, linesOf, refused, sidesOf } from "./problem.js";

/** Ids of tokens, or the numbers of a vector. */
export type Source = readonly number[];

export function readSource(
  text: string,
  { vocabulary, unit }: PairsMetadata,
  { manifest }: Page,
): Checked<{ readonly source: Source }> {
  if (vocabulary === null) {
    const width = Number(manifest.model.inputs.find(({ name }) => name === "inputs")?.shape.at(-1));
    const numbers = text
      .split(/[\s,;[\]]+/u)
      .filter((part) => part !== "")
      .map(Number);
    const fits = numbers.length === width && numbers.every(Number.isFinite);
    return fits ? { ok: true, source: numbers } : refused(`A source is ${counted(width, "number")}.`);
  }
  const known = new Map(vocabulary.map((word, id) => [word, id]));
  const ids = tokenize(text, unit).map((word) => known.get(word) ?? known.get("<unknown>") ?? 0);
  return ids.length > 0 ? { ok: true, source: ids } : refused("There is no source.");
}

export function sourceBatch(sources: readonly Source[], { vocabulary }: PairsMetadata): Batch {
  if (vocabulary === null) {
    const data = Float32Array.from(sources.flat());
    return new Map([["inputs", { dtype: "float32", shape: [sources.length, data.length / sources.length], data }]]);
  }
  return new Map([
    ["inputs", padded(sources, longestOf(sources))],
    ["lengths", lengthsOf(sources)],
  ]);
}

/** One line is one pair: `source => target`. */
export function pairsLesson(text: string, metadata: PairsMetadata, page: Page): ReadLesson {
  const known = new Map(metadata.target_vocabulary.map((word, id) => [word, id]));
  const sources: Source[] = [];
  const targets: (readonly number[])[] = [];
  for (const { line, number } of linesOf(text)) {
    const sides = sidesOf(line);
    if (sides === undefined)
      return refused(`Line ${number} has no target.`, "Write it behind an arrow: source => target.");
    const source = readSource(sides[0], metadata, page);
    if (!source.ok) return refused(`Line ${number}: ${source.problems[0]?.message ?? ""}`);
    const words = tokenize(sides[1], metadata.unit);
    const stranger = words.find((word) => !known.has(word));
    if (stranger !== undefined) {
      return refused(
        `Line ${number}: the model cannot write ${JSON.stringify(stranger)}.`,
        "It can only use what it has learnt to write.",
      );
    }
    sources.push(source.source);
    targets.push(words.map((word) => known.get(word) ?? 0));
  }
  if (sources.length === 0) return refused("There are no lines.", "Write one pair a line: source => target.");
  return {
    ok: true,
    lesson: {
      examples: sources.length,
      about: counted(sources.length, "pair"),
      batch(indices) {
        const chosen = Array.from(indices, (index) => targets[index] ?? []);
        const said = chosen.map((ids) => [...ids, END]);
        const longest = longestOf(said);
        return new Map([
          ...sourceBatch(
            Array.from(indices, (index) => sources[index] ?? []),
            metadata,
          ),
          [
            "decoder_inputs",
            padded(
              chosen.map((ids) => [START, ...ids]),
              longest,
            ),
          ],
          ["targets", padded(said, longest)],
          ["target_lengths", lengthsOf(said)],
        ]);
      },
    },
  };
}

function longestOf(rows: readonly (readonly number[])[]): number {
  return rows.reduce((longest, { length }) => Math.max(longest, length), 0);
}

function lengthsOf(rows: readonly (readonly number[])[]): NumericArray {
  return { dtype: "int64", shape: [rows.length], data: BigInt64Array.from(rows, ({ length }) => BigInt(length)) };
}
