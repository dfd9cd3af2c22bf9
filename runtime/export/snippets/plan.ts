/** The language-independent description of a program that runs an exported model. */
import type { ExportPort, ExportPorts } from "../../../compiler/export/index.js";
import { isFutureInput } from "../../../schema/kinds/horizon.js";
import { packageVersion } from "../../../schema/package-root.js";
import { idLimits } from "../../data/id-limits.js";
import type { Metadata } from "../../data/metadata.js";
import { scalerOf } from "../../data/scaler.js";
import { encodeText, isWord } from "../../data/vocabulary/text-tokenizer.js";
import { END, joinTokens, START, tokenize } from "../../data/vocabulary/tokens.js";
import { type StatePair, statePairs } from "../metadata.js";
import type { TrainedModel } from "../source-run.js";
import { tokenizerFile } from "../tokenizer-file.js";
import { idColumnsOf, type SnippetColumn } from "./id-columns.js";
import { predictionsOf, type SnippetPrediction } from "./prediction.js";
import { type SnippetText, textColumnsOf } from "./text-columns.js";
import { type SnippetVocabulary, vocabularyOf } from "./vocabulary.js";

export interface SnippetSpec {
  /** The model's file, in the program's folder. */
  readonly model: string;
  /** One sentence for the head of the program. */
  readonly description: string;
  /** Runs the model once; once per step with states fed back; or once per decoded token. */
  readonly kind: "once" | "steps" | "decode";
  readonly example: Example;
  /** The number of ids where the program checks them: no table has a row for others; null where none can be wrong. */
  readonly idCount: number | null;
  /** The columns of a table behind inputs of ids. */
  readonly columns: readonly SnippetColumn[];
  /** The columns of text of a table. */
  readonly texts: readonly SnippetText[];
  /** The file of the tokenizer, in the program's folder; null where units are no tokens of byte-pair encoding. */
  readonly tokenizer: string | null;
  /** The inputs that are not states, in order. */
  readonly feeds: readonly Feed[];
  readonly states: readonly StatePair[];
  /** In the order of the losses; those of a decoder, and generated ids, are alone. */
  readonly predictions: readonly [SnippetPrediction, ...SnippetPrediction[]];
  readonly decoder: { readonly start: number; readonly end: number; readonly maxLength: number };
}

/** The example input of a program. */
export type Example =
  | { readonly type: "text"; readonly text: string; readonly vocabulary: SnippetVocabulary }
  /** The samples of a sound file. */
  | { readonly type: "sound"; readonly sampleRate: number }
  | { readonly type: "ids"; readonly ids: readonly number[] }
  /** `time` equal rows; a null `row` is `width` zeros. */
  | { readonly type: "rows"; readonly time: number; readonly width: number; readonly row: readonly number[] | null };

export interface Feed {
  readonly name: string;
  readonly dtype: "float32" | "int64" | "int32";
  /**
   * `ids` or `rows` of numbers are the example; `column` is the id of a column in each row, `text` those of a column of text, and `textLength` their number; `length` is its number of steps; `decoded` are the tokens decoded so
   * far. A number is a scalar without batch.
   */
  readonly value:
    | "ids"
    | "rows"
    | "column"
    | "text"
    | "textLength"
    | "length"
    | "decoded"
    | "decodedLength"
    | "zeros"
    | number;
  /** Without the batch axis. `time` is the example's number of steps. */
  readonly shape: readonly (number | "time")[];
}

/** The variable of a program that has one entry for each step of the example. */
export function stepsVariable({ type }: Example): "ids" | "rows" {
  return type === "rows" || type === "sound" ? "rows" : "ids";
}

/** True when the names of a prediction are the vocabulary of the example. */
export function namesAreVocabulary({ example }: SnippetSpec, { names }: SnippetPrediction): boolean {
  return example.type === "text" && names?.list === example.vocabulary.list;
}

