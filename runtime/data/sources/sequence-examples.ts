/** Reads sequences: the steps of each example as numbered tokens or vectors, and its targets. */

import { ONLY_TARGET } from "../../../schema/kinds/outputs.js";
import type { NormalSequencesData } from "../../../schema/normal/index.js";
import { formatCount, listFirst } from "../../format.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import { keyHint } from "../formats/columns.js";
import type { JsonLine, Line } from "../formats/json-line.js";
import { intern } from "../labels.js";
import type { Uses } from "../source.js";
import { normalizationField, type Tokenization } from "../vocabulary/normalize-text.js";
import { subwordUnit } from "../vocabulary/open-tokenizer.js";
import type { TextUnit } from "../vocabulary/tokens.js";
import { filesOf, type LinePlace, readPlace, type SplitFile } from "./line-splits.js";
import { type Field, formatOf, type InputRole, type TargetRole, type TargetRoles } from "./sequence-columns.js";
import { type LineReader, type LineVisitor, readLines } from "./sequence-lines.js";
import { describeField, type Parsed, parseSteps, parseTargets } from "./sequence-parts.js";

export interface Example extends LinePlace {
  /** Line number in the file, from 1. */
  readonly line: number;
  readonly length: number;
  /** The file, where the split has files of its own. */
  readonly file: string;
  /** Indices in `tokens`; empty if steps are vectors. */
  readonly ids: readonly number[];
  /** [length, features]; empty if steps are tokens. */
  readonly vectors: readonly number[];
  /** In the order of the targets. */
  readonly targets: readonly ExampleTarget[];
  /** For prediction: the members of the line, without vectors. */
  readonly members: Line;
}

export interface ExampleTarget {
  /** One label, or a tag per step; empty if targets are numbers. */
  readonly labels: readonly string[];
  /** [width], or with tags [length, width]; empty if targets are labels. */
  readonly values: readonly number[];
}

export interface SequenceTarget {
  readonly name: string;
  readonly isTagged: boolean;
  /** Numbers per target; 0 for labels. */
  readonly width: number;
}

export interface Sequences {
  readonly examples: readonly Example[];
  /** All tokens, in order of first appearance. */
  readonly tokens: readonly string[];
  readonly features: number;
  /** None where targets are not read. */
  readonly targets: readonly SequenceTarget[];
  /** The text of the first example; null for vectors and lists of tokens. */
  readonly firstText: string | null;
  readonly notices: readonly string[];
}

/** The keys of the first line, which every line must have. */
interface LineKeys {
  readonly input: Field<InputRole>;
  /** None when targets are not read. */
  readonly targets: readonly { readonly name: string; readonly field: Field<TargetRole>; readonly use: Uses }[];
}

/**
 * @param withTargets false for prediction: labels and tags are ignored, and a sequence may be empty.
 * @param tokenization by default that of the spec; the units of bpe are pieces, and not truncated, before it has merges.
 */
