/** The promises of docs/reliability.md name tests that exist. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../support/spawn.js";

const page = readFileSync(join(root, "docs/reliability.md"), "utf8");
const [, section = ""] = /^## Twenty things that cannot happen\n([\s\S]*?)\n## /m.exec(page) ?? [];
const rows = [...section.matchAll(/^\| (.+?) \| (.+?) \| `(test\/[^`]+)`: (.+) \|$/gm)].map(
  ([, complaint = "", , file = "", title = ""]) => ({ complaint, file, title }),
);

test("there are twenty", () => {
  expect(rows).toHaveLength(20);
  expect(section.match(/^\|/gm)).toHaveLength(22);
});

test.each(rows)("$complaint: $title", ({ file, title }) => {
  expect(existsSync(join(root, file)), `${file} exists`).toBe(true);
  expect(readFileSync(join(root, file), "utf8").includes(`"${title}"`), `${file} has the test "${title}"`).toBe(true);
});

test("test files that the page names exist", () => {
  const files = [...page.matchAll(/`((?:test|compiler)\/[\w/.-]+)`/g)].map(([, file = ""]) => file);
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});
