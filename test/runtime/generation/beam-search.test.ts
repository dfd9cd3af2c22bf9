/** Beam search over random bigram decoders, compared with every sequence that the decoder can write. */
import type { InferenceSession } from "onnxruntime-common";
import { Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import type { Port } from "../../../compiler/artifact.js";
import { beamSearch } from "../../../runtime/generation/beam-search.js";
import { randomStream } from "../../../runtime/tensors/random.js";

const [startId, endId] = [0, 1];
const maxTokens = 5;

/** Probabilities [token][next token]. */
type Bigrams = readonly (readonly number[])[];

const port = (name: string, role: Port["role"], shape: Port["shape"]): Port => ({
  name,
  role,
  dtype: role === "prediction" ? "float32" : "int32",
  shape,
});
const manifest = {
  model: {
    inputs: [port("inputs", "data", ["batch", "time"]), port("decoder_inputs", "data", ["batch", "target_time"])],
    outputs: [port("outputs", "prediction", ["batch", "target_time", 5])],
  },
};

/** A decoder whose next token depends on the last one and on the source, the index of a table. */
function decoderOf(tables: readonly Bigrams[]): InferenceSession {
  const run = async ({ inputs, decoder_inputs }: InferenceSession.FeedsType) => {
    const previous = Array.from(decoder_inputs?.data as Int32Array);
    const size = tables[0]?.length ?? 0;
    const steps = previous.length / (inputs?.dims[0] ?? 1);
    const rows = previous.flatMap((id, index) => {
      const table = tables[Number(inputs?.data[Math.floor(index / steps)])];
      return table?.[id]?.map(Math.log) ?? [];
    });
    return { outputs: new Tensor("float32", rows, [previous.length / steps, steps, size]) };
  };
  return { run } as unknown as InferenceSession;
}

async function decode(tables: readonly Bigrams[], beamWidth: number, tokens = maxTokens) {
  const data = Int32Array.from(tables.keys());
  const batch = new Map([["inputs", { dtype: "int32" as const, shape: [tables.length, 1], data }]]);
  const options = { startId, endId, maxTokens: tokens, beamWidth, outputsProbabilities: false };
  return beamSearch(decoderOf(tables), manifest, batch, options);
}

/** The mean log probability of the tokens of a sequence, with its end token. */
function meanLogProbability(table: Bigrams, ids: readonly number[]): number {
  const tokens = [...ids, endId];
  const logs = tokens.map((id, index) => Math.log(table[tokens[index - 1] ?? startId]?.[id] ?? 0));
  return logs.reduce((sum, log) => sum + log, 0) / tokens.length;
}

/** All sequences of at most `length` tokens of 2, 3 and 4. */
function sequencesUpTo(length: number): readonly (readonly number[])[] {
  if (length === 0) return [[]];
  return [[], ...sequencesUpTo(length - 1).flatMap((ids) => [2, 3, 4].map((id) => [id, ...ids]))];
}

function randomBigrams(seed: number): Bigrams {
  const random = randomStream(seed, "bigrams");
  return Array.from({ length: 5 }, () => {
    const weights = [0, ...Array.from({ length: 4 }, () => random.uniform() ** 2 + 0.01)];
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return weights.map((weight) => weight / sum);
  });
}

const tables = Array.from({ length: 24 }, (_, seed) => randomBigrams(seed + 1));
const bestSequences = tables.map((table) => {
  const means = sequencesUpTo(maxTokens - 1).map((ids) => meanLogProbability(table, ids));
  return Math.max(...means);
});

describe("beam search", () => {
  test("finds the best of all sequences by mean log probability, with a beam that holds them all", async () => {
    const decoded = await decode(tables, 400);
    const means = decoded.map(({ ids }, index) => meanLogProbability(tables[index] ?? [], ids));
    for (const [index, mean] of means.entries()) expect(mean).toBeCloseTo(bestSequences[index] ?? 0, 5);
    expect(decoded.every(({ isComplete }) => isComplete)).toBe(true);
  });

  test("finds no worse sequence with a wider beam, and is greedy with a beam of 1", async () => {
    const byWidth = [];
    for (let width = 1; width <= 10; width++) byWidth.push(await decode(tables, width));
    for (const [index, table] of tables.entries()) {
      let narrower = Number.NEGATIVE_INFINITY;
      for (const decoded of byWidth) {
        const { ids = [], isComplete = false } = decoded[index] ?? {};
        const mean = isComplete ? meanLogProbability(table, ids) : Number.NEGATIVE_INFINITY;
        expect(mean).toBeGreaterThanOrEqual(narrower - 1e-9);
        expect(mean).toBeLessThanOrEqual((bestSequences[index] ?? 0) + 1e-6);
        narrower = mean;
      }
      const greedy: number[] = [];
      for (let id = startId; greedy.length < maxTokens && id !== endId; ) {
        const row = table[id] ?? [];
        id = row.indexOf(Math.max(...row));
        if (id !== endId) greedy.push(id);
      }
      expect(byWidth[0]?.[index]?.ids).toEqual(greedy);
    }
    expect(byWidth[9]).not.toEqual(byWidth[0]);
  });

  test("decodes each example as if it were alone", async () => {
    const together = await decode(tables, 3);
    for (const [index, table] of tables.entries()) expect(await decode([table], 3)).toEqual([together[index]]);
  });

  // start → x .5, y .5; x → end .4, a .35, b .25; y → a .4, b .35, end .25; a, b → end .3, x .35, y .35.
  const [x, y, a, b] = [2, 3, 4, 5];
  const bigrams: Bigrams = [
    [0, 0, 0.5, 0.5, 0, 0],
    [0, 0, 0, 0, 0, 0],
    [0, 0.4, 0, 0, 0.35, 0.25],
    [0, 0.25, 0, 0, 0.4, 0.35],
    [0, 0.3, 0.35, 0.35, 0, 0],
    [0, 0.3, 0.35, 0.35, 0, 0],
  ];

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
    "counts the tokens of a sequence that has not ended, beam %i",
    async (width) => {
      expect(await decode([bigrams], width, 9)).toEqual([{ ids: [x], isComplete: true }]);
    },
  );

  test("prefers a complete sequence to one that is cut, and marks one that is cut", async () => {
    const endless = bigrams.map((row, id) => (id === x ? [0, 0, 0, 0, 0.6, 0.4] : row));
    const rarely = endless.map((row, id) => (id === y || id === b ? [0, 1e-6, 0, 1 - 1e-6, 0, 0] : row));
    const cut = endless.map((row) => row.map((value, id) => (id === endId ? 0 : value)));
    expect((await decode([rarely], 8, 4))[0]).toMatchObject({ isComplete: true });
    expect(await decode([cut], 1, 4)).toEqual([{ ids: [x, a, x, a], isComplete: false }]);
    expect((await decode([cut], 8, 4))[0]).toMatchObject({ isComplete: false, ids: { length: 4 } });
  });
});
