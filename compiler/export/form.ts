/** What every form is made of. */
import type { NormalSpec } from "../../schema/normal.js";
import type { Signature } from "../signature.js";
import type { Boundary } from "./options.js";

export interface FormRequest {
  readonly spec: NormalSpec;
  readonly signature: Signature;
  readonly boundary: Boundary;
}
