/** The pages in a browser: predictions equal those of the run, fine-tuning works, and the console stays empty. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Browser, Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { openTextGenerator } from "../../runtime/generation/generate-run.js";
import { predictRun } from "../../runtime/predict/predict-run.js";
import { readSafetensors } from "../../runtime/tensors/safetensors.js";
import { serveFolder } from "../../runtime/web/static-server.js";
import { chromiumPath, openBrowser, openPage, withChromium } from "../support/browser.js";
import {
  ctcExample,
  kindsExample,
  outputsExample,
  pageOf,
  type SpecExample,
  shopsExample,
  specExamples,
} from "../support/page-specs.js";
import { tone, wavFile } from "../support/wav.js";

const fakeMicrophone = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"];

let browser: Browser;

const stereo = Array.from(tone(260, 500)).flatMap((sample) => [sample, sample / 2]);
const sounds = {
  "tone.wav": wavFile(tone(280, 444)),
  "stereo.wav": wavFile(stereo, { channels: 2, bits: 24 }),
  "float.wav": wavFile(tone(1900, 500), { bits: 32, isFloat: true }),
};

beforeAll(async () => {
  if (chromiumPath !== undefined) browser = await openBrowser(fakeMicrophone);
});
afterAll(() => browser?.close());

/** Opens a page of an example run. `errors` collects errors of the page. */
async function openExample(example: SpecExample, file: "index.html" | "fine-tune.html") {
  const result = await pageOf(example);
  const server = await serveFolder(result.web, 0);
  const { page, errors } = await openPage(browser, `${server.address}${file}`);
  onTestFinished(async () => {
    await page.close();
    server.close();
  });
  await page.waitForSelector(".card");
  return { ...result, tab: page, errors };
}

