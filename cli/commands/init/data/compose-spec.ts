/** The spec of a task: data, a model of moderate size, its loss and metrics, and a training that fits the rows. */
import type { ColumnFacts, FileFacts } from "./file-facts.js";
import type { Panel } from "./panel.js";
import { tableColumns } from "./table-columns.js";
import { hasOrder, type Task } from "./task.js";
import { timeUnitOf } from "./time-numbers.js";
import { epochsFor, splitFor, training } from "./training.js";

type JsonObject = Readonly<Record<string, unknown>>;

export interface ComposedSpec {
  readonly data: JsonObject;
  readonly model: readonly JsonObject[];
  readonly loss: JsonObject;
  readonly metrics?: readonly string[];
  readonly optimizer: JsonObject;
  readonly train: JsonObject;
}

/** Steps of the longest sequences that are read. */
const MAX_STEPS = 400;
/** Texts of fewer words have characters as units. */
const MIN_WORDS = 1.5;
/** The ratio of the most to the least frequent class from which a loss is balanced. */
const UNBALANCED = 3;

/** @param file relative to the spec. */
export function composeSpec(task: Task, facts: FileFacts, file: string): ComposedSpec {
  switch (task.type) {
    case "classify":
      return {
        data: sequencesData(task.input, { label: task.target.name }, facts, file, true),
        model: [...readSteps(task.input), recurrent({ return: "last" }), { layer: "dense", size: "classes" }],
        loss: { type: "cross_entropy", ...balance(task.target) },
        metrics: ["accuracy", "f1"],
        ...training(facts.rows, true),
      };
    case "classify_rows":
    case "predict_rows": {
      const isClasses = task.type === "classify_rows";
      return {
        data: {
          ...tableData(task.inputs, [task.target], facts, file, "mean", isClasses),
          scale: "standard",
          split: { ...splitFor(facts.rows), ...(isClasses && facts.rows >= 10 && { stratify: true }) },
        },
        model: [
          { layer: "dense", size: 64, activation: "relu" },
          { layer: "dense", size: 32, activation: "relu" },
          { layer: "dense", size: "classes" },
        ],
        loss: isClasses ? { type: "cross_entropy", ...balance(task.target) } : { type: "squared_error" },
        metrics: isClasses ? ["accuracy", "f1"] : ["mae"],
        ...training(facts.rows, true),
      };
    }
    case "tag":
      return {
        data: sequencesData(task.input, { tags: task.target.name }, facts, file),
        model: [...readSteps(task.input), recurrent({}), { layer: "projection", size: "classes" }],
        loss: { type: "sequence_loss" },
        metrics: ["accuracy"],
        ...training(facts.rows, true),
      };
    case "score":
      return {
        data: sequencesData(task.input, { label: task.target.name }, facts, file),
        model: [...readSteps(task.input), recurrent({ return: "last" }), { layer: "dense", size: "classes" }],
        loss: { type: "squared_error" },
        metrics: ["mae"],
        ...training(facts.rows, true),
      };
    case "translate":
      return translation(task, facts, file);
    case "forecast":
      return forecast(task, facts, file);
  }
}

/** Rows of each series from which a window has a week of hours, which the model reads in segments of a day. */
const LONG_PANEL = 700;

function forecast(
  { panel, inputs, targets }: Extract<Task, { type: "forecast" }>,
  facts: FileFacts,
  file: string,
): ComposedSpec {
  const length = panel?.shortest ?? facts.rows;
  const isLong = panel !== null && length >= LONG_PANEL;
  const times = facts.columns.filter((column) => hasOrder(column) && column.missing === 0 && !targets.includes(column));
  const time = times.find(({ tableKind }) => tableKind?.type === "date") ?? times[0];
  const isReversed = time === undefined && facts.columns.some(({ isDescendingDate }) => isDescendingDate);
  const isWide = panel !== null && areWide(inputs, targets, facts.rows);
  return {
    data: {
      ...tableData(inputs, targets, facts, file, "previous", false, panel?.firstMissing),
      ...(panel !== null ? seriesData(panel, facts) : time !== undefined && { time: timeData(time, facts) }),
      ...(panel === null && isReversed && { reverse: true }),
      scale: isWide ? { type: "log", per: "window" } : "standard",
      window: isLong ? 168 : Math.max(1, Math.min(24, Math.floor(length / 10))),
      horizon: 1,
      split: { ...splitFor(length), order: "time" },
    },
    model: [
      ...(isLong
        ? [{ layer: "conv1d", size: 64, kernel_size: 24, stride: 24, padding: "valid", activation: "relu" }]
        : []),
      { layer: "rnn", cell: "gru", hidden_size: isLong ? 64 : 32, return: "last" },
      { layer: "dense", size: "classes" },
    ],
    loss: { type: isWide ? "absolute_error" : "squared_error" },
    metrics: isWide ? ["smape"] : ["mae"],
    ...training(facts.rows, facts.rows >= 50),
  };
}

