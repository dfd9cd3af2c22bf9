/** Parquet files: rows in groups, each read when it is reached, in the types of the columns. */
import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import type { AsyncBuffer, ParquetScan, SchemaTree } from "hyparquet";
import { dayField, decimalField, fieldOf, timestampField } from "./typed-fields.js";
import { readFormat, type TypedRows } from "./typed-table.js";
import type { NamedFile } from "./utf8-reader.js";

/** The rows of a file. Memory holds one row group. */
export async function openParquet({ file, folder }: NamedFile): Promise<TypedRows> {
  const [library, { compressors }] = await Promise.all([import("hyparquet"), import("hyparquet-compressors")]);
  const handle = await open(resolve(folder, file));
  try {
    const buffer = await bufferOf(handle);
    const metadata = await readFormat("Parquet", () => library.parquetMetadataAsync(buffer));
    const columns = library.parquetSchema(metadata).children;
    const scan = await readFormat("Parquet", () =>
      library.parquetScan({ file: buffer, metadata, compressors, parsers, geoparquet: false }),
    );
    return { names: columns.map(({ element }) => element.name), rows: readRows(handle, scan, columns) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function* readRows(
  handle: FileHandle,
  scan: ParquetScan,
  columns: readonly SchemaTree[],
): AsyncGenerator<readonly string[]> {
  const formats = columns.map(formatOf);
  try {
    for (const range of scan.ranges) {
      const values: ArrayLike<unknown>[] = [];
      for (const { element } of columns)
        values.push(await readFormat("Parquet", () => scan.readColumn({ ...range, column: element.name })));
      for (let row = 0; row < range.rowEnd - range.rowStart; row++)
        yield values.map((column, index) => (formats[index] ?? fieldOf)(column[row]));
    }
  } finally {
    await handle.close();
  }
}

/** The library's types as fields. Other values are those of its default. */
const parsers = {
  timestampFromMilliseconds: (count: bigint) => timestampField(BigInt(count), 1e3),
  timestampFromMicroseconds: (count: bigint) => timestampField(BigInt(count), 1e6),
  timestampFromNanoseconds: (count: bigint) => timestampField(BigInt(count), 1e9),
  dateFromDays: (days: number) => dayField(days),
};

/** The format of a column's values, where the library's is not exact. */
function formatOf({ element }: SchemaTree): (value: unknown) => string {
  const { converted_type, scale = 0 } = element;
  if (converted_type !== "DECIMAL") return fieldOf;
  return (value) => (typeof value === "number" ? decimalOf(value, scale) : fieldOf(value));
}

/** The quotient of a decimal number as it is written: 0.1 of 1 and a scale of 1. */
function decimalOf(value: number, scale: number): string {
  const unscaled = Math.round(value * 10 ** scale);
  return Number.isSafeInteger(unscaled) ? decimalField(BigInt(unscaled), scale) : String(value);
}

async function bufferOf(handle: FileHandle): Promise<AsyncBuffer> {
  const { size } = await handle.stat();
  return {
    byteLength: size,
    async slice(start, end = size) {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
      return bytes.buffer.slice(0, bytesRead);
    },
  };
}
