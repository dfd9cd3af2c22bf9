/** TFRecord framing of event files: length, CRC of the length, data, CRC of the data. */
import { crc32c } from "@aws-crypto/crc32c";

const maskDelta = 0xa282ead8;

/** CRC-32C, rotated and offset: TensorFlow masks checksums because data may contain checksums itself. */
function maskedChecksum(bytes: Uint8Array): number {
  const sum = crc32c(bytes);
  return (((sum >>> 15) | (sum << 17)) + maskDelta) >>> 0;
}

export function encodeRecord(bytes: Uint8Array): Uint8Array {
  const framed = Buffer.alloc(8 + 4 + bytes.length + 4);
  framed.writeBigUInt64LE(BigInt(bytes.length), 0);
  framed.writeUInt32LE(maskedChecksum(framed.subarray(0, 8)), 8);
  framed.set(bytes, 12);
  framed.writeUInt32LE(maskedChecksum(bytes), 12 + bytes.length);
  return framed;
}
