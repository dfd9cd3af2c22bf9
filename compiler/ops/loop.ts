/** Scan, the loop primitive. */
import { printShape, sameShape } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Tensor, Type } from "../ir/types.js";
import type { Family } from "./rule.js";

/** The slice of a scanned input at one time step. */
function sliceAt(x: Tensor, timeStep: number): Tensor {
  const shape = x.shape.slice(1);
  const width = shape.reduce((product, size) => product * size, 1);
  return { dtype: x.dtype, shape, data: x.data.subarray(timeStep * width, (timeStep + 1) * width) };
}

function expectSameType(name: string, actual: Type, declared: Type): void {
  if (actual.dtype !== declared.dtype || !sameShape(actual.shape, declared.shape))
    throw new Error(
      `${name} is ${actual.dtype}${printShape(actual.shape)}, but the body has ${declared.dtype}${printShape(declared.shape)}`,
    );
}

export const loop: Family<"Scan"> = {
  Scan: {
    traits: {
      family: "loop",
      broadcasting: false,
      commutative: false,
      bitExact: "unproven",
      flops: "loop",
      worthStacking: false,
    },
    infer: (inputs, { body, stateCount, scanCount, length }) => {
      if (inputs.length !== body.inputs.length)
        throw new Error(`${inputs.length} operands for a body with ${body.inputs.length} inputs`);
      // ONNX takes the number of steps from a scanned input.
      if (scanCount < 1) throw new Error("a loop without a scanned input");
      if (body.inputs.length < stateCount + scanCount)
        throw new Error(`${stateCount} states and ${scanCount} slices in a body with ${body.inputs.length} inputs`);
      if (body.outputs.length < stateCount)
        throw new Error(`${body.outputs.length} next states for ${stateCount} states`);
      body.inputs.forEach((declared, index) => {
        const operand = at(inputs, index);
        const scanned = index >= stateCount && index < stateCount + scanCount;
        if (scanned && operand.shape[0] !== length)
          throw new Error(`scanned input ${index} has leading axis ${operand.shape[0]}, the loop ${length}`);
        const slice = scanned ? { dtype: operand.dtype, shape: operand.shape.slice(1) } : operand;
        expectSameType(`operand ${index}`, slice, declared.type);
      });
      return body.outputs.map(({ type }, index) => {
        if (index >= stateCount) return { dtype: type.dtype, shape: [length, ...type.shape] };
        expectSameType(`next state ${index}`, type, at(body.inputs, index).type);
        return type;
      });
    },
    vjp: "loop",
    batch: "stay",
    evaluate: (inputs, { body, stateCount, scanCount, reverse, length }, { size, run }) => {
      const timeSteps = size(length);
      const captures = inputs.slice(stateCount + scanCount);
      let stateValues = inputs.slice(0, stateCount);
      const scanOutputs = body.outputs.slice(stateCount).map((): Tensor[] => new Array(timeSteps));
      for (let n = 0; n < timeSteps; n++) {
        const timeStep = reverse ? timeSteps - 1 - n : n;
        const slices = inputs.slice(stateCount, stateCount + scanCount).map((x) => sliceAt(x, timeStep));
        const results = run(body, [...stateValues, ...slices, ...captures]);
        stateValues = results.slice(0, stateCount);
        results.slice(stateCount).forEach((result, index) => {
          at(scanOutputs, index)[timeStep] = result;
        });
      }
      const outputs = scanOutputs.map((slices, index) => {
        const { dtype, shape } = at(body.outputs, stateCount + index).type;
        const sizes = shape.map(size);
        const width = sizes.reduce((product, n) => product * n, 1);
        const data = new Float64Array(timeSteps * width);
        slices.forEach((slice, timeStep) => {
          data.set(slice.data, timeStep * width);
        });
        return { dtype, shape: [timeSteps, ...sizes], data };
      });
      return [...stateValues, ...outputs];
    },
  },
};
