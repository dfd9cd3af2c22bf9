import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";
import { records, rnnx, temporaryFolder } from "./spawn.js";

const templates = [
  ...["next-character", "classify-text", "tag-sequence", "forecast-series", "translate", "image-rows", "own-cell"],
];

test("the list says what each template teaches", async () => {
  const { code, stdout } = await rnnx("init", "--list", "--json");
  const [{ templates: listed } = {}] = records(stdout);
  expect(code).toBe(0);
  expect((listed as { name: string; task: string }[]).map(({ name }) => name)).toEqual(templates);
  expect((listed as { task: string }[]).every(({ task }) => task.length > 10)).toBe(true);
});

test.each(templates)("%s trains as it is written", { timeout: 60_000 }, async (name) => {
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

test("nothing is written over what is there", async () => {
  const folder = temporaryFolder();
  const mine = join(folder, "translate.md");
  writeFileSync(mine, "mine");
  const { code, stderr } = await rnnx("init", "translate", "--out", folder);
  expect(code).toBe(2);
  expect(stderr).toContain(`${mine} is there already`);
  expect(readFileSync(mine, "utf8")).toBe("mine");
  expect(existsSync(join(folder, "translate.json"))).toBe(false);
});

test("a name that is nearly right is suggested, and without a terminal nobody is asked", async () => {
  const wrong = await rnnx("init", "tag-sequnce");
  expect(wrong).toMatchObject({ code: 2, stdout: "" });
  expect(wrong.stderr).toContain('Did you mean "tag-sequence"?');
  expect(await rnnx("init")).toMatchObject({ code: 2, stdout: "" });
});
