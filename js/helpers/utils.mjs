// One copy whichever way it is loaded: this names what the CommonJS module has.
import utils from './utils.js';

export const {
  decrypt,
  decryptAuthState,
  decryptSession,
  encrypt,
  encryptAuthState,
  encryptSession,
  generateNonce,
  generatePKCE,
  generateState,
  isUserInGroup,
  mergeArrays,
  parseCallbackParams,
} = utils;
