/**
 * A spec after `normalize`: sugar expanded, defaults filled in, cells resolved. No optional keys; still a valid spec.
 * types.ts is generated from the schema; cells.ts holds the types of cells, whose options no schema lists.
 */
import type { NormalData, NormalTrain } from "./types.js";

export type * from "./cells.js";
export type * from "./types.js";

/** Fractions of the data, which add up to at most 1: in order of time, or shuffled by the spec's seed. */
export type DataSplit = NormalData["split"];

export type NormalPrecision = NormalTrain["precision"];

export type NormalEarlyStopping = NonNullable<NormalTrain["early_stopping"]>;

/** A metric of the validation split, and whether smaller or larger values of it are better. */
export type WatchedMetric = NonNullable<NormalTrain["keep_best"]>;
