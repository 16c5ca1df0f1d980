// A route handler of Next.js.

import { protectApi } from '@monocloud/backend-node/web';

let readers;

export async function GET(request) {
  readers ??= protectApi()({ scopes: ['posts:read'] });
  const result = await readers(request);
  if (!('claims' in result)) return result;
  return Response.json({ sub: result.claims.sub, isNext: 'nextUrl' in request });
}
