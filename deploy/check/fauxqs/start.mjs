// Starts fauxqs on a free port of the loopback and prints its address. Its own command listens on every interface.
// Ends with its input.
import { buildApp } from "fauxqs";

const app = buildApp({ logger: false, defaultRegion: "eu-west-1" });
await app.listen({ host: "127.0.0.1", port: 0 });
console.log(`http://127.0.0.1:${app.server.address().port}`);
process.stdin.on("end", () => process.exit(0)).resume();
