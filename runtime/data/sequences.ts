/** Sequences of any length, each with one label or with a tag for every step. */
import { createHash } from "node:crypto";
import type { NormalSequencesData } from "../../schema/normal.js";
import { type Checked, type RunProblem, refuse } from "../problem.js";
import { bucketize } from "./buckets.js";
import { lookUpLabels } from "./known.js";
import { type Classes, classify, decodeClasses } from "./labels.js";
import type { SequencesMetadata } from "./metadata.js";
import { nestedRows } from "./rows.js";
import { type Example, readSequences, type Sequences } from "./sequence-examples.js";
import { type DataSource, expectedBatch, type NumericArray, type SourceKind, type Uses } from "./source.js";
import { type Splits, splitExamples } from "./splits.js";
import { keptUnits } from "./vocabulary.js";
import { gatherRuns, gatherWindows, type HeldSeries, runLengths } from "./windows.js";

export const sequences: SourceKind<NormalSequencesData> = {
  async open(data, { folder, seed, uses, known }) {
    const read = await readSequences(data, folder, uses);
    if (!read.ok) return read;
    const split = splitExamples(data.split, seed, read.sequences.examples.length);
    if (!split.ok) return split;
    const learnt = known?.type === "sequences" ? known : null;
    const prepared = prepare(data, read.sequences, split.splits, uses, learnt);
    if (!prepared.ok) return prepared;
    return { ok: true, source: sequenceSource(data, read.sequences, prepared, split.splits) };
  },
  mapFiles(data, rename) {
    return { ...data, file: rename(data.file) };
  },
};

/** The word for all words without an id of their own; its id is 0. */
const unknown = "<unknown>";

/** What the sequences are to a model, one after the other. */
interface Prepared {
  /** Token ids, or vectors. */
  readonly steps: HeldSeries;
  /** Where the steps of each example start, and where the last ones end. */
  readonly starts: Uint32Array;
  /** Null where steps are vectors. */
  readonly vocabulary: readonly string[] | null;
  /** For each step where there are tags, else for each example. */
  readonly answers: HeldSeries;
  /** Null where answers are numbers. */
  readonly classes: Classes | null;
}

function prepare(
  data: NormalSequencesData,
  read: Sequences,
  splits: Splits,
  uses: Uses,
  learnt: SequencesMetadata | null,
): Checked<Prepared> {
  const { examples, features, width } = read;
  const starts = new Uint32Array(examples.length + 1);
  for (const [index, { length }] of examples.entries()) starts[index + 1] = (starts[index] ?? 0) + length;
  const labels = examples.flatMap(({ labels }) => labels);
  const looked =
    learnt?.classes === undefined
      ? { ok: true as const, classes: classify(labels) }
      : lookUpLabels(labels, learnt.classes);
  if (!looked.ok) return refuse(...strangers(data, examples, looked.strangers));
  const classes = uses.targets === "classes" ? looked.classes : null;
  const answers: HeldSeries =
    classes === null
      ? { dtype: "float32", width, data: Float32Array.from(examples.flatMap(({ values }) => values)) }
      : { dtype: "int32", width: 1, data: classes.ids };
  if (features > 0) {
    const vectors = Float32Array.from(examples.flatMap(({ vectors }) => vectors));
    const steps = { dtype: "float32", width: features, data: vectors } as const;
    return { ok: true, steps, starts, vocabulary: null, answers, classes };
  }
  const { vocabulary, idOf } = numberTokens(data, read, splits, learnt?.vocabulary);
  const ids = Int32Array.from(examples.flatMap(({ ids }) => ids.map((token) => idOf[token] ?? 0)));
  return { ok: true, steps: { dtype: "int32", width: 1, data: ids }, starts, vocabulary, answers, classes };
}

/** Ids of the tokens that the training part holds often enough, from 1; 0 of all others. */
function numberTokens(
  data: NormalSequencesData,
  { examples, tokens }: Sequences,
  { train }: Splits,
  learnt: readonly string[] | undefined,
) {
  if (learnt !== undefined) {
    const ids = new Map(learnt.map((token, id) => [token, id]));
    return { vocabulary: learnt, idOf: Int32Array.from(tokens, (token) => ids.get(token) ?? 0) };
  }
  const counts = new Uint32Array(tokens.length);
  for (const example of train) {
    for (const token of examples[example]?.ids ?? []) counts[token] = (counts[token] ?? 0) + 1;
  }
  const kept = keptUnits(counts, data.vocabulary, 1).filter((token) => tokens[token] !== unknown);
  const idOf = new Int32Array(tokens.length);
  for (const [place, token] of kept.entries()) idOf[token] = place + 1;
  return { vocabulary: [unknown, ...kept.map((token) => tokens[token] ?? "")], idOf };
}

