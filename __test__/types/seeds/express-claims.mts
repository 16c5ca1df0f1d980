// Seed 003, "Reading the validated claims".
import express from 'express';
import { protectApi } from '@monocloud/backend-node/express';

const app = express();
const protect = protectApi();

// As documented:
import type { AuthenticatedExpressRequest } from '@monocloud/backend-node/express';

app.get('/api/me', protect(), (req, res) => {
  const { claims } = req as AuthenticatedExpressRequest;
  // claims.sub, claims.scope, claims.exp, claims.iat, etc.
  res.json(claims);
});
