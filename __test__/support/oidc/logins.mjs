// Users who sign in: the login and consent pages of the server, without a page. Whoever asks for an
// authorization is the user `ada`, who signs in as the request asks (`acr_values`, `max_age`), and agrees.

import { interactionPolicy } from 'oidc-provider';

const PATH = '/interaction/';
const USER = 'ada';
const { Check, base } = interactionPolicy;

/** `acr_values` is a wish that the server may ignore (OpenID Connect Core 1.0 §3.1.2.1). This one does not. */
const anotherAcr = new Check('acr_values', 'the session has none of the acr_values', ({ oidc }) => {
  const { acr_values: asked } = oidc.params;
  const met = asked === undefined || asked.split(' ').includes(oidc.session.acr);
  return met || oidc.result?.login ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT;
});

/** @param {{ acrs: string[] }} logins the acr values that there are */
export function loginConfiguration({ acrs }) {
  const policy = base();
  policy.get('login').checks.add(anotherAcr);
  return {
    acrValues: acrs,
    interactions: { policy, url: (_ctx, { uid }) => PATH + uid },
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  };
}

export function isLogin(request) {
  return request.url.startsWith(PATH);
}

/**
 * Signs the user in, or agrees for the user, and sends the browser back.
 * @param {{ acrs: string[], firstAge: number }} logins a login that is not asked for by `acr_values` or
 * `max_age` is by the first of `acrs`, `firstAge` seconds ago
 */
export async function answerLogin(provider, { acrs, firstAge }, request, response) {
  try {
    const { grantId, params, prompt } = await provider.interactionDetails(request, response);
    const asked = params.acr_values?.split(' ').find((acr) => acrs.includes(acr));
    const isStepUp = asked !== undefined || params.max_age !== undefined;
    const ts = Math.floor(Date.now() / 1000) - (isStepUp ? 0 : firstAge);
    const result =
      prompt.name === 'login'
        ? { login: { accountId: USER, acr: asked ?? acrs[0], ts } }
        : { consent: { grantId: await agree(provider, grantId, params, prompt) } };
    await provider.interactionFinished(request, response, result, {
      mergeWithLastSubmission: true,
    });
  } catch (error) {
    console.error(error);
    response.writeHead(500).end();
  }
}

async function agree(provider, grantId, params, { details }) {
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: USER, clientId: params.client_id });
  grant.addOIDCScope((details.missingOIDCScope ?? []).join(' '));
  grant.addOIDCClaims(details.missingOIDCClaims ?? []);
  for (const [resource, scopes] of Object.entries(details.missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  return grant.save();
}
