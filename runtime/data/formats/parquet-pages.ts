/** Locations of the pages in Parquet files, from the headers of the pages. Writers may leave out the offset index. */
import type { AsyncBuffer, ColumnMetaData, PageHeader, RowGroup } from "hyparquet";
import type { parquetHeader } from "hyparquet/src/column.js";

/** Bytes of the first page, with its header, and its first row in the row group: hyparquet 1.33's form. */
export interface PageLocation {
  readonly offset: bigint;
  readonly compressed_page_size: number;
  readonly first_row_index: bigint;
}

/** Reads a page header at the start of a buffer; hyparquet's own reader. */
type HeaderReader = typeof parquetHeader;

/**
 * Returns the pages of each leaf column of a row group, by the path of the column with dots. Columns of pages without a
 * number of rows are left out: lists in data pages of version 1, which may also begin within a row.
 *
 * @throws the errors of the file and of damaged headers.
 */
export async function locatePages(
  file: AsyncBuffer,
  readHeader: HeaderReader,
  group: RowGroup,
): Promise<Readonly<Record<string, PageLocation[]>>> {
  const located: Record<string, PageLocation[]> = {};
  for (const { meta_data: column } of group.columns) {
    if (!column) continue;
    const pages = await locateColumnPages(file, readHeader, column, Number(group.num_rows));
    if (pages) located[column.path_in_schema.join(".")] = pages;
  }
  return located;
}

async function locateColumnPages(
  file: AsyncBuffer,
  readHeader: HeaderReader,
  column: ColumnMetaData,
  groupRows: number,
): Promise<PageLocation[] | undefined> {
  const pages: PageLocation[] = [];
  let offset = Number(column.dictionary_page_offset || column.data_page_offset);
  const end = offset + Number(column.total_compressed_size);
  let rows = 0;
  while (rows < groupRows && offset < end) {
    const { header, length } = await readHeaderAt(file, readHeader, offset, end);
    const size = length + header.compressed_page_size;
    if (header.data_page_header || header.data_page_header_v2) {
      const count = rowCount(header, column);
      if (count === undefined) return undefined;
      pages.push({ offset: BigInt(offset), compressed_page_size: size, first_row_index: BigInt(rows) });
      rows += count;
    }
    offset += size;
  }
  return rows === groupRows && pages.length > 0 ? pages : undefined;
}

/** Rows of a data page; undefined where its header has no count: a column within others in a page of version 1. */
function rowCount({ data_page_header, data_page_header_v2 }: PageHeader, column: ColumnMetaData): number | undefined {
  if (data_page_header_v2) return data_page_header_v2.num_rows;
  return column.path_in_schema.length === 1 ? data_page_header?.num_values : undefined;
}

/** Reads a header of unknown length: it ends with statistics, which are texts of any length. */
async function readHeaderAt(
  file: AsyncBuffer,
  readHeader: HeaderReader,
  offset: number,
  end: number,
): Promise<{ readonly header: PageHeader; readonly length: number }> {
  for (let size = 1024; ; size *= 16) {
    const reader = { view: new DataView(await file.slice(offset, Math.min(offset + size, end))), offset: 0 };
    try {
      return { header: readHeader(reader), length: reader.offset };
    } catch (error) {
      if (offset + size >= end) throw error;
    }
  }
}
