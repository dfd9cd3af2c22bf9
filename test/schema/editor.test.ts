/** The schema in an editor: the language service of VS Code on a spec of a project that has rnnx installed. */
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { getLanguageService, TextDocument } from "vscode-json-languageservice";
import { builtInFunctions } from "../../compiler/language/functions/index.js";
import { cellSchema, definition, type Schema, specSchema } from "../../schema/json-schema.js";
import { packageRoot } from "../../schema/package-root.js";

const project = mkdtempSync(join(tmpdir(), "rnnx-editor-"));
const uri = pathToFileURL(join(project, "spec.json")).href;
const read: string[] = [];

/** A language service that reads files only, without network. */
const service = getLanguageService({
  async schemaRequestService(requested) {
    read.push(requested);
    return readFileSync(fileURLToPath(requested), "utf8");
  },
  workspaceContext: { resolveRelativePath: (path, resource) => new URL(path, resource).href },
});

beforeAll(() => {
  mkdirSync(join(project, "node_modules"));
  symlinkSync(packageRoot(), join(project, "node_modules/rnnx"));
});

/** A spec with the given text; `|` marks the cursor. */
function open(text: string, schema = "spec.schema.json") {
  const documentText = `{ "$schema": "./node_modules/rnnx/schema/${schema}", ${text} }`;
  const offset = documentText.indexOf("|");
  const document = TextDocument.create(uri, "json", 1, documentText.replace("|", ""));
  return { document, position: document.positionAt(offset), json: service.parseJSONDocument(document) };
}

async function completions(text: string, schema?: string): Promise<readonly string[]> {
  const { document, position, json } = open(text, schema);
  const list = await service.doComplete(document, position, json);
  return (list?.items ?? []).map(({ label }) => label);
}

async function hover(text: string): Promise<string> {
  const { document, position, json } = open(text);
  const result = await service.doHover(document, position, json);
  return JSON.stringify(result?.contents ?? "");
}

async function marks(text: string, schema?: string): Promise<readonly string[]> {
  const { document, json } = open(text, schema);
  return (await service.doValidation(document, json)).map(({ message }) => JSON.stringify(message));
}

test("keys are completed, at the top and in the branch of a tag", async () => {
  expect(await completions("|")).toEqual(expect.arrayContaining(["model", "data", "optimizer", "train", "seed"]));
  expect(await completions('"train": { | }')).toEqual(expect.arrayContaining(["steps", "batch_size", "keep_best"]));
  expect(await completions('"model": [{ "layer": "rnn", | }]')).toEqual(
    expect.arrayContaining(["cell", "hidden_size", "bidirectional", "forget_bias"]),
  );
  expect(await completions('"optimizer": { "type": "adam", | }')).toEqual(
    expect.arrayContaining(["learning_rate", "beta1", "schedule"]),
  );
  expect(await completions('"cells": { "mine": { | } }')).toEqual(
    expect.arrayContaining(["state", "parameters", "equations", "output"]),
  );
});

test("values are completed", async () => {
  expect(await completions('"optimizer": { "type": | }')).toEqual(
    expect.arrayContaining(['"adam"', '"sgd"', '"lion"']),
  );
  expect(await completions('"model": [{ "layer": "rnn", "cell": | }]')).toEqual(
    expect.arrayContaining(['"lstm"', '"gru"']),
  );
});

test("keys are explained, those of cells too", async () => {
  expect(await hover('"se|ed": 1')).toContain("The same spec and seed give the same losses");
  expect(await hover('"optimizer": { "type": "adam", "be|ta1": 0.9 }')).toContain("Decay of the mean gradient");
  expect(await hover('"cells": { "mine": { "equ|ations": [] } }')).toContain("One step, evaluated from top to bottom");
});

