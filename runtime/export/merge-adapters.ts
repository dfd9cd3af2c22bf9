/** Adapted weights as one matrix each: W + alpha / rank · A @ B in place of W and its factors. */
import { adapterScale, adaptOf, factors } from "../../schema/kinds/adapters.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { Tensor, Tensors } from "../tensors/safetensors.js";

/** The weights of a model without adapters, which has the same outputs. */
export function mergeAdapters(spec: NormalSpec, parameters: Tensors): Tensors {
  const isFactor = (name: string) => name.endsWith(factors.a) || name.endsWith(factors.b);
  return new Map(
    [...parameters].flatMap(([name, weight]) => {
      const section = adaptOf(spec, name);
      const [a, b] = [parameters.get(`${name}${factors.a}`), parameters.get(`${name}${factors.b}`)];
      if (isFactor(name)) return [];
      return section === undefined || a === undefined || b === undefined
        ? [[name, weight] as const]
        : [[name, sumWithProduct(weight, a, b, adapterScale(section.adapt))] as const];
    }),
  );
}

/** The spec of a model whose adapters are merged. */
export function withoutAdapters(spec: NormalSpec): NormalSpec {
  const model = spec.model.map((layer) => (layer.layer === "onnx" ? { ...layer, adapt: null } : layer));
  return { ...spec, adapt: null, model };
}

/** W + scale · A @ B, summed in float64. */
function sumWithProduct({ shape, data }: Tensor, a: Tensor, b: Tensor, scale: number): Tensor {
  const [rows = 0, columns = 0] = shape;
  const [, rank = 0] = a.shape;
  const merged = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let product = 0;
      for (let k = 0; k < rank; k++) product += (a.data[row * rank + k] ?? 0) * (b.data[k * columns + column] ?? 0);
      merged[row * columns + column] = (data[row * columns + column] ?? 0) + scale * product;
    }
  }
  return { shape, data: merged };
}
