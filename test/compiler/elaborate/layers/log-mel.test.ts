/** log_mel against PyTorch's Fourier transform and torchaudio's bands, its lengths, and its problems. */
import { describe, expect, test } from "vitest";
import { melMatrix } from "../../../../compiler/elaborate/mel-spectrum.js";
import type { Program } from "../../../../compiler/elaborate/program.js";
import { evaluate } from "../../../../compiler/graph/evaluate.js";
import { restrictGraph } from "../../../../compiler/graph/extract-subgraph.js";
import { at } from "../../../../compiler/ir/expect.js";
import { tensor } from "../../../../compiler/ir/tensor.js";
import type { Graph, Tensor } from "../../../../compiler/ir/types.js";
import { autocast } from "../../../../compiler/precision/autocast.js";
import { withStaticTime } from "../../../../compiler/signature.js";
import { problemsOf } from "../../../support/check-spec.js";
import { open, operandsOf, programOf } from "../../../support/programs.js";
import { expectClose, type Numbers, nested, readFixture, tensorOf } from "../../../support/reference-numbers.js";
import { expectSame } from "../../../support/run-graph.js";

interface Case {
  readonly layer: Readonly<Record<string, unknown>>;
  readonly steps: number;
  readonly lengths: readonly number[] | null;
  readonly output_lengths: readonly number[];
  readonly output: Numbers;
}

const [BATCH, OPSET] = [2, 18];

function samples(steps: number): Numbers {
  const data = Array.from({ length: BATCH * steps }, (_, i) => Math.floor(1000 * Math.sin(0.01 * i * i + 1)) / 1000);
  return { shape: [BATCH, steps, 1], data };
}

const specOf = (layer: object, steps: number, lengths: readonly number[] | null, channels = 1) => ({
  data: {
    type: "arrays",
    inputs: nested(
      channels === 1 ? samples(steps) : { shape: [BATCH, steps / channels, channels], data: samples(steps).data },
    ),
    targets: [[0], [0]],
    ...(lengths && { lengths }),
  },
  model: [layer, { layer: "pool", mode: "last" }, { layer: "dense", size: 1 }],
  loss: { type: "squared_error" },
  optimizer: { type: "adam" },
});

/** The graph of the frames and their last one, time-major. */
function framesOf({ graph, layers }: Program): Graph {
  const outputs = [at(layers, 0).value, at(layers, 1).value];
  const { graph: restricted, live } = restrictGraph(graph, outputs);
  return { ...restricted, inputs: restricted.inputs.filter((input) => live.has(input)) };
}

const RANGE = 12;

/** A case with a range, by its definition: the valid frames at least their largest number minus the range. */
function withRange({ layer, output, output_lengths, ...rest }: Case): Case {
  const [, count = 0, bands = 0] = output.shape;
  const data = Array.from(output.data);
  const peaks = output_lengths.map((frames, row) => {
    const start = row * count * bands;
    return Math.max(...data.slice(start, start + frames * bands));
  });
  const limited = data.map((value, index) => {
    const row = Math.floor(index / (count * bands));
    const isPadding = Math.floor(index / bands) % count >= (output_lengths[row] ?? 0);
    if (isPadding) return value;
    return Math.max(value, (peaks[row] ?? Number.NaN) - (RANGE * Math.log(10)) / 10);
  });
  expect(limited).not.toEqual(data);
  return { ...rest, layer: { ...layer, range: RANGE }, output_lengths, output: { ...output, data: limited } };
}

const LEVEL = 0.2;

/** A case with the means of loud frames, by their definition: the plain case's numbers are logarithms of powers. */
function withMeans({ layer, output, output_lengths, ...rest }: Case, plain: Case): Case {
  const [, count = 0, bands = 0] = output.shape;
  const data = Array.from(output.data);
  for (const [row, frames] of output_lengths.entries()) {
    const place = (frame: number, band: number) => (row * count + frame) * bands + band;
    const loudness = Array.from({ length: frames }, (_, frame) =>
      sum(Array.from({ length: bands }, (_, band) => Math.exp(plain.output.data[place(frame, band)] ?? Number.NaN))),
    );
    const limit = Math.max(...loudness) * 10 ** (-LEVEL / 10);
    const loud = [...loudness.keys()].filter((frame) => (loudness[frame] ?? 0) >= limit);
    for (let band = 0; band < bands; band++) {
      const mean = sum(loud.map((frame) => output.data[place(frame, band)] ?? Number.NaN)) / loud.length;
      for (let frame = 0; frame < frames; frame++) data[place(frame, band)] = (data[place(frame, band)] ?? 0) - mean;
    }
  }
  return { ...rest, layer: { ...layer, mean_normalization: LEVEL }, output_lengths, output: { ...output, data } };
}

