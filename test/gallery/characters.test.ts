/** Models of characters: they learn, write, and take the memory that inspect says. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished, vi } from "vitest";
import { rnnx, train } from "./run.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tinyShakespeare = join(root, "../shared/data/tinyshakespeare.txt");

// On a machine that does other work these take minutes.
vi.setConfig({ testTimeout: 240_000 });

/** Bits per character of a loss in nats. */
const bits = (loss: number | undefined) => (loss ?? Number.NaN) / Math.LN2;

/** What a run writes after a prompt. */
async function generateText(run: string, ...flags: readonly string[]): Promise<string> {
  const [result] = await rnnx("generate", run, "--prompt", "ROMEO:", "--length", "100", ...flags);
  return String(result?.text);
}

it("shakespeare-small learns to write from the page of ours", async () => {
  const { run, losses, metrics } = await train("shakespeare-small", "--steps", "80", "--set", "train.sample.every=40");
  expect(bits(losses[0])).toBeGreaterThan(5);
  expect(bits(metrics.validation.loss)).toBeLessThan(2.9);
  const once = await generateText(run, "--seed", "3", "--temperature", "0.8");
  expect(once).toMatch(/^ROMEO:.{100}$/s);
  expect(await generateText(run, "--seed", "3", "--temperature", "0.8")).toBe(once);
  expect(await generateText(run, "--seed", "4", "--temperature", "0.8")).not.toBe(once);
  expect(await generateText(run, "--temperature", "0")).toBe(await generateText(run, "--greedy"));
});

/** Entropy of the plays' characters by their frequencies, in nats. */
const FREQUENCY_ENTROPY = 3.313;

it.skipIf(!existsSync(tinyShakespeare))(
  `nanogpt learns more than the frequencies of characters${existsSync(tinyShakespeare) ? "" : " (skipped: no tinyshakespeare.txt)"}`,
  async () => {
    const files = ["--set", `data.file=${tinyShakespeare}`, "--set", "data.split.validation=0.002"];
    const { losses } = await train("nanogpt", "--steps", "80", ...files);
    const last = losses.slice(-10).reduce((sum, loss) => sum + loss, 0) / 10;
    expect(losses[0]).toBeGreaterThan(4);
    expect(last).toBeLessThan(FREQUENCY_ENTROPY - 0.3);
  },
);

it.skipIf(!existsSync(tinyShakespeare))(
  "shakespeare-small needs less than 2.9 bits per character of the plays after 160 steps, where they are",
  async () => {
    const { losses, metrics } = await train(
      "shakespeare-small",
      "--steps",
      "160",
      "--set",
      `data.file=${tinyShakespeare}`,
    );
    expect(losses).toHaveLength(160);
    expect(bits(losses.at(-1))).toBeLessThan(2.9);
    expect(bits(metrics.validation.loss)).toBeLessThan(2.9);
  },
);

/** The largest memory of a process, in bytes: it says so as it ends. */
function peakOf(spec: string): number {
  const out = mkdtempSync(join(tmpdir(), "rnnx-gallery-"));
  onTestFinished(() => rmSync(out, { recursive: true, force: true }));
  const printPeak = "process.on('exit',()=>process.stderr.write('peak '+process.resourceUsage().maxRSS))";
  const args = ["--import", `data:text/javascript,${printPeak}`, "bin/rnnx.js", "train", `specs/${spec}.json`];
  const { stderr } = spawnSync(process.execPath, [...args, "--steps", "2", "--out", out], {
    cwd: root,
    encoding: "utf8",
  });
  return 1024 * Number(/peak (\d+)/.exec(stderr)?.[1]);
}

it.each([
  ["shakespeare", 5],
  ["source-code", 10],
])("%s, of about %i million parameters, trains within the memory that inspect says", async (spec, millions) => {
  const [result] = await rnnx("inspect", `specs/${spec}.json`);
  const { parameters, memory } = result as Record<string, { readonly total: number }>;
  expect(Math.round((parameters?.total ?? 0) / 1e6)).toBe(millions);
  const peak = peakOf(spec);
  expect(peak / (memory?.total ?? Number.NaN)).toBeGreaterThan(0.8);
  expect(peak / (memory?.total ?? Number.NaN)).toBeLessThan(1.2);
});
