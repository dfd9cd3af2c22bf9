/** Sequences as they are read: steps of each example as numbered tokens or vectors, and what is said of them. */
import type { NormalSequencesData } from "../../schema/normal.js";
import { type Checked, type RunProblem, refuse } from "../problem.js";
import { numberOf } from "./field.js";
import { intern } from "./labels.js";
import { type Line, readLines } from "./sequence-lines.js";
import type { Uses } from "./source.js";
import { tokenize } from "./tokens.js";

export interface Example {
  /** In the file, from 1. */
  readonly line: number;
  readonly length: number;
  /** Places in `tokens`; empty where steps are vectors. */
  readonly ids: readonly number[];
  /** [length, features]; empty where steps are tokens. */
  readonly vectors: readonly number[];
  /** One, or with tags one for each step; empty where answers are numbers. */
  readonly labels: readonly string[];
  /** [width], or with tags [length, width]; empty where answers are labels. */
  readonly values: readonly number[];
}

export interface Sequences {
  readonly examples: readonly Example[];
  /** All tokens, in order of first appearance. */
  readonly tokens: readonly string[];
  readonly features: number;
  /** Numbers in each answer. */
  readonly width: number;
  readonly tagged: boolean;
}

/** The members that the first line has, and every other must have. */
interface Members {
  readonly steps: "text" | "tokens" | "inputs";
  /** Null where nobody asks for them. */
  readonly answers: "label" | "tags" | null;
}

type Said<T> = { readonly value: T } | { readonly fault: string };

/** With `answered` false the lines are for a model to answer: labels and tags, where there are any, are passed over. */
export async function readSequences(
  data: NormalSequencesData,
  folder: string,
  uses: Uses,
  answered = true,
): Promise<Checked<{ readonly sequences: Sequences }>> {
  const { file } = data;
  const path = "/data/file";
  const numbers = new Map<string, number>();
  const examples: Example[] = [];
  let members: Members | undefined;
  let features = 0;
  let width = 0;

  const exampleOf = (line: Line, number: number, { steps, answers }: Members): Said<Example> => {
    const read = stepsOf(line, steps, data.unit);
    if ("fault" in read) return read;
    const { tokens, vectors, size } = read.value;
    const whole = steps === "inputs" ? vectors.length / size : tokens.length;
    if (whole === 0) return { fault: "has no steps" };
    features = examples.length === 0 ? size : features;
    if (size !== features)
      return { fault: `has vectors of ${size}, and the first sequence has vectors of ${features}` };
    const said = answersOf(line, answers, uses);
    if ("fault" in said) return said;
    const { labels, values, size: answer } = said.value;
    width = examples.length === 0 ? answer : width;
    if (answer !== width) {
      return { fault: `has ${answers} of ${numbered(answer, "number")}, and the first sequence has ${width}` };
    }
    const count = labels.length + values.length / Math.max(width, 1);
    if (answers === "tags" && count !== whole)
      return { fault: `has ${numbered(count, "tag")} for ${numbered(whole, "step")}` };

    const length = Math.min(whole, data.max_length ?? whole);
    const perExample = answers === "tags" ? length : 1;
    return {
      value: {
        line: number,
        length,
        ids: tokens.slice(0, length).map((token) => intern(numbers, token)),
        vectors: vectors.slice(0, length * size),
        labels: labels.slice(0, perExample),
        values: values.slice(0, perExample * width),
      },
    };
  };

  const problems = await readLines({ file, folder, path }, (line, number) => {
    const report = (code: string, what: string, hint: string): readonly RunProblem[] => [
      { code, path, file, line: number, message: `Line ${number} of "${file}" ${what}.`, hint },
    ];
    if (members === undefined) {
      const steps = (["text", "tokens", "inputs"] as const).find((name) => line[name] !== undefined);
      const answers = answered ? (["label", "tags"] as const).find((name) => line[name] !== undefined) : null;
      if (steps === undefined) return report("sequence-line", "has no text, tokens or inputs", "");
      if (answers === undefined) return report("sequence-line", "has no label and no tags", "");
      const unfit = misfit(steps, answers, uses);
      if (unfit !== undefined) return report("sequence-kind", unfit.what, unfit.hint);
      members = { steps, answers };
    }
    const example = exampleOf(line, number, members);
    if ("fault" in example) return report("sequence-line", example.fault, "");
    examples.push(example.value);
    return [];
  });
  if (problems.length > 0) return refuse(...problems);
  const tokens = [...numbers.keys()];
  return { ok: true, sequences: { examples, tokens, features, width, tagged: members?.answers === "tags" } };
}