export async function readSequences(
  data: NormalSequencesData,
  folder: string,
  targetUses: ReadonlyMap<string, Uses>,
  withTargets = true,
  tokenization: Tokenization<TextUnit> = { unit: subwordUnit(data.unit), ...normalizationField(data.text) },
): Promise<Result<Sequences>> {
  const [firstUse] = targetUses.values();
  const roles: TargetRoles = new Map(
    [...targetUses].map(([name, { everyStep }]) => [name, everyStep ? "tags" : "label"]),
  );
  const files = withTargets ? filesOf(data) : [{ file: data.file, path: "/data/file", part: null }];
  let { file, path, part }: SplitFile = { file: "", path: "", part: null };
  let place: LinePlace = { part, group: null };
  const arePieces = tokenization.unit === "bpe" && tokenization.tokenizer === undefined;
  const limit = arePieces ? null : data.max_length;
  const idByToken = new Map<string, number>();
  const examples: Example[] = [];
  let lineKeys: LineKeys | undefined;
  let firstText: string | null = null;
  let features = 0;
  let widths: readonly number[] = [];

  const emptyTexts: { readonly file: string; readonly line: number }[] = [];

  /** Null for a row of a table without a text, which is left out. */
  const exampleOf = (
    { line, exact }: JsonLine,
    number: number,
    { input, targets }: LineKeys,
  ): Parsed<Example | null> => {
    const parsedSteps = parseSteps(input.role === "tokens" ? exact : line, input, tokenization);
    if ("fault" in parsedSteps) return parsedSteps;
    const { tokens, vectors, size } = parsedSteps.value;
    const stepCount = input.role === "inputs" ? vectors.length / size : tokens.length;
    if (stepCount === 0 && withTargets) {
      const isField = input.role === "text" && ["csv", "tsv"].includes(formatOf(file) ?? "");
      if (!isField) return { fault: "has no steps", hint: "Remove the line, or complete it." };
      emptyTexts.push({ file, line: number });
      return { value: null };
    }
    features = examples.length === 0 ? size : features;
    if (size !== features)
      return {
        fault: `has vectors of ${size}, but the first line has vectors of ${features}`,
        hint: "Give all vectors the same size.",
      };
    const length = Math.min(stepCount, limit ?? stepCount);
    const parsedTargets: ExampleTarget[] = [];
    const sizes: number[] = [];
    for (const [index, { field, use }] of targets.entries()) {
      const parsed = parseTargets(use.targets === "classes" ? exact : line, field, use);
      if ("fault" in parsed) return parsed;
      const { labels, values, size } = parsed.value;
      const width = examples.length === 0 ? size : (widths[index] ?? 0);
      const what = field.role === field.key ? field.role : describeField(field);
      if (size !== width)
        return { fault: `has ${what} of ${formatCount(size, "number")}, but the first line has ${width}` };
      const count = labels.length + values.length / Math.max(width, 1);
      if (field.role === "tags" && count !== stepCount)
        return {
          fault: `has ${formatCount(count, "tag")} for ${formatCount(stepCount, "step")}`,
          hint: "Write one tag for each step.",
        };
      const targetCount = field.role === "tags" ? length : 1;
      parsedTargets.push({ labels: labels.slice(0, targetCount), values: values.slice(0, targetCount * width) });
      sizes.push(width);
    }
    widths = sizes;
    return {
      value: {
        line: number,
        length,
        file,
        ...place,
        ids: tokens.slice(0, length).map((token) => intern(idByToken, token)),
        vectors: vectors.slice(0, length * size),
        targets: parsedTargets,
        members: withTargets ? {} : membersOf(exact, input),
      },
    };
  };

  const visit: LineVisitor = (jsonLine, number, fields) => {
    const { line } = jsonLine;
    const report = (code: string, what: string, hint: string, pointer = path): readonly RunProblem[] => [
      { code, path: pointer, file, line: number, message: `${file}:${number}: The line ${what}.`, hint },
    ];
    if (lineKeys === undefined) {
      const input = fields.inputs.find(({ key }) => line[key] !== undefined);
      const found = withTargets ? fields.targets.filter(({ key }) => line[key] !== undefined) : [];
      const target = found[0];
      const isComplete =
        !withTargets || (fields.named === null ? target !== undefined : found.length === fields.named.size);
      if (input === undefined || !isComplete) {
        const candidates = input === undefined ? fields.inputs : fields.targets;
        const only = candidates.find((field) => !found.some((other) => other === field));
        const name = [...(fields.named ?? [])].find(([, field]) => field === only)?.[0];
        if (only !== undefined && (only.key !== only.role || name !== undefined))
          return report(
            "column-missing",
            `has no ${describeField(only)}`,
            keyHint(only.key, Object.keys(line)),
            name === undefined ? `/data/columns/${only.role}` : `/data/targets/${name}`,
          );
        const what = input === undefined ? "has no text, tokens or inputs" : "has no label and no tags";
        return report("sequence-line", what, keysHint(line));
      }
      if (input.role !== "text" && "normalization" in tokenization)
        return report("sequence-text", `has ${input.role}, which data.text does not change`, textHint, "/data/text");
      if (tokenization.unit === "bpe" && (input.role !== "text" || (target?.role ?? "label") !== "label"))
        return report("sequence-text", `has ${tokensFault(input, data.unit)}`, wordsHint, "/data/unit");
      const own = target === undefined ? [] : [[ONLY_TARGET, target] as const];
      const targets = [...(withTargets ? (fields.named ?? own) : [])].map(([name, field]) => {
        return { name, field, use: targetUses.get(name) ?? (firstUse as Uses) };
      });
      const mismatches = [
        describeInputMismatch(input.role, firstUse as Uses),
        ...targets.map(({ field, use }) => describeMismatch(field.role, use)),
      ];
      const mismatch = mismatches.find((found) => found !== undefined);
      if (mismatch !== undefined) return report("sequence-kind", mismatch.what, mismatch.hint);
      lineKeys = { input, targets };
      const steps = line[input.key];
      firstText = input.role === "text" && typeof steps === "string" ? steps : null;
    }
    const found = withTargets ? readPlace(data, line, part) : ok({ part, group: null });
    if (!found.ok) return report("split-column", found.error.fault, found.error.hint, found.error.path);
    place = found.value;
    const example = exampleOf(jsonLine, number, lineKeys);
    if ("fault" in example) return report("sequence-line", example.fault, example.hint ?? "");
    if (example.value !== null) examples.push(example.value);
    return [];
  };
  const problems: RunProblem[] = [];
  const notices: string[] = [];
  const reader: LineReader = { roles, withTargets, visit, note: (notice) => notices.push(notice) };
  for (const source of files) {
    ({ file, path, part } = source);
    problems.push(...(await readLines(data, { file, folder, path }, reader)));
  }
  if (problems.length > 0) return fail(problems);
  const [firstEmpty] = emptyTexts;
  if (firstEmpty !== undefined) {
    const rows = formatCount(emptyTexts.length, "row");
    const are = emptyTexts.length === 1 ? "has no text, and is" : "have no text, and are";
    const place = `${firstEmpty.file}:${firstEmpty.line}`;
    if (examples.length === 0) {
      const message = `${place}: No row has a text.`;
      return fail([
        { code: "sequence-line", path, ...firstEmpty, message, hint: "Name the column of texts in data.columns." },
      ]);
    }
    notices.push(`${rows} ${are} left out of training and evaluation: the first is ${place}.`);
  }
  const tokens = [...idByToken.keys()];
  const targets = (lineKeys?.targets ?? []).map(({ name, field }, index): SequenceTarget => {
    return { name, isTagged: field.role === "tags", width: widths[index] ?? 0 };
  });
  return ok({ examples, tokens, features, targets, firstText, notices });
}