/** A case with the slopes of its numbers, and the slopes of these, by their definition. */
function withSlopes({ layer, output, output_lengths, ...rest }: Case): Case {
  const [, count = 0, bands = 0] = output.shape;
  const data = output_lengths.flatMap((frames, row) => {
    const features = Array.from({ length: frames }, (_, frame) =>
      Array.from({ length: bands }, (_each, band) => output.data[(row * count + frame) * bands + band] ?? Number.NaN),
    );
    const all = features.map((frame) => [...frame]);
    for (const order of [0, 1])
      for (const [band] of (features[0] ?? []).entries()) {
        const column = all.map((frame) => frame[order * bands + band] ?? Number.NaN);
        for (const [index, slope] of slopes(column).entries()) all[index]?.push(slope);
      }
    return [...all.flat(), ...Array<number>((count - frames) * 3 * bands).fill(0)];
  });
  const shape = [BATCH, count, 3 * bands];
  return { ...rest, layer: { ...layer, deltas: 2 }, output_lengths, output: { ...output, shape, data } };
}

/** The slope of the line through five numbers, least squares: those beyond the ends are the first or the last. */
function slopes(numbers: readonly number[]): readonly number[] {
  const at = (index: number) => numbers[Math.min(Math.max(index, 0), numbers.length - 1)] ?? Number.NaN;
  return numbers.map((_, t) => sum([-2, -1, 0, 1, 2].map((n) => n * at(t + n))) / 10);
}

test("slopes are those of librosa 0.11, feature.delta of width 5 and mode nearest", () => {
  const first = slopes([0, 1, 4, 2, 7, 3, 3, 8]);
  expect(first).toEqual([0.9, 0.8, 1.5, 0.7, -0.1, 0.8, 0.7, 1.5].map((x) => expect.closeTo(x, 9)));
  expect(slopes(first)).toEqual([0.11, 0.02, -0.21, -0.16, -0.15, 0.24, 0.39, 0.22].map((x) => expect.closeTo(x, 9)));
});

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

const { cases: plainCases } = readFixture<{ readonly cases: readonly Case[] }>("log-mel.json");
const cases = plainCases.flatMap((plain) => {
  const limited = withRange(plain);
  return [plain, limited, withMeans(plain, plain), withMeans(limited, plain), withSlopes(plain)];
});

test("the means are over some of the frames", () => {
  const allFrames = plainCases.flatMap((plain) => {
    const { output } = withMeans(plain, plain);
    const [, count = 0, bands = 0] = output.shape;
    return plain.output_lengths.map((frames, row) =>
      sum(Array.from({ length: frames }, (_, frame) => output.data[(row * count + frame) * bands] ?? Number.NaN)),
    );
  });
  expect(allFrames.some((total) => Math.abs(total) > 0.01)).toBe(true);
});

describe.each([
  ["samples known at run time", false],
  ["samples known at compile time", true],
])("%s", (_, isStatic) => {
  test.each(cases.map((fixture) => [JSON.stringify(fixture.layer), fixture] as const))("%s", async (_, fixture) => {
    const { layer, steps, lengths, output: expected, output_lengths: frames } = fixture;
    const opened = await open(specOf(layer, steps, lengths));
    const program = programOf(isStatic ? { ...opened, signature: withStaticTime(opened.signature) } : opened);
    const graph = framesOf(program);
    const ports = graph.inputs.map((input) => ({ name: input.name ?? "" }));
    const feeds = operandsOf(
      ports,
      new Map<string, Tensor>([
        ["inputs", tensorOf(samples(steps))],
        ["lengths", tensor("int64", [BATCH], lengths ?? [steps, steps])],
      ]),
    );
    const [output, last] = evaluate(graph, feeds) as [Tensor, Tensor];
    const [, count = 0, bands = 0] = expected.shape;
    expect(output.shape).toEqual([count, BATCH, bands]);
    const batchMajor = Array.from(expected.data, (_, index) => {
      const [row, step] = [Math.floor(index / (count * bands)), Math.floor(index / bands) % count];
      const isValid = step < (frames[row] ?? 0);
      return isValid ? (output.data[(step * BATCH + row) * bands + (index % bands)] ?? Number.NaN) : 0;
    });
    expectClose({ ...output, ...tensorOf({ shape: expected.shape, data: batchMajor }) }, expected, 1e-5, "frames");
    const ends = Array.from({ length: BATCH * bands }, (_, index) => {
      const row = Math.floor(index / bands);
      return expected.data[(row * count + (frames[row] ?? 0) - 1) * bands + (index % bands)] ?? Number.NaN;
    });
    expectClose(last, { shape: [BATCH, bands], data: ends }, 1e-5, "the last frame");
    await expectSame(graph, feeds, OPSET);
  });
});