/** Why a model cannot read such lines. */
function misfit(steps: Members["steps"], answers: Members["answers"], uses: Uses) {
  if (steps === "inputs" && uses.inputs === "ids") {
    return {
      what: "holds vectors, and the model looks up tokens",
      hint: "Begin the model with an rnn or a dense layer.",
    };
  }
  if (steps !== "inputs" && uses.inputs === "numbers") {
    return { what: `holds ${steps}, and the model reads numbers`, hint: "Begin the model with an embedding layer." };
  }
  if (answers === "label" && uses.everyStep) {
    const hint = 'Set "return": "last" on the last rnn layer, or follow it with a pool layer.';
    return { what: "has one label, and the model says something at every step", hint };
  }
  if (answers === "tags" && !uses.everyStep) {
    const hint = 'Set "return": "sequence" on every rnn layer, and use no pool layer.';
    return { what: "has a tag for every step, and the model says one thing of a sequence", hint };
  }
  return undefined;
}

interface Steps {
  readonly tokens: readonly string[];
  readonly vectors: readonly number[];
  /** Numbers in each vector; 0 for tokens. */
  readonly size: number;
}

function stepsOf(line: Line, steps: Members["steps"], unit: NormalSequencesData["unit"]): Said<Steps> {
  const value = line[steps];
  if (value === undefined) return { fault: `has no ${steps}, which the first sequence has` };
  if (steps === "inputs") {
    const rows = Array.isArray(value) ? value : [];
    const [first] = rows;
    const size = Array.isArray(first) ? first.length : 0;
    if (size === 0) return { fault: "has inputs that are no list of vectors" };
    if (!rows.every((row) => isVector(row) && row.length === size)) {
      return { fault: `has inputs that are not all vectors of ${size} finite numbers` };
    }
    return { value: { tokens: [], vectors: rows.flat(), size } };
  }
  if (typeof value === "string")
    return { value: { tokens: tokenize(value, steps === "text" ? unit : "word"), vectors: [], size: 0 } };
  if (steps === "text") return { fault: "has text that is no text" };
  const tokens = textsOf(value);
  return tokens === undefined
    ? { fault: "has tokens that are no list of texts" }
    : { value: { tokens, vectors: [], size: 0 } };
}

interface Answers {
  readonly labels: readonly string[];
  readonly values: readonly number[];
  /** Numbers in each answer; 0 for labels. */
  readonly size: number;
}

function answersOf(line: Line, answers: Members["answers"], { targets }: Uses): Said<Answers> {
  if (answers === null) return { value: { labels: [], values: [], size: 0 } };
  return targets === "classes" ? labelsOf(line, answers) : valuesOf(line, answers);
}

function labelsOf(line: Line, answers: NonNullable<Members["answers"]>): Said<Answers> {
  const value = line[answers];
  if (value === undefined) return { fault: `has no ${answers}, which the first sequence has` };
  // In a CSV file, tags are separated by white space.
  const listed = typeof value === "string" && answers === "tags" ? tokenize(value, "word") : value;
  const labels = textsOf(answers === "tags" ? listed : [value]);
  if (labels === undefined)
    return { fault: answers === "tags" ? "has tags that are no list of names" : "has a label that is no name" };
  return { value: { labels, values: [], size: 0 } };
}

function valuesOf(line: Line, answers: NonNullable<Members["answers"]>): Said<Answers> {
  const value = line[answers];
  if (value === undefined) return { fault: `has no ${answers}, which the first sequence has` };
  const listed = typeof value === "string" ? tokenize(value, "word").map(numberOf) : value;
  const rows = Array.isArray(listed) ? listed : [listed];
  const nested = Array.isArray(rows[0]);
  const size = answers === "tags" ? (nested ? rows[0].length : 1) : rows.length;
  const values: unknown[] = nested ? rows.flat() : rows;
  const even = !nested || rows.every((row) => Array.isArray(row) && row.length === size);
  if (!isVector(values) || !even || values.length === 0 || (nested && answers === "label")) {
    return {
      fault: answers === "tags" ? "has tags that are not finite numbers" : "has a label that is no finite number",
    };
  }
  return { value: { labels: [], values, size } };
}

function isVector(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.every((entry) => Number.isFinite(Math.fround(Number(typeof entry === "number" ? entry : Number.NaN))))
  );
}

/** Names: texts, numbers and truth values. */
function textsOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const names = value.filter((entry) => ["string", "number", "boolean"].includes(typeof entry) && entry !== "");
  return names.length === value.length ? names.map(String) : undefined;
}

function numbered(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
