/** Zip archives, as NPZ files are: a reader of stored and deflated members that believes no size before it has checked it. */
import { inflateRawSync } from "node:zlib";

export interface ZipMember {
  readonly name: string;
  /** The contents, or what is wrong with them as a message that follows "it" or "its". */
  read(): Uint8Array | string;
}

const endSize = 22;
const longestComment = 0xffff;
const entrySize = 46;
const localSize = 30;

/** The members of an archive, or what is wrong with it. */
export function readZip(bytes: Uint8Array): readonly ZipMember[] | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view);
  if (end === undefined) return "it is not a zip archive, or ends early";
  const count = view.getUint16(end + 10, true);
  const start = view.getUint32(end + 16, true);
  const members: ZipMember[] = [];
  let at = start;
  for (let entry = 0; entry < count; entry++) {
    if (at + entrySize > end || view.getUint32(at, true) !== 0x02014b50) return "its list of members is damaged";
    const nameLength = view.getUint16(at + 28, true);
    const next = at + entrySize + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > end) return "its list of members is damaged";
    const name = new TextDecoder().decode(bytes.subarray(at + entrySize, at + entrySize + nameLength));
    const header: Header = {
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      checksum: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    };
    members.push({ name, read: () => readMember(bytes, view, name, header) });
    at = next;
  }
  return members;
}

interface Header {
  readonly flags: number;
  readonly method: number;
  readonly checksum: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

/** The record that ends an archive, behind which only a comment may stand. */
function findEnd(view: DataView): number | undefined {
  const first = Math.max(0, view.byteLength - endSize - longestComment);
  for (let at = view.byteLength - endSize; at >= first; at--) {
    const comment = view.getUint16(at + 20, true);
    if (view.getUint32(at, true) === 0x06054b50 && at + endSize + comment === view.byteLength) return at;
  }
  return undefined;
}

function readMember(bytes: Uint8Array, view: DataView, name: string, header: Header): Uint8Array | string {
  const { flags, method, checksum, packed, size, offset } = header;
  if ((flags & 1) !== 0) return `its member "${name}" is encrypted`;
  if ([packed, size, offset].includes(0xffffffff)) return `its member "${name}" is larger than 4 GiB`;
  if (offset + localSize > bytes.length || view.getUint32(offset, true) !== 0x04034b50) return damaged(name);
  const start = offset + localSize + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + packed > bytes.length) return damaged(name);
  const contents = unpack(bytes.subarray(start, start + packed), method, size);
  if (contents === "method") return `its member "${name}" is compressed in a way that is not known (${method})`;
  if (contents === undefined || contents.length !== size || crc32(contents) !== checksum) return damaged(name);
  return contents;
}

/** Undefined where the bytes are not what the header says. */
function unpack(packed: Uint8Array, method: number, size: number): Uint8Array | "method" | undefined {
  if (method === 0) return packed;
  if (method !== 8) return "method";
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    return undefined;
  }
}

function damaged(name: string): string {
  return `its member "${name}" is damaged`;
}

/** The remainders of all bytes in CRC-32, polynomial 0xEDB88320. */
const remainders = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ ((remainder & 1) === 0 ? 0 : 0xedb88320);
  return remainder;
});

export function crc32(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = (sum >>> 8) ^ (remainders[(sum ^ byte) & 0xff] ?? 0);
  return (sum ^ 0xffffffff) >>> 0;
}