test("in mixed precision its products stay in float32", async () => {
  const { layer, steps } = at(cases, 0);
  const graph = framesOf(programOf(await open(specOf(layer, steps, null))));
  const types = autocast(graph, [0]).nodes.flatMap(({ outputs }) => outputs.map(({ type }) => type.dtype));
  expect(types).not.toContain("float16");
});

describe("problems", () => {
  const layer = { layer: "log_mel", sample_rate: 1000, window: 0.02, bands: 4 };
  test.each([
    ["two channels", layer, 60, 2, "sound-channels", "/model/0"],
    ["a frame of one sample", { ...layer, window: 0.001 }, 60, 1, "short-frame", "/model/0/window"],
    ["a short transform", { ...layer, fft_size: 16 }, 60, 1, "fft-size", "/model/0/fft_size"],
    ["a band above half the rate", { ...layer, high: 501 }, 60, 1, "mel-range", "/model/0/high"],
    ["no range", { ...layer, low: 300, high: 200 }, 60, 1, "mel-range", "/model/0/low"],
    ["more bands than frequencies", { ...layer, bands: 30 }, 60, 1, "empty-band", "/model/0/bands"],
  ])("%s", async (_, part, steps, channels, code, path) => {
    const spec = specOf(part, steps, null, channels);
    expect(await problemsOf(spec)).toEqual([expect.stringContaining(`${code}, ${path}`)]);
  });

  test("no sample rate", async () => {
    const spec = specOf({ layer: "log_mel" }, 60, null);
    await expect(problemsOf(spec)).rejects.toThrow('missing-key /model/0 | Missing key "sample_rate"');
  });

  test("fewer samples than a frame", async () => {
    expect(await problemsOf(specOf(layer, 10, null))).toEqual([expect.stringContaining("short-sequence")]);
  });
});

describe("warp", () => {
  const layer = { layer: "log_mel", sample_rate: 8000, bands: 6 };
  const layerOutput = async (options: object, mode: "training" | "inference", step = 0) => {
    const program = programOf(await open(specOf({ ...layer, ...options }, 520, null)), mode);
    const graph = framesOf(program);
    const ports = graph.inputs.map((input) => ({ name: input.name ?? "" }));
    const values = new Map<string, Tensor>([
      ["inputs", tensorOf({ shape: [BATCH, 520, 1], data: [...samples(260).data, ...samples(260).data] })],
      ["step", tensor("int64", [], [step])],
    ]);
    return evaluate(graph, operandsOf(ports, values))[0] as Tensor;
  };
  const rowOf = ({ shape, data }: Tensor, row: number) => {
    const [count = 0, , bands = 0] = shape;
    return Array.from(
      { length: count * bands },
      (_, index) => data[(Math.floor(index / bands) * BATCH + row) * bands + (index % bands)] ?? 0,
    );
  };
  /** Equal sounds under each factor, by the layer's frequencies alone. */
  test("each sound of a batch and step has a factor of its own, and inference none", async () => {
    const plain = await layerOutput({}, "inference");
    expect(await layerOutput({ warp: 0.2 }, "inference")).toEqual(plain);
    expect(await layerOutput({}, "training")).toEqual(plain);
    const drawn = await Promise.all(
      Array.from({ length: 12 }, (_, step) => layerOutput({ warp: 0.2 }, "training", step)),
    );
    const rows = drawn.flatMap((output) =>
      [rowOf(output, 0), rowOf(output, 1)].map((row) => row.map((x) => x.toFixed(6)).join()),
    );
    const different = new Set(rows).size;
    expect(different).toBeGreaterThan(3);
    expect(different).toBeLessThanOrEqual(9);
    expect(await layerOutput({ warp: 0.2 }, "training", 3)).toEqual(drawn[3]);
  });
});

test("a warped tone has its power where a tone of the warped frequency has it", () => {
  const bank = { bands: 12, scale: "htk", low: 0, high: 4000, sampleRate: 8000, size: 256, warp: 1 } as const;
  const top = (frequency: number, warp: number) => {
    const matrix = melMatrix({ ...bank, warp });
    const row = Array.from(matrix.subarray(frequency * 12, frequency * 12 + 12));
    return row.reduce((sum, weight, band) => sum + weight * band, 0) / row.reduce((sum, weight) => sum + weight, 0);
  };
  // 40 of 128 frequencies times 1.1 is 44.
  expect(top(40, 1.1)).toBeCloseTo(top(44, 1), 6);
  expect(top(50, 0.8)).toBeCloseTo(top(40, 1), 6);
  expect(top(127, 1.1)).toBeLessThan(11.0001);
});
