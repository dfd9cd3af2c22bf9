/** The templates that the package brings: a spec that runs as it is, its data, and a page that says how to make it one's own. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { packageRoot } from "../../../schema/package-root.js";

export interface Template {
  readonly name: string;
  /** What is learnt, in a line. */
  readonly task: string;
}

/** A file of a template, by its place in the folder that it is written to. */
export interface TemplateFile {
  readonly path: string;
  readonly content: Uint8Array;
}

/** Names of data files in a template's spec start with this. */
const dataFolder = "../specs/data/";

/** In the order in which they are best read: from text to cells. */
const templateOrder: readonly string[] = [
  "next-character",
  "classify-text",
  "tag-sequence",
  "forecast-series",
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
 * What a template writes.
 *
 * @param target the folder that it is written to: the spec names the schema from there, so that editors find it.
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
