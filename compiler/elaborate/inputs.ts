/** The arrays of the data as inputs of the model: wires by name, with their masks. */
import { at } from "../ir/expect.js";
import type { Value } from "../ir/types.js";
import { type ArraySignature, isSequence, lengthsOfInput, type Signature } from "../signature.js";
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
    const mask = b.withName(b.unsqueeze(isValid, [2]), name.replace(/lengths$/, "mask"));
    masks.set(key, mask);
    state.context.recordMask(mask, input);
    return mask;
  };
  const lengthsOf = (name: string, array: ArraySignature): readonly [string, ArraySignature | undefined] => {
    const own = signature.side_lengths?.[name];
    if (own !== undefined) return [lengthsOfInput(name), own];
    return array.shape[1] === signature.inputs.shape[1]
      ? ["lengths", signature.lengths]
      : ["target_lengths", signature.target_lengths];
  };
  const open = (name: string, array: ArraySignature): Wire => {
    const input = state.feed(name, array);
    if (!isSequence(array)) {
      const { axes } = array;
      return { value: input, sequence: false, mask: null, padding: "zeros", ...(axes && { axes }), logits: null };
    }
    const steps = swapBatchAndTime(b, input);
    const [lengths, lengthSignature] = lengthsOf(name, array);
    const mask = lengthSignature === undefined ? null : maskFor(lengths, lengthSignature, at(array.shape, 1));
    const value = padWithFirstStep(b, steps, mask);
    return { value, sequence: true, mask, padding: "first step", logits: null };
  };
  const mainInput = open("inputs", signature.inputs);
  const wires = new Map([["inputs", mainInput]]);
  if (signature.main_input !== undefined) wires.set(signature.main_input, mainInput);
  for (const [name, array] of Object.entries(signature.side_inputs ?? {})) wires.set(name, open(name, array));
  return wires;
}
