/** What a program that uses an exported model does, before it is written in any language. */
import type { ExportPort, ExportPorts } from "../../../compiler/export/index.js";
import { packageVersion } from "../../../schema/package-root.js";
import type { Metadata } from "../../data/metadata.js";
import { END, START } from "../../data/vocabulary/tokens.js";
import { type StatePair, statePairs } from "../metadata.js";
import type { TrainedModel } from "../source-run.js";

export interface SnippetSpec {
  /** The model's file, beside the program. */
  readonly model: string;
  /** What the program does, in a sentence. */
  readonly description: string;
  /** Runs the model once; once for each step, states going on; or once for each token that a decoder writes. */
  readonly kind: "once" | "steps" | "decode";
  readonly example: Example;
  /** The inputs that are no states, in order. */
  readonly feeds: readonly Feed[];
  readonly states: readonly StatePair[];
  readonly prediction: SnippetPrediction;
  readonly decoder: { readonly start: number; readonly end: number; readonly maxLength: number };
}

/** What the model is asked. */
export type Example =
  | { readonly type: "text"; readonly text: string; readonly vocabulary: SnippetVocabulary }
  /** `time` rows alike, each of `row`; null: zeros, `width` of them. */
  | { readonly type: "rows"; readonly time: number; readonly width: number; readonly row: readonly number[] | null };

/** How text becomes ids. */
export interface SnippetVocabulary {
  readonly list: readonly (string | number)[];
  /** Where the model's metadata has the list. */
  readonly metadataKey: string;
  readonly unit: "char" | "word" | "byte";
  /** The id of units that are not in the list; null: there is none. */
  readonly unknown: number | null;
}

export interface Feed {
  readonly name: string;
  readonly dtype: "float32" | "int64" | "int32";
  /**
   * `ids`, or `rows` of numbers, are the example; `length` is its number of steps; a decoder reads what it has said. A number
   * stands by itself, without batch.
   */
  readonly value: "ids" | "rows" | "length" | "said" | "saidLength" | "zeros" | number;
  /** Behind the batch. `time` is the example's. */
  readonly shape: readonly (number | "time")[];
}

export interface SnippetPrediction {
  readonly output: string;
  readonly dtype: Feed["dtype"];
  readonly type: "classes" | "numbers";
  /** By class, or by number; null where they have no names. */
  readonly names: { readonly list: readonly (string | number)[]; readonly metadataKey: string } | null;
  /** Whether classes are units that are joined to text. */
  readonly joinUnit: "char" | "word" | "byte" | null;
}

/** Whether a program has the names that it needs for answers already: a text goes on with its own units. */
export function namesAreVocabulary({ prediction, example }: SnippetSpec): boolean {
  return example.type === "text" && prediction.names?.list === example.vocabulary.list;
}

/** What a model that writes by itself is asked for. */
const generationDefaults: Readonly<Record<string, number>> = { length: 40, temperature: 0.8, seed: 1 };

/** Units of an example text. */
const EXAMPLE_LENGTH = 6;

export function snippetSpecOf(trainedModel: TrainedModel, ports: ExportPorts, model: string): SnippetSpec {
  const { spec, metadata } = trainedModel;
  const states = statePairs(ports, trainedModel);
  const stateNames = new Set(states.map(({ input }) => input));
  const dataPorts = ports.inputs.filter(({ name }) => !stateNames.has(name));
  const isDecoder = metadata.type === "pairs" && dataPorts.some(({ name }) => name === "decoder_inputs");
  const perStep = states.length > 0;
  return {
    model,
    description: `Uses ${model}, a model of ${spec.name} that rnnx ${packageVersion()} wrote.`,
    kind: isDecoder ? "decode" : perStep ? "steps" : "once",
    example: exampleOf(trainedModel, dataPorts, perStep),
    feeds: dataPorts.map((port) => feedOf(port, perStep)),
    states,
    prediction: predictionOf(ports, metadata),
    decoder: { start: START, end: END, maxLength: metadata.type === "pairs" ? metadata.longest_target : 0 },
  };
}

function vocabularyOf(metadata: Metadata): SnippetVocabulary | null {
  if (!("vocabulary" in metadata) || !metadata.vocabulary) return null;
  const list = metadata.vocabulary;
  const unknownId = "unknown" in metadata ? metadata.unknown : list.indexOf("<unknown>");
  const unknown = unknownId === undefined || unknownId < 0 ? null : unknownId;
  return { list, metadataKey: "rnnx.data.vocabulary", unit: metadata.unit, unknown };
}

