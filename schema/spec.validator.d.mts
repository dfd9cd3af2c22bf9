/** The type of the validator that compile-validator.mjs writes. */
import type { Json } from "./json-pointer.js";
import type { SchemaError } from "./validate/schema-errors.js";

interface Validator {
  (value: Json): boolean;
  readonly errors?: readonly SchemaError[] | null;
}

declare const validate: Validator;
export default validate;