/** True for numbers above 0 whose targets differ by a factor of 100, such as those of small and large series. */
function areWide(inputs: readonly ColumnFacts[], targets: readonly ColumnFacts[], rows: number): boolean {
  const numbers = inputs.filter(({ tableKind }) => tableKind?.type === "number");
  const arePositive = numbers.every(({ numbers: own, missing }) => own?.count === rows - missing && own.min > 0);
  return arePositive && targets.every(({ numbers: own }) => own !== null && own.max >= 100 * own.min);
}

function translation(
  { input, target }: Extract<Task, { type: "translate" }>,
  facts: FileFacts,
  file: string,
): ComposedSpec {
  const unit = Math.max(meanOf(input.lengths), meanOf(target.lengths)) < MIN_WORDS ? "char" : "word";
  return {
    data: {
      type: "pairs",
      file,
      ...(facts.delimiter !== null && { delimiter: facts.delimiter }),
      columns: { source: input.name, target: target.name },
      unit,
      text: { normalize: "NFC" },
      split: { ...splitFor(facts.rows), order: "shuffled" },
    },
    model: [
      { layer: "embedding", size: 64 },
      { layer: "rnn", name: "encoder", cell: "gru", hidden_size: 64 },
      { layer: "embedding", name: "target", from: "decoder_inputs", vocabulary_size: "target_vocabulary", size: 64 },
      { layer: "rnn", name: "decoder", cell: "gru", hidden_size: 64, initial_state: "encoder" },
      { layer: "attention", from: ["decoder", "encoder"] },
      { layer: "concat", from: ["decoder", "attention"] },
      { layer: "projection", size: "target_vocabulary" },
    ],
    loss: { type: "sequence_loss" },
    metrics: ["accuracy", "exact_sequence"],
    ...training(facts.rows, true),
  };
}

/** The spec of a plain text: a model of its next character. @param characters of the file. */
export function composeTextSpec(file: string, characters: number): ComposedSpec {
  const window = Math.max(1, Math.min(64, Math.floor(characters / 20)));
  const isLong = characters >= 2000;
  return {
    data: { type: "text", file, unit: "char", window, ...(isLong && { stride: window, split: { validation: 0.1 } }) },
    model: [
      { layer: "embedding", size: 32 },
      { layer: "rnn", cell: "lstm", hidden_size: 128 },
      { layer: "projection", size: "vocabulary" },
    ],
    loss: { type: "sequence_loss" },
    optimizer: { type: "adam", learning_rate: 0.005, clip: { global_norm: 5 } },
    train: {
      epochs: epochsFor(isLong ? characters / window : characters),
      batch_size: isLong ? Math.max(1, Math.min(32, Math.floor((characters * 0.9) / window / 2))) : "all",
      ...(isLong && { keep_best: { metric: "loss", mode: "min" } }),
    },
  };
}

/** The spec of images with a file of labels. */
export function composeImagesSpec(file: string, labels: string, images: number): ComposedSpec {
  return {
    data: { type: "images", file, labels, split: { ...splitFor(images), order: "shuffled" } },
    model: [
      { layer: "rnn", cell: "gru", hidden_size: 64, return: "last" },
      { layer: "dense", size: "classes" },
    ],
    loss: { type: "cross_entropy" },
    metrics: ["accuracy", "f1"],
    ...training(images, true),
  };
}

