/** The CTC decoder: prefix beam search against a sum over all alignments, and predictions of a run. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ctcDecode } from "../../../runtime/predict/ctc-decoder.js";
import { predictRun } from "../../../runtime/predict/predict-run.js";
import { type RandomStream, randomStream } from "../../../runtime/tensors/random.js";
import { trainSpec } from "../../support/training-runs.js";

const [STEPS, CLASSES] = [5, 3];

/** The probability of each sequence of labels, by enumeration of all paths. */
function labelProbabilities(data: Float32Array, blank: number): ReadonlyMap<string, number> {
  const probabilities = new Map<string, number>();
  for (let number = 0; number < CLASSES ** STEPS; number++) {
    const path = Array.from({ length: STEPS }, (_, step) => Math.floor(number / CLASSES ** step) % CLASSES);
    const labels = path.filter((id, step) => id !== blank && id !== path[step - 1]).join(" ");
    const probability = path.reduce((product, id, step) => product * (data[step * CLASSES + id] ?? 0), 1);
    probabilities.set(labels, (probabilities.get(labels) ?? 0) + probability);
  }
  return probabilities;
}

function randomProbabilities(random: RandomStream): Float32Array {
  const rows = Array.from({ length: STEPS }, () => Array.from({ length: CLASSES }, () => Math.exp(random.normal())));
  return Float32Array.from(rows.flatMap((row) => row.map((x) => x / row.reduce((a, b) => a + b))));
}

describe("prefix beam search", () => {
  test.each([0, 2])("finds the most likely labels when it keeps all prefixes, blank %i", (blank) => {
    const random = randomStream(5, "spelling");
    for (let trial = 0; trial < 20; trial++) {
      const data = randomProbabilities(random);
      const probabilities = labelProbabilities(data, blank);
      const [labels, expectedProbability] = [...probabilities].reduce((best, candidate) =>
        candidate[1] > best[1] ? candidate : best,
      );
      const decoded = ctcDecode({ shape: [STEPS, CLASSES], data }, blank, 1000);
      expect(decoded.labels.join(" ")).toBe(labels);
      expect(decoded.probability).toBeCloseTo(expectedProbability, 6);
    }
  });

  test.each([0, 2])("finds no less likely labels with a wider beam, blank %i", (blank) => {
    const random = randomStream(7, "spelling");
    let improved = 0;
    for (let trial = 0; trial < 200; trial++) {
      const data = randomProbabilities(random);
      const probabilities = labelProbabilities(data, blank);
      let narrower = 0;
      for (let beam = 1; beam <= 10; beam++) {
        const { labels, probability } = ctcDecode({ shape: [STEPS, CLASSES], data }, blank, beam);
        const expected = probabilities.get(labels.join(" ")) ?? 0;
        expect(probability).toBeCloseTo(expected, 6);
        expect(expected).toBeGreaterThanOrEqual(narrower * (1 - 1e-9));
        if (expected > narrower && beam > 1) improved++;
        narrower = expected;
      }
    }
    expect(improved).toBeGreaterThan(0);
  });

  test("finds labels whose many alignments are more likely than the best path", () => {
    // Each step: blank 0.4, label 1 0.35. The most likely path is blank: 0.16. The alignments of label 1 sum to 0.4025.
    const data = Float32Array.of(0.4, 0.35, 0.25, 0.4, 0.35, 0.25);
    expect(ctcDecode({ shape: [2, 3], data }, 0, 1)).toEqual({ labels: [], probability: expect.closeTo(0.16, 6) });
    const { labels, probability } = ctcDecode({ shape: [2, 3], data }, 0, 8);
    expect(labels).toEqual([1]);
    expect(probability).toBeCloseTo(2 * 0.4 * 0.35 + 0.35 * 0.35, 6);
  });

  test("does not underflow over long sequences", () => {
    const data = new Float32Array(3000 * 3).fill(1 / 3);
    expect(ctcDecode({ shape: [3000, 3], data }, 0, 4).labels.length).toBeGreaterThan(0);
  });
});

test("predict writes the labels of a trained CTC model, greedily and with a beam", async () => {
  const words = [[1, 2], [2, 1], [1, 1], [2]];
  // Each label lasts two steps, and is followed by a blank step.
  const inputs = words.map((labels) => {
    const steps = labels.flatMap((id) => [
      [Number(id === 1), Number(id === 2)],
      [Number(id === 1), Number(id === 2)],
      [0, 0],
    ]);
    return [...steps, ...Array.from({ length: 6 - steps.length }, () => [0, 0])];
  });
  const { folder, out, done } = await trainSpec({
    name: "ctc",
    seed: 1,
    data: { type: "arrays", inputs, targets: words.map(([a = 0, b = 0]) => [a, b]) },
    model: [
      { layer: "rnn", cell: "rnn", hidden_size: 12 },
      { layer: "dense", size: 3 },
    ],
    loss: { type: "ctc" },
    train: { steps: 150, batch_size: "all" },
  });
  expect(done.metrics.train).toMatchObject({ exact_sequence: 1, label_error_rate: 0 });
  writeFileSync(join(folder, "inputs.json"), JSON.stringify(inputs));
  for (const beam of [null, 4]) {
    const request = { run: out, input: "inputs.json", output: "labels.jsonl", folder, beam, device: "cpu" } as const;
    const outcome = await predictRun(request);
    expect(outcome.ok && outcome.value.predictions).toHaveLength(4);
    const lines = readFileSync(join(folder, "labels.jsonl"), "utf8").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).labels)).toEqual(words);
  }
});
