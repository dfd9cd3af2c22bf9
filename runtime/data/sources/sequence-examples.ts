/** Reads sequences: the steps of each example as numbered tokens or vectors, and its targets. */

import type { NormalSequencesData } from "../../../schema/normal/index.js";
import { formatCount, listFirst } from "../../format.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import { keyHint } from "../formats/columns.js";
import type { JsonLine, Line } from "../formats/json-line.js";
import { parseNumber } from "../formats/number-notation.js";
import { intern } from "../labels.js";
import type { Uses } from "../source.js";
import { numbersHint, rangeHint, type TargetUse } from "../target-values.js";
import { normalizationField, type Tokenization } from "../vocabulary/normalize-text.js";
import { splitWords, tokenize } from "../vocabulary/tokens.js";
import type { Field, InputRole, TargetRole } from "./sequence-columns.js";
import { readLines } from "./sequence-lines.js";

export interface Example {
  /** Line number in the file, from 1. */
  readonly line: number;
  readonly length: number;
  /** Indices in `tokens`; empty if steps are vectors. */
  readonly ids: readonly number[];
  /** [length, features]; empty if steps are tokens. */
  readonly vectors: readonly number[];
  /** One label, or a tag per step; empty if targets are numbers. */
  readonly labels: readonly string[];
  /** [width], or with tags [length, width]; empty if targets are labels. */
  readonly values: readonly number[];
  /** For prediction: the members of the line, without vectors. */
  readonly members: Line;
}

export interface Sequences {
  readonly examples: readonly Example[];
  /** All tokens, in order of first appearance. */
  readonly tokens: readonly string[];
  readonly features: number;
  /** Numbers per target; 0 for labels. */
  readonly width: number;
  readonly isTagged: boolean;
  /** The text of the first example; null for vectors and lists of tokens. */
  readonly firstText: string | null;
}

/** The keys of the first line, which every line must have. */
interface LineKeys {
  readonly input: Field<InputRole>;
  /** Null when targets are not read. */
  readonly target: Field<TargetRole> | null;
}

type Parsed<T> = { readonly value: T } | { readonly fault: string; readonly hint?: string };