test("equations list the functions that they may call, and lines to begin with", async () => {
  const kinds = {
    cells: '"cells": { "mine": { "equations": [@] } }',
    layers: '"layers": { "mine": { "equations": [@] } }',
    activations: '"activations": { "mine": { "equations": [@] } }',
    losses: '"losses": { "mine": { "equations": [@] } }',
    optimizers: '"optimizers": { "mine": { "equations": [@] } }',
  };
  for (const [kind, text] of Object.entries(kinds)) {
    const shown = await hover(text.replace("@", '"y = |x"'));
    const [, listed = ""] = /Functions of all equations: (.*?);/.exec(shown.replaceAll("\\\\", "")) ?? [];
    expect(listed.split(", "), kind).toEqual(builtInFunctions.names);
    expect(await completions(text.replace("@", "|")), kind).toContain('"a, b = split(x, 2)"');
  }
});

test("a key with a shared definition has its own description", async () => {
  const invalid = [];
  for (const { pointer, schema } of overridden()) {
    const name = /\$defs\/(\w+)$/.exec(schema.$ref ?? "")?.[1] ?? "";
    const { title, description, examples } = definition(name);
    // Editors prefer the definition to annotations next to the reference.
    const missingTexts = Object.entries({ title, description, examples }).filter(
      ([key, value]) =>
        value !== undefined && JSON.stringify(value) !== JSON.stringify(schema[key as keyof Schema] ?? value),
    );
    invalid.push(...missingTexts.map(([key]) => `${pointer}: ${key}`));
  }
  expect(invalid).toEqual([]);
});

/** References with annotations next to them. */
function overridden(): readonly { readonly pointer: string; readonly schema: Schema }[] {
  const entries: { readonly pointer: string; readonly schema: Schema }[] = [];
  const visit = (node: unknown, pointer: string): void => {
    if (typeof node !== "object" || node === null) return;
    const schema = node as Schema;
    if (typeof schema.$ref === "string" && Object.keys(schema).length > 1 && /\$defs/.test(schema.$ref))
      entries.push({ pointer, schema });
    for (const [key, value] of Object.entries(node)) if (!dataKeywords.includes(key)) visit(value, `${pointer}/${key}`);
  };
  visit(specSchema(), "spec");
  visit(cellSchema(), "cell");
  return entries;
}

const dataKeywords = ["examples", "default", "enum", "const"];

test("the gallery has no marks, and a mistake has one", async () => {
  const spec = readFileSync(join(packageRoot(), "specs/translate.json"), "utf8");
  const text = spec
    .trim()
    .slice(1, -1)
    .replace(/"\$schema":[^,]*,/, "");
  expect(await marks(text)).toEqual([]);
  expect(await marks('"data": { "type": "text", "text": "a", "window": 1 }, "sed": 1')).not.toEqual([]);
});

test("a spec with variables, of a spec that it extends, has its own schema", async () => {
  const schema = "composed-spec.schema.json";
  const text =
    '"extends": "base.json", "variables": { "width": 64 }, "optimizer": { "learning_rate": "$rate" }, ' +
    '"model": [{ "layer": "rnn", "cell": "lstm", "hidden_size": "$width" }]';
  expect(await marks(text, schema)).toEqual([]);
  expect(await marks(text)).not.toEqual([]);
  expect(await marks('"extends": "base.json", "sed": 1', schema)).not.toEqual([]);
  expect(await marks('"seed": "wide"', schema)).not.toEqual([]);
  expect(await completions('"extends": "base.json", "train": { | }', schema)).toEqual(
    expect.arrayContaining(["steps", "batch_size", "keep_best"]),
  );
  expect(await completions('"optimizer": { "type": "adam", | }', schema)).toEqual(
    expect.arrayContaining(["learning_rate", "beta1", "schedule"]),
  );
});

test("nothing outside the project is read", () => {
  expect([...new Set(read)].sort()).toEqual(
    ["cell", "composed-spec", "spec"].map(
      (name) => pathToFileURL(join(project, `node_modules/rnnx/schema/${name}.schema.json`)).href,
    ),
  );
});

test("a spec file may be written right there, in the form that is published", () => {
  writeFileSync(join(project, "spec.json"), "{}");
  const { exports } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8"));
  expect(exports["./schema/*"]).toBe("./schema/*");
});
