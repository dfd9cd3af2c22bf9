/** layer_norm and rms_norm: the equations of their files in specs/layers; parameters `<name>/gain`, `<name>/shift`. */
import { builtInLayer } from "../../../schema/built-in.js";
import { definition as schemaOf } from "../../../schema/json-schema.js";
import type {
  CellOption,
  NormalLayerDefinition,
  NormalLayerNorm,
  NormalRmsNorm,
} from "../../../schema/normal/index.js";
import { fillDefaults } from "../../../schema/normalize/fill.js";
import { expectDefined } from "../../ir/expect.js";
import { analyze } from "../../language/analyze.js";
import { buildEquations, outputOf } from "../../language/build.js";
import { builtInFunctions } from "../../language/functions/index.js";
import { type ResolvedDefinition, resolveDefinition } from "../../language/resolve.js";
import { rowScope } from "../../language/scope.js";
import { declaredShapes } from "../../language/size-expression.js";
import type { LayerDefinition } from "../context.js";
import { openParameters } from "../equation-parameters.js";
import { width } from "../wire.js";
import { checkNumbers } from "./numeric-input.js";

/** A built-in layer that is equations. Its keys are the options of the definition. */
export type EquationLayer = NormalLayerNorm | NormalRmsNorm;

export const equationLayer: LayerDefinition<EquationLayer> = {
  elaborate(layer, input, context) {
    if (!checkNumbers(layer, input, context)) return undefined;
    const { b, report } = context;
    const definition = resolveLayer(layer);
    const sizes = { input_size: width(input) };
    const batch = input.value.type.shape.slice(0, -1);
    const path = context.pathOf(layer);
    const { equations, shapes } = analyze(definition, rowScope(sizes, batch), path, report);
    const declared = declaredShapes(definition, sizes, path, report);
    if (equations === undefined || shapes === undefined || declared === undefined) return undefined;
    const use = { definition, path, sizes, prefix: layer.weights ?? layer.name };
    const parameters = openParameters(use, declared.parameters, report, context);
    const sound = { definition, equations, shapes, batchAxes: batch.length };
    const value = outputOf(b, sound, buildEquations(b, sound, { x: input.value, ...parameters }));
    return { ...input, value: b.withName(value, layer.name), padding: "first step", logits: null };
  },
};

/** The definition of a layer with the options of its use. */
export function resolveLayer(layer: EquationLayer): ResolvedDefinition {
  const definition = builtInDefinition(layer.layer);
  const given: Readonly<Record<string, unknown>> = { ...layer };
  const options = Object.fromEntries(Object.keys(definition.options).map((name) => [name, given[name] as CellOption]));
  return resolveDefinition(definition, options, builtInFunctions, "layer");
}

const definitions = new Map<string, NormalLayerDefinition>();

/** The definition of a file of specs/layers. */
function builtInDefinition(name: EquationLayer["layer"]): NormalLayerDefinition {
  const found = definitions.get(name);
  if (found !== undefined) return found;
  const file = expectDefined(builtInLayer(name), `specs/layers/${name}.json`);
  const filled = fillDefaults<NormalLayerDefinition>(file, schemaOf("layer_definition"), "", (part) => part);
  definitions.set(name, filled);
  return filled;
}
