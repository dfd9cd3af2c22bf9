/**
 * A reader of WAVE files (IBM and Microsoft, Multimedia Programming Interface, 1991; WAVE_FORMAT_EXTENSIBLE): PCM of 8,
 * 16, 24 or 32 bits and floating-point numbers of 32 or 64 bits, as samples from -1 to 1. Several channels are averaged.
 */
import { formatCount, formatInteger } from "../../format.js";
import { fail, ok, type Result } from "../../result.js";

export interface Sound {
  /** Samples per second. */
  readonly sampleRate: number;
  /** Channels of the file. */
  readonly channels: number;
  readonly samples: Float32Array;
}

/** A fault of a file: it continues the sentence "the file cannot be read: ", and has the byte where it is. */
export interface SoundFault {
  readonly fault: string;
  readonly hint: string;
}

const copyHint = "Copy or record the file again.";
const convertHint = "Convert it to 16-bit PCM, such as with: ffmpeg -i in.wav -c:a pcm_s16le out.wav";

/** Names of formats that are no plain samples. */
const compressedFormats: Readonly<Record<number, string>> = {
  2: "ADPCM",
  6: "A-law",
  7: "μ-law",
  17: "ADPCM",
  80: "MPEG",
  85: "MP3",
};

interface Format {
  readonly isFloat: boolean;
  readonly channels: number;
  readonly sampleRate: number;
  /** Bytes of a sample of one channel. */
  readonly bytes: number;
}

export function readWav(file: Uint8Array): Result<Sound, SoundFault> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const text = (at: number) => String.fromCharCode(...file.subarray(at, at + 4));
  if (file.length === 0) return broken(0, "the file is empty");
  if (file.length < 12 || text(0) !== "RIFF" || text(8) !== "WAVE") return notWav(text(0));
  let format: Format | undefined;
  let at = 12;
  while (at + 8 <= file.length) {
    const [name, declared, start] = [text(at), view.getUint32(at + 4, true), at + 8];
    // A program that writes into a pipe does not know the size.
    const isOpen = name === "data" && declared === 0xffffffff;
    const size = isOpen ? file.length - start : declared;
    if (start + size > file.length)
      return broken(file.length, `the file ends inside its ${quoted(name)} chunk of ${formatCount(size, "byte")}`);
    if (name === "fmt ") {
      const read = readFormat(view, start, size);
      if (!read.ok) return read;
      format = read.value;
    }
    if (name === "data")
      return format === undefined
        ? broken(at, "its samples come before their format")
        : readSamples(view, start, size, format);
    // Chunks start at even bytes.
    at = start + size + (size % 2);
  }
  return broken(file.length, `the file has no ${quoted("data")} chunk`);
}

function readFormat(view: DataView, start: number, size: number): Result<Format, SoundFault> {
  if (size < 16) return broken(start, `its format has ${formatCount(size, "byte")}, fewer than 16`);
  const extensible = view.getUint16(start, true) === 0xfffe;
  if (extensible && size < 40) return broken(start, `its extensible format has ${formatCount(size, "byte")}, not 40`);
  // The first bytes of the GUID of a subformat are its number.
  const tag = view.getUint16(extensible ? start + 24 : start, true);
  const [channels, sampleRate] = [view.getUint16(start + 2, true), view.getUint32(start + 4, true)];
  const [frame, bits] = [view.getUint16(start + 12, true), view.getUint16(start + 14, true)];
  if (tag !== 1 && tag !== 3) {
    const name = compressedFormats[tag] ?? `format ${tag}`;
    return fail({ fault: `its samples are ${name}, not PCM or floats (byte ${start})`, hint: convertHint });
  }
  if (channels === 0) return broken(start + 2, "it has no channels");
  if (sampleRate === 0) return broken(start + 4, "it has 0 samples per second");
  const [isFloat, bytes] = [tag === 3, frame / channels];
  const sizes = isFloat ? [4, 8] : [1, 2, 3, 4];
  if (!sizes.includes(bytes) || bits > 8 * bytes || bits <= 8 * (bytes - 1))
    return fail({
      fault: `it has ${isFloat ? "floats" : "samples"} of ${bits} bits in ${formatCount(frame, "byte")} for ${formatCount(channels, "channel")} (byte ${start + 12})`,
      hint: convertHint,
    });
  return ok({ isFloat, channels, sampleRate, bytes });
}

/** The value of a sample by the size of its bytes. PCM of 8 bits has no sign; fewer bits are at the upper end. */
const pcm: Readonly<Record<number, (view: DataView, at: number) => number>> = {
  1: (view, at) => (view.getUint8(at) - 128) / 2 ** 7,
  2: (view, at) => view.getInt16(at, true) / 2 ** 15,
  3: (view, at) => (view.getInt8(at + 2) * 2 ** 16 + view.getUint16(at, true)) / 2 ** 23,
  4: (view, at) => view.getInt32(at, true) / 2 ** 31,
};

function readSamples(view: DataView, start: number, size: number, format: Format): Result<Sound, SoundFault> {
  const { isFloat, channels, sampleRate, bytes } = format;
  const frame = channels * bytes;
  if (size === 0) return broken(start, "it has no samples");
  if (size % frame !== 0) return broken(start + size, "its data ends inside a sample");
  const float = bytes === 4 ? "getFloat32" : "getFloat64";
  const valueAt = (isFloat ? undefined : pcm[bytes]) ?? ((from: DataView, at: number) => from[float](at, true));
  const samples = new Float32Array(size / frame);
  for (let index = 0; index < samples.length; index++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += valueAt(view, start + index * frame + channel * bytes);
    samples[index] = sum / channels;
  }
  const invalid = samples.findIndex((sample) => !Number.isFinite(sample));
  if (invalid >= 0) return broken(start + invalid * frame, "a sample is no finite number");
  return ok({ sampleRate, channels, samples });
}

function notWav(start: string): Result<never, SoundFault> {
  const other = { fLaC: "a FLAC file", OggS: "an Ogg file", RIFX: "a big-endian file", RF64: "a file of 64-bit sizes" };
  const kind = Object.entries(other).find(([magic]) => magic === start)?.[1];
  const isMp3 = start.startsWith("ID3") || /^\xff[\xe0-\xff]/.test(start);
  const what = kind ?? (isMp3 ? "an MP3 file" : undefined);
  return fail({ fault: `it is ${what === undefined ? "" : `${what}, `}no WAVE file (byte 0)`, hint: convertHint });
}

function broken(byte: number, what: string): Result<never, SoundFault> {
  return fail({ fault: `${what} (byte ${formatInteger(byte)})`, hint: copyHint });
}

function quoted(name: string): string {
  return JSON.stringify(name.trim());
}