/** True where the names of a prediction are a list, and no tokens that the tokenizer decodes. */
export function hasNames({ names, joinUnit }: SnippetPrediction): boolean {
  return names !== null && joinUnit !== "bpe";
}

/** Scalar inputs of the generate form. */
const generationDefaults: Readonly<Record<string, number>> = { length: 40, temperature: 0.8, seed: 1 };

/** Units in an example text. */
const EXAMPLE_LENGTH = 6;

export function snippetSpecOf(trainedModel: TrainedModel, ports: ExportPorts, model: string): SnippetSpec {
  const { spec, metadata } = trainedModel;
  const states = statePairs(ports, trainedModel);
  const tokenizer = tokenizerFile(metadata, model)?.name ?? null;
  const stateNames = new Set(states.map(({ input }) => input));
  const dataPorts = ports.inputs.filter(({ name }) => !stateNames.has(name));
  const isDecoder = metadata.type === "pairs" && dataPorts.some(({ name }) => name === "decoder_inputs");
  const perStep = states.length > 0;
  const example = exampleOf(trainedModel, dataPorts, perStep);
  const columns = idColumnsOf(metadata);
  const texts = textColumnsOf(metadata, model);
  const { data } = spec;
  const rowsToPredict = data.type === "table" && data.known_future !== null ? data.horizon.length : null;
  return {
    model,
    description: `Runs ${model}, the model ${spec.name} exported by rnnx ${packageVersion()}.`,
    kind: isDecoder ? "decode" : perStep ? "steps" : "once",
    example,
    idCount: idCountOf(example, trainedModel),
    columns,
    texts,
    feeds: dataPorts.map((port) => feedOf(port, perStep, columns, texts, rowsToPredict)),
    tokenizer,
    states,
    predictions: predictionsOf(ports, trainedModel),
    decoder: { start: START, end: END, maxLength: metadata.type === "pairs" ? metadata.longest_target : 0 },
  };
}

function exampleOf(trainedModel: TrainedModel, ports: readonly ExportPort[], perStep: boolean): Example {
  const {
    metadata,
    spec: { data },
    signature: { sizes },
  } = trainedModel;
  if (metadata.type === "audio") return { type: "sound", sampleRate: metadata.sample_rate };
  const vocabulary = vocabularyOf(trainedModel);
  const inputs = ports.find(({ name }) => name === "inputs") ?? ports[0];
  const [, ...shape] = inputs?.shape ?? [];
  const steps = shape[0];
  // An unrolled model has a fixed number of steps.
  const fixedSteps = typeof steps === "number" && !perStep ? steps : null;
  if (vocabulary?.unit === "bpe") return tokensExample(vocabulary, fixedSteps);
  if (vocabulary !== null) {
    const units = vocabulary.list.filter((unit, id) => id !== vocabulary.unknown && isPrintable(unit, vocabulary.unit));
    const count = fixedSteps ?? Math.min(EXAMPLE_LENGTH, units.length, vocabulary.maxLength ?? EXAMPLE_LENGTH);
    const exampleUnits = Array.from({ length: count }, (_, index) => units[index % units.length] ?? "");
    if (units.length > 0)
      return { type: "text", text: joinTokens(exampleUnits, { unit: vocabulary.unit }), vocabulary };
  }
  if (inputs?.dtype === "int32" && metadata.type === "table")
    return {
      type: "rows",
      time: shape.length > 0 ? (fixedSteps ?? timeStepsOf(metadata, data)) : 1,
      width: 0,
      row: [],
    };
  if (inputs?.dtype === "int32") {
    const count = Number(vocabulary?.list.length ?? sizes.vocabulary ?? 1);
    const length = fixedSteps ?? EXAMPLE_LENGTH;
    return { type: "ids", ids: Array.from({ length }, (_, index) => index % (count || 1)) };
  }
  const width = Number(shape.at(-1) ?? 1);
  const defaultSteps = perStep || shape.length > 1 ? timeStepsOf(metadata, data) : 1;
  const time = shape.length > 1 && typeof steps === "number" ? steps : defaultSteps;
  return { type: "rows", time, width, row: typicalRow(metadata) };
}

