/** Arrow files (.arrow, .feather of version 2) and streams: record batches in turn, in the types of the columns. */
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import type { DataType, RecordBatch, Vector } from "apache-arrow";
import { installCommand } from "../../../schema/package-root.js";
import { decompressLz4Frame } from "./lz4-frame.js";
import { dayField, decimalField, fieldOf, timestampField } from "./typed-fields.js";
import { FormatError, readFormat, type TypedRows } from "./typed-table.js";
import type { NamedFile } from "./utf8-reader.js";

export type ArrowLibrary = typeof import("apache-arrow");

/** The rows of a file. Memory holds one record batch. @param load the optional package. */
export async function openArrow(
  { file, folder }: NamedFile,
  load: () => Promise<ArrowLibrary> = () => import("apache-arrow"),
): Promise<TypedRows> {
  const library = await loadArrow(load);
  const handle = await open(resolve(folder, file));
  try {
    const reader = await readFormat("Arrow", async () => {
      const opened = await library.RecordBatchReader.from(handle);
      return opened.open();
    });
    const names = reader.schema.fields.map(({ name }) => name);
    return { names, rows: readRows(library, reader, () => handle.close()) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function loadArrow(load: () => Promise<ArrowLibrary>): Promise<ArrowLibrary> {
  const [library, { decompressZstd }] = await Promise.all([
    load().catch(missingPackage),
    import("hyparquet-compressors"),
  ]);
  const { compressionRegistry, CompressionType } = library;
  compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: decompressLz4Frame });
  compressionRegistry.set(CompressionType.ZSTD, { decode: (bytes) => Uint8Array.from(decompressZstd(bytes)) });
  return library;
}

function missingPackage(error: unknown): never {
  const isMissing = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
  if (!isMissing) throw error;
  const reason = "rnnx reads Arrow files with the package apache-arrow, which is not installed";
  throw new FormatError(reason, `Install it: ${installCommand("apache-arrow")}, or write a Parquet file.`);
}

interface Reader {
  next(): Promise<IteratorResult<RecordBatch>> | IteratorResult<RecordBatch>;
}

async function* readRows(
  library: ArrowLibrary,
  reader: Reader,
  close: () => Promise<void>,
): AsyncGenerator<readonly string[]> {
  try {
    for (;;) {
      const next = await readFormat("Arrow", async () => reader.next());
      if (next.done === true) return;
      const batch = next.value;
      const columns = batch.schema.fields.map(({ type }, index) =>
        columnReader(library, batch.getChildAt(index), type),
      );
      for (let row = 0; row < batch.numRows; row++) yield columns.map((read) => read(row));
    }
  } finally {
    await close();
  }
}

/** The field of each row of a column. */
function columnReader(
  { DataType: types }: ArrowLibrary,
  vector: Vector | null,
  type: DataType,
): (row: number) => string {
  if (vector === null) return () => "";
  const read = (format: (value: never, row: number) => string) => (row: number) => {
    const value: unknown = vector.get(row);
    return value === null || value === undefined ? "" : format(value as never, row);
  };
  if (types.isTimestamp(type)) {
    // The library's values are milliseconds; the column's own units are exact.
    const units: ArrayLike<bigint> = vector.data[0]?.values ?? [];
    const perSecond = 1000 ** type.unit;
    return read((_, row) => timestampField(BigInt(units[row] ?? 0), perSecond));
  }
  if (types.isDate(type))
    return read((milliseconds: number) => dayField(Math.floor(Number(milliseconds) / 86_400_000)));
  if (types.isDecimal(type)) return read((words: Uint32Array) => decimalField(integerOf(words), type.scale));
  return read(fieldOf);
}

/** The integer of words of 32 bits in two's complement, the lowest first. */
function integerOf(words: Uint32Array): bigint {
  const unsigned = [...words].reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
  return BigInt.asIntN(32 * words.length, unsigned);
}
