/**
 * log_mel: the log-mel spectrum of a sequence of samples, y_t = log(max(|x_t @ F|² @ M, floor)) for frames x_t of
 * `window` samples that start every `hop` samples, at least the largest of the sound minus `range` decibels, minus the
 * mean of each band (`mean_normalization`), and their deltas over time (`deltas`). F, cosines and sines under Hann's
 * window, and M, triangles on the mel scale, are constants. A frame is joined from blocks of `hop` samples, so that one
 * product has all of them. In code, because it reads windows of time, and its matrices are constants of its options.
 */
import { frameOf, logMelWindows, type Windows } from "../../../schema/kinds/windows.js";
import type { NormalLogMel } from "../../../schema/normal/index.js";
import type { Builder } from "../../ir/builder.js";
import { addDims, floorDivDims, mulDims, subDims } from "../../ir/dims.js";
import { tensor } from "../../ir/tensor.js";
import type { Dim, Value } from "../../ir/types.js";
import type { Context, LayerDefinition } from "../context.js";
import { withDeltas } from "../deltas.js";
import { emptyBand, fourierMatrix, frequencyCount, type MelBank, melMatrix } from "../mel-spectrum.js";
import { momentsOver } from "../moments.js";
import { prime, uniform } from "../random.js";
import { checkWindows, windowDim, windowMask } from "../time-windows.js";
import { describeWire, type Wire, width } from "../wire.js";
import { checkNumericSequence } from "./numeric-input.js";

export const logMel: LayerDefinition<NormalLogMel> = {
  elaborate(layer, input, context) {
    if (!checkNumericSequence(layer, input, context) || !isOneChannel(layer, input, context)) return undefined;
    const { b } = context;
    const windows = logMelWindows(layer);
    const { bands, floor } = layer;
    const size = checkSize(layer, windows.size, context);
    const matrix = size === undefined ? undefined : bandMatrix(layer, size, context);
    if (size === undefined || matrix === undefined) return undefined;
    if (!checkWindows(layer, "window", input, windows, context)) return undefined;
    const frequencies = frequencyCount(size);
    const blocks = Math.ceil(windows.size / windows.stride);
    const rows = blocks * windows.stride;
    const fourier = b.constant(tensor("float32", [rows, 2 * frequencies], fourierMatrix(rows, windows.size, size)));
    const transformed = b.matmul(frames(b, input.value, windows, blocks), fourier);
    const squares = b.mul(transformed, transformed);
    const [real, imaginary] = b.split(squares, [frequencies, frequencies], -1) as readonly [Value, Value];
    const spectrum = b.add(real, imaginary);
    const power =
      context.mode === "training" && layer.warp > 0
        ? warpedPower(layer, spectrum, size, context)
        : b.matmul(spectrum, b.constant(tensor("float32", [frequencies, bands], matrix)));
    const mask = windowMask(input, windows, context);
    const logarithm = b.log(b.max(power, floor));
    const limited = layer.range === null ? logarithm : limitRange(b, logarithm, mask, layer.range);
    const level = layer.mean_normalization;
    const centered = level === null ? limited : b.sub(limited, loudMean(b, limited, power, mask, level));
    const value = withDeltas(b, centered, mask, layer.deltas);
    return { value: b.withName(value, layer.name), sequence: true, mask, padding: "zeros", logits: null };
  },
};

/** Frames [frames, batch, bands] of logarithms, at least the largest of each sound minus `range` decibels. */
function limitRange(b: Builder, frames: Value, mask: Value | null, range: number): Value {
  const valid = mask === null ? frames : b.where(mask, frames, LOWEST);
  const peaks = b.reduceMax(valid, [0, 2], true);
  return b.max(frames, b.sub(peaks, (range * Math.LN10) / 10));
}

/**
 * The mean of each band over the loud frames of a sound, [1, batch, bands]: frames of at most `level` decibels less
 * power than the loudest one.
 *
 * @param power of the bands, [frames, batch, bands].
 */
function loudMean(b: Builder, frames: Value, power: Value, mask: Value | null, level: number): Value {
  const loudness = b.sum(power, [2], true);
  const valid = mask === null ? loudness : b.where(mask, loudness, -1);
  const isLoud = b.not(b.less(valid, b.mul(b.reduceMax(valid, [0], true), 10 ** (-level / 10))));
  return momentsOver(b, frames, [0], isLoud).mean;
}

/** Below every logarithm of a power in float32. */
const LOWEST = -1000;

