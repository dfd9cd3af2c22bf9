/** The source map of a normal spec: the origin of each object in the user's text, for diagnostics of later stages. */
import { child } from "../json-pointer.js";

export interface SourceMap {
  /** The JSON pointer of the member `key` (or of the object itself) in the user's text. */
  pathOf(part: object, key?: string): string;
}

export interface SourceMapRecorder extends SourceMap {
  /** Records the origin of an object, and returns the object. */
  readonly recordOrigin: RecordOrigin;
  /** The same for an object outside the user's text, such as a built-in cell: `path` is the origin of all its keys. */
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
