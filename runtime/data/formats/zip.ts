/**
 * Zip archives (NPZ, Keras): a reader of stored and deflated members that checks every size before it uses it, and a
 * writer of stored members.
 */
import * as zlib from "node:zlib";
import { fail, ok, type Result } from "../../result.js";

export interface ZipMember {
  readonly name: string;
  /** The contents, or what is wrong with them, as a clause that begins with "it" or "its". */
  read(): Result<Uint8Array, string>;
}

const END_RECORD_SIZE = 22;
const MAX_COMMENT_BYTES = 0xffff;
const ENTRY_SIZE = 46;
const LOCAL_HEADER_SIZE = 30;

/** The members of an archive, or what is wrong with it, as a clause. */
export function readZip(bytes: Uint8Array): Result<readonly ZipMember[], string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view);
  if (end === undefined) return fail("it is not a zip archive, or ends early");
  const count = view.getUint16(end + 10, true);
  const start = view.getUint32(end + 16, true);
  const members: ZipMember[] = [];
  let position = start;
  for (let entry = 0; entry < count; entry++) {
    if (position + ENTRY_SIZE > end || view.getUint32(position, true) !== 0x02014b50)
      return fail("its list of members is damaged");
    const nameLength = view.getUint16(position + 28, true);
    const next =
      position + ENTRY_SIZE + nameLength + view.getUint16(position + 30, true) + view.getUint16(position + 32, true);
    if (next > end) return fail("its list of members is damaged");
    const name = new TextDecoder().decode(bytes.subarray(position + ENTRY_SIZE, position + ENTRY_SIZE + nameLength));
    const header: Header = {
      flags: view.getUint16(position + 8, true),
      method: view.getUint16(position + 10, true),
      checksum: view.getUint32(position + 16, true),
      compressedSize: view.getUint32(position + 20, true),
      size: view.getUint32(position + 24, true),
      offset: view.getUint32(position + 42, true),
    };
    members.push({ name, read: () => readMember(bytes, view, name, header) });
    position = next;
  }
  return ok(members);
}

/** An archive of stored members, which are dated 1980-01-01, the first date of the format. */
export function writeZip(members: readonly { readonly name: string; readonly content: Uint8Array }[]): Uint8Array {
  const files: Buffer[] = [];
  const entries: Buffer[] = [];
  let offset = 0;
  for (const { name, content } of members) {
    const nameBytes = Buffer.from(name);
    // From the version that is needed to the length of the extra field; flag 11 states names in UTF-8.
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(1 << 11, 2);
    fields.writeUInt16LE(FIRST_DATE, 8);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(content.length, 14);
    fields.writeUInt32LE(content.length, 18);
    fields.writeUInt16LE(nameBytes.length, 22);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    const file = Buffer.concat([Buffer.from("PK\x03\x04"), fields, nameBytes, content]);
    entries.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), fields, rest, nameBytes]));
    files.push(file);
    offset += file.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(END_RECORD_SIZE);
  end.write("PK\x05\x06");
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, directory, end]);
}

/** Day 1 of month 1 of year 0. */
const FIRST_DATE = 33;

interface Header {
  readonly flags: number;
  readonly method: number;
  readonly checksum: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly offset: number;
}

/** The offset of the end record; only the archive's comment may follow it. */
function findEnd(view: DataView): number | undefined {
  const first = Math.max(0, view.byteLength - END_RECORD_SIZE - MAX_COMMENT_BYTES);
  for (let position = view.byteLength - END_RECORD_SIZE; position >= first; position--) {
    const comment = view.getUint16(position + 20, true);
    if (view.getUint32(position, true) === 0x06054b50 && position + END_RECORD_SIZE + comment === view.byteLength)
      return position;
  }
  return undefined;
}

function readMember(bytes: Uint8Array, view: DataView, name: string, header: Header): Result<Uint8Array, string> {
  const { flags, method, checksum, compressedSize, size, offset } = header;
  if ((flags & 1) !== 0) return fail(`its member "${name}" is encrypted`);
  if ([compressedSize, size, offset].includes(0xffffffff)) return fail(`its member "${name}" is larger than 4 GiB`);
  if (offset + LOCAL_HEADER_SIZE > bytes.length || view.getUint32(offset, true) !== 0x04034b50)
    return fail(damagedMessage(name));
  const start = offset + LOCAL_HEADER_SIZE + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + compressedSize > bytes.length) return fail(damagedMessage(name));
  const contents = inflate(bytes.subarray(start, start + compressedSize), method, size);
  if (contents === "method")
    return fail(`its member "${name}" uses compression method ${method}, which is not supported`);
  if (contents === undefined || contents.length !== size || crc32(contents) !== checksum)
    return fail(damagedMessage(name));
  return ok(contents);
}

/** Undefined when the bytes do not match the header. */
function inflate(compressed: Uint8Array, method: number, size: number): Uint8Array | "method" | undefined {
  if (method === 0) return compressed;
  if (method !== 8) return "method";
  try {
    return zlib.inflateRawSync(compressed, { maxOutputLength: Math.max(1, size) });
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    return undefined;
  }
}

function damagedMessage(name: string): string {
  return `its member "${name}" is damaged`;
}

/** CRC-32, polynomial 0xEDB88320: zlib's own from Node 20.15 on. */
export const crc32: (bytes: Uint8Array) => number = "crc32" in zlib ? zlib.crc32 : bitwiseCrc32;

export function bitwiseCrc32(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ ((sum & 1) === 0 ? 0 : 0xedb88320);
  }
  return (sum ^ 0xffffffff) >>> 0;
}
