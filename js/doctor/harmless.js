'use strict';

/**
 * Characters that control a terminal, or that make a text look different: control characters (C0, C1, DEL),
 * format characters (tags, and bidirectional controls such as U+061C, U+200E and U+202E), line and paragraph
 * separators, and invisible characters.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * A text as one printable line. Other characters are escaped as in JSON (`\u202e`).
 * @param {string} text
 */
function harmless(text) {
  return text.replace(UNPRINTABLE, (character) => {
    let escaped = '';
    for (let i = 0; i < character.length; i += 1) {
      escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
    }
    return escaped;
  });
}

module.exports = { harmless };
