'use strict';

/**
 * Characters that a terminal obeys, or that show a text otherwise than it is: control characters (C0, C1,
 * DEL), formats (the bidirectional controls, such as U+061C, U+200E and U+202E, and tags), line and
 * paragraph separators, and what is shown as nothing.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * A text on one line of which all is seen: the others are escaped as in JSON, `\\u202e`.
 * @param {string} text
 */
function harmless(text) {
  return text.replace(UNSEEN, (character) => {
    let escaped = '';
    for (let i = 0; i < character.length; i += 1) {
      escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
    }
    return escaped;
  });
}

module.exports = { harmless };
