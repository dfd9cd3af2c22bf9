/** Where each part of a normalized spec was written, so that whoever finds a problem in it can name the place. */

export interface Origins {
  /** The JSON pointer of the member `key` (or of the object itself) in the user's text. */
  pathOf(part: object, key?: string): string;
}
