/** The templates of the package: a spec, its sample data, and a page about using other data. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { packageRoot } from "../../../schema/package-root.js";

export interface Template {
  readonly name: string;
  /** The task of the model in one line. */
  readonly task: string;
}

/** A file of a template; `path` is relative to the output folder. */
export interface TemplateFile {
  readonly path: string;
  readonly content: Uint8Array;
}

/** Prefix of the data files in the spec of a template. */
const dataFolder = "../specs/data/";

/** The order of the list: from text to custom cells. */
const templateOrder: readonly string[] = [
  "next-character",
  "gpt-characters",
  "classify-text",
  "convolutional-classifier",
  "tag-sequence",
  "transformer-tagger",
  "forecast-series",
  "cnn-lstm",
  "tcn-music",
  "translate",
  "image-rows",
  "own-cell",
];

export function listTemplates(): readonly Template[] {
  const rank = (name: string) => (templateOrder.includes(name) ? templateOrder.indexOf(name) : templateOrder.length);
  return readdirSync(templatesFolder())
    .filter((file) => file.endsWith(".json"))
    .map((file) => basename(file, ".json"))
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
    .map((name) => ({ name, task: taskTitle(readFileSync(join(templatesFolder(), `${name}.md`), "utf8")) }));
}

/**
 * The files of a template.
 *
 * @param target output folder: the spec refers to the schema by a path relative to it, so that editors find the schema.
 */
export function templateFiles(name: string, target: string): readonly TemplateFile[] {
  const spec = readFileSync(join(templatesFolder(), `${name}.json`), "utf8");
  const data = [...spec.matchAll(new RegExp(`"${dataFolder}([^"]+)"`, "g"))].map(([, file = ""]) => file);
  const schema = relative(target, join(packageRoot(), "schema/spec.schema.json")).split(sep).join("/");
  const specText = spec
    .replaceAll(`"${dataFolder}`, '"data/')
    .replace('"../schema/spec.schema.json"', () => JSON.stringify(schema.startsWith(".") ? schema : `./${schema}`));
  return [
    { path: `${name}.json`, content: Buffer.from(specText) },
    { path: `${name}.md`, content: readFileSync(join(templatesFolder(), `${name}.md`)) },
    ...data.map((file) => ({
      path: `data/${file}`,
      content: readFileSync(join(packageRoot(), "specs/data", file)),
    })),
  ];
}

function templatesFolder(): string {
  return join(packageRoot(), "templates");
}

function taskTitle(page: string): string {
  return /^# (.+)$/m.exec(page)?.[1] ?? "";
}
