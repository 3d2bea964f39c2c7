// Holds the templates against AWS's validator, in each kind of deployment, and then some broken copies, so that a validator
// that has stopped looking is noticed: node validate.mjs TEMPLATE...
import { readFileSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RegoEngine, TemplateFile, version } from "@aws/cloudformation-validate";

// What is no finding here, and why.
const accepted = [
  { rule: "I9001" }, // a name can't be changed without a replacement: names are fixed on purpose, so that others can name them
  { rule: "I9040" }, // no tags: those of the stack are on everything
  { rule: "W9002", resource: "TriggerPermission" }, // "a hardcoded ARN": it is made of parameters, and the pool has no other name
  { rule: "W9002", resource: "PreSignUpPermission" },
];

const arn = (rest) => `arn:aws:${rest}`;
const full = {
  UserPoolId: "eu-west-1_Ab12cd34E", ArtifactBucket: "artefacts", ArtifactPrefix: "v1/", Release: "v1", PreSignUp: "yes",
  PipelineLayerArn: arn("lambda:eu-west-1:111122223333:layer:pipeline:3"), PipelineBucket: "files", PipelineParameter: "/postconfirm/pipeline",
  VaultKeyArn: arn("kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"), MailIdentity: "example.com",
  QueueKeyArn: arn("kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
  DaemonRoleArn: arn("iam::111122223333:role/worker"), OperatorRoleArn: arn("iam::111122223333:role/operators"),
  AlarmTopicArn: arn("sns:eu-west-1:111122223333:alarms"),
};
const deployments = [
  { ...full, PipelineSource: "layer", Vault: "none" },
  { ...full, PipelineSource: "s3", Vault: "secretsmanager", WorkerTimeout: "300" },
  { ...full, PipelineSource: "ssm", Vault: "ssm", Worker: "daemon", DaemonChecksAppClients: "yes", PreSignUp: "no" },
];

const engine = new RegoEngine();

function findings(file, parameters) {
  const known = readFileSync(file, "utf8").match(/^ {2}UserPoolId:\n {4}Type: String/m) ? parameters : { ...parameters, UserPoolId: undefined };
  const overrides = Object.fromEntries(Object.entries(known).filter(([, v]) => v !== undefined));
  const report = engine.validateStandard(new TemplateFile(file), { parameterOverrides: overrides });
  return report.diagnostics.filter((d) => !accepted.some((a) => a.rule === d.ruleId && (!a.resource || a.resource === d.entity?.logicalId)));
}

// Each is a fault that the validator is known to notice, and the rule that does.
const broken = [
  ["a property that does not exist", "      MessageRetentionPeriod: 1209600\n", "      MessageRetention: 1209600\n"],
  ["a type that does not exist", "Type: AWS::SQS::QueuePolicy", "Type: AWS::SQS::QueuePolicies"],
  ["a value out of range", "MessageRetentionPeriod: 1209600", "MessageRetentionPeriod: 1209601"],
  ["a reference to nothing", "!GetAtt TriggerRole.Arn", "!GetAtt TriggerRoll.Arn"],
  ["an attribute that does not exist", "!GetAtt DeadLetters.Arn", "!GetAtt DeadLetters.Address"],
  ["a key of the table without a type", "        - { AttributeName: unfinished, AttributeType: S }\n", ""],
];

let wrong = 0;
for (const file of process.argv.slice(2)) {
  for (const parameters of deployments) {
    for (const d of findings(file, parameters)) {
      wrong++;
      console.error(`${file}:${d.startLine}: ${d.severity} ${d.ruleId} ${d.entity?.logicalId ?? ""} ${d.propertyPath ?? ""}: ${d.message}`);
    }
  }
}
const folder = mkdtempSync(join(tmpdir(), "templates-"));
try {
  const whole = readFileSync(process.argv[2], "utf8");
  for (const [what, from, to] of broken) {
    const copy = join(folder, "broken.yaml");
    writeFileSync(copy, whole.replace(from, to));
    if (!whole.includes(from) || findings(copy, deployments[0]).length === 0) {
      wrong++;
      console.error(`the validator does not notice ${what}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
  engine.free();
}
console.log(`cloudformation: ${process.argv.length - 2} templates in ${deployments.length} deployments, validator ${version()}: ${wrong} findings; ${broken.length} broken copies`);
process.exitCode = wrong === 0 ? 0 : 1;
