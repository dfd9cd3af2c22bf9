/** Parquet files: rows in blocks, each read when it is reached, in the types of the columns. */
import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import type { AsyncBuffer, FileMetaData, ParquetScan, SchemaTree } from "hyparquet";
import type { PreparedParquetReadOptions } from "hyparquet/src/scan.js";
import { locatePages, type PageLocation } from "./parquet-pages.js";
import { dayField, decimalField, fieldOf, timestampField } from "./typed-fields.js";
import { readFormat, type TypedRows } from "./typed-table.js";
import type { NamedFile } from "./utf8-reader.js";

/** Rows that are read at a time. */
const BLOCK_ROWS = 65_536;

/** A row group. `locate` reads the locations of its pages and returns the columns that have none. */
interface Group {
  readonly rowStart: number;
  readonly rowEnd: number;
  locate(): Promise<ReadonlySet<string>>;
}

/** The rows of a file. Memory holds one block of rows, and columns of lists in pages of version 1 by row groups. */
export async function openParquet({ file, folder }: NamedFile): Promise<TypedRows> {
  const [library, { compressors }, { parquetHeader }] = await Promise.all([
    import("hyparquet"),
    import("hyparquet-compressors"),
    import("hyparquet/src/column.js"),
  ]);
  const handle = await open(resolve(folder, file));
  try {
    const buffer = await bufferOf(handle);
    const metadata = await readFormat("Parquet", () => library.parquetMetadataAsync(buffer));
    const columns = library.parquetSchema(metadata).children;
    // hyparquet 1.33 reads the locations of a group when it reads rows of the group: they may come late.
    const pageLocationsByGroup = metadata.row_groups.map((): Record<string, PageLocation[]> => ({}));
    const options: PreparedParquetReadOptions = {
      ...{ file: buffer, metadata, compressors, parsers, geoparquet: false, useOffsetIndex: false },
      pageLocationsByGroup,
    };
    const scan = await readFormat("Parquet", () => library.parquetScan(options));
    const groups = groupsOf(metadata, async (index) => {
      const group = metadata.row_groups[index];
      if (!group) return new Set();
      const located = await locatePages(buffer, parquetHeader, group);
      Object.assign(pageLocationsByGroup[index] ?? {}, located);
      const paths = group.columns.map(({ meta_data }) => meta_data?.path_in_schema ?? []);
      return new Set(paths.flatMap((path) => (path.join(".") in located ? [] : path.slice(0, 1))));
    });
    return { names: columns.map(({ element }) => element.name), rows: readRows(handle, scan, groups, columns) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function groupsOf(metadata: FileMetaData, locate: (group: number) => Promise<ReadonlySet<string>>): readonly Group[] {
  let rowEnd = 0;
  return metadata.row_groups.map(({ num_rows }, index) => {
    const rowStart = rowEnd;
    rowEnd += Number(num_rows);
    return { rowStart, rowEnd, locate: () => locate(index) };
  });
}

async function* readRows(
  handle: FileHandle,
  scan: ParquetScan,
  groups: readonly Group[],
  columns: readonly SchemaTree[],
): AsyncGenerator<readonly string[]> {
  const formats = columns.map(formatOf);
  try {
    for (const { rowStart: start, rowEnd: end, locate } of groups) {
      // The scan keeps the last range of a column, from which the blocks of a column without locations are taken.
      for (const column of end - start > BLOCK_ROWS ? await readFormat("Parquet", locate) : [])
        await readFormat("Parquet", () => scan.readColumn({ rowStart: start, rowEnd: end, column }));
      for (let rowStart = start; rowStart < end; rowStart += BLOCK_ROWS) {
        const rowEnd = Math.min(rowStart + BLOCK_ROWS, end);
        const values: ArrayLike<unknown>[] = [];
        for (const { element } of columns)
          values.push(await readFormat("Parquet", () => scan.readColumn({ rowStart, rowEnd, column: element.name })));
        for (let row = 0; row < rowEnd - rowStart; row++)
          yield values.map((column, index) => (formats[index] ?? fieldOf)(column[row]));
      }
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
