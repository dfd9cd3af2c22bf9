/**
 * Mistakes that people make, and what they are told: the line, what is wrong, and what to write instead. The answers are in
 * expected.txt; `npx vitest run test/bad-inputs -u` writes them anew, to be read before they are kept.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { planTraining } from "../../runtime/prepare.js";
import type { RunProblem } from "../../runtime/problem.js";
import type { Diagnostic } from "../../schema/diagnostics.js";
import { readSpec } from "../../schema/read.js";
import { temporaryFolder } from "../runtime/folder.js";
import { type Base, bases } from "./bases.js";
import { type Change, changes } from "./changes.js";

function changed(text: string, [from, to]: Change): string {
  if (!text.includes(from)) throw new Error(`the base does not hold ${from}`);
  return text.replace(from, () => to);
}

/** What a training of these says before it begins. */
async function answers(base: Base, at: string): Promise<readonly string[]> {
  const folder = join(temporaryFolder(), "spec");
  mkdirSync(folder);
  for (const [name, content] of Object.entries(base.files ?? {})) writeFileSync(join(folder, name), content);
  const read = await readSpec(base.spec, { folder, file: "spec.json" });
  if (!read.ok) return read.diagnostics.map((diagnostic) => say(diagnostic));
  const out = join(folder, "run");
  const request = { spec: read.spec, folder, out, device: "cpu", resume: false, init: null, without: [] } as const;
  const planned = await planTraining(request);
  if (planned.ok) return [`nothing is wrong with ${at}`];
  if (planned.outcome.ok || planned.outcome.kind !== "input") throw new Error("it ended in another way");
  return planned.outcome.problems.map((problem) => say(read.document.place(problem), problem));
}

function say(
  { line, column, code, message, hint }: Diagnostic,
  { file, line: inFile }: Partial<RunProblem> = {},
): string {
  const place = file !== undefined && inFile !== undefined ? `${file}:${inFile}` : `${line}:${column}`;
  return `${place} ${code}: ${message}${hint === "" ? "" : ` → ${hint}`}`;
}

test("every mistake is told with its line and a way out", async () => {
  const told: string[] = [];
  let count = 0;
  for (const [where, list] of Object.entries(changes)) {
    const [name = "", file] = where.split(" ");
    const base: Base = bases[name as keyof typeof bases];
    for (const change of list) {
      count += 1;
      const files = base.files ?? {};
      const bad: Base =
        file === undefined
          ? { ...base, spec: changed(base.spec, change) }
          : { ...base, files: { ...files, [file]: changed(String(files[file]), change) } };
      const said = await answers(bad, where);
      const [from, to] = change.map((part) => JSON.stringify(part.length > 60 ? `${part.slice(0, 57)}...` : part));
      told.push([`${where}: ${from} became ${to}`, ...said.map((line) => `  ${line}`)].join("\n"));
    }
  }
  expect(count).toBeGreaterThanOrEqual(200);
  const text = `${told.join("\n")}\n`;
  await expect(text).toMatchFileSnapshot("expected.txt");
  expect(text).not.toContain("nothing is wrong");
}, 180_000);

test("the bases are right", async () => {
  for (const [name, base] of Object.entries(bases))
    expect(await answers(base, name)).toEqual([`nothing is wrong with ${name}`]);
}, 180_000);
