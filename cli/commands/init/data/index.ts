/** `rnnx init --data`: writes a spec from the columns of a data file, after checking that it trains. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve, sep } from "node:path";
import { expandPattern, isPattern } from "../../../../runtime/data/formats/file-list.js";
import { formatCount } from "../../../../runtime/format.js";
import type { RunProblem } from "../../../../runtime/problem.js";
import { fail, ok, type Result } from "../../../../runtime/result.js";
import { packageRoot } from "../../../../schema/package-root.js";
import { reportInvalidInput } from "../../../errors.js";
import { exitCodes } from "../../../exit-codes.js";
import { formatSpec } from "../../../format-spec.js";
import { isFolder } from "../../../is-folder.js";
import { reportProblems } from "../../../open-run.js";
import type { Output } from "../../../output.js";
import { type ComposedSpec, composeImagesSpec, composeSpec, composeTextSpec } from "./compose-spec.js";
import { factsRecord, factsText, taskText } from "./facts-text.js";
import { type FileFacts, readFileFacts } from "./file-facts.js";
import { findPanel } from "./panel.js";
import { pathColumn, proposeSoundList } from "./sound-list.js";
import { proposeSounds } from "./sounds.js";
import { type TaskResult, taskOf } from "./task.js";

export interface DataFlags {
  readonly data: string;
  readonly target: string | undefined;
  readonly out: string;
}

/** A spec, and what was found in the file. */
interface Proposal {
  readonly composed: ComposedSpec;
  readonly record: object;
  readonly text: string;
}

export async function initFromData(output: Output, { data, target, out }: DataFlags): Promise<number> {
  const name = specName(data);
  const specFile = join(out, `${name}.json`);
  if (existsSync(specFile) && resolve(specFile) !== resolve(data)) {
    reportInvalidInput(output, "file-exists", `${specFile} exists already`, "Choose another folder with --out.");
    return exitCodes.invalidInput;
  }
  const proposal = await propose(output, data, target ?? null, out);
  if (!proposal.ok) {
    reportProblems(output, proposal.error);
    return exitCodes.invalidInput;
  }
  const { composed, record, text } = proposal.value;
  output.print(text);
  const schema = slashes(relative(resolve(out), join(packageRoot(), "schema/spec.schema.json")));
  const content = formatSpec({ $schema: schema.startsWith(".") ? schema : `./${schema}`, name, seed: 1, ...composed });
  const checked = await checkTraining(content, specFile, out);
  if (!checked.ok) {
    reportProblems(output, checked.error);
    output.note("No spec was written.");
    return exitCodes.invalidInput;
  }
  for (const notice of checked.value) output.note(notice);
  mkdirSync(out, { recursive: true });
  writeFileSync(specFile, content, { flag: "wx" });
  output.record({ event: "result", spec: specFile, data, ...record });
  const { bold, dim, green } = output.colors.print;
  output.print(
    [
      `\n${green("+")} ${specFile}`,
      "",
      `${bold(`rnnx train ${specFile}`)}  ${dim("trains the model")}`,
      `${bold(`rnnx train ${specFile} --dry-run`)}  ${dim("prints the model and its first batch")}`,
    ].join("\n"),
  );
  return exitCodes.success;
}

/** The name of the file in the letters of names: those with accents lose them, others become "-". */
function specName(data: string): string {
  const stem = basename(data)
    .replace(/\.gz$/i, "")
    .replace(/\.[^.]*$/, "");
  const plain = stem.normalize("NFKD").replace(/\p{M}/gu, "");
  return plain.replace(/[^A-Za-z0-9_.-]+/g, "-").replace(/^[^A-Za-z0-9]+|-+$/g, "") || "model";
}

async function propose(output: Output, data: string, target: string | null, out: string): Promise<Result<Proposal>> {
  const file = slashes(relative(resolve(out), resolve(data)));
  const isFound = existsSync(data) || (isPattern(data) && expandPattern(data, process.cwd()).length > 0);
  if (!isFound)
    return refuse("file-missing", `"${data}" does not exist`, "Check the path: it is relative to the current folder.");
  if (isFolder(data)) return proposeSounds(data, file === "" ? "." : file, target);
  if (/(?:\.idx|ubyte)(?:\.gz)?$/i.test(data)) return proposeImages(data, file, target, out);
  if (/\.txt(?:\.gz)?$/i.test(data)) return proposeText(data, file, target);
  const facts = await factsFor(data, target);
  if (!facts.ok) return facts;
  if (facts.value === null) {
    const others = /\.json(?:\.gz)?$/i.test(data)
      ? "write one object per line into a .jsonl file."
      : "rnnx init --list has specs for others.";
    const hint = `It reads .csv, .tsv, .jsonl, .parquet, .arrow, .txt and IDX files, and folders of .wav files; ${others}`;
    return refuse("file-kind", `rnnx init does not read "${data}"`, hint);
  }
  const found = factsText(output.colors.print, facts.value);
  const sounds = pathColumn(facts.value);
  if (sounds !== undefined) return proposeSoundList(data, file, facts.value, sounds, target);
  const chosen = await taskFor(data, facts.value, target);
  if ("fault" in chosen) {
    output.print(found);
    return refuse("init-target", chosen.fault.message, chosen.fault.hint);
  }
  const { task } = chosen;
  const record = { task: task.type, ...factsRecord(facts.value) };
  const text = `${found}\n\n${taskText(output.colors.print, task, facts.value)}`;
  return ok({ composed: composeSpec(task, facts.value, file), record, text });
}