const wordsHint = 'Set "unit": "word".';

function tokensFault({ role }: Field<InputRole>, unit: NormalSequencesData["unit"]): string {
  const [part, division] =
    unit === "byte" ? ["byte", "the unit byte"] : ["token of byte-pair encoding", "byte-pair encoding"];
  return role === "text"
    ? `a tag for each word, but a ${part} may be a part of one`
    : `${role}, which ${division} does not divide`;
}

const textHint = "Remove data.text, or write text in place of them.";

function keysHint(line: Line): string {
  const keys = Object.keys(line).map((key) => JSON.stringify(key));
  const found = keys.length === 0 ? "The line is empty" : `It has ${listFirst(keys, 8)}`;
  return `${found}. Keys are text, tokens or inputs for the steps, label or tags for the targets; data.columns maps others.`;
}

function membersOf(line: Line, { role, key }: Field<InputRole>): Line {
  const { [key]: _, ...others } = line;
  return role === "inputs" ? others : line;
}

/** The mismatch between the steps of the lines and the model, with a hint. */
function describeInputMismatch(inputKey: InputRole, uses: Uses) {
  if (inputKey === "inputs" && uses.inputs === "ids") {
    return {
      what: "has vectors, but the model looks up tokens",
      hint: "Begin the model with an rnn or a dense layer.",
    };
  }
  if (inputKey !== "inputs" && uses.inputs === "numbers") {
    return { what: `has ${inputKey}, but the model reads numbers`, hint: "Begin the model with an embedding layer." };
  }
  return undefined;
}

/** The mismatch between a target of the lines and the model, with a hint. */
function describeMismatch(targetKey: TargetRole, uses: Uses) {
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
