import adapter from './index.js';
import verifier from './verifier.js';

export const { authInfoOf, protectTools } = adapter;

/** The copy of the SDK that a program which uses `import` has; index.js has the other. */
const loadErrors = () => import('@modelcontextprotocol/sdk/server/auth/errors.js');

export const createTokenVerifier = verifier.verifierBy(loadErrors);
