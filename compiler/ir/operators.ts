/** The closed set of primitives by name; graphs and primitives are one recursive definition, because a loop's body is a graph. */
export type { OpAttributes, OpName, ScanAttributes } from "./types.js";