async function probabilities(tab: Tab): Promise<Readonly<Record<string, number>>> {
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

/** The prediction of `rnnx predict` for one input. */
async function predictOnCommandLine(out: string, folder: string, name: string, content: string | Uint8Array) {
  writeFileSync(join(folder, name), content);
  const outcome = await predictRun({
    run: out,
    input: name,
    output: "predictions.json",
    folder,
    beam: null,
    device: "cpu",
  });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  return JSON.parse(readFileSync(join(folder, "predictions.json"), "utf8")).at(-1);
}

describe.skipIf(chromiumPath === undefined)(`the playground${withChromium}`, () => {
  test("generates the same text as the command line for the same seed", async () => {
    const { tab, out, errors } = await openExample(specExamples.text, "index.html");
    await tab.getByLabel("Prompt").fill("row");
    await tab.getByLabel("Length").fill("40");
    await tab.getByLabel("Seed").fill("7");
    await tab.getByRole("button", { name: "Generate" }).click();
    await tab.getByText("40 characters in").waitFor();
    const generator = await openTextGenerator(out);
    if (!generator.ok) throw new Error("no generator");
    const sampling = { temperature: 0.8, topK: null, topP: null };
    const generated = await generator.value.generate({ prompt: "row", length: 40, sampling, seed: 7 }, () => undefined);
    expect(await tab.locator(".output").textContent()).toBe(generated.ok && generated.value.text);

    await tab.getByLabel("Prompt").fill("yak");
    await tab.getByRole("button", { name: "Generate" }).click();
    expect(await tab.getByRole("alert").textContent()).toContain('characters that are not in the vocabulary: "k".');
    expect(errors).toEqual([]);
  });

  test("classifies drawings", async () => {
    const { tab, errors } = await openExample(specExamples.images, "index.html");
    await tab.getByRole("button", { name: "Clear" }).click();
    const canvas = await tab.getByLabel("Canvas to draw on").boundingBox();
    if (canvas === null) throw new Error("no canvas");
    const { x, y, width, height } = canvas;
    const line = async (from: readonly [number, number], to: readonly [number, number]) => {
      await tab.mouse.move(x + from[0] * width, y + from[1] * height);
      await tab.mouse.down();
      await tab.mouse.move(x + to[0] * width, y + to[1] * height, { steps: 5 });
      await tab.mouse.up();
    };
    await line([0.4, 0.2], [0.4, 0.8]);
    await expect.poll(async () => (await probabilities(tab))["0"] ?? 0).toBeGreaterThan(80);
    await tab.getByRole("button", { name: "Clear" }).click();
    await line([0.2, 0.6], [0.8, 0.6]);
    await expect.poll(async () => (await probabilities(tab))["1"] ?? 0).toBeGreaterThan(80);
    expect(errors).toEqual([]);
  });

  test("classifies a sound file like rnnx predict", { timeout: 240_000 }, async () => {
    const { tab, out, folder, errors } = await openExample(specExamples.audio, "index.html");
    for (const [name, content] of Object.entries(sounds)) {
      await tab.getByLabel("A .wav file").setInputFiles({ name, mimeType: "audio/wav", buffer: content });
      const { probabilities: expected } = await predictOnCommandLine(out, folder, name, content);
      await expect
        .poll(async () => Math.abs(((await probabilities(tab)).low ?? 0) - expected.low * 100), { timeout: 20_000 })
        .toBeLessThan(0.1);
    }
    await tab
      .getByLabel("A .wav file")
      .setInputFiles({ name: "x.wav", mimeType: "audio/wav", buffer: Buffer.from("x") });
    await expect
      .poll(() => tab.getByRole("alert").allTextContents(), { timeout: 20_000 })
      .toContainEqual(expect.stringContaining("no WAVE file"));
    const other = wavFile(tone(300, 16000, 16000), { sampleRate: 16000 });
    await tab.getByLabel("A .wav file").setInputFiles({ name: "fast.wav", mimeType: "audio/wav", buffer: other });
    await tab.getByText("1.00 seconds, resampled from 16000 Hz").waitFor();
    expect(errors).toEqual([]);
  });

  test("records by the microphone", { timeout: 240_000 }, async () => {
    const { tab, errors } = await openExample(specExamples.audio, "index.html");
    await tab.getByRole("button", { name: "Record" }).click();
    await tab.getByRole("button", { name: "Stop" }).waitFor();
    await tab.waitForTimeout(400);
    await tab.getByRole("button", { name: "Stop" }).click();
    const seconds = async () => Number.parseFloat(await tab.locator("p.note").innerText());
    await expect.poll(seconds, { timeout: 20_000 }).toBeGreaterThan(0.2);
    expect(await tab.getByRole("alert").allTextContents()).toEqual([]);
    expect(Object.values(await probabilities(tab)).reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 0);
    expect(errors).toEqual([]);
  });

  test("forecasts like rnnx predict, and updates after an edit", async () => {
    const { tab, out, folder, errors } = await openExample(specExamples.table, "index.html");
    const csv = specExamples.table.files["t.csv"];
    const headline = () => tab.locator(".headline b").textContent().then(Number);
    await tab.locator(".headline b").waitFor();
    expect(await headline()).toBeCloseTo((await predictOnCommandLine(out, folder, "in.csv", csv)).wave, 2);

    await tab.getByLabel("wave, row 0").fill("31.5");
    const rows = csv.trimEnd().split("\n");
    const changed = [...rows.slice(0, -1), `31.5,${rows.at(-1)?.split(",")[1]}`].join("\n");
    const { wave } = await predictOnCommandLine(out, folder, "changed.csv", changed);
    await expect.poll(headline).toBeCloseTo(wave, 2);
    expect(errors).toEqual([]);
  });

  test("shows the probability of each column, like rnnx predict", async () => {
    const csv = `low,high\n${Array.from({ length: 30 }, (_, row) => `${row % 2},${row % 3 === 0 ? 1 : 0}`).join("\n")}\n`;
    const spec = {
      name: "notes",
      data: { type: "table", file: "t.csv", window: 6 },
      model: [
        { layer: "conv1d", size: 8, kernel_size: 3, padding: "causal", activation: "tanh" },
        { layer: "dense", size: "features", activation: "sigmoid" },
      ],
      loss: { type: "binary_cross_entropy" },
      train: { steps: 60 },
    };
    const { tab, out, folder, errors } = await openExample({ spec, files: { "t.csv": csv } }, "index.html");
    const { low, high } = await predictOnCommandLine(out, folder, "in.csv", csv);
    expect([low > 0.5, high > 0.5]).toEqual([false, true]);
    await expect.poll(async () => Math.abs(((await probabilities(tab)).low ?? 0) - low * 100)).toBeLessThan(0.1);
    await expect.poll(async () => Math.abs(((await probabilities(tab)).high ?? 0) - high * 100)).toBeLessThan(0.1);
    expect(await tab.locator(".bars .largest .name").allInnerTexts()).toEqual(["high"]);
    expect(errors).toEqual([]);
  });

  test("has a form for a row of columns of kinds, and predicts like rnnx predict", async () => {
    const { tab, out, folder, web, errors } = await openExample(kindsExample, "index.html");
    const headline = () => tab.locator(".headline b").textContent().then(Number);
    const [header = "", ...rows] = kindsExample.files["flats.csv"].trimEnd().split("\n");
    const expected = async (row: string) =>
      (await predictOnCommandLine(out, folder, "in.csv", `${header}\n${row}\n`)).rent;
    expect(await tab.getByLabel("built").inputValue()).toBe("1998-05-03");
    await expect.poll(headline).toBeCloseTo(await expected(rows[0] ?? ""), 0);
    // A row without an area and one without a note.
    for (const place of [2, 1]) {
      await tab.locator(".examples button").nth(place).click();
      await expect.poll(headline).toBeCloseTo(await expected(rows[place] ?? ""), 0);
    }
    await tab.getByLabel("area").fill("1,5 m²");
    await tab.getByLabel("city").selectOption("Köln");
    await tab.getByLabel("balcony").selectOption("ja");
    await tab.getByLabel("built").fill("2020-02-29");
    await tab.getByLabel("note").fill("a DARK lake, unheard");
    const changed = await expected("1,5 m²;Köln;ja;29.02.2020;a DARK lake, unheard;");
    await expect.poll(headline).toBeCloseTo(changed, 0);
    await tab.getByLabel("area").fill("many");
    await expect.poll(() => tab.locator(".message").innerText()).toContain('area is "many"');
    // Training on the page needs columns of numbers.
    expect(existsSync(join(web, "fine-tune.html"))).toBe(false);
    expect(errors).toEqual([]);
  });

  test("forecasts the series of a file like rnnx predict, with intervals and dates", async () => {
    const { tab, out, folder, web, errors } = await openExample(shopsExample, "index.html");
    const cells = (row: number) => tab.locator(".grid tbody tr").nth(row).locator("th, td").allInnerTexts();
    const [header = "", ...rows] = shopsExample.files["shops.csv"].trimEnd().split("\n");
    const compare = async (shop: string, text: string) => {
      const expected = await predictOnCommandLine(out, folder, "in.csv", text);
      expect(expected).toMatchObject({ shop, step: 3 });
      await expect.poll(async () => (await cells(2))[0], { timeout: 20_000 }).toBe(expected.day);
      const [, ...numbers] = await cells(2);
      const wanted = [expected.sales, expected["sales_0.1"], expected["sales_0.5"], expected["sales_0.9"]];
      for (const [index, number] of numbers.map(Number).entries()) expect(number).toBeCloseTo(wanted[index], 1);
    };
    // The prediction of the last series of a file.
    await tab.getByLabel("Series").selectOption("Bonn, Süd");
    await compare("Bonn, Süd", `${header}\n${rows.join("\n")}\n`);
    const fewer = [header, ...rows.filter((row) => row.includes("Ulm")).slice(5, 30)].join("\n");
    await tab
      .getByLabel("A .csv file")
      .setInputFiles({ name: "in.csv", mimeType: "text/csv", buffer: Buffer.from(fewer) });
    await expect.poll(() => tab.getByLabel("Series").innerText(), { timeout: 20_000 }).toBe("Ulm");
    await compare("Ulm", fewer);
    expect(await tab.locator(".chart canvas").count()).toBe(1);
    await tab.getByLabel("Rows").fill(fewer.replaceAll("12,5", "many"));
    await expect.poll(() => tab.locator(".message").innerText()).toContain('Line 2: size is "many"');
    expect(existsSync(join(web, "fine-tune.html"))).toBe(false);
    expect(errors).toEqual([]);
  });

  test("shows every output of a model with several, like rnnx predict", async () => {
    const { tab, out, folder, web, errors } = await openExample(outputsExample, "index.html");
    const shown = await tab.locator(".card > .output-name").allInnerTexts();
    expect(shown).toEqual(["kind", "area"]);
    await tab.getByLabel("width, row 0").fill("4.5");
    await tab.getByLabel("length, row 0").fill("2");
    const expected = await predictOnCommandLine(out, folder, "in.csv", "width,length\n4.5,2\n");
    const { broad } = expected.kind_probabilities;
    await expect.poll(async () => Math.abs(((await probabilities(tab)).broad ?? 0) - broad * 100)).toBeLessThan(0.1);
    await expect
      .poll(async () => Number(await tab.locator(".headline b").innerText()))
      .toBeCloseTo(expected.area_area, 1);
    await tab.getByLabel("Column").selectOption("edge");
    await expect
      .poll(async () => Number(await tab.locator(".headline b").innerText()))
      .toBeCloseTo(expected.area_edge, 1);
    // Fine-tuning needs one target.
    expect(await tab.getByRole("navigation").count()).toBe(0);
    expect(readdirSync(web)).not.toContain("train.onnx");
    expect(errors).toEqual([]);
  });

  test("classifies a sequence like rnnx predict", async () => {
    const { tab, out, folder, errors } = await openExample(specExamples.sequences, "index.html");
    await tab.getByLabel("Text").fill("good evening my friend");
    const { probabilities: expected } = await predictOnCommandLine(
      out,
      folder,
      "in.jsonl",
      '{"text":"good evening my friend"}\n',
    );
    await expect
      .poll(async () => Math.abs(((await probabilities(tab)).greeting ?? 0) - expected.greeting * 100))
      .toBeLessThan(0.1);
    expect(errors).toEqual([]);
  });

  test("translates a source like rnnx predict", async () => {
    const { tab, out, folder, errors } = await openExample(specExamples.pairs, "index.html");
    await tab.getByLabel("Source").fill("one two");
    const { target } = await predictOnCommandLine(out, folder, "in.txt", "one two\n");
    await expect.poll(() => tab.locator(".output").textContent()).toBe(target);
    await tab.getByLabel("Source").fill("one zebra");
    await tab.getByText('1 word is not in the vocabulary and is read as unknown: "zebra".').waitFor();
    expect(errors).toEqual([]);
  });

  test("refuses a source that does not fit the windows and positions of the model, and reads the next one", async () => {
    const { spec } = specExamples.pairs;
    const [source, ...others] = spec.model;
    const places = { layer: "position", name: "places", type: "learned", length: 3 };
    const phrases = { layer: "conv1d", name: "phrases", size: 4, kernel_size: 2, padding: "valid" };
    const pairs = [
      ["one two", "1 2"],
      ["one one two", "1 1 2"],
    ];
    const fitted = {
      spec: {
        ...spec,
        data: { ...spec.data, pairs },
        model: [source, places, phrases, ...others],
        train: { steps: 1 },
      },
    };
    const { tab, errors } = await openExample(fitted, "index.html");
    const alert = () => tab.getByRole("alert", { includeHidden: true }).textContent();
    await tab.getByLabel("Source").fill("one");
    await expect.poll(alert).toBe("The source has 1 step, but the windows of phrases need 2.");
    await tab.getByLabel("Source").fill("one two one two");
    await expect.poll(alert).toBe("places has positions for 3 steps, but a sequence has 4 steps.");
    await tab.getByLabel("Source").fill("two one");
    await expect.poll(alert).toBe("");
    expect(errors).toEqual([]);
  });

  test("decodes the labels of a CTC model, without padding steps", async () => {
    const { tab, errors } = await openExample(ctcExample, "index.html");
    const { inputs, lengths, targets } = ctcExample.spec.data;
    for (const [index, steps] of inputs.entries()) {
      const example = JSON.stringify({ inputs: steps, lengths: lengths[index] });
      await tab.getByLabel("An example as JSON").fill(example);
      const labels = targets[index]?.filter((label) => label !== 0).join(" ") ?? "";
      await expect.poll(() => tab.locator(".result .headline b").allTextContents()).toEqual([labels]);
    }
    expect(errors).toEqual([]);
  });

  test("reads arrays as JSON and reports errors in them", async () => {
    const { tab, errors } = await openExample(specExamples.arrays, "index.html");
    await tab.getByLabel("An example as JSON").fill('{"inputs":[0,1]}');
    await expect.poll(async () => (await probabilities(tab))["1"] ?? 0).toBeGreaterThan(60);
    await tab.getByLabel("An example as JSON").fill('{"inputs":[0,1,1]}');
    await expect.poll(() => tab.getByRole("alert").textContent()).toBe('"inputs" must have shape [2].');
    expect(errors).toEqual([]);
  });
});

describe.skipIf(chromiumPath === undefined)(`the fine-tune page${withChromium}`, () => {
  test("lowers the loss on a text, generates it, and downloads the weights and the model", async () => {
    const { tab, web, errors } = await openExample(specExamples.text, "fine-tune.html");
    const text = "down the boat, down the boat, down the boat\n";
    await tab.getByLabel("Your text").fill(text);
    await tab.getByText("44 characters, 39 windows of 5.").waitFor();
    await tab.getByLabel("Steps").fill("150");
    await tab.getByLabel("Learning rate").fill("0");
    await tab.getByRole("button", { name: "Train", exact: true }).click();
    await tab.getByText("Fine-tuned model").waitFor();
    const headline = (await tab.locator(".results .headline").textContent()) ?? "";
    const [, first, last] = /Step 150, loss ([\d.]+) → ([\d.]+)/.exec(headline) ?? [];
    expect(Number(last)).toBeLessThan(Number(first) / 4);

    await tab.getByLabel("Prompt").fill("down the b");
    await tab.getByLabel("Temperature").fill("0");
    await tab.getByLabel("Length").fill("20");
    await tab.getByRole("button", { name: "Generate" }).click();
    await tab.getByText("20 characters in").waitFor();
    expect(await tab.locator(".output").textContent()).toBe("down the boat, down the boat, ");

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
    // The downloaded model predicts the text that the page generated after "down the b".
    const session = await InferenceSession.create(await save("Model"));
    const { vocabulary } = JSON.parse(readFileSync(join(web, "page.json"), "utf8")).metadata;
    const ids = [..."down the boat, down"].map((letter) => vocabulary.indexOf(letter));
    const inputs = new Tensor("int32", Int32Array.from(ids), [1, ids.length]);
    const { outputs } = await session.run({ inputs });
    const scores = outputs?.data as Float32Array;
    const size = vocabulary.length;
    const predictions = ids.map((_, step) => {
      const row = scores.subarray(step * size, (step + 1) * size);
      return vocabulary[row.indexOf(Math.max(...row))];
    });
    expect(predictions.slice(9).join("")).toBe("oat, down ");

    await tab.getByRole("button", { name: "Reset" }).click();
    await tab.getByText("Current model").waitFor();
    expect(errors).toEqual([]);
  });

  test("trains on drawings until it is stopped", async () => {
    const { tab, errors } = await openExample(specExamples.images, "fine-tune.html");
    expect(await tab.getByRole("button", { name: "Train", exact: true }).isDisabled()).toBe(true);
    await tab.getByRole("button", { name: "Add the samples" }).click();
    await tab.getByText("6 images.").waitFor();
    await tab.getByLabel("Steps").fill("100000");
    await tab.getByRole("button", { name: "Train", exact: true }).click();
    await tab.getByText(/Step \d+, loss/).waitFor();
    await tab.getByRole("button", { name: "Stop" }).click();
    await tab.getByText("Fine-tuned model").waitFor();
    expect(await tab.locator(".bars li").count()).toBe(2);
    expect(errors).toEqual([]);
  });
});
