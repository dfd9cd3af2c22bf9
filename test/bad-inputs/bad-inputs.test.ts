/**
 * Mistakes that people make, and what they are told: the line, what is wrong, and what to write instead. The answers are in
 * expected.txt; `npx vitest run test/bad-inputs -u` writes them anew, to be read before they are kept.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { RunProblem } from "../../runtime/problem.js";
import { planTraining } from "../../runtime/training/plan.js";
import { mapPathsToSource } from "../../runtime/training/spec-paths.js";
import type { Diagnostic } from "../../schema/diagnostics/index.js";
import { readSpec } from "../../schema/read.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { type Base, bases } from "./bases.js";
import { type Replacement, replacements } from "./changes.js";

function changed(text: string, [from, to]: Replacement): string {
  if (!text.includes(from)) throw new Error(`the base does not hold ${from}`);
  return text.replace(from, () => to);
}

/** The diagnostics of a training before its start. */
async function diagnosticsOf(base: Base, directory: string): Promise<readonly string[]> {
  const folder = join(temporaryFolder(), "spec");
  mkdirSync(folder);
  for (const [name, content] of Object.entries(base.files ?? {})) writeFileSync(join(folder, name), content);
  const read = await readSpec(base.spec, { folder, file: "spec.json" });
  if (!read.ok) return read.diagnostics.map((diagnostic) => format(diagnostic));
  const out = join(folder, "run");
  const request = {
    spec: read.spec,
    folder,
    out,
    device: "cpu",
    resume: false,
    init: null,
    disabledPasses: [],
  } as const;
  const plan = mapPathsToSource(read.spec, read.origins, await planTraining(request));
  if (plan.ok) return [`nothing is wrong with ${directory}`];
  if (plan.ok || plan.error.kind !== "input") throw new Error("it ended in another way");
  return plan.error.problems.map((problem) => format(read.document.locate(problem), problem));
}

function format(
  { line, column, code, message, hint }: Diagnostic,
  { file, line: inFile }: Partial<RunProblem> = {},
): string {
  const location = file !== undefined && inFile !== undefined ? `${file}:${inFile}` : `${line}:${column}`;
  return `${location} ${code}: ${message}${hint === "" ? "" : ` → ${hint}`}`;
}

test("every mistake is reported with its line and a hint", async () => {
  const failures: string[] = [];
  let count = 0;
  for (const [baseName, list] of Object.entries(replacements)) {
    const [name = "", file] = baseName.split(" ");
    const base: Base = bases[name as keyof typeof bases];
    for (const change of list) {
      count += 1;
      const files = base.files ?? {};
      const bad: Base =
        file === undefined
          ? { ...base, spec: changed(base.spec, change) }
          : { ...base, files: { ...files, [file]: changed(String(files[file]), change) } };
      const diagnostics = await diagnosticsOf(bad, baseName);
      const [from, to] = change.map((json) => JSON.stringify(json.length > 60 ? `${json.slice(0, 57)}...` : json));
      failures.push([`${baseName}: ${from} became ${to}`, ...diagnostics.map((line) => `  ${line}`)].join("\n"));
    }
  }
  expect(count).toBeGreaterThanOrEqual(200);
  const text = `${failures.join("\n")}\n`;
  await expect(text).toMatchFileSnapshot("expected.txt");
  expect(text).not.toContain("nothing is wrong");
}, 180_000);

test("the bases are valid", async () => {
  for (const [name, base] of Object.entries(bases))
    expect(await diagnosticsOf(base, name)).toEqual([`nothing is wrong with ${name}`]);
}, 180_000);
