/** The package as a stranger gets it: packed, installed in an empty project, used from the command line, from a program and by an editor. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root, temporaryFolder } from "./cli/spawn.js";

const execute = promisify(execFile);
const folder = temporaryFolder();
const project = join(folder, "stranger");

/** CUDA's libraries, which the runtime's package would download, are no part of this. */
const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip", NO_COLOR: "1", FORCE_COLOR: undefined };
const run = (file: string, ...args: readonly string[]) =>
  execute(file, args, { cwd: project, env, maxBuffer: 2 ** 26 });

let files: readonly string[] = [];
/** Why there is no installed package; empty where there is one. */
let missing = "";

beforeAll(async () => {
  const pack = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
  const [packed] = JSON.parse((await execute("npm", pack, { cwd: root, env, maxBuffer: 2 ** 26 })).stdout);
  files = packed.files.map(({ path }: { readonly path: string }) => path);
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "name": "stranger", "private": true, "type": "module" }\n');
  const install = ["install", join(folder, packed.filename), "--prefer-offline", "--no-audit", "--no-fund"];
  await run("npm", ...install).catch(({ stderr }: { readonly stderr: string }) => {
    if (!/ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ENETUNREACH|ENOTCACHED/.test(stderr)) throw new Error(stderr);
    missing = "the registry is out of reach, and its packages are not in npm's cache";
  });
}, 280_000);

// It is large.
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the tarball has what is used, and nothing of how it is made", () => {
  expect(files).toEqual(
    expect.arrayContaining([
      "bin/rnnx.js",
      "dist/index.js",
      "dist/index.d.ts",
      "dist/runtime/worker.js",
      "schema/spec.schema.json",
      "schema/cell.schema.json",
      "schema/spec.validator.mjs",
      "specs/cells/lstm.json",
      "specs/hihello.json",
      "templates/next-character.json",
      "examples/train.mjs",
      "README.md",
      "LICENSE",
      "CHANGELOG.md",
    ]),
  );
  const strange = files.filter((file) => /^(test|docs|bench|node_modules|runs|\.)|\.test\.|tsconfig/.test(file));
  expect(strange).toEqual([]);
});

test("rnnx trains, in an empty project", async (context) => {
  context.skip(missing !== "", missing);
  const spec = readFileSync(join(root, "specs/hihello.json"), "utf8");
  const published = "./node_modules/rnnx/schema/spec.schema.json";
  writeFileSync(join(project, "hihello.json"), spec.replace("../schema/spec.schema.json", published));
  expect(existsSync(join(project, published))).toBe(true);
  const { stdout } = await run("npx", "--no-install", "rnnx", "train", "hihello.json", "--steps", "100");
  expect(stdout).toContain("ihello");
  expect(existsSync(join(project, "runs/hihello/model.onnx"))).toBe(true);
});

test("its library trains, and its types hold", async (context) => {
  context.skip(missing !== "", missing);
  const program = readFileSync(join(root, "examples/train.mjs"), "utf8");
  writeFileSync(join(project, "train.mjs"), program);
  const { stdout } = await run("node", "train.mjs");
  expect(stdout).toContain("says [ 'ihello' ]");
  const options = { module: "nodenext", target: "es2022", strict: true, noEmit: true, allowJs: true, checkJs: true };
  const types = { types: ["node"], typeRoots: [join(root, "node_modules/@types")] };
  const config = { compilerOptions: { ...options, ...types }, files: ["train.mjs"] };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
  const checked = await run("node", join(root, "node_modules/typescript/bin/tsc"), "-p", ".").then(
    () => "",
    ({ stdout: said }: { readonly stdout: string }) => said,
  );
  expect(checked).toBe("");
});
