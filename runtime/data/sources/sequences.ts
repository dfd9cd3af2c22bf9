/** Sequences of variable length, each with one label or with a tag per step. */
import { createHash } from "node:crypto";
import { classesSize, targetsSignature } from "../../../compiler/signature.js";
import { targetPort } from "../../../schema/kinds/outputs.js";
import type { NormalSequencesData } from "../../../schema/normal/index.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import type { NumericArray } from "../../tensors/array.js";
import { nestedRows } from "../../tensors/rows.js";
import { bucketize } from "../batching/buckets.js";
import { gatherLengths, gatherSequences, gatherWindows, type InMemorySeries } from "../batching/windows.js";
import { duplicateNotices } from "../duplicates.js";
import { mergeNotices } from "../float32-merges.js";
import { parseNumber } from "../formats/number-notation.js";
import { createProblemList } from "../formats/problem-list.js";
import { type Classes, classNotices, decodeClasses, fitClasses, intern } from "../labels.js";
import type { SequencesMetadata } from "../metadata.js";
import { type DataSource, expectedBatchSize, type SourceKind, type Uses } from "../source.js";
import type { Splits } from "../splits.js";
import { encodeLabels } from "../vocabulary/lookup.js";
import type { Tokenization } from "../vocabulary/normalize-text.js";
import { openSubwords, subwordUnit, tokenizationOf, tokenizerNotices } from "../vocabulary/open-tokenizer.js";
import type { TextUnit } from "../vocabulary/tokens.js";
import { checkCoverage, mapVocabularyFile, openVocabulary } from "../vocabulary/vocabulary-file.js";
import { mapSplitFiles, placeOf, splitLines } from "./line-splits.js";
import { checkSequenceColumns } from "./sequence-columns.js";
import { type Example, readSequences, type Sequences } from "./sequence-examples.js";
import { encodeExamples, encodeTokens, learnFrom, withUnknown } from "./sequence-tokens.js";

export const sequences: SourceKind<NormalSequencesData> = {
  async open(data, { folder, seed, targetUses, fittedMetadata, recordedClasses }) {
    const columnProblems = checkSequenceColumns(data);
    if (columnProblems.length > 0) return fail(columnProblems);
    const stored = openSubwords(data, folder, fittedMetadata);
    if (!stored.ok) return stored;
    const listed = await openVocabulary(data, folder, fittedMetadata);
    if (!listed.ok) return listed;
    const read = await readSequences(
      data,
      folder,
      targetUses,
      true,
      tokenizationOf(subwordUnit(data.unit), data.text, stored.value),
    );
    if (!read.ok) return read;
    const split = splitLines(data, seed, read.value.examples, classesOf(read.value));
    if (!split.ok) return split;
    const isLearned = data.unit === "bpe" && stored.value === null;
    const learned = isLearned ? learnFrom(data, read.value, split.value.train) : null;
    const tokenizer = learned ?? stored.value;
    const dataset = learned === null ? read.value : encodeExamples(data, read.value, learned);
    const tokenization = tokenizationOf(subwordUnit(data.unit), data.text, tokenizer);
    const sequencesMetadata = fittedMetadata?.type === "sequences" ? fittedMetadata : null;
    const vocabulary = sequencesMetadata?.vocabulary ?? tokenizer?.vocabulary ?? withUnknown(listed.value);
    const coverage = checkCoverage(data, listed.value, dataset.tokens);
    if (!coverage.ok) return coverage;
    const prepared = prepare(data, dataset, split.value, targetUses, sequencesMetadata, recordedClasses, vocabulary);
    if (!prepared.ok) return prepared;
    const { examples } = dataset;
    const duplicates =
      sequencesMetadata === null
        ? duplicateNotices(
            split.value,
            (example) => JSON.stringify([examples[example]?.ids, examples[example]?.vectors]),
            (example) => placeOf(data, examples[example] ?? { file: data.file, line: 0 }),
          )
        : [];
    const notices = [
      ...dataset.notices,
      ...tokenizerNotices(stored.value),
      ...coverage.value,
      ...prepared.value.notices,
      ...duplicates,
    ];
    return ok(sequenceSource(data, tokenization, dataset, { ...prepared.value, notices }, split.value));
  },
  mapFiles(data, rename) {
    const tokenizer = data.tokenizer === null ? null : rename(data.tokenizer);
    const vocabulary = mapVocabularyFile(data.vocabulary, rename);
    return { ...data, file: rename(data.file), tokenizer, split: mapSplitFiles(data.split, rename), vocabulary };
  },
};

/** A number for the label of each example; null for tags, for numbers and for several targets. */
function classesOf({ examples, targets: [target, ...others] }: Sequences): readonly number[] | null {
  if (target === undefined || others.length > 0 || target.isTagged || target.width > 0) return null;
  const ids = new Map<string, number>();
  return examples.map(({ targets: [labeled] }) => intern(ids, labeled?.labels[0] ?? ""));
}

