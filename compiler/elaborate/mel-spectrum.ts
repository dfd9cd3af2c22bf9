/** Fixed matrices of a log-mel spectrum: a windowed Fourier transform, and the triangles of bands on the mel scale. */
import type { NormalLogMel } from "../../schema/normal/index.js";

/**
 * A frame times this matrix is its Fourier transform under the periodic window of Hann, 0.5 - 0.5 cos(2π k / n):
 * [rows, 2 frequencies], the cosines before the sines. Rows past the frame are zeros.
 *
 * @param rows at least `samples`.
 * @param size samples of the transform, of which those past the frame are zeros.
 */
export function fourierMatrix(rows: number, samples: number, size: number): Float32Array {
  const frequencies = frequencyCount(size);
  const matrix = new Float32Array(rows * 2 * frequencies);
  for (let k = 0; k < samples; k++) {
    const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * k) / samples);
    for (let f = 0; f < frequencies; f++) {
      const angle = (2 * Math.PI * ((k * f) % size)) / size;
      matrix[(k * 2 + 0) * frequencies + f] = hann * Math.cos(angle);
      matrix[(k * 2 + 1) * frequencies + f] = -hann * Math.sin(angle);
    }
  }
  return matrix;
}

/** Frequencies of a transform of `size` samples: from 0 to half the sample rate. */
export function frequencyCount(size: number): number {
  return Math.floor(size / 2) + 1;
}

interface MelScale {
  readonly ofHertz: (frequency: number) => number;
  readonly toHertz: (mel: number) => number;
}

/** Slaney's scale is 3 mel for each 200 Hz below 1000 Hz, and 27 mel for each factor of 6.4 above. */
const slaneyStep = Math.log(6.4) / 27;

const scales: { readonly [K in NormalLogMel["scale"]]: MelScale } = {
  htk: {
    ofHertz: (frequency) => 2595 * Math.log10(1 + frequency / 700),
    toHertz: (mel) => 700 * (10 ** (mel / 2595) - 1),
  },
  slaney: {
    ofHertz: (frequency) => (frequency < 1000 ? (3 * frequency) / 200 : 15 + Math.log(frequency / 1000) / slaneyStep),
    toHertz: (mel) => (mel < 15 ? (200 * mel) / 3 : 1000 * Math.exp(slaneyStep * (mel - 15))),
  },
};

export interface MelBank {
  readonly bands: number;
  readonly scale: NormalLogMel["scale"];
  /** Ends of the bands in Hz. */
  readonly low: number;
  readonly high: number;
  readonly sampleRate: number;
  /** Samples of the Fourier transform. */
  readonly size: number;
  /** The factor of the frequencies of a sound; 1 leaves them. */
  readonly warp: number;
}

/**
 * The frequency of a warped sound that was at f: f·factor up to a bend, then a line to the highest frequency, which
 * stays (N. Jaitly, G. Hinton, Vocal Tract Length Perturbation, 2013).
 */
function warped(frequency: number, factor: number, highest: number): number {
  const bend = (0.9 * highest * Math.min(factor, 1)) / factor;
  if (frequency <= bend) return frequency * factor;
  return highest - ((highest - bend * factor) / (highest - bend)) * (highest - frequency);
}

/** The power of each frequency in each band, [frequencies, bands]: triangles whose tops and ends are evenly spaced. */
export function melMatrix({ bands, scale, low, high, sampleRate, size, warp }: MelBank): Float32Array {
  const { ofHertz, toHertz } = scales[scale];
  const [first, last] = [ofHertz(low), ofHertz(high)];
  const point = (index: number) => toHertz(first + ((last - first) * index) / (bands + 1));
  const frequencies = frequencyCount(size);
  const matrix = new Float32Array(frequencies * bands);
  for (let band = 0; band < bands; band++) {
    const [start, top, end] = [point(band), point(band + 1), point(band + 2)];
    const height = scale === "slaney" ? 2 / (end - start) : 1;
    for (let f = 0; f < frequencies; f++) {
      const frequency = warped((f * sampleRate) / size, warp, sampleRate / 2);
      const slope = Math.min((frequency - start) / (top - start), (end - frequency) / (end - top));
      matrix[f * bands + band] = height * Math.max(0, slope);
    }
  }
  return matrix;
}

/** The first band without a frequency of the transform, from 0; undefined where every band has one. */
export function emptyBand(matrix: Float32Array, bands: number): number | undefined {
  const isEmpty = (band: number) => {
    for (let entry = band; entry < matrix.length; entry += bands) if (matrix[entry] !== 0) return false;
    return true;
  };
  return Array.from({ length: bands }, (_, band) => band).find(isEmpty);
}
