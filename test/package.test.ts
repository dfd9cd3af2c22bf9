/** The published package: packed, installed in an empty project, used from the command line and as a library. */
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chromiumPath, openBrowser, openPage, withChromium } from "./support/browser.js";
import { root, temporaryFolder } from "./support/spawn.js";

const execute = promisify(execFile);
const folder = temporaryFolder();
const project = join(folder, "project");

/** Skips the download of the CUDA libraries of onnxruntime-node. */
const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip", NO_COLOR: "1", FORCE_COLOR: undefined };
const run = (file: string, ...args: readonly string[]) =>
  execute(file, args, { cwd: project, env, maxBuffer: 2 ** 26 });

let files: readonly string[] = [];
/** The reason why the installation is missing; empty if the package is installed. */
let missing = "";

beforeAll(async () => {
  const pack = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
  const [packed] = JSON.parse((await execute("npm", pack, { cwd: root, env, maxBuffer: 2 ** 26 })).stdout);
  files = packed.files.map(({ path }: { readonly path: string }) => path);
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "name": "project", "private": true, "type": "module" }\n');
  const install = ["install", join(folder, packed.filename), "--prefer-offline", "--no-audit", "--no-fund"];
  await run("npm", ...install).catch(({ stderr }: { readonly stderr: string }) => {
    if (!/ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ENETUNREACH|ENOTCACHED/.test(stderr)) throw new Error(stderr);
    missing = "the registry is not reachable, and the npm cache lacks packages";
  });
}, 280_000);

// The installation is large.
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the tarball contains the runtime files and the documentation only", () => {
  expect(files).toEqual(
    expect.arrayContaining([
      "bin/rnnx.js",
      "bin/program.cjs",
      "dist/program/main.cjs",
      "dist/program/LICENSES.txt",
      "dist/index.js",
      "dist/index.d.ts",
      "dist/runtime/worker.js",
      "schema/spec.schema.json",
      "schema/cell.schema.json",
      "schema/spec.validator.mjs",
      "schema/composed-spec.schema.json",
      "specs/cells/lstm.json",
      "specs/hihello.json",
      "templates/next-character.json",
      "examples/train.mjs",
      "README.md",
      "LICENSE",
      "CHANGELOG.md",
    ]),
  );
  const unexpected = files.filter((file) =>
    /^(test|bench|node_modules|runs|\.)|^docs\/.*(?<!\.md|\.svg)$|\.test\.|tsconfig/.test(file),
  );
  expect(unexpected).toEqual([]);
});

test("links of the documentation lead to files of the tarball", () => {
  const pages = files.filter((file) => file.endsWith(".md"));
  expect(pages).toContain("docs/index.md");
  const dead = pages.flatMap((page) => {
    const text = readFileSync(join(root, page), "utf8").replace(/^```[\s\S]*?^```/gm, "");
    return [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
      .map(([, link = ""]) => link)
      .filter((link) => !/^[a-z]+:/.test(link))
      .map((link) => posix.join(dirname(page), link))
      .filter((target) => !files.some((file) => file === target || file.startsWith(`${target.replace(/\/$/, "")}/`)))
      .map((target) => `${page}: ${target}`);
  });
  expect(dead).toEqual([]);
});

test("rnnx trains in an empty project", async (context) => {
  context.skip(missing !== "", missing);
  const spec = readFileSync(join(root, "specs/hihello.json"), "utf8");
  const published = "./node_modules/rnnx/schema/spec.schema.json";
  writeFileSync(join(project, "hihello.json"), spec.replace("../schema/spec.schema.json", published));
  expect(existsSync(join(project, published))).toBe(true);
  const { stdout } = await run("npx", "--no-install", "rnnx", "train", "hihello.json", "--steps", "100");
  expect(stdout).toContain("ihello");
  expect(existsSync(join(project, "runs/hihello/model.onnx"))).toBe(true);
});

test("the library trains, and its types check", async (context) => {
  context.skip(missing !== "", missing);
  const program = readFileSync(join(root, "examples/train.mjs"), "utf8");
  writeFileSync(join(project, "train.mjs"), program);
  const { stdout } = await run("node", "train.mjs");
  expect(stdout).toContain("predicts [ 'ihello' ]");
  const options = { module: "nodenext", target: "es2022", strict: true, noEmit: true, allowJs: true, checkJs: true };
  const types = { types: ["node"], typeRoots: [join(root, "node_modules/@types")] };
  const config = { compilerOptions: { ...options, ...types }, files: ["train.mjs"] };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
  const checked = await run("node", join(root, "node_modules/typescript/bin/tsc"), "-p", ".").then(
    () => "",
    ({ stdout: output }: { readonly stdout: string }) => output,
  );
  expect(checked).toBe("");
});

/** Starts a command that runs until `end`; `matched` is the first match of the pattern in its output. */
function begin(pattern: RegExp, ...args: readonly string[]) {
  const child = spawn("npx", ["--no-install", "rnnx", ...args], { cwd: project, env, detached: true });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const matched = new Promise<string>((resolve, reject) => {
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        text += chunk;
        const match = pattern.exec(text);
        if (match?.[1] !== undefined) resolve(match[1]);
      });
    }
    child.once("close", () => reject(new Error(text)));
  });
  const end = async () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGINT");
    await closed;
  };
  return { matched, closed, end };
}

