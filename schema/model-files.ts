/** ONNX models that layers of specs name: their contents by SHA-256, for all specs of this process. */

export interface ModelFile {
  readonly bytes: Uint8Array;
  /** The files of its external data, by their locations in the model. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const models = new Map<string, ModelFile>();

/** Makes the content of a model known. @param sha256 of the bytes, and of the files after them, hex. */
export function registerModel(sha256: string, model: ModelFile): void {
  models.set(sha256, model);
}

/** The content of a model; undefined where no such file was read. */
export function modelOf(sha256: string | null): ModelFile | undefined {
  return sha256 === null ? undefined : models.get(sha256);
}
