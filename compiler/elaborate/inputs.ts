/** The data's arrays as the model reads them: wires by name, with their live steps. */
import { at } from "../ir/present.js";
import type { Value } from "../ir/types.js";
import { type ArraySignature, isSequence, type Signature } from "../signature.js";
import type { Construction } from "./construction.js";
import { repeatFirstStep, swapBatchAndTime, type Wire } from "./wire.js";

/** Opens the inputs of a signature: `inputs`, and where the data has more (`decoder_inputs`) those by their names. */
export function openInputs(construction: Construction, signature: Signature): ReadonlyMap<string, Wire> {
  const { b } = construction.context;
  const opened = new Map<string, Value>();
  /** [time, batch, 1] bool: which steps are within the lengths that go with a time axis. */
  const liveSteps = (name: string, lengths: ArraySignature, time: number | string): Value => {
    const key = `${name} ${time}`;
    const known = opened.get(key);
    if (known !== undefined) return known;
    const steps = b.unsqueeze(b.range(time), [1]);
    const given = construction.feed(name, lengths);
    const alive = b.less(steps, b.unsqueeze(b.cast(given, "int64"), [0]));
    const live = b.named(b.unsqueeze(alive, [2]), name === "lengths" ? "live" : "target_live");
    opened.set(key, live);
    construction.masked(live, given);
    return live;
  };
  const open = (name: string, array: ArraySignature, lengths: "lengths" | "target_lengths"): Wire => {
    const given = construction.feed(name, array);
    if (!isSequence(array)) return { value: given, sequence: false, live: null, padding: "zeros", logits: null };
    const steps = swapBatchAndTime(b, given);
    const own = signature[lengths];
    const live = own === undefined ? null : liveSteps(lengths, own, at(array.shape, 1));
    const value = repeatFirstStep(b, steps, live);
    return { value, sequence: true, live, padding: "first step", logits: null };
  };
  const main = open("inputs", signature.inputs, "lengths");
  const wires = new Map([["inputs", main]]);
  if (signature.main_input !== undefined) wires.set(signature.main_input, main);
  const time = signature.inputs.shape[1];
  for (const [name, array] of Object.entries(signature.side_inputs ?? {})) {
    wires.set(name, open(name, array, array.shape[1] === time ? "lengths" : "target_lengths"));
  }
  return wires;
}
