/** Generated pages equal what the generators write now, and equations and sources are complete. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { explainFunction, updateOperators } from "../../compiler/inspect/explain-function.js";
import { builtInFunctions, updateFunctions } from "../../compiler/language/functions/index.js";
import { builtInActivations } from "../../schema/built-in.js";
import { definition, specSchema } from "../../schema/json-schema.js";
import { root } from "../support/spawn.js";

const site = join(root, "docs/site");
const page = (name: string) => readFileSync(join(root, "docs/reference", name), "utf8");

test("pages of the spec are up to date (npm run reference)", async () => {
  const { specReference } = await import(join(site, "spec-reference.mjs"));
  const pages: ReadonlyMap<string, string> = specReference();
  expect(readdirSync(join(root, "docs/reference/spec")).sort()).toEqual([...pages.keys()].sort());
  const stale = [...pages].filter(([name, text]) => page(`spec/${name}`) !== text).map(([name]) => name);
  expect(stale, "outdated pages of docs/reference/spec: npm run reference").toEqual([]);
});

test("the page of the command line is up to date (npm run build, npm run reference)", async () => {
  const { cliReference } = await import(join(site, "cli-reference.mjs"));
  const { commands } = await import(join(root, "dist/cli/commands/index.js"));
  expect(page("cli.md") === (await cliReference(commands)), "outdated docs/reference/cli.md: npm run reference").toBe(
    true,
  );
});

test("the page of the equation language is up to date, and every activation has a source", async () => {
  const { languageReference } = await import(join(site, "language-reference.mjs"));
  const { activationSources } = await import(join(site, "sources.mjs"));
  const text: string = languageReference(builtInFunctions, updateFunctions, explainFunction, updateOperators);
  expect(page("language.md") === text, "outdated docs/reference/language.md: npm run reference").toBe(true);
  expect(builtInActivations().filter((name) => activationSources[name] === undefined)).toEqual([]);
});

test("every loss, optimizer and schedule has its equation, every cell and initializer its source", async () => {
  const { cellSources, initializers } = await import(join(site, "sources.mjs"));
  const { loss, optimizer } = specSchema().properties ?? {};
  const words = [loss, optimizer, definition("schedule")].flatMap((union) =>
    (union?.oneOf ?? []).map(({ $ref = "" }) => $ref.replace("#/$defs/", "")),
  );
  expect(words.length).toBeGreaterThan(20);
  expect(words.filter((word) => definition(word)["x-equation"] === undefined)).toEqual([]);
  const cells = readdirSync(join(root, "specs/cells")).map((file) => file.replace(".json", ""));
  expect(cells.filter((name) => cellSources[name] === undefined)).toEqual([]);
  const distributions = definition("initial_value").anyOf?.[0]?.$comment ?? "";
  const names = [...distributions.matchAll(/"(\w+)"/g)].map(([, word = ""]) => word);
  expect(names.length).toBeGreaterThan(2);
  expect(names.filter((word) => initializers[word] === undefined)).toEqual([]);
});
