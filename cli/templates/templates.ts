/** The templates that the package brings: a spec that runs as it is, its data, and a page that says how to make it one's own. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { packageRoot } from "../../schema/root.js";

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
const order: readonly string[] = [
  "next-character",
  "classify-text",
  "tag-sequence",
  "forecast-series",
  "translate",
  "image-rows",
  "own-cell",
];

export function listTemplates(): readonly Template[] {
  const place = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  return readdirSync(folder())
    .filter((file) => file.endsWith(".json"))
    .map((file) => basename(file, ".json"))
    .sort((a, b) => place(a) - place(b) || a.localeCompare(b))
    .map((name) => ({ name, task: taskOf(readFileSync(join(folder(), `${name}.md`), "utf8")) }));
}

/**
 * What a template writes.
 *
 * @param target the folder that it is written to: the spec names the schema from there, so that editors find it.
 */
export function templateFiles(name: string, target: string): readonly TemplateFile[] {
  const spec = readFileSync(join(folder(), `${name}.json`), "utf8");
  const data = [...spec.matchAll(new RegExp(`"${dataFolder}([^"]+)"`, "g"))].map(([, file = ""]) => file);
  const schema = relative(target, join(packageRoot(), "schema/spec.schema.json")).split(sep).join("/");
  const own = spec
    .replaceAll(`"${dataFolder}`, '"data/')
    .replace('"../schema/spec.schema.json"', () => JSON.stringify(schema.startsWith(".") ? schema : `./${schema}`));
  return [
    { path: `${name}.json`, content: Buffer.from(own) },
    { path: `${name}.md`, content: readFileSync(join(folder(), `${name}.md`)) },
    ...data.map((file) => ({
      path: `data/${file}`,
      content: readFileSync(join(packageRoot(), "specs/data", file)),
    })),
  ];
}

function folder(): string {
  return join(packageRoot(), "templates");
}

function taskOf(page: string): string {
  return /^# (.+)$/m.exec(page)?.[1] ?? "";
}
