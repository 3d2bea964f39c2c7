// User pools seen by the AWS SDK for JavaScript v3: recovery, lists, attributes, errors, federated users, quotas.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as cognito from "@aws-sdk/client-cognito-identity-provider";
import { box, control, directory, eventually } from "./box.mjs";

let companies, local, users;
const Password = "Correct-Horse-7";

before(async () => {
  companies = await directory();
  local = await box(companies.url);
  users = new cognito.CognitoIdentityProviderClient({
    region: local.ready.region,
    endpoint: local.ready.endpoint,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  });
});

after(async () => {
  users?.destroy();
  const code = await local?.close();
  await companies?.close();
  assert.equal(code, 0, `postconfirm local did not end well:\n${local?.log()}`);
});

const call = (operation, input) => users.send(new cognito[`${operation}Command`](input));
const attributes = (user) => Object.fromEntries((user.UserAttributes ?? user.Attributes).map((a) => [a.Name, a.Value]));

/** A pool with one app client; with names that are names, unless other settings say otherwise. */
async function pool(settings = {}, client = {}) {
  const made = await call("CreateUserPool", { PoolName: "people", AutoVerifiedAttributes: ["email"], ...settings });
  const UserPoolId = made.UserPool.Id;
  const app = await call("CreateUserPoolClient", { UserPoolId, ClientName: "web", ...client });
  return { UserPoolId, ClientId: app.UserPoolClient.ClientId };
}

/** A user who has confirmed. */
async function member({ ClientId }, Username, more = []) {
  const up = await call("SignUp", { ClientId, Username, Password, UserAttributes: [{ Name: "email", Value: `${Username}@acme.example` }, ...more] });
  await call("ConfirmSignUp", { ClientId, Username, ConfirmationCode: "123456" });
  return up.UserSub;
}

/** The error of a call, which must have one. */
async function failure(operation, input) {
  try {
    await call(operation, input);
  } catch (error) {
    return error;
  }
  return assert.fail(`${operation} succeeded`);
}

describe("a forgotten password", () => {
  test("is replaced with a code that goes to a verified address", async () => {
    const people = await pool();
    await member(people, "ann");
    const { ClientId } = people;
    const sent = await call("ForgotPassword", { ClientId, Username: "ann" });
    assert.deepEqual(sent.CodeDeliveryDetails, { AttributeName: "email", DeliveryMedium: "EMAIL", Destination: "a***@a***" });
    const wrong = { ClientId, Username: "ann", ConfirmationCode: "000000", Password };
    assert.ok(await failure("ConfirmForgotPassword", wrong) instanceof cognito.CodeMismatchException);
    const weak = { ClientId, Username: "ann", ConfirmationCode: "123456", Password: "weak" };
    assert.ok(await failure("ConfirmForgotPassword", weak) instanceof cognito.InvalidPasswordException);
    await call("ConfirmForgotPassword", { ClientId, Username: "ann", ConfirmationCode: "123456", Password });
  });

  test("of somebody who proved no address can't be replaced", async () => {
    const { ClientId } = await pool({ AutoVerifiedAttributes: [] });
    await call("SignUp", { ClientId, Username: "bob", Password });
    assert.ok(await failure("ForgotPassword", { ClientId, Username: "bob" }) instanceof cognito.InvalidParameterException);
  });

  test("of nobody is told, unless the client is discreet", async () => {
    const open = await pool();
    assert.ok(await failure("ForgotPassword", { ClientId: open.ClientId, Username: "no" }) instanceof cognito.UserNotFoundException);
    const discreet = await pool({}, { PreventUserExistenceErrors: "ENABLED" });
    const sent = await call("ForgotPassword", { ClientId: discreet.ClientId, Username: "no" });
    assert.equal(sent.CodeDeliveryDetails.DeliveryMedium, "EMAIL");
  });

  test("is what an administrator can ask for", async () => {
    const people = await pool();
    await member(people, "eve");
    const who = { UserPoolId: people.UserPoolId, Username: "eve" };
    await call("AdminResetUserPassword", who);
    assert.equal((await call("AdminGetUser", who)).UserStatus, "RESET_REQUIRED");
    await call("ConfirmForgotPassword", { ClientId: people.ClientId, Username: "eve", ConfirmationCode: "123456", Password });
    assert.equal((await call("AdminGetUser", who)).UserStatus, "CONFIRMED");
  });
});

