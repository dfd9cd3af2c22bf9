/** Decompression of the LZ4 frame format (LZ4 Frame Format Description 1.6), whose blocks may refer to those before them. */

const magic = 0x184d2204;
const endMark = 0;
/** The highest bit of a block's size: the block is stored as it is. */
const stored = 0x80000000;

/** The content of one frame. Throws an `Error` for a frame that is damaged. */
export function decompressLz4Frame(frame: Uint8Array): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < 7 || view.getUint32(0, true) !== magic) throw new Error("it is no LZ4 frame");
  const flags = frame[4] ?? 0;
  const isSet = (bit: number) => (flags & (1 << bit)) !== 0;
  const [hasBlockChecksum, hasSize, hasDictionary] = [isSet(4), isSet(3), isSet(0)];
  let offset = 6 + (hasSize ? 8 : 0) + (hasDictionary ? 4 : 0) + 1;
  const output = growingBytes(hasSize ? Number(view.getBigUint64(6, true)) : frame.length * 4);
  for (;;) {
    const size = view.getUint32(offset, true);
    offset += 4;
    if (size === endMark) return output.finish();
    const length = size & ~stored;
    const block = frame.subarray(offset, offset + length);
    if (block.length < length) throw new Error("its LZ4 data ends early");
    if ((size & stored) !== 0) output.append(block);
    else decompressBlock(block, output);
    offset += length + (hasBlockChecksum ? 4 : 0);
  }
}

/** Bytes that grow at their end. */
interface GrowingBytes {
  append(bytes: Uint8Array): void;
  /** Appends bytes that begin `distance` before the end; they may overlap those that are appended. */
  repeat(distance: number, length: number): void;
  finish(): Uint8Array;
}

/** A block decompresses to at most 255 times its size, so that a size in a damaged header is no reason to allocate it. */
const firstBytes = 2 ** 24;

function growingBytes(expected: number): GrowingBytes {
  let bytes = new Uint8Array(Math.min(Math.max(expected, 64), firstBytes));
  let length = 0;
  const reserve = (count: number) => {
    if (length + count <= bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * bytes.length, length + count));
    grown.set(bytes.subarray(0, length));
    bytes = grown;
  };
  return {
    append(chunk) {
      reserve(chunk.length);
      bytes.set(chunk, length);
      length += chunk.length;
    },
    repeat(distance, count) {
      if (distance === 0 || distance > length) throw new Error("its LZ4 data is damaged");
      reserve(count);
      if (distance >= count) bytes.copyWithin(length, length - distance, length - distance + count);
      else for (let index = length; index < length + count; index++) bytes[index] = bytes[index - distance] ?? 0;
      length += count;
    },
    finish: () => bytes.subarray(0, length),
  };
}

/** Sequences of literals and of a match: a token, the literals, and the distance and length of the match. */
function decompressBlock(block: Uint8Array, output: GrowingBytes): void {
  let offset = 0;
  const next = () => {
    const byte = block[offset++];
    if (byte === undefined) throw new Error("its LZ4 data is damaged");
    return byte;
  };
  const extended = (count: number) => {
    let total = count;
    if (count < 15) return total;
    for (let byte = 255; byte === 255; total += byte) byte = next();
    return total;
  };
  while (offset < block.length) {
    const token = next();
    const literals = extended(token >> 4);
    if (offset + literals > block.length) throw new Error("its LZ4 data is damaged");
    output.append(block.subarray(offset, offset + literals));
    offset += literals;
    // The last sequence has literals alone.
    if (offset === block.length) return;
    const distance = next() | (next() << 8);
    output.repeat(distance, extended(token & 15) + 4);
  }
}
