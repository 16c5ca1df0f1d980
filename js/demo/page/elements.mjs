// Elements of the page. Texts of tokens, tenants and APIs are set as text, never as markup.

export const find = (id) => document.getElementById(id);

/** Control, format and invisible characters, and bidirectional marks, as in JSON: `\u202e`. */
export function harmless(text) {
  return String(text).replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu,
    (character) =>
      character
        .split('')
        .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join(''),
  );
}

/** The lines of a program are lines. */
export const harmlessLines = (text) => text.split('\n').map(harmless).join('\n');

export function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = harmless(text);
  if (className !== undefined) made.className = className;
  return made;
}