describe("a list of users", () => {
  let people;
  const names = Array.from({ length: 7 }, (_, i) => `u${i}`);

  before(async () => {
    people = await pool();
    for (const name of names) await member(people, name);
  });

  const pages = async (input = {}) => {
    const all = [];
    const walk = cognito.paginateListUsers({ client: users, pageSize: 3 }, { UserPoolId: people.UserPoolId, ...input });
    for await (const page of walk) all.push(page.Users.map((u) => u.Username));
    return all;
  };

  test("comes in pages", async () => {
    assert.deepEqual(await pages(), [names.slice(0, 3), names.slice(3, 6), names.slice(6)]);
  });

  test("can be filtered by one clause", async () => {
    assert.deepEqual(await pages({ Filter: 'email = "u5@acme.example"' }), [["u5"]]);
    assert.deepEqual(await pages({ Filter: 'username ^= "u"' }), [names.slice(0, 3), names.slice(3, 6), names.slice(6)]);
    assert.deepEqual((await pages({ Filter: 'cognito:user_status = "EXTERNAL_PROVIDER"' })).flat(), []);
  });

  test("may come short and empty", async () => {
    await control(local.ready.endpoint, "PUT", "/_local/cognito", { listScan: 2 });
    try {
      assert.deepEqual(await pages({ Filter: 'username = "nobody"' }), [[]]);
      const short = await pages({ Filter: 'given_name ^= "x"' });
      assert.deepEqual(short, [[], [], [], []]);
      assert.deepEqual((await pages()).flat(), names);
    } finally {
      await control(local.ready.endpoint, "DELETE", "/_local/cognito");
    }
  });

  test("may be stale, while AdminGetUser is not", async () => {
    await control(local.ready.endpoint, "PUT", "/_local/cognito", { listLag: "1h" });
    try {
      const who = { UserPoolId: people.UserPoolId, Username: "u0" };
      await call("AdminUpdateUserAttributes", { ...who, UserAttributes: [{ Name: "name", Value: "New" }] });
      assert.equal(attributes(await call("AdminGetUser", who)).name, "New");
      const listed = await call("ListUsers", { UserPoolId: people.UserPoolId, Filter: 'username = "u0"' });
      assert.equal(attributes(listed.Users[0]).name, undefined);
    } finally {
      await control(local.ready.endpoint, "DELETE", "/_local/cognito");
    }
  });

  test("refuses bad questions", async () => {
    for (const bad of [{ Filter: "email = x" }, { Filter: 'custom:plan = "x"' }, { Limit: 61 }, { PaginationToken: "x" }, { AttributesToGet: ["phone_number"] }]) {
      assert.ok(await failure("ListUsers", { UserPoolId: people.UserPoolId, ...bad }) instanceof cognito.InvalidParameterException, JSON.stringify(bad));
    }
  });
});