/** Frames [frames, batch, blocks · hop]; the samples of a frame past its window are those of the next one. */
function frames(b: Builder, samples: Value, windows: Windows, blocks: number): Value {
  const [time, batch] = samples.type.shape as readonly [Dim, Dim];
  const { stride: hop } = windows;
  const count = windowDim(time, windows);
  const all = addDims(floorDivDims(addDims(time, -1), hop), 1);
  const padded = b.pad(samples, 0, 0, subDims(mulDims(all, hop), time));
  const inBlocks = b.transpose(b.reshape(padded, [all, hop, batch]), [0, 2, 1]);
  const parts = Array.from({ length: blocks }, (_, block) => b.slice(inBlocks, 0, block, addDims(block, count)));
  return b.concat(parts, -1);
}

/** Factors of the frequencies, of which each sound has one at random. */
const WARPS = 9;

/** The bands of each sound under a random factor of its frequencies, [frames, batch, bands]. */
function warpedPower(layer: NormalLogMel, spectrum: Value, size: number, context: Context): Value {
  const { b } = context;
  const { bands } = layer;
  const [count, batch, frequencies] = spectrum.type.shape as readonly [Dim, Dim, number];
  const factors = Array.from({ length: WARPS }, (_, index) => 1 + layer.warp * ((2 * index) / (WARPS - 1) - 1));
  const matrices = factors.map((warp) => melMatrix(bankOf(layer, size, warp)));
  const joined = Float32Array.from({ length: frequencies * WARPS * bands }, (_, index) => {
    const [row, column] = [Math.floor(index / (WARPS * bands)), index % (WARPS * bands)];
    return matrices[Math.floor(column / bands)]?.[row * bands + (column % bands)] ?? 0;
  });
  const all = b.matmul(spectrum, b.constant(tensor("float32", [frequencies, WARPS * bands], joined)));
  const drawn = b.div(uniform(context, layer.name, [batch, 1]), Math.ceil(prime / WARPS));
  const chosen = b.unsqueeze(b.oneHot(b.squeeze(drawn, [1]), WARPS), [0, 3]);
  return b.sum(b.mul(b.reshape(all, [count, batch, WARPS, bands]), chosen), [2]);
}

function bankOf(layer: NormalLogMel, size: number, warp: number): MelBank {
  const { bands, scale, low, sample_rate: sampleRate } = layer;
  return { bands, scale, low, high: layer.high ?? sampleRate / 2, sampleRate, size, warp };
}

/** True for samples of one channel; otherwise reports the problem. A width that the data defines is checked later. */
function isOneChannel(layer: NormalLogMel, input: Wire, { problem }: Context): boolean {
  const channels = width(input);
  if (channels === 1) return true;
  if (typeof channels === "number")
    problem({
      part: layer,
      code: "sound-channels",
      message: `${layer.name} reads samples [batch, samples, 1], but its input is ${describeWire(input)}.`,
      hint: 'Use data of type "audio", or name another input in "from".',
    });
  return false;
}

/** Samples of the Fourier transform. */
function checkSize(layer: NormalLogMel, samples: number, { problem }: Context): number | undefined {
  const { size } = frameOf(layer);
  if (samples < 2)
    return problem({
      part: layer,
      key: "window",
      code: "short-frame",
      message: `A frame of ${layer.name} has one sample, which Hann's window makes 0.`,
      hint: `Make the window longer: it is in seconds, of ${layer.sample_rate} samples.`,
    });
  if (size >= samples) return size;
  return problem({
    part: layer,
    key: "fft_size",
    code: "fft-size",
    message: `A frame of ${layer.name} has ${samples} samples, more than a Fourier transform of ${size}.`,
    hint: 'Remove "fft_size", or make the window shorter.',
  });
}

/** The bands, each with a frequency; otherwise reports the problem. */
function bandMatrix(layer: NormalLogMel, size: number, { problem }: Context): Float32Array | undefined {
  const { name, bands, low, sample_rate: sampleRate } = layer;
  const bank = bankOf(layer, size, 1);
  const { high } = bank;
  if (high > sampleRate / 2 || low >= high)
    return problem({
      part: layer,
      key: low >= high ? "low" : "high",
      code: "mel-range",
      message: `The bands of ${name} are from ${low} to ${high} Hz, at ${sampleRate} samples per second.`,
      hint: `Write frequencies from 0 to ${sampleRate / 2}, the lower one in "low".`,
    });
  const matrix = melMatrix(bank);
  const empty = emptyBand(matrix, bands);
  if (empty === undefined) return matrix;
  return problem({
    part: layer,
    key: "bands",
    code: "empty-band",
    message: `Band ${empty + 1} of ${bands} of ${name} has no frequency of the Fourier transform, whose frequencies are ${Number((sampleRate / size).toPrecision(4))} Hz apart.`,
    hint: `Write fewer bands, or "fft_size": ${2 * size}.`,
  });
}
