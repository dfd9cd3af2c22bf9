/** What a program that uses an exported model does, before it is written in any language. */
import type { ExportPort, ExportPorts } from "../../../compiler/export/index.js";
import { packageVersion } from "../../../schema/root.js";
import type { Metadata } from "../../data/metadata.js";
import { END, START } from "../../data/tokens.js";
import type { Subject } from "../subject.js";
import { type StatePair, statePairs } from "../words.js";

export interface Plan {
  /** The model's file, beside the program. */
  readonly model: string;
  /** What the program does, in a sentence. */
  readonly about: string;
  /** Runs the model once; once for each step, states going on; or once for each token that a decoder writes. */
  readonly kind: "once" | "steps" | "decode";
  readonly example: Example;
  /** The inputs that are no states, in order. */
  readonly feeds: readonly Feed[];
  readonly states: readonly StatePair[];
  readonly answer: Answer;
  readonly decoder: { readonly start: number; readonly end: number; readonly longest: number };
}

/** What the model is asked. */
export type Example =
  | { readonly type: "text"; readonly text: string; readonly words: Words }
  /** `time` rows alike, each of `row`; null: zeros, `width` of them. */
  | { readonly type: "rows"; readonly time: number; readonly width: number; readonly row: readonly number[] | null };

/** How text becomes ids. */
export interface Words {
  readonly list: readonly (string | number)[];
  /** Where the model's metadata has the list. */
  readonly key: string;
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

export interface Answer {
  readonly output: string;
  readonly dtype: Feed["dtype"];
  readonly type: "classes" | "numbers";
  /** By class, or by number; null where they have no names. */
  readonly names: { readonly list: readonly (string | number)[]; readonly key: string } | null;
  /** Whether classes are units that are joined to text. */
  readonly joined: "char" | "word" | "byte" | null;
}

/** Whether a program has the names that it needs for answers already: a text goes on with its own units. */
export function namesAreWords({ answer, example }: Plan): boolean {
  return example.type === "text" && answer.names?.list === example.words.list;
}

/** What a model that writes by itself is asked for. */
const wanted: Readonly<Record<string, number>> = { length: 40, temperature: 0.8, seed: 1 };

/** Units of an example text. */
const few = 6;

export function planOf(subject: Subject, ports: ExportPorts, model: string): Plan {
  const { spec, metadata } = subject;
  const states = statePairs(ports, subject);
  const stateNames = new Set(states.map(({ input }) => input));
  const own = ports.inputs.filter(({ name }) => !stateNames.has(name));
  const decodes = metadata.type === "pairs" && own.some(({ name }) => name === "decoder_inputs");
  const perStep = states.length > 0;
  return {
    model,
    about: `Uses ${model}, a model of ${spec.name} that rnnx ${packageVersion()} wrote.`,
    kind: decodes ? "decode" : perStep ? "steps" : "once",
    example: exampleOf(subject, own, perStep),
    feeds: own.map((port) => feedOf(port, perStep)),
    states,
    answer: answerOf(ports, metadata),
    decoder: { start: START, end: END, longest: metadata.type === "pairs" ? metadata.longest_target : 0 },
  };
}

function wordsOf(metadata: Metadata): Words | null {
  if (!("vocabulary" in metadata) || !metadata.vocabulary) return null;
  const list = metadata.vocabulary;
  const found = "unknown" in metadata ? metadata.unknown : list.indexOf("<unknown>");
  const unknown = found === undefined || found < 0 ? null : found;
  return { list, key: "rnnx.data.vocabulary", unit: metadata.unit, unknown };
}

function exampleOf({ metadata, spec: { data } }: Subject, ports: readonly ExportPort[], perStep: boolean): Example {
  const words = wordsOf(metadata);
  const inputs = ports.find(({ name }) => name === "inputs") ?? ports[0];
  const [, ...shape] = inputs?.shape ?? [];
  const steps = shape[0];
  if (words !== null) {
    const known = words.list.filter((_, id) => id !== words.unknown);
    // Where the steps are laid out, their number is the model's.
    const count = typeof steps === "number" && !perStep ? steps : Math.min(few, known.length);
    const units = Array.from({ length: count }, (_, place) => known[place % known.length] ?? "");
    const ascii = (unit: string | number) => (Number(unit) < 0x80 ? String.fromCharCode(Number(unit)) : "?");
    const text = words.unit === "byte" ? units.map(ascii).join("") : units.join(words.unit === "word" ? " " : "");
    return { type: "text", text, words };
  }
  const width = Number(shape.at(-1) ?? 1);
  const usual = perStep || shape.length > 1 ? stepsOf(metadata, data) : 1;
  const time = shape.length > 1 && typeof steps === "number" ? steps : usual;
  return { type: "rows", time, width, row: middleOf(metadata) };
}

function stepsOf(metadata: Metadata, data: Subject["spec"]["data"]): number {
  if (metadata.type === "images") return metadata.rows;
  return "window" in data ? data.window : 3;
}

/** The middle of what a scaler maps to 0 … 1, or its mean: numbers of the data's own size. */
function middleOf(metadata: Metadata): readonly number[] | null {
  if (metadata.type !== "table") return null;
  return metadata.columns.map((name) => {
    const { offset, factor } = metadata.scaler[name] ?? { offset: 0, factor: 1 };
    return Number((offset + 0.5 / factor).toPrecision(4));
  });
}

function feedOf({ name, dtype, shape }: ExportPort, perStep: boolean): Feed {
  if (dtype === "bool") throw new Error(`The input ${name} is of truth values.`);
  const behind = shape.slice(1).map((size) => (typeof size === "number" ? size : "time"));
  const value = (): Feed["value"] => {
    if (shape.length === 0) return wanted[name] ?? 0;
    if (name === "prompt") return "ids";
    if (name === "lengths") return "length";
    if (name === "decoder_inputs") return "said";
    if (name === "target_lengths") return "saidLength";
    if (name !== "inputs") return "zeros";
    return dtype === "float32" ? "rows" : "ids";
  };
  return { name, dtype, value: value(), shape: perStep ? behind.filter((size) => size !== "time") : behind };
}

function answerOf({ outputs }: ExportPorts, metadata: Metadata): Answer {
  const tokens = outputs.find(({ name }) => name === "tokens");
  if (tokens !== undefined && metadata.type === "text") {
    const names = { list: metadata.vocabulary, key: "rnnx.data.vocabulary" };
    return { output: tokens.name, type: "classes", dtype: "int32", names, joined: metadata.unit };
  }
  const classes = outputs.find(({ name }) => name === "classes");
  if (classes === undefined) {
    const output = outputs.find(({ role }) => role === "prediction")?.name ?? "outputs";
    const names = metadata.type === "table" ? { list: metadata.target, key: "rnnx.data.target" } : null;
    return { output, type: "numbers", dtype: "float32", names, joined: null };
  }
  const said = { output: classes.name, type: "classes", dtype: "int64" } as const;
  switch (metadata.type) {
    case "text":
      return { ...said, names: { list: metadata.vocabulary, key: "rnnx.data.vocabulary" }, joined: metadata.unit };
    case "pairs":
      return {
        ...said,
        names: { list: metadata.target_vocabulary, key: "rnnx.data.target_vocabulary" },
        joined: metadata.unit,
      };
    default: {
      const names = "classes" in metadata ? metadata.classes : null;
      return { ...said, names: names ? { list: names, key: "rnnx.data.classes" } : null, joined: null };
    }
  }
}
