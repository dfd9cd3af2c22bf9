/** `rnnx init`: starts a spec from a template, with a sample of data that trains at once. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { suggestion } from "../../schema/wording.js";
import type { CommandModule } from "../command.js";
import { exit } from "../exit.js";
import { refuse } from "../failures.js";
import { tableText } from "../inspection/table.js";
import type { Output } from "../output.js";
import type { Template } from "../templates/templates.js";

interface Flags {
  readonly list?: boolean;
  readonly out: string;
}

export const init: CommandModule = {
  description:
    "Writes a spec for a task, a sample of data that it trains on at once, and a page that says how to put your own in its place.\n" +
    "Writes nothing over what is there.",
  example: "rnnx init classify-text",

  declare(face) {
    face
      .argument("[template]", "the task; without it you are asked")
      .option("--list", "say which templates there are")
      .option("--out <dir>", "the folder to write to", ".");
  },

  async run(output, face) {
    const [name] = face.args;
    const { list, out } = face.opts<Flags>();
    const { listTemplates, templateFiles } = await import("../templates/templates.js");
    const templates = listTemplates();
    if (list === true) {
      output.record({ event: "result", templates });
      output.print(templatesText(output, templates));
      return exit.done;
    }
    const wanted = name ?? (await ask(output, templates));
    const template = templates.find((one) => one.name === wanted);
    if (template === undefined) return refuseName(output, wanted, templates);

    const files = templateFiles(template.name, resolve(out));
    const taken = files.filter(({ path }) => existsSync(join(out, path))).map(({ path }) => join(out, path));
    if (taken.length > 0) {
      const hint = "Nothing was written. Name another folder with --out.";
      refuse(output, "file-exists", `${taken.join(", ")} ${taken.length > 1 ? "are" : "is"} there already`, hint);
      return exit.wrongInput;
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
    return exit.done;
  },
};

function templatesText({ colors }: Output, templates: readonly Template[]): string {
  const rows = templates.map(({ name, task }) => [name, task]);
  return tableText(colors.print, [{ title: "template" }, { title: "teaches a model to" }], rows);
}

function nextSteps({ colors }: Output, files: readonly string[], spec: string): string {
  const { bold, dim, green } = colors.print;
  return [
    ...files.map((file) => `${green("+")} ${file}`),
    "",
    `${bold(`rnnx train ${spec}`)}  ${dim("trains it as it is")}`,
    `${bold(`rnnx train ${spec} --dry-run`)}  ${dim("shows the model, and what it will read")}`,
    dim(`${spec.replace(/json$/, "md")} says what the data looks like, and how to bring your own.`),
  ].join("\n");
}

/** The template that a person chooses; undefined where there is nobody to ask. */
async function ask(output: Output, templates: readonly Template[]): Promise<string | undefined> {
  if (output.json || process.stdin.isTTY !== true || process.stderr.isTTY !== true) return undefined;
  const width = Math.max(...templates.map(({ name }) => name.length));
  templates.forEach(({ name, task }, place) => {
    output.note(`  ${place + 1}  ${name.padEnd(width)}  ${output.colors.note.dim(task)}`);
  });
  const { createInterface } = await import("node:readline/promises");
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const left = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
  const answer = (await Promise.race([lines.question("Which one? "), left])).trim();
  lines.close();
  return templates[Number(answer) - 1]?.name ?? (answer === "" ? undefined : answer);
}

function refuseName(output: Output, name: string | undefined, templates: readonly Template[]): number {
  const names = templates.map((template) => template.name);
  if (name === undefined) {
    const hint = `The templates are ${names.join(", ")}. rnnx init --list says what they teach.`;
    refuse(output, "usage", "no template named", hint);
    return exit.wrongInput;
  }
  refuse(output, "unknown-template", `there is no template "${name}"`, suggestion(name, names, "The templates"));
  return exit.wrongInput;
}
