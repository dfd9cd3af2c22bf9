/** Names of the ports of a training step. */

export const TARGETS = "targets";
export const PREDICTIONS = "outputs";

const reservedNames = new Set([
  ...[TARGETS, PREDICTIONS, "step", "rate_scale", "loss", "gradient_norm", "learning_rate", "loss_scale", "skipped"],
]);

function isReserved(name: string): boolean {
  return reservedNames.has(name) || /^(next|gradient|metrics|model|loss_scale)\//.test(name);
}

/** The name of an input of the model, which is no name of a port of the training step itself. */
export function publicName(name: string): string {
  return isReserved(name) ? `model/${name}` : name;
}

/** A notice of the inputs of the model that have other names in the training step. */
export function renamedNotice(names: readonly string[]): readonly string[] {
  const renamed = names.filter((name) => publicName(name) !== name);
  return renamed.map(
    (name) => `The input ${name} of the model is ${publicName(name)} in the training step, which has a port ${name}.`,
  );
}
