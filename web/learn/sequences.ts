/** Sequences as they are written on a page: text, or vectors as JSON; in a lesson with a label behind an arrow, or a tag for each step. */
import type { SequencesMetadata } from "../../runtime/data/metadata.js";
import type { Batch, NumericArray } from "../../runtime/data/source.js";
import { padded, tokenize } from "../../runtime/data/tokens.js";
import type { Checked } from "../../runtime/problem.js";
import type { Page } from "../../runtime/web/page.js";
import { flat, parsed } from "./arrays.js";
import type { ReadLesson } from "./lesson.js";
import { counted, linesOf, refused, sidesOf } from "./problem.js";

/** Ids of tokens, or a vector for each step. */
export type Sequence =
  | { readonly ids: readonly number[]; readonly vectors: null }
  | { readonly ids: null; readonly vectors: readonly (readonly number[])[] };

export function readSequence(
  text: string,
  metadata: SequencesMetadata,
  page: Page,
): Checked<{ readonly sequence: Sequence }> {
  const { vocabulary, unknown, unit } = metadata;
  if (vocabulary === undefined) return readVectors(text, page);
  const tokens = tokenize(text, unit);
  if (tokens.length === 0) return refused("There is no text.");
  const known = new Map(vocabulary.map((token, id) => [token, id]));
  return { ok: true, sequence: { ids: tokens.map((token) => known.get(token) ?? unknown ?? 0), vectors: null } };
}

function readVectors(text: string, { manifest }: Page): Checked<{ readonly sequence: Sequence }> {
  const width = Number(manifest.model.inputs.find(({ name }) => name === "inputs")?.shape.at(-1));
  const value = parsed(text);
  const rows: readonly unknown[] = Array.isArray(value) ? value : [];
  const vectors = rows.map((row) => flat(row) ?? []);
  if (vectors.length === 0 || vectors.some(({ length }) => length !== width)) {
    return refused(`A sequence is a list of vectors of ${counted(width, "number")}, as JSON.`);
  }
  return { ok: true, sequence: { ids: null, vectors } };
}

const lengthOf = ({ ids, vectors }: Sequence) => (ids ?? vectors).length;

export function sequenceBatch(sequences: readonly Sequence[], _: SequencesMetadata, { manifest }: Page): Batch {
  const time = sequences.reduce((longest, sequence) => Math.max(longest, lengthOf(sequence)), 0);
  const lengths: NumericArray = {
    dtype: "int64",
    shape: [sequences.length],
    data: BigInt64Array.from(sequences, (sequence) => BigInt(lengthOf(sequence))),
  };
  const width = Number(manifest.model.inputs.find(({ name }) => name === "inputs")?.shape[2]);
  const inputs: NumericArray = sequences.some(({ ids }) => ids !== null)
    ? padded(
        sequences.map(({ ids }) => ids ?? []),
        time,
      )
    : { dtype: "float32", shape: [sequences.length, time, width], data: vectorsOf(sequences, time, width) };
  return new Map([
    ["inputs", inputs],
    ["lengths", lengths],
  ]);
}

function vectorsOf(sequences: readonly Sequence[], time: number, width: number): Float32Array {
  const data = new Float32Array(sequences.length * time * width);
  for (const [row, { vectors }] of sequences.entries()) data.set((vectors ?? []).flat(), row * time * width);
  return data;
}

/** One line is one sequence: `text => label`, or `text => tag tag tag`. */
export function sequencesLesson(text: string, metadata: SequencesMetadata, page: Page): ReadLesson {
  const tagged = page.uses.everyStep;
  const sequences: Sequence[] = [];
  const answers: (readonly number[])[] = [];
  for (const { line, number } of linesOf(text)) {
    const sides = sidesOf(line);
    if (sides === undefined)
      return refused(`Line ${number} has no answer.`, "Write it behind an arrow: text => answer.");
    const read = readSequence(sides[0], metadata, page);
    if (!read.ok) return refused(`Line ${number}: ${read.problems[0]?.message ?? ""}`);
    const said = readAnswers(sides[1], metadata, page);
    if (!said.ok) return refused(`Line ${number}: ${said.problems[0]?.message ?? ""}`, said.problems[0]?.hint ?? "");
    const steps = lengthOf(read.sequence);
    if (tagged && said.answers.length !== steps) {
      return refused(`Line ${number} has ${counted(said.answers.length, "tag")} for ${counted(steps, "step")}.`);
    }
    sequences.push(read.sequence);
    answers.push(said.answers);
  }
  if (sequences.length === 0) return refused("There are no lines.", "Write one sequence a line: text => answer.");
  return {
    ok: true,
    lesson: {
      examples: sequences.length,
      about: counted(sequences.length, "sequence"),
      batch(indices) {
        const batch = sequenceBatch(
          Array.from(indices, (index) => sequences[index] ?? { ids: [], vectors: null }),
          metadata,
          page,
        );
        const time = batch.get("inputs")?.shape[1] ?? 0;
        const chosen = Array.from(indices, (index) => answers[index] ?? []);
        return new Map([...batch, ["targets", targetsOf(chosen, tagged ? time : 1, tagged, page)]]);
      },
    },
  };
}

function readAnswers(
  text: string,
  { classes }: SequencesMetadata,
  { uses }: Page,
): Checked<{ readonly answers: readonly number[] }> {
  const words = uses.everyStep ? tokenize(text, "word") : [text];
  const numbers = words.map((word) => {
    if (uses.targets !== "classes" || classes === null || classes === undefined) return Number(word);
    return classes.indexOf(word);
  });
  const wrong = numbers.findIndex((value) => !Number.isFinite(value) || (uses.targets === "classes" && value < 0));
  if (wrong < 0) return { ok: true, answers: numbers };
  const hint =
    classes === null || classes === undefined ? "Answers are numbers." : `The model knows ${classes.join(", ")}.`;
  return refused(`The model knows no answer "${words[wrong]}".`, hint);
}

function targetsOf(
  answers: readonly (readonly number[])[],
  time: number,
  tagged: boolean,
  { manifest }: Page,
): NumericArray {
  const port = manifest.train.inputs.find(({ name }) => name === "targets");
  // Behind steps and batch: time where there are tags, and the width of quantities.
  const shape = [answers.length, ...(tagged ? [time] : []), ...(port?.shape ?? []).slice(tagged ? 3 : 2).map(Number)];
  const size = shape.slice(1).reduce((product, length) => product * length, 1);
  const rows = answers.map((row) => [...row, ...new Array<number>(size - row.length).fill(0)]);
  if (port?.dtype === "float32") return { dtype: "float32", shape, data: Float32Array.from(rows.flat()) };
  return { dtype: "int32", shape, data: Int32Array.from(rows.flat()) };
}
