// Starts `postconfirm local` as a user would, beside a company directory of our own, and stops both.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const program = process.env.POSTCONFIRM;
if (!program) throw new Error("set POSTCONFIRM to the path of the postconfirm binary");

/** A directory that knows one company, and counts who asked. */
export async function directory() {
  const asked = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://directory");
    asked.push({ path: url.pathname, domain: url.searchParams.get("domain"), authorization: request.headers.authorization });
    const known = url.searchParams.get("domain") === "acme.example";
    response.writeHead(known ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(known ? { name: "Acme Ltd", plan: { name: "team" } } : { error: "unknown" }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  return { url, asked, close: () => new Promise((resolve) => server.close(resolve)) };
}

/** postconfirm local, with a pipeline that asks the directory. */
export async function box(url) {
  const dir = await mkdtemp(join(tmpdir(), "postconfirm-"));
  const pipeline = join(dir, "pipeline.yaml");
  await writeFile(pipeline, `
version: 1
pools: [eu-west-1_Outside01]
steps:
  - id: company
    uses: http
    with:
      url: ${url}/find
      query: { domain: "\${{ user.email_domain }}" }
      bearer: \${{ secrets.DIRECTORY_TOKEN }}
    not-found: [404]
attributes:
  custom:company: \${{ steps.company.body.name }}
  custom:plan: \${{ steps.company.body.plan.name }}
`);
  const child = spawn(program, ["local", "--pipeline", pipeline, "--allow-loopback", "--listen", "127.0.0.1:0", "--json"], {
    env: { PATH: process.env.PATH, HOME: dir, DIRECTORY_TOKEN: "a-token" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (chunk) => (log += chunk));
  const exited = new Promise((resolve) => child.on("exit", resolve));
  const lines = createInterface({ input: child.stdout });
  const ready = await Promise.race([
    new Promise((resolve) => lines.once("line", (line) => resolve(JSON.parse(line)))),
    exited.then((code) => { throw new Error(`postconfirm local ended with ${code}:\n${log}`); }),
  ]);
  return {
    ready,
    log: () => log,
    async close() {
      child.kill("SIGTERM");
      const code = await exited;
      await rm(dir, { recursive: true, force: true });
      return code;
    },
  };
}

/** Asks the cloud's control surface, and gives the answer's JSON, if there is one. */
export async function control(endpoint, method, path, body) {
  const answer = await fetch(endpoint + path, {
    method, headers: { "content-type": "application/json" }, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text && JSON.parse(text);
}

/** Asks until an answer is right, or says what the last one was. */
export async function eventually(ask, right, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (right(answer)) return answer;
    if (Date.now() > end) throw new Error(`still wrong after ${seconds} s: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