/** @param withTargets false for prediction: labels and tags are ignored, and a sequence may be empty. */
export async function readSequences(
  data: NormalSequencesData,
  folder: string,
  uses: Uses,
  withTargets = true,
): Promise<Result<Sequences>> {
  const { file } = data;
  const path = "/data/file";
  const tokenization = { unit: data.unit, ...normalizationField(data.text) };
  const idByToken = new Map<string, number>();
  const examples: Example[] = [];
  let lineKeys: LineKeys | undefined;
  let firstText: string | null = null;
  let features = 0;
  let width = 0;

  const exampleOf = ({ line, exact }: JsonLine, number: number, { input, target }: LineKeys): Parsed<Example> => {
    const parsedSteps = parseSteps(input.role === "tokens" ? exact : line, input, tokenization);
    if ("fault" in parsedSteps) return parsedSteps;
    const { tokens, vectors, size } = parsedSteps.value;
    const stepCount = input.role === "inputs" ? vectors.length / size : tokens.length;
    if (stepCount === 0 && withTargets) return { fault: "has no steps", hint: "Remove the line, or complete it." };
    features = examples.length === 0 ? size : features;
    if (size !== features)
      return {
        fault: `has vectors of ${size}, but the first line has vectors of ${features}`,
        hint: "Give all vectors the same size.",
      };
    const parsedTargets = parseTargets(uses.targets === "classes" ? exact : line, target, uses);
    if ("fault" in parsedTargets) return parsedTargets;
    const { labels, values, size: targetSize } = parsedTargets.value;
    width = examples.length === 0 ? targetSize : width;
    if (targetSize !== width) {
      return { fault: `has ${target?.role} of ${formatCount(targetSize, "number")}, but the first line has ${width}` };
    }
    const count = labels.length + values.length / Math.max(width, 1);
    if (target?.role === "tags" && count !== stepCount)
      return {
        fault: `has ${formatCount(count, "tag")} for ${formatCount(stepCount, "step")}`,
        hint: "Write one tag for each step.",
      };

    const length = Math.min(stepCount, data.max_length ?? stepCount);
    const targetCount = target?.role === "tags" ? length : 1;
    return {
      value: {
        line: number,
        length,
        ids: tokens.slice(0, length).map((token) => intern(idByToken, token)),
        vectors: vectors.slice(0, length * size),
        labels: labels.slice(0, targetCount),
        values: values.slice(0, targetCount * width),
        members: withTargets ? {} : membersOf(exact, input),
      },
    };
  };

  const problems = await readLines(data, { file, folder, path }, withTargets, (jsonLine, number, fields) => {
    const { line } = jsonLine;
    const report = (code: string, what: string, hint: string, pointer = path): readonly RunProblem[] => [
      { code, path: pointer, file, line: number, message: `${file}:${number}: The line ${what}.`, hint },
    ];
    if (lineKeys === undefined) {
      const input = fields.inputs.find(({ key }) => line[key] !== undefined);
      const target = withTargets ? fields.targets.find(({ key }) => line[key] !== undefined) : null;
      if (input === undefined || target === undefined) {
        const candidates = input === undefined ? fields.inputs : fields.targets;
        const [only] = candidates;
        if (only !== undefined && only.key !== only.role)
          return report(
            "column-missing",
            `has no ${describeField(only)}`,
            keyHint(only.key, Object.keys(line)),
            `/data/columns/${only.role}`,
          );
        const what = input === undefined ? "has no text, tokens or inputs" : "has no label and no tags";
        return report("sequence-line", what, keysHint(line));
      }
      if (input.role !== "text" && "normalization" in tokenization)
        return report("sequence-text", `has ${input.role}, which data.text does not change`, textHint, "/data/text");
      const mismatch = describeMismatch(input.role, target?.role ?? null, uses);
      if (mismatch !== undefined) return report("sequence-kind", mismatch.what, mismatch.hint);
      lineKeys = { input, target };
      const steps = line[input.key];
      firstText = input.role === "text" && typeof steps === "string" ? steps : null;
    }
    const example = exampleOf(jsonLine, number, lineKeys);
    if ("fault" in example) return report("sequence-line", example.fault, example.hint ?? "");
    examples.push(example.value);
    return [];
  });
  if (problems.length > 0) return fail(problems);
  const tokens = [...idByToken.keys()];
  return ok({ examples, tokens, features, width, isTagged: lineKeys?.target?.role === "tags", firstText });
}

const textHint = "Remove data.text, or write text in place of them.";

function keysHint(line: Line): string {
  const keys = Object.keys(line).map((key) => JSON.stringify(key));
  const found = keys.length === 0 ? "The line is empty" : `It has ${listFirst(keys, 8)}`;
  return `${found}. Keys are text, tokens or inputs for the steps, label or tags for the targets; data.columns maps others.`;
}

/** A part of a line in a message: its role, and its key where that is another. */
function describeField({ role, key }: Field<InputRole | TargetRole>): string {
  return role === key ? role : `${role} ${JSON.stringify(key)}`;
}

function membersOf(line: Line, { role, key }: Field<InputRole>): Line {
  const { [key]: _, ...others } = line;
  return role === "inputs" ? others : line;
}

/** The mismatch between the keys of the lines and the model, with a hint. */
function describeMismatch(inputKey: InputRole, targetKey: TargetRole | null, uses: Uses) {
  if (inputKey === "inputs" && uses.inputs === "ids") {
    return {
      what: "has vectors, but the model looks up tokens",
      hint: "Begin the model with an rnn or a dense layer.",
    };
  }
  if (inputKey !== "inputs" && uses.inputs === "numbers") {
    return { what: `has ${inputKey}, but the model reads numbers`, hint: "Begin the model with an embedding layer." };
  }
  if (targetKey === "label" && uses.everyStep) {
    const hint = 'Set "return": "last" on the last rnn layer, or follow it with a pool layer.';
    return { what: "has one label, but the model predicts at every step", hint };
  }
  if (targetKey === "tags" && !uses.everyStep) {
    const hint = 'Set "return": "sequence" on every rnn layer, and use no pool layer.';
    return { what: "has a tag for every step, but the model predicts once per sequence", hint };
  }
  return undefined;
}

