/** `rnnx init`: creates a spec from a template, with sample data to train on. */
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { suggestion } from "../../../schema/diagnostics/suggest.js";
import type { CommandModule } from "../../command.js";
import { reportInvalidInput } from "../../errors.js";
import { exitCodes } from "../../exit-codes.js";
import { collectValues } from "../../option-parsers.js";
import type { Output } from "../../output.js";
import { tableText } from "../../table.js";
import type { Template } from "./templates.js";

interface Flags {
  readonly list?: boolean;
  readonly out: string;
  readonly data?: string;
  /** One, or several that are refused. */
  readonly target?: readonly string[];
}

export const init: CommandModule = {
  description:
    "Writes a spec for a task, sample data to train on, and a page about using your own data; or, with --data, a spec for your data: " +
    "tables of single rows, series, panels of several series, texts with labels or tags, pairs of texts, a plain text, " +
    "images, or a folder of sounds. Never overwrites a file.",
  example: "rnnx init --data reviews.csv --target sentiment",

  declare(command) {
    command
      .argument("[template]", "task (asks if absent)")
      .option("--list", "list the templates")
      .option(
        "--data <path>",
        "write a spec for this file (.csv, .tsv, .jsonl, .parquet, .arrow, .txt, IDX) or folder of .wav files",
      )
      .option("--target <column>", "column of --data to predict, or the file of labels of images", collectValues)
      .option("--out <dir>", "output folder", ".");
  },

  async run(output, command) {
    const [name] = command.args;
    const { list, out, data, target: [target, ...otherTargets] = [] } = command.opts<Flags>();
    if (data !== undefined && (name !== undefined || list === true)) {
      reportInvalidInput(output, "usage", "--data writes a spec of its own", "Remove the template, or --data.");
      return exitCodes.invalidInput;
    }
    if (data === undefined && target !== undefined) {
      reportInvalidInput(output, "usage", "--target is a column of --data", "Name the file with --data.");
      return exitCodes.invalidInput;
    }
    if (otherTargets.length > 0) {
      const message = `--target names ${otherTargets.length + 1} columns`;
      const hint = `Name one: the spec of ${target} has the key data.target, where others can be added.`;
      reportInvalidInput(output, "usage", message, hint);
      return exitCodes.invalidInput;
    }
    if (statSync(out, { throwIfNoEntry: false })?.isDirectory() === false) {
      reportInvalidInput(output, "usage", `--out ${out} is a file, not a folder`, "Name a folder.");
      return exitCodes.invalidInput;
    }
    if (/\.json$/i.test(out) && !existsSync(out)) {
      const message = `--out ${out} is the name of a file, but the spec is named after its ${data === undefined ? "template" : "data"}`;
      reportInvalidInput(
        output,
        "usage",
        message,
        `Name a folder, such as --out ${join(dirname(out), basename(out, extname(out)))}.`,
      );
      return exitCodes.invalidInput;
    }
    if (data !== undefined) {
      const { initFromData } = await import("./data/index.js");
      return initFromData(output, { data, target, out });
    }
    const { listTemplates, templateFiles } = await import("./templates.js");
    const templates = listTemplates();
    if (list === true) {
      output.record({ event: "result", templates });
      output.print(templatesText(output, templates));
      return exitCodes.success;
    }
    const templateName = name ?? (await promptForTemplate(output, templates));
    const template = templates.find((candidate) => candidate.name === templateName);
    if (template === undefined) return reportUnknownTemplate(output, templateName, templates);

    const files = templateFiles(template.name, resolve(out));
    const existing = files.filter(({ path }) => existsSync(join(out, path))).map(({ path }) => join(out, path));
    if (existing.length > 0) {
      const hint = "No file was written. Choose another folder with --out.";
      reportInvalidInput(
        output,
        "file-exists",
        `${existing.join(", ")} ${existing.length > 1 ? "exist" : "exists"} already`,
        hint,
      );
      return exitCodes.invalidInput;
    }
    for (const { path, content } of files) {
      mkdirSync(dirname(join(out, path)), { recursive: true });
      writeFileSync(join(out, path), content, { flag: "wx" });
    }
    const spec = join(out, `${template.name}.json`);
    output.record({ event: "result", template: template.name, spec, files: files.map(({ path }) => join(out, path)) });
    output.print(
      nextSteps(
        output,
        files.map(({ path }) => join(out, path)),
        spec,
      ),
    );
    return exitCodes.success;
  },
};

function templatesText({ colors }: Output, templates: readonly Template[]): string {
  const rows = templates.map(({ name, task }) => [name, task]);
  return tableText(colors.print, [{ title: "template" }, { title: "task" }], rows);
}

function nextSteps({ colors }: Output, files: readonly string[], spec: string): string {
  const { bold, dim, green } = colors.print;
  return [
    ...files.map((file) => `${green("+")} ${file}`),
    "",
    `${bold(`rnnx train ${spec}`)}  ${dim("trains the model")}`,
    `${bold(`rnnx train ${spec} --dry-run`)}  ${dim("prints the model and its first batch")}`,
    dim(`${spec.replace(/json$/, "md")} describes the format of the data and how to use your own.`),
  ].join("\n");
}

/** Asks for a template on a terminal; undefined without a terminal. */
async function promptForTemplate(output: Output, templates: readonly Template[]): Promise<string | undefined> {
  if (output.json || process.stdin.isTTY !== true || process.stderr.isTTY !== true) return undefined;
  const width = Math.max(...templates.map(({ name }) => name.length));
  templates.forEach(({ name, task }, index) => {
    output.note(`  ${index + 1}  ${name.padEnd(width)}  ${output.colors.note.dim(task)}`);
  });
  const { createInterface } = await import("node:readline/promises");
  const readline = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => readline.once("close", () => resolve("")));
  const answer = (await Promise.race([readline.question("Template (number or name): "), closed])).trim();
  readline.close();
  return templates[Number(answer) - 1]?.name ?? (answer === "" ? undefined : answer);
}

function reportUnknownTemplate(output: Output, name: string | undefined, templates: readonly Template[]): number {
  const names = templates.map((template) => template.name);
  if (name === undefined) {
    const hint = `The templates are ${names.join(", ")}. rnnx init --list describes them.`;
    reportInvalidInput(output, "usage", "no template named", hint);
    return exitCodes.invalidInput;
  }
  reportInvalidInput(output, "unknown-template", `unknown template "${name}"`, suggestion(name, names, "Templates"));
  return exitCodes.invalidInput;
}
