/** Activations with options as calls: `leaky_relu(slope=0.2)`, the name of the function with these values. */
import type { ActivationUse } from "../normal/index.js";

/** An activation by its name, with values of options. */
export interface ActivationCall {
  readonly type: string;
  readonly options: Readonly<Record<string, number>>;
}

export function activationCall(activation: ActivationUse): ActivationCall {
  if (typeof activation === "string") return { type: activation, options: {} };
  const { type, ...options } = activation;
  const numbers = Object.entries(options).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  return { type, options: Object.fromEntries(numbers) };
}

/** The notation of an activation; its name where it has no options. */
export function activationNotation(activation: ActivationUse): string {
  const { type, options } = activationCall(activation);
  const values = Object.entries(options).map(([name, value]) => `${name}=${value}`);
  return values.length === 0 ? type : `${type}(${values.join(", ")})`;
}

/** The activation of a notation. */
export function readNotation(text: string): ActivationCall {
  const [, type = text, values = ""] = /^(\w+)\((.*)\)$/.exec(text) ?? [];
  const entries = values === "" ? [] : values.split(", ").map((entry) => entry.split("="));
  return { type, options: Object.fromEntries(entries.map(([name = "", value]) => [name, Number(value)])) };
}
