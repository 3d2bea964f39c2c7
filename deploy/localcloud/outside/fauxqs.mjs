// Starts fauxqs, an SQS that we did not write, on a free loopback port. Prints one line of JSON, {"endpoint": …}, when
// it is up, and stops at SIGTERM or SIGINT. What it logs would go to stdout, so it logs nothing.
import { buildApp } from "fauxqs";

const app = buildApp({ logger: false });
await app.listen({ port: 0, host: "127.0.0.1" });
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, () => app.close().then(() => process.exit(0)));
}
console.log(JSON.stringify({ endpoint: `http://127.0.0.1:${app.server.address().port}` }));
