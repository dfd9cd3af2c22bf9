/** The linear form of a value of a loop's body, from the forms of the operands of its node. */
import { at } from "../../ir/expect.js";
import type { Node, Value } from "../../ir/types.js";
import {
  buildProduct,
  computed,
  constantFactor,
  type Factor,
  factorsOf,
  type Layout,
  type Outside,
  operandLayout,
  type Product,
  shapeOf,
  varies,
} from "./factor.js";
import type { LinearForm, Read } from "./form.js";

export interface FormOptions {
  readonly state: Value;
  /** The state after the step, where reads of it are reads of the state. */
  readonly next: Value | undefined;
  readonly producers: ReadonlyMap<Value, Node>;
  /** True for values that depend on the state. */
  readonly isDependent: (value: Value) => boolean;
  /** True for values that depend neither on the state nor on another unsolved one. */
  readonly isIndependent: (value: Value) => boolean;
}

/** A function from values of the body that depend on a state to their forms; undefined where one is not linear. */
export function linearForms({ state, next, producers, isDependent, isIndependent }: FormOptions) {
  const stateShape = state.type.shape;
  const rank = stateShape.length;
  const { dtype } = state.type;
  const identity = (moment: Read["moment"]): LinearForm => ({
    layout: stateShape.map((dim, axis) => (dim === 1 ? -1 : axis)),
    gate: { moment, product: [] },
    reads: [],
    terms: [],
  });
  const forms = new Map<Value, LinearForm | undefined>();
  const formOf = (value: Value): LinearForm | undefined => {
    if (value === state) return identity("before");
    if (value === next) return identity("after");
    if (!forms.has(value)) forms.set(value, deriveForm(value));
    return forms.get(value);
  };
  const factorsIn = (value: Value, layout: Layout) => factorsOf(value, layout, rank, producers);

  /** The layout of a result of broadcasting; a new axis is the axis of the state that is missing. */
  function broadcastLayout(layout: Layout, resultShape: Value["type"]["shape"]): Layout | undefined {
    const lead = resultShape.length - layout.length;
    const result = resultShape.map((dim, axis) => (dim === 1 ? -1 : (layout[axis - lead] ?? -1)));
    for (const [axis, dim] of resultShape.entries()) {
      if (dim === 1 || at(result, axis) >= 0) continue;
      const free = stateShape.findIndex((size, stateAxis) => size === dim && !result.includes(stateAxis));
      if (free < 0) return undefined;
      result[axis] = free;
    }
    return result;
  }

  function scaled(form: LinearForm, layout: Layout, factors: Product): LinearForm {
    return {
      layout,
      gate: form.gate && { ...form.gate, product: [...form.gate.product, ...factors] },
      reads: form.reads.map((read) => ({ ...read, scale: [...read.scale, ...factors] })),
      terms: form.terms.map((term) => [...term, ...factors]),
    };
  }

  function sum(x: LinearForm, y: LinearForm, layout: Layout): LinearForm | undefined {
    if (x.gate && y.gate && x.gate.moment !== y.gate.moment) return undefined;
    const gate =
      x.gate && y.gate ? { ...x.gate, product: [sumFactor(x.gate.product, y.gate.product)] } : (x.gate ?? y.gate);
    return { layout, gate, reads: [...x.reads, ...y.reads], terms: [...x.terms, ...y.terms] };
  }

  const one = (outside: Outside) => constantFactor(1, dtype, rank).build(outside);
  function sumFactor(x: Product, y: Product): Factor {
    return computed(shapeOf([...x, ...y], rank), (outside) =>
      outside.b.add(buildProduct(x, outside) ?? one(outside), buildProduct(y, outside) ?? one(outside)),
    );
  }

  /** The form summed over an axis of the value. */
  function contracted(form: LinearForm, valueAxis: number, layout: Layout): LinearForm | undefined {
    const axis = at(form.layout, valueAxis);
    if (axis < 0) return { ...form, layout };
    const total = (product: Product): Product | undefined => {
      const inner = product.filter((factor) => varies(factor, axis));
      if (inner.length === 0) return undefined;
      const shape = shapeOf(inner, rank).map((dim, index) => (index === axis ? 1 : dim));
      const factor = computed(shape, (outside) =>
        outside.b.sum(buildProduct(inner, outside) as Value, [axis + 1], true),
      );
      return [...product.filter((each) => !varies(each, axis)), factor];
    };
    const reads: Read[] = form.gate
      ? [
          {
            moment: form.gate.moment,
            axis,
            query: form.gate.product.filter((factor) => varies(factor, axis)),
            scale: form.gate.product.filter((factor) => !varies(factor, axis)),
          },
        ]
      : [];
    for (const read of form.reads) {
      const scale = total(read.scale);
      if (scale === undefined) return undefined;
      reads.push({ ...read, scale });
    }
    const terms: Product[] = [];
    for (const term of form.terms) {
      const result = total(term);
      if (result === undefined) return undefined;
      terms.push(result);
    }
    return { layout, gate: undefined, reads, terms };
  }

  function deriveForm(value: Value): LinearForm | undefined {
    const node = producers.get(value);
    if (node === undefined || node.outputs.length > 1) return undefined;
    const { inputs } = node;
    if (inputs.some((input) => !isDependent(input) && !isIndependent(input))) return undefined;
    const resultShape = value.type.shape;
    const only = () => formOf(at(inputs, 0));
    switch (node.op) {
      case "Identity":
        return only();
      case "Neg": {
        const form = only();
        return form && scaled(form, form.layout, [constantFactor(-1, dtype, rank)]);
      }
      case "Add":
      case "Sub": {
        const [x, y] = [at(inputs, 0), at(inputs, 1)];
        const first = isDependent(x) ? formOf(x) : formOf(y);
        const layout = first && broadcastLayout(first.layout, resultShape);
        if (layout === undefined) return undefined;
        const addend = (operand: Value, negative: boolean): LinearForm | undefined => {
          const form: LinearForm | undefined = isDependent(operand)
            ? formOf(operand)
            : { layout, gate: undefined, reads: [], terms: [factorsIn(operand, operandLayout(layout, operand))] };
          if (form === undefined) return undefined;
          const own = operandLayout(layout, operand);
          if (form.layout.some((axis, index) => axis >= 0 && isDependent(operand) && own[index] !== axis))
            return undefined;
          return negative ? scaled(form, layout, [constantFactor(-1, dtype, rank)]) : form;
        };
        const [left, right] = [addend(x, false), addend(y, node.op === "Sub")];
        return left && right && sum(left, right, layout);
      }
      case "Mul":
      case "Div": {
        const dependent = inputs.findIndex(isDependent);
        const [factor, operand] = [at(inputs, 1 - dependent), at(inputs, dependent)];
        if (isDependent(factor) || (node.op === "Div" && dependent === 1)) return undefined;
        const form = formOf(operand);
        const layout = form && broadcastLayout(form.layout, resultShape);
        if (form === undefined || layout === undefined) return undefined;
        const factors = factorsIn(factor, operandLayout(layout, factor));
        if (node.op === "Mul") return scaled(form, layout, factors);
        const reciprocal = computed(shapeOf(factors, rank), (outside) =>
          outside.b.div(1, buildProduct(factors, outside) as Value),
        );
        return scaled(form, layout, [reciprocal]);
      }
      case "Where":
        return choice(value, inputs);
      case "Unsqueeze": {
        const form = only();
        const rest = [...(form?.layout ?? [])];
        return (
          form && {
            ...form,
            layout: resultShape.map((_, axis) => (node.attributes.axes.includes(axis) ? -1 : (rest.shift() ?? -1))),
          }
        );
      }
      case "Squeeze": {
        const form = only();
        return form && { ...form, layout: form.layout.filter((_, axis) => !node.attributes.axes.includes(axis)) };
      }
      case "Transpose": {
        const form = only();
        return form && { ...form, layout: node.attributes.perm.map((axis) => at(form.layout, axis)) };
      }
      case "ReduceSum": {
        const { axes, keep } = node.attributes;
        const form = only();
        if (form === undefined || axes.length !== 1) return undefined;
        const axis = at(axes, 0);
        const layout = keep
          ? form.layout.map((each, index) => (index === axis ? -1 : each))
          : form.layout.filter((_, index) => index !== axis);
        return contracted(form, axis, layout);
      }
      case "MatMul":
        return product(at(inputs, 0), at(inputs, 1), resultShape);
      default:
        return undefined;
    }
  }

  /** The form of `Where(condition, x, y)`. */
  function choice(value: Value, [condition, ...operands]: readonly Value[]): LinearForm | undefined {
    if (condition === undefined || isDependent(condition)) return undefined;
    const dependent = operands.find(isDependent);
    const form = dependent && formOf(dependent);
    const layout = form && broadcastLayout(form.layout, value.type.shape);
    if (layout === undefined) return undefined;
    const mask = factorsOf(condition, operandLayout(layout, condition), rank, new Map());
    const shape = shapeOf(mask, rank);
    const branches = operands.map((operand, index): LinearForm | undefined => {
      const own: LinearForm | undefined = isDependent(operand)
        ? formOf(operand)
        : { layout, gate: undefined, reads: [], terms: [factorsIn(operand, operandLayout(layout, operand))] };
      if (own === undefined) return undefined;
      const selected = computed(shape, (outside) => {
        const isFirst = buildProduct(mask, outside) as Value;
        const [x, y] = [1 - index, index].map((number) => outside.b.scalar(number, dtype));
        return outside.b.where(isFirst, x as Value, y as Value);
      });
      const masked = scaled({ ...own, gate: undefined }, layout, [selected]);
      return { ...masked, gate: own.gate };
    });
    const [x, y] = branches;
    if (x === undefined || y === undefined || (x.gate && y.gate && x.gate.moment !== y.gate.moment)) return undefined;
    const moment = (x.gate ?? y.gate)?.moment;
    const gates = [x, y].map(({ gate }) => gate?.product);
    const gateShape = shapeOf([...mask, ...gates.flatMap((gate) => gate ?? [])], rank);
    const factors = gates.flatMap((product) => product ?? []);
    const hasLogarithm =
      gates.every((product) => product !== undefined) && factors.every(({ logSources }) => logSources);
    const gate = computed(
      gateShape,
      (outside) => {
        const [first, second] = gates.map((product) =>
          product === undefined
            ? outside.b.scalar(0, dtype)
            : (buildProduct(product, outside) ?? outside.b.scalar(1, dtype)),
        );
        return outside.b.where(buildProduct(mask, outside) as Value, first as Value, second as Value);
      },
      hasLogarithm ? factors.flatMap(({ logSources = [] }) => logSources) : undefined,
    );
    return {
      layout,
      gate: moment && { moment, product: [gate] },
      reads: [...x.reads, ...y.reads],
      terms: [...x.terms, ...y.terms],
    };
  }

  /** A product of matrices, one of which is a vector, or both of which are for an outer product. */
  function product(x: Value, y: Value, resultShape: Value["type"]["shape"]): LinearForm | undefined {
    const isLeft = isDependent(x);
    const [operand, factor] = isLeft ? [x, y] : [y, x];
    if (isDependent(factor)) return undefined;
    const form = formOf(operand);
    if (form === undefined) return undefined;
    const [rows, columns] = [-2, -1].map((axis) => form.layout.at(axis) as number);
    const lead = broadcastLayout(form.layout.slice(0, -2), resultShape.slice(0, -2));
    if (lead === undefined) return undefined;
    const factorLead = operandLayout(lead, { type: { ...factor.type, shape: factor.type.shape.slice(0, -2) } });
    const inner = isLeft ? columns : rows;
    const outerSize = isLeft ? resultShape.at(-1) : resultShape.at(-2);
    if (x.type.shape.at(-1) === 1) {
      const kept = isLeft ? rows : columns;
      const full = broadcastLayout(
        [...lead, ...(isLeft ? [rows as number, -1] : [-1, columns as number])],
        resultShape,
      );
      const added = full && (isLeft ? full.at(-1) : full.at(-2));
      if (full === undefined || added === undefined || kept === undefined) return undefined;
      return scaled(form, full, factorsIn(factor, [...factorLead, ...(isLeft ? [-1, added] : [added, -1])]));
    }
    if (outerSize !== 1 || inner === undefined) return undefined;
    const factors = factorsIn(factor, [...factorLead, ...(isLeft ? [inner, -1] : [-1, inner])]);
    const layout = [...lead, ...(isLeft ? [rows as number, -1] : [-1, columns as number])];
    const axis = form.layout.length - (isLeft ? 1 : 2);
    return contracted(scaled(form, form.layout, factors), axis, layout);
  }

  return formOf;
}
