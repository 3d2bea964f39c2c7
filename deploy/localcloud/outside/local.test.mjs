// The main job and the local cloud, seen by the AWS SDK for JavaScript v3.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as cognito from "@aws-sdk/client-cognito-identity-provider";
import * as sqs from "@aws-sdk/client-sqs";
import { box, directory, eventually } from "./box.mjs";

let companies, local, users, queues;

before(async () => {
  companies = await directory();
  local = await box(companies.url);
  const config = {
    region: local.ready.region,
    endpoint: local.ready.endpoint,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  };
  users = new cognito.CognitoIdentityProviderClient(config);
  queues = new sqs.SQSClient(config);
});

after(async () => {
  const code = await local?.close();
  await companies?.close();
  assert.equal(code, 0, `postconfirm local did not end well:\n${local?.log()}`);
});

const attributes = (user) => Object.fromEntries(user.UserAttributes.map((a) => [a.Name, a.Value]));

describe("a confirmed user is enriched", () => {
  let UserPoolId, ClientId;
  const Username = "ada@acme.example";

  test("a pool with custom attributes, whose trigger is ours", async () => {
    const string = { AttributeDataType: "String", Mutable: true, StringAttributeConstraints: { MaxLength: "2048" } };
    const made = await users.send(new cognito.CreateUserPoolCommand({
      PoolName: "outside",
      UsernameAttributes: ["email"],
      AutoVerifiedAttributes: ["email"],
      Schema: [{ Name: "company", ...string }, { Name: "plan", ...string }],
      LambdaConfig: { PostConfirmation: local.ready.trigger },
    }));
    UserPoolId = made.UserPool.Id;
    assert.match(UserPoolId, /^eu-west-1_[0-9A-Za-z]{9}$/);
    const described = await users.send(new cognito.DescribeUserPoolCommand({ UserPoolId }));
    const names = described.UserPool.SchemaAttributes.map((a) => a.Name);
    assert.ok(names.includes("custom:company") && names.includes("email"), names.join());
    const client = await users.send(new cognito.CreateUserPoolClientCommand({ UserPoolId, ClientName: "web" }));
    ClientId = client.UserPoolClient.ClientId;
  });

  test("signs up, confirms, and carries the company's name soon after", async () => {
    const up = await users.send(new cognito.SignUpCommand({
      ClientId, Username, Password: "Correct-Horse-7", UserAttributes: [{ Name: "email", Value: Username }],
    }));
    assert.equal(up.UserConfirmed, false);
    await users.send(new cognito.ConfirmSignUpCommand({ ClientId, Username, ConfirmationCode: "123456" }));
    const user = await eventually(
      () => users.send(new cognito.AdminGetUserCommand({ UserPoolId, Username })),
      (user) => attributes(user)["custom:company"] !== undefined,
    );
    assert.equal(user.UserStatus, "CONFIRMED");
    assert.equal(attributes(user)["custom:company"], "Acme Ltd");
    assert.equal(attributes(user)["custom:plan"], "team");
    assert.equal(attributes(user).sub, up.UserSub);
    assert.deepEqual(companies.asked, [{ path: "/find", domain: "acme.example", authorization: "Bearer a-token" }]);
  });

  test("is listed with the attributes", async () => {
    const page = await users.send(new cognito.ListUsersCommand({ UserPoolId, Filter: `email = "${Username}"` }));
    assert.equal(page.Users.length, 1);
  });

  test("errors arrive as the types that the SDK documents", async () => {
    const again = new cognito.SignUpCommand({ ClientId, Username, Password: "Correct-Horse-7" });
    await assert.rejects(users.send(again), cognito.UsernameExistsException);
    const confirmed = new cognito.ConfirmSignUpCommand({ ClientId, Username, ConfirmationCode: "123456" });
    await assert.rejects(users.send(confirmed), cognito.NotAuthorizedException);
    const nobody = new cognito.AdminGetUserCommand({ UserPoolId, Username: "nobody@acme.example" });
    await assert.rejects(users.send(nobody), cognito.UserNotFoundException);
    const unknown = new cognito.AdminUpdateUserAttributesCommand({
      UserPoolId, Username, UserAttributes: [{ Name: "custom:nothing", Value: "x" }] });
    await assert.rejects(users.send(unknown), cognito.InvalidParameterException);
  });

  test("a forgotten password is no second sign-up", async () => {
    await users.send(new cognito.ForgotPasswordCommand({ ClientId, Username }));
    await users.send(new cognito.ConfirmForgotPasswordCommand({
      ClientId, Username, ConfirmationCode: "123456", Password: "Another-Horse-8" }));
    const about = await queues.send(new sqs.GetQueueAttributesCommand({
      QueueUrl: local.ready.queue, AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"] }));
    assert.equal(about.Attributes.ApproximateNumberOfMessages, "0");
    assert.equal(companies.asked.length, 1);
  });

  test("a message that is none becomes a dead letter with its reason", async () => {
    await queues.send(new sqs.SendMessageCommand({ QueueUrl: local.ready.queue, MessageBody: "<html>" }));
    const letters = await eventually(
      () => queues.send(new sqs.ReceiveMessageCommand({ QueueUrl: local.ready.dlq, MessageAttributeNames: ["All"], WaitTimeSeconds: 1 })),
      (answer) => answer.Messages?.length === 1,
    );
    assert.equal(letters.Messages[0].Body, "<html>");
    assert.equal(letters.Messages[0].MessageAttributes.postconfirm_reason.StringValue, "body_undecodable");
  });
});

describe("a queue", () => {
  let QueueUrl, dlq;

  test("is made with a dead-letter queue", async () => {
    dlq = (await queues.send(new sqs.CreateQueueCommand({ QueueName: "dead" }))).QueueUrl;
    const about = await queues.send(new sqs.GetQueueAttributesCommand({ QueueUrl: dlq, AttributeNames: ["QueueArn"] }));
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: about.Attributes.QueueArn, maxReceiveCount: 1 });
    QueueUrl = (await queues.send(new sqs.CreateQueueCommand({ QueueName: "jobs", Attributes: { RedrivePolicy } }))).QueueUrl;
    assert.match(QueueUrl, /\/jobs$/);
  });

  test("sends and receives, checksums and all", async () => {
    const MessageAttributes = { kind: { DataType: "String", StringValue: "greeting" } };
    await queues.send(new sqs.SendMessageCommand({ QueueUrl, MessageBody: "grüß dich", MessageAttributes }));
    const got = await queues.send(new sqs.ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ["All"],
      MessageSystemAttributeNames: ["All"], VisibilityTimeout: 1 }));
    assert.equal(got.Messages[0].Body, "grüß dich");
    assert.equal(got.Messages[0].MessageAttributes.kind.StringValue, "greeting");
    assert.equal(got.Messages[0].Attributes.ApproximateReceiveCount, "1");
  });

  test("redrives what nobody deletes, and gives it back on request", async () => {
    const dead = await eventually(async () => {
      await queues.send(new sqs.ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 1 }));
      return queues.send(new sqs.ReceiveMessageCommand({ QueueUrl: dlq, VisibilityTimeout: 0 }));
    }, (answer) => answer.Messages?.length === 1);
    assert.equal(dead.Messages[0].Body, "grüß dich");
    const about = await queues.send(new sqs.GetQueueAttributesCommand({ QueueUrl: dlq, AttributeNames: ["QueueArn"] }));
    await queues.send(new sqs.StartMessageMoveTaskCommand({ SourceArn: about.Attributes.QueueArn }));
    const back = await eventually(
      () => queues.send(new sqs.ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 })),
      (answer) => answer.Messages?.length === 1,
    );
    await queues.send(new sqs.DeleteMessageCommand({ QueueUrl, ReceiptHandle: back.Messages[0].ReceiptHandle }));
  });

  test("refuses in types", async () => {
    const nowhere = QueueUrl.replace("/jobs", "/nowhere");
    await assert.rejects(queues.send(new sqs.SendMessageCommand({ QueueUrl: nowhere, MessageBody: "x" })), sqs.QueueDoesNotExist);
    await assert.rejects(queues.send(new sqs.SendMessageCommand({ QueueUrl, MessageBody: "a\u0001b" })), sqs.InvalidMessageContents);
  });
});
