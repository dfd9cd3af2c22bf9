/** The pages in a real browser: they show what the run says, learn what they are given, and complain of nothing. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Browser, Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { openTextGenerator } from "../../runtime/generation/generate-run.js";
import { predictRun } from "../../runtime/predict/predict-run.js";
import { readSafetensors } from "../../runtime/tensors/safetensors.js";
import { serveFolder } from "../../runtime/web/static-server.js";
import { chromiumPath, openBrowser, openPage, withChromium } from "../support/browser.js";
import { ctcExample, pageOf, type SpecExample, specExamples } from "../support/page-specs.js";

let browser: Browser;

beforeAll(async () => {
  if (chromiumPath !== undefined) browser = await openBrowser();
});
afterAll(() => browser?.close());

/** A page of a sketch in the browser, whose test fails when the page complains. */
async function openExample(example: SpecExample, file: "index.html" | "fine-tune.html") {
  const result = await pageOf(example);
  const server = await serveFolder(result.web, 0);
  const { page, errors } = await openPage(browser, `${server.address}${file}`);
  onTestFinished(async () => {
    await page.close();
    server.close();
  });
  await page.waitForSelector(".card");
  return { ...result, tab: page, complaints: errors };
}

async function shares(tab: Tab): Promise<Readonly<Record<string, number>>> {
  await tab.waitForSelector(".bars li");
  const rows = await tab
    .locator(".bars li")
    .evaluateAll((items) =>
      items.map((item) => [
        item.querySelector(".name")?.textContent ?? "",
        item.querySelector(".percent")?.textContent ?? "",
      ]),
    );
  return Object.fromEntries(
    rows.map(([name, percent = ""]) => [name, percent.startsWith("<") ? 0 : Number.parseFloat(percent)]),
  );
}

/** What `rnnx predict` says of one input. */
async function predicted(out: string, folder: string, name: string, content: string) {
  writeFileSync(join(folder, name), content);
  const outcome = await predictRun({ run: out, input: name, output: "said.json", folder, beam: null, device: "cpu" });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  return JSON.parse(readFileSync(join(folder, "said.json"), "utf8")).at(-1);
}

describe.skipIf(chromiumPath === undefined)(`a page${withChromium}`, () => {
  test("writes text, the same as the command line does for the same seed", async () => {
    const { tab, out, complaints: errors } = await openExample(specExamples.text, "index.html");
    await tab.getByLabel("Prompt").fill("row");
    await tab.getByLabel("Length").fill("40");
    await tab.getByLabel("Seed").fill("7");
    await tab.getByRole("button", { name: "Write" }).click();
    await tab.getByText("40 characters in").waitFor();
    const generator = await openTextGenerator(out);
    if (!generator.ok) throw new Error("no generator");
    const sampling = { temperature: 0.8, topK: null, topP: null };
    const generated = await generator.value.generate({ prompt: "row", length: 40, sampling, seed: 7 }, () => undefined);
    expect(await tab.locator(".paper").textContent()).toBe(generated.ok && generated.value.text);

    await tab.getByLabel("Prompt").fill("yak");
    await tab.getByRole("button", { name: "Write" }).click();
    expect(await tab.getByRole("alert").textContent()).toContain('characters that the training text does not: "k".');
    expect(errors).toEqual([]);
  });

  test("sees what is drawn", async () => {
    const { tab, complaints: errors } = await openExample(specExamples.images, "index.html");
    await tab.getByRole("button", { name: "Clear" }).click();
    const sheet = await tab.getByLabel("A sheet to draw on").boundingBox();
    if (sheet === null) throw new Error("no sheet");
    const { x, y, width, height } = sheet;
    const line = async (from: readonly [number, number], to: readonly [number, number]) => {
      await tab.mouse.move(x + from[0] * width, y + from[1] * height);
      await tab.mouse.down();
      await tab.mouse.move(x + to[0] * width, y + to[1] * height, { steps: 5 });
      await tab.mouse.up();
    };
    await line([0.4, 0.2], [0.4, 0.8]);
    await expect.poll(async () => (await shares(tab))["0"] ?? 0).toBeGreaterThan(80);
    await tab.getByRole("button", { name: "Clear" }).click();
    await line([0.2, 0.6], [0.8, 0.6]);
    await expect.poll(async () => (await shares(tab))["1"] ?? 0).toBeGreaterThan(80);
    expect(errors).toEqual([]);
  });

  test("foretells as rnnx predict does, and follows when a row is changed", async () => {
    const { tab, out, folder, complaints: errors } = await openExample(specExamples.table, "index.html");
    const csv = specExamples.table.files["t.csv"];
    const headline = () => tab.locator(".headline b").textContent().then(Number);
    await tab.locator(".headline b").waitFor();
    expect(await headline()).toBeCloseTo((await predicted(out, folder, "in.csv", csv)).wave, 2);

    await tab.getByLabel("wave, row 0").fill("31.5");
    const rows = csv.trimEnd().split("\n");
    const changed = [...rows.slice(0, -1), `31.5,${rows.at(-1)?.split(",")[1]}`].join("\n");
    const { wave } = await predicted(out, folder, "changed.csv", changed);
    await expect.poll(headline).toBeCloseTo(wave, 2);
    expect(errors).toEqual([]);
  });

  test("labels a sequence as rnnx predict does", async () => {
    const { tab, out, folder, complaints: errors } = await openExample(specExamples.sequences, "index.html");
    await tab.getByLabel("Write something").fill("good evening my friend");
    const { probabilities } = await predicted(out, folder, "in.jsonl", '{"text":"good evening my friend"}\n');
    await expect
      .poll(async () => Math.abs(((await shares(tab)).greeting ?? 0) - probabilities.greeting * 100))
      .toBeLessThan(0.1);
    expect(errors).toEqual([]);
  });

  test("writes the target of a source as rnnx predict does", async () => {
    const { tab, out, folder, complaints: errors } = await openExample(specExamples.pairs, "index.html");
    await tab.getByLabel("Source").fill("one two");
    const { target } = await predicted(out, folder, "in.txt", "one two\n");
    await expect.poll(() => tab.locator(".paper").textContent()).toBe(target);
    expect(errors).toEqual([]);
  });

  test("spells the labels of a ctc model, of the live steps alone", async () => {
    const { tab, complaints: errors } = await openExample(ctcExample, "index.html");
    const { inputs, lengths, targets } = ctcExample.spec.data;
    for (const [index, steps] of inputs.entries()) {
      const example = JSON.stringify({ inputs: steps, lengths: lengths[index] });
      await tab.getByLabel("An example as JSON").fill(example);
      const labels = targets[index]?.filter((label) => label !== 0).join(" ") ?? "";
      await expect.poll(() => tab.locator(".result .headline b").allTextContents()).toEqual([labels]);
    }
    expect(errors).toEqual([]);
  });

  test("reads numbers as JSON, and says what is wrong with them", async () => {
    const { tab, complaints: errors } = await openExample(specExamples.arrays, "index.html");
    await tab.getByLabel("An example as JSON").fill('{"inputs":[0,1]}');
    await expect.poll(async () => (await shares(tab))["1"] ?? 0).toBeGreaterThan(60);
    await tab.getByLabel("An example as JSON").fill('{"inputs":[0,1,1]}');
    await expect.poll(() => tab.getByRole("alert").textContent()).toBe('"inputs" should have shape [2].');
    expect(errors).toEqual([]);
  });
});

