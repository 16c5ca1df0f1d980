// The exports of the CommonJS module, so that the process has one copy of it.
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
