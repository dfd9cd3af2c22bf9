/** The arrays of the data as inputs of the model: wires by name, with their masks. */
import { at } from "../ir/expect.js";
import type { Value } from "../ir/types.js";
import { type ArraySignature, isSequence, type Signature } from "../signature.js";
import type { ElaborationState } from "./state.js";
import { padWithFirstStep, swapBatchAndTime, type Wire } from "./wire.js";

/** Opens the inputs of a signature: `inputs`, and further ones (`decoder_inputs`) by name. */
export function openInputs(state: ElaborationState, signature: Signature): ReadonlyMap<string, Wire> {
  const { b } = state.context;
  const masks = new Map<string, Value>();
  /** The mask of a time axis, [time, batch, 1] bool: true at steps within the lengths. */
  const maskFor = (name: string, lengths: ArraySignature, time: number | string): Value => {
    const key = `${name} ${time}`;
    const existing = masks.get(key);
    if (existing !== undefined) return existing;
    const steps = b.unsqueeze(b.range(time), [1]);
    const input = state.feed(name, lengths);
    const isValid = b.less(steps, b.unsqueeze(b.cast(input, "int64"), [0]));
    const mask = b.withName(b.unsqueeze(isValid, [2]), name === "lengths" ? "mask" : "target_mask");
    masks.set(key, mask);
    state.context.recordMask(mask, input);
    return mask;
  };
  const open = (name: string, array: ArraySignature, lengths: "lengths" | "target_lengths"): Wire => {
    const input = state.feed(name, array);
    if (!isSequence(array)) return { value: input, sequence: false, mask: null, padding: "zeros", logits: null };
    const steps = swapBatchAndTime(b, input);
    const lengthSignature = signature[lengths];
    const mask = lengthSignature === undefined ? null : maskFor(lengths, lengthSignature, at(array.shape, 1));
    const value = padWithFirstStep(b, steps, mask);
    return { value, sequence: true, mask, padding: "first step", logits: null };
  };
  const mainInput = open("inputs", signature.inputs, "lengths");
  const wires = new Map([["inputs", mainInput]]);
  if (signature.main_input !== undefined) wires.set(signature.main_input, mainInput);
  const time = signature.inputs.shape[1];
  for (const [name, array] of Object.entries(signature.side_inputs ?? {})) {
    wires.set(name, open(name, array, array.shape[1] === time ? "lengths" : "target_lengths"));
  }
  return wires;
}