function exampleOf(
  { metadata, spec: { data } }: TrainedModel,
  ports: readonly ExportPort[],
  perStep: boolean,
): Example {
  const vocabulary = vocabularyOf(metadata);
  const inputs = ports.find(({ name }) => name === "inputs") ?? ports[0];
  const [, ...shape] = inputs?.shape ?? [];
  const steps = shape[0];
  if (vocabulary !== null) {
    const knownUnits = vocabulary.list.filter((_, id) => id !== vocabulary.unknown);
    // Where the steps are laid out, their number is the model's.
    const count = typeof steps === "number" && !perStep ? steps : Math.min(EXAMPLE_LENGTH, knownUnits.length);
    const units = Array.from({ length: count }, (_, index) => knownUnits[index % knownUnits.length] ?? "");
    const ascii = (unit: string | number) => (Number(unit) < 0x80 ? String.fromCharCode(Number(unit)) : "?");
    const text =
      vocabulary.unit === "byte" ? units.map(ascii).join("") : units.join(vocabulary.unit === "word" ? " " : "");
    return { type: "text", text, vocabulary };
  }
  const width = Number(shape.at(-1) ?? 1);
  const defaultSteps = perStep || shape.length > 1 ? timeStepsOf(metadata, data) : 1;
  const time = shape.length > 1 && typeof steps === "number" ? steps : defaultSteps;
  return { type: "rows", time, width, row: typicalRow(metadata) };
}

function timeStepsOf(metadata: Metadata, data: TrainedModel["spec"]["data"]): number {
  if (metadata.type === "images") return metadata.rows;
  return "window" in data ? data.window : 3;
}

/** The middle of what a scaler maps to 0 … 1, or its mean: numbers of the data's own size. */
function typicalRow(metadata: Metadata): readonly number[] | null {
  if (metadata.type !== "table") return null;
  return metadata.columns.map((name) => {
    const { offset, factor } = metadata.scaler[name] ?? { offset: 0, factor: 1 };
    return Number((offset + 0.5 / factor).toPrecision(4));
  });
}

function feedOf({ name, dtype, shape }: ExportPort, perStep: boolean): Feed {
  if (dtype === "bool") throw new Error(`The input ${name} is of truth values.`);
  const exampleShape = shape.slice(1).map((size) => (typeof size === "number" ? size : "time"));
  const value = (): Feed["value"] => {
    if (shape.length === 0) return generationDefaults[name] ?? 0;
    if (name === "prompt") return "ids";
    if (name === "lengths") return "length";
    if (name === "decoder_inputs") return "said";
    if (name === "target_lengths") return "saidLength";
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

function predictionOf({ outputs }: ExportPorts, metadata: Metadata): SnippetPrediction {
  const tokens = outputs.find(({ name }) => name === "tokens");
  if (tokens !== undefined && metadata.type === "text") {
    const names = { list: metadata.vocabulary, metadataKey: "rnnx.data.vocabulary" };
    return { output: tokens.name, type: "classes", dtype: "int32", names, joinUnit: metadata.unit };
  }
  const classes = outputs.find(({ name }) => name === "classes");
  if (classes === undefined) {
    const output = outputs.find(({ role }) => role === "prediction")?.name ?? "outputs";
    const names = metadata.type === "table" ? { list: metadata.target, metadataKey: "rnnx.data.target" } : null;
    return { output, type: "numbers", dtype: "float32", names, joinUnit: null };
  }
  const classOutput = { output: classes.name, type: "classes", dtype: "int64" } as const;
  switch (metadata.type) {
    case "text":
      return {
        ...classOutput,
        names: { list: metadata.vocabulary, metadataKey: "rnnx.data.vocabulary" },
        joinUnit: metadata.unit,
      };
    case "pairs":
      return {
        ...classOutput,
        names: { list: metadata.target_vocabulary, metadataKey: "rnnx.data.target_vocabulary" },
        joinUnit: metadata.unit,
      };
    default: {
      const names = "classes" in metadata ? metadata.classes : null;
      return {
        ...classOutput,
        names: names ? { list: names, metadataKey: "rnnx.data.classes" } : null,
        joinUnit: null,
      };
    }
  }
}
