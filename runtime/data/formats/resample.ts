/**
 * Samples at another rate by band-limited interpolation: a sinc under Hann's window, cut off at 0.99 of half the lower
 * rate, over 6 of its zeros to each side (J. Smith, Digital Audio Resampling, 2002; the defaults of torchaudio).
 */

const ZEROS = 6;
const ROLLOFF = 0.99;

/**
 * y_j = Σ_i x_i h(i - j·from/to), h(t) = c·sinc(c t)·cos²(π c t / 12) for |c t| < 6, c = 0.99 min(1, to/from). Samples
 * before the first and after the last are zeros.
 *
 * @param from samples per second of the input, an integer.
 * @param to samples per second of the output, an integer.
 * @returns ceil(n·to/from) samples.
 */
export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return samples;
  const divisor = greatestCommonDivisor(from, to);
  const [step, phases] = [from / divisor, to / divisor];
  const cutoff = ROLLOFF * Math.min(1, to / from);
  const reach = Math.ceil(ZEROS / cutoff);
  const filters: Float64Array[] = [];
  const output = new Float32Array(Math.ceil((samples.length * phases) / step));
  for (let index = 0; index < output.length; index++) {
    const [place, phase] = [Math.floor((index * step) / phases), (index * step) % phases];
    filters[phase] ??= filterOf(phase / phases, cutoff, reach);
    const filter = filters[phase];
    const first = place - reach;
    let sum = 0;
    for (let k = Math.max(0, -first); k < Math.min(filter.length, samples.length - first); k++)
      sum += (filter[k] ?? 0) * (samples[first + k] ?? 0);
    output[index] = sum;
  }
  return output;
}

/** Weights of the samples from `reach` before a place to `reach + 1` after it, for an output `offset` after the place. */
function filterOf(offset: number, cutoff: number, reach: number): Float64Array {
  return Float64Array.from({ length: 2 * reach + 2 }, (_, k) => {
    const t = (k - reach - offset) * cutoff;
    if (Math.abs(t) >= ZEROS) return 0;
    const sinc = t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t);
    return cutoff * sinc * Math.cos((Math.PI * t) / (2 * ZEROS)) ** 2;
  });
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
