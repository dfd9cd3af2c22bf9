/** Windows of layers that combine neighboring steps: padding, number of windows, and the lengths that follow. */
import type { NormalConv1d, NormalLayer, NormalLogMel } from "../normal/index.js";

/** Windows of `size` steps, `dilation` apart, that start every `stride` steps of a sequence padded with zeros. */
export interface Windows {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  /** Steps of padding before the sequence, and after it. */
  readonly before: number;
  readonly after: number;
}

/** Steps from the first to the last step of a window. */
export function spanOf({ size, dilation }: Windows): number {
  return dilation * (size - 1);
}

/**
 * The number of windows of a sequence: floor((steps + before + after - span - 1) / stride) + 1. It is below 1 where
 * the sequence is shorter than a window.
 */
export function windowCount(steps: number, windows: Windows): number {
  const { before, after, stride } = windows;
  return Math.floor((steps + before + after - spanOf(windows) - 1) / stride) + 1;
}

/** The windows of a layer; undefined for a layer that keeps the time axis or has none. */
export function windowsOf(layer: NormalLayer): Windows | undefined {
  if (layer.layer === "conv1d") return convolutionWindows(layer);
  if (layer.layer === "log_mel") return logMelWindows(layer);
  if (layer.layer !== "pool" || layer.size === null) return undefined;
  return { size: layer.size, stride: layer.stride ?? layer.size, dilation: 1, before: 0, after: 0 };
}

/** The windows of a convolution. With "same" an odd step of padding comes after the sequence. */
export function convolutionWindows({ kernel_size, stride, dilation, padding }: NormalConv1d): Windows {
  const span = dilation * (kernel_size - 1);
  const [before, after] = {
    same: [Math.floor(span / 2), Math.ceil(span / 2)] as const,
    valid: [0, 0] as const,
    causal: [span, 0] as const,
  }[padding];
  return { size: kernel_size, stride, dilation, before, after };
}

/** The samples of a frame of a log-mel spectrum, from one to the next, and of its Fourier transform. */
export function frameOf({ sample_rate, window, hop, fft_size }: NormalLogMel): {
  readonly samples: number;
  readonly hop: number;
  readonly size: number;
} {
  const samples = Math.max(1, Math.round(window * sample_rate));
  const size = fft_size ?? Math.max(2, 2 ** Math.ceil(Math.log2(samples)));
  return { samples, hop: Math.max(1, Math.round(hop * sample_rate)), size };
}

/** The frames of a log-mel spectrum. */
export function logMelWindows(layer: NormalLogMel): Windows {
  const { samples, hop } = frameOf(layer);
  return { size: samples, stride: hop, dilation: 1, before: 0, after: 0 };
}

/** The number of steps of the model's output for an input of some steps, along the first sources of the layers. */
export function outputSteps(model: readonly NormalLayer[], steps: number): number {
  const byName = new Map<string, number>();
  let last = steps;
  for (const layer of model) {
    const windows = windowsOf(layer);
    const inputSteps = byName.get(layer.from[0] ?? "") ?? steps;
    last = windows === undefined ? inputSteps : Math.max(0, windowCount(inputSteps, windows));
    byName.set(layer.name, last);
  }
  return last;
}

/** The layer whose windows need the longest sequences, and the steps that an input needs for one window of each. */
export interface ShortestInput {
  readonly steps: number;
  readonly layer: NormalLayer;
}

/** By the names of the model's inputs; without those of which every length has a window. */
export function shortestInputs(model: readonly NormalLayer[]): ReadonlyMap<string, ShortestInput> {
  const shortest = new Map<string, ShortestInput>();
  for (const layer of model.toReversed()) {
    const { steps, layer: cause } = shortest.get(layer.name) ?? { steps: 1, layer };
    shortest.delete(layer.name);
    const windows = windowsOf(layer);
    const needed =
      windows === undefined
        ? steps
        : (steps - 1) * windows.stride + spanOf(windows) + 1 - windows.before - windows.after;
    const reason = windows !== undefined && (steps === 1 || cause === layer) ? layer : cause;
    for (const name of layer.from)
      if (needed > Math.max(1, shortest.get(name)?.steps ?? 1)) shortest.set(name, { steps: needed, layer: reason });
  }
  return shortest;
}

/** The number of steps with which every input has a window of every layer. */
export function shortestSteps(model: readonly NormalLayer[]): number {
  return Math.max(1, ...[...shortestInputs(model).values()].map(({ steps }) => steps));
}
