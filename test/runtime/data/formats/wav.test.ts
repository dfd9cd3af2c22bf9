/** WAVE files: every width of samples, channels, other chunks, and broken files with the byte of the fault. */
import { describe, expect, test } from "vitest";
import { readWav } from "../../../../runtime/data/formats/wav.js";
import { chunk, wavFile } from "../../../support/wav.js";

const samples = [0, 0.5, -0.25, 127 / 128, -1];

function read(file: Uint8Array) {
  const sound = readWav(file);
  if (!sound.ok) throw new Error(sound.error.fault);
  return sound.value;
}

describe("samples", () => {
  test.each([8, 16, 24, 32] as const)("PCM of %i bits", (bits) => {
    for (const extensible of [false, true])
      expect(Array.from(read(wavFile(samples, { bits, extensible })).samples)).toEqual(samples);
  });

  test.each([32, 64] as const)("floats of %i bits", (bits) => {
    for (const extensible of [false, true])
      expect(Array.from(read(wavFile([...samples, 1.5], { bits, isFloat: true, extensible })).samples)).toEqual([
        ...samples,
        1.5,
      ]);
  });

  test("several channels are averaged", () => {
    const sound = read(wavFile([0.5, -0.25, 1 / 3, 2 / 3, 0, -1], { channels: 2, bits: 64, isFloat: true }));
    expect(sound).toMatchObject({ channels: 2, sampleRate: 8000 });
    expect(Array.from(sound.samples)).toEqual([0.125, 0.5, -0.5]);
  });

  test("12 bits are at the upper end of 2 bytes", () => {
    const file = wavFile(samples);
    file.writeUInt16LE(12, 34);
    expect(Array.from(read(file).samples)).toEqual(samples);
  });

  test("other chunks of any size are skipped", () => {
    const before = Buffer.concat([chunk("LIST", Buffer.from("INFOabc")), chunk("fact", Buffer.alloc(4))]);
    expect(Array.from(read(wavFile(samples, { before })).samples)).toEqual(samples);
  });

  test("a size that a pipe did not know is the rest of the file", () => {
    const file = wavFile(samples);
    file.writeUInt32LE(0xffffffff, 40);
    expect(Array.from(read(file).samples)).toEqual(samples);
  });

  test("a view into a larger buffer", () => {
    const file = wavFile(samples);
    const padded = Buffer.concat([Buffer.from([1, 2, 3]), file]);
    expect(Array.from(read(padded.subarray(3)).samples)).toEqual(samples);
  });
});

describe("broken files", () => {
  /** A file of 5 samples with the bytes at a place replaced. */
  const changed = (at: number, ...bytes: number[]) => {
    const file = wavFile(samples);
    file.set(bytes, at);
    return file;
  };
  test.each<[string, Uint8Array, string]>([
    ["empty", new Uint8Array(0), "the file is empty (byte 0)"],
    ["text", Buffer.from("hello, this is no sound"), "it is no WAVE file (byte 0)"],
    ["FLAC", Buffer.from("fLaC0123456789"), "it is a FLAC file, no WAVE file (byte 0)"],
    ["MP3", Buffer.from("ID3\x030123456789"), "it is an MP3 file, no WAVE file (byte 0)"],
    ["truncated", wavFile(samples).subarray(0, 50), 'the file ends inside its "data" chunk of 10 bytes (byte 50)'],
    ["without data", wavFile(samples).subarray(0, 36), 'the file has no "data" chunk (byte 36)'],
    ["no samples", wavFile([]), "it has no samples (byte 44)"],
    ["half a sample", changed(40, 9), "its data ends inside a sample (byte 53)"],
    ["μ-law", changed(20, 7), "its samples are μ-law, not PCM or floats (byte 20)"],
    ["no channels", changed(22, 0), "it has no channels (byte 22)"],
    ["no rate", changed(24, 0, 0, 0, 0), "it has 0 samples per second (byte 24)"],
    ["12 bits in 1 byte", changed(32, 1, 0, 12), "it has samples of 12 bits in 1 byte for 1 channel (byte 32)"],
    [
      "data first",
      Buffer.concat([Buffer.from("RIFF\x00\x00\x00\x00WAVE"), chunk("data", Buffer.alloc(4))]),
      "its samples come before their format (byte 12)",
    ],
    ["not a number", wavFile([0, Number.NaN], { bits: 32, isFloat: true }), "a sample is no finite number (byte 48)"],
  ])("%s", (_, file, fault) => {
    expect(readWav(file)).toEqual({ ok: false, error: { fault, hint: expect.stringMatching(/^(Copy|Convert)/) } });
  });

  test("every file that ends early or has other bytes is a fault or a sound, and no exception", () => {
    const file = wavFile(samples, { extensible: true, channels: 1 });
    for (let end = 0; end < file.length; end++) expect(readWav(file.subarray(0, end)).ok).toBe(false);
    for (let at = 0; at < file.length; at++)
      for (const byte of [0, 1, 127, 255]) {
        const other = Buffer.from(file);
        other[at] = byte;
        expect(typeof readWav(other).ok).toBe("boolean");
      }
  });
});