describe("attributes", () => {
  test("are refused by the schema, in words", async () => {
    const people = await pool({ Schema: [
      { Name: "plan", AttributeDataType: "String", Mutable: true, StringAttributeConstraints: { MinLength: "2", MaxLength: "5" } },
      { Name: "score", AttributeDataType: "Number", Mutable: true, NumberAttributeConstraints: { MinValue: "1", MaxValue: "10" } },
      { Name: "tenant", AttributeDataType: "String", Mutable: false },
    ] });
    await member(people, "ann", [{ Name: "name", Value: "Ann" }]);
    const who = { UserPoolId: people.UserPoolId, Username: "ann" };
    for (const [Name, Value, text] of [
      ["custom:plan", "x", "user.custom:plan: String must be no shorter than 2 characters\n"],
      ["custom:plan", "x".repeat(6), "user.custom:plan: String must be no longer than 5 characters\n"],
      ["custom:score", "11", "user.custom:score: Number must be no greater than 10\n"],
      ["custom:score", "many", "user.custom:score: Attribute value must be a number.\n"],
      ["custom:tenant", "acme", "user.custom:tenant: Attribute cannot be updated.\n"],
      ["custom:nothing", "x", "user.custom:nothing: Attribute does not exist in the schema.\n"],
      ["sub", "x", "user.sub: Attribute cannot be updated.\n"],
      ["email", "nobody", "Invalid email address format."],
      ["name", "x".repeat(2049), undefined],
    ]) {
      const error = await failure("AdminUpdateUserAttributes", { ...who, UserAttributes: [{ Name, Value }] });
      assert.ok(error instanceof cognito.InvalidParameterException, `${Name}: ${error}`);
      if (text !== undefined) assert.equal(error.message, text);
    }
    await call("AdminUpdateUserAttributes", { ...who, UserAttributes: [{ Name: "custom:plan", Value: "team" }, { Name: "name", Value: "" }] });
    const own = attributes(await call("AdminGetUser", who));
    assert.equal(own["custom:plan"], "team");
    assert.equal(own.name, undefined);
  });

  test("that a client may not write are refused at sign-up", async () => {
    const { ClientId } = await pool({}, { WriteAttributes: ["email"] });
    const input = { ClientId, Username: "ann", Password, UserAttributes: [{ Name: "name", Value: "Ann" }] };
    assert.ok(await failure("SignUp", input) instanceof cognito.NotAuthorizedException);
  });
});

describe("every operation refuses in types", () => {
  let people;
  before(async () => {
    people = await pool({ AliasAttributes: ["email"], DeletionProtection: "ACTIVE" });
    await member(people, "ann");
  });

  const nowhere = "eu-west-1_Nowhere00";
  const table = {
    AddCustomAttributes: [() => ({ UserPoolId: nowhere, CustomAttributes: [{ Name: "a" }] }), "ResourceNotFoundException"],
    AdminConfirmSignUp: [() => ({ ...people, Username: "ann" }), "NotAuthorizedException"],
    AdminCreateUser: [() => ({ ...people, Username: "ann" }), "UsernameExistsException"],
    AdminDeleteUser: [() => ({ ...people, Username: "no" }), "UserNotFoundException"],
    AdminDeleteUserAttributes: [() => ({ ...people, Username: "ann", UserAttributeNames: ["sub"] }), "InvalidParameterException"],
    AdminDisableUser: [() => ({ ...people, Username: "no" }), "UserNotFoundException"],
    AdminEnableUser: [() => ({ ...people, Username: "no" }), "UserNotFoundException"],
    AdminGetUser: [() => ({ UserPoolId: nowhere, Username: "ann" }), "ResourceNotFoundException"],
    AdminResetUserPassword: [() => ({ ...people, Username: "no" }), "UserNotFoundException"],
    AdminSetUserPassword: [() => ({ ...people, Username: "ann", Password: "weak" }), "InvalidPasswordException"],
    AdminUpdateUserAttributes: [() => ({ ...people, Username: "no", UserAttributes: [{ Name: "name", Value: "x" }] }), "UserNotFoundException"],
    ConfirmForgotPassword: [() => ({ ...people, Username: "ann", ConfirmationCode: "000000", Password }), "ExpiredCodeException"],
    ConfirmSignUp: [() => ({ ...people, Username: "ann", ConfirmationCode: "123456" }), "NotAuthorizedException"],
    CreateUserPool: [() => ({ PoolName: "x", AliasAttributes: ["email"], UsernameAttributes: ["email"] }), "InvalidParameterException"],
    CreateUserPoolClient: [() => ({ ...people, ClientName: "x", WriteAttributes: ["nothing"] }), "InvalidParameterException"],
    DeleteUserPool: [() => people, "InvalidParameterException"],
    DeleteUserPoolClient: [() => ({ ...people, ClientId: "nobody" }), "ResourceNotFoundException"],
    DescribeUserPool: [() => ({ UserPoolId: nowhere }), "ResourceNotFoundException"],
    DescribeUserPoolClient: [() => ({ ...people, ClientId: "nobody" }), "ResourceNotFoundException"],
    ForgotPassword: [() => ({ ...people, Username: "no" }), "UserNotFoundException"],
    ListUserPoolClients: [() => ({ UserPoolId: nowhere }), "ResourceNotFoundException"],
    ListUserPools: [() => ({ MaxResults: 61 }), "InvalidParameterException"],
    ListUsers: [() => ({ UserPoolId: nowhere }), "ResourceNotFoundException"],
    ResendConfirmationCode: [() => ({ ...people, Username: "ann" }), "InvalidParameterException"],
    SignUp: [() => ({ ...people, Username: "ann", Password }), "UsernameExistsException"],
    UpdateUserPool: [() => ({ ...people, DeletionProtection: "MAYBE" }), "InvalidParameterException"],
    UpdateUserPoolClient: [() => ({ ...people, ReadAttributes: ["nothing"] }), "InvalidParameterException"],
  };
  for (const [operation, [input, type]] of Object.entries(table)) {
    test(`${operation}: ${type}`, async () => {
      const error = await failure(operation, input());
      assert.ok(error instanceof cognito[type], `${error}`);
      assert.equal(error.$metadata.httpStatusCode, 400);
      assert.ok(error.message);
    });
  }

  test("an alias that is taken: AliasExistsException", async () => {
    const { ClientId } = people;
    await call("SignUp", { ClientId, Username: "bob", Password, UserAttributes: [{ Name: "email", Value: "ann@acme.example" }] });
    const confirm = { ClientId, Username: "bob", ConfirmationCode: "123456" };
    assert.ok(await failure("ConfirmSignUp", confirm) instanceof cognito.AliasExistsException);
  });

  test("what is not offered is named", async () => {
    const signIn = await failure("InitiateAuth", { ClientId: people.ClientId, AuthFlow: "USER_PASSWORD_AUTH" });
    assert.equal(signIn.name, "UnknownOperationException");
    assert.match(signIn.message, /does not offer InitiateAuth: nobody signs in/);
    const member = await failure("ForgotPassword", { ClientId: people.ClientId, Username: "ann", AnalyticsMetadata: { AnalyticsEndpointId: "x" } });
    assert.ok(member instanceof cognito.InvalidParameterException);
    assert.match(member.message, /does not offer ForgotPassword\.AnalyticsMetadata/);
  });
});

