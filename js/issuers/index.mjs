// One copy whichever way it is loaded: this names what the CommonJS module has.
import issuers from './index.js';

export const { auth0, cognito, entra, keycloak, okta } = issuers;
