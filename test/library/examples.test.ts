/** The examples, type-checked and run as a user runs them, on the built program. */
import { execFile } from "node:child_process";
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { serveFolder } from "../../runtime/web/static-server.js";
import { chromiumPath, copyWasmRuntime, openBrowser, openPage, withChromium } from "../support/browser.js";
import { root, temporaryFolder } from "../support/spawn.js";

const execute = promisify(execFile);
const folder = temporaryFolder();

function example(name: string, ...args: readonly string[]) {
  return execute(process.execPath, [join(root, "examples", name), ...args], { cwd: folder });
}

test("they type-check", async () => {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  await execute(process.execPath, [tsc, "-p", join(root, "examples")], { cwd: root });
});

test("train.mjs, then use-a-run.mjs", async () => {
  const training = await example("train.mjs");
  expect(training.stdout).toContain("220 parameters on cpu");
  expect(training.stdout).toContain("predicts [ 'ihello' ]");
  const used = await example("use-a-run.mjs");
  expect(used.stdout).toContain('after "hihel": "l"');
  expect(used.stdout).toContain("rnn/0/W [5, 20]");
  expect(used.stdout).toContain("generated hihello");
});

test("train.mjs reports a problem with its exit code", async () => {
  await expect(example("train.mjs", "missing.json")).rejects.toMatchObject({ code: 2, stderr: /no such file/ });
  await expect(example("use-a-run.mjs", "nothing")).rejects.toMatchObject({ code: 2, stderr: /does not exist/ });
});

test("compile.mjs", async () => {
  const { stdout } = await example("compile.mjs", join(root, "specs/hihello.json"), "compiled");
  expect(stdout).toContain("parameter  rnn/0/W [5, 20]");
  expect(stdout).toContain("rnn [batch, time, 5]");
  expect(readdirSync(join(folder, "compiled")).sort()).toEqual(["eval.onnx", "model.onnx", "train.onnx"]);
});

test.skipIf(chromiumPath === undefined)(`browser/: a page around a run's model${withChromium}`, async () => {
  const site = join(folder, "site");
  cpSync(join(root, "examples/browser"), site, { recursive: true });
  copyWasmRuntime(site);
  for (const file of ["model.onnx", "data.json"]) cpSync(join(folder, "runs/example", file), join(site, file));
  const [server, browser] = await Promise.all([serveFolder(site, 0), openBrowser()]);
  try {
    const { page, errors } = await openPage(browser, `${server.address}index.html`);
    const next = page.locator("#next");
    await expect.poll(() => next.textContent(), { timeout: 20_000 }).toMatch(/^l \(\d+ %\)$/);
    await page.fill("#text", "hih");
    await expect.poll(() => next.textContent(), { timeout: 20_000 }).toMatch(/^e \(\d+ %\)$/);
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
    await server.close();
  }
});