describe("quotas on a switch", () => {
  test("hold a category back in type, over all pools", async () => {
    const one = await pool(), two = await pool();
    await control(local.ready.endpoint, "PUT", "/_local/cognito", { quotas: { UserRead: 0.001 } });
    try {
      assert.ok(await failure("AdminGetUser", { ...one, Username: "no" }) instanceof cognito.UserNotFoundException);
      const slow = await failure("AdminGetUser", { ...two, Username: "no" });
      assert.ok(slow instanceof cognito.TooManyRequestsException, `${slow}`);
      assert.equal(slow.message, "Rate exceeded");
      await call("ListUsers", one);
    } finally {
      await control(local.ready.endpoint, "DELETE", "/_local/cognito");
    }
  });
});

describe("a user from another provider", () => {
  test("is confirmed and enriched at the first sign-in, and only then", async () => {
    const string = { AttributeDataType: "String", Mutable: true, StringAttributeConstraints: { MaxLength: "2048" } };
    const people = await pool({ Schema: [{ Name: "company", ...string }, { Name: "plan", ...string }], LambdaConfig: { PostConfirmation: local.ready.trigger } });
    const asked = companies.asked.length;
    const signIn = { pool: people.UserPoolId, provider: "Google", id: "1156", attributes: { email: "ada@acme.example", email_verified: "true" } };
    const first = await control(local.ready.endpoint, "POST", "/_local/federated", signIn);
    assert.deepEqual(first, { username: "Google_1156", sub: first.sub, status: "EXTERNAL_PROVIDER", first: true });
    const user = await eventually(
      () => call("AdminGetUser", { ...people, Username: "Google_1156" }),
      (user) => attributes(user)["custom:company"] !== undefined,
    );
    assert.equal(user.UserStatus, "EXTERNAL_PROVIDER");
    assert.equal(attributes(user)["custom:company"], "Acme Ltd");
    assert.equal(JSON.parse(attributes(user).identities)[0].userId, "1156");
    const second = await control(local.ready.endpoint, "POST", "/_local/federated", signIn);
    assert.deepEqual([second.first, second.sub], [false, first.sub]);
    assert.equal(companies.asked.length, asked + 1);
  });
});
