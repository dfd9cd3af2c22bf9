/** The pages that are made from the code say what the code says now, of everything in it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { definition, specSchema } from "../../schema/json-schema.js";
import { root } from "../support/spawn.js";

const site = join(root, "docs/site");
const page = (name: string) => readFileSync(join(root, "docs/reference", name), "utf8");

test("the spec's page is up to date (npm run reference)", async () => {
  const { specReference } = await import(join(site, "spec-reference.mjs"));
  expect(page("spec.md") === specReference(), "docs/reference/spec.md is old: npm run reference").toBe(true);
});

test("the command line's page is up to date (npm run build, npm run reference)", async () => {
  const { cliReference } = await import(join(site, "cli-reference.mjs"));
  const { commands } = await import(join(root, "dist/cli/commands/index.js"));
  expect(page("cli.md") === (await cliReference(commands)), "docs/reference/cli.md is old: npm run reference").toBe(
    true,
  );
});

test("links within the spec's page lead somewhere", () => {
  const text = page("spec.md");
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) => anchorOf(title));
  const targets = [...text.matchAll(/\]\(#([^)]*)\)/g)].map(([, target]) => target);
  expect(targets.length).toBeGreaterThan(50);
  expect(targets.filter((target) => !headings.includes(target ?? ""))).toEqual([]);
  expect(headings.filter((heading, index) => headings.indexOf(heading) !== index)).toEqual([]);
});

test("every loss, optimizer and schedule has its equation, every cell and initializer its source", async () => {
  const { equations, cellSources, initializers } = await import(join(site, "equations.mjs"));
  const { loss, optimizer } = specSchema().properties ?? {};
  const words = [loss, optimizer, definition("schedule")].flatMap((union) =>
    (union?.oneOf ?? []).map(({ $ref = "" }) => $ref.replace("#/$defs/", "")),
  );
  expect(words.length).toBeGreaterThan(20);
  expect(words.filter((word) => equations[word]?.equation === undefined)).toEqual([]);
  const cells = readdirSync(join(root, "specs/cells")).map((file) => file.replace(".json", ""));
  expect(cells.filter((name) => cellSources[name] === undefined)).toEqual([]);
  const distributions = definition("initial_value").anyOf?.[0]?.$comment ?? "";
  const names = [...distributions.matchAll(/"(\w+)"/g)].map(([, word = ""]) => word);
  expect(names.length).toBeGreaterThan(2);
  expect(names.filter((word) => initializers[word] === undefined)).toEqual([]);
});

function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9 _-]/g, "")
    .replaceAll(" ", "-");
}
