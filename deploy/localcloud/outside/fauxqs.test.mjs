// The second opinion on SQS starts, does what the worker needs, and stops when it is told to.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as sqs from "@aws-sdk/client-sqs";

test("fauxqs says where it is, serves, and stops at SIGTERM", async () => {
  const script = fileURLToPath(new URL("fauxqs.mjs", import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise((resolve) => child.on("exit", (code) => resolve(code)));
  const lines = [];
  const out = createInterface({ input: child.stdout });
  out.on("line", (line) => lines.push(line));
  await new Promise((resolve) => out.once("line", resolve));
  const { endpoint } = JSON.parse(lines[0]);
  assert.match(endpoint, /^http:\/\/127\.0\.0\.1:\d+$/);

  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  const queues = new sqs.SQSClient({ region: "eu-west-1", endpoint, credentials, maxAttempts: 1 });
  const { QueueUrl } = await queues.send(new sqs.CreateQueueCommand({ QueueName: "jobs" }));
  await queues.send(new sqs.SendMessageCommand({ QueueUrl, MessageBody: "hello" }));
  const got = await queues.send(new sqs.ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ["All"] }));
  assert.equal(got.Messages[0].Body, "hello");
  const { ReceiptHandle } = got.Messages[0];
  await queues.send(new sqs.ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 100 }));
  await queues.send(new sqs.DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  queues.destroy();

  child.kill("SIGTERM");
  assert.equal(await exited, 0);
  assert.equal(lines.length, 1, lines.join("\n"));
});
