/** Equations of layers as lines with shapes. */
import type { NormalLayer, NormalSpec } from "../../schema/normal/index.js";
import { at } from "../ir/expect.js";
import type { Shape } from "../ir/types.js";
import type { FunctionTable } from "../language/functions/function.js";

/** Shapes, batch first. */
export interface LayerShapes {
  readonly inputs: readonly Shape[];
  readonly output: Shape;
  /** By name without the layer's. */
  readonly parameters: ReadonlyMap<string, Shape>;
  /** The kind of the layer whose weights are used; null for the layer's own. */
  readonly owner: NormalLayer["layer"] | null;
  /** The activations. */
  readonly functions: FunctionTable;
  /** The layers of the user's own. */
  readonly definitions: NormalSpec["layers"];
}

/** A layer that is not recurrent. */
export type ExplainedLayer = Exclude<NormalLayer, { readonly layer: "rnn" }>;

export interface LayerEquation {
  readonly text: string;
  /** The shape of the left side, batch first. */
  readonly shape: Shape;
}

export interface LayerEquations {
  readonly equations: readonly LayerEquation[];
  readonly notes: readonly string[];
}

export const line = (text: string, shape: Shape): LayerEquation => ({ text, shape });

export const widthOf = (shape: Shape): number | string => at(shape, shape.length - 1);

/** A sum, or its first term alone. */
export const plus = (first: string, second: string | undefined): string =>
  second === undefined ? first : `${first} + ${second}`;

/** A shape with another last axis. */
export function withWidth(shape: Shape, width: number | string): Shape {
  return [...shape.slice(0, -1), width];
}
