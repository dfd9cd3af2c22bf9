/** The data sources, by `data.type`. */
import type { NormalData, NormalSpec } from "../../schema/normal.js";
import type { Checked } from "../problem.js";
import { arrays } from "./arrays.js";
import { images } from "./images.js";
import type { Metadata } from "./metadata.js";
import { pairs } from "./pairs.js";
import { sequences } from "./sequences.js";
import { type DataSource, type SourceKind, usesOf } from "./source.js";
import { table } from "./table.js";
import { text } from "./text.js";

type DataOf<K extends NormalData["type"]> = Extract<NormalData, { readonly type: K }>;

const kinds: { readonly [K in NormalData["type"]]: SourceKind<DataOf<K>> } = {
  text,
  table,
  sequences,
  pairs,
  images,
  arrays,
};

function kindOf<K extends NormalData["type"]>(type: K): SourceKind<DataOf<K>> {
  return kinds[type];
}

/** Opens the data of a spec. Relative paths start from `folder`; `known` is what a run learnt of its own data. */
export function openData(
  spec: NormalSpec,
  folder: string,
  known?: Metadata,
): Promise<Checked<{ readonly source: DataSource }>> {
  const opening = { folder, seed: spec.seed, uses: usesOf(spec), ...(known !== undefined && { known }) };
  return kindOf(spec.data.type).open(spec.data, opening);
}

/** The data with each file's name replaced. */
export function mapDataFiles(data: NormalData, rename: (file: string) => string): NormalData {
  return kindOf(data.type).mapFiles(data, rename);
}
