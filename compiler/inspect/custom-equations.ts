/** The equations of a layer of the user's own, as written, each with the shape of the name that it sets. */
import type { NormalCustom } from "../../schema/normal/index.js";
import { at, expectDefined } from "../ir/expect.js";
import { analyze } from "../language/analyze.js";
import { shapeOf } from "../language/expression-type.js";
import { ownValue, resolveDefinition } from "../language/resolve.js";
import { rowScope } from "../language/scope.js";
import { type LayerEquations, type LayerShapes, line, widthOf } from "./equation-lines.js";

export function customEquations(
  { type, options }: NormalCustom,
  { inputs, functions, definitions }: LayerShapes,
): LayerEquations {
  const source = expectDefined(ownValue(definitions, type), `the layer ${type}`);
  const definition = resolveDefinition(source, options, functions, "layer");
  const input = at(inputs, 0);
  const scope = rowScope({ input_size: widthOf(input) }, input.slice(0, -1));
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
