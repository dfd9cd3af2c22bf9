/**
 * Every code block of README, CONTRIBUTING and the documentation, executed as a reader would: specs are compiled, commands run and their output
 * compared, programs type-checked and run. Each page has its own folder. The tests run the built program.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { check, inferSignature, readSpec, readSpecFile } from "../../index.js";
import { type ProcessResult, rnnxIn, root, temporaryFolder } from "../support/spawn.js";
import { type Block, blocksOf, commandsOf, matchesOutput } from "./blocks.js";

const execute = promisify(execFile);
/** Records, generated pages and the site generator's packages. */
const excluded = ["decisions/", "notebook/", "gallery.md", "site/"];
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md") && !excluded.some((other) => name.startsWith(other)))
    .map((name) => `docs/${name}`),
].sort();
const blocks = new Map(pages.map((page) => [page, blocksOf(readFileSync(join(root, page), "utf8"))]));

/** Inside the package, so that programs find it by its name. */
const programs = mkdtempSync(join(root, "test/docs/programs-"));
const programOf = (page: string, { line, language }: Block) =>
  join(programs, `${page.replace(/\W+/g, "-")}-${line}.${language === "ts" ? "mts" : "mjs"}`);

let mistyped = "";

beforeAll(async () => {
  for (const [page, pageBlocks] of blocks)
    for (const block of pageBlocks)
      if (["ts", "js"].includes(block.language)) writeFileSync(programOf(page, block), block.content);
  writeFileSync(
    join(programs, "tsconfig.json"),
    JSON.stringify({
      extends: "../../../tsconfig.json",
      compilerOptions: { noEmit: false, rootDir: ".", outDir: "built", noUnusedLocals: false },
      include: ["*.mts"],
    }),
  );
  mistyped = await compilePrograms();
});
afterAll(() => rmSync(programs, { recursive: true, force: true }));

/** Compiles the programs to JavaScript. @returns The type checker's errors. */
async function compilePrograms(): Promise<string> {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  return execute(process.execPath, [tsc, "-p", programs]).then(
    () => "",
    ({ stdout }: { readonly stdout: string }) => stdout,
  );
}

test.each(pages)("%s has no block in a comment", (page) => {
  const comments = readFileSync(join(root, page), "utf8").match(/<!--[\s\S]*?-->/g) ?? [];
  expect(comments.filter((comment) => comment.includes("```"))).toEqual([]);
});

test("programs in pages pass the type check", () => {
  expect(mistyped).toBe("");
});

describe.each(pages.filter((page) => blocks.get(page)?.some(({ run }) => run)))("%s", (page) => {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  symlinkSync(join(root, "specs"), join(folder, "specs"));
  installPackages(join(folder, "node_modules"));

  for (const block of (blocks.get(page) ?? []).filter(({ run }) => run)) {
    test(`line ${block.line}: ${block.language} ${block.file ?? ""}`, () => runBlock(page, block, folder));
  }
});

/** A `node_modules` as after `npm install rnnx`. */
function installPackages(packages: string): void {
  mkdirSync(packages);
  for (const name of readdirSync(join(root, "node_modules")))
    symlinkSync(join(root, "node_modules", name), join(packages, name));
  symlinkSync(root, join(packages, "rnnx"));
}

async function runBlock(page: string, block: Block, folder: string): Promise<void> {
  const { language, content, file, container } = block;
  if (file !== undefined) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), content);
  }
  switch (language) {
    case "json":
      return container === undefined ? compiles(content, file, folder, block) : fits(content, container);
    case "console":
      return runCommands(block, folder);
    case "ts":
    case "js":
      return runProgram(page, block, folder);
    case "html":
    case "text":
    case "jsonl":
    case "csv":
      expect(file, "a block of data is a file of its page").toBeDefined();
      return;
    // A drawing.
    case "":
      return;
    default:
      expect.fail(`Unknown language ${language}. Mark a block that cannot be run with not-run.`);
  }
}

