/**
 * Factor: in a loop's body, products that share what depends on the state are taken together, so that one multiplication
 * per step is left and the rest is state-free. Equal but for rounding.
 */
import { rewrite } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import { sameShape } from "../ir/dims.js";
import type { Node, NodeOf, Value } from "../ir/types.js";
import { at } from "../ops/rule.js";
import { stateFree } from "./loop-body.js";
import type { Pass } from "./pass.js";

/** A product of something that depends on the state and something that does not. */
interface Product {
  readonly dependent: Value;
  readonly free: Value;
}

function factorScan(b: Builder, node: NodeOf<"Scan">, operands: readonly Value[]): readonly Value[] | undefined {
  const { body } = node.attributes;
  const free = stateFree(node);
  const producers = new Map<Value, Node>();
  for (const step of body.nodes) for (const output of step.outputs) producers.set(output, step);
  const productOf = (value: Value): Product | undefined => {
    const made = producers.get(value);
    if (made?.op !== "Mul") return undefined;
    const [x, y] = [at(made.inputs, 0), at(made.inputs, 1)];
    const parts = free.has(y) ? { dependent: x, free: y } : { dependent: y, free: x };
    const whole = [parts.dependent, parts.free].every((part) => sameShape(part.type.shape, value.type.shape));
    return whole && free.has(parts.free) && !free.has(parts.dependent) ? parts : undefined;
  };
  const factored = rewrite(body, (step, site) => {
    // Products are found in the old body; their counterparts are the inputs of the products' new nodes.
    if (step.op !== "Concat" && step.op !== "Add" && step.op !== "Sub") return undefined;
    const olds = step.inputs.map(productOf);
    const products = olds.flatMap((old, index): Product[] => {
      const made = site.producer(at(site.inputs, index));
      const original = producers.get(at(step.inputs, index));
      if (old === undefined || made?.op !== "Mul" || original === undefined) return [];
      const place = original.inputs.indexOf(old.free);
      return [{ free: at(made.inputs, place), dependent: at(made.inputs, 1 - place) }];
    });
    if (products.length < step.inputs.length) return undefined;
    if (step.op === "Concat") {
      const { axis } = step.attributes;
      return [
        site.b.mul(
          site.b.concat(
            products.map((product) => product.dependent),
            axis,
          ),
          site.b.concat(
            products.map((product) => product.free),
            axis,
          ),
        ),
      ];
    }
    const [p, q] = [at(products, 0), at(products, 1)];
    if (p.dependent !== q.dependent || !sameShape(p.free.type.shape, q.free.type.shape)) return undefined;
    return [site.b.mul(p.dependent, step.op === "Add" ? site.b.add(p.free, q.free) : site.b.sub(p.free, q.free))];
  });
  return factored === body ? undefined : b.apply("Scan", operands, { ...node.attributes, body: factored });
}

export const factor: Pass = {
  name: "factor",
  description:
    "Products in loops share their state-dependent factor: s * a - s * b → s * (a - b); [s * a, t * b] → [s, t] * [a, b].",
  run: (graph) =>
    rewrite(graph, (node, { b, inputs }) => (node.op === "Scan" ? factorScan(b, node, inputs) : undefined)),
};