/** All sequences as arrays, concatenated. */
interface Prepared {
  /** Token ids, or vectors. */
  readonly steps: InMemorySeries;
  /** The start of each example in `steps`, and the end of the last one. */
  readonly starts: Uint32Array;
  /** Null when steps are vectors. */
  readonly vocabulary: readonly string[] | null;
  readonly targets: readonly PreparedTarget[];
  readonly notices: readonly string[];
}

interface PreparedTarget {
  readonly name: string;
  readonly isTagged: boolean;
  /** Per step for tags, else per example. */
  readonly series: InMemorySeries;
  /** Null when the target has numbers. */
  readonly classes: Classes | null;
}

function prepare(
  data: NormalSequencesData,
  dataset: Sequences,
  splits: Splits,
  targetUses: ReadonlyMap<string, Uses>,
  fittedMetadata: SequencesMetadata | null,
  recordedClasses: ReadonlyMap<string | null, readonly string[]>,
  fixedVocabulary: readonly string[] | undefined,
): Result<Prepared> {
  const { examples, features } = dataset;
  const starts = new Uint32Array(examples.length + 1);
  for (const [index, { length }] of examples.entries()) starts[index + 1] = (starts[index] ?? 0) + length;
  const nameOf = (noun: string, count: number) => (column: number) =>
    `${count === 1 ? noun : `${noun} ${column + 1}`} of "${data.file}"`;
  const notices: string[] = [];
  const targets: PreparedTarget[] = [];
  for (const [position, { name, isTagged, width }] of dataset.targets.entries()) {
    const own = examples.map(({ targets }) => targets[position]);
    if (targetUses.get(name)?.targets !== "classes") {
      const numbers = own.flatMap((target) => target?.values ?? []);
      notices.push(...mergeNotices(numbers, width, nameOf("Target", width)));
      const series = { dtype: "float32", width, data: Float32Array.from(numbers) } as const;
      targets.push({ name, isTagged, series, classes: null });
      continue;
    }
    const labels = own.flatMap((target) => target?.labels ?? []);
    const fitted = fittedMetadata === null ? undefined : (fittedMetadata.targets?.[name] ?? fittedMetadata).classes;
    const recorded = recordedClasses.get(name) ?? recordedClasses.get(null);
    const encoded = fitted === undefined ? ok(fitClasses(labels, recorded)) : encodeLabels(labels, fitted);
    if (!encoded.ok) return fail(unknownLabelProblems(data, { examples, position }, encoded.error, fitted ?? null));
    const classes = encoded.value;
    notices.push(...classNotices(classes, fitted !== undefined));
    targets.push({ name, isTagged, series: { dtype: "int32", width: 1, data: classes.ids }, classes });
  }
  if (features > 0) {
    const vectors = examples.flatMap(({ vectors }) => vectors);
    notices.push(...mergeNotices(vectors, features, nameOf("Feature", features)));
    const steps = { dtype: "float32", width: features, data: Float32Array.from(vectors) } as const;
    return ok({ steps, starts, vocabulary: null, targets, notices });
  }
  const tokens = encodeTokens(data, dataset, splits.train, fixedVocabulary);
  if (!tokens.ok) return tokens;
  const { vocabulary, idOf } = tokens.value;
  const ids = Int32Array.from(examples.flatMap(({ ids }) => ids.map((token) => idOf[token] ?? 0)));
  return ok({ steps: { dtype: "int32", width: 1, data: ids }, starts, vocabulary, targets, notices });
}

