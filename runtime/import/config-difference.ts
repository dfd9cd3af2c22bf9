/** Differences between an option of a Keras layer and the spec, with the way out. */

/** A difference that changes the outputs, and the way out. */
export interface ConfigDifference {
  readonly message: string;
  readonly hint: string;
}

/** A comparison of one option: the difference, or undefined where both agree. */
export type Compare = (value: unknown) => ConfigDifference | undefined;

export const weightsHint = 'Save the weights alone to ignore it: model.save_weights("m.weights.h5").';

export function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