test.skipIf(chromiumPath === undefined)(
  `from a template to a dashboard, a report and a web page in a browser${withChromium}`,
  { timeout: 240_000 },
  async (context) => {
    context.skip(missing !== "", missing);
    const rnnx = (...args: readonly string[]) => run("npx", "--no-install", "rnnx", ...args);
    const durations: Record<string, number> = {};
    const timed = async <T>(name: string, step: Promise<T>): Promise<T> => {
      const before = performance.now();
      const result = await step;
      durations[name] = Math.round((performance.now() - before) / 100) / 10;
      return result;
    };
    await timed("init", rnnx("init", "next-character"));
    const spec = join(project, "next-character.json");
    const text = readFileSync(spec, "utf8");
    writeFileSync(spec, text.replace('"hidden_size": 96', '"hiden_size": 32'));
    await expect(rnnx("train", "next-character.json")).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean "hidden_size"?'),
    });
    writeFileSync(spec, text.replace('"hidden_size": 96', '"hidden_size": 32').replace('"steps": 240', '"steps": 160'));

    const browser = await openBrowser();
    try {
      const training = begin(/dashboard: (http:\S+)/, "train", "next-character.json", "--dashboard");
      const dashboard = await timed("first page", openPage(browser, await training.matched));
      await dashboard.page.locator(".chart h2").first().waitFor({ timeout: 60_000 });
      await timed("training", training.closed);
      expect(dashboard.errors.filter((error) => !/^failed|ERR_/.test(error))).toEqual([]);

      await timed("report", rnnx("report", "runs/next-character", "--out", "report.html"));
      const report = await openPage(browser, `file://${join(project, "report.html")}`);
      expect(await report.page.locator("svg").count()).toBeGreaterThan(1);
      expect(report.errors).toEqual([]);

      await run("npm", "install", "onnxruntime-web@1.30.0", "--prefer-offline", "--no-audit", "--no-fund");
      const server = begin(
        /(http:\/\/127\.0\.0\.1:\d+\/)/,
        "export",
        "runs/next-character",
        "--web",
        "page",
        "--serve",
      );
      const page = await timed("page", openPage(browser, await server.matched));
      await page.page.getByLabel("Prompt").fill("ROMEO:");
      await page.page.getByLabel("Length").fill("20");
      await page.page.getByRole("button", { name: "Generate" }).click();
      await page.page.getByText("20 characters in").waitFor({ timeout: 60_000 });
      expect(page.errors).toEqual([]);
      await server.end();
    } finally {
      await browser.close();
    }
    console.log(`seconds: ${JSON.stringify(durations)}`);
  },
);
