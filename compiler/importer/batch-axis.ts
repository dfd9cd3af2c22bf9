/** The batch of a model whose inputs have a fixed number of rows: a symbol in its place where every node allows it. */
import { at } from "../ir/expect.js";
import { type ImportedModel, type ImportOptions, type ImportResult, importModel } from "./index.js";

/** Reads a model for batches of any size where it can, with a notice where it changed the size of the file. */
export function importForBatches(bytes: Uint8Array, options: ImportOptions): ImportResult {
  const imported = importModel(bytes, options);
  if (!imported.ok || imported.model.refused.length > 0) return imported;
  const rows = new Set(imported.model.inputs.map(({ value }) => value.type.shape[0]));
  const [size] = rows;
  if (rows.size !== 1 || typeof size !== "number") return imported;
  const symbolic = importModel(bytes, { ...options, symbolicBatch: true });
  if (!symbolic.ok || !followsBatch(symbolic.model)) {
    const notice = `The model has batches of ${size}: its nodes allow no other size.`;
    return { ok: true, model: { ...imported.model, notices: [...imported.model.notices, notice] } };
  }
  const notice = `The model has batches of ${size}: they may have any size in training.`;
  return { ok: true, model: { ...symbolic.model, notices: [...symbolic.model.notices, notice] } };
}

/** True where all outputs have one row for each of the inputs. */
function followsBatch({ refused, inputs, outputs }: ImportedModel): boolean {
  const batch = at(inputs, 0).value.type.shape[0];
  return refused.length === 0 && outputs.every(({ value }) => value?.type.shape[0] === batch);
}