/** The first words of a vocabulary that are tokens; ids where their text has another number of tokens. */
function tokensExample(vocabulary: SnippetVocabulary, fixedSteps: number | null): Example {
  const { list, maxLength, tokenizer } = vocabulary;
  const words = list.filter((token) => isWord(String(token), tokenizer));
  const count = fixedSteps ?? Math.min(EXAMPLE_LENGTH, words.length, maxLength ?? EXAMPLE_LENGTH);
  const text = joinTokens(words.slice(0, count), { unit: "bpe", ...(tokenizer !== null && { tokenizer }) });
  const isText = tokenizer !== null && count > 0 && encodeText(text, tokenizer).length === count;
  if (isText) return { type: "text", text, vocabulary };
  return { type: "ids", ids: Array.from({ length: fixedSteps ?? EXAMPLE_LENGTH }, (_, index) => index % list.length) };
}

/** The ids of an example of tokens. */
export function encodedExample({ text, vocabulary }: Extract<Example, { type: "text" }>): readonly number[] {
  const { list, tokenizer } = vocabulary;
  const tokens = tokenizer === null ? [] : encodeText(text, tokenizer);
  return tokens.map((token) => list.indexOf(token));
}

/** The id of a unit outside of a vocabulary without an unknown unit is -1. */
function idCountOf(example: Example, { spec, signature }: TrainedModel): number | null {
  if (example.type === "text") return example.vocabulary.unknown === null ? example.vocabulary.list.length : null;
  return example.type === "ids" ? (idLimits(spec, signature).get("inputs")?.size ?? null) : null;
}

/** True for a unit that a text can consist of: a byte of ASCII, a character, or a word without white space. */
function isPrintable(unit: string | number, kind: SnippetVocabulary["unit"]): boolean {
  return kind === "byte" ? Number(unit) < 0x80 : tokenize(String(unit), { unit: kind }).length === 1;
}

function timeStepsOf(metadata: Metadata, data: TrainedModel["spec"]["data"]): number {
  if (metadata.type === "images") return metadata.rows;
  return "window" in data ? (data.window ?? 1) : 3;
}

/** Values of the data's magnitude: the middle of the range of a min_max scaler, or near the mean of a standard one. */
function typicalRow(metadata: Metadata): readonly number[] | null {
  if (metadata.type !== "table") return null;
  return metadata.columns.map((name) => {
    const { offset, factor } = scalerOf(metadata.scaler, name) ?? { offset: 0, factor: 1 };
    return Number((offset + 0.5 / factor).toPrecision(4));
  });
}

function feedOf(
  { name, dtype, shape }: ExportPort,
  perStep: boolean,
  columns: readonly SnippetColumn[],
  texts: readonly SnippetText[],
  rowsToPredict: number | null,
): Feed {
  if (dtype === "bool") throw new Error(`The input ${name} is boolean.`);
  const steps = isFutureInput(name) ? (rowsToPredict ?? "time") : "time";
  const exampleShape = shape.slice(1).map((size) => (typeof size === "number" ? size : steps));
  const value = (): Feed["value"] => {
    if (shape.length === 0) return generationDefaults[name] ?? 0;
    if (name === "prompt") return "ids";
    if (columns.some(({ feed }) => feed === name)) return "column";
    if (texts.some(({ feed }) => feed === name)) return "text";
    if (texts.some(({ lengths }) => lengths === name)) return "textLength";
    if (name === "lengths") return "length";
    if (name === "decoder_inputs") return "decoded";
    if (name === "target_lengths") return "decodedLength";
    if (name !== "inputs") return "zeros";
    return dtype === "float32" ? "rows" : "ids";
  };
  return {
    name,
    dtype,
    value: value(),
    shape: perStep ? exampleShape.filter((size) => size !== "time") : exampleShape,
  };
}