function sequenceSource(
  data: NormalSequencesData,
  tokenization: Tokenization<TextUnit>,
  { examples, firstText }: Sequences,
  { steps, starts, vocabulary, targets, notices }: Prepared,
  splits: Splits,
): DataSource {
  const lengths = examples.map(({ length }) => length);
  const { buckets, paddedLength } = bucketize(lengths, splits.train, data.buckets);
  const vectorShape = vocabulary === null ? [steps.width] : [];
  const shapeOf = ({ classes, series }: PreparedTarget) => (classes === null ? [series.width] : []);
  const names = JSON.stringify([vocabulary, ...targets.map(({ classes }) => classes?.names ?? null), lengths]);
  const digest = createHash("sha256").update(names).update(steps.data);
  for (const { series } of targets) digest.update(series.data);
  return {
    examples: examples.length,
    splits,
    ...(buckets.length > 1 && { buckets }),
    digest: digest.digest("hex"),
    notices,
    ...(firstText !== null && { firstText }),
    metadata: {
      type: "sequences",
      ...(vocabulary === null ? { unit: tokenization.unit } : tokenization),
      ...(vocabulary !== null && { vocabulary }),
      // Every text has tokens of bytes.
      ...(vocabulary !== null && tokenization.tokenizer === undefined && { unknown: 0 }),
      ...targetsMetadata(targets),
    },
    signature: (train) => ({
      inputs: { dtype: steps.dtype, shape: ["batch", "time", ...vectorShape] },
      targets: targetsSignature(
        targets.map((target) => {
          const leading = target.isTagged ? ["batch", "time"] : ["batch"];
          return [target.name, { dtype: target.series.dtype, shape: [...leading, ...shapeOf(target)] }];
        }),
      ),
      lengths: { dtype: "int64", shape: ["batch"] },
      sizes: {
        ...(vocabulary === null ? { features: steps.width } : { vocabulary: vocabulary.length }),
        ...Object.fromEntries(
          targets.map(({ name, classes, series }) => [classesSize(name), classes?.count ?? series.width]),
        ),
      },
      expected: { batch: expectedBatchSize(train, splits), time: paddedLength(splits.train) },
    }),
    batch(indices) {
      const count = indices.length;
      const time = paddedLength(indices);
      const targetArrays = targets.map((target): [string, NumericArray] => {
        const { name, isTagged, series } = target;
        const array = isTagged
          ? gatherSequences(series, starts, indices, time, [count, time, ...shapeOf(target)])
          : gatherWindows(series, { stride: 1, shift: 0, length: 1 }, indices, [count, ...shapeOf(target)]);
        return [targetPort(name), array];
      });
      return new Map<string, NumericArray>([
        ["inputs", gatherSequences(steps, starts, indices, time, [count, time, ...vectorShape])],
        ...targetArrays,
        ["lengths", gatherLengths(starts, indices)],
      ]);
    },
    findOutOfRange(array, limit, reason): RunProblem | undefined {
      const target = targets.find(({ name }) => targetPort(name) === array);
      // Ids are below the vocabulary's size, but a layer may have a smaller one.
      const isIds = array === "inputs" ? vocabulary !== null : target !== undefined && target.classes !== null;
      if (!isIds) return undefined;
      const { data: numbers } = target === undefined ? steps : target.series;
      const valueIndex = numbers.findIndex((id) => id >= limit);
      if (valueIndex < 0) return undefined;
      const perStep = target === undefined || target.isTagged;
      const example = examples.findIndex((_, index) => valueIndex < (perStep ? (starts[index + 1] ?? 0) : index + 1));
      const { file = data.file, line = 1 } = examples[example] ?? {};
      const id = numbers[valueIndex] ?? 0;
      const name = array === "inputs" ? vocabulary?.[id] : target?.classes?.names?.[id];
      const what = `${array === "inputs" ? "token" : "class"} ${id}${name === undefined ? "" : `, "${name}"`}`;
      const message = `${file}:${line}: The line has ${what}.`;
      return { code: "sequence-range", path: "/data/file", file, line, message, hint: reason };
    },
    decode(predictions, exampleIndices, name) {
      const { classes = null, isTagged = false } = targets.find((target) => target.name === name) ?? targets[0] ?? {};
      const rows = classes === null ? nestedRows(predictions) : decodeClasses(predictions, classes);
      if (!isTagged || exampleIndices === undefined) return rows;
      return rows.map((row, index) => (Array.isArray(row) ? row.slice(0, lengths[exampleIndices[index] ?? 0]) : row));
    },
  };
}

/** The classes of the only target, or those of several by name. */
function targetsMetadata(targets: readonly PreparedTarget[]): Pick<SequencesMetadata, "classes" | "targets"> {
  const classesOf = ({ classes }: PreparedTarget) => (classes === null ? {} : { classes: classes.names });
  const [only, ...others] = targets;
  if (only === undefined || others.length === 0) return only === undefined ? {} : classesOf(only);
  return { targets: Object.fromEntries(targets.map((target) => [target.name, classesOf(target)])) };
}

/** @param indices of unknown labels among the labels of one target, by its position, of all examples. */
function unknownLabelProblems(
  data: NormalSequencesData,
  { examples, position }: { readonly examples: readonly Example[]; readonly position: number },
  indices: readonly number[],
  classes: readonly string[] | null,
): readonly RunProblem[] {
  const owners = examples.flatMap(({ targets, file, line }) =>
    (targets[position]?.labels ?? []).map((label) => ({ label, file, line })),
  );
  const problems = createProblemList();
  for (const index of indices) {
    const { label = "", file = data.file, line = 1 } = owners[index] ?? {};
    const message = `${file}:${line}: "${label}" is not one of the model's classes.`;
    const value = parseNumber(label);
    const equal =
      classes === null
        ? Number.isInteger(value) && value >= 0 && `${value}`
        : classes.find((name) => parseNumber(name) === value);
    const isKnown = typeof equal === "string" && equal !== label;
    const others = "Remove the line, or train with data that has this class.";
    const hint = isKnown ? `Did you mean "${equal}"? ${others}` : others;
    problems.add([{ code: "unknown-class", path: "/data/file", file, line, message, hint }]);
  }
  return problems.list();
}
