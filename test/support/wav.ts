/** WAVE files of made sounds. */

interface WavFormat {
  readonly sampleRate?: number;
  readonly channels?: number;
  readonly bits?: 8 | 16 | 24 | 32 | 64;
  readonly isFloat?: boolean;
  readonly extensible?: boolean;
  /** Bytes of other chunks before the data. */
  readonly before?: Buffer;
}

export function chunk(name: string, content: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header.write(name, 0, "latin1");
  header.writeUInt32LE(content.length, 4);
  return Buffer.concat([header, content, Buffer.alloc(content.length % 2)]);
}

/** @param samples from -1 to 1, the channels of a moment next to each other. */
export function wavFile(samples: ArrayLike<number>, format: WavFormat = {}): Buffer {
  const { sampleRate = 8000, channels = 1, bits = 16, isFloat = false, extensible = false, before } = format;
  const bytes = bits / 8;
  const data = Buffer.alloc(samples.length * bytes);
  for (const [index, sample] of Array.from(samples).entries()) {
    const at = index * bytes;
    const scaled = Math.max(-(2 ** (bits - 1)), Math.min(2 ** (bits - 1) - 1, Math.round(sample * 2 ** (bits - 1))));
    if (isFloat && bits === 32) data.writeFloatLE(sample, at);
    else if (isFloat) data.writeDoubleLE(sample, at);
    else if (bits === 8) data.writeUInt8(scaled + 128, at);
    else data.writeIntLE(scaled, at, bytes);
  }
  const tag = isFloat ? 3 : 1;
  const form = Buffer.alloc(extensible ? 40 : 16);
  form.writeUInt16LE(extensible ? 0xfffe : tag, 0);
  form.writeUInt16LE(channels, 2);
  form.writeUInt32LE(sampleRate, 4);
  form.writeUInt32LE(sampleRate * channels * bytes, 8);
  form.writeUInt16LE(channels * bytes, 12);
  form.writeUInt16LE(bits, 14);
  if (extensible) {
    form.writeUInt16LE(22, 16);
    form.writeUInt16LE(bits, 18);
    form.writeUInt16LE(tag, 24);
    form.write("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71", 26, "latin1");
  }
  const chunks = [chunk("fmt ", form), ...(before ? [before] : []), chunk("data", data)];
  const content = Buffer.concat([Buffer.from("WAVE", "latin1"), ...chunks]);
  return chunk("RIFF", content);
}

/** A tone of `frequency` Hz. */
export function tone(frequency: number, length: number, sampleRate = 8000): Float32Array {
  return Float32Array.from({ length }, (_, index) => 0.5 * Math.sin((2 * Math.PI * frequency * index) / sampleRate));
}
