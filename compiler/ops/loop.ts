/** Scan, the loop. */
import { printShape, sameShape } from "../ir/dims.js";
import { at } from "../ir/present.js";
import type { Tensor, Type } from "../ir/types.js";
import type { Family } from "./rule.js";

/** A slice of the leading axis, at one step. */
function sliceAt(x: Tensor, step: number): Tensor {
  const shape = x.shape.slice(1);
  const width = shape.reduce((product, size) => product * size, 1);
  return { dtype: x.dtype, shape, data: x.data.subarray(step * width, (step + 1) * width) };
}

function expectSame(what: string, given: Type, declared: Type): void {
  if (given.dtype !== declared.dtype || !sameShape(given.shape, declared.shape))
    throw new Error(
      `${what} is ${given.dtype}${printShape(given.shape)}, but the body has ${declared.dtype}${printShape(declared.shape)}`,
    );
}

export const loop: Family<"Scan"> = {
  Scan: {
    infer: (inputs, { body, states, scans, length }) => {
      if (inputs.length !== body.inputs.length)
        throw new Error(`${inputs.length} operands for a body with ${body.inputs.length} inputs`);
      // ONNX takes the number of steps from a scanned input.
      if (scans < 1) throw new Error("a loop over no scanned input");
      if (body.inputs.length < states + scans)
        throw new Error(`${states} states and ${scans} slices in a body with ${body.inputs.length} inputs`);
      if (body.outputs.length < states) throw new Error(`${body.outputs.length} next states for ${states} states`);
      body.inputs.forEach((declared, index) => {
        const given = at(inputs, index);
        const scanned = index >= states && index < states + scans;
        if (scanned && given.shape[0] !== length)
          throw new Error(`scanned input ${index} has leading axis ${given.shape[0]}, the loop ${length}`);
        const slice = scanned ? { dtype: given.dtype, shape: given.shape.slice(1) } : given;
        expectSame(`operand ${index}`, slice, declared.type);
      });
      return body.outputs.map(({ type }, index) => {
        if (index >= states) return { dtype: type.dtype, shape: [length, ...type.shape] };
        expectSame(`next state ${index}`, type, at(body.inputs, index).type);
        return type;
      });
    },
    vjp: "loop",
    batch: "stay",
    evaluate: (inputs, { body, states, scans, reverse, length }, { size, run }) => {
      const steps = size(length);
      const captured = inputs.slice(states + scans);
      let carried = inputs.slice(0, states);
      const stacked = body.outputs.slice(states).map((): Tensor[] => new Array(steps));
      for (let n = 0; n < steps; n++) {
        const step = reverse ? steps - 1 - n : n;
        const slices = inputs.slice(states, states + scans).map((x) => sliceAt(x, step));
        const results = run(body, [...carried, ...slices, ...captured]);
        carried = results.slice(0, states);
        results.slice(states).forEach((result, index) => {
          at(stacked, index)[step] = result;
        });
      }
      const outputs = stacked.map((slices, index) => {
        const { dtype, shape } = at(body.outputs, states + index).type;
        const sizes = shape.map(size);
        const width = sizes.reduce((product, n) => product * n, 1);
        const data = new Float64Array(steps * width);
        slices.forEach((slice, step) => {
          data.set(slice.data, step * width);
        });
        return { dtype, shape: [steps, ...sizes], data };
      });
      return [...carried, ...outputs];
    },
  },
};
