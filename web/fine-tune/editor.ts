/** The interface of the editors of training examples. */
import type { ExampleInput } from "../examples/training-set.js";

export interface ExampleEditor {
  readonly view: HTMLElement;
  input(): ExampleInput;
}
