/** ONNX models that layers of specs name: their bytes by SHA-256, for all specs of this process. */

const models = new Map<string, Uint8Array>();

/** Makes the content of a model file known. @param sha256 of the bytes, hex. */
export function registerModel(sha256: string, bytes: Uint8Array): void {
  models.set(sha256, bytes);
}

/** The bytes of a model; undefined where no file of this content was read. */
export function modelOf(sha256: string | null): Uint8Array | undefined {
  return sha256 === null ? undefined : models.get(sha256);
}
