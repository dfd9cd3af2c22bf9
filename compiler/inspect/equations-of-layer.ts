/** The equations of a layer of a spec or of specs/layers, as written, each with the shape of the name that it sets; its gradient. */
import type { NormalCustom, NormalSpec } from "../../schema/normal/index.js";
import { type EquationLayer, resolveLayer } from "../elaborate/layers/equations.js";
import { graphBuilder } from "../graph/builder.js";
import { at, expectDefined } from "../ir/expect.js";
import type { Shape } from "../ir/types.js";
import { analyze } from "../language/analyze.js";
import { buildEquations, nameValues, outputOf } from "../language/build.js";
import { shapeOf } from "../language/expression-type.js";
import type { FunctionTable } from "../language/functions/function.js";
import { functionTable } from "../language/functions/index.js";
import { readsEarlierSteps } from "../language/functions/time.js";
import { withInputSizes } from "../language/inputs.js";
import { parseEquations } from "../language/parse/equations.js";
import { ownValue, type ResolvedDefinition, resolveDefinition } from "../language/resolve.js";
import { rowScope } from "../language/scope.js";
import { declaredShapes } from "../language/size-expression.js";
import type { PassContext } from "../optimize/pass.js";
import type { ExplainedLayer } from "./equation-lines.js";
import { type LayerEquations, type LayerShapes, line, widthOf } from "./equation-lines.js";
import { gradientEquations } from "./gradient-equations.js";

/** A layer that is equations: one of the user's own, or a built-in one. */
type LayerOfEquations = NormalCustom | EquationLayer;

export function isOfEquations(layer: ExplainedLayer): layer is LayerOfEquations {
  return layer.layer === "custom" || layer.layer === "layer_norm" || layer.layer === "rms_norm";
}

export function equationsOfLayer(
  layer: LayerOfEquations,
  { inputs, functions, definitions }: LayerShapes,
): LayerEquations {
  const definition = resolved(layer, definitions, functions);
  const sizes = sizesOf(definition, inputs);
  const scope = rowScope(sizes, at(inputs, 0).slice(0, -1));
  const { equations = [], shapes } = analyze(definition, scope, "", () => {});
  const given = Object.entries(definition.options).map(([name, value]) => `${name} = ${value}`);
  return {
    equations: equations.map(({ source: text, value }) => {
      const valueType = shapes?.types.get(value);
      return line(text, valueType === undefined ? [] : shapeOf(valueType));
    }),
    notes: [
      ...(definition.output === "y" ? [] : [`The output is ${definition.output}.`]),
      ...(given.length === 0 ? [] : [`${given.join(", ")}.`]),
    ],
  };
}

function resolved(
  layer: LayerOfEquations,
  definitions: NormalSpec["layers"],
  functions: FunctionTable,
): ResolvedDefinition {
  if (layer.layer !== "custom") return resolveLayer(layer);
  const source = expectDefined(ownValue(definitions, layer.type), `the layer ${layer.type}`);
  return resolveDefinition(source, layer.options, functions, "layer");
}

/** The sizes of a use that is valid. */
function sizesOf(definition: ResolvedDefinition, [x = [], ...others]: readonly Shape[]) {
  const names = Object.keys(definition.inputs);
  const given = Object.fromEntries(names.map((name, index) => [name, widthOf(at(others, index))]));
  return withInputSizes(definition, { input_size: widthOf(x) }, given);
}

/** The names of the inputs of a custom layer in its equations. */
export function inputNames({ type }: NormalCustom, { layers }: Pick<NormalSpec, "layers">): readonly string[] {
  return ["x", ...Object.keys(ownValue(layers, type)?.inputs ?? {})];
}

/** The gradient of a layer: from the cotangent of its output to those of its inputs and of its parameters. */
export function gradientOfLayer(
  layer: LayerOfEquations,
  inputs: readonly Shape[],
  spec: Pick<NormalSpec, "layers" | "activations">,
  context: PassContext,
): readonly string[] {
  const definition = resolved(layer, spec.layers, functionTable(spec.activations));
  const sizes = sizesOf(definition, inputs);
  const batch = readsEarlierSteps(parseEquations(definition, rowScope(sizes, []), "", () => {}).assignments ?? [])
    ? ["time", "batch"]
    : ["batch"];
  const { equations, shapes } = analyze(definition, rowScope(sizes, batch), "", () => {});
  const declared = declaredShapes(definition, sizes, "", () => {});
  if (equations === undefined || shapes === undefined || declared === undefined) return [];
  const b = graphBuilder("layer");
  const open = (name: string, shape: Shape) => [name, b.input(name, { dtype: "float32", shape })] as const;
  const operands = Object.fromEntries([
    ...Object.entries({ x: sizes.input_size, ...declared.inputs }).map(([name, size]) => open(name, [...batch, size])),
    ...Object.entries(declared.parameters).map(([name, shape]) => open(name, shape)),
  ]);
  const sound = { definition, equations, shapes, batchAxes: batch.length };
  const names = buildEquations(b, sound, operands);
  nameValues(b, equations, names);
  const result = { value: outputOf(b, sound, names), name: `d${definition.output}` };
  return gradientEquations(b, [result], Object.keys(operands).length, context);
}
