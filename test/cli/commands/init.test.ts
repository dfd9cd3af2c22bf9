import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { records, rnnx, root, temporaryFolder } from "../../support/spawn.js";

const templates = [
  ...["next-character", "gpt-characters", "classify-text", "convolutional-classifier", "tag-sequence"],
  ...["transformer-tagger", "forecast-series", "cnn-lstm", "tcn-music", "translate", "image-rows", "own-cell"],
];

test("the list describes the task of each template", async () => {
  const { code, stdout } = await rnnx("init", "--list", "--json");
  const [{ templates: listedTemplates } = {}] = records(stdout);
  expect(code).toBe(0);
  expect((listedTemplates as { name: string; task: string }[]).map(({ name }) => name)).toEqual(templates);
  expect((listedTemplates as { task: string }[]).every(({ task }) => task.length > 10)).toBe(true);
});

test.each(templates)("%s trains without changes", { timeout: 60_000 }, async (name) => {
  const folder = temporaryFolder();
  const { code, stdout } = await rnnx("init", name, "--out", folder, "--json");
  expect(code).toBe(0);
  const [{ spec, files } = {}] = records(stdout);
  expect((files as string[]).every((file) => existsSync(file))).toBe(true);
  const { $schema } = JSON.parse(readFileSync(`${spec}`, "utf8"));
  expect(existsSync(resolve(dirname(`${spec}`), $schema))).toBe(true);
  const trained = await rnnx("train", `${spec}`, "--steps", "3", "--out", join(folder, "run"), "--json");
  expect(records(trained.stdout).at(-1)).toMatchObject({ event: "done", step: 3 });
});

test("existing files are never overwritten", async () => {
  const folder = temporaryFolder();
  const existingFile = join(folder, "translate.md");
  writeFileSync(existingFile, "mine");
  const { code, stderr } = await rnnx("init", "translate", "--out", folder);
  expect(code).toBe(2);
  expect(stderr).toContain(`${existingFile} exists already`);
  expect(readFileSync(existingFile, "utf8")).toBe("mine");
  expect(existsSync(join(folder, "translate.json"))).toBe(false);
});

test("a similar name is suggested; without a terminal there is no prompt", async () => {
  const misspelled = await rnnx("init", "tag-sequnce");
  expect(misspelled).toMatchObject({ code: 2, stdout: "" });
  expect(misspelled.stderr).toContain('Did you mean "tag-sequence"?');
  expect(await rnnx("init")).toMatchObject({ code: 2, stdout: "" });
});

/** Runs the command in a pseudoterminal (Linux `script`) and types `input` at its prompt. */
async function atTerminal(
  folder: string,
  input: string,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const command = `${process.execPath} ${join(root, "bin/rnnx.js")} init --out ${folder}`;
  const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "ignore"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const prompted = output.includes("Template (number or name):");
    output += text;
    if (!prompted && output.includes("Template (number or name):")) child.stdin.write(input);
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, output };
}

describe.skipIf(process.platform !== "linux" || spawnSync("script", ["-V"]).status !== 0)("at a terminal", () => {
  test.each([
    ["by number", "3\r"],
    ["by name", "classify-text\r"],
  ])("the prompt accepts a template %s", async (_, input) => {
    const folder = temporaryFolder();
    const { code, output } = await atTerminal(folder, input);
    for (const [index, name] of templates.entries()) expect(output).toContain(`${index + 1}  ${name}`);
    expect(code).toBe(0);
    expect(readdirSync(folder)).toContain("classify-text.json");
  });

  test.each([
    ["an unknown template", "99\r", 'unknown template "99"'],
    ["the end of the input", "\u0004", "no template named"],
  ])("%s writes nothing", async (_, input, message) => {
    const folder = temporaryFolder();
    const { code, output } = await atTerminal(folder, input);
    expect(code).toBe(2);
    expect(output).toContain(message);
    expect(readdirSync(folder)).toEqual([]);
  });
});