function sequenceSource(
  data: NormalSequencesData,
  { examples, tagged }: Sequences,
  { steps, starts, vocabulary, answers, classes }: Prepared,
  splits: Splits,
): DataSource {
  const lengths = examples.map(({ length }) => length);
  const { buckets, padding } = bucketize(lengths, splits.train, data.buckets);
  const vector = vocabulary === null ? [steps.width] : [];
  const answer = classes === null ? [answers.width] : [];
  const names = JSON.stringify([vocabulary, classes?.names ?? null, lengths]);
  return {
    examples: examples.length,
    splits,
    ...(buckets.length > 1 && { buckets }),
    digest: createHash("sha256").update(names).update(steps.data).update(answers.data).digest("hex"),
    metadata: {
      type: "sequences",
      unit: data.unit,
      ...(vocabulary !== null && { vocabulary, unknown: 0 }),
      ...(classes !== null && { classes: classes.names }),
    },
    signature: (train) => ({
      inputs: { dtype: steps.dtype, shape: ["batch", "time", ...vector] },
      targets: { dtype: answers.dtype, shape: [...(tagged ? ["batch", "time"] : ["batch"]), ...answer] },
      lengths: { dtype: "int64", shape: ["batch"] },
      sizes: {
        ...(vocabulary === null ? { features: steps.width } : { vocabulary: vocabulary.length }),
        classes: classes?.count ?? answers.width,
      },
      expected: { batch: expectedBatch(train, splits), time: padding(splits.train) },
    }),
    batch(indices) {
      const count = indices.length;
      const time = padding(indices);
      const said = tagged
        ? gatherRuns(answers, starts, indices, time, [count, time, ...answer])
        : gatherWindows(answers, { stride: 1, shift: 0, length: 1 }, indices, [count, ...answer]);
      return new Map<string, NumericArray>([
        ["inputs", gatherRuns(steps, starts, indices, time, [count, time, ...vector])],
        ["targets", said],
        ["lengths", runLengths(starts, indices)],
      ]);
    },
    beyond(role, limit, reason): RunProblem | undefined {
      // Ids are below the vocabulary's size by themselves, but a layer may be given a smaller one.
      const { data: numbers } = role === "inputs" ? steps : answers;
      const place = vocabulary === null && role === "inputs" ? -1 : numbers.findIndex((id) => id >= limit);
      if (place < 0 || (role === "targets" && classes === null)) return undefined;
      const perStep = role === "inputs" || tagged;
      const example = examples.findIndex((_, index) => place < (perStep ? (starts[index + 1] ?? 0) : index + 1));
      const line = examples[example]?.line ?? 1;
      const id = numbers[place] ?? 0;
      const name = role === "inputs" ? vocabulary?.[id] : classes?.names?.[id];
      const what = `${role === "inputs" ? "token" : "class"} ${id}${name === undefined ? "" : `, "${name}"`}`;
      const message = `Line ${line} of "${data.file}" holds ${what}.`;
      return { code: "sequence-range", path: "/data/file", file: data.file, line, message, hint: reason };
    },
    decode(predictions, of) {
      const rows = classes === null ? nestedRows(predictions) : decodeClasses(predictions, classes);
      if (!tagged || of === undefined) return rows;
      return rows.map((row, index) => (Array.isArray(row) ? row.slice(0, lengths[of[index] ?? 0]) : row));
    },
  };
}

/** Labels that the run has not met, of which `places` are the places among the labels of all examples. */
function strangers(
  { file }: NormalSequencesData,
  examples: readonly Example[],
  places: readonly number[],
): readonly RunProblem[] {
  const owners = examples.flatMap(({ labels, line }) => labels.map((label) => ({ label, line })));
  return places.slice(0, 20).map((place) => {
    const { label = "", line = 1 } = owners[place] ?? {};
    const message = `Line ${line} of "${file}" has "${label}", which the run has not met.`;
    const hint = "The model knows the classes that it was trained on.";
    return { code: "unknown-class", path: "/data/file", file, line, message, hint };
  });
}
