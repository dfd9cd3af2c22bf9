/** The merge of two specs: objects key by key, everything else replaced. */
import { isObject, type Json, keysOf } from "../json-pointer.js";
import { excludes } from "../parse/exclusive-keys.js";

/** A value with the document that each of its places comes from. */
export interface Merged<Document> {
  readonly value: Json;
  readonly document: Document;
  /** Of an object whose members come from several documents. */
  readonly members?: ReadonlyMap<string, Merged<Document>>;
}

/** Keys whose value is the kind of an object: objects of different kinds have different keys. */
const kindKeys = ["type", "layer"];

/**
 * `base` with the values of `next`. Objects are merged; lists and other values replace those of the base, and so does an
 * object of another kind.
 */
export function merge<Document>(base: Merged<Document>, next: Merged<Document>, path = ""): Merged<Document> {
  if (!isObject(base.value) || !isObject(next.value) || isOtherKind(base.value, next.value)) return next;
  const own = membersOf(next);
  const isExcluded = (name: string, { value }: Merged<Document>) =>
    own.some(([key, member]) => excludes(`${path}/${key}`, member.value, name, value));
  const members = new Map(membersOf(base).filter(([name, member]) => !isExcluded(name, member)));
  for (const [key, member] of own) {
    const inherited = members.get(key);
    members.set(key, inherited === undefined ? member : merge(inherited, member, `${path}/${key}`));
  }
  const value = Object.fromEntries([...members].map(([key, member]) => [key, member.value]));
  return { value, document: next.document, members };
}

function membersOf<Document>({ value, document, members }: Merged<Document>): readonly [string, Merged<Document>][] {
  if (members !== undefined) return [...members];
  return isObject(value) ? Object.entries(value).map(([key, member]) => [key, { value: member, document }]) : [];
}

function isOtherKind(base: Readonly<Record<string, Json>>, next: Readonly<Record<string, Json>>): boolean {
  return kindKeys.some((key) => base[key] !== undefined && next[key] !== undefined && base[key] !== next[key]);
}

/** The document that a place of the merged value comes from; of the nearest place around it for one without a value. */
export function documentAt<Document>(merged: Merged<Document>, path: string): Document {
  let place = merged;
  for (const key of keysOf(path)) {
    const member = place.members?.get(key);
    if (member === undefined) break;
    place = member;
  }
  return place.document;
}
