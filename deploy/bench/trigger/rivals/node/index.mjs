// The trigger's job in Node.js: @aws-sdk/client-sqs, bundled by esbuild. The loop around the handler is a plain one on
// node:http; AWS's own runtime client does more, and so takes longer.
import http from "node:http";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";

const client = new SQSClient({});

async function handler(event) {
  if (event.triggerSource === "PostConfirmation_ConfirmSignUp") {
    const body = { pool: event.userPoolId, user: event.userName, sub: event.request.userAttributes.sub };
    await client.send(new SendMessageCommand({ QueueUrl: process.env.POSTCONFIRM_QUEUE_URL, MessageBody: JSON.stringify(body) }));
  }
  return event;
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");

function ask(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ agent, host, port, method, path: `/2018-06-01/runtime/invocation/${path}` }, (answer) => {
      const pieces = [];
      answer.on("data", (piece) => pieces.push(piece));
      answer.on("error", reject);
      answer.on("end", () => resolve({ id: answer.headers["lambda-runtime-aws-request-id"], text: Buffer.concat(pieces).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

for (;;) {
  const { id, text } = await ask("GET", "next");
  const result = await handler(JSON.parse(text));
  await ask("POST", `${id}/response`, JSON.stringify(result));
}
