// Each object of the golden files, those of KEDA and the Prometheus operator too, against the models of kubernetes-models:
// their validators know what is required and what fits, their types (by the TypeScript compiler) which fields there are.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import ts from "typescript";
import { parseAllDocuments } from "yaml";

const here = dirname(fileURLToPath(import.meta.url));

// modelOf finds the model of an object: apps/v1 Deployment is kubernetes-models/apps/v1/Deployment.
function modelOf({ apiVersion, kind }) {
  const home = apiVersion.startsWith("keda.sh/") ? "@kubernetes-models/keda"
    : apiVersion.startsWith("monitoring.coreos.com/") ? "@kubernetes-models/prometheus-operator" : "kubernetes-models";
  return `${home}/${apiVersion}/${kind}`;
}

function objects() {
  const golden = join(here, "..", "testdata");
  return readdirSync(golden).filter((f) => f.endsWith(".yaml")).flatMap((file) =>
    parseAllDocuments(readFileSync(join(golden, file), "utf8")).map((d) => ({ file, object: d.toJS() })));
}

// mistakes gives, for each object, what the model says is wrong with it.
async function mistakes(all) {
  const found = await Promise.all(all.map(async (object) => {
    const { [object.kind]: Model } = await import(modelOf(object));
    try {
      new Model(object).validate();
      return [];
    } catch (e) {
      return [e.message];
    }
  }));
  unknownFields(all).forEach((list, i) => found[i].push(...list));
  return found;
}

// unknownFields asks the compiler, for all objects at once since it takes its time.
function unknownFields(all) {
  const dir = mkdtempSync(join(here, "node_modules", ".check-"));
  try {
    const files = all.map((object, i) => {
      const file = join(dir, `o${i}.ts`);
      writeFileSync(file, `import type { I${object.kind} } from "${modelOf(object)}";\nexport const o: I${object.kind} = ${JSON.stringify(object)};\n`);
      return file;
    });
    const program = ts.createProgram(files, { strict: true, noEmit: true, skipLibCheck: true, types: [],
      module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, target: ts.ScriptTarget.ES2022 });
    return files.map((file) => ts.getPreEmitDiagnostics(program, program.getSourceFile(file))
      .map((d) => ts.flattenDiagnosticMessageText(d.messageText, " ")));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test("every object is what its model says", async () => {
  const all = objects();
  const kinds = new Set(all.map(({ object }) => object.kind));
  for (const kind of ["Deployment", "ScaledObject", "TriggerAuthentication", "ServiceMonitor"]) assert.ok(kinds.has(kind), `no ${kind} among the golden files`);
  const found = await mistakes(all.map(({ object }) => object));
  found.forEach((list, i) => assert.deepEqual(list, [], `${all[i].object.kind} of ${all[i].file}`));
});

test("seeded faults are noticed", async () => {
  const one = (kind) => structuredClone(objects().find(({ object }) => object.kind === kind).object);
  const faults = [
    ["an unknown field of the scaler", one("ScaledObject"), (o) => { o.spec.coolDownPeriod = 300; }],
    ["a scaler without triggers", one("ScaledObject"), (o) => { delete o.spec.triggers; }],
    ["a scaler whose metadata is no text", one("ScaledObject"), (o) => { o.spec.triggers[0].metadata.queueLength = 500; }],
    ["a provider that KEDA does not know", one("TriggerAuthentication"), (o) => { o.spec.podIdentity.provider = "amazon"; }],
    ["a monitor without a selector", one("ServiceMonitor"), (o) => { delete o.spec.selector; }],
    ["an unknown field of the monitor", one("ServiceMonitor"), (o) => { o.spec.endpoints[0].intervall = "30s"; }],
    ["a deployment without a selector", one("Deployment"), (o) => { delete o.spec.selector; }],
    ["a container without a name", one("Deployment"), (o) => { delete o.spec.template.spec.containers[0].name; }],
  ];
  faults.forEach(([, object, change]) => change(object));
  const found = await mistakes(faults.map(([, object]) => object));
  found.forEach((list, i) => assert.notEqual(list.length, 0, `not noticed: ${faults[i][0]}`));
});
