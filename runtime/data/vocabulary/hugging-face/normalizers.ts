/** The normalizers of tokenizer.json: changes of a text before it is divided into pieces. */
import { javaScriptPattern } from "../bpe.js";
import { componentsOf, type Json, refuse } from "./json.js";
import { precompiledNormalizer } from "./precompiled.js";

type Change = (text: string) => string;

/** The change of a text by a normalizer or a Sequence of them. @throws Unsupported */
export function normalizerOf(normalizer: unknown): Change {
  const changes = componentsOf(normalizer, "normalizers").map(changeOf);
  return (text) => changes.reduce((changed, change) => change(changed), text);
}

function changeOf(normalizer: Json): Change {
  const { type } = normalizer;
  switch (type) {
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
      return (text) => text.normalize(type);
    case "Lowercase":
      return lowercase;
    case "StripAccents":
      return stripAccents;
    case "BertNormalizer":
      return bertChange(normalizer);
    case "Strip":
      return stripChange(normalizer);
    case "Prepend":
      return (text) => (text === "" ? "" : `${normalizer.prepend ?? ""}${text}`);
    case "Replace": {
      const pattern = patternOf(normalizer.pattern, "Replace");
      return (text) => text.replace(pattern, () => String(normalizer.content ?? ""));
    }
    case "Precompiled":
      return precompiledNormalizer(String(normalizer.precompiled_charsmap ?? ""));
    default:
      return refuse(`has the normalizer "${type}"`);
  }
}

/** A pattern, { "String": … } or { "Regex": … }, for all of its matches. */
export function patternOf(pattern: unknown, owner: string): RegExp {
  const { String: text, Regex: regex } = (pattern ?? {}) as { readonly String?: unknown; readonly Regex?: unknown };
  if (typeof text === "string") return new RegExp(text.replace(/[\\^$.*+?()[\]{}|/-]/gu, "\\$&"), "gu");
  const translated = typeof regex === "string" ? javaScriptPattern(regex) : undefined;
  if (translated === undefined) refuse(`has the ${owner} pattern ${JSON.stringify(pattern)}`);
  return new RegExp(translated, "gu");
}

/** Each character by itself: no final sigma. */
const lowercase: Change = (text) => text.replace(/./gsu, (character) => character.toLowerCase());
const stripAccents: Change = (text) => text.replace(/\p{Mn}/gu, "");

function stripChange({ strip_left, strip_right }: Json): Change {
  return (text) => {
    const left = strip_left === false ? text : text.replace(/^\p{White_Space}+/u, "");
    return strip_right === false ? left : left.replace(/\p{White_Space}+$/u, "");
  };
}

/** Chinese characters, which are words of their own (BERT's tokenization.py). */
const chinese =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

function bertChange({ clean_text, handle_chinese_chars, strip_accents, lowercase: lowers }: Json): Change {
  const isLower = lowers !== false;
  const changes: Change[] = [];
  if (clean_text !== false)
    changes.push((text) =>
      text
        .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\ufffd]/gu, (found) => (/[\t\n\r]/.test(found) ? found : ""))
        .replace(/\p{White_Space}/gu, " "),
    );
  if (handle_chinese_chars !== false) changes.push((text) => text.replace(chinese, " $& "));
  if (strip_accents ?? isLower) changes.push((text) => stripAccents(text.normalize("NFD")));
  if (isLower) changes.push(lowercase);
  return (text) => changes.reduce((changed, change) => change(changed), text);
}
