/** The dashboard: its state, its server, and its page in a browser during training. */
import { get } from "node:http";
import { expect, test } from "vitest";
import type { TrainEvent } from "../../../runtime/events.js";
import { createRecorder } from "../../../views/dashboard/dashboard-state.js";
import { startDashboardServer } from "../../../views/dashboard/server.js";
import { chromiumPath, openBrowser, openPage, withChromium } from "../../support/browser.js";
import { launch, records, temporaryFolder } from "../../support/spawn.js";

const start: TrainEvent = {
  event: "start",
  run: "r",
  device: "cpu",
  parameters: 7,
  examples: { train: 1, validation: 0, test: 0 },
  step: 0,
  steps: 9000,
};
const step = (number: number): TrainEvent => ({
  event: "step",
  step: number,
  loss: 1 / number,
  gradient_norm: 1,
  learning_rate: 0.1,
});

test("the state is bounded: it keeps the first and the last step and averages consecutive steps", () => {
  const recorder = createRecorder("r");
  recorder.record(start);
  for (let number = 1; number <= 9000; number++) recorder.record(step(number));
  const { curves, status } = recorder.state();
  expect(status).toBe("training");
  expect(curves.step.length).toBeLessThan(1600);
  expect(curves.step.length).toBe(curves.loss.length);
  expect(curves.step[0]).toBe(8);
  expect(curves.loss[0]).toBeCloseTo(
    [1, 2, 3, 4, 5, 6, 7, 8].reduce((sum, value) => sum + 1 / value / 8, 0),
    12,
  );
  expect(curves.step.at(-1)).toBe(9000);
});

/** The HTTP status of a path, requested with a given Host header. */
function statusOf(url: string, path: string, host?: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const headers = host === undefined ? {} : { host };
    get(new URL(path, url), { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
  });
}

test("the server answers localhost with its own files only", async () => {
  const server = await startDashboardServer(createRecorder("r").state, 0);
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  const scripts = ["/page.js", "/predictions.js", "/format.js", "/uplot.js"];
  for (const path of ["/", ...scripts, "/page.css", "/palette.css", "/uplot.css"])
    expect([path, await statusOf(server.url, path)]).toEqual([path, 200]);
  expect(await statusOf(server.url, "/../package.json")).toBe(404);
  expect(await statusOf(server.url, "/%2e%2e/package.json")).toBe(404);
  expect(await statusOf(server.url, "/", "elsewhere.example")).toBe(403);
  await server.close();
});

const watched = ["train", "templates/classify-text.json", "--steps", "1000000", "--set", "train.evaluate_every=22"];

test.skipIf(chromiumPath === undefined)(
  `the page follows a training run${withChromium}`,
  { timeout: 120_000 },
  async () => {
    const { process: child, result } = launch([...watched, "--out", temporaryFolder(), "--dashboard", "--json"]);
    const url = await new Promise<string>((resolve) => {
      child.stdout.once("data", (text: string) => resolve(`${records(text)[0]?.url}`));
    });
    const browser = await openBrowser();
    try {
      const { page, errors } = await openPage(browser, url);
      await page.locator(".confusion").waitFor({ timeout: 90_000 });
      expect(await page.locator(".chart h2").allInnerTexts()).toEqual([
        expect.stringContaining("loss"),
        expect.stringContaining("accuracy"),
        "gradient norm",
        "learning rate",
      ]);
      expect(await page.locator("#status").innerText()).toBe("training");
      child.kill("SIGINT");
      await page.locator("#status", { hasText: "stopped" }).waitFor({ timeout: 30_000 });
      // The browser reports the event stream as aborted if the page closes it before the server does.
      expect(errors.filter((error) => error !== `failed: ${url}events`)).toEqual([]);
    } finally {
      await browser.close();
    }
    const { code, stdout } = await result;
    expect(code).toBe(130);
    expect(records(stdout).some(({ event }) => event === "predictions")).toBe(false);
  },
);