interface Steps {
  readonly tokens: readonly string[];
  readonly vectors: readonly number[];
  /** Numbers per vector; 0 for tokens. */
  readonly size: number;
}

function parseSteps(line: Line, input: Field<InputRole>, tokenization: Tokenization<"char" | "word">): Parsed<Steps> {
  const { role, key } = input;
  const value = line[key];
  if (value === undefined) return { fault: `has no ${describeField(input)}, but the first line has it` };
  if (role === "inputs") {
    const rows = Array.isArray(value) ? value : [];
    const [first] = rows;
    const size = Array.isArray(first) ? first.length : 0;
    if (size === 0) return { fault: "has inputs that are not a list of vectors" };
    if (!rows.every((row) => isVector(row) && row.length === size)) {
      return { fault: `has inputs that are not all vectors of ${size} finite numbers` };
    }
    return { value: { tokens: [], vectors: rows.flat(), size } };
  }
  if (typeof value === "string")
    return {
      value: { tokens: role === "text" ? tokenize(value, tokenization) : splitWords(value), vectors: [], size: 0 },
    };
  if (role === "text") return { fault: `has ${describeField(input)} that is not a string` };
  const tokens = toNames(value);
  return tokens === undefined
    ? { fault: "has tokens that are not a list of strings" }
    : { value: { tokens, vectors: [], size: 0 } };
}

interface Targets {
  readonly labels: readonly string[];
  readonly values: readonly number[];
  /** Numbers per target; 0 for labels. */
  readonly size: number;
}

function parseTargets(line: Line, target: Field<TargetRole> | null, use: TargetUse): Parsed<Targets> {
  if (target === null) return { value: { labels: [], values: [], size: 0 } };
  return use.targets === "classes" ? parseLabels(line, target) : parseValues(line, target, use);
}

function parseLabels(line: Line, target: Field<TargetRole>): Parsed<Targets> {
  const value = line[target.key];
  if (value === undefined) return { fault: `has no ${describeField(target)}, but the first line has it` };
  const isTagged = target.role === "tags";
  // In a CSV file, tags are separated by white space.
  const list = typeof value === "string" && isTagged ? splitWords(value) : value;
  const labels = toNames(isTagged ? list : [value]);
  if (labels === undefined)
    return isTagged
      ? {
          fault: "has tags that are not a list of names",
          hint: 'Write one name for each step, as in ["noun", "verb"].',
        }
      : { fault: "has a label that is not a name", hint: "Write a text that is not empty, a number, true or false." };
  return { value: { labels, values: [], size: 0 } };
}

function parseValues(line: Line, target: Field<TargetRole>, use: TargetUse): Parsed<Targets> {
  const value = line[target.key];
  if (value === undefined) return { fault: `has no ${describeField(target)}, but the first line has it` };
  const isTagged = target.role === "tags";
  const list = typeof value === "string" ? splitWords(value).map(parseNumber) : value;
  const rows = Array.isArray(list) ? list : [list];
  const isNested = Array.isArray(rows[0]);
  const size = isTagged ? (isNested ? rows[0].length : 1) : rows.length;
  const values: unknown[] = isNested ? rows.flat() : rows;
  const isRectangular = !isNested || rows.every((row) => Array.isArray(row) && row.length === size);
  if (!isVector(values) || !isRectangular || values.length === 0 || (isNested && !isTagged)) {
    return {
      fault: isTagged ? "has tags that are not finite numbers" : "has a label that is not a finite number",
      hint: numbersHint(use),
    };
  }
  for (const number of values) {
    const hint = rangeHint(use, number);
    if (hint !== undefined) return { fault: `has the ${isTagged ? "tag" : "label"} ${number}`, hint };
  }
  return { value: { labels: [], values, size } };
}

function isVector(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.every((entry) => Number.isFinite(Math.fround(Number(typeof entry === "number" ? entry : Number.NaN))))
  );
}

/** Names: strings, numbers and booleans. */
function toNames(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const names = value.filter((entry) => ["string", "number", "boolean"].includes(typeof entry) && entry !== "");
  return names.length === value.length ? names.map(String) : undefined;
}
