/** Where each part of a normalized spec was written, so that whoever finds a problem in it can name the place. */
import { child } from "./pointer.js";

export interface Origins {
  /** The JSON pointer of the member `key` (or of the object itself) in the user's text. */
  pathOf(part: object, key?: string): string;
}

export interface OriginsRecord extends Origins {
  /** Notes where a part comes from, and returns the part. */
  readonly mark: Mark;
  /** The same for a part that is not in the user's text, such as a built-in cell: `path` stands for all that is in it. */
  readonly markWhole: Mark;
}

export type Mark = <T extends object>(part: T, path: string) => T;

export function recordOrigins(): OriginsRecord {
  const origins = new WeakMap<object, { readonly path: string; readonly whole: boolean }>();
  const marker =
    (whole: boolean): Mark =>
    (part, path) => {
      origins.set(part, { path, whole });
      return part;
    };
  return {
    mark: marker(false),
    markWhole: marker(true),
    pathOf: (part, key) => {
      const origin = origins.get(part);
      if (origin === undefined) return "";
      return key === undefined || origin.whole ? origin.path : child(origin.path, key);
    },
  };
}
