/** The data sources, by `data.type`. */
import type { NormalData, NormalSpec } from "../../schema/normal/index.js";
import type { Result } from "../result.js";
import type { Metadata } from "./metadata.js";
import { type DataSource, type SourceKind, type SourceOptions, targetUsesOf, usesOf } from "./source.js";
import { arrays } from "./sources/arrays.js";
import { audio } from "./sources/audio.js";
import { images } from "./sources/images.js";
import { pairs } from "./sources/pairs.js";
import { sequences } from "./sources/sequences.js";
import { table } from "./sources/table/index.js";
import { text } from "./sources/text.js";

type DataOf<K extends NormalData["type"]> = Extract<NormalData, { readonly type: K }>;

const kinds: { readonly [K in NormalData["type"]]: SourceKind<DataOf<K>> } = {
  text,
  table,
  sequences,
  pairs,
  images,
  audio,
  arrays,
};

function kindOf<K extends NormalData["type"]>(type: K): SourceKind<DataOf<K>> {
  return kinds[type];
}

/**
 * Opens the data of a spec.
 *
 * @param folder start of relative paths.
 * @param fittedMetadata vocabulary, classes and scalers of a run, to read other data for its model.
 * @param recordedClasses the classes of the run that a training resumes.
 */
export function openData(
  spec: NormalSpec,
  folder: string,
  fittedMetadata?: Metadata,
  recordedClasses: SourceOptions["recordedClasses"] = new Map(),
): Promise<Result<DataSource>> {
  const options: SourceOptions = {
    folder,
    seed: spec.seed,
    uses: usesOf(spec),
    targetUses: targetUsesOf(spec),
    ...(fittedMetadata !== undefined && { fittedMetadata }),
    recordedClasses,
  };
  return kindOf(spec.data.type).open(spec.data, options);
}

/** The data with each file's name replaced. */
export function mapDataFiles(data: NormalData, rename: (file: string) => string): NormalData {
  return kindOf(data.type).mapFiles(data, rename);
}
