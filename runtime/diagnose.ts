/** Where the numbers of a training step first stop being finite: the step is made again with a probe in every value. */
import type { Tensor } from "onnxruntime-common";
import type { Probe, Probed } from "../compiler/probe.js";
import type { Signature } from "../compiler/signature.js";
import type { NormalSpec } from "../schema/normal.js";
import type { Batch } from "./data/source.js";
import type { Tensors } from "./safetensors.js";
import { openSession } from "./session.js";
import { tensorOf } from "./tensors.js";
import type { Trainer } from "./trainer.js";

export interface Finding {
  /** "c' of rnn/0, at time step 3", "the gradient of rnn/0/U". */
  readonly what: string;
  /** Where in the normalized spec it is made; the layer's place, or the equation's. */
  readonly path: string;
  /** What makes such numbers, where that is plain. */
  readonly cause: string;
}

/** What the primitives that make such numbers of finite ones do. */
const causes: Readonly<Record<string, string>> = {
  Div: "It divides by zero, or by nearly that.",
  Log: "It takes the logarithm of zero or of a negative number: keep it positive, as in log(max(x, 1e-6)).",
  Sqrt: "It takes the square root of a negative number: keep it positive, as in sqrt(max(x, 1e-6)).",
  Exp: "exp is infinite from about 88 on: bound what it reads, as in exp(min(x, 20)).",
  Pow: "A power has become too large, or is one of a negative number.",
};

/**
 * @param trainer as it was before the step.
 * @param step that is made, from 1.
 * @param batch of this step.
 * @returns undefined where the step cannot be made again, or all of it is finite.
 */
export async function diagnose(
  spec: NormalSpec,
  signature: Signature,
  trainer: Pick<Trainer, "tensors">,
  step: number,
  batch: Batch,
): Promise<Finding | undefined> {
  try {
    const { probe } = await import("../compiler/probe.js");
    const made = await probe(spec, signature);
    if (made === undefined) return undefined;
    const session = await openSession(made.model, "cpu", Number.POSITIVE_INFINITY);
    if (!session.ok) return undefined;
    const carried = {
      parameters: await trainer.tensors("parameter"),
      slots: await trainer.tensors("slot"),
      states: await trainer.tensors("state"),
    };
    for (let portion = 0; portion < made.portions; portion++) {
      const outputs = await session.session.run(feedsOf(made, carried, step - 1, batch, portion));
      const first = firstOf(made, outputs);
      if (first !== undefined) return finding(spec, first);
    }
  } catch {
    // It is a help beside the message, and must not take its place: there may be no memory for it.
  }
  return undefined;
}

function feedsOf(
  { inputs, portions }: Probe,
  { parameters, slots, states }: Readonly<Record<"parameters" | "slots" | "states", Tensors>>,
  updates: number,
  batch: Batch,
  portion: number,
): Readonly<Record<string, Tensor>> {
  const feeds = inputs.map(({ name, role }): readonly [string, Tensor] => {
    if (role === "step")
      return [
        name,
        tensorOf({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(updates * portions + portion)) }),
      ];
    if (role === "data") {
      const array = batch.get(name);
      if (array === undefined) throw new Error(`no data for ${name}`);
      const [rows = 0, ...rest] = array.shape;
      const [each, size] = [rows / portions, array.data.length / portions];
      const data = array.data.subarray(portion * size, (portion + 1) * size);
      return [name, tensorOf({ ...array, shape: [each, ...rest], data } as typeof array)];
    }
    // Where parameters are averages, the weights that are updated lie in a slot, once there is one.
    const latest = updates > 0 ? slots.get(`${name}/latest`) : undefined;
    const tensor = latest ?? parameters.get(name) ?? states.get(name);
    if (tensor === undefined) throw new Error(`no tensor for ${name}`);
    return [name, tensorOf({ dtype: "float32", ...tensor })];
  });
  return Object.fromEntries(feeds);
}

interface First {
  readonly probed: Probed;
  /** From 1; null outside of loops. */
  readonly time: number | null;
}

function firstOf({ series }: Probe, outputs: Readonly<Record<string, Tensor>>): First | undefined {
  for (const { output, values, steps } of series) {
    const { data } = outputs[output] ?? { data: [] };
    const length = data.length / values.length;
    for (let walked = 0; walked < length; walked++) {
      const time = steps === "backward" ? length - 1 - walked : walked;
      const probed = values.find((_, index) => !Number.isFinite(Number(data[index * length + time])));
      if (probed !== undefined) return { probed, time: steps === null ? null : time + 1 };
    }
  }
  return undefined;
}

function finding(spec: NormalSpec, { probed, time }: First): Finding {
  const { what, layer, equation, operator } = probed;
  const index = spec.model.findIndex(({ name }) => name === layer);
  const found = index < 0 ? undefined : spec.model[index];
  const cell = found?.layer === "rnn" && equation !== null ? found.cells[equation.cell]?.cell : undefined;
  const equations = cell === undefined ? [] : (spec.cells[cell]?.equations ?? []);
  const place = equations.findIndex((text) => setsName(text, equation?.target ?? ""));
  return {
    what: time === null ? what : `${what}, at time step ${time}`,
    path:
      place >= 0 && cell !== undefined ? `/cells/${cell}/equations/${place}` : index < 0 ? "/loss" : `/model/${index}`,
    cause: causes[operator] ?? "",
  };
}

/** Whether an equation sets a name: it may set several at once. */
function setsName(equation: string, name: string): boolean {
  const [left = ""] = equation.split("=");
  return left.split(",").some((target) => target.trim() === name);
}
