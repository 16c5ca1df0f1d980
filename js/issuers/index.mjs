// The exports of the CommonJS module, so that the process has one copy of it.
import issuers from './index.js';

export const { auth0, cognito, entra, keycloak, okta } = issuers;