describe.skipIf(chromiumPath === undefined)(`a page that learns${withChromium}`, () => {
  test("lowers the loss on a text, writes it, and gives the weights and the model away", async () => {
    const { tab, web, complaints: errors } = await openExample(specExamples.text, "fine-tune.html");
    const text = "down the boat, down the boat, down the boat\n";
    await tab.getByLabel("Your text").fill(text);
    await tab.getByText("44 characters, 39 windows of 5.").waitFor();
    await tab.getByLabel("Steps").fill("150");
    await tab.getByLabel("Learning rate").fill("0");
    await tab.getByRole("button", { name: "Train", exact: true }).click();
    await tab.getByText("Try what it has learnt").waitFor();
    const headline = (await tab.locator(".results .headline").textContent()) ?? "";
    const [, first, last] = /Step 150, loss ([\d.]+) → ([\d.]+)/.exec(headline) ?? [];
    expect(Number(last)).toBeLessThan(Number(first) / 4);

    await tab.getByLabel("Prompt").fill("down the b");
    await tab.getByLabel("Temperature").fill("0");
    await tab.getByLabel("Length").fill("20");
    await tab.getByRole("button", { name: "Write" }).click();
    await tab.getByText("20 characters in").waitFor();
    expect(await tab.locator(".paper").textContent()).toBe("down the boat, down the boat, ");

    const save = async (name: string): Promise<Uint8Array> => {
      const [download] = await Promise.all([tab.waitForEvent("download"), tab.getByRole("button", { name }).click()]);
      return readFileSync(await download.path());
    };
    const [weights, before] = [
      readSafetensors(await save("Weights")),
      readSafetensors(readFileSync(join(web, "weights.safetensors"))),
    ];
    if (!weights.ok || !before.ok) throw new Error("no weights");
    expect([...weights.value.tensors.keys()]).toEqual([...before.value.tensors.keys()]);
    expect(weights.value.tensors.get("projection/b")?.data).not.toEqual(before.value.tensors.get("projection/b")?.data);
    // After "down the b" and each of "oat, down": the model that was saved expects what the page wrote.
    const session = await InferenceSession.create(await save("Model"));
    const { vocabulary } = JSON.parse(readFileSync(join(web, "page.json"), "utf8")).metadata;
    const ids = [..."down the boat, down"].map((letter) => vocabulary.indexOf(letter));
    const inputs = new Tensor("int32", Int32Array.from(ids), [1, ids.length]);
    const { outputs } = await session.run({ inputs });
    const scores = outputs?.data as Float32Array;
    const size = vocabulary.length;
    const likeliest = ids.map((_, step) => {
      const row = scores.subarray(step * size, (step + 1) * size);
      return vocabulary[row.indexOf(Math.max(...row))];
    });
    expect(likeliest.slice(9).join("")).toBe("oat, down ");

    await tab.getByRole("button", { name: "Forget it again" }).click();
    await tab.getByText("Try it is").waitFor();
    expect(errors).toEqual([]);
  });

  test("learns pictures that are drawn, until it is stopped", async () => {
    const { tab, complaints: errors } = await openExample(specExamples.images, "fine-tune.html");
    expect(await tab.getByRole("button", { name: "Train", exact: true }).isDisabled()).toBe(true);
    await tab.getByRole("button", { name: "Add those of the data" }).click();
    await tab.getByText("6 pictures.").waitFor();
    await tab.getByLabel("Steps").fill("100000");
    await tab.getByRole("button", { name: "Train", exact: true }).click();
    await tab.getByText(/Step \d+, loss/).waitFor();
    await tab.getByRole("button", { name: "Stop" }).click();
    await tab.getByText("Try what it has learnt").waitFor();
    expect(await tab.locator(".bars li").count()).toBe(2);
    expect(errors).toEqual([]);
  });
});
