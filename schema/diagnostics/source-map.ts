/** Where each part of a normalized spec was written, so that whoever finds a problem in it can name the place. */
import { child } from "../json-pointer.js";

export interface SourceMap {
  /** The JSON pointer of the member `key` (or of the object itself) in the user's text. */
  pathOf(part: object, key?: string): string;
}

export interface SourceMapRecorder extends SourceMap {
  /** Notes where a part comes from, and returns the part. */
  readonly recordOrigin: RecordOrigin;
  /** The same for a part that is not in the user's text, such as a built-in cell: `path` stands for all that is in it. */
  readonly recordWholeOrigin: RecordOrigin;
}

export type RecordOrigin = <T extends object>(part: T, path: string) => T;

export function createSourceMap(): SourceMapRecorder {
  const origins = new WeakMap<object, { readonly path: string; readonly isWhole: boolean }>();
  const recorder =
    (isWhole: boolean): RecordOrigin =>
    (part, path) => {
      origins.set(part, { path, isWhole });
      return part;
    };
  return {
    recordOrigin: recorder(false),
    recordWholeOrigin: recorder(true),
    pathOf: (part, key) => {
      const origin = origins.get(part);
      if (origin === undefined) return "";
      return key === undefined || origin.isWhole ? origin.path : child(origin.path, key);
    },
  };
}