/** The task, with the series of a file of several where a number of a table is predicted. */
async function taskFor(data: string, facts: FileFacts, target: string | null): Promise<TaskResult> {
  const chosen = taskOf(facts, target);
  if (!("task" in chosen) || !("inputs" in chosen.task)) return chosen;
  const panel = await findPanel({ file: data, folder: process.cwd() }, facts, target);
  return panel === null ? chosen : taskOf(facts, target, panel);
}

/** The facts of a file: lines that start with "#" are comments of tables, and texts in other data. */
async function factsFor(data: string, target: string | null): Promise<Result<FileFacts | null>> {
  const source = { file: data, folder: process.cwd() };
  const facts = await readFileFacts(source);
  if (facts.ok && (facts.value?.commentRows ?? 0) === 0) return facts;
  const chosen = facts.ok && facts.value !== null ? taskOf(facts.value, target) : undefined;
  const isText = chosen !== undefined && "task" in chosen && "input" in chosen.task;
  return isText ? facts : readFileFacts(source, "#");
}

function proposeText(data: string, file: string, target: string | null): Result<Proposal> {
  if (target !== null) {
    const hint = "Remove --target; a .csv, .tsv or .jsonl file has columns.";
    return refuse("init-target", `"${data}" is a plain text without columns`, hint);
  }
  const characters = readFileSync(data).length;
  if (characters < 8)
    return refuse("text-too-short", `"${data}" has ${formatCount(characters, "byte")}`, "Use a longer text.");
  const text = `${formatCount(characters, "byte")} of text: a model of the next character.`;
  return ok({ composed: composeTextSpec(file, characters), record: { task: "text", bytes: characters }, text });
}

async function proposeImages(
  data: string,
  file: string,
  target: string | null,
  out: string,
): Promise<Result<Proposal>> {
  if (target === null)
    return refuse(
      "init-target",
      `"${data}" has images without labels`,
      "Name the IDX file of the labels with --target.",
    );
  const { readIdx } = await import("../../../../runtime/data/formats/idx.js");
  const read = readIdx(readFileSync(data));
  if (!read.ok) return refuse("file-format", `"${data}" cannot be read as images: ${read.error}`, "");
  const [count = 0, rows = 0, columns = 0] = read.value.shape;
  const labels = slashes(relative(resolve(out), resolve(target)));
  const text = `${formatCount(count, "image")} of ${rows} × ${columns} pixels: a classifier of their rows.`;
  return ok({ composed: composeImagesSpec(file, labels, count), record: { task: "images", images: count }, text });
}

/** The notices of a training of the spec, or its problems. */
async function checkTraining(content: string, file: string, out: string): Promise<Result<readonly string[]>> {
  const [{ readSpec }, { planTraining }] = await Promise.all([
    import("../../../../schema/read.js"),
    import("../../../../runtime/training/plan.js"),
  ]);
  const read = await readSpec(content, { file, folder: resolve(out) });
  if (!read.ok) throw new Error(read.diagnostics.map(({ path, message }) => `${path}: ${message}`).join("\n"));
  const plan = await planTraining({
    spec: read.spec,
    folder: read.folder,
    out: join(out, "runs", read.spec.name),
    device: "cpu",
    resume: false,
    overwrite: true,
    init: null,
    disabledPasses: [],
  });
  if (plan.ok) return ok(plan.value.notices);
  return plan.error.kind === "input" ? fail(plan.error.problems) : refuse("init", plan.error.message, plan.error.hint);
}

function refuse(code: string, message: string, hint: string): Result<never, readonly RunProblem[]> {
  return fail([{ code, path: "", message, hint }]);
}

function slashes(path: string): string {
  return path.split(sep).join("/");
}