function sequencesData(
  input: ColumnFacts,
  target: JsonObject,
  facts: FileFacts,
  file: string,
  isLabeled = false,
): JsonObject {
  const isTagged = "tags" in target;
  const role = input.kind === "vectors" ? "inputs" : input.kind === "list" ? "tokens" : "text";
  const isChar = role === "text" && !isTagged && meanOf(input.lengths) < MIN_WORDS && input.characters > 2;
  // Tags are of the words as they are written.
  const text = isTagged
    ? { normalize: "NFC" }
    : { normalize: "NFC", lowercase: true, punctuation: isChar ? "keep" : "split" };
  const longest = input.lengths.reduce((most, length) => Math.max(most, length), 0);
  return {
    type: "sequences",
    file,
    ...(facts.delimiter !== null && { delimiter: facts.delimiter }),
    columns: { [role]: input.name, ...target },
    ...(isChar && { unit: "char" }),
    ...(role === "text" && { text }),
    ...(role !== "inputs" && facts.rows >= 1000 && { vocabulary: { min_count: 2 } }),
    ...(longest > MAX_STEPS && !isChar && { max_length: MAX_STEPS }),
    ...(facts.rows >= 500 && { buckets: 4 }),
    split: { ...splitFor(facts.rows), order: "shuffled", ...(isLabeled && facts.rows >= 10 && { stratify: true }) },
  };
}

function tableData(
  inputs: readonly ColumnFacts[],
  targets: readonly ColumnFacts[],
  facts: FileFacts,
  file: string,
  missing: "mean" | "previous",
  isClasses = false,
  firstMissing: readonly ColumnFacts[] = facts.columns.filter(({ isFirstMissing }) => isFirstMissing),
): JsonObject {
  const { columns, delimiter } = facts;
  const nameOf = (column: ColumnFacts) => placeOf(column, facts);
  // Categories have an id for a missing value, and texts an unknown unit.
  const isIncomplete = [...inputs, ...targets].some(
    ({ tableKind, missing: count }, index) =>
      count > 0 && (!/^(?:category|text)$/.test(tableKind?.type ?? "") || index >= inputs.length),
  );
  // The first row has no previous one.
  const hasFirst = [...inputs, ...targets].every(({ name }) => !firstMissing.some((column) => column.name === name));
  const policy = missing === "previous" && !hasFirst ? "drop" : missing;
  return {
    type: "table",
    file,
    ...(delimiter !== null && { delimiter }),
    ...tableColumns(
      inputs,
      targets,
      isClasses,
      nameOf,
      (column) => columns.findIndex(({ name }) => name === column.name) + 1,
    ),
    target: targets.map(nameOf),
    ...(isIncomplete && { missing: policy }),
  };
}

/** The keys of a table of several series. */
function seriesData({ time, groups }: Panel, facts: FileFacts): JsonObject {
  return { group: groups.map((group) => placeOf(group, facts)), time: timeData(time, facts) };
}

/** The column of times, with the format of dates that are not in ISO 8601, or in seconds since 1970. */
function timeData(time: ColumnFacts, facts: FileFacts): unknown {
  const { tableKind, numbers } = time;
  const areSeconds = numbers !== null && timeUnitOf([`${numbers.min}`, `${numbers.max}`]) === "seconds";
  const format = tableKind?.type === "date" ? tableKind.format : areSeconds ? "%s" : null;
  return format === null ? placeOf(time, facts) : { column: placeOf(time, facts), format };
}

/** The name of a column, or its number in a file without names. */
function placeOf(column: ColumnFacts, { columns, hasHeader }: FileFacts): string | number {
  return hasHeader ? column.name : columns.findIndex(({ name }) => name === column.name) + 1;
}

/** Vectors need no table; ids do. */
function readSteps({ kind }: ColumnFacts): readonly JsonObject[] {
  return kind === "vectors" ? [] : [{ layer: "embedding", size: 64 }];
}

function recurrent(keys: JsonObject): JsonObject {
  return { layer: "rnn", cell: "gru", hidden_size: 32, bidirectional: "concat", ...keys };
}

function balance({ values }: ColumnFacts): JsonObject {
  const counts = [...(values?.values() ?? [])];
  return Math.max(...counts) >= UNBALANCED * Math.min(...counts) ? { class_weights: "balanced" } : {};
}

function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / Math.max(numbers.length, 1);
}
