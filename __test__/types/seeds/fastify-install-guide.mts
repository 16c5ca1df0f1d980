// Seed 001, src/server.ts.

// As documented:
import "dotenv/config";
import Fastify from "fastify";
import { protectApi } from "@monocloud/backend-node/fastify";

const app = Fastify();
const protect = protectApi();

app.addHook("onRequest", protect());

app.get("/api/data", async () => {
  return { message: "Protected data" };
});

app.listen({ port: 3000 }, (err) => {
  if (err) throw err;
  console.log("Server running on http://localhost:3000");
});