/** A spec has no mistakes that can be found without its data; a spec that a command shall reject is only JSON. */
async function compiles(content: string, file: string | undefined, folder: string, { exit }: Block): Promise<void> {
  if (file === undefined || exit !== 0 || file.startsWith("wrong")) {
    JSON.parse(content);
    if (file !== undefined) return;
  }
  const read = file === undefined ? await readSpec(content, { folder }) : await readSpecFile(join(folder, file));
  if (!read.ok) throw new Error(read.diagnostics.map(({ message, path }) => `${path}: ${message}`).join("\n"));
  const outline = await inferSignature(read.spec, read.folder);
  if (!outline.ok) throw new Error(outline.error.map(({ message }) => message).join("\n"));
  const diagnostics = outline.value.signatures.map((signature) => check(read.spec, signature, read.origins));
  expect(diagnostics.some((problems) => problems.length === 0)).toBe(true);
}

/** A fragment of a spec is valid in its container. */
async function fits(content: string, container: string): Promise<void> {
  const completeSpec = {
    cells: {},
    data: { type: "text", text: "hihello", window: 6 },
    model: [{ layer: "one_hot" }] as unknown[],
    loss: { type: "sequence_loss" },
    optimizer: { type: "adam" },
  };
  const cells = JSON.parse(readFileSync(join(root, "specs/minimal-gated.json"), "utf8")).cells;
  if (container === "model")
    Object.assign(completeSpec, { cells, model: [...completeSpec.model, JSON.parse(content)] });
  else Object.assign(completeSpec, JSON.parse(`{${content}}`));
  const read = await readSpec(JSON.stringify(completeSpec));
  if (!read.ok) throw new Error(read.diagnostics.map(({ message, path }) => `${path}: ${message}`).join("\n"));
}

async function runCommands({ content, exit, steps }: Block, folder: string): Promise<void> {
  const commands = commandsOf(content);
  expect(commands.length).toBeGreaterThan(0);
  for (const [index, { command, output }] of commands.entries()) {
    const result = await runCommand(`${command}${flagsOf(command, steps)}`, folder);
    const transcript = `${command} printed\n${result.stdout}\n${result.stderr}`;
    expect(result.code, transcript).toBe(index === commands.length - 1 ? exit : 0);
    // A page shows a result or messages.
    const matches = matchesOutput(output, result.stdout) || matchesOutput(output, result.stderr);
    expect(matches, `${transcript}\nand the page shows\n${output.join("\n")}`).toBe(true);
  }
}

/** Flags of a training. Tests run on every core, so it has one thread. */
function flagsOf(command: string, steps: number | undefined): string {
  if (!command.startsWith("npx rnnx train")) return "";
  const threads = /--(threads|ranks|join)/.test(command) ? "" : " --threads 1";
  return steps === undefined ? threads : `${threads} --steps ${steps}`;
}

/** `npx rnnx` alone runs in a process that the commands of all pages share. */
async function runCommand(command: string, folder: string): Promise<Pick<ProcessResult, "code" | "stdout" | "stderr">> {
  const bash = (line: string) => execute("bash", ["-c", line], { cwd: folder, env: plainEnv });
  const shareable = /^npx rnnx ([^|<>;&]*)$/.exec(command)?.[1];
  if (shareable !== undefined) {
    const { stdout } = await bash(`printf '%s\\0' ${shareable}`);
    return rnnxIn(folder, stdout.split("\0").slice(0, -1));
  }
  return bash(command.replace(/^npx rnnx /, `"${process.execPath}" "${join(root, "bin/rnnx.js")}" `))
    .then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }))
    .catch(({ code, stdout, stderr }) => ({ code, stdout, stderr }));
}

const plainEnv = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };

async function runProgram(page: string, block: Block, folder: string): Promise<void> {
  const program = programOf(page, block);
  const result =
    block.language === "ts" ? program.replace(programs, join(programs, "built")).replace(".mts", ".mjs") : program;
  await execute(process.execPath, [result], { cwd: folder });
}
